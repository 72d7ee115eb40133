"""Two kernels that run at once cannot pass a bit to each other, whatever part of Linux they try it by.

One notebook sends and another one receives. The receiver looks before and after the sender has done its part. If it
finds the same both times, it has learnt nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
from traitlets.config import Config

import autograder
from autograder.execution.notebook import run_notebook
from autograder.kernels import client
from autograder.sandbox.kinds import find_obstacle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
PATIENCE = 120  # s, that one of them waits for the other; only a kernel that is lost takes so long

PRELUDE = """
import ctypes, errno, fcntl, os, pathlib, platform, signal, socket, struct, subprocess, sys
KEY, NAME, SHARED, HIGHEST = {key}, {name!r}, {shared!r}, {highest}
SYSTEM = os.path.join(os.path.dirname(os.__file__), 'antigravity.py')
libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
kept = []
def keep(number):
    kept.append(number)
    return number
def release():
    while kept: os.close(kept.pop())
def call(function, *arguments, failed=-1):
    result = function(*arguments)
    if result == failed: raise OSError(ctypes.get_errno(), 'refused')
    return result
def describe(action, *arguments):
    try: return action(*arguments)
    except OSError as error: return errno.errorcode.get(error.errno, error)
def newest():  # the process numbers that Linux has given last; after the highest it goes on with the lowest
    last = os.fork() or os._exit(0)
    os.waitpid(last, 0)
    return [2 + (last - 2 - step) % (HIGHEST - 1) for step in range(3000)]
LOCK = 'hhqqi4x'  # struct flock: type, whence, start, length, process
def lock(kind, start=0, length=0): return struct.pack(LOCK, kind, os.SEEK_SET, start, length, 0)
terminal = os.openpty()
os.open(os.ttyname(terminal[1]), os.O_RDWR)  # from now on it is the terminal of this process, by the name /dev/tty
"""
SEND = """
try:
{code}
    print('SENT')
except OSError as error:
    print('REFUSED', error)
"""
COMPARE = """
after = describe(look)
print('SEEN' if after != before else 'NOTHING', before, after)
"""


@dataclass(frozen=True)
class Channel:
    """One way to pass a bit.

    Attributes
    ----------
    name : str
        What it is called.
    send : str
        What the sender does; it may raise OSError.
    look : str
        Body of the receiver's function ``look``, which returns what it finds.
    prepare : str
        What the receiver does first.
    clean : str
        What the sender does at the end, so that nothing is left where there is no sandbox.
    """

    name: str
    send: str
    look: str
    prepare: str = ""
    clean: str = ""


# Files that two kernels can open. Some of them are made for each kernel, others are the same for all.
PLACES = {
    "python": "os.open(SYSTEM, os.O_RDONLY)",
    "system": "os.open('/usr/bin/env', os.O_RDONLY)",
    "link_to_system": "os.open('/bin/env', os.O_RDONLY)",
    "folder": "os.open('/usr', os.O_RDONLY)",
    "setting": "os.open('/etc/nsswitch.conf', os.O_RDONLY)",
    "hardware": "os.open('/sys/devices/system/cpu/online', os.O_RDONLY)",
    "visible": "os.open(SHARED + '/table.csv', os.O_RDONLY)",
    "null": "os.open('/dev/null', os.O_RDWR)",
    "random": "os.open('/dev/urandom', os.O_RDONLY)",
    "executable": "os.open('/proc/self/exe', os.O_RDONLY)",
    "namespace": "os.open('/proc/self/ns/time', os.O_RDONLY)",
    "terminal": "os.open('/dev/tty', os.O_RDWR)",
}


def _by_flock(place: str, file: str) -> Channel:
    return Channel(
        f"flock_{place}",
        f"""
            held = keep({file})
            try: fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError: fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        """,
        f"""
            found = []
            for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
                file = {file}
                found.append(describe(fcntl.flock, file, kind | fcntl.LOCK_NB))
                os.close(file)
            return found
        """,
    )


def _by_record(place: str, file: str, setter: str = "fcntl.F_SETLK", getter: str = "fcntl.F_GETLK") -> Channel:
    kind = "record" if getter == "fcntl.F_GETLK" else "open_file"
    return Channel(
        f"{kind}_lock_{place}",
        f"""
            held = keep({file})
            for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                sent = describe(fcntl.fcntl, held, {setter}, lock(kind, KEY, 1))
                if isinstance(sent, bytes): break
            else: raise OSError(0, sent)
        """,
        f"""
            file = {file}
            try: return [describe(fcntl.fcntl, file, {getter}, lock(fcntl.F_WRLCK, start)) for start in (0, KEY)]
            finally: os.close(file)
        """,
    )


def _by_socket(name: str, address: str, family: str = "AF_INET", kind: str = "SOCK_STREAM") -> Channel:
    """Return a channel by an address that only one socket can have, and that others can connect to."""
    actions = ("connect",) if "tmp" in address else ("bind", "connect")  # a path stays bound when its socket is closed
    listen = "; held.listen()" if kind == "SOCK_STREAM" else ""
    return Channel(
        name,
        f"held = socket.socket(socket.{family}, socket.{kind}); held.bind({address}){listen}",
        f"""
            found = []
            for action in {actions}:
                with socket.socket(socket.{family}, socket.{kind}) as own:
                    own.settimeout(1)
                    found.append(describe(getattr(own, action), {address}))
            return found
        """,
        clean=f"os.unlink({address})" if "tmp" in address else "",
    )


def _by_system_v(name: str, size: str, end: str) -> Channel:
    return Channel(
        f"system_v_{name}",
        f"held = call(libc.{name}, KEY, {size}0o1666)",
        f"return describe(call, libc.{name}, KEY, {size}0) != 'ENOENT'",
        clean=f"if held != -1: libc.{end}",
    )


def _by_file(folder: str) -> Channel:
    path = f"'{folder}/' + NAME"
    return Channel(
        f"file_in_{folder.strip('/').replace('/', '_')}",
        f"open({path}, 'w').close()",
        f"return os.path.exists({path})",
        clean=f"os.unlink({path})",
    )


CHANNELS = [
    *(_by_flock(place, file) for place, file in PLACES.items()),
    *(_by_record(place, file) for place, file in PLACES.items()),
    *(_by_record(place, PLACES[place], "37", "36") for place in ("python", "null", "executable")),
    Channel(
        "lease",
        "keep(os.open(SHARED + '/lease', os.O_RDONLY | os.O_NONBLOCK))",
        "return fcntl.fcntl(watched, fcntl.F_GETLEASE)",
        """
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            watched = keep(os.open(SHARED + '/lease', os.O_RDONLY))
            print(describe(fcntl.fcntl, watched, fcntl.F_SETLEASE, fcntl.F_WRLCK))
        """,
    ),
    Channel(
        "inotify",
        "open(SHARED + '/table.csv').read()",
        "return watched if isinstance(watched, str) else bool(os.read(watched, 4096))",
        """
            watched = describe(call, libc.inotify_init1, os.O_NONBLOCK)
            print(describe(call, libc.inotify_add_watch, watched, (SHARED + '/table.csv').encode(), 0x20))
        """,
    ),
    Channel(
        "inotify_of_the_system",
        "os.listdir(os.path.dirname(SYSTEM)); open(SYSTEM).read()",
        "return watched if isinstance(watched, str) else bool(os.read(watched, 4096))",
        """
            watched = describe(call, libc.inotify_init1, os.O_NONBLOCK)
            for path in (SYSTEM, os.path.dirname(SYSTEM)):
                print(describe(call, libc.inotify_add_watch, watched, path.encode(), 0x20))
        """,
    ),
    Channel(
        "fanotify",
        "open(SYSTEM).read()",
        "return watched if isinstance(watched, str) else bool(os.read(watched, 4096))",
        """
            watched = describe(call, libc.fanotify_init, 0x202, 0)
            print(describe(call, libc.fanotify_mark, watched, 1, ctypes.c_uint64(0x20), -100, SYSTEM.encode()))
        """,
    ),
    Channel(
        "instances_of_inotify",
        "for _ in range(1000): keep(call(libc.inotify_init1, 0))",
        "return describe(os.close, call(libc.inotify_init1, 0))",
    ),
    _by_socket("virtual_machine_socket", "(0xFFFFFFFF, KEY)", "AF_VSOCK"),
    Channel(
        "keys",
        """
            add = {'x86_64': 248, 'aarch64': 217}[platform.machine()]
            call(libc.syscall, add, b'user', NAME.encode(), b'bit', 3, -4)
        """,
        """
            control = {'x86_64': 250, 'aarch64': 219}[platform.machine()]
            found = describe(call, libc.syscall, control, 10, -4, b'user', NAME.encode(), 0)
            return 'a key' if isinstance(found, int) else found
        """,
        clean="""
            control = {'x86_64': 250, 'aarch64': 219}[platform.machine()]
            libc.syscall(control, 9, libc.syscall(control, 10, -4, b'user', NAME.encode(), 0), -4)
        """,
    ),
    _by_system_v("shmget", "4096, ", "shmctl(held, 0, 0)"),
    _by_system_v("semget", "1, ", "semctl(held, 0, 0)"),
    _by_system_v("msgget", "", "msgctl(held, 0, 0)"),
    Channel(
        "semaphore",
        "call(libc.sem_open, NAME.encode(), 0o100, 0o666, 0, failed=None)",
        "return bool(libc.sem_open(NAME.encode(), 0))",
        clean="libc.sem_unlink(NAME.encode())",
    ),
    Channel(
        "message_queue",
        "call(libc.mq_open, f'/{NAME}'.encode(), 0o102, 0o666, None)",
        "return libc.mq_open(f'/{NAME}'.encode(), 0) != -1",
        clean="libc.mq_unlink(f'/{NAME}'.encode())",
    ),
    _by_file("/tmp"),
    _by_file("/var/tmp"),
    _by_file("/dev/shm"),
    Channel("time_of_a_device", "os.utime('/dev/null', (KEY, KEY))", "return os.stat('/dev/null').st_mtime"),
    Channel("touched_device", "os.utime('/dev/null')", "return os.stat('/dev/null').st_mtime_ns"),
    _by_socket("abstract_socket", r"'\0' + NAME", "AF_UNIX"),
    _by_socket("socket_in_tmp", "'/tmp/' + NAME", "AF_UNIX"),
    _by_socket("tcp", "('127.0.0.1', KEY)"),
    _by_socket("udp", "('127.0.0.1', KEY)", kind="SOCK_DGRAM"),
    Channel(
        "list_of_processes",
        "held = subprocess.Popen(['sleep', str(KEY)])",
        """
            found = [describe((folder / 'cmdline').read_bytes) for folder in pathlib.Path('/proc').glob('[0-9]*')]
            return any(str(KEY).encode() in line for line in found if isinstance(line, bytes))
        """,
        clean="held.kill(); held.wait()",
    ),
    Channel(
        "signals",
        "held = [subprocess.Popen(['sleep', str(KEY)]) for _ in range(3)]",
        """
            threads = {int(thread) for thread in os.listdir('/proc/self/task')}
            return {pid for pid in newest() if describe(os.kill, pid, 0) != 'ESRCH'} - threads
        """,
        clean="for process in held: process.kill(); process.wait()",
    ),
    Channel(
        "process_file_descriptors",
        "held = [subprocess.Popen(['sleep', str(KEY)]) for _ in range(3)]",
        """
            found = set()
            for pid in newest():
                process = describe(os.pidfd_open, pid)
                if isinstance(process, int): found.add(pid); os.close(process)
            return found
        """,
        clean="for process in held: process.kill(); process.wait()",
    ),
]  # fmt: skip
# While anybody grades on this machine, nobody can take these locks, with or without a sandbox.
HELD_BY_GRADERS = [
    channel.name for channel in CHANNELS if "lock" in channel.name
    and channel.name.endswith(("null", "random", "executable", "namespace", "terminal"))
]  # fmt: skip

# All notebooks have the same network and the same numbers of processes there: who asks learns which are taken. To each
# belongs what `tests.system.promise_table` says of it.
OPEN_UNDER_LANDLOCK = {"tcp": "ports", "signals": "process numbers", "process_file_descriptors": "process numbers"}

ABSENT = "EPERM|EACCES|ENOSYS|EINVAL|EOPNOTSUPP|EAFNOSUPPORT|EPROTONOSUPPORT"


def run_all(root: Path, sandbox: str) -> dict[str, tuple[str, str]]:
    """Run a sender and a receiver at once; return what each of them prints at the end, by channel."""
    shared = root / "shared"
    shared.mkdir()
    for name in ("table.csv", "lease"):
        (shared / name).write_text("1,2\n")
    # Nothing that an earlier run has left behind has these names, whatever the tests of this process have seeded.
    key, name = 20_000 + secrets.randbelow(10_000), f"isolation-{secrets.token_hex(8)}"
    highest = int(Path("/proc/sys/kernel/pid_max").read_text()) - 1
    prelude = PRELUDE.format(key=key, name=name, shared=str(shared), highest=highest)
    programs = {"sender": [prelude], "receiver": [prelude]}
    for channel in CHANNELS:
        look = f"{dedent(channel.prepare)}\ndef look():\n{_indent(channel.look)}\nbefore = describe(look)"
        programs["sender"] += ["held = -1", SEND.format(code=_indent(channel.send)), "pass"]
        programs["sender"] += [f"{dedent(channel.clean)}\nheld = None; release()"]
        programs["receiver"] += [look, "pass", COMPARE, "release()"]
    settings = {"ForkProvisioner": {"sandbox": sandbox, "visible": [str(shared)]}}
    sender, receiver = run_together(root, programs, settings)
    return {channel.name: (sender[4 * place + 2], receiver[4 * place + 3]) for place, channel in enumerate(CHANNELS)}


def run_together(root: Path, programs: dict[str, list[str]], settings: dict) -> list[list[str]]:
    """Run notebooks at once, cell by cell: nobody begins a cell before all have ended the one before it."""
    barrier = threading.Barrier(len(programs), timeout=PATIENCE)

    def run(name: str) -> list[str]:
        cells = [nbformat.v4.new_code_cell(source) for source in programs[name]]
        nb = nbformat.v4.new_notebook(cells=cells)
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        (root / name).mkdir(exist_ok=True)
        hooks = {"on_cell_start": lambda **_: barrier.wait()}
        try:
            stopped = run_notebook(nb, root / name, Config({**settings, "NotebookClient": hooks})).stopped
        except BaseException:
            barrier.abort()
            raise
        assert not stopped
        return ["".join(output.get("text", str(output)) for output in cell.outputs) for cell in cells]

    # The engine runs one kernel per core, and these tests may have one core only.
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(programs)) as pool:
        patch.setattr(client, "usable_cores", lambda: range(len(programs)))
        return list(pool.map(run, programs))


def _indent(code: str) -> str:
    return "\n".join(f"    {line}" for line in dedent(code).strip().splitlines())


@pytest.fixture(scope="module")
def open_channels(tmp_path_factory):
    """What sender and receiver print without a sandbox."""
    return run_all(tmp_path_factory.mktemp("open"), "none")


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def sandbox(request):
    """Return the name of a sandbox that confines."""
    if request.param == "landlock" and (obstacle := find_obstacle("landlock")):
        pytest.skip(str(obstacle))
    return request.param


@pytest.fixture(scope="module")
def closed_channels(sandbox, tmp_path_factory):
    """What sender and receiver print in the sandbox."""
    return run_all(tmp_path_factory.mktemp("closed"), sandbox)


@pytest.mark.parametrize("name", [channel.name for channel in CHANNELS])
def test_it_works_without_a_sandbox(open_channels, name):
    sent, found = open_channels[name]
    if name in HELD_BY_GRADERS and not found.startswith("SEEN"):
        pytest.skip("somebody grades on this machine")
    if re.match(rf"NOTHING ({ABSENT}) \1", found):
        pytest.skip("Linux refuses it to this user, or has none of it")
    assert found.startswith("SEEN"), (sent, found)


@pytest.mark.parametrize("name", [channel.name for channel in CHANNELS])
def test_it_is_closed_in_the_sandbox(closed_channels, sandbox, name):
    sent, found = closed_channels[name]
    assert sent.startswith(("SENT", "REFUSED"))
    if sandbox == "landlock" and name in OPEN_UNDER_LANDLOCK:
        assert found.startswith("SEEN"), "it is closed now: say so in the docs"
    else:
        assert found.startswith("NOTHING"), (sent, found)


def test_every_kernel_is_another_user(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make kernels other users")
    programs = {"one": ["import os; print(os.getuid())"], "other": ["import os; print(os.getuid())"]}
    (one,), (other,) = run_together(tmp_path, programs, {"ForkProvisioner": {"sandbox": "bubblewrap"}})
    assert int(one) != int(other)
    assert min(int(one), int(other)) > 2**16


# Honest work is as it was


def run_alone(folder: Path, *sources: str, **settings: dict) -> list[str]:
    return run_together(folder, {"alone": list(sources)}, {"ForkProvisioner": settings})[0]


@pytest.mark.parametrize("lock", ["flock", "lockf"])
def test_processes_of_one_notebook_exclude_each_other(tmp_path, lock):
    ask = f"import fcntl; fcntl.{lock}(open('data', 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    first, second = run_alone(
        tmp_path,
        f"import fcntl, subprocess, sys\nheld = open('data', 'w')\nfcntl.{lock}(held, fcntl.LOCK_EX)\n"
        f"other = [sys.executable, '-c', {ask!r}]\nprint(subprocess.run(other, capture_output=True).stderr.decode())",
        "held.close(); print(subprocess.run(other, capture_output=True).stderr.decode())",
    )
    assert "BlockingIOError" in first
    assert second == "\n"


def test_a_database_of_several_processes(tmp_path):
    write = "import sqlite3; sqlite3.connect('data', timeout=0).execute('insert into t values (2)')"
    first, second = run_alone(
        tmp_path,
        "import sqlite3, subprocess, sys\nbook = sqlite3.connect('data')\nbook.execute('create table t (x)')\n"
        "book.commit(); book.execute('insert into t values (1)')\n"
        f"other = [sys.executable, '-c', {write!r}]\nprint(subprocess.run(other, capture_output=True).stderr.decode())",
        "book.commit(); print(subprocess.run(other, capture_output=True).stderr.decode())",
    )
    assert "database is locked" in first
    assert second == "\n"


def test_changes_in_its_own_folder_can_be_watched(tmp_path):
    (seen,) = run_alone(
        tmp_path,
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nwatched = libc.inotify_init1(0)\n"
        "libc.inotify_add_watch(watched, b'.', 0x100)\nopen('new_file', 'w').close()\n"
        "print(b'new_file' in os.read(watched, 4096))",
    )
    assert seen == "True\n"


def test_devices_can_be_used(tmp_path):
    (printed,) = run_alone(
        tmp_path,
        "import os, subprocess\nfor mode in ('w', 'a', 'r+'): open('/dev/null', mode).write('x')\n"
        "subprocess.run('echo x > /dev/null; cat < /dev/null > /dev/full', shell=True, check=True)\n"
        "print(os.path.getsize('/dev/null'), open('/dev/zero', 'rb').read(2), len(open('/dev/urandom', 'rb').read(3)))",
    )
    assert printed == "0 b'\\x00\\x00' 3\n"


def test_a_library_that_is_loaded_is_known_by_its_other_names(tmp_path):
    look = """
        import ctypes, os, numpy
        loaded = {line.split(maxsplit=5)[5].strip() for line in open('/proc/self/maps') if '.so' in line}
        names = {name for path in loaded for name in (path, '/usr' + path, path.removeprefix('/usr'))}
        unknown = set()
        for name in filter(os.path.exists, names):
            try: ctypes.CDLL(os.path.realpath(name), mode=os.RTLD_NOLOAD)
            except OSError: unknown.add(os.path.basename(name).partition('.')[0])
        print(len(loaded) > 10, sorted(unknown))
    """
    found = {
        kind: run_alone(tmp_path, dedent(look), sandbox=kind, modules=["numpy"]) for kind in ("none", "bubblewrap")
    }
    assert found["bubblewrap"] == found["none"]
    assert found["none"][0].startswith("True")


def test_a_file_that_has_two_names_is_one_file(tmp_path):
    programs = [path for path in ("/bin/sh", "/lib64/ld-linux-x86-64.so.2") if os.path.exists(path)]
    pairs = [(path, f"/usr{path}") for path in programs if os.path.exists(f"/usr{path}")]
    (printed,) = run_alone(tmp_path, f"import os; print([os.path.samefile(*pair) for pair in {pairs}])")
    assert printed == f"{[os.path.samefile(*pair) for pair in pairs]}\n"


def test_visible_paths_may_have_any_name(tmp_path):
    shown = tmp_path / "a:b,c\\d e"
    (shown / "in").mkdir(parents=True)
    (shown / "in" / "table.csv").write_text("1,2")
    (tmp_path / "single,file").write_text("3,4")
    read = f"for path in {[str(shown / 'in' / 'table.csv'), str(tmp_path / 'single,file')]}: print(open(path).read())"
    (printed,) = run_alone(tmp_path, read, visible=[str(shown), str(tmp_path / "single,file")])
    assert printed == "1,2\n3,4\n"


def test_a_large_file_is_visible(tmp_path):
    (tmp_path / "large").write_bytes(bytes(100_000_000))
    read = f"import os; print(os.path.getsize({str(tmp_path / 'large')!r}))"
    assert run_alone(tmp_path, read, visible=[str(tmp_path / "large")]) == ["100000000\n"]


def test_the_engine_is_hidden_where_it_is_installed_in_the_environment(tmp_path):
    environment, folder = tmp_path / "environment", tmp_path / "folder"
    shutil.copytree(Path(autograder.__file__).parent, environment / "autograder")
    folder.mkdir()
    look = (
        "import autograder, os; print(sorted(os.listdir(autograder.__path__[0]))); import autograder.kernels.supervisor"
    )
    program = f"""
        import nbformat, sys
        from pathlib import Path
        from traitlets.config import Config
        from autograder.execution.notebook import run_notebook
        cell = nbformat.v4.new_code_cell({look!r})
        config = Config({{"ForkProvisioner": {{"visible": [sys.argv[1]]}}}})
        run_notebook(nbformat.v4.new_notebook(cells=[cell]), Path(sys.argv[2]), config)
        print(*(output.get("text", output) for output in cell.outputs))
    """
    run = subprocess.run(
        [sys.executable, "-c", dedent(program), environment, folder],
        env={**os.environ, "PYTHONPATH": str(environment)},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "['__init__.py', 'faults.py', 'judge', 'kernels', 'sandbox']\n\n", run.stderr
