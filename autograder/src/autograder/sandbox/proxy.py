"""Forward messages between a kernel and its Jupyter clients, byte for byte.

The supervisor runs the proxy, for two reasons. The kernel has no network and a file system of its own, so clients
cannot reach its sockets. And clients have to be safe from it: a submission that closes the kernel's sockets, listens
on them itself or sends without end meets the proxy, which counts the bytes and can be ended, and never a client.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial

_CHUNK = 2**18  # bytes that are read or written at a time
_BACKLOG = 2**20  # bytes that wait for a slow reader before no more are read for it
_RETRY = 0.005  # s, between two attempts to connect to a kernel that has just started


class Proxy:
    """Connects every client of a listening socket with the kernel's socket that belongs to it.

    Parameters
    ----------
    listeners : list of socket.socket
        Listening sockets, to which clients connect.
    targets : list of str
        For each of them the path of a socket that the kernel has or will have.
    limit : int
        Bytes that the kernel may send in all.

    Attributes
    ----------
    excess : str
        What to tell a person if the kernel has sent more, otherwise empty. From then on nothing is forwarded.
    """

    def __init__(self, listeners: list[socket.socket], targets: list[str], limit: int):
        self.excess = ""
        self._limit = self._left = limit
        self._selector = selectors.DefaultSelector()
        self._unconnected: list[tuple[socket.socket, str]] = []  # clients, while the kernel does not listen yet
        self._connections: set[_Connection] = set()
        for listener, target in zip(listeners, targets, strict=True):
            listener.setblocking(False)
            self.watch(listener, partial(self._accept, listener, target))

    def watch(self, source: socket.socket | int, call: Callable[[], object]) -> None:
        """Have `work` call ``call`` whenever ``source`` can be read; so the supervisor has one loop for everything."""
        self._selector.register(source, selectors.EVENT_READ, lambda _: call())

    def work(self, seconds: float) -> None:
        """Forward what there is, or wait up to ``seconds`` for something to forward."""
        self._unconnected = [pair for pair in self._unconnected if not self._connect(*pair)]
        for key, events in self._selector.select(min(seconds, _RETRY) if self._unconnected else seconds):
            key.data(events)

    def finish(self, seconds: float) -> None:
        """Forward what a kernel that has ended has sent before; take ``seconds`` at most."""
        deadline = time.monotonic() + seconds
        while self._connections and time.monotonic() < deadline:
            self.work(_RETRY)

    def count(self, sent: int) -> None:
        """Add to the bytes that the kernel has sent."""
        self._left -= sent
        if self._left < 0:
            self.excess = f"it sent more than {self._limit / 1e6:.3g} MB of messages"

    def _accept(self, listener: socket.socket, target: str) -> None:
        with contextlib.suppress(BlockingIOError):  # the client has gone again
            self._unconnected.append((listener.accept()[0], target))

    def _connect(self, client: socket.socket, target: str) -> bool:
        kernel = socket.socket(socket.AF_UNIX)
        kernel.setblocking(False)
        try:
            kernel.connect(target)
        except OSError:  # the kernel does not listen yet
            kernel.close()
            return False
        client.setblocking(False)
        self._connections.add(_Connection(self, self._selector, client, kernel, self._connections.discard))
        return True


class _Connection:
    """A client's socket and the one to the kernel that belongs to it: what is read from one is written to the other.

    Parameters
    ----------
    proxy : Proxy
        It counts what the kernel sends.
    selector : selectors.BaseSelector
        Calls `_serve` when one of the sockets is ready.
    client, kernel : socket.socket
        Both do not block.
    on_close : callable
        Called with this connection when it has been closed.
    """

    def __init__(
        self,
        proxy: Proxy,
        selector: selectors.BaseSelector,
        client: socket.socket,
        kernel: socket.socket,
        on_close: Callable[[_Connection], None],
    ):
        self._proxy = proxy
        self._selector = selector
        self._kernel = kernel
        self._on_close = on_close
        self._other = {client: kernel, kernel: client}
        self._unsent = {client: bytearray(), kernel: bytearray()}  # to be written to this socket
        self._ended: set[socket.socket] = set()  # nothing can be read from these any more
        self._open = True
        for end in self._other:
            selector.register(end, selectors.EVENT_READ, partial(self._serve, end))

    def _serve(self, end: socket.socket, events: int) -> None:
        if not self._open:  # an event of the other socket, in the same list of events, has closed both
            return
        try:
            if events & selectors.EVENT_READ:
                self._read(end)
            for target in self._other:
                self._write(target)
        except OSError:
            self._close()
            return
        self._update()

    def _read(self, end: socket.socket) -> None:
        data = end.recv(_CHUNK)
        if end is self._kernel:
            self._proxy.count(len(data))
        if self._proxy.excess or not data:
            self._ended.add(end)
        else:
            self._unsent[self._other[end]] += data

    def _write(self, target: socket.socket) -> None:
        unsent = self._unsent[target]
        with contextlib.suppress(BlockingIOError):
            while unsent:
                del unsent[: target.send(unsent[:_CHUNK])]

    def _update(self) -> None:
        """Close the connection if one socket has ended and all of it is written; else choose what to wait for."""
        if any(end in self._ended and not self._unsent[other] for end, other in self._other.items()):
            self._close()
            return
        for end, other in self._other.items():
            reads = end not in self._ended and len(self._unsent[other]) < _BACKLOG
            events = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * bool(self._unsent[end])
            self._wait_for(end, events)

    def _wait_for(self, end: socket.socket, events: int) -> None:
        registered = end in self._selector.get_map()
        if events and registered:
            self._selector.modify(end, events, partial(self._serve, end))
        elif events:
            self._selector.register(end, events, partial(self._serve, end))
        elif registered:
            self._selector.unregister(end)

    def _close(self) -> None:
        self._open = False
        for end in self._other:
            self._wait_for(end, 0)
            end.close()
        self._on_close(self)
