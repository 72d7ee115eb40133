"""What every sandbox has to do, and what those that confine have to withhold.

A new sandbox has to pass this suite: it is run for all in `autograder.sandbox.kinds`. Every attempt to reach something
is made without confinement too, where it has to succeed, so that no test passes because the attempt itself is broken.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

from autograder.execution.executor import KernelLost
from autograder.sandbox.kinds import CONFINEMENTS, SANDBOXES
from tests.engine.kernel_support import PATIENCE, fork_servers, run_cells, wait_until
from tests.support import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
MODULES = ["numpy", "no_such_module"]


@pytest.fixture(params=sorted(SANDBOXES))
def kind(request):
    """Return the name of a sandbox."""
    return request.param


@pytest.fixture
def run(kind, tmp_path):
    """Run cells in a kernel that works in a folder, and return what they print."""

    def run(*sources, folder=tmp_path, **settings):
        provisioner = {"modules": MODULES, "sandbox": kind, **settings.pop("ForkProvisioner", {})}
        stopped, shown = run_cells(folder, *sources, ForkProvisioner=provisioner, **settings)
        assert stopped == ""
        return shown

    return run


@pytest.fixture
def reaches(kind, run):
    """Check that an expression is true if nothing confines the notebook, and that it fails or is false otherwise."""

    def reaches(setup, expression, **settings):
        (shown,) = run(f"{setup}\ntry:\n    print(bool({expression}))\nexcept OSError:\n    print(False)", **settings)
        assert shown == f"{not SANDBOXES[kind].confines}\n"

    return reaches


def test_every_sandbox_has_both_sides_and_works_here(kind):
    assert SANDBOXES.keys() == CONFINEMENTS.keys()
    assert SANDBOXES[kind]().find_obstacle() is None


# What notebooks can do in all of them


def test_modules_are_imported_already_and_others_are_not(run):
    (shown,) = run("import sys; print('numpy' in sys.modules, 'sqlite3.dump' in sys.modules, sys.argv[1:2])")
    assert shown == "True False ['-f']\n"


def test_two_notebooks_share_no_state_of_python(run):
    run("import builtins, numpy; builtins.secret = numpy.secret = 42; import os; os.environ['SECRET'] = '42'")
    (seen,) = run(
        "import builtins, numpy, os\n"
        "print(hasattr(builtins, 'secret'), hasattr(numpy, 'secret'), 'SECRET' in os.environ)"
    )
    assert seen == "False False False\n"


def test_every_kernel_has_a_folder_and_randomness_of_its_own(kind, run, tmp_path):
    draw = "import os, random, numpy\nprint(os.getcwd(), *os.listdir(), random.random(), numpy.random.rand())"
    folders = [tmp_path / name for name in ("one", "two")]
    shown = []
    for folder in folders:
        folder.mkdir()
        (folder / f"file_of_{folder.name}").touch()
        shown.append(run(draw, folder=folder)[0].split())
    for folder, (place, *names, _, _) in zip(folders, shown, strict=True):
        if kind != "landlock":  # which makes another folder for each kernel
            assert place == SANDBOXES[kind]().place(str(folder))
        assert names == [f"file_of_{folder.name}"]
    assert not set(shown[0][2:]) & set(shown[1][2:])


def test_subprocesses_files_and_magics_work(run):
    shown = run(
        "!echo from the shell",
        "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True))",
        "%matplotlib inline\nimport matplotlib\nprint(matplotlib.get_backend())",
        "%%writefile seven.py\nseven = 7",
        "import seven\nprint(seven.seven)",
        "%%bash\necho $((6 * 7))",
    )
    assert [text.strip() for text in shown] == ["from the shell", "42", "inline", "Writing seven.py", "7", "42"]


def test_process_pools_threads_and_shared_memory_work(run):
    shown = run(
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "for pool in (ProcessPoolExecutor, ThreadPoolExecutor):\n"
        "    with pool(2) as workers:\n"
        "        print(list(workers.map(abs, [-1, -2])))",
        "from multiprocessing import shared_memory\n"
        "block = shared_memory.SharedMemory(create=True, size=10); block.buf[0] = 7; print(block.buf[0])\n"
        "block.close(); block.unlink()",
    )
    assert shown == ["[1, 2]\n[1, 2]\n", "7\n"]


def test_a_server_and_its_client_in_one_notebook_meet(run):
    (shown,) = run(
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname())\n"
        "server.accept()[0].send(b'hello'); print(client.recv(5))"
    )
    assert shown == "b'hello'\n"


def test_files_go_in_and_come_out(run, tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "table.csv").write_text("a,b")
    (tmp_path / "old.txt").write_text("old")
    run(
        "text = open('data/deep/table.csv').read()\nassert text == 'a,b'",
        "import os\nos.makedirs('made/here')\nopen('made/here/new.bin', 'wb').write(bytes(3))\n"
        "open('old.txt', 'w').write('new')",
    )
    assert (tmp_path / "made" / "here" / "new.bin").read_bytes() == bytes(3)
    assert (tmp_path / "old.txt").read_text() == "new"
    assert (tmp_path / "data" / "deep" / "table.csv").read_text() == "a,b"


def test_variables_of_the_course_are_set(run):
    (shown,) = run("import os; print(os.environ['DATA'])", ForkProvisioner={"variables": {"DATA": "/somewhere"}})
    assert shown == "/somewhere\n"


def test_temporary_folders_go_with_the_kernel(run):
    (shown,) = run("import tempfile; folder = tempfile.TemporaryDirectory(); print(folder.name)")
    assert shown.startswith(os.sep)
    assert wait_until(lambda: not os.path.exists(shown.strip()))


# What happens to kernels in all of them


def test_a_cell_that_takes_too_long_is_interrupted_and_the_next_one_runs(run):
    shown = run("import time\nwhile True: time.sleep(0.01)", "print('after')", ExecutePreprocessor={"timeout": 2})
    assert shown[0].startswith("KeyboardInterrupt")
    assert shown[1] == "after\n"


def test_the_time_of_all_cells_together_is_limited(kind, tmp_path):
    settings = {"Limits": {"time": 4}, "ForkProvisioner": {"sandbox": kind}}  # it counts while the kernel starts, too
    stopped, shown = run_cells(tmp_path, "print('before')", *["import time; time.sleep(0.5)"] * 20, **settings)
    assert "it ran longer than 4 s in total" in stopped
    assert shown[0] == "before\n"
    assert shown[-1] == "NotRun"


def test_a_kernel_that_dies_is_reported_and_its_files_are_kept(kind, tmp_path):
    die = "import os; open('made', 'w').close(); os._exit(3)"
    stopped, shown = run_cells(tmp_path, "print('before')", die, "1", ForkProvisioner={"sandbox": kind})
    assert stopped == "the kernel died in cell 2"
    assert shown == ["before\n", "NotRun", "NotRun"]
    assert (tmp_path / "made").exists()


def test_it_works_whatever_rights_the_grader_gives_new_files(kind, tmp_path):
    before = os.umask(0o077)
    try:
        settings = {"ForkProvisioner": {"sandbox": kind, "modules": ["matplotlib.font_manager", "for_this_test"]}}
        assert run_cells(tmp_path, "print('it ran')", **settings) == ("", ["it ran\n"])
    finally:
        os.umask(before)


def test_a_kernel_is_lost_by_no_fault_of_its_own_if_the_fork_server_ends(kind, tmp_path):
    known = fork_servers()

    def kill(**_: object) -> None:
        (server,) = fork_servers() - known
        server.kill()

    settings = {"ForkProvisioner": {"sandbox": kind, "modules": ["a_module_that_is_killed"]}}
    when_sent = {"on_cell_complete": kill}
    with pytest.raises(KernelLost):
        run_cells(tmp_path, "import time; time.sleep(20)", NotebookClient=when_sent, **settings)


def test_kernels_and_their_children_end_with_the_grader(tmp_path, kind):
    (tmp_path / "grader.py").write_text(
        "import sys, nbformat\n"
        "from pathlib import Path\n"
        "from traitlets.config import Config\n"
        "from autograder.execution.notebook import run_notebook\n"
        'cell = nbformat.v4.new_code_cell(\'import subprocess; subprocess.run(["sleep", "98765.4321"])\')\n'
        f"config = Config({{'ForkProvisioner': {{'sandbox': '{kind}'}}}})\n"
        "run_notebook(nbformat.v4.new_notebook(cells=[cell]), Path(sys.argv[1]), config)\n"
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    grader = subprocess.Popen([sys.executable, tmp_path / "grader.py", tmp_path / "folder"], env=env)
    assert wait_until(lambda: count_processes("98765.4321"))
    if kind != "landlock":  # whose kernels have folders there
        assert not list((tmp_path / "tmp").iterdir())
    grader.kill()
    grader.wait()
    assert wait_until(lambda: not count_processes("98765.4321"))
    assert wait_until(lambda: not list((tmp_path / "tmp").iterdir()))


def count_processes(word):
    """Return the number of processes on this machine that have this word in their command lines."""
    return sum(word in (process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))


# What those that confine withhold


@pytest.mark.parametrize("path", [ROOT / "solutions", ROOT / "tests" / "support.py", Path("/var/lib")])
@pytest.mark.promise("reads")
def test_the_course_and_the_rest_of_the_machine_cannot_be_read(reaches, path):
    reaches("import os", f"os.listdir({str(path)!r})" if path.is_dir() else f"open({str(path)!r}).read()")


@pytest.mark.parametrize("path", [ROOT / "solutions", ROOT / "tests" / "support.py", Path("/var/lib")])
@pytest.mark.promise("paths")
def test_whether_they_exist_can_be_seen_under_landlock_only(kind, run, path):
    (shown,) = run(f"import os; print(os.path.exists({str(path)!r}))")
    assert shown == f"{kind != 'bubblewrap'}\n"


@pytest.mark.promise("machine")
def test_the_machine_can_be_recognised_under_landlock_only(kind, run):
    look = "import os, socket; print(os.uname().nodename, sorted(name for _, name in socket.if_nameindex()))"
    (shown,) = run(look)
    here = f"{os.uname().nodename} {sorted(name for _, name in socket.if_nameindex())}\n"
    assert shown == (here if kind != "bubblewrap" else "localhost ['lo']\n")


def test_the_home_cannot_be_seen(reaches, tmp_path, monkeypatch):
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    (home / "key").write_text("secret")
    monkeypatch.setenv("HOME", str(home))
    reaches("import os", "open(os.path.expanduser('~/key')).read()", folder=folder)
    reaches("import os", f"open({str(home / 'key')!r}).read()", folder=folder)


def test_only_the_part_of_the_engine_that_runs_there_can_be_seen(reaches):
    reaches(
        "import importlib.util; found = importlib.util.find_spec('autograder.cli')",
        "found and open(found.origin).read()",
    )


def test_secrets_of_the_environment_cannot_be_seen(reaches, monkeypatch):
    monkeypatch.setenv("MY_API_TOKEN", "secret")
    reaches("import os", "'MY_API_TOKEN' in os.environ")


@pytest.mark.promise("network")
def test_the_network_cannot_be_reached(reaches):
    with socket.create_server(("127.0.0.1", 0)) as server:
        reaches("import socket", f"socket.create_connection({server.getsockname()!r}, 5)")


@pytest.mark.promise("network")
def test_a_socket_of_the_machine_cannot_be_reached(reaches):
    name = f"\0autograder-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        reaches("import socket", f"socket.socket(socket.AF_UNIX).connect({name!r}) is None")


@pytest.mark.promise("processes")
def test_other_processes_cannot_be_seen(reaches):
    look = (
        "import os\n"
        "def read(number):\n"
        "    try:\n"
        "        with open(f'/proc/{number}/cmdline', 'rb') as file:\n"
        "            return file.read()\n"
        "    except OSError:  # it has just ended\n"
        "        return b''"
    )
    with subprocess.Popen(["sleep", "98765.1234"]) as process:
        reaches(look, "any(b'98765.1234' in read(number) for number in os.listdir('/proc') if number.isdigit())")
        process.kill()


def test_nothing_is_written_outside_of_the_folder(kind, run, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "outside").touch()
    outside = str(tmp_path / "outside")
    run(f"try:\n    open({outside!r}, 'w').write('x')\nexcept OSError:\n    pass", folder=tmp_path / "folder")
    assert (tmp_path / "outside").read_text() == ("" if SANDBOXES[kind].confines else "x")


@pytest.mark.parametrize("place", ["tempfile.gettempdir()", "'/dev/shm'", "os.getcwd()"])
def test_a_neighbours_files_cannot_be_reached(kind, reaches, tmp_path, place):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder in (mine, theirs):
        folder.mkdir()
    make = f"import os, tempfile; path = os.path.join({place}, 'neighbour-{os.getpid()}'); open(path, 'w').close()"

    async def look_while_a_neighbour_runs():
        name = "python3-sandbox" if SANDBOXES[kind].confines else "python3-fork"
        manager = AsyncKernelManager(kernel_name=name, config=Config({"ForkProvisioner": {"modules": MODULES}}))
        manager.kernel_spec.metadata["kernel_provisioner"]["config"]["sandbox"] = kind
        await manager.start_kernel(cwd=str(theirs))
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready()
            wanted = {"path": "path"}
            reply = await client.execute(make, reply=True, timeout=PATIENCE, user_expressions=wanted)
            assert reply["content"]["status"] == "ok"
            path = reply["content"]["user_expressions"]["path"]["data"]["text/plain"]
            await asyncio.to_thread(reaches, "", f"open({path}).close() is None", folder=mine)
            await client.execute("os.remove(path)", reply=True, timeout=PATIENCE)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    # In a thread of its own: a browser that another test of this process uses leaves an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, look_while_a_neighbour_runs()).result()


@pytest.mark.promise("processes")
def test_a_process_that_leaves_the_kernels_group_ends_with_it(kind, tmp_path):
    start = "import subprocess; subprocess.Popen(['sleep', '98765.5678'], start_new_session=True)"
    run_cells(tmp_path, start, ForkProvisioner={"sandbox": kind})
    left = [p for p in psutil.process_iter(["cmdline"]) if "98765.5678" in (p.info["cmdline"] or [])]
    for process in left:
        process.kill()
    assert bool(left) is not SANDBOXES[kind].confines


MEMORY = "block = bytearray(2**30); block[::4096] = block[::4096]"
THREADS = """\
import threading, time
threads = []
for _ in range(50):
    threads.append(threading.Thread(target=time.sleep, args=(3,)))
    threads[-1].start()
for thread in threads:
    thread.join()
"""
MEMORY_WITHOUT_FIRST_THREADS = """\
import ctypes, os, platform, threading, time
def work():
    time.sleep(0.3)
    kept = bytearray(b"x") * 2 * 10**8
    time.sleep(6)
    os._exit(0)
for _ in range(3):
    if os.fork() == 0:
        threading.Thread(target=work).start()
        ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
for _ in range(3):
    os.wait()
"""
DISK = "open('large', 'wb').write(bytes(2**22))"


@pytest.mark.parametrize(
    ("limit", "attempt"),
    [
        ({"memory": 2**29}, MEMORY),
        ({"memory": 2**29}, MEMORY_WITHOUT_FIRST_THREADS),
        ({"processes": 40}, THREADS),
        ({"disk": 2**20}, DISK),
    ],
    ids=["memory", "memory of processes without their first threads", "processes", "disk"],
)
@pytest.mark.promise("limits")
def test_limits_hold(kind, tmp_path, limit, attempt):
    _, shown = run_cells(tmp_path, attempt, "print('more')", Limits=limit, ForkProvisioner={"sandbox": kind})
    held = shown[0] != "" or shown[1] == "NotRun"
    assert held is SANDBOXES[kind].confines
