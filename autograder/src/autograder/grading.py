"""Grade a class: take every submission in, run its notebooks, and record the marks in nbgrader's gradebook.

Several submissions run at the same time. Only the thread of the caller writes to the gradebook. If a run is killed at
any moment, every submission is either as it was or graded, and the next run goes on with those that are due.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from autograder.course.assignment import Assignment, read_assignment
from autograder.course.coursedir import Course
from autograder.course.files import hash_folder
from autograder.course.modules import with_modules
from autograder.course.text import first_line
from autograder.execution.executor import Executor, KernelLost
from autograder.execution.local import LocalExecutor, run_concurrently
from autograder.execution.tables import read_tables
from autograder.gradebook.journal import Entry, lock
from autograder.gradebook.recorder import Recorder
from autograder.intake.submission import Submission, take_in
from autograder.judge.table import Table

# s, between the tries of a submission whose kernels are lost through no fault of its own: a machine that is short of
# memory or processes may need a moment.
_PAUSES = (0.2, 5)


@dataclass(frozen=True)
class GradedSubmission:
    """What became of one submission.

    Attributes
    ----------
    student : str
    seconds : dict
        By the name of the notebook, how long its cells ran.
    notes : list of str
        What the instructor should know.
    recorded : bool
        Whether its marks are in the gradebook. If not, the submission stays due.
    """

    student: str
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    recorded: bool = False


class Grader:
    """Grades one assignment of a course, and keeps other graders out meanwhile. Use it in a ``with`` block.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    notebook : str
        nbgrader's ``notebook_id``: the name of the one notebook to grade, or ``*`` for all of them.
    executor : Executor, optional
        What runs the notebooks. By default they run on this machine.

    Attributes
    ----------
    running : dict
        By student, since when the submission has been running, on the monotonic clock.
    tables : mapping of Table
        By the name of the notebook, which tests a judge decides. `prepare` reads them.

    Raises
    ------
    CourseError
        On entering, if another process is grading in this course.
    OperationalError
        On entering, if the gradebook cannot be used, or is still locked after half a minute.
    """

    def __init__(self, course: Course, assignment: Assignment, notebook: str = "*", executor: Executor | None = None):
        self._course, self._assignment, self._notebook = course, assignment, notebook
        self._executor = executor or LocalExecutor()
        self._config = with_modules(course.root, course.config, assignment.name)
        self._scratch = course.scratch / assignment.name
        self._names = fnmatch.filter(assignment.templates, notebook)
        self._hashes: dict[str, str] = {}
        self.running: dict[str, float] = {}
        self.tables: Mapping[str, Table] = {}

    @property
    def modules(self) -> list[str]:
        """What is imported once, before the notebooks run."""
        modules = self._config.ForkProvisioner.get("modules", [])
        return list(modules) if isinstance(modules, list) else []

    def __enter__(self) -> Grader:
        with contextlib.ExitStack() as opened:
            opened.enter_context(lock(self._course, self._course.scratch))
            self._recorder = opened.enter_context(Recorder(self._course, self._assignment.name, self._scratch))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def entries(self) -> dict[str, Entry]:
        """Return the journal's entry of each student: how the submission was graded, now or in an earlier run.

        Raises
        ------
        OperationalError
            If the gradebook cannot be read.
        """
        return self._recorder.entries()

    def due(self, students: list[str]) -> list[str]:
        """Return the students among these who have no marks, or whose marks come from other work or other tests."""
        entries = self._recorder.entries()

        def is_graded(student: str) -> bool:
            if student not in entries or not self._course.folder("autograded", student, self._assignment.name).is_dir():
                return False
            then, now = entries[student].fingerprints, self._fingerprints(student)
            return all(then.get(name) == now[name] for name in self._names)

        return [student for student in students if not is_graded(student)]

    def ask_again(self, students: list[str]) -> None:
        """Make these students due again, unless a run that was asked for the same was cut short or failed in part.

        What was asked for is kept in a file until all of it is done. So the same call in the next run only goes on
        with what is left.
        """
        request = self._scratch / "regrade.json"
        text = json.dumps({"notebook": self._notebook, "students": students})
        if request.exists() and request.read_text(encoding="utf-8") == text and self.due(students):
            return
        self._recorder.forget(students, self._names)
        request.parent.mkdir(parents=True, exist_ok=True)
        request.write_text(text, encoding="utf-8")

    def outdated(self, students: list[str]) -> list[str]:
        """Return those of these students whose feedback pages show other points, comments or times than the gradebook.

        Raises
        ------
        OperationalError
            If the gradebook cannot be read.
        """
        outdated = self._recorder.outdated()
        return [student for student in students if student in outdated]

    def reconsider(self, students: list[str]) -> list[str]:
        """Apply the deadline as it is now to what was graded, and return those of the students whose marks changed.

        Their feedback pages are written anew.

        Raises
        ------
        OperationalError
            If the gradebook stays locked, or cannot be written to.
        """
        return [student for student in students if self._recorder.reconsider(student)]

    def prepare(self) -> None:
        """Find out which tests a judge can decide, unless that is known already.

        If the reference solution cannot be run, no test is decided by a judge.
        """
        with contextlib.suppress(KernelLost):
            self.tables = read_tables(self._course, self._assignment, self._executor)

    def grade(self, students: list[str]) -> Iterator[GradedSubmission]:
        """Grade these students and yield what became of each submission when it is recorded.

        A problem with one submission is noted on it and stops no other. What could not be recorded stays due.
        """
        if students and not self.tables:
            self.prepare()
        all_recorded = True
        for student, future in run_concurrently(students, self._prepare_and_run, self._executor.capacity):
            graded = self._record(student, future)
            all_recorded &= graded.recorded
            del future  # with the submission's notebooks: memory is for those that run
            yield graded
        if all_recorded:  # otherwise what `ask_again` has written stays, for the next run to go on with
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _record(self, student: str, future: Future[Submission]) -> GradedSubmission:
        try:
            submission = future.result()
            self._recorder.record(submission, self._notebook)
        except Exception as error:
            reason = getattr(error, "orig", error)  # the database's own error, without SQLAlchemy's
            return GradedSubmission(
                student, notes=[f"could not be graded: {type(reason).__name__}: {first_line(reason)}"]
            )
        return GradedSubmission(student, submission.seconds, submission.notes, recorded=True)

    def _prepare_and_run(self, student: str) -> Submission:
        self.running[student] = time.monotonic()
        try:
            for pause in _PAUSES:
                with contextlib.suppress(KernelLost):
                    return self._run(self._prepare(student))
                time.sleep(pause)
            return self._run(self._prepare(student))
        finally:
            del self.running[student]

    def _prepare(self, student: str) -> Submission:
        folder = self._scratch / "submissions" / student
        shutil.rmtree(folder, ignore_errors=True)
        self._hashes.pop(student, None)
        fingerprints = self._fingerprints(student)  # before the copy: what changes from now on is for the next run
        submission = take_in(self._course, self._assignment, student, folder)
        submission.fingerprints = fingerprints
        return submission

    def _run(self, submission: Submission) -> Submission:
        names = sorted(fnmatch.filter(set(submission.notebooks) - submission.unreadable, self._notebook))
        chosen = {name: submission.notebooks[name] for name in names}
        tables = {name: self.tables[name] for name in names if name in self.tables}
        for name, result in self._executor.run(chosen, tables, submission.folder, self._config).items():
            submission.seconds[name] = result.seconds
            submission.provisional[name] = result.provisional
            submission.notes += [f"{name}: {note}" for note in (result.stopped, *result.notes) if note]
            submission.stopped |= {name: result.stopped} if result.stopped else {}
        return submission

    def _fingerprints(self, student: str) -> dict[str, str]:
        """Return, by the name of the notebook, a hash of all that this student's marks depend on."""
        if student not in self._hashes:
            submitted = self._course.folder("submitted", student, self._assignment.name)
            self._hashes[student] = hash_folder(submitted, self._course.ignored)
        return {name: self._assignment.fingerprint(name, self._hashes[student]) for name in self._assignment.templates}


def grade(course: Course, assignment: str, students: list[str], notebook: str = "*") -> Iterator[GradedSubmission]:
    """Grade these students of a course on this machine, due or not.

    Parameters
    ----------
    course : Course
    assignment : str
        The name of the assignment.
    students : list of str
        Who has a folder in ``submitted/``.
    notebook : str
        The name of the one notebook to grade, or ``*`` for all of them.

    Yields
    ------
    GradedSubmission
        What became of each submission, when it is recorded.

    Raises
    ------
    CourseError
        If the assignment cannot be read, or another process is grading in this course.
    """
    with Grader(course, read_assignment(course, assignment), notebook) as grader:
        yield from grader.grade(students)
