"""The command line: ``autograder init``, ``build``, ``grade``, ``check``, ``prove`` and the other commands.

What takes seconds to import is imported by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from autograder.cli import creation, exchange, grading, report, term, tests, web

# jsonschema would build grammars that check web addresses, which no notebook needs; that takes more than a second.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # to import it is an error that it expects


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nbgrader-autograder", prog_name="autograder")
def main() -> None:
    """Make, grade and check nbgrader courses."""


for command in (
    creation.init,
    creation.build,
    creation.exercises,
    creation.doctor,
    exchange.collect,
    exchange.export,
    exchange.release_feedback,
    exchange.transcripts,
    exchange.gradescope,
    grading.grade,
    grading.watch,
    grading.check,
    report.similarity,
    term.deadline,
    term.extension,
    term.late,
    term.remove,
    term.rename,
    term.points,
    tests.judge,
    tests.prove,
    web.tokens,
    web.serve,
    web.scores,
):
    main.add_command(command)
