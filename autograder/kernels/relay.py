"""Hand on what Jupyter's clients and a kernel have to say to each other, byte for byte, up to a number of bytes.

Clients never meet a socket of the kernel's own: whatever it does with those, it cannot reach or flood anybody.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial

_CHUNK = 2**18
_BACKLOG = 2**20  # bytes that wait for a slow reader before no more are read
_KNOCK = 0.005  # s, between two attempts to reach a kernel that has just started


class Relay:
    """Connects those who come to a door with the kernel's socket behind it.

    Parameters
    ----------
    doors : list of socket.socket
        Where clients connect.
    ports : list of str
        For each door the path of a socket that the kernel has or will have.
    most : int
        Bytes that the kernel may send.

    Attributes
    ----------
    excess : str
        That it has sent more, if it has; nothing of it is handed on any longer.
    """

    def __init__(self, doors: list[socket.socket], ports: list[str], most: int):
        self.excess = ""
        self._most = self._room = most
        self._selector = selectors.DefaultSelector()
        self._outside: list[tuple[socket.socket, str]] = []
        self._pairs: set[_Pair] = set()
        for door, port in zip(doors, ports, strict=True):
            door.setblocking(False)
            self.listen_to(door, partial(self._let_in, door, port))

    def listen_to(self, source: socket.socket | int, call: Callable[[], object]) -> None:
        """Have ``call`` called whenever there is something to read from ``source``."""
        self._selector.register(source, selectors.EVENT_READ, lambda _: call())

    def work(self, seconds: float) -> None:
        """Hand on what there is, or wait so long for it."""
        self._outside = [visitor for visitor in self._outside if not self._connect(*visitor)]
        for key, events in self._selector.select(min(seconds, _KNOCK) if self._outside else seconds):
            key.data(events)

    def finish(self, seconds: float) -> None:
        """Hand on what the kernel, which has ended, has sent before; take no longer than this."""
        deadline = time.monotonic() + seconds
        while self._pairs and time.monotonic() < deadline:
            self.work(_KNOCK)

    def count(self, sent: int) -> None:
        """Note how much the kernel has sent."""
        self._room -= sent
        if self._room < 0:
            self.excess = f"it sent more than {self._most / 1e6:.3g} MB of messages"

    def _let_in(self, door: socket.socket, port: str) -> None:
        with contextlib.suppress(BlockingIOError):  # the client has gone again
            self._outside.append((door.accept()[0], port))

    def _connect(self, client: socket.socket, port: str) -> bool:
        kernel = socket.socket(socket.AF_UNIX)
        kernel.setblocking(False)
        try:
            kernel.connect(port)
        except OSError:  # it is not there yet
            kernel.close()
            return False
        client.setblocking(False)
        self._pairs.add(_Pair(self, self._selector, client, kernel, self._pairs.discard))
        return True


class _Pair:
    """A client's connection and the kernel's that belongs to it."""

    def __init__(self, relay: Relay, selector, client: socket.socket, kernel: socket.socket, forget: Callable):
        self._relay = relay
        self._selector = selector
        self._kernel = kernel
        self._forget = forget
        self._other = {client: kernel, kernel: client}
        self._waiting = {client: bytearray(), kernel: bytearray()}  # to be written there
        self._ended: set[socket.socket] = set()
        self._open = True
        for end in self._other:
            selector.register(end, selectors.EVENT_READ, partial(self._serve, end))

    def _serve(self, end: socket.socket, events: int) -> None:
        if not self._open:  # since the last event of the same moment
            return
        try:
            if events & selectors.EVENT_READ:
                self._read(end)
            for target in self._other:
                self._write(target)
        except OSError:
            self._close()
            return
        self._go_on()

    def _read(self, end: socket.socket) -> None:
        data = end.recv(_CHUNK)
        if end is self._kernel:
            self._relay.count(len(data))
        if self._relay.excess or not data:
            self._ended.add(end)
        else:
            self._waiting[self._other[end]] += data

    def _write(self, target: socket.socket) -> None:
        waiting = self._waiting[target]
        with contextlib.suppress(BlockingIOError):
            while waiting:
                del waiting[: target.send(waiting[:_CHUNK])]

    def _go_on(self) -> None:
        if any(end in self._ended and not self._waiting[other] for end, other in self._other.items()):
            self._close()
            return
        for end, other in self._other.items():
            reads = end not in self._ended and len(self._waiting[other]) < _BACKLOG
            events = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * bool(self._waiting[end])
            self._watch(end, events)

    def _watch(self, end: socket.socket, events: int) -> None:
        known = end in self._selector.get_map()
        if events and known:
            self._selector.modify(end, events, partial(self._serve, end))
        elif events:
            self._selector.register(end, events, partial(self._serve, end))
        elif known:
            self._selector.unregister(end)

    def _close(self) -> None:
        self._open = False
        for end in self._other:
            self._watch(end, 0)
            end.close()
        self._forget(self)
