"""Turn a forked process into what was ordered: an IPython kernel, or a judge."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from traitlets import Integer

from autograder.judge import process
from autograder.judge.answers import Answers
from autograder.judge.errors import Undecodable
from autograder.judge.link import Link, LinkLost
from autograder.sandbox import syscalls
from autograder.sandbox.base import Confinement

JUDGE_REQUEST = "judge_request"  # a message that has the kernel answer its judge until that has no more questions
_ALWAYS = 2**16  # characters that every cell may print, however much was printed before


class KernelApp(IPKernelApp):
    """An IPython kernel that loses no message when it sends many, and that prints a limited number of characters."""

    output_limit = Integer(help="Characters that it may print.")
    channel = Integer(help="The open file that is connected to the notebook's judge, if it has one.")

    def initialize(self, argv: list[str] | None = None) -> None:
        """Get ready to run cells, and to answer what the judge asks."""
        super().initialize(argv)  # type: ignore[no-untyped-call]
        shell: Any = self.shell
        answers = Answers(Link(socket.socket(fileno=self.channel)), shell.user_ns)

        def answer(*_: Any) -> None:
            # A test takes a number as every cell does. Its text is not here, and so not in the history.
            shell.history_manager.store_inputs(shell.execution_count, "", "")
            shell.execution_count += 1
            with contextlib.suppress(LinkLost, Undecodable, KeyboardInterrupt):
                answers.serve()

        self.kernel.shell_handlers[JUDGE_REQUEST] = answer

    def close(self) -> None:
        """Leave everything to the end of the process.

        The kernel's own method waits for its threads, which wait for each other now and then.
        """

    def _bind_socket(self, s: zmq.Socket[bytes], port: int) -> int:
        # Without it ZeroMQ drops messages to a client that reads more slowly than the kernel prints.
        if s.type == zmq.XPUB:
            s.setsockopt(zmq.XPUB_NODROP, 1)
        return int(super()._bind_socket(s, port))  # type: ignore[no-untyped-call]

    def init_io(self) -> None:
        """Have the kernel print to a `Stream`."""
        self.outstream_class = f"{__name__}.make_stream"
        super().init_io()  # type: ignore[no-untyped-call]


class Stream(OutStream):
    """Standard output or error, up to a number of characters.

    What a notebook prints beyond the limit would be cut off by the grader anyway; here it costs no time.
    """

    def __init__(self, *args: Any, limit: int, **kwargs: Any):
        self._left = limit
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def write(self, string: str) -> int:
        """Print what the limit allows, and return the length of all of it, as if it had been printed."""
        if not isinstance(string, str):
            return int(super().write(string))  # which raises the usual error
        allowed, self._left = max(self._left, 0), self._left - len(string)
        super().write(string[:allowed])
        return len(string)

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Begin with another cell."""
        super().set_parent(parent)  # type: ignore[no-untyped-call]
        self._left = max(self._left, _ALWAYS)


def run_kernel(order: dict[str, Any], confinement: Confinement, problems: int, channel: int) -> NoReturn:
    """Confine this process and be the kernel or the judge, never to return.

    Parameters
    ----------
    order : dict
        As in `autograder.kernels.client.ForkServer.start_kernel`.
    confinement : Confinement
        The sandbox's side in this process.
    problems : int
        Open file. What keeps this process from becoming a kernel is written there; it is closed in any case.
    channel : int
        Open file: of a kernel, to its judge; of a judge, to the grader.
    """
    try:
        os.setsid()  # a process group, so that a signal reaches what the kernel has started
        syscalls.end_with_parent(signal.SIGKILL)
        try:
            confinement.confine(order["limits"])
            os.chdir(order["cwd"])
            argv = _write_connection(order, confinement.socket_prefix)
        except OSError as error:
            os.write(problems, str(error).encode())
            os._exit(0)
        _reset_process(order["env"], channel)
        if order.get("role") == "judge":
            sys.path.insert(0, order["cwd"])
            process.serve(channel)
            os._exit(0)
        sys.argv = ["ipykernel_launcher", *argv]
        KernelApp.launch_instance(argv, output_limit=order["limits"]["output"] + _ALWAYS, channel=channel)
        # Temporary folders are removed now; whatever else the interpreter does at its end belongs to the fork server.
        gc.freeze()  # IPython would examine all the objects that are about to vanish
        atexit._run_exitfuncs()
    finally:
        os._exit(0)


def make_stream(*args: Any, **kwargs: Any) -> Stream:
    """Return the stream that `KernelApp` prints to."""
    return Stream(*args, limit=KernelApp.instance().output_limit, **kwargs)


def _write_connection(order: dict[str, Any], prefix: str) -> list[str]:
    """Return the kernel's arguments, with a connection file that names sockets which the kernel can make.

    A kernel that is not confined can read and use the connection file of its client.
    """
    argv: list[str] = order["argv"]
    if "connection" not in order:
        return argv
    Path(f"{prefix}.json").write_text(json.dumps({**order["connection"], "ip": prefix}))
    return ["-f", f"{prefix}.json", *argv[2:]]


def _reset_process(env: dict[str, str], channel: int) -> None:
    """Make this process like one that has just started: the environment that was ordered, and its own randomness.

    Only the file ``channel`` stays open.
    """
    os.closerange(3, channel)
    os.closerange(channel + 1, min(os.sysconf("SC_OPEN_MAX"), 65536))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    os.environ.clear()
    os.environ.update(env)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
