"""Tables for the terminal: what a student won and lost, and how a class did."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.check import Result
from autograder.course import Course
from autograder.doctor import Finding
from autograder.layout import exercise_name

out = Console(soft_wrap=False)
err = Console(stderr=True)


def show_result(result: Result, name: str) -> None:
    """Print the marks of one exercise file, idea by idea."""
    title = f"{name}: {result.score:g} of {result.max_score:g} points"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("idea")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("message", ratio=1)
    for mark in result.cells:
        won = mark.score == mark.max_score
        table.add_row(
            Text(mark.grade_id.removeprefix("test_").replace("_", " ")),
            Text(f"{mark.score:g} / {mark.max_score:g}", style="green" if won else "bold red"),
            Text(mark.message or "✓"),
        )
    out.print(table)


def show_scoreboard(course: Course, assignment: str, students: list[str], notes: dict[str, list[str]]) -> None:
    """Print a class's points from the gradebook, a row a student."""
    most = course.max_scores(assignment)
    scores = course.scores(assignment)
    table = Table(title=f"Assignment {assignment}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("student")
    for name, points in most.items():
        table.add_column(f"{exercise_name(name)}\n/ {points:g}", justify="right")
    table.add_column(f"total\n/ {sum(most.values()):g}", justify="right")
    table.add_column("notes")
    for student in students:
        won = scores.get(student, {})
        cells = [f"{won[name]:g}" if name in won else "-" for name in most]
        table.add_row(student, *cells, f"{sum(won.values()):g}", str(len(notes.get(student, [])) or ""))
    out.print(table)


def class_as_dicts(course: Course, assignment: str, students: list[str], notes: dict[str, list[str]]) -> list[dict]:
    """Return a class's points as plain data, ready for JSON: one dict a student."""
    most, scores = course.max_scores(assignment), course.scores(assignment)
    return [
        {
            "student": student,
            "assignment": assignment,
            "score": sum(scores.get(student, {}).values()),
            "max_score": sum(most.values()),
            "exercises": {exercise_name(name): scores.get(student, {}).get(name) for name in most},
            "notes": notes.get(student, []),
        }
        for student in students
    ]


def show_findings(findings: list[Finding]) -> None:
    """Print what the doctor found, with a remedy under each thing that is wrong."""
    for finding in findings:
        sign = Text("✗ ", style="bold red") if finding.remedy else Text("✓ ", style="green")
        out.print(sign + f"{finding.what}: {finding.found}", soft_wrap=True)
        if finding.remedy:
            out.print(Text(f"    → {finding.remedy}"), soft_wrap=True)
