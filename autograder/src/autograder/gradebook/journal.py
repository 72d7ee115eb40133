"""The journal: what was graded and from what. By it a run that is started again knows which submissions are due.

Each submission has one entry, a row of a table in the gradebook's own database. It is written in the transaction that
writes the marks. So neither can be there without the other, whenever a run is killed and whichever backup is restored.
The row refers to nbgrader's submission by its id: a student who is removed and entered again is due again. The entry
holds a hash of everything that was handed in and of everything that it was marked with. No clock and no file time
counts.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from nbgrader.api import Assignment, SubmittedAssignment
from sqlalchemy import Column, MetaData, Select, String, Table, Text, delete, insert, select, text

from autograder.course.coursedir import Course, CourseError
from autograder.gradebook.database import TransactionalGradebook

# nbgrader's tables have no index by which to find the marks of one notebook: each search would read those of the class.
_INDEXES = {"grade": "notebook_id", "comment": "notebook_id", "submitted_notebook": "assignment_id"}
_TABLE = Table(
    "autograder_journal",
    MetaData(),
    Column("submission_id", String(32), primary_key=True),
    Column("entry", Text, nullable=False),
)


@dataclass
class Entry:
    """How a submission was graded.

    Attributes
    ----------
    id : str
        The identifier of this recording.
    fingerprints : dict
        By the name of the notebook, a hash of all that its marks depend on. A notebook that is to be graded again has
        none.
    seconds : dict
        By the name of the notebook, how long its cells ran.
    notes : list of str
        What the instructor should know.
    failures : dict
        By the name of the notebook, the errors of the instructor's cells that failed, by their nbgrader ids.
    places : dict
        By the name of the notebook, where these cells failed, by their nbgrader ids: the line of the cell, and the line
        of the student's that was running. Either is empty if it is not known.
    answered : dict
        By the name of the notebook, which of the graded cells were answered at all.
    stopped : dict
        By the name of the notebook, why it could not be run, or not to its end.
    reasons : dict
        By the name of the notebook, what the tests printed that gave a part of their points, by their nbgrader ids.
    shown : str
        What the feedback pages show of the gradebook; see `autograder.gradebook.shown`.
    """

    id: str
    fingerprints: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, dict[str, str]] = field(default_factory=dict)
    places: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    answered: dict[str, dict[str, bool]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, dict[str, str]] = field(default_factory=dict)
    shown: str = ""


class Journal:
    """The entries of one assignment, in an open gradebook. The table is added if it is not there, and the indexes."""

    def __init__(self, gradebook: TransactionalGradebook, assignment: str):
        self._gradebook, self._assignment = gradebook, assignment
        _TABLE.create(gradebook.engine, checkfirst=True)
        with gradebook.engine.begin() as connection:
            for table, column in _INDEXES.items():
                index = f"autograder_{table}_{column}"
                connection.execute(text(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({column})"))

    def entries(self) -> dict[str, Entry]:
        """Return every submission's entry by student."""
        with self._gradebook.engine.connect() as connection:
            return {student: _entry(entry) for student, entry in connection.execute(self._query())}

    def find(self, student: str) -> Entry | None:
        """Return one submission's entry, as the gradebook's transaction sees it."""
        found = self._gradebook.db.execute(self._query().where(SubmittedAssignment.student_id == student)).first()
        return _entry(found.entry) if found else None

    def _query(self) -> Select[tuple[str, str]]:
        return (
            select(SubmittedAssignment.student_id, _TABLE.c.entry)
            .join(_TABLE, _TABLE.c.submission_id == SubmittedAssignment.id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .where(Assignment.name == self._assignment)
        )

    def write(self, student: str, entry: Entry) -> None:
        """Write a submission's entry, in the gradebook's transaction."""
        submission = self._gradebook.find_submission(self._assignment, student).id
        execute = self._gradebook.db.execute
        execute(delete(_TABLE).where(_TABLE.c.submission_id == submission))
        execute(insert(_TABLE).values(submission_id=submission, entry=json.dumps(asdict(entry))))

    def remove(self, student: str) -> None:
        """Remove a student's entry, in the gradebook's transaction."""
        submissions = (
            select(SubmittedAssignment.id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .where(Assignment.name == self._assignment, SubmittedAssignment.student_id == student)
        )
        self._gradebook.db.execute(delete(_TABLE).where(_TABLE.c.submission_id.in_(submissions)))


def lock(course: Course, folder: Path) -> IO[str]:
    """Return an open file that keeps every other run out of the course until it is closed or this process ends.

    Parameters
    ----------
    course : Course
        For the message.
    folder : Path
        Where the file is. The folder is added if it is not there.

    Raises
    ------
    CourseError
        If another run has the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        other = file.read().strip() or "?"
        file.close()
        raise CourseError(f"process {other} is grading in {course.root} right now; wait for it, or stop it") from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _entry(entry: str) -> Entry:
    return Entry(**json.loads(entry))
