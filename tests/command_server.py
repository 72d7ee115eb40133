"""Run ``autograder`` commands in forks of a process that has imported what they need: a test then waits no seconds.

`CommandServer` is what tests use. The process it starts is this file, run as a script. It imports the engine, runs
nothing, and forks once for each command. The fork goes on as ``python -m autograder`` does: with its own arguments,
folder and streams, as the main program of a process that ends like any other.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

_MODULES = (  # what the commands import only when they run
    "alembic.script",
    "autograder.authoring.build",
    "autograder.authoring.init",
    "autograder.check",
    "autograder.doctor",
    "autograder.kernels.provisioner",
    "autograder.session",
    "nbgrader.api",
    "nbgrader.converters",
    "rich.progress",
    "sqlalchemy.dialects.sqlite",
)
_MESSAGE = 2**16  # bytes that a message has at most


class CommandServerLost(Exception):
    """The process that commands are forked from has ended, or cannot import the engine."""


class CommandServer:
    """The process that commands are forked from; it starts with the first command and ends with this process.

    Parameters
    ----------
    env : dict of str to str
        All environment variables of the commands.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._process: subprocess.Popen | None = None

    def run(self, arguments: list[str], cwd: str | Path, program: str = "autograder") -> subprocess.CompletedProcess:
        """Run a program with these arguments in this folder; return its exit status and what it printed.

        Raises
        ------
        CommandServerLost
            If the command was not started.
        """
        with self.start(arguments, cwd, program) as command:
            return subprocess.CompletedProcess([program, *arguments], command.wait(), *command.printed())

    def start(self, arguments: list[str], cwd: str | Path, program: str = "autograder", before: str = "") -> Command:
        """Start a program with these arguments in this folder.

        Parameters
        ----------
        arguments : list of str
        cwd : str or Path
        program : str
            The module that is run as ``python -m`` does.
        before : str
            Code that runs in the command's process first.

        Raises
        ------
        CommandServerLost
            If the command was not started.
        """
        self._make_sure_it_runs()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - the command closes them
        with theirs:
            order = json.dumps({"arguments": arguments, "cwd": str(cwd), "program": program, "before": before}).encode()
            try:
                socket.send_fds(self._control, [order], [out.fileno(), err.fileno(), theirs.fileno()])
            except OSError as error:
                raise CommandServerLost from error
        return Command(ours, out, err)

    def _make_sure_it_runs(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with control:
                self._process = subprocess.Popen([sys.executable, __file__], stdin=control, env=self._env)


class Command:
    """A command that runs, with what tests need of `subprocess.Popen`. Leaving its ``with`` block kills it.

    Attributes
    ----------
    pid : int
    """

    def __init__(self, channel: socket.socket, out: IO[bytes], err: IO[bytes]) -> None:
        self._channel, self._streams, self._status = channel, (out, err), None
        pid = channel.recv(_MESSAGE)
        if not pid:
            raise CommandServerLost
        self.pid = int(pid)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)
        for file in (self._channel, *self._streams):
            file.close()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status, negative if a signal has ended it, or raise `TimeoutError` after these seconds."""
        if self._status is None:
            self._channel.settimeout(timeout)
            self._status = int(self._channel.recv(_MESSAGE))
        return self._status

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        with contextlib.suppress(BlockingIOError):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        """Send a signal to the command unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def printed(self) -> tuple[str, str]:
        """Return what it has written to standard output and to the error stream."""
        for stream in self._streams:
            stream.seek(0)
        out, err = (stream.read().decode() for stream in self._streams)
        return out, err


def serve() -> str:
    """Import the engine, then fork for each order on standard input; return in the fork what is to be run there."""
    control = socket.socket(fileno=os.dup(0))
    for module in _MODULES:
        importlib.import_module(module)
    threads = os.listdir("/proc/self/task") if sys.platform == "linux" else []
    assert len(threads) <= 1, "a fork would have one thread of several"
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, streams, _, _ = socket.recv_fds(control, _MESSAGE, 3)
        if not order:
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            order = json.loads(order)
            _become_the_command(order, streams)
            exec(order["before"], {})
            return order["program"]
        for stream in streams:
            os.close(stream)


def _become_the_command(order: dict, streams: list[int]) -> None:
    out, err, channel = streams
    pid = os.fork()
    if pid:
        with socket.socket(fileno=channel) as answer:
            answer.send(str(pid).encode())
            answer.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
        os._exit(0)
    with open(os.devnull) as nothing:
        for stream, number in ((nothing.fileno(), 0), (out, 1), (err, 2)):
            os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    os.chdir(order["cwd"])
    sys.path[0] = os.getcwd()
    sys.argv[1:] = order["arguments"]


if __name__ == "__main__":
    runpy.run_module(serve(), run_name="__main__", alter_sys=True)
