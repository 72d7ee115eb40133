"""Read the marks of a class from the gradebook: each kind in one statement, however large the class is.

Whoever asks nbgrader's objects for their scores asks the database for each.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import ColumnElement, or_, select

from autograder.reporting.items import CellMark


class NotebookMark(NamedTuple):
    """One student's points in one notebook, and what being late costs there."""

    student: str
    notebook: str
    points: float
    penalty: float


def read_names(gradebook: Gradebook) -> dict[str, tuple[str, str]]:
    """Return first and last name of everybody in the gradebook."""
    rows = gradebook.db.query(Student.id, Student.first_name, Student.last_name)
    return {student: (first or "", last or "") for student, first, last in rows}


def read_maxima(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """Return the points that there are to win in each notebook of an assignment."""
    known = gradebook.find_assignment(assignment).notebooks
    return {nb.name: nb.max_score for nb in sorted(known, key=lambda nb: str(nb.name))}


def read_notebook_marks(gradebook: Gradebook, assignment: str) -> list[NotebookMark]:
    """Return the marks of all notebooks of an assignment."""
    query = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            Notebook.name,
            SubmittedNotebook.score,
            SubmittedNotebook.late_submission_penalty,
        )
        .select_from(SubmittedNotebook)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment, _has_marks())
    )
    rows = query.order_by(Notebook.name)
    return [NotebookMark(student, notebook, points, penalty or 0) for student, notebook, points, penalty in rows]


def read_times(gradebook: Gradebook, assignment: str) -> dict[str, datetime]:
    """Return when the work was handed in that the marks are for, in UTC, of everybody whose work says so."""
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, SubmittedAssignment.timestamp)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment, SubmittedAssignment.timestamp.isnot(None))
    )
    return {student: timestamp for student, timestamp in rows}


def read_cell_marks(gradebook: Gradebook, assignment: str) -> list[CellMark]:
    """Return the marks of all graded cells of an assignment."""
    query = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            Notebook.name,
            BaseCell.name,
            Grade.score,
            Grade.max_score,
            Grade.needs_manual_grade,
        )
        .select_from(Grade)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment, _has_marks())
    )
    rows = query.order_by(Notebook.name, BaseCell.name)
    return [
        CellMark(student, notebook, cell, points or 0, most or 0, bool(waits))
        for student, notebook, cell, points, most, waits in rows
    ]


def _has_marks() -> ColumnElement[bool]:
    """Return the condition that a submission has marks. One that only holds an extension has not: nobody graded it."""
    grades = select(SubmittedNotebook.assignment_id).join(Grade, Grade.notebook_id == SubmittedNotebook.id)
    given = or_(Grade.auto_score.isnot(None), Grade.manual_score.isnot(None), Grade.needs_manual_grade)
    return or_(
        SubmittedAssignment.timestamp.isnot(None),
        SubmittedAssignment.id.in_(grades.where(given).correlate(None)),
        SubmittedAssignment.id.not_in(grades.correlate(None)),
    )
