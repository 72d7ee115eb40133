"""What every executor has to do, wherever it runs notebooks.

A new executor is added to `EXECUTORS`.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.course.notebooks import KERNELSPEC
from autograder.execution.cluster import ClusterExecutor
from autograder.execution.executor import KernelLost
from autograder.execution.local import LocalExecutor
from autograder.judge.table import Table
from tests.engine.dask_cluster import DaskCluster
from tests.engine.kernel_support import wait_until

EXECUTORS = ["local", "cluster"]
ROLES = {
    "answer": {"grade": False, "locked": False, "solution": True},
    "locked": {"grade": False, "locked": True, "solution": False},
    "test": {"grade": True, "locked": True, "solution": False, "points": 1},
}


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request, tmp_path_factory):
    if request.param == "local":
        yield LocalExecutor()
        return
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    with ClusterExecutor(cluster.address) as executor:
        yield executor
    cluster.stop()


def notebook(*sources: str, roles: tuple[str, ...] = ()) -> NotebookNode:
    """Return a notebook of these cells; each is the student's own if it has no role."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for number, (cell, role) in enumerate(zip(cells, roles, strict=False)):
        cell.metadata["nbgrader"] = {"grade_id": f"{role}{number}", "schema_version": 3, "task": False, **ROLES[role]}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


def run(
    executor,
    folder: Path,
    notebooks: dict[str, NotebookNode],
    config: Config | None = None,
    *,
    timeout: int = 30,
    tables: dict[str, Table] | None = None,
):
    config = config or Config()
    config.Execute.timeout = timeout
    return executor.run(notebooks, tables or {}, folder, config)


def errors(nb: NotebookNode) -> list[str | None]:
    """The error of each cell, if it has one."""
    names = [[output.ename for output in cell.outputs if output.output_type == "error"] for cell in nb.cells]
    return [found[0] if found else None for found in names]


def texts(nb: NotebookNode) -> list[str]:
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in nb.cells]


def test_notebooks_get_their_outputs_in_place(executor, tmp_path):
    notebooks = {"b": notebook("print('first')", "1 / 0", "40 + 2"), "a": notebook("print('second')")}
    results = run(executor, tmp_path, notebooks)
    assert list(results) == ["b", "a"]
    nb = notebooks["b"]
    assert texts(nb)[0] == "first\n"
    assert errors(nb) == [None, "ZeroDivisionError", None]
    assert nb.cells[2].outputs[0].data["text/plain"] == "42"
    assert [cell.execution_count for cell in nb.cells] == [1, 2, 3]
    assert texts(notebooks["a"]) == ["second\n"]
    assert [(result.stopped, result.notes) for result in results.values()] == [("", []), ("", [])]
    assert all(result.seconds > 0 for result in results.values())


def test_every_notebook_has_a_kernel_of_its_own(executor, tmp_path):
    notebooks = {"a": notebook("x = 1"), "b": notebook("x")}
    run(executor, tmp_path, notebooks)
    assert errors(notebooks["b"]) == ["NameError"]


def test_files_are_there_and_come_back(executor, tmp_path):
    (tmp_path / "data.csv").write_text("1,2,3\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "program.sh").write_text("#!/bin/sh\n")
    (tmp_path / "deep" / "program.sh").chmod(0o755)
    (tmp_path / "changed.txt").write_text("old\n")
    first = notebook(
        "open('made.txt', 'w').write(open('data.csv').read())",
        "open('changed.txt', 'w').write('new')",
        "import os; os.makedirs('new/folder'); open('new/folder/file', 'wb').write(bytes(1000))",
        "print(os.access('deep/program.sh', os.X_OK), os.access('data.csv', os.X_OK))",
    )
    second = notebook("print(open('made.txt').read(), open('changed.txt').read())")
    results = run(executor, tmp_path, {"first": first, "second": second})
    assert [result.stopped for result in results.values()] == ["", ""]
    assert texts(first)[3] == "True False\n"
    assert texts(second) == ["1,2,3\n new\n"]
    assert (tmp_path / "made.txt").read_text() == "1,2,3\n"
    assert (tmp_path / "changed.txt").read_text() == "new"
    assert (tmp_path / "new" / "folder" / "file").read_bytes() == bytes(1000)
    assert (tmp_path / "data.csv").read_text() == "1,2,3\n"


def test_kernel_that_ends_keeps_what_ran_and_the_next_notebook_runs(executor, tmp_path):
    dying = notebook("print('before')", "import os; os._exit(3)", "print('after')")
    notebooks = {"a": dying, "b": notebook("print(1)")}
    results = run(executor, tmp_path, notebooks)
    assert "the kernel died in cell 2" in results["a"].stopped
    assert texts(notebooks["a"])[0] == "before\n"
    assert errors(notebooks["a"]) == [None, "NotRun", "NotRun"]
    assert (results["b"].stopped, texts(notebooks["b"])) == ("", ["1\n"])


def test_slow_cell_is_interrupted_and_the_rest_runs(executor, tmp_path):
    nb = notebook("import time; time.sleep(60)", "print('after')")
    results = run(executor, tmp_path, {"a": nb}, timeout=2)
    assert results["a"].stopped == ""
    assert errors(nb)[0]
    assert texts(nb)[1] == "after\n"


def test_limit_of_time_ends_the_notebook(executor, tmp_path):
    nb = notebook("print('before')", "while True: pass", "print('after')")
    results = run(executor, tmp_path, {"a": nb}, Config({"Limits": {"time": 3}}), timeout=60)
    assert "3 s" in results["a"].stopped
    assert texts(nb)[0] == "before\n"
    assert errors(nb) == [None, "NotRun", "NotRun"]


def test_limit_of_output_cuts_it_off(executor, tmp_path):
    nb = notebook("print('x' * 300_000)", "print('after')")
    results = run(executor, tmp_path, {"a": nb}, Config({"Limits": {"output": 100_000}}))
    assert results["a"].stopped == ""
    assert "Output is cut off here" in texts(nb)[0]
    assert len(texts(nb)[0]) < 200_000


def test_folder_that_is_too_large_is_the_fault_of_the_submission(executor, tmp_path):
    """It must not be tried again for ever: it gets no points, and the instructor reads why."""
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(20_000_000)
    nb = notebook("print('ran')")
    results = run(executor, tmp_path, {"a": nb}, Config({"Limits": {"disk": 10_000_000}}))
    assert "the files in its folder add up to more than" in results["a"].stopped
    assert errors(nb) == ["NotRun"]
    assert results["a"].seconds == 0


def test_files_of_all_notebooks_together_stay_below_the_limit(executor, tmp_path):
    write = "open('{}.bin', 'wb').write(bytes(8_000_000))"
    notebooks = {"a": notebook(write.format("a")), "b": notebook(write.format("b"), "print('ran')")}
    run(executor, tmp_path, notebooks, Config({"Limits": {"disk": 10_000_000}}))
    assert errors(notebooks["a"]) == [None]
    assert errors(notebooks["b"]) == ["OSError", None]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.bin")) <= 10_000_000


def test_outputs_count_even_where_files_are_too_large_to_be_kept(executor, tmp_path):
    """Without a sandbox nothing stops a notebook from writing more than may travel back."""
    write = "open('{}.bin', 'wb').write(bytes(8_000_000)); print('ran')"
    notebooks = {"a": notebook(write.format("a")), "b": notebook(write.format("b"))}
    config = Config({"Limits": {"disk": 10_000_000}, "ForkProvisioner": {"sandbox": "none"}})
    results = run(executor, tmp_path, notebooks, config)
    assert [texts(nb) for nb in notebooks.values()] == [["ran\n"], ["ran\n"]]
    kept = sorted(path.name for path in tmp_path.glob("*.bin")) == ["a.bin", "b.bin"]
    assert all(kept or "what it wrote was not kept" in result.stopped for result in results.values())


@pytest.mark.promise("own names")
def test_a_judge_decides_the_tests_of_a_table(executor, tmp_path):
    """`math.sqrt` is replaced in the kernel only, where the judge is not."""
    sources = (
        "import math",
        "math.sqrt = lambda x: 3\ndef root(x): return math.sqrt(x)",
        "assert root(4) == math.sqrt(4) and open('given.txt').read() == 'given'",
    )
    (tmp_path / "given.txt").write_text("given")
    both = {name: notebook(*sources, roles=("locked", "answer", "test")) for name in ("judged", "alone")}
    allowed = {"test2": ["get root: function", "call root: data"]}
    tables = {"judged": Table(allowed=allowed, live=["root"], files=["given.txt"])}
    results = run(executor, tmp_path, both, tables=tables)
    assert errors(both["judged"]) == [None, None, "AssertionError"]
    assert errors(both["alone"]) == [None, None, None]
    assert results["judged"].findings["test2"].plain
    assert not results["alone"].findings


@pytest.mark.promise("own names")
def test_a_file_of_the_instructors_is_the_judges_own(executor, tmp_path):
    (tmp_path / "given.txt").write_text("given")
    nb = notebook(
        "open('given.txt', 'w').write('mine')\nx = 1",
        "assert open('given.txt').read() == 'mine'",
        roles=("answer", "test"),
    )
    results = run(executor, tmp_path, {"a": nb}, tables={"a": Table(allowed={"test1": []}, files=["given.txt"])})
    assert errors(nb) == [None, None]
    assert "given.txt" in results["a"].notes[0]
    assert list(results["a"].provisional) == ["test1"]


@pytest.mark.promise("as the reference", "provisional")
def test_what_a_judge_cannot_decide_is_provisional(executor, tmp_path):
    nb = notebook("def f(): return object()", "assert f()", roles=("answer", "test"))
    results = run(executor, tmp_path, {"a": nb}, tables={"a": Table(allowed={"test1": []}, live=["f"])})
    assert errors(nb) == [None, None]
    assert list(results["a"].provisional) == ["test1"]
    assert any("test1: its mark is provisional" in note for note in results["a"].notes)


def test_settings_that_add_to_a_default_arrive(executor, tmp_path):
    config = Config()
    config.ForkProvisioner.variables.update({"COLOUR": "blue"})
    config.ForkProvisioner.environment.append("HOUSE")
    config.ForkProvisioner.modules.extend(["csv"])
    nb = notebook("import os, sys; print(os.environ['COLOUR'], 'csv' in sys.modules)")
    run(executor, tmp_path, {"a": nb}, config)
    assert texts(nb) == ["blue True\n"]


def test_several_submissions_at_once_are_kept_apart(executor, tmp_path):
    def work(number: int) -> tuple[str, str]:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "mine.txt").write_text(f"{number}")
        nb = notebook("number = open('mine.txt').read()", "open('out.txt', 'w').write(number)", "print(number)")
        run(executor, folder, {"same name": nb})
        return texts(nb)[2], (folder / "out.txt").read_text()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [(f"{number}\n", f"{number}") for number in range(6)]


def fork_servers() -> list[psutil.Process]:
    """Those of this process and of what it has started."""
    found = psutil.Process().children(recursive=True)
    return [process for process in found if "autograder.kernels.forkserver" in command(process)]


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def test_loss_of_the_fork_server_is_told_from_a_fault_of_the_notebook(executor, tmp_path):
    nb = notebook("print('before')", "import subprocess; subprocess.run(['sleep', '98765.2468'])")
    run(executor, tmp_path, {"a": notebook("1")})  # so that the fork servers are there

    def runs() -> bool:
        return any("98765.2468" in command(process) for process in psutil.Process().children(recursive=True))

    def kill() -> None:
        assert wait_until(runs)
        for process in fork_servers():
            with contextlib.suppress(psutil.NoSuchProcess):  # one may end with another
                process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(KernelLost):
        run(executor, tmp_path, {"a": nb}, timeout=60)
    killer.join()
    again = notebook("print('a new one')")
    results = run(executor, tmp_path, {"a": again})
    assert (results["a"].stopped, texts(again)) == ("", ["a new one\n"])


def test_kernel_that_does_not_start_is_no_fault_of_the_notebook(executor, tmp_path):
    nb = notebook("1")
    nb.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "?", "language": "python"}
    with pytest.raises(KernelLost, match="no-such-kernel"):
        run(executor, tmp_path, {"a": nb})
