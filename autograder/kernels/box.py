"""Shut one kernel in alone: its own processes, network, users and files, in what bubblewrap has left to see."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from autograder.kernels import MESSAGE, linux
from autograder.kernels.limits import OPEN_FILES
from autograder.kernels.sandbox import CHANNELS, HOME, STAGE

_USER = 65533  # who a kernel is when root grades: somebody who owns nothing
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_BYTES_PER_FILE = 2**14  # there may be one file for so many bytes of disk
_SPARE_PROCESSES = 64  # the watch finds out first, and says so


def separate(parent: socket.socket) -> None:
    """Leave every namespace of the warm process; it answers on ``parent`` once `admit` is done."""
    user, group = _ids()
    linux.unshare(linux.NAMESPACES)
    linux.set_dumpable(True)  # or its files in /proc would be nobody's
    parent.send(b"?")
    if problem := parent.recv(MESSAGE).decode():
        raise OSError(problem)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    linux.set_dumpable(True)


def admit(child: socket.socket, pid: int) -> None:
    """In the parent of a process that is in `separate`: say who its user is outside."""
    if not child.recv(1):
        return
    user, group = _ids()
    maps = {"setgroups": "deny", "gid_map": f"{group} {group} 1", "uid_map": f"{user} {user} 1"}
    try:
        for name, text in maps.items():
            Path(f"/proc/{pid}/{name}").write_text(text)
    except OSError as error:
        child.send(str(error).encode())
    child.shutdown(socket.SHUT_WR)


def build(view: list[str], cwd: str, disk: int) -> None:
    """Make a root of this process's own, in which ``view`` can be read.

    ``cwd``, home, /tmp and /dev/shm are there, share ``disk`` bytes, and vanish with the last process.
    """
    linux.mount(None, "/", flags=linux.RECURSIVE | linux.PRIVATE)
    plain = linux.NO_SUID | linux.NO_DEVICES
    linux.mount("tmpfs", STAGE, "tmpfs", plain, "size=1m,mode=755")
    files = f"{STAGE}/.files"
    os.mkdir(files)
    linux.mount("tmpfs", files, "tmpfs", plain, f"size={disk},nr_inodes={disk // _BYTES_PER_FILE},mode=755")
    _make_devices()
    for number, place in enumerate(("/tmp", "/dev/shm", HOME, CHANNELS)):
        _bind(_make_folder(f"{files}/{number}"), STAGE + place)
    os.chmod(f"{STAGE}/tmp", 0o1777)
    shutil.copytree(HOME, STAGE + HOME, symlinks=True, dirs_exist_ok=True)
    _write_settings()
    _bind(_make_folder(f"{files}/work"), STAGE + cwd)
    for path in view:  # some may lie in the folder
        _bind(path, STAGE + path)
    linux.unmount(files)
    os.rmdir(files)
    _bind("/proc", f"{STAGE}/proc")  # Linux mounts none where none is to be seen; `lock` covers it with our own
    linux.mount(None, STAGE, flags=linux.REMOUNT | linux.BIND | linux.READ_ONLY | plain)
    linux.pivot_root(STAGE)
    _start_loopback()


def start_first_process() -> subprocess.Popen:
    """Start the process whose end ends all others in here. It ends with this one, and buries whose parents are gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # inherited: Linux buries them
    first = subprocess.Popen(
        ["/bin/cat"],  # waits for this process to close the pipe
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        start_new_session=True,
    )
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return first


def lock(limits: dict[str, int], cores: list[int]) -> None:
    """In the second process: see only what runs in here, accept the limits and give up every privilege."""
    linux.mount("proc", "/proc", "proc", linux.NO_SUID | linux.NO_DEVICES)
    Path("/proc/self/oom_score_adj").write_text("1000")  # before anything else of this machine
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for buffer in ("tcp_rmem", "tcp_wmem"):  # their memory is counted nowhere
        Path(f"/proc/sys/net/ipv4/{buffer}").write_text("4096 65536 131072")
    if cores:
        os.sched_setaffinity(0, cores)
    private = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) * 1024
    _limit(resource.RLIMIT_DATA, private + limits["memory"])
    _limit(resource.RLIMIT_FSIZE, limits["disk"])
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    version = re.match(r"(\d+)\.(\d+)", platform.release())
    if tuple(map(int, version.groups())) >= (5, 14):  # before, it counted all processes of the user
        _limit(resource.RLIMIT_NPROC, limits["processes"] + _SPARE_PROCESSES)
    linux.drop_privileges()
    linux.forbid_system_calls()
    linux.set_dumpable(True)


def _ids() -> tuple[int, int]:
    return (_USER, _USER) if os.geteuid() == 0 else (os.getuid(), os.getgid())


def _make_folder(path: str) -> str:
    os.makedirs(path, exist_ok=True)
    return path


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        _make_folder(target)
    elif not os.path.exists(target):
        _make_folder(os.path.dirname(target))
        Path(target).touch()
    linux.mount(source, target, flags=linux.BIND | linux.RECURSIVE)


def _make_devices() -> None:
    devices = _make_folder(f"{STAGE}/dev")
    for name in _DEVICES:
        _bind(f"/dev/{name}", f"{devices}/{name}")
    for name, target in _LINKS.items():
        os.symlink(target, f"{devices}/{name}")
    terminals = _make_folder(f"{devices}/pts")
    linux.mount("devpts", terminals, "devpts", linux.NO_SUID, "newinstance,ptmxmode=0666,mode=620")


def _write_settings() -> None:
    user, group, name = os.getuid(), os.getgid(), os.path.basename(HOME)
    folder = Path(_make_folder(f"{STAGE}/etc"))
    (folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\n{name}:x:{user}:{group}::{HOME}:/bin/sh\n")
    (folder / "group").write_text(f"root:x:0:\n{name}:x:{group}:\n")
    (folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")


def _start_loopback() -> None:
    up_and_running, set_flags = 0x41, 0x8914
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", b"lo", up_and_running))


def _limit(which: int, value: int) -> None:
    _, most = resource.getrlimit(which)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(which, (value, value))


def prepare() -> None:
    """Once, in the process that bubblewrap starts: make ready for `separate` in its children."""
    if os.geteuid() == 0:
        os.setgroups([])
        # bubblewrap's own has parts covered when root starts it, and Linux gives no other one to whom it hides parts.
        linux.mount("proc", "/proc", "proc")


def _try_out(view: list[str]) -> None:
    """Go through all of it once; whatever does not work here raises `OSError`."""
    prepare()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        admit(ours, pid)
        _, status = os.waitpid(pid, 0)
        sys.exit(os.waitstatus_to_exitcode(status) != 0)
    separate(theirs)
    build(view, "/tmp/folder", 2**20)
    first = start_first_process()
    second = os.fork()
    if second == 0:
        lock({"memory": 2**30, "disk": 2**20, "processes": 8}, [])
        subprocess.run([sys.executable, "-c", ""], check=True)
        os._exit(0)
    _, status = os.waitpid(second, 0)
    first.kill()
    sys.exit(status != 0)


if __name__ == "__main__":
    _try_out(json.loads(sys.argv[1]))
