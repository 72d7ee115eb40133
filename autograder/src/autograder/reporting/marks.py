"""Read the marks off an executed notebook, as nbgrader does, with a message for every point lost."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade

from autograder.gradebook.points import describe_odd_numbers, find_reason, within_bounds

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Mark:
    """The mark of one graded cell.

    Attributes
    ----------
    grade_id : str
        The cell's nbgrader id.
    score, max_score : float
        Points won, and points that there are to win.
    message : str
        What to tell the student. It comes from the student's own process and may hold anything.
    """

    grade_id: str
    score: float
    max_score: float
    message: str = ""


def read_marks(nb: NotebookNode) -> list[Mark]:
    """Return the mark of every graded cell of an executed notebook, in order.

    A cell that a person has to grade counts 0 points so far.
    """
    return [_mark(cell) for cell in nb.cells if is_grade(cell)]


def notes_on_points(nb: NotebookNode) -> list[str]:
    """Return a note for each test cell of an executed notebook whose result is a number out of bounds."""
    return describe_odd_numbers(nb)


def _mark(cell: NotebookNode) -> Mark:
    score, max_score = determine_grade(within_bounds(cell))
    name = cell.metadata.nbgrader["grade_id"]
    if score is None:
        return Mark(name, 0.0, max_score, "Graded by hand.")
    return Mark(name, float(score), max_score, _message(cell) if score < max_score else "")


def _message(cell: NotebookNode) -> str:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return _ANSI.sub("", _describe(output.ename, output.evalue))
        if output.output_type == "stream" and output.name == "stderr":
            return f"Something was written to the error stream: {output.text.strip()[:200]}"
    return find_reason(cell) or ("Part of the points." if cell.get("outputs") else "No response.")


def _describe(name: str, value: str) -> str:
    """Return an error in one line; a checker's own kind of error speaks for itself."""
    if not value:
        return name
    return f"{name}: {value}" if hasattr(builtins, name) and name != "AssertionError" else value
