"""The class as an instructor sees it: who has handed in, and the marks that are in the gradebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from autograder.course.coursedir import Course
from autograder.reporting import reading
from autograder.service.records import HandIn


@dataclass
class Row:
    """One student.

    Attributes
    ----------
    student, name : str
    received : str
        When the newest notebook came to the service, in UTC; ``without a time`` if all came another way; empty if
        nothing was handed in.
    visible : dict
        By notebook, how many of its visible tests were passed and how many there are, such as ``2 of 3``.
    points : dict
        By notebook, the points in the gradebook.
    penalty : float
        The points that being late costs.
    is_due : bool
        Whether what was handed in is not graded yet.
    """

    student: str
    name: str = ""
    received: str = ""
    visible: dict[str, str] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)
    penalty: float = 0
    is_due: bool = False

    @property
    def total(self) -> float | None:
        """All points, or None if there are no marks."""
        return max(sum(self.points.values()) - self.penalty, 0) if self.points else None


@dataclass
class ClassTable:
    """The marks of an assignment: the points that there are to win by notebook, and a row for each student."""

    assignment: str
    max_scores: dict[str, float]
    rows: list[Row]


def read_class(course: Course, assignment: str, hand_ins: Iterable[HandIn], students: Iterable[str]) -> ClassTable:
    """Return the table of a class.

    Parameters
    ----------
    course : Course
    assignment : str
    hand_ins : iterable of HandIn
        Of all students and assignments.
    students : iterable of str
        Who is in the class, besides everybody in the gradebook.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """
    rows: dict[str, Row] = {student: Row(student) for student in students}
    received: dict[str, list[HandIn]] = defaultdict(list)
    for hand_in in hand_ins:
        if hand_in.assignment == assignment:
            received[hand_in.student].append(hand_in)

    def read(book: Gradebook) -> tuple[dict[str, float], dict[str, datetime]]:
        for student, names in reading.read_names(book).items():
            rows.setdefault(student, Row(student)).name = " ".join(filter(None, names))
        for mark in reading.read_notebook_marks(book, assignment):
            row = rows.setdefault(mark.student, Row(mark.student))
            row.points[mark.notebook] = mark.points
            row.penalty += mark.penalty
        return reading.read_maxima(book, assignment), reading.read_times(book, assignment)

    max_scores, times = course.read_gradebook(read)
    for student in {*course.students(assignment), *received}:
        row = rows.setdefault(student, Row(student))
        row.received = max((one.received for one in received[student]), default="")
        row.visible = {one.notebook: _count(one) for one in received[student]}
        row.is_due = not row.points or bool(row.received) and times.get(student) != parse_utc(row.received)
        row.received = row.received or "without a time"
    return ClassTable(assignment, max_scores, [rows[student] for student in sorted(rows)])


def _count(hand_in: HandIn) -> str:
    if hand_in.verdict is None:
        return "waiting"
    outcomes = [test["outcome"] for test in hand_in.verdict["tests"] if test["outcome"] != "later"]
    return f"{outcomes.count('passed')} of {len(outcomes)}" if outcomes else "none"
