"""Commands that take submissions in, and give marks and feedback out."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from autograder.cli.shared import (
    clear_errors,
    course_folder,
    course_option,
    db_option,
    existing,
    open_course,
    sandbox_option,
    stoppable,
)
from autograder.course.text import printable


@click.command()
@click.argument("archives", metavar="ZIP_OR_FOLDER...", nargs=-1, required=True, type=existing)
@click.option("--assignment", required=True, help="Name of the assignment.")
@course_option
@click.option(
    "--roster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV file with the students: Canvas' gradebook, Moodle's grading worksheet, or a list of your own.",
)
@db_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def collect(
    archives: tuple[Path, ...],
    assignment: str,
    folder: Path | None,
    roster: Path | None,
    db_url: str | None,
    dry_run: bool,
) -> None:
    """Take in what students have handed in on Canvas, Moodle or Gradescope.

    ZIP_OR_FOLDER is a download of all submissions as the system packs it, or a folder or zip file with a folder for
    each student. The work goes to submitted/STUDENT/ASSIGNMENT/, where `autograder grade` finds it. What is newer
    replaces what is there; the same download can be collected again.

    With a roster, STUDENT is the id that the roster has; without one it is the system's own number, or the name of the
    student's folder. A roster also enters names and addresses into the gradebook.

    Exit status: 0 if all could be placed, 1 if not; then the last lines say what, and why.
    """
    from autograder.course.assignment import read_assignment
    from autograder.exchange.collect import collect as collect_archives
    from autograder.exchange.roster import read_roster
    from autograder.exchange.screen import show_report

    with stoppable("What was placed is kept; the same command goes on with the rest."), clear_errors():
        course, name = open_course(folder, db_url, assignment)
        read = read_assignment(course, name)
        students = read_roster(roster) if roster else None
        report = collect_archives(course, read, archives, students, dry_run=dry_run)
    show_report(report, dry_run=dry_run)
    sys.exit(bool(report.problems))


@click.command()
@click.option(
    "--to",
    "system",
    required=True,
    type=click.Choice(["canvas", "moodle", "gradescope", "csv"]),
    help="Whom it is for.",
)
@click.option("--assignment", required=True, help="Name of the assignment.")
@course_option
@click.option(
    "--from",
    "download",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Canvas' exported gradebook, or Moodle's grading worksheet; the marks go into a copy of it.",
)
@click.option("--feedback", is_flag=True, help="Write a zip file with the feedback pages, too: for Canvas and Moodle.")
@db_option
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def export(
    system: str,
    assignment: str,
    folder: Path | None,
    download: Path | None,
    feedback: bool,
    db_url: str | None,
    output: Path,
) -> None:
    """Write marks and feedback so that Canvas, Moodle or Gradescope can take them.

    For Canvas and Moodle, give with --from the file that you have downloaded there. Only the assignment's marks in it
    are filled in, for the students who have some; everything else stays as it is. The feedback goes to a file beside
    the marks: for marks.csv that is marks-feedback.zip.

    Exit status: 0 if every mark could be placed, 1 if not; then the last lines say whose, and why.
    """
    _check_export_options(system, download, output, feedback=feedback)
    from autograder.exchange.export import export_marks
    from autograder.exchange.screen import show_export

    pages = output.with_name(f"{output.stem}-feedback.zip") if feedback else None
    with stoppable("Nothing was changed."), clear_errors():
        course, name = open_course(folder, db_url, assignment)
        written = export_marks(course, name, system, download, output, pages)
    show_export(written, output, pages)
    sys.exit(bool(written.problems))


def _check_export_options(system: str, download: Path | None, output: Path, *, feedback: bool) -> None:
    has_file = system in ("canvas", "moodle")
    if has_file and download is None:
        raise click.UsageError(f"--to {system} needs --from FILE, the file that you have downloaded there")
    if not has_file and download is not None:
        raise click.UsageError("--from is for canvas and moodle: the others get a new file")
    if not has_file and feedback:
        raise click.UsageError("--feedback is for canvas and moodle: the others take no files")
    if not output.parent.is_dir():
        raise click.UsageError(f"there is no folder {output.parent}")
    if download is not None and output.exists() and output.samefile(download):
        raise click.UsageError(
            "-o names the file of --from. Name another one, so that you keep what you have downloaded"
        )


@click.command()
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the pages."
)
@click.option("--assignment", "assignments", multiple=True, help="Only this assignment; may be repeated.")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@click.option("--pdf", "as_pdf", is_flag=True, help="Have Chromium or Chrome print the pages: STUDENT.pdf.")
@course_option
@db_option
def transcripts(
    output: Path,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    as_pdf: bool,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Write a page for each student with the student's own marks, messages and deadlines: STUDENT.html.

    A page can be given to the student, or filed. It loads nothing, and has no other student's data, no line of a hidden
    test and no note that is for you. Messages of tests and comments are those of the feedback pages.
    """
    from rich.progress import track

    from autograder.course.coursedir import Course, CourseError
    from autograder.exchange.transcripts import read_transcripts, write_transcripts
    from autograder.reporting import terminal
    from autograder.session import require_assignments

    hidden = not terminal.err.is_terminal
    shown = partial(track, description="Writing", console=terminal.err, transient=True, disable=hidden)
    with stoppable("What was written is kept."), clear_errors():
        course = Course(course_folder(folder), db_url)
        found = read_transcripts(course, assignments or require_assignments(course))
        if unknown := sorted(set(students) - set(found)):
            raise CourseError(f"the course has nothing of: {', '.join(map(printable, unknown))}")
        chosen = {student: found[student] for student in students or found}
        written = write_transcripts(course, chosen, output, as_pdf=as_pdf, track=shown)
    click.echo(f"{len(written)} pages are in {output}")


@click.command()
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip file to write."
)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option(
    "--wheel",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Wheel of this engine to install there.  [default: this version, from the package index]",
)
@click.option(
    "--requirements",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File for pip with what the notebooks import.",
)
@sandbox_option
@course_option
@db_option
def gradescope(
    output: Path,
    assignment: str | None,
    wheel: Path | None,
    requirements: Path | None,
    sandbox: str | None,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Write the zip file that Gradescope builds its autograder from.

    Students then hand in on Gradescope, and each submission is graded there at once. The file holds the assignment with
    its hidden tests and reference solution, the settings of a run, and nobody's work or marks.
    """
    from autograder.gradescope.bundle import write_bundle

    if not output.parent.is_dir():
        raise click.UsageError(f"there is no folder {output.parent}")
    with stoppable("Nothing was changed."), clear_errors():
        course, name = open_course(folder, db_url, assignment)
        write_bundle(course, name, output, wheel, requirements, sandbox)
    click.echo(f"Upload {output} in Gradescope, under Configure Autograder.")


@click.command("release-feedback")
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@course_option
@db_option
def release_feedback(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Give out the feedback pages through nbgrader's exchange, as `nbgrader release_feedback` does.

    That command stops where a student has not handed in through the exchange. This one goes on with the others, and
    says who cannot fetch the pages there.
    """
    from autograder.exchange.release import release_feedback as release

    with clear_errors():
        course, name = open_course(folder, db_url, assignment)
        done = release(course, name)
    click.echo(f"Released to {len(done.released)} students.")
    if done.left_out:
        names = ", ".join(map(printable, done.left_out))
        click.echo(f"{len(done.left_out)} have not handed in through the exchange, and cannot fetch it: {names}")
