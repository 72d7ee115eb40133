"""Which of the instructor's cells failed in a notebook that was run, each with its error in one line."""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader.utils import has_failed, is_grade, is_locked

from autograder.course.text import shorten

_LINE = 200  # characters
_ON_PURPOSE = "raises-exception"  # a cell with this tag may fail


def find_failures(nb: NotebookNode) -> dict[str, str]:
    """Return the errors of the tests and the locked cells that failed, by their nbgrader ids."""
    return {
        cell.metadata.nbgrader["grade_id"]: _error(cell)
        for cell in nb.cells
        if is_locked(cell) and has_failed(cell) and _ON_PURPOSE not in cell.metadata.get("tags", []) and _counts(cell)
    }


def _counts(cell: NotebookNode) -> bool:
    """Return whether the cell has failed: what a locked cell that is no test writes to standard error is no failure."""
    return is_grade(cell) or any(output.output_type == "error" for output in cell.outputs)


def _error(cell: NotebookNode) -> str:
    for output in cell.outputs:
        if output.output_type == "error":
            first = (str(output.evalue).strip().splitlines() or [""])[0]
            return shorten(f"{output.ename}: {first}" if first else str(output.ename), _LINE)
    return "something was written to standard error"
