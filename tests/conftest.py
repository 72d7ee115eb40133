"""What several tests share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from autograder.build import build_course
from autograder.course import Course
from autograder.layout import BUNDLED
from autograder.sample_class import hand_in
from notebooks.site.execute import execute, lessons

AUTOGRADER = [sys.executable, "-m", "autograder"]


@pytest.fixture(scope="session")
def layout():
    """The repository's own masters, hidden tests and exercises."""
    return BUNDLED


@pytest.fixture(scope="session")
def built(layout, tmp_path_factory):
    """A course with the sample class's submissions, not graded."""
    course = build_course(layout, tmp_path_factory.mktemp("built") / "course")
    hand_in(layout, course)
    return course


@pytest.fixture(scope="session")
def graded(built, tmp_path_factory):
    """The same course after `autograder grade`, and what it printed."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(built.root, root, symlinks=True)
    run = run_autograder("grade", "--course", root, "--json")
    assert run.returncode == 0, run.stderr
    return Course(root), run


@pytest.fixture(scope="session")
def executed_lessons(tmp_path_factory):
    """The folder with every lesson, run once, and what became of each; the extra cell prints what is not true."""
    folder = tmp_path_factory.mktemp("executed")
    untrue = "print([phrase for phrase, fact in {!r}.items() if not eval(fact)], end='')"
    return folder, execute(lessons(), folder, {path.stem: untrue.format(facts_of(path.stem)) for path in lessons()})


def facts_of(lesson: str) -> dict[str, str]:
    """Return what a lesson's prose claims, and the expression for each that has to be true after its last cell."""
    return import_module(f"tests.facts.{lesson}").FACTS


def run_autograder(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run the command line as a person would, without an activated environment."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p)
    return subprocess.run(
        [*AUTOGRADER, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PATH": path},
    )


def activated() -> dict[str, str]:
    """Return the environment variables of a shell in which the environment is activated."""
    return {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}


def run_nbgrader(course: Course, *arguments: str) -> None:
    """Run one of stock nbgrader's own commands in a course; it has to succeed."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    run = subprocess.run(command, cwd=course.root, env=activated(), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def grade_rows(course: Course, assignment: str) -> list[tuple]:
    """Return every grade and comment in the gradebook; a row begins with student, notebook and cell."""
    with course.gradebook() as gradebook:
        notebooks = [
            (submission.student.id, nb.name, nb)
            for submission in gradebook.assignment_submissions(assignment)
            for nb in submission.notebooks
        ]
        grades = [
            (student, name, g.name, g.auto_score, g.manual_score, g.extra_credit, g.max_score, g.needs_manual_grade)
            for student, name, nb in notebooks
            for g in nb.grades
        ]
        comments = [
            (student, name, c.name, c.auto_comment, c.manual_comment)
            for student, name, nb in notebooks
            for c in nb.comments
        ]
    return sorted(grades + comments, key=str)


def check_json(*files: Path) -> list[dict]:
    """Return what ``autograder check --json`` prints, an object a file."""
    run = run_autograder("check", "--json", *files)
    assert run.returncode in (0, 1), run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]
