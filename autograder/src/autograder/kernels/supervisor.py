"""The supervisor of one kernel: it forks the kernel, forwards its messages, enforces its limits and ends it.

It stands between the kernel and the grader, because neither can do this: the grader is outside of the sandbox, and the
kernel runs the submission's code. The grader's requests come on a socket, one JSON message each: first the kernel's
order, then any number of ``{"signal": NUMBER}`` and ``{"begin": CORE}``. The answers are ``{"error": TEXT}`` or
``{"pid": NUMBER}`` to the order, ``{"began": CORE}`` to the latter, and at the end
``{"exit": STATUS, "reason": TEXT, "unsaved": TEXT}``. If the grader closes the socket, the supervisor ends the kernel
and everything that it has started. It does the same if the fork server ends, and gives no answer: the kernel is lost
then by no fault of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from pathlib import Path
from typing import Any

from autograder.kernels import MESSAGE
from autograder.kernels.process import run_kernel
from autograder.sandbox import transfer
from autograder.sandbox.base import Confinement
from autograder.sandbox.limits import UsageMonitor, max_traffic
from autograder.sandbox.proxy import Proxy

_PERIOD = 0.1  # s, between two looks at the limits and at the fork server
_LAST_MESSAGES = 2  # s, to forward what the kernel has sent before it ended


class Supervisor:
    """Supervises one kernel from its order to its end.

    Parameters
    ----------
    client : socket.socket
        Connected to the grader.
    inbox, outbox : int
        Open files, for what `autograder.sandbox.transfer` packs: the kernel's folder before and after.
    files : tuple of int
        Open files that the kernel keeps; see `autograder.kernels.process.run_kernel`.
    listeners : list of socket.socket
        Listening sockets for the kernel's clients, in the sequence of the order's ``ports``.
    confinement : Confinement
        The sandbox's side in this process.
    """

    def __init__(
        self,
        client: socket.socket,
        inbox: int,
        outbox: int,
        files: tuple[int, int],
        listeners: list[socket.socket],
        confinement: Confinement,
    ):
        self._client = client
        self._inbox, self._outbox, self._files = inbox, outbox, files
        self._listeners = listeners
        self._confinement = confinement
        self._reason = ""

    def run(self, parent: socket.socket) -> None:
        """Carry out the order, and return when the kernel has ended.

        Parameters
        ----------
        parent : socket.socket
            Connected to the one that the fork server gives to `Confinement.admit`.
        """
        order = json.loads(self._client.recv(MESSAGE))
        self._limits = order["limits"]
        try:
            place = self._confinement.enter(parent, Path(order["cwd"]), self._inbox, self._limits)
            env = {**order["env"], **place.variables}
            self._kernel = self._fork({**order, "cwd": str(place.folder), "env": env})
        except Exception as error:  # also one that nobody expects: without an answer nobody would learn of it
            self._answer(error=str(error) or type(error).__name__)
            return
        self._answer(pid=self._kernel)
        targets = [f"{self._confinement.socket_prefix}-{port}" for port in order["ports"]]
        fork_server = os.getppid()
        status = self._serve(Proxy(self._listeners, targets, max_traffic(self._limits)), fork_server)
        if os.getppid() != fork_server:
            return
        unsaved = self._save()
        self._answer(exit=os.waitstatus_to_exitcode(status), reason=self._reason, unsaved=unsaved)

    def _fork(self, order: dict[str, Any]) -> int:
        """Fork the kernel, and return its process once it is confined."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            run_kernel(order, self._confinement, write_end, self._files)
        for file in (write_end, *self._files):
            os.close(file)
        self._confinement.serve(pid)
        with open(read_end, encoding="utf-8") as problems:  # ends when the kernel closes the pipe
            if problem := problems.read():
                raise OSError(problem)
        return pid

    def _serve(self, proxy: Proxy, fork_server: int) -> int:
        """Forward messages until the kernel ends, by itself or by force, and return its status."""
        self._usage = UsageMonitor(self._limits, self._confinement.processes, self._confinement.stored)
        ended = os.pidfd_open(self._kernel)
        proxy.watch(self._client, self._obey)
        proxy.watch(ended, lambda: None)
        while not select.select([ended], [], [], 0)[0]:
            proxy.work(_PERIOD)
            self._reason = self._reason or self._usage.find_excess() or proxy.excess
            # If the fork server has been killed, this process has got another parent.
            if self._reason or os.getppid() != fork_server:
                self._signal(signal.SIGKILL)
        # What the kernel has left behind. One of these processes may trace the kernel: Linux would tell that one alone
        # that the kernel has ended.
        self._signal(signal.SIGKILL)
        _, status = os.waitpid(self._kernel, 0)
        self._confinement.wait()  # they may still write to the folder
        proxy.finish(_LAST_MESSAGES)
        return status

    def _obey(self) -> None:
        message = self._client.recv(MESSAGE)
        request = json.loads(message) if message else {"signal": signal.SIGKILL}
        if "begin" in request:
            self._confinement.assign_core(self._kernel, request["begin"])
            self._usage.begin()
            self._answer(began=request["begin"])
        else:
            self._signal(request["signal"])

    def _signal(self, number: int) -> None:
        if number == signal.SIGKILL:
            self._confinement.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._kernel, number)

    def _save(self) -> str:
        """Pack what is new in the folder; return why that could not be done."""
        try:
            self._confinement.save(self._outbox, self._limits["disk"])
        except (transfer.TooLarge, OSError) as error:
            return str(error)
        return ""

    def _answer(self, **message: object) -> None:
        with contextlib.suppress(OSError):  # the grader has gone
            self._client.send(json.dumps(message).encode())
