"""Write the marks of an assignment, and its feedback pages, for a learning management system."""

from __future__ import annotations

import os
from pathlib import Path

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.exchange.feedback import write_feedback
from autograder.exchange.filling import fill_canvas, fill_moodle
from autograder.exchange.marked import Export, Marked, read_marked, some
from autograder.exchange.newtables import table_for_gradescope, table_for_people
from autograder.exchange.tables import Table
from autograder.grading import Grader


def export_marks(
    course: Course, assignment: str, system: str, download: Path | None, output: Path, pages: Path | None
) -> Export:
    """Write the marks of an assignment for a system, and the feedback pages beside them.

    Parameters
    ----------
    course : Course
    assignment : str
    system : str
        ``canvas``, ``moodle``, ``gradescope`` or ``csv``.
    download : Path, optional
        What was downloaded there; only Canvas and Moodle have such a file.
    output : Path
    pages : Path, optional
        Where the zip file of the feedback pages goes, if there is to be one.

    Raises
    ------
    CourseError
        If the download is not what it should be, or if somebody is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If a file cannot be read or written.
    """
    due = _find_due(course, assignment)
    students = read_marked(course, assignment)
    if download:
        table = Table(download)
        if system == "canvas":
            others = [name for name in course.assignments() if name != assignment]
            export = fill_canvas(students, table, download, assignment, others)
        else:
            export = fill_moodle(students, table, download)
        if pages:
            write_feedback(course, assignment, students, export, table, pages)
    else:
        export = table_for_gradescope(students) if system == "gradescope" else table_for_people(students)
    _warn_of_unfinished(export, students, due)
    new = output.with_name(f".{output.name}.new")
    export.write(new)
    os.replace(new, output)
    return export


def _find_due(course: Course, assignment: str) -> list[str]:
    """Return who has handed in something that is not graded, or not graded as it is now."""
    with Grader(course, read_assignment(course, assignment)) as grader:
        return grader.due(course.students(assignment))


def _warn_of_unfinished(export: Export, students: list[Marked], due: list[str]) -> None:
    """Add to the warnings whose marks are out of date, or can still change."""
    waiting = [student.id for student in students if student.is_graded and student.result.needs_manual_grade]
    if waiting:
        export.warnings.append(f"{len(waiting)} wait for a person, and their marks can still change: {some(waiting)}")
    if due:
        export.warnings.append(f"{len(due)} are to be graded, or graded again: {some(due)}. Run: autograder grade")
