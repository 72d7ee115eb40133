"""What was graded, from what: the truth that a run goes by when it is started again.

Each submission's entry is a row of the gradebook's own database, written in the transaction that writes its marks,
so that neither can be there without the other, whenever a run is killed and whichever backup is restored. The row
belongs to nbgrader's submission by its id: a student who is removed and entered again is due again. It holds a
hash of everything that was handed in and of everything that it was marked with; no clock and no file time counts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from nbformat import NotebookNode
from nbgrader.api import Assignment, SubmittedAssignment
from nbgrader.utils import find_all_files
from sqlalchemy import Column, MetaData, Select, String, Table, Text, delete, insert, select

from autograder.course import Course, CourseError
from autograder.gradebook import OpenGradebook
from autograder.intake import find_links

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
        Of this recording.
    fingerprints : dict
        By notebook, what it was made of; empty once it is to be graded again.
    seconds : dict
        By notebook, how long it ran.
    notes : list of str
        What the instructor should know.
    """

    id: str
    fingerprints: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Journal:
    """The entries of one assignment, in an open gradebook."""

    def __init__(self, gradebook: OpenGradebook, assignment: str):
        self._gradebook, self._assignment = gradebook, assignment
        _TABLE.create(gradebook.engine, checkfirst=True)

    def entries(self) -> dict[str, Entry]:
        """Return every submission's entry by student."""
        with self._gradebook.engine.connect() as connection:
            return {student: _entry(text) for student, text in connection.execute(self._query())}

    def find(self, student: str) -> Entry | None:
        """Return one submission's entry, as the gradebook's transaction sees it."""
        found = self._gradebook.db.execute(self._query().where(SubmittedAssignment.student_id == student)).first()
        return _entry(found.entry) if found else None

    def _query(self) -> Select:
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


class Fingerprints:
    """Hashes of what a mark depends on: the submission and the assignment, tests and files included."""

    def __init__(self, course: Course, assignment: str, templates: dict[str, NotebookNode]):
        self._course, self._assignment = course, assignment
        files = self._hash_folder(course.folder("source", ".", assignment), "*.ipynb")
        self._assignments = {name: files + _hash_template(nb) for name, nb in templates.items()}

    def of(self, student: str) -> dict[str, str]:
        """Return the fingerprint of each notebook, handed in or not."""
        submitted = self._hash_folder(self._course.folder("submitted", student, self._assignment))
        return {name: _hash(text, submitted) for name, text in self._assignments.items()}

    def _hash_folder(self, folder: Path, *ignored: str) -> str:
        """Return a hash of the names and contents of all files; a link counts as a link, whatever it points to."""
        links = find_links(folder)
        found = {str(path): _describe_link(path) for path in links}
        if folder not in links:
            for name in find_all_files(str(folder), [*self._course.directory().ignore, *ignored]):
                if name not in found:
                    found[name] = _hash_file(name)
        return _hash(*(text for name in sorted(found) for text in (os.path.relpath(name, folder), found[name])))


def lock(course: Course, folder: Path) -> IO[str]:
    """Return an open file that keeps every other run out of the course until it is closed or this process ends.

    Raises
    ------
    CourseError
        If another run has it.
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


def _entry(text: str) -> Entry:
    return Entry(**json.loads(text))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_template(nb: NotebookNode) -> str:
    cells = [[cell.cell_type, cell.source, cell.metadata.get("nbgrader")] for cell in nb.cells]
    return _hash(json.dumps([cells, nb.metadata.get("kernelspec")], sort_keys=True))


def _hash_file(name: str) -> str:
    try:
        with open(name, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.errno}"


def _describe_link(path: Path) -> str:
    return f"link to {os.readlink(path)}" if path.is_symlink() else "special"
