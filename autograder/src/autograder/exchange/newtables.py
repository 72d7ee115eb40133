"""Marks in a new table: for people and spreadsheets, and with the columns that Gradescope has."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from autograder.course.text import harmless_cell
from autograder.exchange.layouts import GRADESCOPE
from autograder.exchange.marked import Export, Marked, number, some


def table_for_people(students: list[Marked]) -> Export:
    """Return a table for people and spreadsheets, with who waits for a person and who has not handed in."""
    header = ["student_id", "last_name", "first_name", "email", "score", "max_score", "late_penalty"]
    rows = []
    for student in students:
        result = student.result
        texts = [student.id, result.last_name, result.first_name, student.email]
        penalty = number(result.late_penalty) if student.is_graded else ""
        answers = [_yes(result.needs_manual_grade), _yes(student.has_handed_in)]
        rows.append([*map(harmless_cell, texts), student.score, number(result.max_score), penalty, *answers])
    return _new_table([*header, "waits_for_person", "handed_in"], rows, students)


def table_for_gradescope(students: list[Marked]) -> Export:
    """Return a table with the columns of the grades that Gradescope gives out."""
    header = ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status"]
    rows, changed = [], []
    for student in students:
        record = student.record if student.record and student.record.system == GRADESCOPE else None
        sid = (record and record.lms_id) or student.id
        texts = [student.result.first_name, student.result.last_name, _harmless_id(sid), student.email]
        status = "Graded" if student.is_graded else "Ungraded" if student.has_handed_in else "Missing"
        rows.append([*map(harmless_cell, texts[:2]), texts[2], harmless_cell(texts[3])])
        rows[-1] += [student.score, number(student.result.max_score), status]
        changed += [sid] if texts[2] != sid else []
    export = _new_table(header, rows, students)
    if changed:
        export.warnings.append(
            f"{some(changed)}: a spreadsheet would run this as a formula, so an apostrophe stands before it"
        )
    return export


def _new_table(header: list[str], rows: list[list[str]], students: list[Marked]) -> Export:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])

    def write(path: Path) -> None:
        path.write_text(text.getvalue(), encoding="utf-8-sig", errors="backslashreplace", newline="")

    return Export(write, sum(student.is_graded for student in students))


def _harmless_id(text: str) -> str:
    """Return an id as it is where that is safe: the LMS looks for it. A number with a sign is no formula."""
    return text if re.fullmatch(r"[+-]?\d+", text) else harmless_cell(text)


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
