"""Record submissions that were run: marks go to the gradebook, notebooks to ``autograded/``, pages to ``feedback/``."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nbgrader.api import InvalidEntry
from sqlalchemy.exc import OperationalError

from autograder.course.coursedir import Course
from autograder.course.files import copy_files, find_links
from autograder.course.text import shorten
from autograder.gradebook.answers import find_answered
from autograder.gradebook.converters import FeedbackConverter, MarksConverter
from autograder.gradebook.database import TransactionalGradebook, retry
from autograder.gradebook.failures import find_failures, find_places
from autograder.gradebook.journal import Entry, Journal
from autograder.gradebook.points import describe_odd_numbers, find_reasons
from autograder.gradebook.shown import read_shown
from autograder.intake.submission import Submission

T = TypeVar("T")
_REASON = 200  # characters


class Recorder:
    """Writes one assignment's marks, notebooks and feedback pages; the only one to write to the gradebook.

    Use it in a ``with`` block, and in one thread only. Wherever the gradebook is locked, it waits for half a minute
    in all.

    Parameters
    ----------
    course : Course
    assignment : str
        The name of the assignment.
    scratch : Path
        A folder on the course's file system. New folders are written there, and old ones are kept there until the marks
        are committed.

    Raises
    ------
    CourseError
        On entering, if the gradebook's URL cannot be used.
    OperationalError
        If the gradebook cannot be used, or stays locked.
    """

    def __init__(self, course: Course, assignment: str, scratch: Path):
        self._course, self._assignment = course, assignment
        self._new, self._replaced = scratch / "new", scratch / "replaced"

    def __enter__(self) -> Recorder:
        with contextlib.ExitStack() as opened:
            self._gradebook = opened.enter_context(self._course.gradebook(TransactionalGradebook))
            self._journal = retry(lambda: Journal(self._gradebook, self._assignment))
            self._marks = MarksConverter(self._course, self._assignment, self._gradebook)
            self._feedback = FeedbackConverter(self._course, self._assignment, self._gradebook)
            self._recover()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def record(self, submission: Submission, notebook: str = "*") -> None:
        """Record a submission that was run, as a whole or not at all.

        What was recorded before stays in its place until the new marks are about to be committed, and returns if that
        fails.

        Parameters
        ----------
        submission : Submission
        notebook : str
            The name of the one notebook to record, or ``*`` for all of them.

        Raises
        ------
        OperationalError
            If the gradebook stays locked, or cannot be written to.
        OSError
            If files cannot be written.
        """
        for link in find_links(submission.folder):  # a run may have left some, and nobody is to follow them
            link.unlink()
        for path in submission.folder.glob("*.ipynb"):  # only what was handed in is marked
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in fnmatch.filter(submission.notebooks, notebook):
            submission.notes += [f"{name}: {note}" for note in describe_odd_numbers(submission.notebooks[name])]
        retry(lambda: self._record(submission, notebook))

    def reconsider(self, student: str) -> bool:
        """Apply the deadline as it is now to a submission that was recorded, without running it again.

        Its penalties change, and its feedback pages say so. Return whether a mark has changed.

        Raises
        ------
        OperationalError
            If the gradebook stays locked, or cannot be written to.
        OSError
            If files cannot be written.
        """
        return retry(lambda: self._reconsider(student))

    def entries(self) -> dict[str, Entry]:
        """Return how each student's submission was graded."""
        return retry(self._journal.entries)

    def outdated(self) -> set[str]:
        """Return the students whose feedback pages show something else than the gradebook has by now.

        Points and comments that a person has given since are not on them.
        """

        def read() -> dict[str, str]:
            with self._gradebook.engine.connect() as connection:
                return read_shown(connection, self._assignment)

        now = retry(read)
        return {student for student, entry in self.entries().items() if entry.shown != now.get(student)}

    def forget(self, students: list[str], names: list[str]) -> None:
        """Make the notebooks with these names due again for these students. Their marks stay until there are new ones.

        Raises
        ------
        OperationalError
            If the gradebook stays locked.
        """
        retry(lambda: self._forget(students, names))

    def _forget(self, students: list[str], names: list[str]) -> None:
        entries = self._journal.entries()
        with self._gradebook.transaction():
            for student in students:
                if student in entries:
                    for name in names:
                        entries[student].fingerprints.pop(name, None)
                    self._journal.write(student, entries[student])

    def _record(self, submission: Submission, notebook: str) -> None:
        student = submission.student
        graded, pages = (self._course.folder(step, student, self._assignment) for step in ("autograded", "feedback"))
        new = self._assemble(submission, notebook, graded)
        old = self._replaced / student / uuid.uuid4().hex
        with contextlib.ExitStack() as moves, self._gradebook.transaction():
            self._marks.write(submission, notebook, new)
            self._ask_a_person(submission)
            new_pages = self._write_pages(submission, new)
            self._journal.write(student, self._new_entry(submission, notebook, old.name))
            old.mkdir(parents=True)
            if new_pages:
                moves.enter_context(_in_place_of(pages, new_pages, old / "feedback"))
            moves.enter_context(_in_place_of(graded, new, old / "autograded"))
        shutil.rmtree(old, ignore_errors=True)

    def _reconsider(self, student: str) -> bool:
        graded, pages = (self._course.folder(step, student, self._assignment) for step in ("autograded", "feedback"))
        old = self._replaced / student / uuid.uuid4().hex
        with contextlib.ExitStack() as moves, self._gradebook.transaction():
            entry = self._journal.find(student)
            if entry is None:
                return False
            changed = self._marks.reconsider(student)
            self._journal.write(student, replace(entry, id=old.name, shown=self._read_shown(student)))
            if graded.is_dir():
                new_pages = self._empty_folder("feedback", student)
                self._feedback.write(student, graded, new_pages)
                old.mkdir(parents=True)
                moves.enter_context(_in_place_of(pages, new_pages, old / "feedback"))
        shutil.rmtree(old, ignore_errors=True)
        return changed

    def _ask_a_person(self, submission: Submission) -> None:
        """Have formgrader show the tests whose points are provisional as those that need manual grading."""
        for name, cells in submission.provisional.items():
            for cell in cells:
                grade = self._gradebook.find_grade(cell, name, self._assignment, submission.student)
                grade.needs_manual_grade = True

    def _write_pages(self, submission: Submission, graded: Path) -> Path | None:
        folder = self._empty_folder("feedback", submission.student)
        try:
            self._feedback.write(submission.student, graded, folder)
        except (OperationalError, InvalidEntry, OSError):  # a locked gradebook, a full disk
            raise
        except Exception as error:  # the marks are worth more; nbgrader can write pages again
            submission.notes.append(f"no feedback page: {type(error).__name__}: {error}")
            return None
        return folder

    def _new_entry(self, submission: Submission, notebook: str, identity: str) -> Entry:
        """Return the entry of a submission; what was not graded this time keeps what its old entry says."""
        fresh = fnmatch.filter(submission.fingerprints, notebook)
        old = self._journal.find(submission.student) if notebook != "*" else None
        old = old or Entry(identity)
        kept = [note for note in old.notes if not note.startswith(tuple(f"{name}: " for name in fresh))]
        ran = {name: submission.notebooks[name] for name in submission.seconds}

        def renewed(known: dict[str, T], new: dict[str, T]) -> dict[str, T]:
            return {name: value for name, value in known.items() if name not in fresh} | new

        return Entry(
            id=identity,
            fingerprints=old.fingerprints | {name: submission.fingerprints[name] for name in fresh},
            seconds=renewed(old.seconds, submission.seconds),
            notes=list(dict.fromkeys([*submission.notes, *kept])),
            failures=renewed(old.failures, {name: find_failures(nb) for name, nb in ran.items()}),
            places=renewed(old.places, {name: find_places(nb) for name, nb in ran.items()}),
            answered=renewed(old.answered, {name: find_answered(nb) for name, nb in ran.items()}),
            reasons=renewed(old.reasons, {name: find_reasons(nb) for name, nb in ran.items()}),
            shown=self._read_shown(submission.student),
            stopped=renewed(old.stopped, {name: shorten(why, _REASON) for name, why in submission.stopped.items()}),
        )

    def _read_shown(self, student: str) -> str:
        return read_shown(self._gradebook.db, self._assignment, student)[student]

    def _recover(self) -> None:
        """Put back what a run had replaced that was killed before it could commit."""
        if not self._replaced.exists():  # as nearly always: to read the entries of a large class takes a while
            return
        entries = self.entries()
        for old in self._replaced.glob("*/*"):
            student = old.parent.name
            committed = student in entries and entries[student].id == old.name
            for folder in [] if committed else old.iterdir():
                final = self._course.folder(folder.name, student, self._assignment)
                shutil.rmtree(final, ignore_errors=True)
                os.replace(folder, final)
            shutil.rmtree(old)

    def _assemble(self, submission: Submission, notebook: str, graded: Path) -> Path:
        """Return the folder that will be the student's in ``autograded/``, still without the new notebooks."""
        if notebook == "*" or not graded.exists():
            return submission.folder
        folder = self._empty_folder("autograded", submission.student)
        shutil.copytree(graded, folder, dirs_exist_ok=True)
        copy_files(submission.folder, folder, self._course.ignored)
        return folder

    def _empty_folder(self, step: str, student: str) -> Path:
        folder = self._new / step / student
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


@contextlib.contextmanager
def _in_place_of(final: Path, new: Path, old: Path) -> Iterator[None]:
    """Move the folder ``new`` to the place of ``final``, which goes to ``old``. Move both back if the block fails."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as moves_back:
        if final.exists():
            os.replace(final, old)
            moves_back.callback(os.replace, old, final)
        os.replace(new, final)
        moves_back.callback(os.replace, final, new)
        yield
        moves_back.pop_all()
