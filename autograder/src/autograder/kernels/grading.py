"""The client of a kernel that grades: it sends requests and receives messages, without ZeroMQ."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from typing import Any

from jupyter_client.jsonutil import parse_date
from jupyter_client.session import DELIM, Session
from nbclient.exceptions import DeadKernelError

from autograder.kernels.client import ForkedKernel
from autograder.kernels.packets import ConnectionEnded, PacketSocket, TooMuchTraffic
from autograder.sandbox.limits import max_traffic

_MOST_VALUES = 2_000_000  # in one message
_LATE = 100
_SEND_LIMIT = struct.pack("ll", 2, 0)  # s and µs, for a kernel to take a request


class GradingClient:
    """Talks to one kernel in Jupyter's messages.

    Parameters
    ----------
    kernel : ForkedKernel
        Its role is ``grading``.
    limits : dict
        `autograder.sandbox.limits.Limits` as plain data.

    Attributes
    ----------
    session : jupyter_client.session.Session
        Makes and reads the messages.
    """

    def __init__(self, kernel: ForkedKernel, limits: dict[str, int]):
        kernel.messages.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_LIMIT)
        self.session = Session()
        self.session.auth = None  # nobody else can send anything here, so messages need no signature
        self._late = 0  # packets that were read after the deadline
        self._kernel = kernel
        self._packets = PacketSocket(kernel.messages, max_traffic(limits))
        self._selector = selectors.DefaultSelector()
        for source in (self._packets, kernel):
            self._selector.register(source, selectors.EVENT_READ)

    @property
    def shell_channel(self) -> GradingClient:
        """Where nbclient's widgets send their messages to."""
        return self

    def kernel_info(self) -> str:
        """Ask which language the kernel runs, and return the request's id."""
        return self.request("kernel_info_request")

    def request(self, kind: str, content: dict[str, Any] | None = None) -> str:
        """Send a request and return its id.

        Raises
        ------
        DeadKernelError
            If the kernel does not take it.
        """
        message = self.session.msg(kind, content)
        self.send(message)
        return str(message["msg_id"])

    def send(self, message: dict[str, Any]) -> None:
        """Send a message.

        Raises
        ------
        DeadKernelError
            If the kernel does not take it.
        """
        try:
            self._packets.send(self.session.serialize(message))
        except OSError:
            raise self._end() from None

    def receive(self, deadline: float | None) -> dict[str, Any]:
        """Return the next message.

        Parameters
        ----------
        deadline : float, optional
            Time of `time.monotonic`.

        Raises
        ------
        TimeoutError
            If none has come until then.
        DeadKernelError
            If the kernel has ended, or was ended because it has closed its connection or sent too much.
        """
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            sources = [key.fileobj for key, _ in self._selector.select(left)]
            # What has come in time counts, also if this process had no time to read it.
            self._late = self._late + 1 if left == 0 else 0
            if not sources or self._late > _LATE:
                raise TimeoutError
            if self._packets in sources:
                if parts := self._read():
                    return self._decode(parts)
            else:
                raise self._end()

    def _decode(self, parts: list[bytes]) -> dict[str, Any]:
        """Return a message, unless it has so many values that to decode it would take seconds and gigabytes."""
        if sum(part.count(mark) for part in parts for mark in (b",", b"[", b"{")) > _MOST_VALUES:
            raise ValueError("a message of too many values")
        start = parts.index(DELIM) + 2  # after the signature
        header, parent, metadata, content = map(self.session.unpack, parts[start : start + 4])
        # The only date that is read. Jupyter's own method looks for dates everywhere, which takes half of its time.
        header["date"] = parse_date(header.get("date"))
        return {
            "header": header,
            "msg_id": header["msg_id"],
            "msg_type": header["msg_type"],
            "parent_header": parent,
            "metadata": metadata,
            "content": content,
            "buffers": [memoryview(buffer) for buffer in parts[start + 4 :]],
        }

    def _read(self) -> list[bytes] | None:
        try:
            return self._packets.receive()
        except (ConnectionEnded, TooMuchTraffic) as error:
            raise self._end("" if isinstance(error, ConnectionEnded) else str(error)) from None

    def _end(self, reason: str = "") -> DeadKernelError:
        """End the kernel if it still runs, and return what is raised then."""
        self._kernel.end()
        self._kernel.reason = self._kernel.reason or reason
        return DeadKernelError("Kernel died")

    def close(self) -> None:
        """Close the connection, which makes the kernel end."""
        self._selector.close()
        self._packets.close()
