"""The sandbox of submissions: bubblewrap around the fork server, and namespaces of its own for every kernel.

`autograder.sandbox.namespaces` says why it takes both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, ClassVar

from autograder.sandbox import namespaces, transfer
from autograder.sandbox.base import Obstacle, Place
from autograder.sandbox.resources import keep_on_core
from autograder.sandbox.view import CHANNELS, ENGINE, HOME, OWN, STAGE, environment, lies_in, view

# Of all capabilities of root, the fork server keeps those that it needs to give kernels their namespaces: to mount
# and unshare, to become the kernel's user, and to end its processes.
_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "KILL")
_SUBMISSION = "submission"  # the name of every submission's folder, as its notebooks see it
_FREE_NAMESPACES = {"kernel.apparmor_restrict_unprivileged_userns": "0", "kernel.unprivileged_userns_clone": "1"}


class BubblewrapSandbox:
    """The grader's side; see `autograder.sandbox.base.Sandbox`."""

    confines: ClassVar[bool] = True

    def __init__(self, modules: Iterable[str] = (), visible: Iterable[str] = ()):
        self.view = view(modules, visible)

    def find_obstacle(self) -> Obstacle | None:
        """Return why bubblewrap or namespaces do not work here, if they do not."""
        return find_obstacle()

    def command(self) -> list[str]:
        """Return the bubblewrap command."""
        return command(self.view)

    def environment(self, env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
        """Return the variables that hold no secrets, and those that match a pattern."""
        return environment(env, patterns)

    def refuse(self, folder: str) -> None:
        """Raise `RuntimeError` if other notebooks could read the folder."""
        for path in self.view:
            if lies_in(folder, path):
                raise RuntimeError(f"{folder} lies in {path}, which every sandbox shows: move the notebooks elsewhere")

    def place(self, folder: str) -> str:
        """Return the same path for all submissions of an assignment, so that their judges can share a sandbox.

        A folder in which something lies that every sandbox shows, such as a Python environment, keeps its path.
        """
        shows = any(lies_in(path, folder) for path in self.view)
        return folder if shows else str(Path(folder).with_name(_SUBMISSION))

    def pack(self, folder: Path, archive: BinaryIO, limit: int) -> None:
        """Write all files of the folder but those that are visible anyway."""
        transfer.pack(folder, archive, limit, without=self.view)
        archive.flush()


class BubblewrapConfinement:
    """The other side; see `autograder.sandbox.base.Confinement`."""

    socket_prefix = f"{CHANNELS}/kernel"

    def __init__(self, view: list[str]):
        self._view = view

    def prepare(self) -> None:
        """Prepare the fork server."""
        namespaces.prepare()

    def admit(self, child: socket.socket, pid: int) -> None:
        """Map the kernel's user into the namespace of ``pid``."""
        namespaces.map_ids(child, pid)

    def enter(self, parent: socket.socket, folder: Path, inbox: int, limits: dict[str, int]) -> Place:
        """Move the supervisor to new namespaces, and unpack the files there."""
        namespaces.unshare_namespaces(parent)
        namespaces.build_root(self._view, str(folder), limits["disk"])
        # The kernel will mount its own /proc over this one, which lists processes by their numbers outside.
        self._outer_proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        with open(inbox, "rb") as archive:
            transfer.unpack(archive, folder)
        namespaces.limit_files(str(folder), limits["disk"])
        self._folder, self._snapshot = folder, transfer.take_snapshot(folder)
        self._init = namespaces.start_init()
        return Place(folder, {})

    def confine(self, limits: dict[str, int]) -> None:
        """Give up every privilege."""
        namespaces.confine(limits)

    def serve(self, kernel: int) -> None:
        """Do nothing: the notebook asks for nothing."""

    def processes(self) -> Iterable[int]:
        """Return all processes in the PID namespace but its PID 1, which is no process of the notebook."""
        return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and pid != "1"]

    def stored(self) -> int:
        """Return nothing: the file system of the kernel has a size."""
        return 0

    def assign_core(self, kernel: int, core: int) -> None:
        """Move every thread of the kernel process to the core; processes and threads that they start inherit it."""
        keep_on_core(partial(self._threads, kernel), core)

    def kill(self) -> None:
        """End PID 1, and with it every process of the namespace."""
        self._init.kill()

    def wait(self) -> None:
        """Wait for PID 1, which Linux lets end after all others."""
        self._init.wait()

    def save(self, outbox: int, limit: int) -> None:
        """Write what differs from the files that were unpacked."""
        with open(outbox, "wb") as archive:
            transfer.pack(self._folder, archive, limit, self._snapshot)

    def _threads(self, kernel: int) -> set[int]:
        """Return the kernel's threads, by the numbers that system calls of the supervisor take."""
        with contextlib.suppress(OSError):  # it has ended
            tasks = os.open(f"{kernel}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._outer_proc)
            try:
                return set(map(int, os.listdir(tasks)))
            finally:
                os.close(tasks)
        return set()


def find_obstacle() -> Obstacle | None:
    """Try the sandbox out and return what is in the way, if anything."""
    if sys.platform != "linux":
        return Obstacle("the sandbox needs Linux", "grade on a Linux machine")
    if shutil.which("bwrap") is None:
        return Obstacle("bubblewrap is not installed", f"run `{_as_root()}apt-get install bubblewrap`")
    shown = view([])
    trial = subprocess.run(
        [*command(shown), sys.executable, "-P", "-m", "autograder.sandbox.namespaces", json.dumps(shown)],
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if trial.returncode == 0:
        return None
    reason = (trial.stderr.strip().splitlines() or ["it does not start"])[-1]
    return Obstacle(f"bubblewrap does not work here ({reason})", _advise())


def command(shown: list[str]) -> list[str]:
    """Return the bubblewrap command that shows these paths, to be followed by a program and its arguments."""
    # Bubblewrap makes missing parents of what it mounts for their owner only, and kernels are another user.
    parents = sorted({str(parent) for path in shown for parent in Path(path).parents} - {"/"})
    folders = [word for path in parents for word in ("--dir", path)]
    # If the engine is installed in the environment, `autograder.sandbox.namespaces` hides it from kernels.
    inner = OWN if any(Path(ENGINE).is_relative_to(path) for path in shown) else ()
    mounts = [word for path in shown if path not in inner for word in ("--ro-bind", path, path)]
    if os.geteuid() == 0:
        user = ["--cap-drop", "ALL"] + [word for name in _CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]
    else:
        user = ["--unshare-user"]
    return [
        "bwrap", *user, "--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "localhost", "--die-with-parent", "--new-session",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", HOME, "--dir", STAGE,
        *folders, *mounts, "--remount-ro", "/", "--chdir", "/", "--",
    ]  # fmt: skip


def _advise() -> str:
    for setting, value in _FREE_NAMESPACES.items():
        path = Path("/proc/sys") / setting.replace(".", "/")
        if os.geteuid() != 0 and path.exists() and path.read_text().strip() != value:
            return f"ordinary users may make no namespaces, so run `sudo sysctl -w {setting}={value}`"
    options = " ".join(f"--security-opt {name}=unconfined" for name in ("seccomp", "apparmor", "systempaths"))
    return f"in a container, be an ordinary user and start it with {options}, or start it with --privileged"


def _as_root() -> str:
    return "" if os.geteuid() == 0 else "sudo "
