"""Marks of tests that a judge could not decide: as nbgrader gives them, in a kernel of which nothing else is kept.

Such a run ends with marks that a person is to look at. The text of a test is in the submission's process then. So
nothing that this process shows or writes is kept but whether each test passed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Set

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.notebooks import grade_id
from autograder.judge.table import points_of


def copy_for_another_run(nb: NotebookNode, decided: Set[str]) -> NotebookNode:
    """Return a copy of a notebook that was run, without its outputs, in which these tests are made empty."""
    again = copy.deepcopy(nb)
    for cell in again.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if grade_id(cell) in decided:
            cell.source = ""
    return again


def take_over(nb: NotebookNode, again: NotebookNode, undecided: Mapping[str, str]) -> dict[str, str]:
    """Give these tests of ``nb`` the marks that they got in another run.

    Returns
    -------
    dict
        By grade id, the tests that won points so, with the reason why the judge could not decide.
    """
    done = {grade_id(cell): cell for cell in again.cells if grade_id(cell) in undecided}
    won = {}
    for cell in nb.cells:
        name = grade_id(cell) or ""
        if name not in done:
            continue
        points = points_of(done[name])
        if points > points_of(cell):
            won[name] = undecided[name]
            cell.outputs = _outputs(points, cell)
    return won


def failed(reason: str) -> list[NotebookNode]:
    """Return the outputs of a test that the judge could not decide, and that has not passed otherwise."""
    text = f"This test has not passed. The judge could not decide it: {reason}."
    return [new_output("error", ename="NotDecided", evalue=text, traceback=[text])]


def _outputs(points: float, cell: NotebookNode) -> list[NotebookNode]:
    """Return outputs of a test that nbgrader takes for these points."""
    if points == cell.metadata.nbgrader.points:
        return []
    data = {"text/plain": repr(points)}
    return [new_output("execute_result", data=data, execution_count=cell.execution_count)]
