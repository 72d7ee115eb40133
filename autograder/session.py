"""One run of ``autograder grade``: choose what is due, grade it with progress, show how the class did."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder import report
from autograder.build import build_course
from autograder.course import Course, CourseError
from autograder.grade import give_feedback, grade, is_graded
from autograder.layout import BUNDLED, notebook_name
from autograder.sample_class import hand_in


def grade_class(
    folder: Path | None,
    assignment: str | None,
    students: tuple[str, ...],
    exercise: str | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Grade what is due and print the scoreboard; see ``autograder grade --help``."""
    course = Course(folder) if folder else bundled_course()
    assignment = _assignment(course, assignment)
    notebook = _notebook(course, assignment, exercise) if exercise else "*"
    chosen = _choose(course, assignment, students)
    todo = [s for s in chosen if force or not is_graded(course, assignment, s, notebook)]
    if len(todo) < len(chosen):
        done = len(chosen) - len(todo)
        click.echo(f"{done} of {len(chosen)} were graded already; --force grades them again.", err=True)
    notes = _grade_with_progress(course, assignment, todo, notebook) if todo else {}
    for student in chosen:
        for note in notes.get(student, []):
            click.echo(f"{student}: {note}", err=True)
    if as_json:
        for row in report.class_as_dicts(course, assignment, chosen, notes):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    report.show_scoreboard(course, assignment, chosen, notes)
    click.echo(f"Gradebook: {course.root / 'gradebook.db'}")
    click.echo(f"Feedback:  {course.root / 'feedback'}")


def bundled_course() -> Course:
    """Return this repository's own course, made if missing; where nobody has handed in, the sample class does."""
    if (BUNDLED.course / "gradebook.db").exists():
        course = Course(BUNDLED.course)
    else:
        click.echo(f"Making the course in {BUNDLED.course} ...", err=True)
        course = build_course(BUNDLED, BUNDLED.course)
    if not (course.root / "submitted").exists():
        click.echo("The sample class hands in ...", err=True)
        hand_in(BUNDLED, course)
    return course


def _grade_with_progress(course: Course, assignment: str, students: list[str], notebook: str) -> dict[str, list[str]]:
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    ]
    notes = {}
    with Progress(*columns, console=report.err) as progress:
        task = progress.add_task("Grading", total=len(students))
        for submission in grade(course, assignment, students, notebook):
            notes[submission.student] = submission.notes
            progress.update(task, advance=1, description=f"Graded {submission.student}")
            try:
                give_feedback(course, assignment, submission.student)
            except Exception as error:  # marks are safe; pages can be made again with nbgrader
                submission.notes.append(f"no feedback page: {error}")
    return notes


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
