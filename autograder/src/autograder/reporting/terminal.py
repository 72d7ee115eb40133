"""Tables for the terminal: what a student won and lost, and how a class did."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from autograder.course.text import printable
from autograder.reporting.states import State
from autograder.reporting.summary import StudentResult, Summary

if TYPE_CHECKING:
    from autograder.check import CheckResult
    from autograder.doctor import Finding
    from autograder.reporting.weights import Weights

_NAMED = 5  # how many to name in one line
_ROWS = 200  # of the table of students
_TO_BE_SEEN = (State.WAITING, State.FAILED, State.DUE)
_NAME = 40  # columns of a student's name
_STATES = {
    State.GRADED: "",
    State.WAITING: "waiting",
    State.FAILED: "failed",
    State.DUE: "due",
    State.NOT_HANDED_IN: "-",
}
_NOT_DONE = {
    State.WAITING: "waiting for a person",
    State.FAILED: "failed, could not be run or recorded",
    State.DUE: "still to be graded",
    State.NOT_HANDED_IN: "not handed in",
}
_PERIOD = 60  # s, between two lines of progress where there is no terminal

out = Console(soft_wrap=False)
err = Console(stderr=True)


def show_result(result: CheckResult, name: str) -> None:
    """Print the marks of one exercise file, idea by idea."""
    out.print(
        Text(f"{printable(name)}: {result.score:g} of {result.max_score:g} points", style="italic"), soft_wrap=True
    )
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("idea")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("message", ratio=1)
    for mark in result.cells:
        won = mark.score == mark.max_score
        table.add_row(
            Text(mark.grade_id.removeprefix("test_").replace("_", " ")),
            Text(f"{mark.score:g} / {mark.max_score:g}", style="green" if won else "bold red"),
            Text("\n".join(map(printable, mark.message.splitlines())) or "✓"),
        )
    out.print(table)


def show_judged(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print which tests of an assignment a judge decides, and why it cannot decide the others.

    Parameters
    ----------
    rows : sequence of mapping
        For each test its ``notebook``, its ``grade_id``, whether it is ``judged``, and the ``reason`` if it is not.
    """
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("notebook")
    table.add_column("test")
    table.add_column("judged", no_wrap=True)
    table.add_column("reason", ratio=1)
    for row in rows:
        judged = Text("yes", style="green") if row["judged"] else Text("no", style="bold red")
        texts = [Text(printable(row[name] or "")) for name in ("notebook", "grade_id", "reason")]
        table.add_row(*texts[:2], judged, texts[2])
    out.print(table)
    out.print(f"{sum(row['judged'] for row in rows)} of {len(rows)} tests can be judged.")


def show_summary(summary: Summary, students: list[str]) -> None:
    """Print the points of these students, a row each, and how the class did as a whole.

    Of a large class only so many rows are printed as a person may read, those first that are not done.
    """
    wanted = set(students)
    everybody = [student for student in summary.students if student.student in wanted]
    chosen = everybody
    if len(everybody) > _ROWS:
        first = sorted(everybody, key=lambda student: student.state not in _TO_BE_SEEN)[:_ROWS]
        chosen = sorted(first, key=lambda student: student.student)
    table = _table_of_marks(summary, chosen, list(summary.notebooks))
    if table.__rich_measure__(out, out.options).maximum <= out.width:
        out.print(table)
    else:
        out.print(_table_of_marks(summary, chosen, []))
        out.print("The points by notebook do not fit here: see report.html or marks.csv.", style="italic")
    if left := len(everybody) - len(chosen):
        out.print(f"{left} more students are in marks.csv.", style="italic")
    _show_figures(summary)


def _table_of_marks(summary: Summary, students: Sequence[StudentResult], notebooks: Sequence[str]) -> Table:
    """Return a table with a row for each student, and with columns for these notebooks."""
    title = Text(f"Assignment {printable(summary.assignment)}", style="italic")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("student", no_wrap=True, max_width=_NAME)
    for notebook in notebooks:
        heading = Text(f"{printable(notebook)}\n/ {summary.notebooks[notebook]:g}")
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"total\n/ {summary.max_score:g}", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("notes", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for student in students:
        points = [f"{student.notebooks[notebook]:g}" if student.has(notebook) else "-" for notebook in notebooks]
        total = f"{student.score:g}" if student.counts else "-"
        notes = str(len(student.notes) or "")
        name, state = Text(printable(student.student)), _STATES[student.state]
        table.add_row(name, *points, total, f"{student.seconds:.0f}", notes, state)
    return table


def _show_figures(summary: Summary) -> None:
    figures = ", ".join(f"{name} {value:g}" for name, value in summary.statistics().items())
    out.print(Text(f"{len(summary.marked)} with marks" + (f": {figures}" if figures else "")))
    for state, what in _NOT_DONE.items():
        names = [printable(student.student) for student in summary.in_state(state)]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            out.print(Text(f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"))
    failed = [f"{cell.notebook} {cell.grade_id} ({cell.failed} of {cell.of})" for cell in summary.cells if cell.failed]
    if failed:
        out.print(Text(f"Most failed: {', '.join(map(printable, failed[:_NAMED]))}"))
    slow = [f"{printable(student.student)} ({student.seconds:.0f} s)" for student in summary.slowest]
    if slow:
        out.print(Text(f"Slowest: {', '.join(slow)}"))


def show_rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of texts, the first column to the left."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    out.print(table)


def show_weights(weights: Weights, changes: Mapping[str, float]) -> None:
    """Print mean and median of the class as they are, and as they would be with other points for these cells."""
    others = [changes.get(name, points) for name, points in zip(weights.names, weights.points, strict=True)]
    rows = []
    for label, points in (("now", weights.points), ("then", others)):
        totals, most = weights.totals(points), sum(points)
        figures = (
            [f"{figure(totals):.4g}" for figure in (statistics.fmean, statistics.median)] if totals else ["-", "-"]
        )
        rows.append((label, *figures, f"{most:g}"))
    show_rows(("class", "mean", "median", "of"), rows)
    if unknown := [name for name in changes if name not in weights.names]:
        out.print(Text(printable(f"Without {', '.join(unknown)}: nobody has marks there yet, or only of 0 points.")))


def show_speed(notebooks: int, seconds: float) -> None:
    """Print how fast this many notebooks were graded."""
    out.print(Text(f"Speed:     {notebooks} notebooks in {seconds:.0f} s, {60 * notebooks / seconds:.0f} a minute"))


class Running(ProgressColumn):
    """Who is running and for how long, as a column of a progress display."""

    def __init__(self, running: Mapping[str, float]):
        super().__init__()
        self._running = running

    def render(self, task: Task) -> Text:
        """Return those who run, the longest first."""
        now = time.monotonic()
        since = sorted(dict(self._running).items(), key=lambda item: item[1])
        shown = [f"{printable(student)} {now - start:.0f} s" for student, start in since[:_NAMED]]
        return Text(", ".join(shown) + (" ..." if len(since) > _NAMED else ""), style="dim")


class Rate(ProgressColumn):
    """How many submissions are graded a minute, as a column of a progress display."""

    def render(self, task: Task) -> Text:
        """Return the rate so far."""
        rate = 60 * task.completed / task.elapsed if task.elapsed else 0
        return Text(f"{rate:.0f} a minute" if task.completed else "")


class GradingProgress(Progress):
    """A progress display. Where there is no terminal, as in the log of a scheduled run, it is a line a minute."""

    def __init__(self, *columns: ProgressColumn, console: Console):
        super().__init__(*columns, console=console)
        self._told = time.monotonic()

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """Take what is new about a task, and print a line if it is time for one."""
        super().update(task_id, **fields)
        now = time.monotonic()
        if not self.console.is_terminal and now - self._told >= _PERIOD:
            self._told = now
            task = self._tasks[task_id]
            self.console.print(f"{task.description}: {task.completed:g} of {task.total:g} after {task.elapsed:.0f} s")


def grading_progress(running: Mapping[str, float]) -> Progress:
    """Return a progress display for a class, with time left, rate and who is ``running`` since when."""
    columns = [BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn()]
    return GradingProgress(TextColumn("{task.description}"), *columns, Rate(), Running(running), console=err)


def show_findings(findings: list[Finding]) -> None:
    """Print what the doctor found, with a remedy under each thing that is wrong."""
    for finding in findings:
        sign = Text("✗ ", style="bold red") if finding.remedy else Text("✓ ", style="green")
        out.print(sign + f"{finding.what}: {finding.found}", soft_wrap=True)
        if finding.remedy:
            out.print(Text(f"    → {finding.remedy}"), soft_wrap=True)
