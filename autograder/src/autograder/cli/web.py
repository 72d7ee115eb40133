"""Commands of the web service."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.shared import (
    clear_errors,
    course_folder,
    course_option,
    db_option,
    open_course,
    start_fork_server,
    stoppable,
)
from autograder.course.text import printable


@click.command()
@course_option
@click.option("--student", "students", multiple=True, help="Only for this student; may be repeated.")
@click.option("--instructor", "instructors", multiple=True, help="Only for this instructor; may be repeated.")
@click.option("--renew", is_flag=True, help="Give a new token to those who have one: the old one ends.")
@db_option
def tokens(
    folder: Path | None, students: tuple[str, ...], instructors: tuple[str, ...], renew: bool, db_url: str | None
) -> None:
    """Make tokens for `autograder serve`: one for each student and each instructor who has none.

    They are in tokens.csv, in the folder of the course. Send each person theirs, and keep the file secret. Without
    --student and --instructor, everybody in the gradebook and in submitted/ gets one, and one instructor.
    """
    from autograder.course.coursedir import Course
    from autograder.service.tokens import FILE, INSTRUCTOR, STUDENT, Person, Tokens, find_people

    if renew and not (students or instructors):
        raise click.UsageError("--renew needs --student or --instructor")
    with clear_errors():
        course = Course(course_folder(folder), db_url)
        named = [*(Person(STUDENT, name) for name in students), *(Person(INSTRUCTOR, name) for name in instructors)]
        new = Tokens(course).issue(named or find_people(course), renew=renew)
    for person in sorted(new):
        click.echo(f"{person.role} {printable(person.id)}")
    click.echo(f"New tokens: {len(new)}. All of them are in {course.root / FILE}.", err=True)


@click.command()
@course_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for a free one.")
@db_option
def serve(folder: Path | None, host: str, port: int, db_url: str | None) -> None:
    """Let students hand in notebooks with a browser or a program, and show them the visible tests at once.

    What they hand in goes to submitted/, where `autograder grade` finds it; the service itself marks nothing. Its pages
    show instructors the class. Everybody needs a token: see `autograder tokens`. It runs until it is stopped, and loses
    nothing then. Between it and the internet there has to be a server that speaks HTTPS.
    """
    root = course_folder(folder)
    start_fork_server(root, "auto")
    from autograder.course.coursedir import Course

    try:
        from autograder.service.server import serve as serve_course
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"this needs the extra serve: pip install 'nbgrader-autograder[serve]' ({error})"
        ) from error
    with clear_errors():
        serve_course(Course(root, db_url), host, port)


@click.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@course_option
@db_option
def scores(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Send the marks of an assignment to the LMS from which students have opened it by LTI.

    They are those in the gradebook, less what being late costs. It can be done again at any time: the LMS keeps the
    newest.

    Exit status: 0 if every mark was sent, 1 if not; then the last lines say whose, and why.
    """
    from rich.progress import track

    from autograder.reporting import terminal

    try:
        from autograder.service.lti.scores import ScoreSender
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"this needs the extra lti: pip install 'nbgrader-autograder[lti]' ({error})"
        ) from error
    with stoppable("What was sent stays; the same command sends all again."), clear_errors():
        course, name = open_course(folder, db_url, assignment)
        with ScoreSender(course, name) as sender:
            total, hidden = len(sender.students), not terminal.err.is_terminal
            done = list(track(sender.send(), "Sending", total, console=terminal.err, transient=True, disable=hidden))
    problems = [problem for problem in done if problem]
    click.echo(f"Sent {len(done) - len(problems)} of {len(done)} marks of {printable(name)}.")
    for problem in problems:
        click.echo(printable(str(problem)), err=True)
    sys.exit(bool(problems))
