"""An IPython kernel for Jupyter's clients, and what it prints to."""

from __future__ import annotations

from typing import Any

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from traitlets import Integer

ALWAYS = 2**16  # characters that every cell may print, however much was printed before


class Stream(OutStream):
    """Standard output or error, up to a number of characters.

    What a notebook prints beyond the limit would be cut off by the grader anyway; here it costs no time.
    """

    def __init__(self, *args: Any, limit: int, **kwargs: Any):
        self._left = limit
        super().__init__(*args, **kwargs)

    def write(self, string: str) -> int:
        """Print what the limit allows, and return the length of all of it, as if it had been printed."""
        if not isinstance(string, str):
            return int(super().write(string))  # which raises the usual error
        allowed, self._left = max(self._left, 0), self._left - len(string)
        super().write(string[:allowed])
        return len(string)

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Begin with another cell."""
        super().set_parent(parent)
        self._left = max(self._left, ALWAYS)


class KernelApp(IPKernelApp):
    """An IPython kernel that loses no message when it sends many, and that prints a limited number of characters."""

    output_limit = Integer(help="Characters that it may print.")
    stream_class = Stream

    def close(self) -> None:
        """Leave everything to the end of the process.

        The kernel's own method waits for its threads, which wait for each other now and then.
        """

    def _bind_socket(self, s: zmq.Socket[bytes], port: int) -> int:
        # Without it ZeroMQ drops messages to a client that reads more slowly than the kernel prints.
        if s.type == zmq.XPUB:
            s.setsockopt(zmq.XPUB_NODROP, 1)
        return int(super()._bind_socket(s, port))

    def init_io(self) -> None:
        """Have the kernel print to a `Stream`."""
        self.outstream_class = f"{__name__}.make_stream"
        super().init_io()


def make_stream(*args: Any, **kwargs: Any) -> Stream:
    """Return the stream that `KernelApp` prints to."""
    app = KernelApp.instance()
    return app.stream_class(*args, limit=app.output_limit, **kwargs)
