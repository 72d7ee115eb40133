"""Messages over a socket between the judge and the kernel of a submission."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from autograder.judge.codec import MESSAGE
from autograder.judge.errors import Undecodable

_HEAD = struct.Struct("!QI")  # bytes of the JSON text, and how many blobs follow
_SIZE = struct.Struct("!Q")
_MOST_BLOBS = 100_000


class LinkLost(ConnectionError):
    """The other side has closed the socket or sent what is no message."""


class Link:
    """One end of a connection. Each message is JSON-like data with any number of byte strings.

    Parameters
    ----------
    connection : socket.socket
        Connected, of the type ``SOCK_STREAM``.
    """

    def __init__(self, connection: socket.socket):
        self._socket = connection

    def send(self, data: Any, blobs: list[bytes]) -> None:
        """Send one message.

        Raises
        ------
        LinkLost
            If the other side has gone.
        """
        text = json.dumps(data, separators=(",", ":")).encode("utf-8", "surrogatepass")
        head = [_HEAD.pack(len(text), len(blobs)), *(_SIZE.pack(len(blob)) for blob in blobs)]
        try:
            self._socket.sendall(b"".join([*head, text]))
            for blob in blobs:
                self._socket.sendall(blob)
        except OSError as error:
            raise LinkLost(str(error)) from error

    def receive(self) -> tuple[Any, list[bytes]]:
        """Return the next message.

        Raises
        ------
        LinkLost
            If the other side has gone.
        TimeoutError
            If the socket has a time limit, and that is over.
        autograder.judge.codec.Undecodable
            If the message is too large or no JSON. The link is of no use then.
        """
        length, count = _HEAD.unpack(self._read(_HEAD.size))
        if length > MESSAGE or count > _MOST_BLOBS:
            raise Undecodable("a message that is too large")
        sizes = [_SIZE.unpack(self._read(_SIZE.size))[0] for _ in range(count)]
        if length + sum(sizes) > MESSAGE:
            raise Undecodable("a message that is too large")
        text = self._read(length)
        try:
            data = json.loads(text.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise Undecodable(f"a message that is no JSON: {type(error).__name__}") from error
        return data, [self._read(size) for size in sizes]

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            try:
                part = self._socket.recv(min(missing, 2**20))
            except TimeoutError:
                raise
            except OSError as error:
                raise LinkLost(str(error)) from error
            if not part:
                raise LinkLost("the other side has closed the connection")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
