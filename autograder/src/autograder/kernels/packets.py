"""Jupyter's messages over a socket pair, as packets: a kernel without ZeroMQ.

Each message is a list of byte strings, which Jupyter calls frames. The socket is of the type ``SOCK_SEQPACKET``: it
keeps each packet whole, so threads and child processes of a kernel can send at the same time. A long message takes
several packets. Each of them names the process that has sent it, and says whether a message starts or ends with it: a
process may have been interrupted while it sent the message before.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any

_HEAD = struct.Struct("!I??")  # the process that sends a packet, whether a message starts with it, and whether it ends
_COUNT = struct.Struct("!I")
_SIZE = struct.Struct("!Q")
_MOST_FRAMES = 1000
_LEAST = 1000  # bytes that a packet counts at least, however short it is
_PAYLOAD = 2**16  # bytes of a message in one packet; Linux takes packets of up to 200 kB


class ConnectionEnded(ConnectionError):
    """The other end is closed."""


class TooMuchTraffic(Exception):
    """More has come than the limit allows."""


class PacketSocket:
    """One end of the connection.

    Parameters
    ----------
    connection : socket.socket
        Connected, of the type ``SOCK_SEQPACKET``.
    limit : int, optional
        Bytes that may come in all.
    """

    def __init__(self, connection: socket.socket, limit: int | None = None):
        self._socket = connection
        self._limit, self._received = limit, 0
        self._unfinished: dict[int, bytearray] = {}  # by the process that sends the message
        self._sender, self._lock = os.getpid(), threading.Lock()

    def fileno(self) -> int:
        """Return the number of the open file."""
        return self._socket.fileno()

    def send(self, parts: Sequence[Any]) -> None:
        """Send a message.

        Parameters
        ----------
        parts : sequence of bytes-like
            Its frames.

        Raises
        ------
        OSError
            If the other end is closed, or takes no message within the time limit of the socket.
        """
        if self._sender != os.getpid():  # a child process; a thread that it does not have may hold its lock
            self._sender, self._lock = os.getpid(), threading.Lock()
        message = _join(parts)
        with self._lock:
            for start in range(0, len(message), _PAYLOAD):
                ends = start + _PAYLOAD >= len(message)
                head = _HEAD.pack(self._sender, start == 0, ends)
                self._socket.sendall(head + message[start : start + _PAYLOAD])

    def receive(self) -> list[bytes] | None:
        """Wait for one packet. Return the message that it ends, or None if more packets belong to the message.

        Raises
        ------
        ConnectionEnded
            If the other end is closed.
        TooMuchTraffic
            If more bytes have come than the limit allows; a packet counts as 1,000 bytes at least.
        ValueError
            If what has come is no message.
        """
        try:
            packet = receive_packet(self._socket, _HEAD.size + _PAYLOAD)
        except ConnectionError as error:
            raise ConnectionEnded(str(error)) from error
        if not packet:
            raise ConnectionEnded("the other end is closed")
        self._received += max(len(packet), _LEAST)
        if self._limit is not None and self._received > self._limit:
            raise TooMuchTraffic(f"it sent more than {self._limit / 1e6:.3g} MB of messages")
        if len(packet) < _HEAD.size:
            raise ValueError("a packet without a head")
        sender, starts, ends = _HEAD.unpack_from(packet)
        if starts:
            self._unfinished[sender] = bytearray()
        message = self._unfinished.setdefault(sender, bytearray())
        message += memoryview(packet)[_HEAD.size :]
        return _split(bytes(self._unfinished.pop(sender))) if ends else None

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def can_be_read(connection: socket.socket, seconds: float | None) -> bool:
    """Wait until something has come or the other end is closed, for so many seconds at most; return whether it has."""
    poll = select.poll()  # unlike `select.select` it takes file numbers above 1023, which a large machine needs
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if seconds is None else max(0, math.ceil(1000 * seconds))))


def receive_packet(connection: socket.socket, size: int) -> bytes:
    """Wait for one packet of at most ``size`` bytes and return it; it is empty if the other end is closed.

    If the other end was closed before it had read everything, Linux says so once, and ahead of what it has sent. That
    still counts: a kernel's last messages, and its supervisor's word on how it ended.
    """
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(size)
    return connection.recv(size)


def _join(parts: Sequence[Any]) -> bytes:
    """Return the bytes of a message: the number of its frames, their sizes, and the frames."""
    frames = [bytes(part) for part in parts]
    return b"".join([_COUNT.pack(len(frames)), *(_SIZE.pack(len(frame)) for frame in frames), *frames])


def _split(message: bytes) -> list[bytes]:
    """Return the frames of a message. It calls few builtins: a notebook may have replaced them."""
    try:
        (count,) = _COUNT.unpack_from(message)
        if count > _MOST_FRAMES:
            raise ValueError("a message of too many frames")
        start = _COUNT.size + count * _SIZE.size
        frames = []
        for (size,) in _SIZE.iter_unpack(message[_COUNT.size : start]):
            frames.append(message[start : start + size])
            start += size
    except struct.error as error:
        raise ValueError("a message without a head") from error
    if start != len(message) or len(frames) != count:
        raise ValueError("a message of the wrong size")
    return frames
