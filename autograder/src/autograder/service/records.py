"""What was handed in to the service: the notebook in ``submitted/``, and beside it, elsewhere, a record of each.

A record says when a notebook came, and how its visible tests went. One without a verdict waits for it. So the queue is
what the records say, and a service that is started again goes on with it.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.course.coursedir import Course

_TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class HandIn:
    """One notebook of one student, as it was handed in last.

    Attributes
    ----------
    student, assignment, notebook : str
    received : str
        When it came, in UTC, as nbgrader writes it to ``timestamp.txt``.
    verdict : dict, optional
        How its visible tests went, as `autograder.service.visible.describe` returns it; None while it waits.
    """

    student: str
    assignment: str
    notebook: str
    received: str
    verdict: dict[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Whose notebook it is, and which: a later one takes its place."""
        return self.student, self.assignment, self.notebook


class Records:
    """The hand-ins of a course. Threads may share one object; the course has one service at a time.

    Parameters
    ----------
    course : Course
    """

    def __init__(self, course: Course):
        self._course = course
        self._folder = _folder_of(course)
        self._lock = threading.Lock()

    @property
    def incoming(self) -> Path:
        """A folder in the course for files that are not accepted yet."""
        folder = self._folder / ".incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def accept(self, student: str, assignment: str, notebook: str, file: Path) -> HandIn:
        """Move a notebook from `incoming` to its place in ``submitted/``, with the time, and return its record.

        What the student has handed in before under this name is replaced; a grader sees the one or the other.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        folder = self._course.folder("submitted", student, assignment)
        with self._lock:
            folder.mkdir(parents=True, exist_ok=True)
            hand_in = HandIn(student, assignment, notebook, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")
            os.replace(file, folder / f"{notebook}.ipynb")
            _write(folder / _TIMESTAMP, f"{hand_in.received}\n", self.incoming)
            self._keep(hand_in)
        return hand_in

    def conclude(self, hand_in: HandIn, verdict: dict[str, Any]) -> None:
        """Record how the visible tests went, unless the student has handed in again meanwhile."""
        with self._lock:
            if hand_in in _read([self._path(hand_in)]):
                self._keep(replace(hand_in, verdict=verdict))

    def of(self, student: str) -> list[HandIn]:
        """Return what a student has handed in, by assignment and notebook."""
        return _read(sorted((self._folder / student).glob("*/*.json")))

    def everybody(self) -> list[HandIn]:
        """Return what all students have handed in, the oldest first."""
        return sorted(_read(self._folder.glob("*/*/*.json")), key=lambda one: one.received)

    def file(self, hand_in: HandIn) -> Path:
        """Return where the notebook is."""
        return self._course.folder("submitted", hand_in.student, hand_in.assignment) / f"{hand_in.notebook}.ipynb"

    def _path(self, hand_in: HandIn) -> Path:
        return self._folder / hand_in.student / hand_in.assignment / f"{hand_in.notebook}.json"

    def _keep(self, hand_in: HandIn) -> None:
        _write(self._path(hand_in), json.dumps(asdict(hand_in)), self.incoming)


def forget(course: Course, students: Iterable[str]) -> None:
    """Delete the records of students; what they have handed in is in ``submitted/`` and stays."""
    for student in students:
        shutil.rmtree(_folder_of(course) / student, ignore_errors=True)


def rename(course: Course, old: str, new: str) -> None:
    """Move the records of a student to another id; what was handed in moves in ``submitted/``, and not here."""
    folder = _folder_of(course)
    if not (folder / old).is_dir():
        return
    for path in (folder / old).glob("*/*.json"):
        target = folder / new / path.relative_to(folder / old)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"student": new}), encoding="utf-8")
    shutil.rmtree(folder / old)


def _folder_of(course: Course) -> Path:
    return course.scratch / ".service"  # no assignment's folder, which a grader would delete, begins with a dot


def _read(paths: Iterable[Path]) -> list[HandIn]:
    return [HandIn(**json.loads(path.read_text(encoding="utf-8"))) for path in paths if path.is_file()]


def _write(path: Path, text: str, incoming: Path) -> None:
    """Write a file in one step. The caller has the lock, so that the name of the new one is free."""
    new = incoming / "new"
    new.write_text(text, encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(new, path)
