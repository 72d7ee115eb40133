"""A text stream that hands on what is written to it."""

from __future__ import annotations

import io
from collections.abc import Callable


class Stream(io.TextIOBase):
    """Stands in for standard output or error.

    Parameters
    ----------
    take : callable
        Is called with every text.
    """

    def __init__(self, take: Callable[[str], None]):
        self._take = take

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Hand a text on and return its length."""
        if not isinstance(text, str):
            raise TypeError(f"string argument expected, got {type(text).__name__!r}")
        self._take(text)
        return len(text)
