"""The sandbox of submissions where Linux allows no namespaces, as in most containers: Landlock and system call filters.

It needs no privileges. But a notebook sees the machine as the grader does: the same files, processes, user and network.
Each of these is closed by a means of its own:

- Landlock (`autograder.sandbox.domain`) keeps it from all files but those that are visible and its own, from TCP, and
  from sending signals to other processes or examining them.
- Filters (`autograder.sandbox.seccomp`) refuse what Landlock knows nothing of.
- The broker (`autograder.sandbox.broker`) does what is harmless for this one notebook only, such as to connect it with
  its own server, and counts its processes.
- The reaper (`autograder.sandbox.reaper`) ends all its processes.
- The usage monitor measures its files (`autograder.sandbox.storage`) as it measures memory.

The kernel works in a folder of its own below the system's folder for temporary files, because no file system can be
mounted over the real one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, ClassVar

from autograder.sandbox import domain, reaper, seccomp, storage, syscalls, transfer
from autograder.sandbox.base import Obstacle, Place
from autograder.sandbox.broker import Broker
from autograder.sandbox.limits import SPARE_PROCESSES
from autograder.sandbox.resources import keep_on_core, limit_process
from autograder.sandbox.view import ENGINE, OWN, environment, view

_DEVICES = ("null", "zero", "full", "random", "urandom")
_TERMINALS = ("tty", "ptmx")
# Of /proc a notebook has these files, which name no process. Its own processes are the broker's matter.
_PROC = (
    "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version",
    "sys/kernel/cap_last_cap", "sys/kernel/osrelease", "sys/kernel/pid_max", "sys/vm/max_map_count",
    "sys/vm/overcommit_memory",
)  # fmt: skip
# Libraries look there for the cores and the memory that they may use. They see that the files exist, and read them.
_CGROUP = (
    "cpu.max", "memory.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "memory/memory.limit_in_bytes",
)  # fmt: skip
_FOLDERS = ("work", "home", "tmp", "run")


class LandlockSandbox:
    """The grader's side; see `autograder.sandbox.base.Sandbox`."""

    confines: ClassVar[bool] = True

    def __init__(self, modules: Iterable[str] = (), visible: Iterable[str] = ()):
        self.view = view(modules, visible)

    def find_obstacle(self) -> Obstacle | None:
        """Return why Landlock or the filters do not work here, if they do not."""
        return find_obstacle()

    def command(self) -> list[str]:
        """Return no words: processes confine themselves."""
        return []

    def environment(self, env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
        """Return the variables that hold no secrets, and those that match a pattern."""
        return {**environment(env, patterns), "TMPDIR": tempfile.gettempdir()}

    def refuse(self, folder: str) -> None:
        """Raise `RuntimeError` if other notebooks could read the folder, or the one in which the kernel will work."""
        for path in self.view:
            for private in (folder, tempfile.gettempdir()):
                if Path(private).is_relative_to(path):
                    raise RuntimeError(f"{private} lies in {path}, which every sandbox shows: use another folder")

    def place(self, folder: str) -> str:
        """Return the folder itself: another one is made for each kernel, by `LandlockConfinement.enter`."""
        return folder

    def pack(self, folder: Path, archive: BinaryIO, limit: int) -> None:
        """Write all files of the folder but those that are visible anyway."""
        transfer.pack(folder, archive, limit, without=self.view)
        archive.flush()


class LandlockConfinement:
    """The other side; see `autograder.sandbox.base.Confinement`."""

    def __init__(self, view: list[str]):
        self._view = view
        # IPython makes folders in its home when the fork server prepares kernels. They only have to exist later.
        os.environ["HOME"] = home = tempfile.mkdtemp(prefix="autograder-")
        atexit.register(_remove_home, home, os.getpid())

    def prepare(self) -> None:
        """Have the fork server become the parent of reapers: PID 1 of a container may not know of such children."""
        syscalls.adopt_orphans()

    def admit(self, child: socket.socket, pid: int) -> None:
        """Do nothing."""

    def enter(self, parent: socket.socket, folder: Path, inbox: int, limits: dict[str, int]) -> Place:
        """Make the private folders, and unpack the files there."""
        syscalls.adopt_orphans()
        self._limits = limits
        self._private = Path(tempfile.mkdtemp(prefix="autograder-")).resolve()
        self._files, self._memory, self._listing = (self._private / name for name in ("files", "memory", "processes"))
        for path in (self._files, self._memory, self._listing, *(self._files / name for name in _FOLDERS)):
            path.mkdir()
        self.socket_prefix = f"{self._files}/run/kernel"
        self._leash, self._reapers_end = socket.socketpair()
        self._questions, self._kernels_end = socket.socketpair()
        work = self._files / "work"
        with open(inbox, "rb") as archive:
            transfer.unpack(archive, work)
        self._snapshot = transfer.take_snapshot(work)
        temporary = f"{self._files}/tmp"
        # joblib would take /dev/shm, where no folder can be made.
        return Place(work, {"HOME": f"{self._files}/home", "TMPDIR": temporary, "JOBLIB_TEMP_FOLDER": temporary})

    def confine(self, limits: dict[str, int]) -> None:
        """Give up every privilege, and enter a domain of its own."""
        syscalls.drop_privileges()
        reaper.start(self._reapers_end, self._private)
        limit_process(limits)
        syscalls.set_dumpable(True)  # or /proc/self would belong to root, and the supervisor could not read it
        domain.enter(self._paths())
        listener = seccomp.forbid_and_ask()
        socket.send_fds(self._kernels_end, [b"!"], [listener])
        os.close(listener)
        tempfile.tempdir = None  # it is that of the fork server; the environment names another one

    def serve(self, kernel: int) -> None:
        """Start the broker."""
        self._kernel = kernel
        self._kernels_end.close()
        self._reapers_end.close()
        # The reaper is a descendant of this process, and none of the notebook's.
        self._reaper = int(self._leash.recv(32) or 0)
        threading.Thread(target=self._answer, daemon=True).start()

    def processes(self) -> list[int]:
        """Return all descendants of this process but the reaper; those that nobody waits for are reaped before."""
        self._reap()
        return list(_descendants(os.getpid(), self._reaper))

    def stored(self) -> int:
        """Return the bytes of all files of the notebook."""
        return storage.measure(self._private, self.processes())

    def assign_core(self, kernel: int, core: int) -> None:
        """Move every thread of the kernel process to the core; processes and threads that they start inherit it."""
        keep_on_core(lambda: _threads(kernel), core)

    def kill(self) -> None:
        """Have the reaper end every process of the domain."""
        with contextlib.suppress(OSError):  # it has ended
            self._leash.send(b"!")

    def wait(self) -> None:
        """Wait until this process has no descendants but the reaper."""
        # While processes end, Linux may leave one out of its list: only two empty ones in succession are believed.
        empty = 0
        while empty < 2:
            empty = 0 if self.processes() else empty + 1
            time.sleep(0.002)

    def save(self, outbox: int, limit: int) -> None:
        """Write what differs from the files that were unpacked."""
        with open(outbox, "wb") as archive:
            transfer.pack(self._files / "work", archive, limit, self._snapshot)

    def _paths(self) -> dict[str, int]:
        return {
            **_readable(self._view),
            **dict.fromkeys((f"/dev/{name}" for name in _DEVICES), domain.WRITE_DEVICE),
            **dict.fromkeys((f"/dev/{name}" for name in _TERMINALS), domain.USE_TERMINAL),
            **dict.fromkeys((f"/proc/{name}" for name in _PROC), domain.READ),
            **dict.fromkeys((f"/sys/fs/cgroup/{name}" for name in _CGROUP), domain.READ),
            "/etc/hosts": domain.READ,
            str(self._files): domain.OWN,
        }

    def _answer(self) -> None:
        _, files, _, _ = socket.recv_fds(self._questions, 1, 1)
        if files:
            Broker(files[0], self._files, self._memory, self._listing, self.processes, self._spare).serve()

    def _spare(self) -> int:
        used = sum(len(_threads(process)) for process in self.processes())
        return self._limits["processes"] + SPARE_PROCESSES - used

    def _reap(self) -> None:
        for child in _children(os.getpid()):
            if child not in (self._kernel, self._reaper):
                with contextlib.suppress(ChildProcessError):  # another thread has reaped it
                    os.waitpid(child, os.WNOHANG)


def find_obstacle() -> Obstacle | None:
    """Try the sandbox out and return what is in the way, if anything."""
    if sys.platform != "linux":
        return Obstacle("the sandbox needs Linux", "grade on a Linux machine")
    if not seccomp.is_known_machine():
        return Obstacle("Landlock is used on x86-64 and ARM machines only", "grade on one of these")
    version = domain.version()
    if version < 0:
        return Obstacle("Landlock is switched off", "start Linux with landlock in its parameter lsm=")
    if version < domain.NEEDED:
        here = f"has version {version} of Landlock" if version else "has no Landlock"
        return Obstacle(f"Linux {here} here, and version {domain.NEEDED} is needed", "use Linux 6.12 or later")
    trial = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.sandbox.landlock", json.dumps(view([]))],
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if trial.returncode == 0:
        return None
    reason = (trial.stderr.strip().splitlines() or ["it does not start"])[-1]
    return Obstacle(f"Landlock does not work here ({reason})", "have the container allow seccomp and Landlock")


def _remove_home(home: str, owner: int) -> None:
    if os.getpid() == owner:  # forked processes end with the same functions
        shutil.rmtree(home, ignore_errors=True)


def _readable(paths: list[str]) -> dict[str, int]:
    """Return the rights to what is visible.

    Rights to a folder are rights to all that is in it. Where the engine lies in one that is visible, that is replaced
    by what lies beside the engine: names can be listed then, but of the engine only the part that runs here is read.
    """
    rights = dict.fromkeys(OWN, domain.RUN)
    for path in set(paths) - set(OWN):
        if not _holds_engine(path):
            rights[path] = domain.RUN
            continue
        rights[path] = domain.LIST
        rights |= dict.fromkeys(_beside_engine(path), domain.RUN)
    return rights


def _beside_engine(path: str) -> Iterator[str]:
    """Yield everything in a folder except for the engine, and the folders in which that lies."""
    if os.path.realpath(path) != os.path.realpath(ENGINE):
        for entry in os.scandir(path):
            if not _holds_engine(entry.path):
                yield entry.path
            elif not entry.is_symlink():  # a link to one of these folders, as lib64 is, needs no right of its own
                yield from _beside_engine(entry.path)


def _holds_engine(path: str) -> bool:
    """Return whether the engine lies in a folder, or in the one that a link leads to."""
    return Path(os.path.realpath(ENGINE)).is_relative_to(os.path.realpath(path))


def _descendants(process: int, without: int) -> Iterator[int]:
    unseen = [process]
    while unseen:
        children = [child for child in _children(unseen.pop()) if child != without]
        yield from children
        unseen += children


def _children(process: int) -> Iterator[int]:
    for thread in _threads(process):
        with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/children") as children:
            yield from map(int, children.read().split())


def _threads(process: int) -> set[int]:
    try:
        return {int(thread) for thread in os.listdir(f"/proc/{process}/task")}
    except OSError:  # it has ended
        return set()


_TRIAL = """
import multiprocessing, os, sys
multiprocessing.Lock()
try: os.listdir(sys.argv[1])
except PermissionError: pass
else: sys.exit('files can be seen that must not be')
"""


def _try() -> None:
    """Confine one process and have it start Python; whatever does not work here raises an error or prints it."""
    confinement = LandlockConfinement(json.loads(sys.argv[1]))
    limits = {"memory": 2**30, "disk": 2**24, "processes": 16}
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as inbox, ours:
        transfer.pack(Path("/nowhere"), inbox, 0)
        inbox.flush()
        place = confinement.enter(theirs, Path("/nowhere"), os.dup(inbox.fileno()), limits)
    kernel = os.fork()
    if kernel == 0:
        confinement.confine(limits)
        os.chdir(place.folder)
        os._exit(subprocess.run([sys.executable, "-c", _TRIAL, "/"]).returncode)
    confinement.serve(kernel)
    if kernel not in confinement.processes():
        sys.exit("Linux lists no children of processes")
    _, status = os.waitpid(kernel, 0)
    confinement.kill()
    confinement.wait()
    sys.exit(status != 0)


if __name__ == "__main__":
    _try()
