"""One run of ``autograder grade``: choose what is due, grade it with progress, show how the class did."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import click

from autograder import report
from autograder.build import build_course
from autograder.course import Course, CourseError
from autograder.grade import GradingRun
from autograder.kernels.sandbox import find_obstacle
from autograder.layout import BUNDLED, notebook_name
from autograder.sample_class import hand_in
from autograder.settings import CONFIG
from autograder.submission import Submission
from autograder.summary import Summary, summarize, write_results


def grade_class(
    folder: Path | None,
    assignment: str | None,
    students: tuple[str, ...],
    exercise: str | None,
    *,
    db_url: str | None = None,
    sandbox: str | None = None,
    scheduler: str | None = None,
    force: bool,
    as_json: bool,
) -> None:
    """Grade what is due and print the scoreboard; see ``autograder grade --help``."""
    course = Course(folder, db_url) if folder else bundled_course(db_url)
    _choose_sandbox(course, sandbox, here=scheduler is None)
    assignment = _assignment(course, assignment)
    notebook = _notebook(course, assignment, exercise) if exercise else "*"
    chosen = _choose(course, assignment, students)
    with _open_cluster(scheduler) as cluster, GradingRun(course, assignment, notebook, cluster) as run:
        if force:
            run.ask_again(chosen)
        due = run.due(chosen)
        if len(due) < len(chosen):
            advice = "going on with the others" if force else "--force grades them again"
            click.echo(f"{len(chosen) - len(due)} of {len(chosen)} were graded already; {advice}.", err=True)
        started = time.monotonic()
        graded = _grade_with_progress(run, due)
        took = time.monotonic() - started
        everybody = course.students(assignment)
        summary = summarize(course, assignment, everybody, run.due(everybody), run.entries())
    _show(course, summary, graded, chosen, as_json=as_json)
    if graded and not as_json:
        report.show_speed(sum(len(submission.seconds) for submission in graded), took)
    left = sorted(submission.student for submission in graded if not submission.recorded)
    if left:
        raise CourseError(f"{len(left)} not graded: {', '.join(left)}. They stay due; the same command tries again")


def _show(course: Course, summary: Summary, graded: list[Submission], students: list[str], *, as_json: bool) -> None:
    for submission in sorted(graded, key=lambda submission: submission.student):
        for note in submission.notes:
            click.echo(f"{submission.student}: {note}", err=True)
    folder = course.root / "results" / summary.assignment
    write_results(summary, folder)
    if as_json:
        for student in summary.students:
            if student.student in students:
                click.echo(json.dumps({"assignment": summary.assignment, **student.as_dict()}, ensure_ascii=False))
        return
    report.show_summary(summary, students)
    click.echo(f"Gradebook: {course.gradebook_name}")
    click.echo(f"Feedback:  {course.root / 'feedback'}")
    click.echo(f"Report:    {folder / 'report.html'}")


def bundled_course(db_url: str | None = None) -> Course:
    """Return this repository's own course, made if missing; where nobody has handed in, the sample class does."""
    if not (BUNDLED.course / CONFIG).exists() or not Course(BUNDLED.course, db_url).assignments():
        click.echo(f"Making the course in {BUNDLED.course} ...", err=True)
        build_course(BUNDLED, BUNDLED.course, db_url)
    course = Course(BUNDLED.course, db_url)
    if not (course.root / "submitted").exists():
        click.echo("The sample class hands in ...", err=True)
        hand_in(BUNDLED, course)
    return course


def _grade_with_progress(run: GradingRun, students: list[str]) -> list[Submission]:
    done = []
    with report.grading_progress(run.running) as progress:
        task = progress.add_task("Grading", total=len(students))
        for submission in run.grade(students):
            done.append(submission)
            progress.update(task, advance=1)
    return done


def _choose_sandbox(course: Course, wanted: str | None, *, here: bool) -> None:
    """Set what notebooks are shut in, and refuse to run any here where that cannot be."""
    settings = course.config.WarmProvisioner
    if wanted:
        settings.sandbox = wanted
    if here and settings.get("sandbox") != "none" and (obstacle := find_obstacle()):
        raise CourseError(f"{obstacle}. Or have submissions run with your rights and your network: --sandbox none")


def _open_cluster(address: str | None) -> contextlib.AbstractContextManager:
    if address is None:
        return contextlib.nullcontext()
    from autograder.cluster import Cluster  # Dask takes a second to import

    return Cluster(address)


def _assignment(course: Course, wanted: str | None) -> str:
    names = course.assignments()
    if wanted in names:
        return wanted
    if wanted:
        raise CourseError(f"the gradebook has no assignment {wanted}; it has: {', '.join(names) or 'none'}")
    if len(names) != 1:
        raise CourseError(f"choose one with --assignment: {', '.join(names) or 'the gradebook has none'}")
    return names[0]


def _notebook(course: Course, assignment: str, exercise: str) -> str:
    names = list(course.templates(assignment))
    for name in (exercise, notebook_name(exercise)):
        if name in names:
            return name
    raise CourseError(f"{assignment} has no exercise {exercise}; it has: {', '.join(names)}")


def _choose(course: Course, assignment: str, wanted: tuple[str, ...]) -> list[str]:
    there = course.students(assignment)
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise CourseError(f"nothing was handed in for {assignment} by: {', '.join(unknown)}")
    if not there:
        raise CourseError(f"no submissions for {assignment} in {course.root / 'submitted'}")
    return [student for student in there if student in wanted or not wanted]
