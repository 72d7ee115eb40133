"""Commands that grade: a class, what arrives, or single files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.shared import (
    clear_errors,
    course_folder,
    course_option,
    db_option,
    find_own_project,
    sandbox_for_own_work,
    sandbox_option,
    start_fork_server,
    start_fork_server_with,
    stoppable,
)
from autograder.course.modules import with_modules
from autograder.course.project import Project
from autograder.course.settings import load_settings_file
from autograder.course.text import printable, printable_json

if TYPE_CHECKING:
    from concurrent.futures import Future

    from autograder.check import CheckResult
    from autograder.course.assignment import Template


@click.command()
@course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--all", "every", is_flag=True, help="Grade every assignment that somebody has handed in.")
@click.option("--student", "students", multiple=True, help="Grade only this student; may be repeated.")
@click.option("--notebook", help="Grade only this notebook of the assignment.")
@click.option("--force", is_flag=True, help="Grade again what was graded already.")
@db_option
@sandbox_option
@click.option("--scheduler", metavar="ADDRESS", help="Run notebooks on the Dask cluster of this scheduler.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per student instead of a table.")
def grade(
    folder: Path | None,
    assignment: str | None,
    every: bool,
    students: tuple[str, ...],
    notebook: str | None,
    force: bool,
    db_url: str | None,
    sandbox: str | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Grade a class: marks go to gradebook.db, notebooks to autograded/, pages to feedback/.

    Submissions lie in submitted/STUDENT/ASSIGNMENT/, as .ipynb or .py. What was graded already is left alone until
    the submission or the assignment changes. A run that was stopped or killed goes on with the same command.
    """
    if every and (assignment or notebook):
        raise click.UsageError("--all grades every assignment; leave out --assignment and --notebook")
    root = course_folder(folder)
    if scheduler is None:
        start_fork_server(root, sandbox, assignment)
    from autograder.session import Request, grade_all, grade_class

    request = Request(root, assignment, students, notebook, force, db_url, sandbox, scheduler, as_json)
    with stoppable("What was recorded is kept; the same command goes on with the rest."), clear_errors():
        grade_all(request) if every else grade_class(request)


@click.command()
@course_option
@click.option("--assignment", help="Grade only what arrives for this assignment.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds between two looks at submitted/.",
)
@click.option("--release-feedback", is_flag=True, help="Release the feedback of who was graded, as nbgrader does.")
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that gets one line for each run.  [default: watch.log in the course]",
)
@db_option
@sandbox_option
@click.option("--scheduler", metavar="ADDRESS", help="Run notebooks on the Dask cluster of this scheduler.")
def watch(
    folder: Path | None,
    assignment: str | None,
    interval: float,
    release_feedback: bool,
    log: Path | None,
    db_url: str | None,
    sandbox: str | None,
    scheduler: str | None,
) -> None:
    """Grade what arrives in submitted/, until this command is stopped.

    A hand-in that is new or has changed is graded as soon as its files have stayed the same from one look to the next.
    What is graded already is left alone. Each run is one line, here and in the log: who was graded, and what went
    wrong. What could not be graded is tried again ten minutes later. While another command grades in the course, this
    one waits.

    With --release-feedback, feedback goes to nbgrader's exchange, where students fetch it with `nbgrader
    fetch_feedback` or in JupyterLab. Only work that was collected from the exchange can have it.

    Ctrl-C or SIGTERM ends the command, with exit status 0. A submission that was running stays due.
    """
    from autograder.session import Request
    from autograder.watching.watch import Watch
    from autograder.watching.watch import watch as watch_course

    root = course_folder(folder)
    request = Request(root, assignment, db_url=db_url, sandbox=sandbox, scheduler=scheduler)
    with clear_errors():
        watch_course(request, Watch(interval, release_feedback, log or root / "watch.log"))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@course_option
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file instead of tables.")
def check(files: tuple[Path, ...], folder: Path | None, sandbox: str | None, as_json: bool) -> None:
    """Mark FILES, notebooks of a course as .py or .ipynb, on the spot.

    Each file runs in a folder of its own, beside the assignment's own files. Nothing else of the folder that it lies
    in is read, and nothing is written there.

    Exit status: 0 if all points were earned, 1 if not, 2 if a file could not be read or is no notebook of the course.
    """
    sandbox = sandbox or sandbox_for_own_work()
    project = None if folder else find_own_project()
    if project is None:
        start_fork_server(course_folder(folder), sandbox)
    with clear_errors():
        if project is None:
            check_one = _checker_of_course(course_folder(folder), sandbox)
        else:
            check_one = _checker_of_project(project, sandbox)
    from rich.progress import track

    from autograder.execution.local import CAPACITY, run_concurrently
    from autograder.reporting import terminal

    with stoppable("Nothing was changed."):
        jobs = run_concurrently(files, check_one, CAPACITY)
        hidden = not terminal.err.is_terminal
        results = dict(track(jobs, "Checking", len(files), console=terminal.err, transient=True, disable=hidden))
    sys.exit(max(_show_check(path, results[path], as_json=as_json) for path in files))


def _checker_of_course(folder: Path, sandbox: str) -> Callable[[Path], CheckResult]:
    """Return what marks a file that is a notebook of a course."""
    from autograder.check import check_file
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course
    from autograder.session import require_assignments

    course = Course(folder)
    course.config.ForkProvisioner.sandbox = sandbox
    templates: dict[str, Template] = {}
    folders: dict[str, Path] = {}
    for name in require_assignments(course):
        assignment = read_assignment(course, name)
        templates |= assignment.templates
        folders |= dict.fromkeys(assignment.templates, course.folder("source", ".", name))
    config = with_modules(course.root, course.config)
    return partial(check_file, templates=templates, config=config, folders=folders)


def _checker_of_project(project: Project, sandbox: str) -> Callable[[Path], CheckResult]:
    """Return what marks a file that is made from a master of a project."""
    config = load_settings_file(project.settings)
    start_fork_server_with(config, sandbox)
    from autograder.authoring.build import master_templates
    from autograder.check import check_file

    config.ForkProvisioner.sandbox = sandbox
    return partial(check_file, templates=master_templates(config), config=config, folders={})


def _show_check(path: Path, future: Future[CheckResult], *, as_json: bool) -> int:
    """Print the result for one file and return the exit status that it asks for."""
    from autograder.check import CheckError
    from autograder.reporting import terminal

    try:
        result = future.result()
    except CheckError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        return 2
    for note in result.notes:
        click.echo(printable(f"{path}: {note}"), err=True)
    if as_json:
        click.echo(printable_json(result.as_dict()))
    else:
        terminal.show_result(result, str(path))
    return int(result.score < result.max_score)
