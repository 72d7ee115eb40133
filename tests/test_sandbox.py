"""What the sandbox shows, limits and carries, piece by piece; what it withstands is in `tests.attacks`."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from traitlets.config import Config

from autograder.kernels import files, sandbox
from autograder.kernels.limits import Limits, Watch, show
from autograder.kernels.outputs import Room, mend
from autograder.kernels.provisioner import WarmProvisioner
from autograder.run import KernelLost, run_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
ROOT = Path(__file__).parents[1]


def run(folder, *sources, **settings):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    stopped = run_notebook(nb, folder, Config(settings)).stopped
    return stopped, [
        "".join(output.get("text", output.get("ename", "")) for output in cell.outputs) for cell in nb.cells
    ]


# What is seen


def test_nothing_of_the_home_the_course_or_the_engine_is_shown(tmp_path):
    paths = [str(path) for path in (ROOT / "solutions", ROOT / "tests", Path.home(), "/var")]
    look = "    print(sorted(os.listdir(path)) if os.path.exists(path) else None)"
    _, (shown,) = run(tmp_path, f"import os\nfor path in {paths}:\n{look}")
    solutions, tests, home, var = shown.splitlines()
    assert (solutions, tests, var) == ("None", "None", "None")
    assert not {".ssh", ".config", ".cache", ".bashrc"} & set(eval(home) or [])


def test_modules_are_seen_where_they_lie_and_only_if_named(tmp_path):
    look = "try:\n    import coffee_shop; print('seen')\nexcept ImportError: print('not seen')"
    assert run(tmp_path, look, WarmProvisioner={"modules": ["coffee_shop.data"]})[1] == ["seen\n"]
    assert run(tmp_path, look)[1] == ["not seen\n"] or ROOT.joinpath("notebooks") not in map(Path, sys.path)


def test_more_can_be_shown(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "table.csv").write_text("1,2")
    folder = tmp_path / "folder"
    folder.mkdir()
    read = f"print(open({str(data / 'table.csv')!r}).read())"
    write = f"open({str(data / 'new')!r}, 'w')"
    _, (shown, refused) = run(folder, read, write, WarmProvisioner={"visible": [str(data)]})
    assert shown == "1,2\n"
    assert refused in ("OSError", "PermissionError")
    assert run(folder, read)[1] == ["FileNotFoundError"]


def test_environment_keeps_secrets_out_and_what_is_asked_for_in():
    env = {"PATH": "/bin", "LC_ALL": "C", "GITHUB_TOKEN": "x", "PYTHON_KEY": "x", "TF_VAR_password": "x", "DATA": "/d"}
    env |= {"PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": "/root", "SSH_AUTH_SOCK": "x"}
    kept = sandbox.environment(env, also=["DAT*"])
    assert set(kept) == {
        "PATH", "LC_ALL", "DATA", "PYTHONHASHSEED", "TF_CPP_MIN_LOG_LEVEL", "HOME", "USER", "LOGNAME",
    }  # fmt: skip
    assert kept["HOME"] == sandbox.HOME


def test_engine_is_hidden_where_it_is_installed_in_the_environment(monkeypatch):
    monkeypatch.setattr(sandbox, "_ENGINE", "/env/lib/autograder")
    monkeypatch.setattr(sandbox, "_OWN", ["/env/lib/autograder/kernels"])
    command = sandbox.command(["/env", "/usr", "/env/lib/autograder/kernels"])
    place = command.index("--tmpfs", command.index("/env"))
    assert command[place + 1] == "/env/lib/autograder"
    assert command.index("/env") < place < command.index("/env/lib/autograder/kernels")
    assert "--tmpfs /env" not in " ".join(sandbox.command(["/usr", "/env/lib/autograder/kernels"]))


def test_a_link_to_python_shows_the_link_and_not_the_folder_around_it(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "bin"))
    assert str(tmp_path) not in sandbox.view([])


# Where there is no sandbox


@pytest.mark.parametrize(
    ("platform", "bwrap", "says"),
    [
        ("darwin", "exit 0", "needs Linux"),
        ("linux", None, "bubblewrap is not installed: run `"),
        ("linux", "echo bwrap: No permissions >&2; exit 1", "(bwrap: No permissions)"),
    ],
)
def test_what_is_in_the_way_is_named(tmp_path, monkeypatch, platform, bwrap, says):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", str(tmp_path))
    if bwrap:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n")
        (tmp_path / "bwrap").chmod(0o755)
    assert says in str(sandbox.find_obstacle())


def test_notebooks_are_not_run_without_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KernelLost, match="bubblewrap is not installed"):
        run(tmp_path, "open('ran', 'w')", WarmProvisioner={"modules": ["a_new_warm_process"]})
    assert not (tmp_path / "ran").exists()


def test_default_is_the_sandbox():
    assert WarmProvisioner().sandbox == "bubblewrap"


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test is this one")
def test_ordinary_users_have_it_too(tmp_path):
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:-1]:
        parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    code = (
        "import nbformat, os, sys\n"
        "from pathlib import Path\n"
        "from autograder.run import run_notebook\n"
        'cell = nbformat.v4.new_code_cell(\'open("made", "w").close(); import os; print(os.getuid(), os.listdir())\')\n'
        "run = run_notebook(nbformat.v4.new_notebook(cells=[cell]), Path(sys.argv[1]))\n"
        "print(run.stopped or cell.outputs[0].text)\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o777)
    user = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups"]
    made = subprocess.run(
        [*readable_by_all(), *user, sys.executable, "-c", code, folder],
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert made.stdout.split() == ["4321", "['made']"], made.stderr
    assert (folder / "made").exists()


def readable_by_all() -> list[str]:
    """Return a command that shows Python to everybody, also where root keeps it at home."""
    home, command = Path("/root"), ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/root"]
    for path in {Path(sys.base_prefix), Path(sys.prefix), ROOT}:
        if path.is_relative_to(home):
            for parent in reversed(path.relative_to(home).parents):
                command += ["--dir", str(home / parent)]
            command += ["--ro-bind", str(path), str(path)]
    return command


# Limits


def test_defaults_are_what_the_docstring_says():
    limits = Limits()
    assert (limits.time, limits.processes) == (30 * 60, 256)
    assert (limits.memory, limits.disk, limits.output) == (4 * 2**30, 2**30, 10_000_000)
    assert [show(size) for size in (limits.memory, 3 * 2**20, 3 * 2**29)] == ["4 GiB", "3 MiB", "1.5 GiB"]


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
def test_time_of_all_cells_together(tmp_path, kind):
    settings = {"Limits": {"time": 2}, "WarmProvisioner": {"sandbox": kind}}
    stopped, shown = run(tmp_path, "print('before')", *["import time; time.sleep(0.5)"] * 20, **settings)
    assert "it ran longer than 2 s in total" in stopped
    assert shown[0] == "before\n"
    assert shown[-1] == "NotRun"


def test_time_of_a_kernel_that_is_not_graded_is_its_users():
    watch = Watch({"time": 0}, boxed=False)
    assert watch.find_excess() == ""
    watch.begin()
    time.sleep(0.2)
    assert watch.find_excess() == "it ran longer than 0 s in total"


def test_folder_that_is_too_large_is_a_reason(tmp_path):
    (tmp_path / "data").write_bytes(bytes(2**21))
    stopped, shown = run(tmp_path, "1", Limits={"disk": 2**20})
    assert stopped == "the files in its folder add up to more than 1 MiB"
    assert shown == ["NotRun"]


def test_each_kernel_has_one_core(tmp_path):
    _, (shown,) = run(tmp_path, "import os; print(len(os.sched_getaffinity(0)), os.cpu_count())")
    assert shown.split() == ["1", str(os.cpu_count())]


def test_python_around_the_notebook_is_seen_and_not_carried(tmp_path, monkeypatch):
    inner = tmp_path / "environment"
    inner.mkdir()
    (inner / "large").write_bytes(bytes(2**21))
    settings = {"WarmProvisioner": {"visible": [str(inner)]}, "Limits": {"disk": 2**20}}
    stopped, (shown,) = run(tmp_path, "import os; print(os.path.getsize('environment/large'))", **settings)
    assert (stopped, shown) == ("", f"{2**21}\n")


def test_notebooks_inside_the_environment_are_not_run(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    with pytest.raises(KernelLost, match="which every sandbox shows"):
        run(folder, "1", WarmProvisioner={"visible": [str(tmp_path)]})


# Files in and out


def test_only_files_and_folders_are_carried(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    target.mkdir()
    (source / "sub" / "one").write_text("1")
    os.link(source / "sub" / "one", source / "same")
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder").symlink_to("/etc")
    os.mkfifo(source / "pipe")
    archive = io.BytesIO()
    files.pack(source, archive, 100)
    files.unpack(archive, target)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == ["same", "sub", "sub/one"]
    assert (target / "same").read_text() == "1"


def test_what_has_not_changed_stays_behind(tmp_path):
    for name in ("kept", "changed"):
        (tmp_path / name).write_text("old")
    before = files.states(tmp_path)
    (tmp_path / "changed").write_text("new")
    (tmp_path / "made").write_text("x")
    archive = io.BytesIO()
    files.pack(tmp_path, archive, 100, before)
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        assert sorted(tar.getnames()) == ["changed", "made"]


@pytest.mark.parametrize("limit", [9, 10])
def test_as_much_as_is_allowed(tmp_path, limit):
    (tmp_path / "one").write_bytes(bytes(6))
    (tmp_path / "two").touch()
    os.truncate(tmp_path / "two", 4)
    if limit < 10:
        with pytest.raises(files.TooLarge):
            files.pack(tmp_path, io.BytesIO(), limit)
    else:
        files.pack(tmp_path, io.BytesIO(), limit)


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "link/out", "link"])
def test_nothing_is_written_outside(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    files.unpack(archive, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (folder / "link").is_symlink()
    assert not Path("/tmp/out").exists()


# Outputs


def message(kind, **content):
    return {"msg_type": kind, "content": content, "buffers": []}


def test_outputs_within_the_limit_are_taken():
    cell = nbformat.v4.new_code_cell()
    assert Room(5000).take(cell, message("stream", name="stdout", text="x" * 4000))
    assert cell.outputs == []


def test_what_decides_a_mark_is_kept_when_the_rest_is_cut_off():
    cell, room = nbformat.v4.new_code_cell(), Room(1500)
    assert not room.take(cell, message("stream", name="stdout", text="x" * 2000))
    assert [len(output.text) > 1500 for output in cell.outputs] == [False, False]
    assert "Output is cut off here" in cell.outputs[-1].text
    warning = message("stream", name="stderr", text="careful" * 1000)
    error = message("error", ename="ValueError", evalue="no" * 1000, traceback=["x" * 9000])
    partial = message("execute_result", data={"text/plain": "0.5"}, metadata={}, execution_count=1)
    for kept in (warning, error, partial):
        assert room.take(cell, kept)
        kind = "error" if kept is error else "execute_result" if kept is partial else "stream"
        cell.outputs.append(nbformat.v4.output_from_msg({"header": {"msg_type": kind}, "content": kept["content"]}))
        assert not room.take(cell, kept)
    assert not room.take(cell, message("display_data", data={"text/html": "x"}, metadata={}))
    assert sum("cut off" in output.get("text", "") for output in cell.outputs) == 1
    assert len(str(cell)) < 6000


def test_nonsense_is_refused_and_fails_its_cell():
    deep = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="nested"):
        Room(1000).take(nbformat.v4.new_code_cell(), message("display_data", data=deep))
    good = new_output("stream", name="stdout", text="\ud800 x")
    bad = nbformat.NotebookNode(output_type="stream", name=7, text=[])
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[good], execution_count=1)])
    nb.cells[0].update(outputs=[good, bad], execution_count="many")
    mend(nb)
    nbformat.validate(nb)
    assert nb.cells[0].outputs[0].text == "? x"
    assert nb.cells[0].outputs[1].output_type == "error"
    nbformat.writes(nb).encode()
