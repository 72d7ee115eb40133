"""What the service does, without the web: takes notebooks in, and runs their visible tests."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from pathlib import Path

from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from autograder.check import CheckError, CheckResult, check_file
from autograder.course.assignment import Template, read_assignment
from autograder.course.coursedir import Course
from autograder.course.modules import with_modules
from autograder.execution.local import CAPACITY
from autograder.intake.reading import Unreadable, read_submission
from autograder.intake.recognition import identify
from autograder.sandbox.kinds import AUTO
from autograder.service.assignments import OpenAssignment, list_open
from autograder.service.queue import CheckQueue
from autograder.service.records import HandIn, Records
from autograder.service.settings import Service
from autograder.service.tokens import Tokens
from autograder.service.visible import clear_hidden, describe, describe_error

_TRIES = 3
log = logging.getLogger("uvicorn.error")  # where uvicorn writes what the person at the terminal is to see


class RefusedError(Exception):
    """A notebook was not taken. The message says why, to the student."""


class TooManyError(Exception):
    """A student has handed in too often.

    Parameters
    ----------
    seconds : int
        How long to wait.
    """

    def __init__(self, seconds: int):
        super().__init__(f"You have handed in too often. Try again in {seconds // 60 + 1} min.")
        self.seconds = seconds


class HandInService:
    """Takes notebooks in and runs their visible tests. It writes to ``submitted/`` and never to the gradebook.

    Parameters
    ----------
    course : Course
        Its notebooks run in a sandbox, whatever the settings say.
    """

    def __init__(self, course: Course):
        course.config.ForkProvisioner.sandbox = AUTO
        self.course, self.settings = course, Service(config=course.config)
        self.tokens, self.records = Tokens(course), Records(course)
        self.queue = CheckQueue(self._check, self.settings.queue, CAPACITY)
        self._rate = RateLimitItemPerHour(self.settings.uploads_per_hour)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._reading = threading.Lock()  # one at a time: reading JSON takes many times the memory of the file

    def start(self) -> None:
        """Go on with the notebooks that wait."""
        shutil.rmtree(self.records.incoming)  # of uploads that a process before this one has not finished
        self.queue.start(one for one in self.records.everybody() if one.verdict is None)

    def assignments(self, student: str | None = None) -> dict[str, OpenAssignment]:
        """Return the assignments that students can hand in, by name, with the deadlines of this student."""
        return {one.name: one for one in list_open(self.course, student)}

    def require_turn(self, student: str) -> None:
        """Check, before anything is read, that a student can hand in now. Each call counts as one time.

        Raises
        ------
        TooManyError
            If the student has done so too often.
        QueueFullError
            If too many notebooks wait.
        """
        if not self._limiter.hit(self._rate, student):
            again = self._limiter.get_window_stats(self._rate, student).reset_time
            raise TooManyError(max(int(again - time.time()), 1))
        self.queue.require_room()

    def take(self, student: str, assignment: str, name: str, file: Path) -> HandIn:
        """Take a notebook in.

        Parameters
        ----------
        student : str
        assignment : str
            The name of one that is open.
        name : str
            What the student calls the file. It decides only which notebook an unknown one is, and names no file here.
        file : Path
            The notebook, in `Records.incoming`. It is moved.

        Raises
        ------
        RefusedError
            If it is none of the assignment's.
        QueueFullError
            If too many notebooks wait.
        """
        templates = read_assignment(self.course, assignment).templates
        try:
            with self._reading:
                notebook = identify(read_submission(file), name.removesuffix(".ipynb"), templates)
        except Unreadable as error:
            raise RefusedError(str(error).replace(file.name, "This")) from error
        if notebook is None:
            raise RefusedError(f"This is no notebook of {assignment}. It has: {', '.join(templates)}.")
        return self.queue.put(lambda: self.records.accept(student, assignment, notebook, file))

    def _check(self, hand_in: HandIn) -> None:
        """Run the visible tests of a notebook, and record how they went."""
        try:
            template = read_assignment(self.course, hand_in.assignment).templates[hand_in.notebook]
            cleared = clear_hidden(template, self.course.config)
            verdict = describe(self._run(hand_in, cleared), template, cleared)
        except CheckError as error:
            verdict = describe_error(error)
        except Exception:  # whatever it is, the notebooks behind this one are to run
            log.exception("The visible tests of %s could not be run", hand_in.key)
            verdict = describe_error("tell your instructor, or hand in again later")
        self.records.conclude(hand_in, verdict)

    def _run(self, hand_in: HandIn, template: Template) -> CheckResult:
        """Run a notebook; again, if its kernel is lost through no fault of its own."""
        files = {hand_in.notebook: self.course.folder("source", ".", hand_in.assignment)}
        config = with_modules(self.course.root, self.course.config)
        for _ in range(_TRIES - 1):
            with contextlib.suppress(CheckError):
                return check_file(self.records.file(hand_in), {hand_in.notebook: template}, config, files)
        return check_file(self.records.file(hand_in), {hand_in.notebook: template}, config, files)
