"""Find out which hand-ins are new or changed, and complete.

A folder is looked at every few seconds. The notifications of a file system would be quicker, but a course often lies on
a network file system, which has none.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from autograder.course.coursedir import Course

_PAUSE = 600  # s, until a hand-in is tried again that could not be graded


class HandIn(NamedTuple):
    """What one student has handed in for one assignment."""

    assignment: str
    student: str


Files = frozenset[tuple[str, int, int]]  # of each file its path, its size and when it was changed


class Arrivals:
    """Looks at ``submitted/`` again and again.

    Parameters
    ----------
    course : Course
    assignment : str, optional
        The name of the only assignment that counts.
    """

    def __init__(self, course: Course, assignment: str | None = None):
        self._course, self._assignment = course, assignment
        self._seen: dict[HandIn, Files] = {}
        self._graded: dict[HandIn, Files] = {}
        self._failed: dict[HandIn, float] = {}

    def look(self) -> list[HandIn]:
        """Return the hand-ins that are to be graded.

        These are new or have changed since `settle` was called for them, and are the same as at the last look: a file
        that is still being copied grows. The first look returns none.
        """
        before, self._seen = self._seen, {hand_in: self._files(hand_in) for hand_in in self._find()}
        self._forget_failures()
        return [
            hand_in
            for hand_in, files in self._seen.items()
            if files == before.get(hand_in) and files != self._graded.get(hand_in)
        ]

    def settle(self, hand_ins: Collection[HandIn], failed: Collection[HandIn]) -> None:
        """Leave these hand-ins, as they were at the last look, alone from now on; those that failed for some minutes.

        Parameters
        ----------
        hand_ins : collection of HandIn
            What the last look returned.
        failed : collection of HandIn
            Those of them that could not be graded.
        """
        self._graded |= {hand_in: self._seen[hand_in] for hand_in in hand_ins}
        self._failed |= dict.fromkeys(failed, time.monotonic())

    def _forget_failures(self) -> None:
        now = time.monotonic()
        for hand_in in [hand_in for hand_in, when in self._failed.items() if now - when >= _PAUSE]:
            del self._failed[hand_in]
            self._graded.pop(hand_in, None)

    def _find(self) -> list[HandIn]:
        found = [HandIn(assignment, student) for student, assignment in self._course.hand_ins()]
        return [hand_in for hand_in in found if self._assignment in (None, hand_in.assignment)]

    def _files(self, hand_in: HandIn) -> Files:
        return describe_files(self._course.folder("submitted", hand_in.student, hand_in.assignment))


def describe_files(folder: Path) -> Files:
    """Return what can be seen of the files in a folder without reading them. Links are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):  # it was removed just now, or cannot be looked at
                state = os.lstat(path)
                found.append((path, state.st_size, state.st_mtime_ns))
    return frozenset(found)
