"""One run: grade hand-ins that have arrived, without a word on the terminal."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import OperationalError

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseBusy, CourseError, log
from autograder.course.text import first_line, printable
from autograder.grading import Grader
from autograder.renewal import renew_results
from autograder.session import Request, choose_sandbox, open_executor
from autograder.watching.arrivals import HandIn

# What an exchange adds to work that it carries, and looks for when it gives feedback back.
_OF_THE_EXCHANGE = ("timestamp.txt", "submission_secret.txt")


@dataclass
class Run:
    """What became of the hand-ins for one assignment.

    Attributes
    ----------
    assignment : str
    seconds : float
        How long it took.
    graded : list of str
        The students whose marks were recorded.
    failed : dict
        By student whose hand-in could not be graded, the reason.
    unknown : list of str
        The students, if the gradebook has no such assignment yet.
    released : int or None
        Of how many students feedback was released; None if that was not asked for.
    not_released : dict
        By student whose feedback could not be released, the reason.
    """

    assignment: str
    seconds: float = 0.0
    graded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    released: int | None = None
    not_released: dict[str, str] = field(default_factory=dict)

    @property
    def left(self) -> list[str]:
        """The students whose hand-ins are still to be graded."""
        return [*self.failed, *self.unknown]

    def __str__(self) -> str:
        """One line for the log."""
        graded = f": {', '.join(self.graded)}" if self.graded else ""
        parts = [f"{self.assignment}: {len(self.graded)} graded in {self.seconds:.0f} s{graded}"]
        if self.released is not None:
            parts.append(f"feedback of {self.released} released")
        parts += [f"{student} not graded: {reason}" for student, reason in self.failed.items()]
        parts += [f"feedback of {student} not released: {reason}" for student, reason in self.not_released.items()]
        return printable("; ".join(parts))


def grade_hand_ins(request: Request, hand_ins: list[HandIn], *, release_feedback: bool) -> list[Run]:
    """Grade those of these hand-ins that are due, and return a run for each assignment.

    A problem with one assignment stops no other.

    Parameters
    ----------
    request : Request
        The course and how its notebooks are run; whom to grade is in ``hand_ins``.
    hand_ins : list of HandIn
    release_feedback : bool
        Whether to release the feedback of who was graded, to nbgrader's exchange.

    Raises
    ------
    CourseBusy
        If another process is grading in this course.
    """
    return [
        _run(request, assignment, students, release_feedback=release_feedback)
        for assignment, students in by_assignment(hand_ins).items()
    ]


def by_assignment(hand_ins: list[HandIn]) -> dict[str, list[str]]:
    """Return the students of these hand-ins by assignment."""
    students: dict[str, list[str]] = {}
    for hand_in in hand_ins:
        students.setdefault(hand_in.assignment, []).append(hand_in.student)
    return students


def _run(request: Request, assignment: str, students: list[str], *, release_feedback: bool) -> Run:
    run = Run(assignment)
    started = time.monotonic()
    try:
        course = Course(request.folder, request.db_url)
        if assignment not in course.assignments():
            run.unknown = students
            return run
        _grade(course, request, students, run)
        if release_feedback:
            _release_feedback(course, run)
    except CourseBusy:
        raise
    except (CourseError, OperationalError, OSError) as error:
        reason = first_line(getattr(error, "orig", None) or error)
        run.failed |= {student: reason for student in students if student not in run.graded}
    run.seconds = time.monotonic() - started
    return run


def _grade(course: Course, request: Request, students: list[str], run: Run) -> None:
    choose_sandbox(course, request)
    assignment = read_assignment(course, run.assignment)
    with open_executor(request.scheduler) as executor, Grader(course, assignment, executor=executor) as grader:
        due = grader.due(students)
        for submission in grader.grade(due):
            if submission.recorded:
                run.graded.append(submission.student)
            else:
                run.failed[submission.student] = "; ".join(submission.notes)
        if due:
            renew_results(course, run.assignment, grader, {student: [note] for student, note in run.failed.items()})


def _release_feedback(course: Course, run: Run) -> None:
    api = NbGraderAPI(course.directory(), config=course.config, log=log)
    run.released = 0
    for student in run.graded:
        result = api.release_feedback(run.assignment, student)
        if result["success"]:
            run.released += 1
        else:
            run.not_released[student] = _explain(result["error"])


def _explain(traceback: str) -> str:
    """Return what nbgrader's traceback means, in one line."""
    error = traceback.strip().splitlines()[-1]
    if any(name in error for name in _OF_THE_EXCHANGE):
        return "the work did not come through nbgrader's exchange"
    return error.partition(": ")[2] or error
