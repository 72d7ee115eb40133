"""Print what became of downloads and of marks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from autograder.course.text import printable
from autograder.exchange.collect import NEW, OLDER, REPLACED, UNCHANGED, Outcome, Report
from autograder.exchange.marked import Export
from autograder.exchange.problems import Problem

_WORDS = {
    NEW: "new",
    REPLACED: "newer, replaces what is there",
    UNCHANGED: "there already",
    OLDER: "older than what is there, which stays",
}


def show_report(report: Report, *, dry_run: bool) -> None:
    """Print a line for each hand-in, how many there are of each kind, and what could not be placed."""
    for outcome in sorted(report.outcomes, key=lambda outcome: outcome.student):
        click.echo(printable(_describe(outcome)))
    kinds = Counter(outcome.kind for outcome in report.outcomes)
    counts = ", ".join(f"{kinds[kind]} {_WORDS[kind].partition(',')[0]}" for kind in _WORDS if kinds[kind])
    click.echo(f"{len(report.outcomes)} hand-ins" + (f": {counts}" if counts else ""))
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.")
    _show_problems(report.problems)


def show_export(export: Export, path: Path, pages: Path | None) -> None:
    """Print where marks and pages are, what the instructor should know, and whose marks could not be placed."""
    click.echo(f"Marks:     {path} ({export.filled} students)")
    if pages:
        click.echo(f"Feedback:  {pages} ({export.pages} pages)")
    for warning in export.warnings:
        click.echo(printable(f"Warning: {warning}"), err=True)
    _show_problems(export.problems)


def _show_problems(problems: list[Problem]) -> None:
    if problems:
        click.echo(f"{len(problems)} could not be placed:", err=True)
    for problem in problems:
        click.echo(printable(f"  {problem}"), err=True)


def _describe(outcome: Outcome) -> str:
    text = f"{outcome.student}: {_WORDS[outcome.kind]} ({outcome.system}: {outcome.origin})"
    return "; ".join([text, *outcome.notes])
