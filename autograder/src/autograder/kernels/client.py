"""The fork server and its kernels, as the grader sees them."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

from autograder.kernels import MESSAGE
from autograder.kernels.cores import TURNS, usable_cores
from autograder.kernels.forkserver import FORK, READY, RETIRE, FileState, read_state
from autograder.kernels.judges import JudgeServer, JudgeServers
from autograder.kernels.packets import can_be_read, receive_packet
from autograder.sandbox import transfer
from autograder.sandbox.base import Sandbox
from autograder.sandbox.kinds import SANDBOXES

START_LIMIT = 300  # s; large libraries may take this long to import from a cold disk
_MOST_FILES = 65536
_END_LIMIT = 60  # s; a kernel that was killed has ended long before
IDLE_LIMIT = 600  # s without a kernel after which a fork server ends, in a Jupyter server for example

_one_caller = threading.Lock()


def shared_fork_server(modules: tuple[str, ...], sandbox: str, visible: tuple[str, ...] = ()) -> ForkServer:
    """Return the one `ForkServer` of this process with these settings."""
    with _one_caller:
        return _fork_server(modules, sandbox, visible)


@cache
def _fork_server(modules: tuple[str, ...], sandbox: str, visible: tuple[str, ...]) -> ForkServer:
    return ForkServer(modules, sandbox, visible)


def _allow_open_files() -> None:
    """Let this process have as many open files as it may: it needs about 16 for each notebook that runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _MOST_FILES)), hard))


class ForkServerLost(RuntimeError):
    """The fork server ended, or did not answer, before it had forked a kernel."""


class ForkServer:
    """Starts the fork server's process when the first kernel is needed, and asks it for kernels.

    The process ends with this one, or when it was idle for `IDLE_LIMIT`; then the next kernel starts another one. So
    does the first kernel after one of the imported modules was edited.

    Parameters
    ----------
    modules : tuple of str
        What every kernel has imported when it starts.
    sandbox : str
        Name of the sandbox that the process and its kernels run in; see `autograder.sandbox.kinds`.
    visible : tuple of str
        Files and folders that are visible in the sandbox besides the system, the environment and the modules.

    Attributes
    ----------
    sandbox : Sandbox
        The grader's side of the sandbox.
    """

    def __init__(self, modules: tuple[str, ...], sandbox: str, visible: tuple[str, ...] = ()):
        self.sandbox: Sandbox = SANDBOXES[sandbox](modules, visible)
        self._order: dict[str, Any] = {"modules": modules, "sandbox": sandbox, "view": self.sandbox.view}
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._retired: list[_Process] = []
        # Bubblewrap ends with the *thread* that has started it, so no thread of a caller can do that.
        self._starter = ThreadPoolExecutor(1)
        atexit.register(self.stop)
        _allow_open_files()

    def start_kernel(
        self,
        order: dict[str, Any],
        listeners: Sequence[socket.socket] = (),
        inbox: BinaryIO | None = None,
        folder: Path | None = None,
    ) -> ForkedKernel:
        """Fork a kernel, or a judge server.

        Parameters
        ----------
        order : dict
            ``role``, ``cwd``, ``env`` and ``limits``. The role is ``grading`` for a kernel that a `GradingClient`
            talks to, ``judge`` for a judge server, and ``jupyter`` for a kernel of Jupyter's clients.
            The latter has also ``argv``, the kernel's arguments, which begin with -f and a connection file; ``ports``,
            the ports in the connection file, in the sequence of ``listeners``; and, if the sandbox confines,
            ``connection``, the content of the connection file.
        listeners : sequence of socket.socket
            Listening sockets, one per port, at which clients can reach a kernel that is confined.
        inbox : binary file, optional
            The files that it gets, as `pack` gives them, if those are not the ones in ``folder``. What it writes is not
            kept then.
        folder : Path, optional
            The folder that it works on, or on a copy of, as this process sees it; by default ``cwd``.

        Raises
        ------
        RuntimeError
            If the kernel does not start; the message says why.
        autograder.sandbox.transfer.TooLarge
            If the files in its folder exceed the limit.
        """
        process = self._ensure_process(order["env"])
        try:
            return ForkedKernel(order, self.sandbox, process.control, listeners, inbox, folder)
        except ForkServerLost:  # because it was idle, just when the request was sent; or it does not answer
            self._forget(process)
        process = self._ensure_process(order["env"])
        return ForkedKernel(order, self.sandbox, process.control, listeners, inbox, folder)

    def take_judge_server(self, order: dict[str, Any], files: Path) -> JudgeServer:
        """Return a judge server that is free, or start one.

        Parameters
        ----------
        order : dict
            As in `start_kernel`; its role is ``judge``.
        files : Path
            A folder with the files that the judge gets copies of.

        Raises
        ------
        RuntimeError
            If it does not start.
        """

        def start() -> ForkedKernel:
            return self.start_kernel(order, inbox=pack(files, self.sandbox, order["limits"]))

        return self._ensure_process(order["env"]).judges.take(order, files, start)

    def start(self, env: dict[str, str]) -> None:
        """Start the process before it is needed. If that fails, `start_kernel` tries again and raises the error."""
        with contextlib.suppress(RuntimeError):
            self._ensure_process(env)

    def stop(self) -> None:
        """End the process and all its kernels."""
        # Without the lock: whoever ends this program does not wait for a process that is still starting. That one
        # ends by itself, because its socket is closed.
        for process in self._processes():
            process.stop()
        self._process, self._retired = None, []

    def _forget(self, process: _Process) -> None:
        """Use another process from now on. This one has closed its socket; it may need a moment more to end."""
        with self._lock:
            if self._process is process:
                self._retire()

    def _ensure_process(self, env: dict[str, str]) -> _Process:
        with self._lock:
            if self._process and self._process.runs() and not self._process.is_stale():
                return self._process
            self._retire()
            self._process = self._start(env)
            return self._process

    def _retire(self) -> None:
        """Have a process that is not to be used any more end when its last kernel has ended."""
        if self._process:
            self._process.retire()
        known = self._processes()
        self._process, self._retired = None, [process for process in known if process.runs()]
        for process in known:
            if process not in self._retired:
                process.stop()

    def _processes(self) -> list[_Process]:
        return [*self._retired, *filter(None, [self._process])]

    def _start(self, env: dict[str, str]) -> _Process:
        order = json.dumps({**self._order, "idle_limit": IDLE_LIMIT})
        command = [*self.sandbox.command(), sys.executable, "-m", "autograder.kernels.forkserver", order]
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as log:
            start = partial(subprocess.Popen, command, stdin=theirs, stdout=log, stderr=log, env=env, cwd="/")
            try:
                process = _Process(self._starter.submit(start, start_new_session=True).result(), control)
            except OSError as error:
                control.close()
                raise self._explain(str(error)) from error
            theirs.close()  # if the process ends, the socket has to end as well
            if not process.wait_until_ready():
                process.stop()
                if process.unfit:
                    return self._start_without(process.unfit, env)
                log.seek(0)
                raise self._explain((log.read().decode(errors="replace").splitlines() or ["it printed nothing"])[-1])
        return process

    def _start_without(self, module: str, env: dict[str, str]) -> _Process:
        """Start the process again, without a module. Notebooks import it themselves."""
        self._order["modules"] = [name for name in self._order["modules"] if name != module]
        return self._start(env)

    def _explain(self, reason: str) -> RuntimeError:
        obstacle = self.sandbox.find_obstacle()
        return RuntimeError(str(obstacle) if obstacle else f"the fork server did not start: {reason}")


class _Process:
    """A running process of the fork server.

    Parameters
    ----------
    process : subprocess.Popen
        The process, or bubblewrap around it.
    control : socket.socket
        Connected to its standard input.

    Attributes
    ----------
    unfit : str
        A module that cannot be imported before a fork, if it has ended for that reason.
    judges : JudgeServers
        The free ones among its judge servers.
    """

    def __init__(self, process: subprocess.Popen[Any], control: socket.socket):
        self._process = process
        self.control = control
        self.unfit = ""
        self.judges = JudgeServers()
        self._sources: dict[str, FileState | None] = {}

    def wait_until_ready(self) -> bool:
        """Return whether the process has imported its modules; if not, it has ended or taken `START_LIMIT`."""
        while can_be_read(self.control, START_LIMIT) and (message := self.control.recv(MESSAGE)):
            if message == READY:
                return True
            told = json.loads(message)
            if isinstance(told, dict):
                self.unfit = told["unfit"]
                break
            path, state = told
            self._sources[path] = state
        self._process.kill()
        return False

    def runs(self) -> bool:
        """Return whether the process has not ended."""
        return self._process.poll() is None

    def is_stale(self) -> bool:
        """Return whether one of the imported modules was edited since."""
        return any(state is None or read_state(path) != state for path, state in self._sources.items())

    def retire(self) -> None:
        """Have the process end as soon as it has no kernels."""
        self.judges.close()
        with contextlib.suppress(OSError):  # it has ended
            self.control.send(RETIRE)

    def stop(self) -> None:
        """End the process and its kernels, and wait for it."""
        self.judges.close()
        self.control.close()
        try:
            self._process.wait(_END_LIMIT)
        except subprocess.TimeoutExpired:  # it does not answer
            self._process.kill()
            self._process.wait()


def pack(folder: Path, sandbox: Sandbox, limits: dict[str, int]) -> BinaryIO:
    """Return an open file with the files of a folder, for `ForkServer.start_kernel`.

    Raises
    ------
    autograder.sandbox.transfer.TooLarge
        If the files exceed the limit.
    """
    inbox: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's
    sandbox.pack(folder, inbox, limits["disk"])
    return inbox


class ForkedKernel:
    """One forked kernel, with the part of the interface of `subprocess.Popen` that Jupyter uses.

    Parameters
    ----------
    order : dict
        See `ForkServer.start_kernel`.
    sandbox : Sandbox
        The grader's side of the sandbox that the kernel runs in.
    control : socket.socket
        Connected to the fork server.
    listeners : sequence of socket.socket
    inbox : binary file, optional
    folder : Path, optional
        See `ForkServer.start_kernel`.

    Attributes
    ----------
    reason : str
        Which limit has ended it, if one has.
    unsaved : str
        Why the files that it has written were not kept, if they were not.
    channel, messages : socket.socket
        Connected to the process; see `autograder.kernels.process.run_kernel`. Whoever uses one closes it.
    inbox : binary file
        The files that the kernel got.
    lost : bool
        Whether its supervisor or the fork server has ended, which is no fault of the kernel.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        order: dict[str, Any],
        sandbox: Sandbox,
        control: socket.socket,
        listeners: Sequence[socket.socket],
        inbox: BinaryIO | None,
        folder: Path | None,
    ):
        self.reason = self.unsaved = ""
        self.lost = False
        self.returncode: int | None = None
        self._folder = folder or Path(order["cwd"])
        self._client, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel, channel = socket.socketpair()
        self.messages, messages = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._keeps = inbox is None
        self.inbox = inbox or pack(self._folder, sandbox, order["limits"])
        self.inbox.seek(0)
        self._outbox = tempfile.TemporaryFile()  # noqa: SIM115 - `_record_end` closes it
        with theirs, channel, messages:
            files: list[Any] = [theirs, self.inbox, self._outbox, channel, messages, *listeners]
            with contextlib.suppress(OSError):  # the fork server has ended; then there will be no answer
                socket.send_fds(control, [FORK], [file.fileno() for file in files])
        if order["role"] != "grading":
            self.messages.close()
        self._send(order)
        if not can_be_read(self._client, START_LIMIT):
            raise ForkServerLost(f"the fork server did not answer within {START_LIMIT} s")
        answer = self._receive()
        if not answer:
            raise ForkServerLost("the fork server has ended")
        if "error" in answer:
            raise RuntimeError(answer["error"])

    def poll(self) -> int | None:
        """Return the exit status, or None while the kernel runs."""
        if self.returncode is None and can_be_read(self._client, 0):
            self._record_end(self._receive())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end and return its exit status.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait.

        Raises
        ------
        subprocess.TimeoutExpired
            If the kernel still runs then.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if timeout is not None and left is not None and left < 0:
                raise subprocess.TimeoutExpired("kernel", timeout)
            can_be_read(self._client, left)
        return status

    def fileno(self) -> int:
        """Return the number of an open file that can be read when the kernel has ended."""
        return self._client.fileno()

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and to the processes that it has started."""
        if self.poll() is None:
            self._send({"signal": number})

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """End the kernel at once and wait for its end. If its supervisor does not tell that, the kernel is lost."""
        self.kill()
        try:
            self.wait(_END_LIMIT)
        except subprocess.TimeoutExpired:
            self._record_end({})

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    @contextlib.contextmanager
    def turn(self) -> Iterator[int]:
        """Wait until one of the cores is free, and give it to the kernel for the ``with`` block, which runs its cells.

        The kernel runs on this core, and its time counts, before the block begins.
        """
        with TURNS.take(usable_cores()) as core:
            self.begin(core)
            yield core

    def begin(self, core: int) -> None:
        """Have the process run on this core; its time counts from now on."""
        self._send({"begin": core})
        answer = self._receive() if can_be_read(self._client, START_LIMIT) else {}
        if "began" not in answer:
            self._record_end(answer)

    def _record_end(self, answer: dict[str, Any]) -> None:
        if self.returncode is not None:
            return
        with self._client, self._outbox:
            self.reason, self.unsaved = answer.get("reason", ""), answer.get("unsaved", "")
            if self._keeps and os.fstat(self._outbox.fileno()).st_size and not self.unsaved:
                transfer.unpack(self._outbox, self._folder)
        self.lost = not answer
        self.returncode = answer.get("exit", -signal.SIGKILL)

    def _send(self, message: dict[str, Any]) -> None:
        packed = json.dumps(message).encode()
        if len(packed) > MESSAGE:
            raise RuntimeError(f"the environment variables of a kernel have more than {MESSAGE / 1000:.0f} kB")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the supervisor has ended: `poll` notices
            self._client.send(packed)

    def _receive(self) -> dict[str, Any]:
        with contextlib.suppress(OSError):
            if message := receive_packet(self._client, MESSAGE):
                answer: dict[str, Any] = json.loads(message)
                return answer
        return {}
