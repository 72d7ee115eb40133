"""Late days: so many for the term, which a student's late work uses up in the order of the deadlines.

A late day is a day of nbgrader's extension, so whoever reads the gradebook sees the deadline that counts. Work that is
later than the days that are left uses none, and being late costs what it costs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nbgrader.api import Assignment, SubmittedAssignment
from traitlets import Integer
from traitlets.config import Configurable

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.gradebook.database import TransactionalGradebook
from autograder.gradebook.journal import lock
from autograder.gradebook.latedays import LateDaysTable
from autograder.grading import Grader
from autograder.renewal import renew_results

_DAY = timedelta(days=1)


class LateDays(Configurable):
    """Days for the term by which each student may be late."""

    days = Integer(
        0, min=0, help="Days for the term by which a student may be late at no cost: see `autograder late --apply`."
    ).tag(config=True)


@dataclass
class Account:
    """The late days of one student.

    Attributes
    ----------
    left : int
        How many are left.
    used : dict
        By the name of the assignment, how many were used.
    assignments : list of str
        The names of the assignments with late days, now or before.
    changes : dict
        By the id of the submission, the extension that it gets, and how many days of it are late days.
    """

    left: int
    used: dict[str, int] = field(default_factory=dict)
    assignments: list[str] = field(default_factory=list)
    changes: dict[str, tuple[timedelta | None, int]] = field(default_factory=dict)


def apply_late_days(course: Course, *, dry_run: bool = False) -> tuple[dict[str, Account], dict[str, list[str]]]:
    """Count the late days of everybody anew, by all that was graded so far, and give extensions by them.

    Parameters
    ----------
    course : Course
    dry_run : bool
        Whether to change nothing.

    Returns
    -------
    dict of Account
        By student with late days.
    dict of list
        By the name of the assignment, the students whose marks changed.

    Raises
    ------
    CourseError
        If no late days are set and none were given, or if another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    """
    accounts: dict[str, Account] = {}

    def give(book: TransactionalGradebook) -> None:
        accounts.clear()
        accounts.update(_count(book, LateDays(config=course.config).days))
        table = LateDaysTable(book)
        for account in accounts.values() if not dry_run else ():
            for submission, (extension, days) in account.changes.items():
                book.db.get(SubmittedAssignment, submission).extension = extension
                table.write(submission, days)
        book.db.commit()

    with lock(course, course.scratch):
        course.write_gradebook(give)
    if not accounts and not LateDays(config=course.config).days:
        raise CourseError("there are no late days: set c.LateDays.days in nbgrader_config.py")
    return accounts, {} if dry_run else _reconsider(course, accounts)


def _count(book: TransactionalGradebook, days: int) -> dict[str, Account]:
    """Return the accounts of those who use late days, or have used some before."""
    before = LateDaysTable(book).read()
    accounts: dict[str, Account] = defaultdict(lambda: Account(days))
    rows = (
        book.db.query(SubmittedAssignment, Assignment.name, Assignment.duedate)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.duedate.isnot(None), SubmittedAssignment.timestamp.isnot(None))
        .order_by(Assignment.duedate, Assignment.name)
    )
    for submission, assignment, deadline in rows:
        account, had = accounts[submission.student_id], before.get(submission.id, 0)
        given = max((submission.extension or timedelta()) - had * _DAY, timedelta())  # nbgrader may have taken it away
        needed = _days_late(submission.timestamp, deadline + given)
        used = needed if needed <= account.left else 0
        account.left -= used
        if used:
            account.used[assignment] = used
        if used or had:
            account.assignments.append(assignment)
        if used != had:
            account.changes[submission.id] = (given + used * _DAY or None, used)
    return {student: accounts[student] for student in sorted(accounts) if accounts[student].assignments}


def _days_late(handed_in: datetime, deadline: datetime) -> int:
    """Return how many days, each as soon as it has begun, something came after its deadline."""
    return max(0, -((deadline - handed_in) // _DAY))


def _reconsider(course: Course, accounts: dict[str, Account]) -> dict[str, list[str]]:
    """Apply the extensions to the marks, also those of a call that was stopped before it had done that."""
    students = defaultdict(list)
    for student, account in accounts.items():
        for assignment in account.assignments:
            students[assignment].append(student)
    changed = {}
    for assignment in sorted(students):
        with Grader(course, read_assignment(course, assignment)) as grader:
            changed[assignment] = grader.reconsider(students[assignment])
            if changed[assignment]:
                renew_results(course, assignment, grader)
    return changed
