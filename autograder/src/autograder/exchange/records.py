"""Where each hand-in came from: what the next collecting and the giving back of feedback need to know.

The records of an assignment are one JSON file beside the folder in which the grader works, not in ``submitted/``: there
it would be graded and hashed with the work. The grader deletes its folder, and nothing beside it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograder.course.coursedir import Course, CourseError
from autograder.course.text import first_line


@dataclass(frozen=True)
class Record:
    """Where one student's hand-in came from.

    Attributes
    ----------
    system : str
        The LMS.
    lms_id : str
        The student's number there, or the name of the folder; empty if the download does not say it.
    origin : str
        The name of its folder, or the beginning of its files' names, in the download.
    order : float
        The newer of two hand-ins from one LMS has the larger one.
    hash : str
        Of what was collected.
    sources : dict
        By the name of each notebook, the name of the file that it was in the download.
    """

    system: str
    lms_id: str
    origin: str
    order: float
    hash: str
    sources: dict[str, str] = field(default_factory=dict)


def read_records(course: Course, assignment: str) -> dict[str, Record]:
    """Return the record of each student whose work was collected.

    Raises
    ------
    CourseError
        If they cannot be read.
    """
    path = _path(course, assignment)
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {student: Record(**record) for student, record in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"{path} cannot be read: {first_line(error)}. Delete it, and collect again") from error


def write_records(course: Course, assignment: str, records: dict[str, Record]) -> None:
    """Write the records of an assignment, all or none.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    path = _path(course, assignment)
    new = path.with_name(f"{path.name}.new")
    text = json.dumps({student: asdict(records[student]) for student in sorted(records)}, ensure_ascii=False, indent=1)
    new.write_text(f"{text}\n", encoding="utf-8")
    os.replace(new, path)


def _path(course: Course, assignment: str) -> Path:
    return course.scratch / f"{assignment}.collected.json"
