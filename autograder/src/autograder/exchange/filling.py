"""Marks in the file that was downloaded from Canvas or Moodle: one column is filled in, and the rest stays as it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from autograder.course.coursedir import CourseError
from autograder.exchange.marked import Export, Marked, number
from autograder.exchange.problems import Problem, Unplaced
from autograder.exchange.roster import (
    CANVAS,
    EMAIL,
    ID,
    MOODLE,
    Identity,
    is_canvas,
    is_canvas_student,
    is_moodle,
    roster_of,
)
from autograder.exchange.tables import Row, Table

_COLUMN = re.compile(r"(?P<title>.*) \((?P<number>\d+)\)", re.DOTALL)  # of an assignment in Canvas' gradebook
_WITHOUT_MARK = {"EX", "N/A"}  # Canvas' words for who is excused, and for whom an assignment is not meant


def fill_canvas(
    students: list[Marked], table: Table, path: Path, assignment: str, others: Sequence[str] = ()
) -> Export:
    """Return Canvas' gradebook with the marks of an assignment in its column, everything else as it was.

    The column has the assignment's name, or is the only one in which none of the ``others`` in the course can be.

    Raises
    ------
    CourseError
        If the table is no gradebook of Canvas', or its column cannot be told for certain.
    """
    if not is_canvas(table):
        raise CourseError(f"{path} is no gradebook of Canvas': it has no columns Student, ID and Section")
    column = _canvas_column(table, path, assignment, others)
    export = Export(table.write, system=CANVAS)
    if table.header[column].rpartition(" (")[0] != assignment:
        export.warnings.append(f"the marks go to the only assignment in the file, {table.header[column]}")
    for row in table.rows:
        if not is_canvas_student(table, row) and "Points Possible" in row.value(0):
            _compare_maximum(row.value(column), students, export)
    _fill(students, table, path, column, export)
    return export


def fill_moodle(students: list[Marked], table: Table, path: Path) -> Export:
    """Return Moodle's grading worksheet with the marks in its column, everything else as it was.

    Raises
    ------
    CourseError
        If the table is no such worksheet, or if the assignment has a scale and not points.
    """
    column = table.find("Grade")
    if not is_moodle(table) or column is None:
        raise CourseError(
            f"{path} is no grading worksheet of Moodle's: it has no columns Identifier and Grade. "
            "Set Moodle's language to English, and download it again"
        )
    maximum = table.find("Maximum Grade")
    if maximum is None:
        raise CourseError(f"{path} has no column Maximum Grade: the assignment in Moodle has a scale and no points")
    export = Export(table.write, system=MOODLE)
    for value in sorted({row.value(maximum) for row in table.rows} - {""}):
        _compare_maximum(value, students, export)
    _fill(students, table, path, column, export)
    return export


def _canvas_column(table: Table, path: Path, assignment: str, others: Sequence[str]) -> int:
    found = {column: match["title"] for column, name in enumerate(table.header) if (match := _COLUMN.fullmatch(name))}
    named = [column for column, title in found.items() if title == assignment]
    chosen = named or [column for column, title in found.items() if title not in others]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(table.header[column] for column in named or found) or "none"
    if named:
        raise CourseError(
            f"{path} has several assignments {assignment}: {names}. Delete the columns that are not meant"
        )
    raise CourseError(
        f"{path} has no column {assignment} (NUMBER); its assignments: {names}. "
        f"Name it {assignment} in Canvas, or delete the columns of the others"
    )


def _fill(students: list[Marked], table: Table, path: Path, column: int, export: Export) -> None:
    """Write the marks into a column, and list those whose line cannot be told for certain."""
    roster = roster_of(table, path)
    found: dict[int, list[tuple[Marked, Row]]] = defaultdict(list)
    for student in students:
        try:
            row = roster.find(_identity(student, export.system)).row
            assert row is not None  # every student of this roster comes from a line
            found[id(row)].append((student, row))
        except Unplaced as error:
            if student.is_graded:
                export.problems.append(Problem(student.id, str(error).replace("the roster", path.name)))
    for several in found.values():
        if len(several) == 1:
            _set(*several[0], column, export)
        elif any(student.is_graded for student, _ in several):
            names = " and ".join(student.id for student, _ in several)
            export.problems.append(Problem(names, f"ambiguous: they would have the same line of {path.name}"))


def _set(student: Marked, row: Row, column: int, export: Export) -> None:
    if not student.is_graded:
        return
    export.rows[student.id] = row
    there = row.value(column).strip()
    if there in _WITHOUT_MARK:
        export.warnings.append(f"{student.id}: {there} stays, and {student.score} points are not entered")
        return
    row.set(column, student.score)
    export.filled += 1


def _identity(student: Marked, system: str) -> Identity:
    record = student.record
    keys = [(system, record.lms_id if record and record.system == system else ""), (ID, student.id)]
    keys += [(EMAIL, student.email), (EMAIL, student.id if "@" in student.id else "")]
    keys += [(CANVAS, student.lms_id)] if system == CANVAS else []
    name = f"{student.result.first_name} {student.result.last_name}".strip()
    known = tuple((kind, value) for kind, value in keys if value)
    return Identity(student.id, known, name=name)


def _compare_maximum(value: str, students: list[Marked], export: Export) -> None:
    """Warn if the maximum in the LMS is not the assignment's: the points are written as they are."""
    ours = max((student.result.max_score for student in students), default=0.0)
    try:
        theirs = float(value.replace(",", "."))
    except ValueError:
        return
    if abs(theirs - ours) > 0.005:  # an LMS rounds to two places
        export.warnings.append(
            f"{export.system} says that the maximum is {number(theirs)}, and it is {number(ours)}. "
            f"The points are written as they are: change the maximum in {export.system} first"
        )
