"""Grade a class: take every submission in, run it, and record the marks in nbgrader's gradebook.

Notebooks run side by side; the gradebook has one writer, the caller's own thread. A run that is killed at any
moment leaves every submission either as it was or graded, and the next one goes on with those that are due.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograder.course import Course
from autograder.journal import Entry, Fingerprints, lock
from autograder.recorder import Recorder
from autograder.run import PLACES, KernelLost, run_all, run_notebooks
from autograder.submission import Submission, take_in

if TYPE_CHECKING:
    from autograder.cluster import Cluster

_WORKSHOP = ".autograder"  # inside the course, so that results can be moved into place in one step
_TRIES = 3  # of a submission whose kernels get lost through no fault of its own


class GradingRun:
    """One run over one assignment of a course, which it keeps to itself; to be used in a ``with`` block.

    Parameters
    ----------
    course : Course
    assignment : str
    notebook : str
        nbgrader's ``notebook_id``: the name of the one notebook to grade, or ``*`` for all of them.
    cluster : Cluster, optional
        Where notebooks are run, instead of here.

    Attributes
    ----------
    running : dict
        By student, since when a submission is being run, on the monotonic clock.

    Raises
    ------
    CourseError
        On entering, if another run is grading in this course.
    """

    def __init__(self, course: Course, assignment: str, notebook: str = "*", cluster: Cluster | None = None):
        self._run_notebooks, self._places = (cluster.run, cluster.places) if cluster else (run_notebooks, PLACES)
        self._course, self._assignment, self._notebook = course, assignment, notebook
        self._workshop = course.root / _WORKSHOP / assignment
        self.running: dict[str, float] = {}
        self._templates = course.templates(assignment)
        self._names = fnmatch.filter(self._templates, notebook)

    def __enter__(self) -> GradingRun:
        with contextlib.ExitStack() as opened:
            opened.enter_context(lock(self._course, self._course.root / _WORKSHOP))
            self._fingerprints = Fingerprints(self._course, self._assignment, self._templates)
            self._recorder = opened.enter_context(Recorder(self._course, self._assignment, self._workshop))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._opened.close()

    def due(self, students: list[str]) -> list[str]:
        """Return those of these students who are not graded, or from something else than what is there now."""
        entries = self._recorder.entries()

        def is_graded(student: str) -> bool:
            if student not in entries or not self._course.folder("autograded", student, self._assignment).is_dir():
                return False
            now, then = self._fingerprints.of(student), entries[student].fingerprints
            return all(then.get(name) == now[name] for name in self._names)

        return [student for student in students if not is_graded(student)]

    def entries(self) -> dict[str, Entry]:
        """Return how each student's submission was graded, by this run or before."""
        return self._recorder.entries()

    def ask_again(self, students: list[str]) -> None:
        """Make these students due again, unless a run that was asked to do just that was cut short in it."""
        order = self._workshop / "regrade.json"
        text = json.dumps({"notebook": self._notebook, "students": students})
        if order.exists() and order.read_text(encoding="utf-8") == text and self.due(students):
            return
        self._recorder.forget(students, self._names)
        order.parent.mkdir(parents=True, exist_ok=True)
        order.write_text(text, encoding="utf-8")

    def grade(self, students: list[str]) -> Iterator[Submission]:
        """Grade these students and yield each submission once it is recorded.

        Whatever is wrong with one submission is noted on it and stops no other; what could not be recorded stays due.
        """
        for student, future in run_all(students, self._prepare_and_run, self._places):
            try:
                submission = future.result()
                self._recorder.record(submission, self._notebook)
                submission.recorded = True
            except Exception as error:
                submission = Submission(student, self._assignment, self._workshop)
                reason = getattr(error, "orig", error)  # of a database's error
                submission.notes.append(f"could not be graded: {type(reason).__name__}: {reason}")
            yield submission
        shutil.rmtree(self._workshop, ignore_errors=True)

    def _prepare_and_run(self, student: str) -> Submission:
        self.running[student] = time.monotonic()
        try:
            for _ in range(_TRIES - 1):
                with contextlib.suppress(KernelLost):
                    return self._run(self._prepare(student))
            return self._run(self._prepare(student))
        finally:
            del self.running[student]

    def _prepare(self, student: str) -> Submission:
        folder = self._workshop / "desks" / student
        shutil.rmtree(folder, ignore_errors=True)
        fingerprints = self._fingerprints.of(student)  # first: what changes from here on is for the next run
        submission = take_in(self._course, self._assignment, student, self._templates, folder)
        submission.fingerprints = fingerprints
        return submission

    def _run(self, submission: Submission) -> Submission:
        names = sorted(fnmatch.filter(set(submission.notebooks) - submission.unreadable, self._notebook))
        chosen = {name: submission.notebooks[name] for name in names}
        for name, run in self._run_notebooks(chosen, submission.folder, self._course.config).items():
            submission.seconds[name] = run.seconds
            submission.notes += [f"{name}: {note}" for note in (run.stopped, *run.notes) if note]
        return submission


def grade(course: Course, assignment: str, students: list[str], notebook: str = "*") -> Iterator[Submission]:
    """Grade these students, due or not, and yield each submission once it is recorded; see `GradingRun`."""
    with GradingRun(course, assignment, notebook) as run:
        yield from run.grade(students)
