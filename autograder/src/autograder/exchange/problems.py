"""What cannot be placed, with the reason: nothing is guessed, and nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass


class Unplaced(Exception):
    """Something that was handed in, or a mark, belongs nowhere for certain. The message says why."""


@dataclass(frozen=True)
class Problem:
    """Something that could not be placed.

    Attributes
    ----------
    what : str
        The file, folder or student that it is about.
    reason : str
    """

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"
