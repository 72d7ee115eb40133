"""Write how a class did, for people and for programs: ``results.json``, ``marks.csv`` and ``report.html``."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from autograder.course.text import harmless_cell, printable
from autograder.reporting.summary import BINS, Summary


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
    _write(folder / "report.html", page_of(summary))


def as_dict(summary: Summary) -> dict[str, Any]:
    """Return the summary as plain data, ready for JSON."""
    return {
        "course": summary.course,
        "assignment": summary.assignment,
        "max_score": summary.max_score,
        "failed_for_all": [asdict(failure) for failure in summary.failures],
        "statistics": summary.statistics(),
        "histogram": summary.histogram(),
        "students": [student.as_dict() for student in summary.students],
        "cells": [asdict(cell) for cell in summary.cells],
    }


def csv_of(summary: Summary) -> str:
    """Return the marks as a table that a learning management system or a spreadsheet can import."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["student_id", "last_name", "first_name", *summary.notebooks, "late_penalty", "score", "max_score"])
    for student in summary.graded:
        names = [harmless_cell(text) for text in (student.student, student.last_name, student.first_name)]
        points = [f"{student.notebooks[name]:g}" if name in student.notebooks else "" for name in summary.notebooks]
        writer.writerow(
            [*names, *points, *(f"{n:g}" for n in (student.late_penalty, student.score, student.max_score))]
        )
    return table.getvalue()


def page_of(summary: Summary) -> str:
    """Return the summary as one HTML page that needs nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("autograder", "reporting"), autoescape=True, trim_blocks=True, finalize=_shown
    )
    counts = summary.histogram()
    bars = [
        {
            "count": count,
            "height": 100 * count / max(*counts, 1),
            "low": 100 * n // BINS,
            "high": 100 * (n + 1) // BINS,
        }
        for n, count in enumerate(counts)
    ]
    return environment.get_template("report.html.j2").render(summary=summary, bars=bars)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8", errors="backslashreplace")  # one strange name is not to cost all the others
    os.replace(new, path)


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) else value
