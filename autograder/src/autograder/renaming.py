"""Give a student another id: marks, pages and work go along, what a person has given included."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Student, SubmittedAssignment
from sqlalchemy import delete, insert, select, update

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.exchange.records import read_records, write_records
from autograder.gradebook.database import TransactionalGradebook, retry
from autograder.gradebook.journal import lock
from autograder.grading import Grader
from autograder.removal import KEPT_BY_RUNS, Traces, find_traces
from autograder.renewal import renew_results
from autograder.service import records
from autograder.service.lti.people import Members
from autograder.service.tokens import STUDENT, Person, Tokens


def rename(course: Course, old: str, new: str) -> Traces:
    """Give a student another id, in the gradebook and in all folders, and return what has got it.

    All of it is renamed or, if anything fails, nothing. If the process is killed midway, the same call goes on with
    what is left. The results of the class are written anew.

    Parameters
    ----------
    course : Course
    old : str
    new : str
        Nobody with marks or work may have this id. A student who is only known by it, as from a roster, keeps name and
        address from there.

    Raises
    ------
    CourseError
        If the course has nothing of the student, if the new id is somebody else's or cannot be that of a folder, or if
        another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If a folder cannot be moved.
    """
    _require_name(new)
    traces = find_traces(course)
    if old not in traces:
        raise CourseError(f"the course has nothing of: {old}")
    if old == new:
        raise CourseError(f"{old} has this id already")
    for assignment in course.assignments():  # what a killed run has left is put back before anything moves
        with Grader(course, read_assignment(course, assignment)):
            pass
    with lock(course, course.scratch):
        _require_free(course, traces[old], traces.get(new, Traces()), new)
        with contextlib.ExitStack() as moves:
            for step, folders in traces[old].folders.items():
                for assignment, folder in folders.items():
                    moves.enter_context(_moved(folder, course.folder(step, new, assignment)))
            for assignment in course.assignments():
                moves.enter_context(_renamed_record(course, assignment, old, new))
            moves.enter_context(_renamed_in_service(course, old, new))
            retry(lambda: _rename_in_gradebook(course, old, new))
        _tidy(course, traces[old], old)
    _renew(course, traces[old])
    return traces[old]


def _require_name(new: str) -> None:
    if not new or new.startswith(".") or Path(new).name != new:
        raise CourseError(f"{new!r} cannot be the id of a student: folders have it as their name")


def _require_free(course: Course, old: Traces, there: Traces, new: str) -> None:
    """See that nothing of the new id is in the way of what moves."""
    submissions = course.read_gradebook(
        lambda book: book.db.query(SubmittedAssignment).filter(SubmittedAssignment.student_id == new).count()
    )
    both = {
        f"{step}/{assignment}"
        for step, folders in there.folders.items()
        for assignment in folders
        if assignment in old.folders.get(step, {})
    }
    if (submissions and old.is_known) or both:
        what = ", ".join(sorted(both)) or "submissions in the gradebook"
        raise CourseError(
            f"{new} is there already, with {what}. If that is an empty leftover, remove it first: autograder remove"
        )


@contextlib.contextmanager
def _moved(folder: Path, target: Path) -> Iterator[None]:
    """Move a folder, and move it back if the block fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, target)
    try:
        yield
    except BaseException:
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(target, folder)
        with contextlib.suppress(OSError):
            target.parent.rmdir()
        raise


@contextlib.contextmanager
def _renamed_record(course: Course, assignment: str, old: str, new: str) -> Iterator[None]:
    """Note under the new id where the work was collected from, and under the old one again if the block fails."""
    before = read_records(course, assignment)
    if old not in before:
        yield
        return
    write_records(course, assignment, {new if name == old else name: record for name, record in before.items()})
    try:
        yield
    except BaseException:
        write_records(course, assignment, before)
        raise


@contextlib.contextmanager
def _renamed_in_service(course: Course, old: str, new: str) -> Iterator[None]:
    """Have the web service know the student by the new id, and by the old one again if the block fails."""
    _rename_in_service(course, old, new)
    try:
        yield
    except BaseException:
        _rename_in_service(course, new, old)
        raise


def _rename_in_service(course: Course, old: str, new: str) -> None:
    records.rename(course, old, new)
    for people in (Tokens(course), Members(course)):
        people.rename(Person(STUDENT, old), Person(STUDENT, new))


def _rename_in_gradebook(course: Course, old: str, new: str) -> None:
    """Give the submissions to the new id. Marks, journal and late days belong to submissions, and stay with them."""
    table = Student.__table__
    with course.gradebook(TransactionalGradebook) as book, book.transaction():
        execute = book.db.execute
        row = execute(select(table).where(table.c.id == old)).mappings().first()
        if row is None:  # who has handed in and has no marks yet, or a call that was killed
            return
        if execute(select(table.c.id).where(table.c.id == new)).first() is None:
            execute(insert(table).values({**row, "id": new}))
        submissions = SubmittedAssignment.__table__
        execute(update(submissions).where(submissions.c.student_id == old).values(student_id=new))
        execute(delete(table).where(table.c.id == old))


def _tidy(course: Course, traces: Traces, old: str) -> None:
    """Delete what runs have left of the old id, and its empty folders."""
    for folders in traces.folders.values():
        for assignment, folder in folders.items():
            for kept in KEPT_BY_RUNS:
                shutil.rmtree(course.scratch / assignment / kept / old, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()


def _renew(course: Course, traces: Traces) -> None:
    for assignment in sorted(traces.assignments & set(course.assignments())):
        if (course.root / "results" / assignment).is_dir():
            with Grader(course, read_assignment(course, assignment)) as grader:
                renew_results(course, assignment, grader)
