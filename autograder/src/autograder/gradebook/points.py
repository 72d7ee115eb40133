"""The points that a test cell's result counts for: what is no number as in nbgrader, a number within bounds.

A number below the cell's points is partial credit, and what the test has printed is the reason for it.
"""

from __future__ import annotations

import math
import re

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import has_failed, is_grade, is_solution

from autograder.course.text import printable, shorten

_NUMBER = 30  # characters of a number in a note
_REASON, _READ = 500, 5000  # characters of a reason, and of what is printed that it is taken from
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def within_bounds(cell: NotebookNode) -> NotebookNode:
    """Return a graded cell, or a copy of it, whose result nbgrader counts within 0 and the cell's points.

    nbgrader gives all points to a number that is negative or nan, and stops at one that is above the maximum.
    """
    number = _odd_number(cell)
    if number is None:
        return cell
    bounded: NotebookNode = nbformat.from_dict(cell)
    result = next(output for output in bounded.outputs if output.output_type == "execute_result")
    result.data["text/plain"] = str(_count(number, _maximum(cell)))
    return bounded


def describe_odd_numbers(nb: NotebookNode) -> list[str]:
    """Return a note for each test cell whose result is a number below 0 or above the cell's points, or no real one."""
    notes = []
    for cell in nb.cells:
        number = _odd_number(cell)
        if number is not None:
            name, maximum = cell.metadata.nbgrader["grade_id"], _maximum(cell)
            shown = shorten(str(_text(cell)).strip(), _NUMBER)
            notes.append(f"the result of {name} was {shown}; it counts as {_count(number, maximum):g} of {maximum:g}")
    return notes


def find_reason(cell: NotebookNode) -> str:
    """Return why a test gave a part of its points: what it printed, the end of it if that is long.

    It is empty where the test gave all points, failed, or printed nothing. Answers that a test calls print as well.
    """
    number = _number(cell)
    if number is None or number >= _maximum(cell):
        return ""
    printed = "".join(str(output.text) for output in cell.outputs if output.output_type == "stream")
    text = _COLOURS.sub("", printed[-_READ:]).strip()
    return text if len(text) <= _REASON else f"...{text[-_REASON:]}"


def find_reasons(nb: NotebookNode) -> dict[str, str]:
    """Return why tests gave a part of their points, by their nbgrader ids, each in one line."""
    found = {cell.metadata.nbgrader["grade_id"]: find_reason(cell) for cell in nb.cells if is_grade(cell)}
    return {name: printable("; ".join(text.splitlines())) for name, text in found.items() if text}


def _odd_number(cell: NotebookNode) -> float | None:
    """Return the number that is a test cell's result, if it is none that nbgrader counts as it is."""
    number = _number(cell)
    return None if number is None or 0 <= number <= _maximum(cell) else number


def _number(cell: NotebookNode) -> float | None:
    """Return the number that is the result of a test cell that has not failed."""
    if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell) or has_failed(cell):
        return None
    try:
        return float(_text(cell))  # type: ignore[arg-type]  # what is no text raises
    except (TypeError, ValueError):
        return None


def _text(cell: NotebookNode) -> str | None:
    """Return what nbgrader takes for points: the text of the first result."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            text = output.data.get("text/plain")
            if isinstance(text, list):
                return str(text[0]) if len(text) == 1 else None
            return text if isinstance(text, str) else None
    return None


def _maximum(cell: NotebookNode) -> float:
    return float(cell.metadata.nbgrader["points"])


def _count(number: float, maximum: float) -> float:
    return 0.0 if math.isnan(number) else min(max(number, 0.0), maximum)
