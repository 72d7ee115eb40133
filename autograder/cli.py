"""The command line: ``autograder build``, ``check``, ``grade`` and ``doctor``."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click


@contextlib.contextmanager
def _stoppable(advice: str) -> Iterator[None]:
    """End at once on Ctrl-C: the kernels go with this process, and nobody waits for their notebooks."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Stopped. {advice}", err=True)
        os._exit(130)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Build, check and grade the exercises of an nbgrader course."""


_sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["bubblewrap", "none"]),
    help="What notebooks are shut in; with none they can do whatever you can.  [default: bubblewrap]",
)
_db_option = click.option(
    "--db", "db_url", metavar="URL", help="Database of the gradebook, such as postgresql://...  [default: gradebook.db]"
)


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail if exercises/ is out of date.")
@click.option("--course", type=click.Path(path_type=Path), help="Folder of the course.  [default: course/]")
@_db_option
def build(only_check: bool, course: Path | None, db_url: str | None) -> None:
    """Make exercises/ and the nbgrader course from the masters and the hidden tests."""
    from autograder.build import BuildError, build_course, build_exercises, stale_exercises
    from autograder.course import CourseError
    from autograder.layout import BUNDLED

    if only_check:
        stale = stale_exercises(BUNDLED)
        for problem in stale:
            click.echo(f"exercises/{problem}", err=True)
        if stale:
            raise click.ClickException("run `autograder build` and commit what it writes")
        click.echo("exercises/ is up to date.", err=True)
        return
    try:
        build_exercises(BUNDLED, BUNDLED.exercises)
        made = build_course(BUNDLED, course or BUNDLED.course, db_url)
    except (BuildError, CourseError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Wrote exercises/ and the course in {made.root}", err=True)


@main.command()
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of an nbgrader course.  [default: course/, with the sample class if nobody has handed in]",
)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--student", "students", multiple=True, help="Grade only this student; may be repeated.")
@click.option("--exercise", help="Grade only this exercise, such as _5_6_1, or notebook.")
@click.option("--force", is_flag=True, help="Grade again what was graded already.")
@_db_option
@_sandbox_option
@click.option("--scheduler", metavar="ADDRESS", help="Run notebooks on the Dask cluster of this scheduler.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per student instead of a table.")
def grade(
    folder: Path | None,
    assignment: str | None,
    students: tuple[str, ...],
    exercise: str | None,
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
    from autograder.layout import BUNDLED

    if scheduler is None:
        _warm_up(folder or BUNDLED.course, sandbox)
    from sqlalchemy.exc import OperationalError

    from autograder.course import CourseError
    from autograder.session import grade_class

    with _stoppable("What was recorded is kept; the same command goes on with the rest."):
        try:
            grade_class(
                folder,
                assignment,
                students,
                exercise,
                db_url=db_url,
                sandbox=sandbox,
                scheduler=scheduler,
                force=force,
                as_json=as_json,
            )
        except CourseError as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"the gradebook cannot be used: {error.orig}") from error
        except OSError as error:
            raise click.ClickException(f"the course's folder cannot be used: {error}") from error


def _warm_up(folder: Path, sandbox: str | None) -> None:
    """Have what the settings in ``folder`` declare imported while this process imports nbgrader: both take seconds."""
    from autograder.kernels.provisioner import warm_up
    from autograder.settings import CONFIG, kernel_environment, load_config

    if sys.platform == "linux" and (folder / CONFIG).is_file():
        config = load_config(folder)
        if sandbox:
            config.WarmProvisioner.sandbox = sandbox
        warm_up(config, kernel_environment())


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file instead of tables.")
def check(files: tuple[Path, ...], sandbox: str | None, as_json: bool) -> None:
    """Mark exercise FILES (.py or .ipynb) on the spot.

    Exit status: 0 if all points were earned, 1 if not, 2 if a file could not be read or is no exercise.
    """
    sandbox = sandbox or _sandbox_for_own_work()
    _warm_up(Path(__file__).parent, sandbox)
    from functools import partial

    from rich.progress import track

    from autograder import report
    from autograder.check import NoExercise, check_file
    from autograder.run import PLACES, run_all

    with _stoppable("Nothing was changed."):
        jobs = run_all(files, partial(check_file, sandbox=sandbox), PLACES)
        progress = track(jobs, "Checking", total=len(files), console=report.err, transient=True)
        results = dict(progress)
    status = 0
    for path in files:
        try:
            result = results[path].result()
        except NoExercise as error:
            click.echo(f"Error: {error}", err=True)
            status = 2
            continue
        for note in result.notes:
            click.echo(f"{path}: {note}", err=True)
        if as_json:
            click.echo(json.dumps(result.as_dict(), ensure_ascii=False))
        else:
            report.show_result(result, str(path))
        status = max(status, int(result.score < result.max_score))
    sys.exit(status)


def _sandbox_for_own_work() -> str:
    from autograder.kernels.sandbox import find_obstacle

    obstacle = find_obstacle()
    if obstacle:
        click.echo(f"Run with your own rights, not in a sandbox: {obstacle.reason}.", err=True)
    return "none" if obstacle else "bubblewrap"


@main.command()
def doctor() -> None:
    """Examine the environment and say what to do about each thing that is wrong."""
    from autograder import report
    from autograder.doctor import examine

    findings = examine()
    report.show_findings(findings)
    sys.exit(any(finding.remedy for finding in findings))
