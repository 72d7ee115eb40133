"""Commands about deadlines, points and students in the course of a term."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli.shared import clear_errors, course_folder, course_option, db_option, open_course
from autograder.course.text import TIME_FORMAT, printable

if TYPE_CHECKING:
    from autograder.removal import Traces


@click.command()
@click.argument("when", required=False)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--none", "remove", is_flag=True, help="Take the deadline away.")
@course_option
@db_option
def deadline(when: str | None, assignment: str | None, remove: bool, folder: Path | None, db_url: str | None) -> None:
    """Set the deadline of an assignment to WHEN, such as "2026-12-01 23:59 Europe/Berlin", or show it.

    Without a time zone it is UTC. With --none all extensions go as well. What is graded already is not run again: what
    being late costs is taken off, or given back, at once, and the feedback pages say so, as do the notebooks in
    release/. How much it costs is for the settings, as in nbgrader.
    """
    from autograder import deadlines

    if when and remove:
        raise click.UsageError("give a time or --none")
    with clear_errors():
        course, name = open_course(folder, db_url, assignment)
        if when or remove:
            _show_changed(deadlines.set_deadline(course, name, deadlines.parse_time(when) if when else None))
        found = deadlines.find_deadline(course, name)
    click.echo(f"{name} is due on {found:{TIME_FORMAT}}." if found else f"{name} has no deadline.")


@click.command()
@click.option("--student", "students", multiple=True, required=True, help="Who gets it; may be repeated.")
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--days", type=float, default=0.0, help="How many days.")
@click.option("--hours", type=float, default=0.0, help="How many hours, besides the days.")
@course_option
@db_option
def extension(
    students: tuple[str, ...],
    assignment: str | None,
    days: float,
    hours: float,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Give students more time than the others. It replaces what they had; without days and hours they have none.

    Who has handed in nothing yet gets it, too. Late days that were part of it are counted anew by `late --apply`.
    What is graded already is not run again: what being late costs is given back at once, and the feedback pages say so.
    """
    from datetime import timedelta

    from autograder import deadlines

    with clear_errors():
        course, name = open_course(folder, db_url, assignment)
        _show_changed(deadlines.extend(course, name, [*students], timedelta(days=days, hours=hours)))


@click.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--apply", is_flag=True, help="Give everybody the late days of the term, in all assignments.")
@click.option("--dry-run", is_flag=True, help="With --apply: say what it would give, and change nothing.")
@course_option
@db_option
def late(assignment: str | None, apply: bool, dry_run: bool, folder: Path | None, db_url: str | None) -> None:
    """Show who handed in after the deadline, by how much, and what it cost.

    With --apply, work that is late uses up the days that c.LateDays.days gives each student for the term: in the order
    of the deadlines, a day as soon as it has begun. They become a part of nbgrader's extension, after one of your own.
    Work that is later than the days that are left uses none. It is counted anew each time, so run it after grading.
    Marks and feedback pages change at once.
    """
    from autograder import deadlines
    from autograder.reporting import terminal

    if dry_run and not apply or assignment and apply:
        raise click.UsageError("--dry-run goes with --apply, which counts all assignments")
    with clear_errors():
        if apply:
            _apply_late_days(folder, db_url, dry_run=dry_run)
            return
        course, name = open_course(folder, db_url, assignment)
        found = deadlines.find_late(course, name)
    rows = [
        (one.student, f"{one.handed_in:{TIME_FORMAT}}", str(one.handed_in - one.deadline), f"{one.penalty:g}")
        for one in found
    ]
    terminal.show_rows(("student", "handed in", "late by", "points off"), rows)


def _apply_late_days(folder: Path | None, db_url: str | None, *, dry_run: bool) -> None:
    from autograder.course.coursedir import Course
    from autograder.latedays import apply_late_days
    from autograder.reporting import terminal

    accounts, changed = apply_late_days(Course(course_folder(folder), db_url), dry_run=dry_run)
    rows = []
    for student, account in accounts.items():
        used = ", ".join(f"{name} {days}" for name, days in account.used.items())
        rows.append((student, used or "none any more", str(account.left)))
    terminal.show_rows(("student", "late days used", "left"), rows)
    for name, students in changed.items():
        click.echo(f"{printable(name)}: ", nl=False)
        _show_changed(students)
    if dry_run:
        click.echo("Nothing was changed.")


@click.command()
@click.option("--student", "students", multiple=True, help="Who is removed; may be repeated.")
@click.option(
    "--roster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Remove everybody who is not in this list, a CSV file as for `autograder collect`.",
)
@click.option("--gone", is_flag=True, help="Remove who has marks or pages, and nothing in submitted/ any more.")
@course_option
@db_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(
    students: tuple[str, ...],
    roster: Path | None,
    gone: bool,
    folder: Path | None,
    db_url: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove students from a course: marks, pages, graded notebooks and what they have handed in, in all assignments.

    What is removed is listed first, and you are asked. It cannot be undone. If a student only got another id, use
    `autograder rename`, which keeps the marks.
    """
    from autograder import removal
    from autograder.course.coursedir import Course
    from autograder.reporting import terminal

    if sum(map(bool, (students, roster, gone))) != 1:
        raise click.UsageError("say who: --student, --roster or --gone")
    with clear_errors():
        course = Course(course_folder(folder), db_url)
        traces = removal.find_traces(course)
        chosen = _choose_removed(traces, students, roster)
        if not chosen:
            click.echo("There is nobody to remove.")
            return
        terminal.show_rows(removal.HEAD, [removal.as_row(student, found) for student, found in chosen.items()])
        if dry_run:
            click.echo("Nothing was changed.")
            return
        if not yes:
            click.confirm(f"Remove all this of {len(chosen)} for ever?", abort=True, err=True)
        removal.remove(course, chosen)
    click.echo(f"Removed: {', '.join(map(printable, chosen))}.")


def _choose_removed(traces: dict[str, Traces], students: tuple[str, ...], roster: Path | None) -> dict[str, Traces]:
    """Return who is to be removed: these students, or who is not in the roster, or else who is gone."""
    from autograder import removal
    from autograder.course.coursedir import CourseError
    from autograder.exchange.roster import read_roster

    if unknown := sorted(set(students) - set(traces)):
        raise CourseError(f"the course has nothing of: {', '.join(map(printable, unknown))}")
    if roster:
        return removal.not_in_roster(traces, {student.id for student in read_roster(roster).students})
    return {name: found for name, found in traces.items() if (name in students if students else found.is_gone)}


@click.command()
@click.argument("changes", metavar="[NOTEBOOK/CELL=POINTS]...", nargs=-1)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@course_option
@db_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def points(
    changes: tuple[str, ...], assignment: str | None, folder: Path | None, db_url: str | None, dry_run: bool, yes: bool
) -> None:
    """Give graded cells of an assignment other points, or show the points that they have.

    What that would do to the marks of the class is shown first, and you are asked. Then the points are written to
    source/, to release/ and to the gradebook's maximum of each cell. No mark changes until `autograder grade` grades
    everybody anew. results/ASSIGNMENT/report.html tries other points and prints the command for them.
    """
    from autograder import reweighting
    from autograder.reporting import terminal

    with clear_errors():
        course, name = open_course(folder, db_url, assignment)
        known = reweighting.find_points(course, name)
        if not changes:
            terminal.show_rows(("cell", "points"), [(cell, f"{value:g}") for cell, value in known.items()])
            return
        reweighting.refuse_masters(course, name)
        wanted = reweighting.parse_changes(changes, known)
        rows = [(cell, f"{known[cell]:g}", f"{value:g}") for cell, value in wanted.items()]
        terminal.show_rows(("cell", "points now", "then"), rows)
        terminal.show_weights(reweighting.weigh(course, name), wanted)
        for cell, count in reweighting.count_fixed(course, name, wanted).items():
            click.echo(printable(f"{cell}: {count} have points by a person, or a part of them; these numbers stay."))
        if dry_run or not wanted:
            click.echo("Nothing was changed.")
            return
        if not yes:
            click.confirm("Write these points to source/, release/ and the gradebook?", abort=True, err=True)
        reweighting.write_points(course, name, wanted)
    click.echo(f"Written. Everybody is due; run: autograder grade --assignment {printable(name)}")


@click.command()
@click.argument("old")
@click.argument("new")
@course_option
@db_option
def rename(old: str, new: str, folder: Path | None, db_url: str | None) -> None:
    """Give the student with the id OLD the id NEW, in all assignments.

    The folders, the marks, those that a person has given included, extensions, late days and feedback pages get the new
    id: all of them, or none if anything fails. Nothing is graded again. `autograder rename NEW OLD` undoes it.
    """
    from autograder import removal, renaming
    from autograder.course.coursedir import Course
    from autograder.reporting import terminal

    with clear_errors():
        traces = renaming.rename(Course(course_folder(folder), db_url), old, new)
    terminal.show_rows(removal.HEAD, [removal.as_row(new, traces)])
    click.echo(f"{printable(old)} is {printable(new)} now.")


def _show_changed(students: list[str]) -> None:
    who = f": {', '.join(map(printable, students))}" if students else ""
    click.echo(f"Marks that have changed: {len(students)}{who}.")
