"""One call of ``autograder grade``: choose what is due, grade it with a progress display, show how the class did."""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path

import click

from autograder.course.assignment import Assignment, read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.course.text import printable, printable_json
from autograder.execution.executor import Executor
from autograder.grading import GradedSubmission, Grader
from autograder.renewal import read_summary
from autograder.reporting import terminal
from autograder.reporting.files import write_results
from autograder.reporting.summary import Summary
from autograder.sandbox.kinds import AUTO, choose, find_obstacle, stronger

_NAMED = 5  # how many to name in one line


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes
    ----------
    folder : Path
        The folder of the course.
    assignment : str, optional
        The name of the assignment. A course with one assignment only needs none.
    students : tuple of str
        Whom to grade; everybody if it is empty.
    notebook : str, optional
        The name of the only notebook to grade.
    force : bool
        Whether to grade again what is not due.
    db_url : str, optional
        The URL of the gradebook's database, instead of the one in the settings.
    sandbox : str, optional
        ``bubblewrap`` or ``none``, instead of the one in the settings.
    scheduler : str, optional
        The address of the Dask scheduler whose workers run the notebooks.
    as_json : bool
        Whether to print one JSON object for each student instead of a table.
    """

    folder: Path
    assignment: str | None = None
    students: tuple[str, ...] = ()
    notebook: str | None = None
    force: bool = False
    db_url: str | None = None
    sandbox: str | None = None
    scheduler: str | None = None
    as_json: bool = False


def grade_class(request: Request) -> None:
    """Grade what is due and print a table of the marks.

    Raises
    ------
    CourseError
        If the request cannot be carried out as it is, or if some submissions could not be graded.
    OperationalError
        If the gradebook cannot be used, or is still locked after half a minute.
    OSError
        If the folder of the course cannot be used.
    """
    course = Course(request.folder, request.db_url)
    choose_sandbox(course, request)
    assignment = read_assignment(course, assignment_name(course, request.assignment))
    notebook = _notebook_name(assignment, request.notebook)
    students = _choose_students(course, assignment.name, request.students)
    with open_executor(request.scheduler) as executor, Grader(course, assignment, notebook, executor) as grader:
        started = time.monotonic()
        graded = _grade_due(grader, students, force=request.force)
        seconds = time.monotonic() - started
        failed = {submission.student: submission.notes for submission in graded if not submission.recorded}
        summary = read_summary(course, assignment.name, grader, failed)
    _show(course, summary, graded, students, as_json=request.as_json)
    _show_gone(course, summary)
    if graded and not request.as_json:
        terminal.show_speed(sum(len(submission.seconds) for submission in graded), seconds)
    if failed:
        names = ", ".join(printable(student) for student in sorted(failed))
        raise CourseError(f"{len(failed)} not graded: {names}. They stay due; the same command tries again")


def grade_all(request: Request) -> None:
    """Grade what is due in every assignment that the chosen students, or anybody, have handed in.

    A problem with one assignment stops no other.

    Raises
    ------
    CourseError
        If some of it could not be graded.
    OperationalError, OSError
        As in `grade_class`.
    """
    course = Course(request.folder, request.db_url)
    problems = []
    for name in require_assignments(course):
        there = course.students(name)
        chosen = tuple(student for student in request.students if student in there)
        if not there or (request.students and not chosen):
            continue
        click.echo(f"{printable(name)}:", err=True)
        try:
            grade_class(replace(request, assignment=name, students=chosen))
        except CourseError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise CourseError("; ".join(problems))


def _grade_due(grader: Grader, students: list[str], *, force: bool) -> list[GradedSubmission]:
    if force:
        grader.ask_again(students)
    due = grader.due(students)
    if len(due) < len(students):
        advice = "going on with the others" if force else "--force grades them again"
        click.echo(f"{len(students) - len(due)} of {len(students)} were graded already; {advice}.", err=True)
    if due:
        if grader.modules:
            click.echo(f"Imported once, before the notebooks run: {printable(', '.join(grader.modules))}", err=True)
        with terminal.err.status("Finding out which tests a judge can decide"):
            grader.prepare()
    graded = []
    with terminal.grading_progress(grader.running) as progress:
        task = progress.add_task("Grading", total=len(due))
        for submission in grader.grade(due):
            graded.append(submission)
            progress.update(task, advance=1)
    were_due = set(due)
    _renew_pages(grader, [student for student in students if student not in were_due])
    return graded


def _renew_pages(grader: Grader, students: list[str]) -> None:
    """Write feedback pages anew where a person has given points or comments since."""
    if outdated := grader.outdated(students):
        with terminal.err.status("Writing feedback pages"):
            grader.reconsider(outdated)
        click.echo(
            f"Feedback pages written anew, for points, comments or times have changed: {len(outdated)}", err=True
        )


def _show(
    course: Course, summary: Summary, graded: list[GradedSubmission], students: list[str], *, as_json: bool
) -> None:
    for failure in summary.failures:
        click.echo(printable(str(failure)), err=True)
    for submission in sorted(graded, key=lambda submission: submission.student):
        for note in submission.notes:
            click.echo(printable(f"{submission.student}: {note}"), err=True)
    folder = course.root / "results" / summary.assignment
    write_results(summary, folder)
    if as_json:
        for student in summary.students:
            if student.student in students:
                click.echo(printable_json({"assignment": summary.assignment, **student.as_dict()}))
        return
    terminal.show_summary(summary, students)
    click.echo(f"Gradebook: {course.gradebook_name}")
    click.echo(f"Feedback:  {course.root / 'feedback'}")
    click.echo(f"Report:    {folder / 'report.html'}")


def _show_gone(course: Course, summary: Summary) -> None:
    """Say who has marks here and has nothing in ``submitted/`` any more, such as who was renamed."""
    there = set(course.students("*"))
    gone = [printable(one.student) for one in summary.students if one.counts and one.student not in there]
    if gone:
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        click.echo(
            f"Marks of students of whom nothing is in submitted/ any more: {', '.join(gone[:_NAMED])}{more}. "
            "`autograder remove --gone` removes them; `autograder rename` is for who has another id.",
            err=True,
        )


def choose_sandbox(course: Course, request: Request) -> None:
    """Set the sandbox, and refuse to run notebooks on this machine if it does not work here.

    Raises
    ------
    CourseError
        If it does not work.
    """
    settings = course.config.ForkProvisioner
    if request.sandbox:
        settings.sandbox = request.sandbox
    if request.scheduler is None:
        wanted = settings.get("sandbox", AUTO)
        if obstacle := find_obstacle(wanted):
            raise CourseError(f"{obstacle}. Or have submissions run with your rights and your network: --sandbox none")
        chosen = choose(wanted)
        for obstacle in stronger(chosen).values() if wanted == AUTO else ():
            terminal.err.print(f"The sandbox is {chosen}, which holds less than others: {obstacle.reason}.")


def open_executor(scheduler: str | None) -> contextlib.AbstractContextManager[Executor | None]:
    """Return the cluster of a scheduler, to be used in a ``with`` block; without an address the block gets None.

    Raises
    ------
    CourseError
        If Dask is not installed, or if no scheduler answers.
    """
    if scheduler is None:
        return contextlib.nullcontext()
    try:
        from autograder.execution.cluster import ClusterExecutor  # Dask takes a second to import
    except ModuleNotFoundError as error:
        raise CourseError(f"--scheduler needs Dask: pip install 'nbgrader-autograder[cluster]' ({error})") from error
    return ClusterExecutor(scheduler)


def assignment_name(course: Course, wanted: str | None) -> str:
    """Return the name of the assignment that is wanted, or of the only one.

    Raises
    ------
    CourseError
        If the gradebook has no such assignment, or several and none is wanted.
    """
    names = require_assignments(course)
    if wanted in names:
        return wanted
    if wanted:
        there = course.folder("source", ".", wanted).is_dir()
        advice = f". The course's source/ has it; {_how_to_enter(course, wanted)}" if there else ""
        raise CourseError(f"the gradebook has no assignment {wanted}; it has: {', '.join(names)}{advice}")
    if len(names) != 1:
        raise CourseError(f"choose one with --assignment: {', '.join(names)}")
    return names[0]


def require_assignments(course: Course) -> list[str]:
    """Return the names of the assignments in the gradebook.

    Raises
    ------
    CourseError
        If there are none, as in a new database.
    """
    names = course.assignments()
    if not names:
        advice = _how_to_enter(course, "NAME")
        raise CourseError(f"the gradebook {course.gradebook_name} is empty, it has no assignment; {advice}")
    return names


def _how_to_enter(course: Course, assignment: str) -> str:
    """Return in words how assignments come into the gradebook from what the course has on disk."""
    if course.config.Authoring.get("masters"):
        return (
            f"enter those of the masters: autograder build --course {shlex.quote(str(course.root))}{course.db_option}"
        )
    command = f"nbgrader generate_assignment {assignment} --force{course.db_option}"
    return f"enter what is in source/, in the folder {course.root}: {command}"


def _notebook_name(assignment: Assignment, wanted: str | None) -> str:
    """Return the notebook to grade, or ``*`` for all."""
    if wanted is not None and wanted not in assignment.templates:
        raise CourseError(f"{assignment.name} has no notebook {wanted}; it has: {', '.join(assignment.templates)}")
    return wanted or "*"


def _choose_students(course: Course, assignment: str, wanted: tuple[str, ...]) -> list[str]:
    there = course.students(assignment)
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise CourseError(f"nothing was handed in for {assignment} by: {', '.join(unknown)}")
    if not there:
        raise CourseError(f"no submissions for {assignment} in {course.root / 'submitted'}")
    return [student for student in there if student in wanted or not wanted]
