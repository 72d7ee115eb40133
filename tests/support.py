"""What tests of the engine and of the course share: commands as a person runs them, and what they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.grading import Grader
from tests.command_server import Command, CommandServer, CommandServerLost
from tests.golden import Golden

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "autograder" / "docs"
_ENGINE = ROOT / "autograder" / "src" / "autograder"
# What decides which tests a judge can decide, and what `autograder check` says of a notebook.
JUDGING = [_ENGINE / part for part in ("course", "execution", "faults.py", "judge", "kernels", "sandbox")]
CHECKING = [*JUDGING, _ENGINE / "intake", _ENGINE / "check.py"]
AUTOGRADER = [sys.executable, "-m", "autograder"]


def run_autograder(*arguments: str | Path, cwd: Path | None = None, fresh: bool = False) -> subprocess.CompletedProcess:
    """Run the command line as a person would, without an activated environment.

    The process is a fork of one that has imported the engine, which saves seconds of each test; a ``fresh`` one
    imports everything itself.
    """
    words, env = [*map(str, arguments)], _environment()
    if not fresh and hasattr(os, "fork"):
        with contextlib.suppress(CommandServerLost):  # an engine that cannot be imported says why itself
            return _command_server(tuple(env.items())).run(words, cwd or Path.cwd())
    return subprocess.run([*AUTOGRADER, *words], capture_output=True, text=True, cwd=cwd, env=env)


def start_autograder(*arguments: str | Path, before: str = "") -> Command:
    """Start the command line, to be used in a ``with`` block; the code ``before`` runs in its process first."""
    words = [*map(str, arguments)]
    return _command_server(tuple(_environment().items())).start(words, Path.cwd(), before=before)


@cache
def _command_server(env: tuple[tuple[str, str], ...]) -> CommandServer:
    """Return the server of the commands that have these environment variables, which imports may go by."""
    return CommandServer(dict(env))


def _environment() -> dict[str, str]:
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p)
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"} | {"PATH": path}


def activated() -> dict[str, str]:
    """Return the environment variables of a shell in which the environment is activated."""
    return {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}


def count_judged(course: Course, assignment: str) -> tuple[int, int]:
    """Return how many tests of an assignment a judge decides, and how many there are."""
    path = course.root / "judge" / f"{assignment}.json"
    tables = [entry["table"] for entry in json.loads(path.read_text(encoding="utf-8")).values()]
    judged = sum(len(table["allowed"]) for table in tables)
    return judged, judged + sum(len(table["reasons"]) for table in tables)


def know_tables(course: Course, assignment: str, golden: Golden, name: str, inputs: Iterable[Path] = ()) -> None:
    """Have it known which tests of an assignment a judge can decide, from a golden file if that fits.

    The engine believes what is in ``judge/`` as long as the assignment is the same. The golden file is also made anew
    when the code has changed that finds it out.
    """
    path = course.root / "judge" / f"{assignment}.json"

    def find_out() -> dict[str, Any]:
        run = run_autograder("judge", "--course", course.root, "--assignment", assignment)
        assert run.returncode == 0, run.stderr
        return dict(sorted(json.loads(path.read_text(encoding="utf-8")).items()))

    tables = golden(f"tables_{name}", find_out, [course.root / "source", *JUDGING, *inputs])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(tables), encoding="utf-8")


def run_nbgrader(course: Course, *arguments: str) -> None:
    """Run one of stock nbgrader's own commands in a course; it has to succeed."""
    run = _command_server(tuple(_environment().items())).run([*arguments], course.root, "nbgrader")
    assert run.returncode == 0, run.stderr


def open_grader(course: Course, assignment: str, **settings: Any) -> Grader:
    """Return a grader for one assignment of a course, to be used in a ``with`` block."""
    return Grader(course, read_assignment(course, assignment), **settings)


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
