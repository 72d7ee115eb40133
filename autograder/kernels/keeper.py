"""The keeper of one kernel: forks it, hands its messages on, watches what it uses, and ends it.

It stands between the kernel and whoever ordered it. The order comes on a socket as one message of JSON, and so do
``{"signal": ...}`` and ``{"begin": true}`` later and the answers: ``{"error": ...}`` or ``{"pid": ...}``, and at the
end ``{"exit": ..., "reason": ..., "unsaved": ...}``. If the other side closes the socket, the kernel and all it has
started are ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from pathlib import Path

from autograder.kernels import MESSAGE, box, files
from autograder.kernels.kernel import become_kernel
from autograder.kernels.limits import Watch
from autograder.kernels.relay import Relay

_MOMENT = 0.1  # s, between two looks at what the kernel uses
_LAST_WORDS = 2  # s, for what the kernel has sent to arrive
# Messages carry more than the text they show; whoever sends ten times what is kept wants to do harm.
_TRAFFIC = 10


class Keeper:
    """Keeps one kernel from its order to its end.

    Parameters
    ----------
    client : socket.socket
        Where the order comes from.
    inbox, outbox : int
        Open files for what `autograder.kernels.files` packs: the kernel's folder before and after.
    channel : int
        An open file that the kernel keeps, for `autograder.kernels.seal`.
    doors : list of socket.socket
        Where clients knock for the kernel's channels, in the order of the order's ``ports``.
    """

    def __init__(self, client: socket.socket, inbox: int, outbox: int, channel: int, doors: list[socket.socket]):
        self._client = client
        self._inbox, self._outbox, self._channel = inbox, outbox, channel
        self._doors = doors
        self._first: subprocess.Popen | None = None  # in the sandbox, if there is one
        self._reason = ""

    def keep(self, view: list[str] | None, parent: socket.socket) -> None:
        """Carry out the order; without ``view`` there is no sandbox. ``parent`` admits this process to it."""
        order = json.loads(self._client.recv(MESSAGE))
        self._limits, self._folder = order["limits"], Path(order["cwd"])
        try:
            if view is not None:
                box.separate(parent)
                self._enter_box(view)
            self._kernel = self._fork(order)
        except OSError as error:
            self._tell(error=str(error))
            return
        self._tell(pid=self._kernel)
        before = files.states(self._folder) if self._first else {}
        relay = Relay(self._doors, order["ports"], _TRAFFIC * self._limits["output"])
        status = self._watch(relay)
        unsaved = self._save(before) if self._first else ""
        self._tell(exit=os.waitstatus_to_exitcode(status), reason=self._reason, unsaved=unsaved)

    def _enter_box(self, view: list[str]) -> None:
        box.build(view, str(self._folder), self._limits["disk"])
        with open(self._inbox, "rb") as archive:
            files.unpack(archive, self._folder)
        self._first = box.start_first_process()

    def _fork(self, order: dict) -> int:
        """Fork the kernel and return its process once it is shut in."""
        ready, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            become_kernel(order, tell, self._channel, boxed=self._first is not None)
        os.close(tell)
        os.close(self._channel)
        with open(ready, encoding="utf-8") as answer:
            if problem := answer.read():
                raise OSError(problem)
        return pid

    def _watch(self, relay: Relay) -> int:
        """Hand on messages until the kernel ends, by itself or by force, and return its status."""
        self._usage = Watch(self._limits, boxed=self._first is not None)
        parent = os.getppid()
        ended = os.pidfd_open(self._kernel)
        relay.listen_to(self._client, self._obey)
        relay.listen_to(ended, lambda: None)
        while not select.select([ended], [], [], 0)[0]:
            relay.work(_MOMENT)
            self._reason = self._reason or self._usage.find_excess() or relay.excess
            if self._reason or os.getppid() != parent:
                self._signal(signal.SIGKILL)
        _, status = os.waitpid(self._kernel, 0)
        self._signal(signal.SIGKILL)  # whom it has left behind
        if self._first:
            self._first.wait()  # until nothing runs in there any more
        relay.finish(_LAST_WORDS)
        return status

    def _obey(self) -> None:
        message = self._client.recv(MESSAGE)
        order = json.loads(message) if message else {"signal": signal.SIGKILL}
        if "begin" in order:
            self._usage.begin()
        else:
            self._signal(order["signal"])

    def _signal(self, number: int) -> None:
        if number == signal.SIGKILL and self._first:
            self._first.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._kernel, number)

    def _save(self, before: files.State) -> str:
        """Pack what is new in the folder; return why it could not be done."""
        try:
            with open(self._outbox, "wb") as archive:
                files.pack(self._folder, archive, self._limits["disk"], before)
        except (files.TooLarge, OSError) as error:
            return str(error)
        return ""

    def _tell(self, **message: object) -> None:
        with contextlib.suppress(OSError):
            self._client.send(json.dumps(message).encode())
