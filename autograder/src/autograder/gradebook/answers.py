"""Which graded cells of a notebook were answered: what is as it was released is no answer, as in nbgrader."""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_solution


def find_answered(nb: NotebookNode) -> dict[str, bool]:
    """Return whether each graded cell was answered, by its nbgrader id.

    The answer to a test is in the cells for answers between the test before and it. Where there are none, the test
    belongs to the same answer as the test before. A cell without any answer to look at is left out.
    """
    found = {}
    answers: list[bool] = []  # to the test that comes next, whether each cell holds something new
    is_complete = False  # whether a test has come since the last of them
    for cell in nb.cells:
        if is_grade(cell) and is_solution(cell):
            found[cell.metadata.nbgrader["grade_id"]] = _is_new(cell)
        elif is_solution(cell):
            answers = [_is_new(cell)] if is_complete else [*answers, _is_new(cell)]
            is_complete = False
        elif is_grade(cell) and answers:
            found[cell.metadata.nbgrader["grade_id"]] = any(answers)
            is_complete = True
    return found


def _is_new(cell: NotebookNode) -> bool:
    released = cell.metadata.nbgrader.get("checksum")
    return bool(released != compute_checksum(cell))
