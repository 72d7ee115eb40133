"""Judge servers, as the grader sees them: those that are free are used again."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.kernels.judgeserver import READY
from autograder.kernels.packets import can_be_read

if TYPE_CHECKING:
    from autograder.kernels.client import ForkedKernel

_PATIENCE = 5  # s, for the judge that was released last to end: on a busy machine a new server takes longer


class JudgeServer:
    """A process that forks judges, one at a time; see `autograder.kernels.judgeserver`.

    Parameters
    ----------
    process : ForkedKernel
        Its role is ``judge``.
    keep : callable
        Called with the server when it is free.
    """

    def __init__(self, process: ForkedKernel, keep: Callable[[JudgeServer], None]):
        self._process, self._keep = process, keep

    def begin(self, core: int) -> None:
        """Have the judges run on this core; their time counts from now on."""
        self._process.begin(core)

    def fork_judge(self, link: socket.socket) -> socket.socket:
        """Have a judge forked that asks the kernel at the other end of ``link``; return the connection to it."""
        connection, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._process.channel, [b"\0"], [theirs.fileno(), link.fileno()])
        return connection

    def release(self, *, idle: bool) -> None:
        """Take note that the judge is not needed any more: keep an idle one's server, and end that of any other."""
        if idle:
            self._keep(self)
        else:
            self.close()

    def is_ready(self) -> bool:
        """Return whether it can fork the next judge; if not, it has ended or is of no use."""
        channel = self._process.channel
        ready = can_be_read(channel, _PATIENCE) and channel.recv(1) == READY
        return ready and not can_be_read(channel, 0)  # it may have ended since, because it was idle

    def close(self) -> None:
        """End it, and its judge."""
        self._process.kill()
        self._process.channel.close()


class JudgeServers:
    """Those that were forked from one process of the fork server, and are free."""

    def __init__(self) -> None:
        self._free: dict[str, list[JudgeServer]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def take(self, order: dict[str, Any], files: Path, start: Callable[[], ForkedKernel]) -> JudgeServer:
        """Return a server that is free, or start one.

        Parameters
        ----------
        order : dict
            As in `autograder.kernels.client.ForkServer.start_kernel`.
        files : Path
            The folder with the files that the judge gets.
        start : callable
            Starts the process.
        """
        key = json.dumps([order, _hash_files(files)], sort_keys=True)
        while free := self._pop(key):
            if free.is_ready():
                return free
            free.close()
        return JudgeServer(start(), lambda server: self._push(key, server))

    def close(self) -> None:
        """End those that are free, and have all others end when their judges are not needed any more."""
        with self._lock:
            self._closed = True
            free = [server for servers in self._free.values() for server in servers]
            self._free.clear()
        for server in free:
            server.close()

    def _pop(self, key: str) -> JudgeServer | None:
        with self._lock:
            servers = self._free.get(key)
            return servers.pop() if servers else None

    def _push(self, key: str, server: JudgeServer) -> None:
        with self._lock:
            if not self._closed:
                self._free.setdefault(key, []).append(server)
                return
        server.close()


def _hash_files(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder)}\0{content}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
