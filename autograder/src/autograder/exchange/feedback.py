"""Feedback pages for a learning management system: a zip file that it gives out to the students."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path, PurePosixPath

from autograder.course.coursedir import Course
from autograder.exchange.marked import Export, Marked
from autograder.exchange.problems import Problem, Unplaced
from autograder.exchange.roster import CANVAS, participant_number
from autograder.exchange.tables import Row, Table


def write_feedback(
    course: Course, assignment: str, students: list[Marked], export: Export, table: Table, path: Path
) -> None:
    """Write the pages of everybody whose marks could be placed to a zip file, as the LMS takes it.

    Parameters
    ----------
    course : Course
    assignment : str
    students : list of Marked
    export : Export
        The marks for the same LMS. It gets the number of pages, and each student whose pages cannot be placed.
    table : Table
        What was downloaded from the LMS.
    path : Path

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    new = path.with_name(f".{path.name}.new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in students:
            if student.id not in export.rows:
                continue
            folder = course.folder("feedback", student.id, assignment)
            for notebook in sorted(student.result.notebooks):  # beside the pages lie files that were handed in
                page = folder / f"{notebook}.html"
                try:
                    archive.write(page, _name(student, page, export, table))
                    export.pages += 1
                except Unplaced as error:
                    export.problems.append(Problem(student.id, str(error)))
    os.replace(new, path)


def _name(student: Marked, page: Path, export: Export, table: Table) -> str:
    """Return the name of a page in the zip file."""
    if not page.is_file():
        raise Unplaced(f"there is no feedback page {page.name}. Run: autograder grade --force")
    if export.system == CANVAS:
        return _canvas_name(student, page)
    return _moodle_name(page, export.rows[student.id], table)


def _canvas_name(student: Marked, page: Path) -> str:
    """Return the name of the file that was handed in. Canvas goes by the two numbers in it, whatever comes after."""
    record = student.record
    source = record.sources.get(page.stem) if record and record.system == CANVAS else None
    if source is None:
        raise Unplaced(f"the feedback page {page.name} cannot go back: its notebook was not collected from Canvas")
    return str(PurePosixPath(source).with_suffix(".html"))


def _moodle_name(page: Path, row: Row, table: Table) -> str:
    """Return the page's name in a student's folder. Moodle goes by the number in it, which is that of the mark."""
    name = table.get(row, "Full name").replace("_", " ").replace("/", " ") or "Participant"
    number = participant_number(table.get(row, "Identifier"))
    return f"{name}_{number}_assignsubmission_file_/{page.name}"
