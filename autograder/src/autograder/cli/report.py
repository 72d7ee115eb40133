"""Commands that look at the answers of a class."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from autograder.cli.shared import clear_errors, course_option, db_option, open_course, stoppable

_PAIRS = 10  # of students, to print


@click.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@course_option
@db_option
def similarity(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Find students whose answers are alike, and show them side by side in results/ASSIGNMENT/similarity.html.

    The code of the answers is compared and never run. The instructor's cells and what was given do not count. Answers
    that are alike are no proof: the page says how to read it.
    """
    from rich.progress import track

    from autograder.reporting import terminal
    from autograder.similarity.find import find_similar

    hidden = not terminal.err.is_terminal
    shown = partial(track, description="Reading", console=terminal.err, transient=True, disable=hidden)
    with stoppable("Nothing was changed."), clear_errors():
        course, name = open_course(folder, db_url, assignment)
        pairs, page = find_similar(course, name, shown)
    rows = [
        (f"{pair.first.student} and {pair.second.student}", pair.first.notebook, f"{pair.similarity:.0%}")
        for pair in pairs[:_PAIRS]
    ]
    terminal.show_rows(("students", "notebook", "similarity"), rows)
    click.echo(f"{len(pairs)} pairs have unusual passages in common. That is no proof; read them: {page}")
