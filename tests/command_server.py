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

_MODULES = (  # what the commands import only when they run
    "autograder.authoring.build",
    "autograder.authoring.init",
    "autograder.check",
    "autograder.doctor",
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

    def run(self, arguments: list[str], cwd: str | Path) -> subprocess.CompletedProcess:
        """Run ``autograder`` with these arguments in this folder; return its exit status and what it printed.

        Raises
        ------
        CommandServerLost
            If the command was not started.
        """
        self._make_sure_it_runs()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with theirs:
                order = json.dumps({"arguments": arguments, "cwd": str(cwd)}).encode()
                streams = [out.fileno(), err.fileno(), theirs.fileno()]
                try:
                    socket.send_fds(self._control, [order], streams)
                except OSError as error:
                    raise CommandServerLost from error
            status = self._wait(ours)
            printed = [_text(stream) for stream in (out, err)]
        return subprocess.CompletedProcess(["autograder", *arguments], status, *printed)

    def _wait(self, command: socket.socket) -> int:
        pid = command.recv(_MESSAGE)
        if not pid:
            raise CommandServerLost
        try:
            return int(command.recv(_MESSAGE))
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
            raise

    def _make_sure_it_runs(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with control:
                self._process = subprocess.Popen([sys.executable, __file__], stdin=control, env=self._env)


def _text(stream) -> str:
    stream.seek(0)
    return stream.read().decode()


def serve() -> None:
    """Import the engine, then fork for each order on standard input; return in the fork, ready to run its command."""
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
            return _become_the_command(json.loads(order), streams)
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
    serve()
    runpy.run_module("autograder", run_name="__main__", alter_sys=True)
