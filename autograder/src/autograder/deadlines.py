"""Deadlines and extensions: nbgrader's own columns, and what they mean for marks that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.api import Assignment, Gradebook, MissingEntry, SubmittedAssignment

from autograder.authoring.release import tell_deadline
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.gradebook.latedays import LateDaysTable
from autograder.grading import Grader
from autograder.renewal import renew_results


@dataclass(frozen=True)
class Lateness:
    """One submission that came after its deadline.

    Attributes
    ----------
    student : str
    handed_in, deadline : datetime
        In UTC; the deadline with the student's extension.
    penalty : float
        Points that were taken off.
    """

    student: str
    handed_in: datetime
    deadline: datetime
    penalty: float


def parse_time(text: str) -> datetime:
    """Return a point in time in UTC, without a time zone as nbgrader keeps it.

    Parameters
    ----------
    text : str
        Such as ``2026-12-01 23:59 Europe/Berlin``. Without a time zone it is UTC.

    Raises
    ------
    CourseError
        If it is none.
    """
    day_and_time, zone = " ".join(text.split()[:2]), " ".join(text.split()[2:]) or "UTC"
    try:
        when = datetime.fromisoformat(day_and_time)
        when = when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))
    except ZoneInfoNotFoundError as error:
        raise CourseError(f"{zone} is no time zone. Name one such as UTC or Europe/Berlin") from error
    except ValueError as error:
        raise CourseError(f"{text} is no time. Write it as in: 2026-12-01 23:59 Europe/Berlin") from error
    return when.astimezone(UTC).replace(tzinfo=None)


def set_deadline(course: Course, assignment: str, deadline: datetime | None) -> list[str]:
    """Set the deadline of an assignment, or take it away, and return the students whose marks changed with it.

    The released notebooks in the course say so; those that students have fetched already stay as they are.
    Without a deadline there are no extensions either: nbgrader cannot add one to nothing.

    Raises
    ------
    CourseError
        If there is no such assignment, or if another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    """
    read = read_assignment(course, assignment)

    def change(book: Gradebook) -> None:
        book.update_or_create_assignment(assignment, duedate=deadline)
        if deadline is None:
            for submission in book.assignment_submissions(assignment):
                submission.extension = None
            LateDaysTable(book).forget(Assignment.name == assignment)
            book.db.commit()

    with Grader(course, read) as grader:
        course.write_gradebook(change)
        tell_deadline(course, assignment)
        return _reconsider(course, assignment, grader, course.students(assignment))


def extend(course: Course, assignment: str, students: list[str], extension: timedelta) -> list[str]:
    """Give students so much more time, instead of what they had, and return those whose marks changed with it.

    Who has handed in nothing yet gets a submission in the gradebook that holds the extension and no marks.

    Raises
    ------
    CourseError
        If there is no such assignment, it has no deadline, one of the students is not in the course, or if another
        process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    """
    read = read_assignment(course, assignment)

    handed_in = set(course.students("*"))

    def grant(book: Gradebook) -> None:
        if book.find_assignment(assignment).duedate is None:
            raise CourseError(f"{assignment} has no deadline to extend. Set one with: autograder deadline")
        known = {student.id for student in book.students} | handed_in
        if unknown := [student for student in students if student not in known]:
            raise CourseError(
                f"the course knows no {', '.join(unknown)}. Enter students with: autograder collect --roster, "
                "or: nbgrader db student add"
            )
        for student in students:
            _enter(book, assignment, student)
            book.grant_extension(assignment, student, minutes=extension.total_seconds() / 60)
        LateDaysTable(book).forget(Assignment.name == assignment, SubmittedAssignment.student_id.in_(students))

    with Grader(course, read) as grader:
        course.write_gradebook(grant)
        return _reconsider(course, assignment, grader, students)


def _enter(book: Gradebook, assignment: str, student: str) -> None:
    """See that there is a submission that can hold an extension: a new one has no marks, and waits for nobody."""
    try:
        book.find_submission(assignment, student)
    except MissingEntry:
        book.update_or_create_student(student)
        for notebook in book.add_submission(assignment, student).notebooks:
            for grade in notebook.grades:
                grade.needs_manual_grade = False


def find_deadline(course: Course, assignment: str) -> datetime | None:
    """Return the deadline of an assignment in UTC, or None if it has none.

    Raises
    ------
    CourseError
        If there is no such assignment.
    """
    read_assignment(course, assignment)
    deadline: datetime | None = course.read_gradebook(lambda book: book.find_assignment(assignment).duedate)
    return deadline


def find_late(course: Course, assignment: str) -> list[Lateness]:
    """Return the submissions that came after their deadlines, the latest first."""

    def read(book: Gradebook) -> list[Lateness]:
        late = [one for one in book.assignment_submissions(assignment) if one.total_seconds_late > 0]
        return [
            Lateness(
                one.student.id,
                one.timestamp,
                one.duedate,
                sum(notebook.late_submission_penalty or 0 for notebook in one.notebooks),
            )
            for one in sorted(late, key=lambda one: -one.total_seconds_late)
        ]

    read_assignment(course, assignment)
    return course.read_gradebook(read)


def _reconsider(course: Course, assignment: str, grader: Grader, students: list[str]) -> list[str]:
    changed = grader.reconsider(students)
    if changed:
        renew_results(course, assignment, grader)
    return changed
