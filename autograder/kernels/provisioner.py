"""A Jupyter kernel provisioner whose kernels are forked from a warm process, each in a sandbox of its own."""

from __future__ import annotations

import atexit
import contextlib
import copy
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo, port_names
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Enum, List, Type, Unicode

from autograder.kernels import MESSAGE, files, sandbox
from autograder.kernels.limits import Limits

_START_LIMIT = 120  # s; a cold disk may take this long to import TensorFlow


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
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start(order["env"])
        return WarmKernel(order, self.view, self._control, doors)

    def stop(self) -> None:
        """End the warm process and every kernel that it still has."""
        if self._process is not None:
            self._control.close()
            self._process.wait()
            self._process = None

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
        ready = select.select([self._control], [], [], _START_LIMIT)[0] and self._control.recv(MESSAGE)
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
        self._core = _Core() if view is not None else None
        self._client, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._outbox = tempfile.TemporaryFile()  # noqa: SIM115 - `_bury` closes it
        cores = [self._core.number] if self._core else []
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
            with contextlib.suppress(OSError):
                self._client.send(json.dumps({"signal": number}).encode())

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def _bury(self, answer: dict[str, Any]) -> None:
        with self._client, self._outbox, self._core or contextlib.nullcontext():
            self.reason, self.unsaved = answer.get("reason", ""), answer.get("unsaved", "")
            if os.fstat(self._outbox.fileno()).st_size and not self.unsaved:
                files.unpack(self._outbox, self._folder)
        self.lost = not answer
        self.returncode = answer.get("exit", -signal.SIGKILL)

    def _receive(self) -> dict[str, Any]:
        with contextlib.suppress(OSError):
            if message := self._client.recv(MESSAGE):
                return json.loads(message)
        return {}


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process instead of launching a command."""

    modules = List(Unicode(), help="What the warm process imports before it forks.").tag(config=True)
    sandbox = Enum(
        ["bubblewrap", "none"],
        "bubblewrap",
        help="What kernels are shut in; with none they can do whatever the person who starts them can.",
    ).tag(config=True)
    visible = List(
        Unicode(), help="Files and folders that a sandbox shows besides the system, the environment and the modules."
    ).tag(config=True)
    environment = List(
        Unicode(),
        help="Names of environment variables, or patterns, that a sandbox has besides the harmless ones.",
    ).tag(config=True)

    kernel: WarmKernel | None = None  # stays when it has ended, unlike `process`
    _channels = ""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder for the connection where a sandbox has no network."""
        if self.sandbox != "none":
            self._channels = self._channels or tempfile.mkdtemp(prefix="autograder-")
            manager = self.parent
            manager.transport, manager.cache_ports, manager.ip = "ipc", False, f"{self._channels}/kernel"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would have started cold."""
        boxed = self.sandbox != "none"
        kernels = _warm_kernels(tuple(self.modules), boxed, tuple(self.visible))
        self.cwd = os.path.realpath(kwargs.get("cwd") or os.getcwd())
        order = {"cwd": self.cwd, "env": kwargs["env"], "limits": Limits(parent=self).as_dict()}
        order |= {"argv": cmd[cmd.index("-f") :], "ports": []}
        with contextlib.ExitStack() as stack:
            doors = []
            if boxed:
                _refuse_inside(kernels.view, self.cwd)
                order |= {"env": sandbox.environment(kwargs["env"], self.environment)}
                order |= self._inner_connection(order["argv"])
                doors = [stack.enter_context(_listen(path)) for path in self._sockets(self.parent.ip)]
            self.process = self.kernel = kernels.start_kernel(order, doors)
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what was made for the connection."""
        await super().cleanup(restart)
        if not restart:
            shutil.rmtree(self._channels, ignore_errors=True)

    def _inner_connection(self, argv: list[str]) -> dict[str, Any]:
        """Return the part of an order that tells a kernel in a sandbox where its sockets are."""
        inner = f"{sandbox.CHANNELS}/kernel"
        connection = {**json.loads(Path(argv[1]).read_text()), "ip": inner}
        return {
            "argv": ["-f", f"{inner}.json", *argv[2:]],
            "connection": json.dumps(connection),
            "ports": self._sockets(inner),
        }

    def _sockets(self, prefix: str) -> list[str]:
        return [f"{prefix}-{getattr(self.parent, name)}" for name in port_names]


class PromptClient(AsyncKernelClient):
    """Waits for nothing longer than it takes: Jupyter's own waits 0.2 s when a kernel starts, for nothing to come."""

    def start_channels(self, *args: bool, hb: bool = False, **kwargs: bool) -> None:
        """Open the channels but for heartbeats, whose thread never ends where a kernel spoils that connection."""
        super().start_channels(*args, hb=hb, **kwargs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once the kernel answers on both channels; `RuntimeError` says why it does not."""
        deadline = time.monotonic() + (timeout or _START_LIMIT)
        while time.monotonic() < deadline:
            self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=1)
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("it ended before it was ready")
        raise RuntimeError(f"it was not ready in {timeout} s")


class WarmKernelManager(AsyncKernelManager):
    """Manages kernels of any kernelspec, but has them forked from a warm process."""

    client_factory = Type(PromptClient)

    @property
    def kernel_spec(self):
        """The kernelspec, told to use the warm provisioner."""
        spec = copy.copy(super().kernel_spec)
        spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": "autograder-warm"}}
        return spec


class _Core(socket.socket):
    """A processor core for one kernel, with no other kernel on it as long as there are cores that are free.

    Who has one is known by a name that can be bound only once on this machine, and that goes with its process.
    """

    def __init__(self):
        super().__init__(socket.AF_UNIX)
        cores = sorted(os.sched_getaffinity(0))
        for self.number in cores:
            with contextlib.suppress(OSError):
                self.bind(f"\0autograder-core-{self.number}")
                return
        self.number = random.choice(cores)


def _listen(path: str) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    return door


def _refuse_inside(view: list[str], folder: str) -> None:
    for path in view:
        if Path(folder).is_relative_to(path):
            raise RuntimeError(f"{folder} lies in {path}, which every sandbox shows: move the notebooks elsewhere")


@cache
def _warm_kernels(modules: tuple[str, ...], boxed: bool, visible: tuple[str, ...]) -> WarmKernels:
    return WarmKernels(modules, boxed=boxed, visible=visible)
