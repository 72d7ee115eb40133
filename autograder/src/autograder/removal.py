"""Remove students from a course: their marks, their pages and their work, of which nothing is left then."""

from __future__ import annotations

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Assignment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import or_

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.exchange.records import read_records, write_records
from autograder.gradebook.database import TransactionalGradebook, retry
from autograder.gradebook.journal import Journal, lock
from autograder.gradebook.latedays import LateDaysTable
from autograder.grading import Grader
from autograder.renewal import renew_results
from autograder.service import records
from autograder.service.lti.people import Members
from autograder.service.tokens import STUDENT, Person, Tokens

HEAD = ("student", "marks in", "by a person", "handed in", "graded", "pages")
_STEPS = ("submitted", "autograded", "feedback")
# What a run that failed or was killed has left in the course's scratch folder; the next one would put some of it back.
KEPT_BY_RUNS = ("submissions", "replaced", "new/autograded", "new/feedback")


@dataclass
class Traces:
    """What a course has of one student.

    Attributes
    ----------
    is_known : bool
        Whether the student is in the gradebook.
    marks : dict
        By the name of each assignment with marks, how many of them a person has given.
    folders : dict
        By step, such as ``submitted``, the folders by the name of the assignment.
    """

    is_known: bool = False
    marks: dict[str, int] = field(default_factory=dict)
    folders: dict[str, dict[str, Path]] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        """Whether there are marks or pages, and no work that was handed in any more."""
        return bool(self.marks or self.folders) and "submitted" not in self.folders

    @property
    def assignments(self) -> set[str]:
        """The names of the assignments with anything of this student."""
        return set(self.marks).union(*self.folders.values())


def find_traces(course: Course) -> dict[str, Traces]:
    """Return what the course has of each student, in the gradebook and in its folders.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """
    traces: dict[str, Traces] = defaultdict(Traces)

    def read(book: Gradebook) -> None:
        for (student,) in book.db.query(Student.id):
            traces[student].is_known = True
        marks = (
            book.db.query(SubmittedAssignment.student_id, Assignment.name, Grade.manual_score)
            .select_from(Grade)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(or_(Grade.auto_score.isnot(None), Grade.manual_score.isnot(None)))
        )
        for student, assignment, by_hand in marks:
            known = traces[student].marks
            known[assignment] = known.get(assignment, 0) + (by_hand is not None)

    course.read_gradebook(read)
    for assignment in course.assignments():
        for step in _STEPS:
            for student in course.students(assignment, step):
                folder = course.folder(step, student, assignment)
                traces[student].folders.setdefault(step, {})[assignment] = folder
    return {student: traces[student] for student in sorted(traces)}


def not_in_roster(traces: Mapping[str, Traces], roster: Collection[str]) -> dict[str, Traces]:
    """Return the students of the course who are not in a list.

    Raises
    ------
    CourseError
        If the list has nobody of the course: it is another course's, or its ids are others.
    """
    if traces and not set(traces) & set(roster):
        raise CourseError("the roster has nobody of this course; is it another one's, or are its ids others?")
    return {student: found for student, found in traces.items() if student not in roster}


def as_row(student: str, traces: Traces) -> list[str]:
    """Return what there is of a student, for a table with the columns `HEAD`."""
    counts = [sum(traces.marks.values()), *(len(traces.folders.get(step, ())) for step in _STEPS)]
    return [student, ", ".join(traces.marks), *(str(count or "") for count in counts)]


def remove(course: Course, students: Mapping[str, Traces]) -> None:
    """Remove students from the gradebook, and delete their folders. The results of the class are written anew.

    If this is stopped midway, the same call goes on with what is left.

    Raises
    ------
    CourseError
        If another process is grading in the course, or if the file of tokens has a mistake.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If a folder cannot be deleted.
    """
    with lock(course, course.scratch):
        retry(lambda: _remove_from_gradebook(course, [student for student in students if students[student].is_known]))
        for student, traces in students.items():
            for folders in traces.folders.values():
                for assignment, folder in folders.items():
                    for kept in KEPT_BY_RUNS:
                        shutil.rmtree(course.scratch / assignment / kept / student, ignore_errors=True)
                    _delete(folder)
        for assignment in course.assignments():
            _forget_origins(course, assignment, students.keys())
        people = [Person(STUDENT, student) for student in students]
        records.forget(course, students)
        Tokens(course).revoke(people)
        Members(course).forget(people)
    changed = set().union(*(traces.assignments for traces in students.values()))
    for assignment in sorted(changed & set(course.assignments())):
        if (course.root / "results" / assignment).is_dir():
            with Grader(course, read_assignment(course, assignment)) as grader:
                renew_results(course, assignment, grader)


def _remove_from_gradebook(course: Course, students: list[str]) -> None:
    names = course.assignments()
    with course.gradebook(TransactionalGradebook) as book:
        # Before anything is read: a new journal is a table, and no reader may have the gradebook then.
        journals = [Journal(book, name) for name in names]
        with book.transaction():
            LateDaysTable(book).forget(SubmittedAssignment.student_id.in_(students))
            for student in students:
                for journal in journals:
                    journal.remove(student)
                book.remove_student(student)


def _delete(folder: Path) -> None:
    """Delete a folder, or a link to one, and the folder that it is in if nothing is left there."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _forget_origins(course: Course, assignment: str, students: Collection[str]) -> None:
    """Forget where the work of these students was collected from."""
    records = read_records(course, assignment)
    left = {student: record for student, record in records.items() if student not in students}
    if len(left) < len(records):
        write_records(course, assignment, left)
