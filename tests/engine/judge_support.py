"""Cells of notebooks for tests of the judge."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell


def cell(source: str, name: str, *, grade: bool = False, solution: bool = False) -> NotebookNode:
    """Return an instructor's cell: locked, with an answer, or a test with one point."""
    details = {"grade_id": name, "grade": grade, "solution": solution, "locked": not solution, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {**details, "task": False, "points": int(grade)}})
