"""Who has which marks: what is given out to a learning management system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, Student

from autograder.course.coursedir import Course
from autograder.exchange.problems import Problem
from autograder.exchange.records import Record, read_records
from autograder.exchange.tables import Row
from autograder.reporting.summary import StudentResult, summarize

_NAMED = 5  # how many to name in one line


@dataclass(frozen=True)
class Marked:
    """One student of the course, with marks or without.

    Attributes
    ----------
    result : StudentResult
    email, lms_id : str
        As the gradebook has them.
    has_handed_in : bool
    record : Record, optional
        Where the hand-in came from.
    """

    result: StudentResult
    email: str
    lms_id: str
    has_handed_in: bool
    record: Record | None

    @property
    def id(self) -> str:
        """The student's id in the course."""
        return self.result.student

    @property
    def is_graded(self) -> bool:
        """Whether there are marks."""
        return bool(self.result.notebooks)

    @property
    def score(self) -> str:
        """The points, less what being late costs, and never less than none; empty without marks."""
        return number(max(0.0, self.result.score)) if self.is_graded else ""


@dataclass
class Export:
    """Marks ready to be written.

    Attributes
    ----------
    write : callable
        Writes the file.
    filled : int
        How many students have a mark in it.
    warnings : list of str
        What the instructor should know.
    problems : list of Problem
        Marks that could not be placed.
    system : str
        The LMS whose file it is; empty for a new table.
    rows : dict of Row
        By student with marks, the line of the LMS' file.
    pages : int
        How many feedback pages were written.
    """

    write: Callable[[Path], object]
    filled: int = 0
    system: str = ""
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    pages: int = 0


def read_marked(course: Course, assignment: str) -> list[Marked]:
    """Return everybody in the gradebook or with a hand-in, in the order of their ids.

    Raises
    ------
    CourseError, OperationalError
        If the gradebook, or the record of what was collected, cannot be read.
    """
    handed_in = set(course.students(assignment))
    results = summarize(course, assignment, sorted(handed_in), [], {}).students
    known = course.read_gradebook(_read_addresses)
    records = read_records(course, assignment)
    marked = []
    for result in results:
        student = result.student
        email, lms_id = known.get(student, ("", ""))
        marked.append(Marked(result, email, lms_id, student in handed_in, records.get(student)))
    return marked


def _read_addresses(gradebook: Gradebook) -> dict[str, tuple[str, str]]:
    rows = gradebook.db.query(Student.id, Student.email, Student.lms_user_id)
    return {student: (email or "", lms_id or "") for student, email, lms_id in rows}


def number(points: float) -> str:
    """Return points as an LMS and a spreadsheet read them, without more places than there are."""
    return f"{round(points, 4):.10g}"


def some(names: list[str]) -> str:
    """Return the first of these names, for one line."""
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
