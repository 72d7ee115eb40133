"""What Landlock itself does not close: each way works without a sandbox, and not in the sandbox that is made with it.

The notebook has the same user, processes and network around it as the grader. So this is about what belongs to the
grader or to another notebook and could be reached from there.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import psutil
import pytest

from autograder.sandbox import domain, landlock, syscalls
from autograder.sandbox.limits import OPEN_FILES
from tests.engine.attacks.case import REFUSED
from tests.engine.attacks.suite import CASES
from tests.engine.kernel_support import run_cells, wait_until
from tests.engine.test_isolation import OPEN_UNDER_LANDLOCK
from tests.support import DOCS

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
    pytest.mark.skipif(landlock.find_obstacle() is not None, reason=f"no Landlock: {landlock.find_obstacle()}"),
]

PRELUDE = """
import ctypes, fcntl, os, pathlib, resource, signal, socket, stat, struct, subprocess, sys, termios
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_long
FOLDER, VICTIM, PORT, MEMORY, TERMINAL = {folder!r}, {victim}, {port}, {memory}, {terminal!r}
FILE = FOLDER + '/file'
def call(function, *arguments):
    result = function(*arguments)
    if result == -1: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""
TRY = """
try:
{code}
    print('DONE')
except OSError as error:
    print('REFUSED', error)
"""


@dataclass
class Surroundings:
    """What is around a notebook.

    Attributes
    ----------
    folder : str
        A folder of the grader's, with a file in it, and a socket.
    victim : int
        A process of the grader's, with a secret in its environment.
    port : int
        Where another program listens, at 127.0.0.1 only.
    memory : int
        Shared memory of System V.
    terminal : str
        The terminal of somebody.
    """

    folder: str
    victim: int
    port: int
    memory: int
    terminal: str


@pytest.fixture(scope="module")
def around():
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(["sleep", "1000"], env={"SECRET": "canary"}) as victim,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as door,
    ):
        (Path(folder) / "file").write_text("canary")
        door.bind(f"{folder}/door")
        for each in (server, door):
            each.listen()
        ours, terminal = os.openpty()
        libc = ctypes.CDLL(None)
        memory = libc.shmget(0, 4096, 0o1600)
        yield Surroundings(folder, victim.pid, server.getsockname()[1], memory, os.ttyname(terminal))
        libc.shmctl(memory, 0, 0)
        os.close(ours)
        os.close(terminal)
        victim.kill()


# By name; each leaves the surroundings so that the others can be tried, too.
WAYS = {
    "read_a_file": "open(FILE).read()",
    "change_the_rights_of_a_file": "os.chmod(FILE, 0o640)",
    "change_the_rights_of_a_file_by_a_link": "os.symlink(FILE, 'link'); os.chmod('link', 0o640)",
    "change_the_rights_of_a_file_beside": "os.chmod(os.path.relpath(FILE), 0o640)",
    "change_the_times_of_a_file": "os.utime(FILE, (1, 1))",
    "change_the_times_of_a_library": "os.utime(os.open(os.__file__, os.O_RDONLY))",
    "change_the_owner_of_a_file": "os.chown(FILE, os.getuid(), os.getgid())",
    "label_a_file": "os.setxattr(FILE, 'user.note', b'x'); os.removexattr(FILE, 'user.note')",
    "link_a_file": "os.link(FILE, FOLDER + '/linked'); os.unlink(FOLDER + '/linked')",
    "watch_a_folder": "call(libc.inotify_add_watch, call(libc.inotify_init), FOLDER.encode(), 0x100)",
    "lock_a_library": "fcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "lock_a_part_of_a_library": "fcntl.lockf(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB, 1)",
    "connect_to_a_socket": "socket.socket(socket.AF_UNIX).connect(FOLDER + '/door')",
    "connect_to_a_socket_by_a_link": "os.symlink(FOLDER, 'way'); socket.socket(socket.AF_UNIX).connect('way/door')",
    "connect_to_a_port": "socket.create_connection(('127.0.0.1', PORT))",
    "connect_to_a_port_with_a_server_of_its_own_beside": """
        beside = socket.create_server(('::1', PORT), family=socket.AF_INET6)
        try: socket.create_connection(('127.0.0.1', PORT))
        finally: beside.close()
    """,
    "connect_while_sending": """
        sender = socket.socket()
        call(libc.sendto, sender.fileno(), b'x', 1, 0x20000000,
             struct.pack('=H', 2) + struct.pack('!H', PORT) + bytes([127, 0, 0, 1]) + bytes(8), 16)
    """,
    "send_by_udp": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "send_by_a_pair_of_sockets": """
        one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); inbox.bind('inbox')
        one.sendto(b'x', 'inbox')
    """,
    "listen_to_the_world": """
        server = socket.create_server(('', 0))
        if server.getsockname()[0] == '127.0.0.1': raise OSError('to this machine only')
    """,
    "listen_without_an_address": "socket.socket().listen()",
    "send_a_signal": "os.kill(VICTIM, 0)",
    "trace": "call(libc.ptrace, 16, VICTIM, 0, 0); os.waitpid(VICTIM, 0x40000000); call(libc.ptrace, 17, VICTIM, 0, 0)",
    "read_an_environment": "pathlib.Path(f'/proc/{VICTIM}/environ').read_bytes()",
    "read_a_command_line": "pathlib.Path(f'/proc/{VICTIM}/cmdline').read_bytes()",
    "read_memory": "open(f'/proc/{VICTIM}/mem', 'rb').close()",
    "list_the_sockets_of_the_machine": "open('/proc/net/unix').read()",
    "list_the_sockets_by_its_own_process": "open('/proc/self/net/unix').read()",
    "list_the_sockets_by_its_own_thread": "open(f'/proc/self/task/{os.getpid()}/net/unix').read()",
    "list_open_files": "os.listdir(f'/proc/{VICTIM}/fd')",
    "read_by_the_root_of_another": "open(f'/proc/{VICTIM}/root{FILE}').read()",
    "read_by_its_own_root": "open(f'/proc/self/root{FILE}').read()",
    "read_by_the_root_of_a_child": """
        child = subprocess.Popen(['sleep', '5'])
        try: open(f'/proc/{child.pid}/root{FILE}').read()
        finally: child.kill(); child.wait()
    """,
    "read_by_its_own_folder": "open('/proc/self/cwd/' + os.path.relpath(FILE)).read()",
    "limit_another_process": "resource.prlimit(VICTIM, resource.RLIMIT_CORE, (0, 0))",
    "slow_another_process_down": "os.setpriority(os.PRIO_PROCESS, VICTIM, os.getpriority(os.PRIO_PROCESS, VICTIM))",
    "slow_all_processes_down": "os.setpriority(os.PRIO_USER, 0, os.getpriority(os.PRIO_PROCESS, 0))",
    "schedule_another_process": "os.sched_setscheduler(VICTIM, os.SCHED_OTHER, os.sched_param(0))",
    "attach_shared_memory": "call(libc.shmat, MEMORY, 0, 0)",
    "open_a_message_queue": """
        name = f'/test-{os.getpid()}'.encode()
        call(libc.mq_open, name, 0o102, 0o600, None); call(libc.mq_unlink, name)
    """,
    "make_a_file_in_shared_memory": """
        path = f'/dev/shm/../shm/x{os.getpid()}'
        open(path, 'w').close(); os.unlink(path)
    """,
    "list_shared_memory": "os.listdir('/dev/shm')",
    "write_on_a_terminal": "os.write(os.open(TERMINAL, os.O_WRONLY | os.O_NOCTTY), b'')",
    "remove_a_folder": "os.mkdir(FOLDER + '/new'); os.rmdir(FOLDER + '/new')",
    "run_a_program_of_its_own_in_tmp": """
        path = pathlib.Path(f'/tmp/program-{os.getpid()}'); path.write_text('#!/bin/sh'); path.chmod(0o700)
        try: subprocess.run([path], check=True)
        finally: path.unlink()
    """,
}


def try_all(around: Surroundings, folder: Path, sandbox: str) -> dict[str, str]:
    """Try all ways in one notebook, and return what it prints for each of them."""
    folder.mkdir()
    cells = [TRY.format(code=indent(dedent(code).strip(), "    ")) for code in WAYS.values()]
    stopped, shown = run_cells(folder, PRELUDE.format(**vars(around)), *cells, ForkProvisioner={"sandbox": sandbox})
    assert not stopped
    return dict(zip(WAYS, shown[1:], strict=True))


@pytest.fixture(scope="module")
def freely(around, tmp_path_factory):
    Path(around.folder, "file").chmod(0o600)
    return try_all(around, tmp_path_factory.mktemp("free") / "work", "none")


@pytest.fixture(scope="module")
def confined(freely, around, tmp_path_factory):
    return try_all(around, tmp_path_factory.mktemp("confined") / "work", "landlock")


@pytest.mark.parametrize("way", WAYS)
def test_it_works_without_a_sandbox(freely, way):
    if way == "change_the_owner_of_a_file" or freely[way].startswith("REFUSED [Errno 95]"):
        pytest.skip("this file system has no such labels")
    assert freely[way] == "DONE\n"


@pytest.mark.parametrize("way", WAYS)
def test_it_is_closed_under_landlock(confined, way):
    assert confined[way].startswith("REFUSED"), confined[way]


# The page that says so


def test_the_page_counts_what_is_held_less_and_names_every_open_channel():
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    section = page.partition("## Without namespaces")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert f"It holds less than bubblewrap in {len(rows)} ways" in section
    assert all(f"`{name}`" in section for name in OPEN_UNDER_LANDLOCK)
    otherwise = {case.name for case in CASES if case.landlock and case.landlock is not REFUSED}
    assert otherwise == {name for row in rows for name in re.findall(r"`(\w+)`", row)} & {case.name for case in CASES}


# Processes


def test_no_process_of_the_engine_can_be_reached(tmp_path):
    """The supervisor, the reaper, the fork server and the grader are processes of the same user, as a judge is."""
    look = """
        import os, signal
        reached = set()
        ours = {os.getpid(), *map(int, os.listdir('/proc'))}
        ours |= {int(task) for task in os.listdir('/proc/self/task')}
        others = [pid for pid in range(2, 40_000) if pid not in ours and os.path.exists(f'/proc/{pid}')]
        for pid in others:
            for way in (lambda: os.kill(pid, 0), lambda: open(f'/proc/{pid}/mem', 'rb'),
                        lambda: open(f'/proc/{pid}/cmdline'), lambda: os.listdir(f'/proc/{pid}/fd')):
                try: way()
                except OSError: pass
                else: reached.add(pid)
        print(len(others) > 3, sorted(reached))
    """
    stopped, (shown,) = run_cells(tmp_path, dedent(look), ForkProvisioner={"sandbox": "landlock"})
    assert (stopped, shown) == ("", "True []\n")


def test_its_own_processes_can_be_seen_and_ended(tmp_path):
    look = """
        import os, subprocess
        child = subprocess.Popen(['sleep', '1000'])
        print(sorted(map(int, os.listdir('/proc'))) == sorted([os.getpid(), child.pid]))
        print(open(f'/proc/{child.pid}/cmdline').read().split(chr(0))[0])
        child.kill()
        print(child.wait())
    """
    _, (shown,) = run_cells(tmp_path, dedent(look), ForkProvisioner={"sandbox": "landlock"})
    assert shown.split() == ["True", "sleep", "-9"]


# What it shows


def test_of_the_engine_only_its_own_part_is_visible_also_by_the_links_to_where_it_is_installed(tmp_path, monkeypatch):
    engine, beside = (tmp_path / "lib" / "site-packages" / name for name in ("autograder", "numpy"))
    for folder in (engine, beside):
        folder.mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    (tmp_path / "whole").symlink_to(tmp_path)
    monkeypatch.setattr(landlock, "ENGINE", str(engine))
    rights = landlock._readable([str(tmp_path), str(tmp_path / "whole")])
    shown = [Path(path).resolve() for path, right in rights.items() if right == domain.RUN]
    assert beside in shown
    assert not [path for path in shown if engine.is_relative_to(path)]


# Its end


SUPERVISED = """
import os, subprocess
open('here', 'w').write(os.getcwd())
subprocess.run(['sleep', '98765.7777'], start_new_session=True)
"""


def test_everything_ends_if_the_supervisor_is_killed(tmp_path):
    done = threading.Event()

    def run() -> None:
        with pytest.raises(Exception, match="ended|died|closed"):
            run_cells(tmp_path, SUPERVISED, ForkProvisioner={"sandbox": "landlock"})
        done.set()

    runner = threading.Thread(target=run)
    runner.start()
    assert wait_until(lambda: sleepers())
    (sleeper,) = sleepers()
    kernel = sleeper.parent()
    private = Path(kernel.cwd()).parents[1]
    assert private.is_dir()
    kernel.parent().kill()
    assert wait_until(lambda: not sleepers() and not private.exists())
    runner.join()
    assert done.is_set()


def test_a_run_leaves_no_zombie_to_the_first_process_of_a_container(tmp_path):
    syscalls._call("prctl", 36, 1, 0, 0, 0)  # for a moment this process is the one that gets orphans
    try:
        run_cells(tmp_path, "1", ForkProvisioner={"sandbox": "landlock"})
        time.sleep(0.5)
        left = [process for process in psutil.Process().children() if process.status() == psutil.STATUS_ZOMBIE]
        assert not [process for process in left if process.name() in ("rm", "sh")]
    finally:
        syscalls._call("prctl", 36, 0, 0, 0, 0)


def sleepers() -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if "98765.7777" in (process.info["cmdline"] or [])]


def test_a_program_that_forks_away_from_its_end_does_not_outlive_it(tmp_path):
    flee = """
        import os
        if os.fork() == 0:
            while True:  # a new process each time, whose parent has ended
                if os.fork(): os._exit(0)
                os.setsid()
    """
    before = set(psutil.Process().children(recursive=True))  # of other tests, whose processes may still be ending
    stopped, _ = run_cells(tmp_path, dedent(flee), "print('more')", ForkProvisioner={"sandbox": "landlock"})
    assert not stopped
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in left if is_confined(process)]


def is_confined(process: psutil.Process) -> bool:
    """Return whether a process has the limit of open files that notebooks have."""
    try:
        return process.rlimit(psutil.RLIMIT_NOFILE)[0] == OPEN_FILES
    except psutil.NoSuchProcess:
        return False
