"""The assignments that students can hand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nbgrader.api import Gradebook, MissingEntry

from autograder.course.coursedir import Course


@dataclass(frozen=True)
class OpenAssignment:
    """An assignment that was released.

    Attributes
    ----------
    name : str
    notebooks : tuple of str
        The names of its notebooks.
    deadline : datetime, optional
        In UTC; with the extension of the student who asks.
    """

    name: str
    notebooks: tuple[str, ...]
    deadline: datetime | None


def list_open(course: Course, student: str | None = None) -> list[OpenAssignment]:
    """Return the assignments that are in ``release/`` and in the gradebook, by name.

    Parameters
    ----------
    course : Course
    student : str, optional
        Whose extensions count.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """

    def read(book: Gradebook) -> list[OpenAssignment]:
        return [
            OpenAssignment(
                one.name,
                tuple(sorted(nb.name for nb in one.notebooks)),
                _deadline(book, one.name, student, one.duedate),
            )
            for one in sorted(book.assignments, key=lambda one: str(one.name))
            if any(course.folder("release", ".", one.name).glob("*.ipynb"))
        ]

    return course.read_gradebook(read)


def _deadline(book: Gradebook, assignment: str, student: str | None, otherwise: datetime | None) -> datetime | None:
    try:
        deadline: datetime | None = book.find_submission(assignment, student).duedate
    except MissingEntry:
        return otherwise
    return deadline
