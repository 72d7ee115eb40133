"""What the sandbox shows, limits and carries, piece by piece; what it withstands is in `tests.engine.attacks`."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from autograder.course.files import list_files
from autograder.execution.notebook import KernelLost
from autograder.execution.outputs import OutputLimit, repair
from autograder.kernels.provisioner import ForkProvisioner
from autograder.sandbox import bubblewrap, domain, kinds, landlock, limits, namespaces, seccomp, storage, transfer, view
from autograder.sandbox.base import Obstacle
from autograder.sandbox.limits import Limits, UsageMonitor, show
from tests.engine.kernel_support import run_cells, wait_until
from tests.engine.no_namespaces import readable_by_all
from tests.support import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


# What is seen


def test_modules_are_seen_where_they_lie_and_only_if_named(tmp_path, monkeypatch):
    folder, package = tmp_path / "folder", tmp_path / "elsewhere" / "a_package"
    folder.mkdir()
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(package.parent)
    look = f"import os; print(os.path.exists({str(package)!r}))"
    assert run_cells(folder, look, ForkProvisioner={"modules": ["a_package"]})[1] == ["True\n"]
    assert run_cells(folder, look)[1] == ["False\n"]


def test_the_engine_is_hidden_by_all_paths_that_lead_to_it(tmp_path, monkeypatch):
    engine = tmp_path / "env" / "autograder"
    engine.mkdir(parents=True)
    (tmp_path / "link").symlink_to("env")
    monkeypatch.setattr(namespaces, "ENGINE", str(engine))
    paths = [str(tmp_path / name) for name in ("env", "link")]
    assert namespaces._engines(paths) == {f"{path}/autograder" for path in paths}
    assert namespaces._engines(["/usr"]) == set()


def test_more_can_be_shown(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "table.csv").write_text("1,2")
    folder = tmp_path / "folder"
    folder.mkdir()
    read = f"print(open({str(data / 'table.csv')!r}).read())"
    write = f"open({str(data / 'new')!r}, 'w')"
    _, (shown, refused) = run_cells(folder, read, write, ForkProvisioner={"visible": [str(data)]})
    assert shown == "1,2\n"
    assert refused in ("OSError", "PermissionError")
    assert run_cells(folder, read)[1] == ["FileNotFoundError"]


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [("/a/b", "/a", True), ("/a", "/a", True), ("/ab", "/a", False), ("/a", "/a/b", False), ("/a", "/", True)],
)
def test_what_lies_in_a_folder(path, folder, inside):
    assert view.lies_in(path, folder) is inside


@pytest.mark.promise("environment")
def test_environment_keeps_secrets_out_and_what_is_asked_for_in():
    env = {"PATH": "/bin", "LC_ALL": "C", "GITHUB_TOKEN": "x", "PYTHON_KEY": "x", "PGPASSWORD": "x", "DATA": "/d"}
    env |= {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg", "HOME": "/root", "SSH_AUTH_SOCK": "x"}
    kept = view.environment(env, also=["DAT*"])
    assert set(kept) == {
        "PATH", "LC_ALL", "DATA", "PYTHONHASHSEED", "MPLBACKEND", "HOME", "USER", "LOGNAME",
    }  # fmt: skip
    assert kept["HOME"] == view.HOME


def test_a_link_to_python_shows_the_link_and_not_the_folder_around_it(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "bin"))
    assert str(tmp_path) not in view.view([])


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
    assert says in str(bubblewrap.find_obstacle())


@pytest.mark.promise("no sandbox")
def test_notebooks_are_not_run_without_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KernelLost, match="bubblewrap is not installed"):
        run_cells(
            tmp_path, "open('ran', 'w')", ForkProvisioner={"modules": ["a_new_fork_server"], "sandbox": "bubblewrap"}
        )
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("version", "machine", "says"),
    [
        (0, "x86_64", "Linux has no Landlock here, and version 6 is needed: use Linux 6.12 or later"),
        (5, "x86_64", "Linux has version 5 of Landlock here, and version 6 is needed: use Linux 6.12 or later"),
        (-1, "x86_64", "Landlock is switched off: start Linux with landlock in its parameter lsm="),
        (6, "riscv64", "Landlock is used on x86-64 and ARM machines only"),
    ],
)
def test_what_is_in_the_way_of_landlock_is_named(monkeypatch, version, machine, says):
    monkeypatch.setattr(domain, "version", lambda: version)
    monkeypatch.setattr(seccomp.platform, "machine", lambda: machine)
    assert str(landlock.find_obstacle()).startswith(says)


@pytest.fixture
def works(monkeypatch):
    """Say which sandboxes work."""

    def works(*names: str) -> None:
        obstacles = {
            name: None if name in names else Obstacle(f"{name} is broken", f"mend {name}") for name in kinds.SANDBOXES
        }
        monkeypatch.setattr(kinds, "_try", obstacles.get)

    return works


@pytest.mark.parametrize(
    ("working", "chosen"),
    [(["bubblewrap", "landlock"], "bubblewrap"), (["landlock"], "landlock"), (["bubblewrap"], "bubblewrap")],
)
def test_the_strongest_that_works_is_chosen(works, working, chosen):
    works(*working)
    assert kinds.choose("auto") == chosen
    assert kinds.find_obstacle("auto") is None
    assert set(kinds.stronger(chosen)) == {"bubblewrap"} - set(working)


def test_no_sandbox_is_never_chosen(works):
    works("none")
    assert kinds.choose("auto") != "none"
    assert str(kinds.find_obstacle("auto")) == "bubblewrap is broken; landlock is broken: mend bubblewrap"


def test_default_is_the_strongest_sandbox():
    assert ForkProvisioner().sandbox == "auto"


@pytest.fixture
def open_folder():
    """A folder that everybody can reach; whatever starts pytest closes pytest's own folders to others."""
    with tempfile.TemporaryDirectory(prefix="open-") as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test is this one")
def test_ordinary_users_have_it_too(open_folder):
    open_folder.chmod(0o777)
    code = (
        "import nbformat, os, sys\n"
        "from pathlib import Path\n"
        "from autograder.execution.notebook import run_notebook\n"
        'look = \'import os; open("made", "w").close(); '
        "print(os.getuid(), len(os.sched_getaffinity(0)), os.listdir())'\n"
        "cell = nbformat.v4.new_code_cell(look)\n"
        "run = run_notebook(nbformat.v4.new_notebook(cells=[cell]), Path(sys.argv[1]))\n"
        "print(run.stopped or cell.outputs[0].text)\n"
    )
    folder = open_folder / "folder"
    folder.mkdir()
    folder.chmod(0o777)
    user = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups"]
    made = subprocess.run(
        [*readable_by_all(), *user, sys.executable, "-c", code, folder],
        env={**os.environ, "HOME": str(open_folder), "PYTHONPATH": str(ROOT), "TMPDIR": str(open_folder)},
        capture_output=True,
        text=True,
    )
    assert made.stdout.split() == ["4321", "1", "['made']"], made.stderr
    assert (folder / "made").exists()


# Limits


def test_defaults_are_what_the_docstring_says():
    limits = Limits()
    assert (limits.time, limits.processes) == (30 * 60, 256)
    assert (limits.memory, limits.disk, limits.output) == (4 * 2**30, 2**30, 10_000_000)
    assert [show(size) for size in (limits.memory, 3 * 2**20, 3 * 2**29)] == ["4 GiB", "3 MiB", "1.5 GiB"]


def test_time_before_the_turn_is_not_limited():
    monitor = UsageMonitor({"time": 0}, list)
    assert monitor.find_excess() == ""
    monitor.begin()
    assert wait_until(lambda: monitor.find_excess() == "it ran longer than 0 s in total")


def test_what_a_process_shared_counts_no_more_when_it_has_ended():
    with subprocess.Popen(["sleep", "1000"]) as process:
        status = limits._read_status(process.pid)
        monitor = UsageMonitor({"memory": 0}, list)
        assert monitor._measure_memory([status]) == "it used more than 0 MiB of memory"
        process.kill()
    assert monitor._measure_memory([status]) == ""


def test_folder_that_is_too_large_is_a_reason(tmp_path):
    (tmp_path / "data").write_bytes(bytes(2**21))
    stopped, shown = run_cells(tmp_path, "1", Limits={"disk": 2**20})
    assert stopped == "the files in its folder add up to more than 1 MiB"
    assert shown == ["NotRun"]


def test_each_kernel_has_one_core(tmp_path):
    _, (shown,) = run_cells(tmp_path, "import os; print(len(os.sched_getaffinity(0)), os.cpu_count())")
    assert shown.split() == ["1", str(os.cpu_count())]


def test_python_around_the_notebook_is_seen_and_not_carried(tmp_path, monkeypatch):
    inner = tmp_path / "environment"
    inner.mkdir()
    (inner / "large").write_bytes(bytes(2**21))
    settings = {"ForkProvisioner": {"visible": [str(inner)]}, "Limits": {"disk": 2**20}}
    stopped, (shown,) = run_cells(tmp_path, "import os; print(os.path.getsize('environment/large'))", **settings)
    assert (stopped, shown) == ("", f"{2**21}\n")


def test_notebooks_inside_the_environment_are_not_run(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    with pytest.raises(KernelLost, match="which every sandbox shows"):
        run_cells(folder, "1", ForkProvisioner={"visible": [str(tmp_path)]})


# Files that no file system limits


def test_files_are_measured_wherever_they_are(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one").write_bytes(bytes(2**20))
    (tmp_path / "link").symlink_to(sys.executable)
    used = storage.measure(tmp_path, [])
    assert 2**20 <= used < 2**20 + 2**18
    with (tmp_path / "open").open("wb") as deleted:
        deleted.write(bytes(2**21))
        deleted.flush()
        (tmp_path / "open").unlink()
        assert storage.measure(tmp_path, [os.getpid()]) >= used + 2**21


def test_folders_that_go_too_deep_are_too_large(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("x" * 200, dir_fd=here)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    assert storage.measure(tmp_path, []) > 2**60
    subprocess.run(["rm", "-r", tmp_path / ("x" * 200)], check=True)  # pytest cannot remove it


def test_many_small_files_are_large(tmp_path):
    for number in range(100):
        (tmp_path / str(number)).touch()
    assert storage.measure(tmp_path, []) == 100 * 2**14


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
    transfer.pack(source, archive, 2**20)
    transfer.unpack(archive, target)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == ["same", "sub", "sub/one"]
    assert (target / "same").read_text() == "1"


def test_what_has_not_changed_stays_behind(tmp_path):
    for name in ("kept", "changed"):
        (tmp_path / name).write_text("old")
    before = transfer.take_snapshot(tmp_path)
    (tmp_path / "changed").write_text("new")
    (tmp_path / "made").write_text("x")
    archive = io.BytesIO()
    transfer.pack(tmp_path, archive, 2**20, before)
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        assert sorted(tar.getnames()) == ["changed", "made"]


@pytest.mark.parametrize("limit", [2**16 - 1, 2**16])
def test_as_much_as_is_allowed(tmp_path, limit):
    (tmp_path / "one").write_bytes(bytes(2**15))
    (tmp_path / "two").touch()
    os.truncate(tmp_path / "two", 2**15 - 100)  # it fills whole blocks
    if limit < 2**16:
        with pytest.raises(transfer.TooLarge):
            transfer.pack(tmp_path, io.BytesIO(), limit)
    else:
        transfer.pack(tmp_path, io.BytesIO(), limit)


def test_as_many_files_as_there_is_room_for(tmp_path):
    for number in range(5):
        (tmp_path / str(number)).touch()
    transfer.pack(tmp_path, io.BytesIO(), 5 * 2**14)
    with pytest.raises(transfer.TooLarge):
        transfer.pack(tmp_path, io.BytesIO(), 5 * 2**14 - 1)


def test_a_file_that_cannot_be_read_is_left_out_and_those_after_it_are_whole(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
    for name in ("a", "b", "c"):
        (source / name).write_text(name * 1000)
    refuse(monkeypatch, source / "b", errno.EACCES)
    archive = io.BytesIO()
    transfer.pack(source, archive, 2**20)
    transfer.unpack(archive, target)
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a": "a" * 1000, "c": "c" * 1000}


@pytest.mark.parametrize("fault", [errno.EMFILE, errno.ENOSPC])
def test_what_a_machine_is_short_of_is_no_fault_of_a_file(tmp_path, monkeypatch, fault):
    for folder in ("source", "target"):
        (tmp_path / folder).mkdir()
    (tmp_path / "source" / "data").write_text("1")
    archive = io.BytesIO()
    transfer.pack(tmp_path / "source", archive, 2**20)
    refuse(monkeypatch, tmp_path / "source" / "data", fault)
    with pytest.raises(OSError, match=os.strerror(fault)):
        transfer.pack(tmp_path / "source", io.BytesIO(), 2**20)
    refuse(monkeypatch, tmp_path / "target" / "data", fault)
    with pytest.raises(OSError, match=os.strerror(fault)):
        transfer.unpack(archive, tmp_path / "target")


def test_a_folder_that_cannot_be_listed_for_want_of_open_files_is_not_empty(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("1")

    def scandir(path):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "scandir", scandir)
    for look in (lambda: list_files(tmp_path, []), lambda: transfer.take_snapshot(tmp_path)):
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            look()


def refuse(monkeypatch, path, number):
    """Have the one file refuse to be opened."""
    opened = Path.open

    def refuse(self, *args, **settings):
        if self == path:
            raise OSError(number, os.strerror(number))
        return opened(self, *args, **settings)

    monkeypatch.setattr(Path, "open", refuse)


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "link/out", "link"])
@pytest.mark.promise("writes")
def test_nothing_is_written_outside(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    transfer.unpack(archive, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (folder / "link").is_symlink()
    assert not Path("/tmp/out").exists()


# Outputs


def message(kind, **content):
    return {"msg_type": kind, "content": content, "buffers": []}


def test_outputs_within_the_limit_are_taken():
    cell = nbformat.v4.new_code_cell()
    assert OutputLimit(5000).take(cell, message("stream", name="stdout", text="x" * 4000))
    assert cell.outputs == []


def test_what_decides_a_mark_is_kept_when_the_rest_is_cut_off():
    cell, limit = nbformat.v4.new_code_cell(), OutputLimit(1500)
    assert not limit.take(cell, message("stream", name="stdout", text="x" * 2000))
    assert [len(output.text) > 1500 for output in cell.outputs] == [False, False]
    assert "Output is cut off here" in cell.outputs[-1].text
    warning = message("stream", name="stderr", text="careful" * 1000)
    error = message("error", ename="ValueError", evalue="no" * 1000, traceback=["x" * 9000])
    partial = message("execute_result", data={"text/plain": "0.5"}, metadata={}, execution_count=1)
    for kept in (warning, error, partial):
        assert limit.take(cell, kept)
        kind = "error" if kept is error else "execute_result" if kept is partial else "stream"
        cell.outputs.append(nbformat.v4.output_from_msg({"header": {"msg_type": kind}, "content": kept["content"]}))
        assert not limit.take(cell, kept)
    assert not limit.take(cell, message("display_data", data={"text/html": "x"}, metadata={}))
    assert sum("cut off" in output.get("text", "") for output in cell.outputs) == 1
    assert len(str(cell)) < 6000


def test_nonsense_is_refused_and_fails_its_cell():
    deep = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="nested"):
        OutputLimit(1000).take(nbformat.v4.new_code_cell(), message("display_data", data=deep))
    good = new_output("stream", name="stdout", text="\ud800 x")
    bad = nbformat.NotebookNode(output_type="stream", name=7, text=[])
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[good], execution_count=1)])
    nb.cells[0].update(outputs=[good, bad], execution_count="many")
    repair(nb)
    nbformat.validate(nb)
    assert nb.cells[0].outputs[0].text == "? x"
    assert nb.cells[0].outputs[1].output_type == "error"
    nbformat.writes(nb).encode()
