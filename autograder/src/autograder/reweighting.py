"""Give the graded cells of an assignment other points: where the course keeps them, and after a look at the marks."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbgrader.api import Assignment, BaseCell, Grade, Gradebook, Notebook, SubmittedNotebook
from nbgrader.utils import is_grade, is_task
from sqlalchemy import or_

from autograder.authoring.masters import Masters
from autograder.authoring.release import release
from autograder.course import notebooks
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.gradebook.journal import lock
from autograder.grading import Grader
from autograder.renewal import read_summary
from autograder.reporting.weights import Weights, read_weights


def find_points(course: Course, assignment: str) -> dict[str, float]:
    """Return the points of each graded cell as ``source/`` has them, by names such as ``ps1/test_square``.

    Raises
    ------
    CourseError
        If there is no such assignment, or one of its notebooks cannot be read.
    """
    found = {}
    for path in _sources(course, assignment):
        try:
            cells = notebooks.read(path).cells
        except ValueError as error:
            raise CourseError(f"{path.parent}: {error}") from error
        for cell in cells:
            if is_grade(cell) or is_task(cell):
                found[f"{path.stem}/{notebooks.grade_id(cell)}"] = float(cell.metadata.nbgrader["points"])
    return found


def parse_changes(texts: Iterable[str], known: Mapping[str, float]) -> dict[str, float]:
    """Return the points that texts such as ``ps1/test_square=3`` ask for, without those that are so already.

    Parameters
    ----------
    texts : iterable of str
        The name of the notebook may be left out where only one has such a cell.
    known : mapping
        The points as they are.

    Raises
    ------
    CourseError
        If a text names no cell, or several, or no number of points.
    """
    changes = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        cell = _find_cell(name, text, known)
        changes[cell] = _parse_points(value, text)
    return {name: points for name, points in changes.items() if points != known[name]}


def _find_cell(name: str, text: str, known: Mapping[str, float]) -> str:
    if not name:
        raise CourseError(f"{text} is no change. Write it as in: NOTEBOOK/CELL=3")
    found = [full for full in known if name in (full, full.rpartition("/")[2])]
    if len(found) > 1:
        raise CourseError(f"several notebooks have a cell {name}. Name one: {', '.join(found)}")
    if not found:
        raise CourseError(f"no graded cell is called {name}. There are: {', '.join(known)}")
    return found[0]


def _parse_points(value: str, text: str) -> float:
    with contextlib.suppress(ValueError):
        points = float(value)
        if math.isfinite(points) and points >= 0:
            return points
    raise CourseError(f"{text}: points are a number from 0 up")


def weigh(course: Course, assignment: str) -> Weights:
    """Return what the marks of the class follow from, as they are now.

    Raises
    ------
    CourseError
        If there is no such assignment, or if another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    """
    with Grader(course, read_assignment(course, assignment)) as grader:
        return read_weights(read_summary(course, assignment, grader))


def count_fixed(course: Course, assignment: str, changes: Iterable[str]) -> dict[str, int]:
    """Return in how many submissions the points of these cells do not follow from the cell's points.

    A person has given them, or the test gave a part of its points, and says itself how many.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """

    def read(book: Gradebook) -> dict[str, int]:
        rows = (
            book.db.query(Notebook.name, BaseCell.name)
            .select_from(Grade)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .filter(
                Assignment.name == assignment,
                or_(Grade.manual_score.isnot(None), (Grade.auto_score > 0) & (Grade.auto_score < Grade.max_score)),
            )
        )
        names = [f"{notebook}/{cell}" for notebook, cell in rows]
        return {name: names.count(name) for name in changes if name in names}

    return course.read_gradebook(read)


def refuse_masters(course: Course, assignment: str) -> None:
    """See that the points of an assignment stand in ``source/``, and are not made from masters.

    Raises
    ------
    CourseError
        If they are. The message names the masters.
    AuthoringError
        If a master belongs to no assignment.
    """
    masters = Masters(course.config)
    paths = [str(masters.path(name)) for name in masters.names() if masters.assignment(name) == assignment]
    if paths:
        raise CourseError(
            f"the points of {assignment} stand in its masters. Change them there, after `points=`, and run: "
            f"autograder build. The masters are: {', '.join(paths)}"
        )


def write_points(course: Course, assignment: str, changes: Mapping[str, float]) -> None:
    """Write these points to ``source/``, and have nbgrader write them to ``release/`` and to the gradebook.

    Nobody's mark is changed: the submissions are due, and the next run grades them by the new points. If nbgrader
    cannot release the assignment, ``source/`` is as it was.

    Raises
    ------
    CourseError
        If nbgrader cannot release the assignment, or if another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If a notebook cannot be written.
    """
    with lock(course, course.scratch):
        before = {path: path.read_bytes() for path in _sources(course, assignment)}
        try:
            for path in before:
                _change(path, changes)
            release(course, assignment)
        except BaseException:
            for path, content in before.items():
                path.write_bytes(content)
            with contextlib.suppress(CourseError):
                release(course, assignment)
            raise


def _sources(course: Course, assignment: str) -> list[Path]:
    return sorted(course.folder("source", ".", assignment).glob("*.ipynb"))


def _change(path: Path, changes: Mapping[str, float]) -> None:
    nb = nbformat.read(path, nbformat.NO_CONVERT)
    wanted = {
        name.rpartition("/")[2]: points for name, points in changes.items() if name.rpartition("/")[0] == path.stem
    }
    for cell in nb.cells:
        points = wanted.get(notebooks.grade_id(cell) or "")
        if points is not None:
            cell.metadata.nbgrader["points"] = int(points) if points.is_integer() else points
    if wanted:
        nbformat.write(nb, path)
