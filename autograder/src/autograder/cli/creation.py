"""Commands that make a course, and look whether it works here."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.shared import clear_errors, course_folder, course_option, db_option, find_own_project
from autograder.course.settings import CONFIG, load_settings_file


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a small course in FOLDER: settings, one assignment, one submission that can be graded at once."""
    from autograder.authoring.init import init_course

    with clear_errors():
        course = init_course(folder)
    click.echo(f"Made a course in {course.root}. Grade it with: autograder grade --course {folder}", err=True)


@click.command()
@course_option
@db_option
def build(folder: Path | None, db_url: str | None) -> None:
    """Make a course from masters and hidden tests: source/, release/ and the gradebook.

    The settings c.Authoring say where the masters are. In a project, a new course builds on the project's settings.
    """
    from autograder.authoring.build import build_course
    from autograder.authoring.init import write_settings
    from autograder.course.coursedir import Course

    root, project = course_folder(folder), find_own_project()
    with clear_errors():
        if project and not (root / CONFIG).exists():
            write_settings(root, project.settings)
        course = Course(root, db_url)
        build_course(course)
    click.echo(f"Made the course in {course.root}", err=True)


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail if an exercise is out of date.")
def exercises(only_check: bool) -> None:
    """Write the exercises of this project as they are released, as .ipynb and as .py."""
    from autograder.authoring.build import build_exercises, stale_exercises
    from autograder.authoring.masters import Masters

    project = find_own_project()
    if project is None:
        raise click.UsageError("this folder is in no project: no pyproject.toml has a table [tool.autograder]")
    with clear_errors():
        target = Masters(load_settings_file(project.settings)).exercises
        if target is None:
            raise click.UsageError(f"{project.settings} does not set c.Authoring.exercises")
        if not only_check:
            build_exercises(project.settings, target)
            click.echo(f"Wrote {target}", err=True)
            return
        stale = stale_exercises(project.settings)
    for problem in stale:
        click.echo(f"{target.name}/{problem}", err=True)
    if stale:
        raise click.ClickException("run `autograder exercises` and commit what it writes")
    click.echo(f"{target.name}/ is up to date.", err=True)


@click.command()
def doctor() -> None:
    """Examine the environment and say what to do about each thing that is wrong."""
    from autograder.doctor import examine
    from autograder.reporting import terminal

    findings = examine()
    terminal.show_findings(findings)
    sys.exit(any(finding.remedy for finding in findings))
