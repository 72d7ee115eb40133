"""What one forgery is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode


@dataclass(frozen=True)
class Case:
    """One submission that tries to win the points of a wrong answer.

    Attributes
    ----------
    name : str
        Whose submission it is.
    tries : str
        What it tries.
    holds : str
        What holds instead.
    code : str
        A cell of its own, before the answer.
    answer : str
        What stands in the cell that is to define ``double``.
    note : str
        What a note for the instructor says, as a regular expression.
    fair : float
        Points that the answer earns without forging, for it is right now and then.
    won : float
        Points that it would win if test cells ran as any other cell, of 2 for each of the three tests of ``double``.
    make : callable
        Changes the notebook.
    """

    name: str
    tries: str
    holds: str
    code: str = ""
    answer: str = "def double(x):\n    return 0"
    note: str = ""
    fair: float = 0
    won: float = 6
    make: Callable[[NotebookNode], None] | None = None
