"""Write how a class did, for people and for programs: ``results.json``, ``marks.csv`` and ``report.html``."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.course.text import harmless_cell
from autograder.reporting.items import CellResult
from autograder.reporting.mistakes import Mistake
from autograder.reporting.page import page_of
from autograder.reporting.summary import StudentResult, Summary


def write_results(summary: Summary, folder: Path) -> None:
    """Write ``results.json``, ``marks.csv`` and ``report.html`` to ``folder``; each replaces the old one in one step.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "results.json", json.dumps(as_dict(summary), ensure_ascii=False, indent=1) + "\n")
    _write(folder / "marks.csv", csv_of(summary))
    _write(folder / "report.html", page_of(summary, folder))


def as_dict(summary: Summary) -> dict[str, Any]:
    """Return the summary as plain data, ready for JSON."""
    return {
        "course": summary.course,
        "assignment": summary.assignment,
        "max_score": summary.max_score,
        "failed_for_all": [asdict(failure) for failure in summary.failures],
        "statistics": summary.statistics(),
        "histogram": summary.histogram(),
        "notebooks": [asdict(notebook) for notebook in summary.by_notebook()],
        "students": [student.as_dict() for student in summary.students],
        "cells": [_cell_as_dict(cell) for cell in summary.cells],
        "mistakes": [_mistake_as_dict(mistake) for mistake in summary.mistakes],
    }


def _cell_as_dict(cell: CellResult) -> dict[str, Any]:
    return asdict(cell) | {"hints": cell.hints}


def _mistake_as_dict(mistake: Mistake) -> dict[str, Any]:
    data = asdict(mistake)
    del data["pages"]
    return data


def csv_of(summary: Summary) -> str:
    """Return the marks as a table for a spreadsheet. Who has no marks has a line with a state and without points."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    head = ["student_id", "last_name", "first_name", *summary.notebooks, "late_penalty", "score", "max_score", "state"]
    writer.writerow(head)
    for student in summary.students:
        names = [harmless_cell(text) for text in (student.student, student.last_name, student.first_name)]
        writer.writerow([*names, *_points(student, list(summary.notebooks)), f"{student.max_score:g}", student.state])
    return table.getvalue()


def _points(student: StudentResult, notebooks: list[str]) -> list[str]:
    points = [f"{student.notebooks[name]:g}" if name in student.notebooks else "" for name in notebooks]
    total = [f"{student.late_penalty:g}", f"{student.score:g}"] if student.notebooks else ["", ""]
    return [*points, *total]


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8", errors="backslashreplace")  # one strange name is not to cost all the others
    os.replace(new, path)
