"""Commands about the tests of an assignment: who decides them, and whether they are right."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.shared import (
    clear_errors,
    course_folder,
    course_option,
    sandbox_for_own_work,
    sandbox_option,
    start_fork_server,
    stoppable,
)
from autograder.course.text import printable_json


@click.command()
@course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per test instead of a table.")
def judge(folder: Path | None, assignment: str | None, as_json: bool) -> None:
    """Show which tests of an assignment are decided by a judge.

    A judge runs a test in a process in which no code of a submission ever runs, and asks the submission for values
    only. A test is decided like that if the reference solution and the released notebook get the same marks with a
    judge as without one. This runs the notebooks of source/; no submission is read or graded. What is found out is
    stored in judge/ASSIGNMENT.json, where the next `autograder grade` reads it.
    """
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course, CourseError
    from autograder.course.notebooks import grade_id
    from autograder.execution.executor import KernelLost
    from autograder.execution.local import LocalExecutor
    from autograder.execution.tables import read_tables
    from autograder.judge.table import is_test
    from autograder.reporting import terminal
    from autograder.session import assignment_name

    with stoppable("Nothing was changed."), clear_errors():
        course = Course(course_folder(folder))
        read = read_assignment(course, assignment_name(course, assignment))
        try:
            with terminal.err.status("Running the reference solution"):
                tables = read_tables(course, read, LocalExecutor())
        except KernelLost as error:
            raise CourseError(f"the reference solution cannot be run: {error}") from error
    rows = [
        {"notebook": notebook, "grade_id": name, "judged": name not in table.reasons, "reason": table.reasons.get(name)}
        for notebook, table in tables.items()
        for name in map(str, map(grade_id, filter(is_test, read.templates[notebook].notebook.cells)))
    ]
    if not as_json:
        terminal.show_judged(rows)
        return
    for row in rows:
        click.echo(printable_json(row))


@click.command()
@course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--notebook", help="Prove only this notebook of the assignment.")
@click.option("--cases", type=click.Path(path_type=Path), help="Folder of submissions with the marks they must get.")
@click.option(
    "--equivalents",
    type=click.Path(path_type=Path),
    help="File that lists mutants which are no mistakes.  [default: equivalents.toml of the course, if there is one]",
)
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def prove(
    folder: Path | None,
    assignment: str | None,
    notebook: str | None,
    cases: Path | None,
    equivalents: Path | None,
    sandbox: str | None,
    as_json: bool,
) -> None:
    """Prove the tests of an assignment with wrong answers that are made from the reference solution.

    Each of them, a mutant, has one small mistake and must lose points. The reference solution must get all points, the
    blank notebook none, and each case what its file says. Nothing goes to the gradebook. The same as a page is in
    results/ASSIGNMENT/proof.html.

    Exit status: 0 if all that is so, 1 if not.
    """
    root, sandbox = course_folder(folder), sandbox or sandbox_for_own_work()
    start_fork_server(root, sandbox, assignment)
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course
    from autograder.proving.page import write_page
    from autograder.proving.prove import prove_assignment
    from autograder.proving.screen import show_proof
    from autograder.session import assignment_name

    with stoppable("Nothing was changed."), clear_errors():
        course = Course(root)
        course.config.ForkProvisioner.sandbox = sandbox
        read = read_assignment(course, assignment_name(course, assignment))
        proof = prove_assignment(course, read, notebook, cases, equivalents)
        page = course.root / "results" / read.name / "proof.html"
        write_page(proof, page)
    if as_json:
        click.echo(printable_json(proof.as_dict()))
    else:
        show_proof(proof)
        click.echo(f"Page: {page}")
    sys.exit(bool(proof.problems()))
