"""Run submissions that a proof is made of: as `autograder grade` does, but nothing is recorded."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.preprocessors import ClearHiddenTests, Execute

from autograder.course.assignment import Assignment
from autograder.course.coursedir import Course
from autograder.course.files import copy_files
from autograder.course.modules import with_modules
from autograder.course.notebooks import fill, grade_id, is_instructors, write
from autograder.execution.executor import Executor, KernelLost
from autograder.intake.restore import restore
from autograder.judge.table import Table, is_test
from autograder.reporting.marks import read_marks

_TRIES = 3  # of a submission whose kernels are lost through no fault of its own
_SLOWER = 5  # times as long as the whole reference solution may a single cell of a mutant take
_SHORTEST = 10  # s, that a cell may take at least


@dataclass(frozen=True)
class Job:
    """A submission.

    Attributes
    ----------
    name : str
        What a progress display calls it.
    notebook : str
    answers : mapping of str
        By grade id; the other answers are as they were released.
    timeout : float, optional
        How long a cell may take; None for what the settings say.
    """

    name: str
    notebook: str
    answers: Mapping[str, str]
    timeout: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a submission.

    Attributes
    ----------
    points : mapping of float
        By grade id, the points of its tests. What a person marks is left out.
    messages : mapping of str
        By grade id, why a test has not all its points.
    provisional : sequence of str
        The grade ids of the tests whose points a person is to look at.
    stopped : str
        What ended the run early; empty if nothing did.
    seconds : float
        How long its cells ran.
    """

    points: Mapping[str, float]
    messages: Mapping[str, str]
    provisional: list[str]
    stopped: str
    seconds: float

    @property
    def score(self) -> float:
        """The points of all tests."""
        return sum(self.points.values())


class Runner:
    """Runs submissions for an assignment.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    tables : mapping of Table
        By the name of the notebook, which tests a judge decides.
    executor : Executor
    """

    def __init__(self, course: Course, assignment: Assignment, tables: Mapping[str, Table], executor: Executor):
        self._course, self._assignment, self._tables, self._executor = course, assignment, tables, executor
        self._config = with_modules(course.root, course.config, assignment.name)

    def time_limit(self, seconds: float) -> float:
        """Return how long a cell of a mutant may take if the cells of the reference solution take so long in all.

        A mutant that never ends is not to take the minutes that the settings may allow.
        """
        limit = max(_SHORTEST, _SLOWER * seconds)
        allowed = Execute(config=self._config).timeout
        return min(limit, allowed) if allowed and allowed > 0 else limit

    def run(self, job: Job) -> Outcome:
        """Run a submission. It is called from several threads at once.

        Raises
        ------
        KernelLost
            If its kernels are lost again and again through no fault of its own.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._run(job)
            except KernelLost:
                continue
        return self._run(job)

    def _run(self, job: Job) -> Outcome:
        template = self._assignment.templates[job.notebook].notebook
        submitted = fill(template, dict(job.answers))
        nb, _ = restore(submitted, template)
        config = self._config
        if job.timeout:
            config = copy.deepcopy(config)
            config.Execute.timeout = int(job.timeout)
        tables = {name: table for name, table in self._tables.items() if name == job.notebook}
        with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as place:
            folder = Path(place).resolve()
            copy_files(self._course.folder("source", ".", self._assignment.name), folder, self._course.ignored)
            clear = ClearHiddenTests(config=config)
            for cell in filter(is_instructors, submitted.cells):
                clear.preprocess_cell(cell, {}, 0)
            write(submitted, folder / f"{job.notebook}.ipynb")
            result = self._executor.run({job.notebook: nb}, tables, folder, config)[job.notebook]
        tests = {grade_id(cell) for cell in nb.cells if is_test(cell)}
        marks = [mark for mark in read_marks(nb) if mark.grade_id in tests]
        return Outcome(
            {mark.grade_id: mark.score for mark in marks},
            {mark.grade_id: mark.message for mark in marks if mark.message},
            list(result.provisional),
            result.stopped,
            result.seconds,
        )
