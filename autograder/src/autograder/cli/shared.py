"""Options that several commands have, and how commands find their course and tell errors."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.course.modules import with_modules
from autograder.course.project import Project, find_project
from autograder.course.settings import CONFIG, SettingsError, kernel_environment, load_settings
from autograder.course.text import first_line

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.course.coursedir import Course


@contextlib.contextmanager
def stoppable(advice: str) -> Iterator[None]:
    """End at once on Ctrl-C. The kernels end with this process, and nobody waits for their notebooks."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # in the background of a script it is ignored
        yield
        return

    # Not by `KeyboardInterrupt`: Python ignores what is raised while it deletes an object.
    def stop(*_: object) -> None:
        shown_again = "\x1b[?25h" if os.isatty(2) else ""  # the cursor, which progress bars hide
        os.write(2, f"{shown_again}Stopped. {advice}\n".encode())
        os._exit(130)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Tell errors that a person can mend in one line."""
    from sqlalchemy.exc import OperationalError

    from autograder.authoring.masters import AuthoringError
    from autograder.course.coursedir import CourseError

    try:
        yield
    except (AuthoringError, CourseError, SettingsError) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(f"the gradebook cannot be used: {first_line(error.orig or error)}") from error
    except OSError as error:
        raise click.ClickException(f"the course's folder cannot be used: {error}") from error


def find_own_project() -> Project | None:
    """Return the project that this command runs in, if it is one."""
    try:
        return find_project(Path.cwd())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def course_folder(given: Path | None) -> Path:
    """Return the folder of the course: the one given, the project's, or the one that this command runs in."""
    if given is not None:
        return given
    if (Path.cwd() / CONFIG).exists():
        return Path.cwd()
    project = find_own_project()
    if project is None:
        raise click.UsageError(f"this folder is no course: it has no {CONFIG}. Name one with --course")
    return project.course


course_option = click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of an nbgrader course.  [default: this folder, or the one that pyproject.toml names]",
)


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "landlock", "none"]),
    help="The sandbox of notebooks. auto is bubblewrap where that works, and else landlock. With none they can do "
    "whatever you can.  [default: auto]",
)


existing = click.Path(path_type=Path, exists=True)


db_option = click.option(
    "--db", "db_url", metavar="URL", help="Database of the gradebook, such as postgresql://...  [default: gradebook.db]"
)


def start_fork_server(course: Path, sandbox: str | None, assignment: str | None = None) -> None:
    """Start the process that kernels are forked from: it imports modules while this process imports nbgrader.

    Where the settings have a mistake, nothing is started: whoever reads them next says so.
    """
    if (course / CONFIG).is_file():
        with contextlib.suppress(SettingsError):
            start_fork_server_with(with_modules(course, load_settings(course), assignment), sandbox)


def start_fork_server_with(config: Config, sandbox: str | None) -> None:
    """Start the fork server of these settings while this process does something else."""
    from autograder.kernels.provisioner import start_in_background

    if sys.platform == "linux":
        if sandbox:
            config.ForkProvisioner.sandbox = sandbox
        start_in_background(config, kernel_environment())


def sandbox_for_own_work() -> str:
    """Return the sandbox for notebooks of the person who runs this command; none, and a warning, if none works."""
    from autograder.sandbox.kinds import AUTO, find_obstacle

    obstacle = find_obstacle(AUTO)
    if obstacle:
        click.echo(f"Run with your own rights, not in a sandbox: {obstacle.reason}.", err=True)
    return "none" if obstacle else AUTO


def open_course(folder: Path | None, db_url: str | None, assignment: str | None) -> tuple[Course, str]:
    """Return a course, and the name of the assignment that is meant."""
    from autograder.course.coursedir import Course
    from autograder.session import assignment_name

    course = Course(course_folder(folder), db_url)
    return course, assignment_name(course, assignment)
