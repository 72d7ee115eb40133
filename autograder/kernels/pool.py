"""The warm process and its kernels as those see them who start them, and the cores that they take turns on."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from autograder.kernels import MESSAGE, files, sandbox

START_LIMIT = 120  # s; a cold disk may take this long to import TensorFlow
SEATS = 2  # kernels on a core: one gets ready while the cells of the other run


@cache
def warm_kernels(modules: tuple[str, ...], boxed: bool, visible: tuple[str, ...] = ()) -> WarmKernels:
    """Return this process's own `WarmKernels` of this kind."""
    return WarmKernels(modules, boxed=boxed, visible=visible)


class WarmKernels:
    """The warm process, started when the first kernel is asked for and ended with this one.

    Parameters
    ----------
    modules : tuple of str
        What every kernel has imported when it starts.
    boxed : bool
        Whether the process runs in bubblewrap, and each of its kernels in a sandbox of its own.
    visible : tuple of str
        Files and folders that a sandbox shows besides the system, the environment and the modules.

    Attributes
    ----------
    view : list of str or None
        All that a sandbox shows, if there is one.
    """

    def __init__(self, modules: tuple[str, ...], *, boxed: bool, visible: tuple[str, ...] = ()):
        self.view = sandbox.view(modules, visible) if boxed else None
        self._modules = modules
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        # bubblewrap ends with the thread that has started it; this one lasts.
        self._starter = ThreadPoolExecutor(1)

    def start_kernel(self, order: dict[str, Any], doors: Sequence[socket.socket] = ()) -> WarmKernel:
        """Fork a kernel.

        Parameters
        ----------
        order : dict
            ``argv``, ``cwd``, ``env`` and ``limits``; in a sandbox also ``connection``, the text of its connection
            file, and ``ports``, the paths in there of the sockets that the file names.
        doors : sequence of socket.socket
            Listening sockets, one a port, on which it can be reached from outside.

        Raises
        ------
        RuntimeError
            If the kernel does not start; the message says why.
        """
        self._make_sure(order["env"])
        return WarmKernel(order, self.view, self._control, doors)

    def warm_up(self, env: dict[str, str]) -> None:
        """Start the warm process in the background; if that fails, `start_kernel` tries again and says why."""

        def start() -> None:
            with contextlib.suppress(RuntimeError):
                self._make_sure(env)

        threading.Thread(target=start, daemon=True).start()

    def stop(self) -> None:
        """End the warm process and every kernel that it still has."""
        if self._process is not None:
            self._control.close()
            self._process.wait()
            self._process = None

    def _make_sure(self, env: dict[str, str]) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start(env)

    def _start(self, env: dict[str, str]) -> None:
        order = json.dumps({"modules": self._modules, "view": self.view})
        command = [sys.executable, "-m", "autograder.kernels.warm", order]
        if self.view is not None:
            command = [*sandbox.command(self.view), *command]
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with control, tempfile.TemporaryFile() as said:
            settings = {"stdin": control, "stdout": said, "stderr": said, "env": env, "cwd": "/"}
            try:
                start = self._starter.submit(subprocess.Popen, command, start_new_session=True, **settings)
                self._process = start.result()
            except OSError as error:
                raise self._failure(str(error)) from error
            control.close()
            if not self._is_ready():
                said.seek(0)
                raise self._failure((said.read().decode(errors="replace").splitlines() or ["it said nothing"])[-1])
        atexit.register(self.stop)

    def _is_ready(self) -> bool:
        ready = select.select([self._control], [], [], START_LIMIT)[0] and self._control.recv(MESSAGE)
        if not ready:
            self._process.kill()
        return bool(ready)

    def _failure(self, reason: str) -> RuntimeError:
        obstacle = sandbox.find_obstacle() if self.view is not None else None
        return RuntimeError(str(obstacle) if obstacle else f"the warm process did not start: {reason}")


class WarmKernel:
    """One forked kernel, with the part of `subprocess.Popen` that Jupyter uses.

    Attributes
    ----------
    reason : str
        Which limit has ended it, if one has.
    unsaved : str
        Why the files that it has left were not kept, if they were not.
    channel : socket.socket
        Leads to the kernel's `autograder.kernels.seal`.
    lost : bool
        Whether its keeper or the warm process went away and took it along, through no fault of its own.
    """

    stdin = stdout = stderr = None

    def __init__(
        self, order: dict[str, Any], view: list[str] | None, control: socket.socket, doors: Sequence[socket.socket]
    ):
        self.reason = self.unsaved = ""
        self.lost = False
        self.returncode: int | None = None
        self._folder = Path(order["cwd"])
        self._core = _Core()
        self._client, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._outbox = tempfile.TemporaryFile()  # noqa: SIM115 - `_bury` closes it
        cores = [self._core.number] if view is not None else []
        with tempfile.TemporaryFile() as inbox, theirs, channel:
            if view is not None:
                files.pack(self._folder, inbox, order["limits"]["disk"], without=view)
                inbox.flush()
            parts = (theirs, inbox, self._outbox, channel, *doors)
            socket.send_fds(control, [b"!"], [part.fileno() for part in parts])
        self._client.send(json.dumps({**order, "cores": cores}).encode())
        answer = self._receive()
        if "pid" not in answer:
            raise RuntimeError(answer.get("error", "the warm process is gone"))

    def poll(self) -> int | None:
        """Return the exit status, or None while the kernel lives."""
        if self.returncode is None and select.select([self._client], [], [], 0)[0]:
            self._bury(self._receive())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end and return its exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and to what it has started."""
        if self.poll() is None:
            self._send(signal=number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other kernel of this process runs cells on the same core; from then on its time counts."""
        with self._core.turn:
            self._send(begin=True)
            yield

    def _bury(self, answer: dict[str, Any]) -> None:
        with self._client, self._outbox, self._core:
            self.reason, self.unsaved = answer.get("reason", ""), answer.get("unsaved", "")
            if os.fstat(self._outbox.fileno()).st_size and not self.unsaved:
                files.unpack(self._outbox, self._folder)
        self.lost = not answer
        self.returncode = answer.get("exit", -signal.SIGKILL)

    def _send(self, **message: object) -> None:
        with contextlib.suppress(OSError):
            self._client.send(json.dumps(message).encode())

    def _receive(self) -> dict[str, Any]:
        with contextlib.suppress(OSError):
            if message := self._client.recv(MESSAGE):
                return json.loads(message)
        return {}


class _Core(socket.socket):
    """A seat on a processor core for one kernel, where there are fewest as long as there are seats that are free.

    Who has one is known by a name that can be bound only once on this machine, and that goes with its process.
    """

    _turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def __init__(self):
        super().__init__(socket.AF_UNIX)
        cores = sorted(os.sched_getaffinity(0))
        for seat, self.number in itertools.product(range(SEATS), cores):
            with contextlib.suppress(OSError):
                self.bind(f"\0autograder-core-{self.number}-{seat}")
                return
        self.number = random.choice(cores)

    @property
    def turn(self) -> threading.Lock:
        """What the one kernel of this process holds whose cells run on the core."""
        return self._turns[self.number]
