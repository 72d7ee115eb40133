"""How a class did in one assignment: gathered from gradebook and journal, written for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader
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

from autograder.course import Course
from autograder.journal import Entry
from autograder.layout import exercise_name

_BINS = 10
_SLOW = 5  # how many to name


@dataclass
class StudentResult:
    """One student's marks; an exercise without marks is not in ``exercises``."""

    student: str
    first_name: str = ""
    last_name: str = ""
    exercises: dict[str, float] = field(default_factory=dict)
    max_score: float = 0
    late_penalty: float = 0
    needs_manual_grade: bool = False
    is_due: bool = True
    seconds: float = 0
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points won, less what being late costs."""
        return sum(self.exercises.values()) - self.late_penalty

    def as_dict(self) -> dict:
        """Return the result as plain data, ready for JSON."""
        return asdict(self) | {"score": self.score, "seconds": round(self.seconds, 2)}


@dataclass
class CellResult:
    """How the class did in one graded cell: how many got all its points, and the mean share of them."""

    exercise: str
    grade_id: str
    max_score: float
    full: int
    of: int
    mean: float

    @property
    def failed(self) -> int:
        return self.of - self.full


@dataclass
class Summary:
    """How a class did in one assignment.

    Attributes
    ----------
    exercises : dict
        The points that there are to win, by exercise.
    students : list of StudentResult
        Everybody who has handed in or has marks, by name.
    cells : list of CellResult
        Every graded cell that is worth something, the most failed first.
    """

    course: str
    assignment: str
    exercises: dict[str, float]
    students: list[StudentResult]
    cells: list[CellResult]

    @property
    def max_score(self) -> float:
        return sum(self.exercises.values())

    @property
    def graded(self) -> list[StudentResult]:
        """Those who have marks."""
        return [student for student in self.students if student.exercises]

    @property
    def slowest(self) -> list[StudentResult]:
        """The few whose notebooks ran longest, if they ran longer than is usual here."""
        usual = statistics.median([student.seconds for student in self.graded] or [0])
        slow = [student for student in self.graded if student.seconds > 2 * usual]
        return sorted(slow, key=lambda student: -student.seconds)[:_SLOW]

    def statistics(self) -> dict[str, float]:
        """Return mean, median, lowest and highest score of those who have marks; empty if nobody has."""
        scores = [student.score for student in self.graded]
        if not scores:
            return {}
        figures = {"mean": statistics.mean, "median": statistics.median, "lowest": min, "highest": max}
        return {name: round(of(scores), 2) for name, of in figures.items()}

    def histogram(self) -> list[int]:
        """Return how many students have each tenth of the points; the last one holds those who have them all."""
        counts = [0] * _BINS
        for student in self.graded:
            share = student.score / self.max_score if self.max_score else 0
            counts[min(max(int(share * _BINS), 0), _BINS - 1)] += 1
        return counts


def summarize(
    course: Course, assignment: str, students: list[str], due: list[str], entries: dict[str, Entry]
) -> Summary:
    """Gather how a class did.

    Parameters
    ----------
    course : Course
    assignment : str
    students : list of str
        Who has handed in.
    due : list of str
        Who of them is still to be graded.
    entries : dict of Entry
        From the journal, by student.
    """
    with course.gradebook() as gradebook:
        maxima = {exercise_name(nb.name): nb.max_score for nb in sorted(_notebooks(gradebook, assignment), key=_name)}
        results = {student: StudentResult(student) for student in students}
        _add_marks(gradebook, assignment, results)
        cells = _count_cells(gradebook, assignment)
    for student, result in results.items():
        entry = entries.get(student, Entry(""))
        result.max_score = sum(maxima.values())
        result.is_due = student in due
        result.seconds = sum(entry.seconds.values())
        result.notes = list(entry.notes)
    ordered = [results[student] for student in sorted(results)]
    return Summary(course.directory().course_id or course.root.name, assignment, maxima, ordered, cells)


def write_results(summary: Summary, folder: Path) -> None:
    """Write ``results.json``, ``marks.csv`` and ``report.html`` to ``folder``, each at one stroke."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "results.json", json.dumps(as_dict(summary), ensure_ascii=False, indent=1) + "\n")
    _write(folder / "marks.csv", csv_of(summary))
    _write(folder / "report.html", page_of(summary))


def as_dict(summary: Summary) -> dict:
    """Return the summary as plain data, ready for JSON."""
    return {
        "course": summary.course,
        "assignment": summary.assignment,
        "max_score": summary.max_score,
        "statistics": summary.statistics(),
        "histogram": summary.histogram(),
        "students": [student.as_dict() for student in summary.students],
        "cells": [asdict(cell) for cell in summary.cells],
    }


def csv_of(summary: Summary) -> str:
    """Return the marks as a table that a learning management system or a spreadsheet can import."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["student_id", "last_name", "first_name", *summary.exercises, "late_penalty", "score", "max_score"])
    for student in summary.graded:
        names = [_harmless(text) for text in (student.student, student.last_name, student.first_name)]
        points = [f"{student.exercises[name]:g}" if name in student.exercises else "" for name in summary.exercises]
        writer.writerow(
            [*names, *points, *(f"{n:g}" for n in (student.late_penalty, student.score, student.max_score))]
        )
    return table.getvalue()


def page_of(summary: Summary) -> str:
    """Return the summary as one HTML page that needs nothing from elsewhere."""
    environment = Environment(loader=PackageLoader("autograder", "etc"), autoescape=True, trim_blocks=True)
    counts = summary.histogram()
    bars = [
        {
            "count": count,
            "height": 100 * count / max(*counts, 1),
            "low": 100 * n // _BINS,
            "high": 100 * (n + 1) // _BINS,
        }
        for n, count in enumerate(counts)
    ]
    return environment.get_template("report.html.j2").render(summary=summary, bars=bars)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def _harmless(text: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _name(entry) -> str:
    return entry.name


def _notebooks(gradebook: Gradebook, assignment: str) -> list[Notebook]:
    return gradebook.find_assignment(assignment).notebooks


def _add_marks(gradebook: Gradebook, assignment: str, results: dict[str, StudentResult]) -> None:
    query = (
        gradebook.db.query(Student, Notebook.name, SubmittedNotebook)
        .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
    )
    for student, name, nb in query.order_by(Notebook.name):
        result = results.setdefault(student.id, StudentResult(student.id))
        result.first_name, result.last_name = student.first_name or "", student.last_name or ""
        result.exercises[exercise_name(name)] = nb.score
        result.late_penalty += nb.late_submission_penalty or 0
        result.needs_manual_grade |= bool(nb.needs_manual_grade)


def _count_cells(gradebook: Gradebook, assignment: str) -> list[CellResult]:
    query = (
        gradebook.db.query(Notebook.name, BaseCell.name, Grade.score, Grade.max_score)
        .select_from(Grade)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .filter(Assignment.name == assignment)
    )
    scores: dict[tuple[str, str, float], list[float]] = {}
    for notebook, cell, score, most in query.order_by(Notebook.name, BaseCell.name):
        scores.setdefault((exercise_name(notebook), cell, most), []).append(score or 0)
    cells = [
        CellResult(*key, full=sum(score >= key[2] for score in won), of=len(won), mean=statistics.mean(won) / key[2])
        for key, won in scores.items()
        if key[2]
    ]
    return sorted(cells, key=lambda cell: (cell.mean, -cell.failed))
