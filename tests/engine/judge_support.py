"""Cells of notebooks for tests of the judge."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell

from autograder.execution.executor import RunResult
from autograder.execution.notebook import run_notebook
from autograder.judge.table import Table


def cell(source: str, name: str, *, grade: bool = False, solution: bool = False) -> NotebookNode:
    """Return an instructor's cell: locked, with an answer, or a test with one point."""
    details = {"grade_id": name, "grade": grade, "solution": solution, "locked": not solution, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {**details, "task": False, "points": int(grade)}})


def run_copy(nb: NotebookNode, folder: Path, table: Table | None = None) -> tuple[NotebookNode, RunResult]:
    """Run a copy of a notebook; kernel and judge work in new folders in this one. Return it and what came of it."""
    nb = from_dict(nb)
    for role in ("kernel", "judge"):
        (folder / role).mkdir(parents=True)
    return nb, run_notebook(nb, folder / "kernel", None, table, folder / "judge")
