"""The points that a test cell's result counts for: what is no number as in nbgrader, a number within bounds."""

from __future__ import annotations

import math

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import has_failed, is_grade, is_solution

from autograder.course.text import shorten

_NUMBER = 30  # characters of a number in a note


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


def _odd_number(cell: NotebookNode) -> float | None:
    """Return the number that is a test cell's result, if it is none that nbgrader counts as it is."""
    if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell) or has_failed(cell):
        return None
    try:
        number = float(_text(cell))  # type: ignore[arg-type]  # what is no text raises
    except (TypeError, ValueError):
        return None
    return None if 0 <= number <= _maximum(cell) else number


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
