"""Release feedback through nbgrader's exchange, also where some of a class have not handed in through it.

nbgrader stops at the first student without ``timestamp.txt`` or ``submission_secret.txt``, and releases nothing to
those that come after. The exchange writes both files. Work that came another way, or was put in its place by hand,
lacks them.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path

from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeReleaseFeedback

from autograder.course.coursedir import Course, CourseError, log

_SECRET, _TIMESTAMP = "submission_secret.txt", "timestamp.txt"


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's release of feedback. It goes on where a student did not hand in through the exchange.

    nbgrader's own command and formgrader use it with
    ``c.ExchangeFactory.release_feedback = "autograder.exchange.release.ReleaseFeedback"``.

    Attributes
    ----------
    released, left_out : list of str
        The students whose pages are in the exchange now, and those who have not handed in through it.
    """

    def copy_files(self) -> None:
        """Copy the pages of everybody who can fetch them: the name of a page is a hash of the submission's secret."""
        self.released: list[str] = []
        self.left_out: list[str] = []
        before = self.coursedir.student_id_exclude
        excluded = {name for name in before.split(",") if name}
        for student, folder in sorted(self._folders()):
            if student in excluded:
                continue
            if not (folder / _SECRET).is_file():
                self.left_out.append(student)
                self.log.warning("%s has not handed in through the exchange and cannot fetch feedback", student)
                continue
            if not (folder / _TIMESTAMP).exists():  # nbgrader only writes it to its log
                (folder / _TIMESTAMP).write_text("", encoding="utf-8")
            self.released.append(student)
        try:
            self.coursedir.student_id_exclude = ",".join([*excluded, *self.left_out])
            super().copy_files()
        finally:
            self.coursedir.student_id_exclude = before

    def _folders(self) -> Iterator[tuple[str, Path]]:
        """Yield each student with the folder of the pages."""
        pattern = self.coursedir.format_path(
            self.coursedir.feedback_directory, "(?P<student>.*)", self.coursedir.assignment_id, escape=True
        )
        for path in glob.glob(self.src_path):
            if found := re.fullmatch(pattern, path):
                yield found["student"], Path(path)


def release_feedback(course: Course, assignment: str) -> ReleaseFeedback:
    """Release the feedback pages of an assignment, and return who got them.

    Raises
    ------
    CourseError
        With nbgrader's own message, if the exchange cannot be used.
    OSError
        If a page cannot be copied.
    """
    directory = course.directory(assignment_id=assignment)
    release = ReleaseFeedback(
        coursedir=directory, authenticator=Authenticator(config=course.config), config=course.config, log=log
    )
    try:
        release.start()
    except ExchangeError as error:
        raise CourseError(f"nbgrader: {error}") from error
    return release
