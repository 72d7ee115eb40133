"""Whatever a notebook does, the cells that ran keep their outputs and the others say why they did not."""

from __future__ import annotations

import json
import os
import sys

import nbformat
import pytest
from traitlets.config import Config

from autograder.execution.executor import KernelLost
from autograder.execution.local import run_concurrently
from autograder.execution.notebook import run_notebook
from autograder.judge.table import Table
from tests.engine.judge_support import cell
from tests.engine.kernel_support import fork_servers, run_cells


def run(folder, *sources, timeout=30):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    stopped = run_notebook(nb, folder, Config({"Execute": {"timeout": timeout}})).stopped
    return stopped, nb.cells


def error_of(cell):
    return next((output.ename for output in cell.outputs if output.output_type == "error"), None)


def test_runs_in_the_folder_and_goes_on_after_an_error(tmp_path):
    stopped, cells = run(
        tmp_path, "1 / 0", "open('made.txt', 'w').write('x')", "import os; os.environ['NBGRADER_EXECUTION']"
    )
    assert stopped == ""
    assert [error_of(cell) for cell in cells] == ["ZeroDivisionError", None, None]
    assert (tmp_path / "made.txt").read_text() == "x"
    assert "autograde" in cells[2].outputs[0].data["text/plain"]


def test_death_of_the_kernel_keeps_what_ran(tmp_path):
    stopped, cells = run(tmp_path, "print('before')", "import os; os._exit(3)", "print('after')")
    assert "the kernel died in cell 2" in stopped
    assert cells[0].outputs[0].text == "before\n"
    assert [error_of(cell) for cell in cells] == [None, "NotRun", "NotRun"]


def test_slow_cell_is_interrupted_and_the_rest_runs(tmp_path):
    stopped, cells = run(tmp_path, "import time; time.sleep(60)", "print('after')", timeout=2)
    assert stopped == ""
    assert error_of(cells[0])
    assert cells[1].outputs[0].text == "after\n"


def test_cell_that_shows_large_things_without_end_is_interrupted_and_the_rest_runs(tmp_path):
    show = "from IPython.display import display, HTML\nwhile True: display(HTML('x' * 300_000))"
    config = {"Execute": {"timeout": 1}, "Limits": {"output": 10**9}}
    stopped, texts = run_cells(tmp_path, show, "print('after')", **config)
    assert not stopped
    assert texts[1] == "after\n"
    assert texts[0].endswith("CellTimeoutError")


def test_loop_that_ignores_interrupts_stops_the_notebook_only(tmp_path):
    loop = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    stopped, cells = run(tmp_path, "print('before')", loop, "print('after')", timeout=2)
    assert "could not be interrupted" in stopped
    assert cells[0].outputs[0].text == "before\n"
    assert [error_of(cell) for cell in cells[1:]] == ["NotRun", "NotRun"]


def test_kernel_that_does_not_start_is_no_fault_of_the_notebook(tmp_path):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nb.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "?", "language": "python"}
    with pytest.raises(KernelLost, match="no-such-kernel"):
        run_notebook(nb, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_kernels_of_other_languages_run_where_nothing_is_shut_in(tmp_path, monkeypatch):
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]  # Python, by another name
    (tmp_path / "kernels" / "other").mkdir(parents=True)
    spec = {"argv": argv, "display_name": "Other", "language": "other"}
    (tmp_path / "kernels" / "other" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('it ran')")])
    nb.metadata["kernelspec"] = {"name": "other", "display_name": "Other", "language": "other"}
    with pytest.raises(KernelLost, match="other is no Python kernel and cannot run in the sandbox: see --sandbox none"):
        run_notebook(nb, tmp_path)
    done = run_notebook(nb, tmp_path, Config({"ForkProvisioner": {"sandbox": "none"}}))
    assert (done.stopped, nb.cells[0].outputs[0].text) == ("", "it ran\n")


def test_kernel_is_lost_with_the_fork_server(tmp_path):
    run(tmp_path, "1")
    when_sent = {"on_cell_complete": lambda **_: [process.kill() for process in fork_servers()]}
    with pytest.raises(KernelLost):
        run_cells(tmp_path, "import time; time.sleep(20)", NotebookClient=when_sent)
    stopped, cells = run(tmp_path, "print('a new one')")
    assert (stopped, cells[0].outputs[0].text) == ("", "a new one\n")


@pytest.mark.skipif(sys.platform != "linux", reason="kernels take turns on Linux only")
def test_notebooks_take_turns_on_a_core_and_waiting_costs_no_time(tmp_path):
    source = "import time; start = time.monotonic(); time.sleep(6); print(start, time.monotonic())"
    config = Config({"Limits": {"time": 11}})

    def work(name):
        (tmp_path / name).mkdir()
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        done = run_notebook(nb, tmp_path / name, config)
        return done, [float(word) for word in nb.cells[0].outputs[0].text.split()]

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # for the threads that are started now
    try:
        done = [future.result() for _, future in run_concurrently(["one", "two"], work, 2)]
    finally:
        os.sched_setaffinity(0, cores)
    assert [run.stopped for run, _ in done] == ["", ""]
    assert all(6 <= run.seconds < 11 for run, _ in done)
    first, second = sorted(times for _, times in done)
    assert first[1] <= second[0]


def test_every_job_comes_back_with_its_own_result_or_error():
    def work(n):
        if n == 3:
            raise ValueError("three")
        return n * n

    done = {job: future for job, future in run_concurrently(range(6), work, 2)}
    assert sorted(done) == list(range(6))
    assert done[5].result() == 25
    with pytest.raises(ValueError, match="three"):
        done[3].result()


SLEEP = "import time\ntime.sleep(20)"


@pytest.mark.parametrize("line", ["# autograder: time limit 1 s", "  ### autograder:  time limit 0.5 s "])
def test_a_cell_of_the_instructors_can_have_a_time_limit_of_its_own(tmp_path, line):
    nb = nbformat.v4.new_notebook(cells=[cell(f"{line}\n{SLEEP}", "test", grade=True), cell("print('after')", "next")])
    done = run_notebook(nb, tmp_path, Config({"Execute": {"timeout": 60}}))
    assert (done.stopped, done.seconds < 20) == ("", True)
    assert nb.cells[0].outputs[-1].ename == "CellTimeoutError"
    assert nb.cells[1].outputs[0].text == "after\n"


def test_a_longer_limit_holds_as_well_and_an_answer_has_none_of_its_own(tmp_path):
    line = "# autograder: time limit 30 s"
    wait = "import time\ntime.sleep(1.5)\nprint('done')"
    cells = [cell(f"{line}\n{wait}", "test", grade=True), cell(f"{line}\n{SLEEP}", "answer", solution=True)]
    nb = nbformat.v4.new_notebook(cells=cells)
    run_notebook(nb, tmp_path, Config({"Execute": {"timeout": 1}}))
    assert nb.cells[0].outputs[0].text == "done\n"
    assert nb.cells[1].outputs[-1].ename == "CellTimeoutError"


def test_a_judged_test_can_have_a_time_limit_of_its_own(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "given").mkdir()
    test = cell("# autograder: time limit 1 s\nassert slow() == 1", "test", grade=True)
    nb = nbformat.v4.new_notebook(cells=[cell("import time\ndef slow(): time.sleep(20)", "slow", solution=True), test])
    table = Table(live=["slow"], reads=[], allowed={"test": ["get slow: function", "call slow: data"]})
    done = run_notebook(nb, tmp_path / "own", Config({"Execute": {"timeout": 60}}), table, tmp_path / "given")
    assert "test" in done.findings
    assert done.seconds < 20
    assert nb.cells[1].outputs[-1].output_type == "error"


def test_a_judged_test_over_its_limit_wins_nothing_even_if_the_answer_goes_on(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "given").mkdir()
    answer = "import time\ndef slow():\n    try: time.sleep(20)\n    except BaseException: pass\n    return 1"
    test = cell("# autograder: time limit 1 s\nassert slow() == 1", "test", grade=True)
    nb = nbformat.v4.new_notebook(cells=[cell(answer, "slow", solution=True), test])
    table = Table(live=["slow"], reads=[], allowed={"test": ["get slow: function", "call slow: data"]})
    done = run_notebook(nb, tmp_path / "own", Config({"Execute": {"timeout": 60}}), table, tmp_path / "given")
    assert (done.findings["test"].timed_out, list(done.provisional)) == (True, [])
    assert nb.cells[1].outputs[-1].ename == "CellTimeoutError"


def test_a_limit_of_zero_is_none_of_its_own(tmp_path):
    nb = nbformat.v4.new_notebook(cells=[cell(f"# autograder: time limit 0 s\n{SLEEP}", "test", grade=True)])
    run_notebook(nb, tmp_path, Config({"Execute": {"timeout": 1}}))
    assert nb.cells[0].outputs[-1].ename == "CellTimeoutError"


FORK = """\
import os
ours, theirs = os.pipe()
if os.fork() == 0:
    print('child', flush=True)
    os.write(theirs, b'done')
else:
    os.read(ours, 4)
    print('parent')
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_a_child_process_that_leaves_its_cell_takes_no_other_cell_away(tmp_path):
    rest = [f"print({number})" for number in range(5)]
    leave = "import sys\nif os.fork() == 0:\n    sys.exit(0)\nprint('goes on')"
    stopped, texts = run_cells(tmp_path, FORK, leave, *rest)
    assert not stopped
    assert "child" in texts[0]
    assert "parent" in texts[0]
    assert "goes on\n" in texts[1]
    assert texts[2:] == [f"{number}\n" for number in range(5)]


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_text_that_no_message_can_hold_is_lost_and_the_rest_runs(tmp_path):
    stopped, texts = run_cells(tmp_path, r"print('\ud83d\ude00')", "print('after')")
    assert not stopped
    assert "UnicodeEncodeError" in texts[0] + texts[1]
    assert texts[1].startswith("after\n")


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_programs_find_the_variables_that_jupyter_sets(tmp_path):
    _, (text,) = run_cells(tmp_path, "import os\nprint(os.environ['PAGER'], os.environ['TERM'])")
    assert text == "cat xterm-color\n"


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_a_thread_may_end_its_work_after_the_last_cell(tmp_path):
    late = "import threading, time\ndef work():\n    time.sleep(0.5)\n    open('late.txt', 'w').write('x')"
    stopped, _ = run_cells(tmp_path, f"{late}\nthreading.Thread(target=work).start()")
    assert not stopped
    assert (tmp_path / "late.txt").read_text() == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_a_message_of_too_many_values_ends_the_notebook_before_it_takes_memory(tmp_path):
    forge = (
        "import sys\nchannel = get_ipython().kernel.iopub_socket\n"
        "channel.send_multipart([b'<IDS|MSG>', b'', b'{}', b'{}', b'{}', b'[' + b'{},' * 3_000_000 + b'{}]'])"
    )
    stopped, texts = run_cells(tmp_path, "print('before')", forge, "print('after')")
    assert "nonsense in cell 2" in stopped
    assert texts == ["before\n", "NotRun", "NotRun"]
