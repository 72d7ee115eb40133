"""Ctrl-C stops a grading run at once, and the same command goes on where it was."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path

from autograder.course.coursedir import Course
from tests.command_server import Command
from tests.engine.plain_course import ASSIGNMENT, make_class
from tests.support import run_autograder, start_autograder


def recorded(root: Path) -> int:
    """How many submissions are in the journal, while another process grades."""
    with sqlite3.connect(root / "gradebook.db") as connection:
        tables = connection.execute("select name from sqlite_master where name = 'autograder_journal'").fetchall()
        return connection.execute("select count(*) from autograder_journal").fetchone()[0] if tables else 0


def start(course: Course, on_interrupt: str) -> Command:
    """Grade the course. A script that starts a command in the background has it ignore SIGINT; a terminal does not."""
    before = f"import signal; signal.signal(signal.SIGINT, signal.{on_interrupt})"
    return start_autograder("grade", "--course", course.root, before=before)


def test_interrupted_run_keeps_what_was_recorded_and_goes_on(tmp_path):
    students = list("abcdef")  # more than there are cores, which other tests may hold as well
    course = make_class(tmp_path / "course", dict.fromkeys(students, "import time; time.sleep(0.2); return 2 * x"))
    with start(course, "default_int_handler") as run:
        while run.poll() is None and recorded(course.root) < 1:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
        _, said = run.printed()
    assert "Stopped." in said
    assert "Traceback" not in said
    kept = sum(course.folder("autograded", student, ASSIGNMENT).exists() for student in students)
    assert 1 <= kept < len(students)
    again = run_autograder("grade", "--course", course.root, "--json")
    assert f"{kept} of 6 were graded already" in again.stderr
    assert {row["student"]: row["score"] for row in map(json.loads, again.stdout.splitlines())} == dict.fromkeys(
        students, 8
    )


def test_run_in_the_background_of_a_script_is_not_interrupted_and_still_interrupts_slow_cells(tmp_path):
    """Such a run ignores SIGINT. Its kernels must not: a cell that takes too long is ended by that signal."""
    course = make_class(tmp_path / "course", {"ann": "import time; time.sleep(60); return 2 * x", "bob": "return 7"})
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.Execute.timeout = 5\n")
    with start(course, "SIG_IGN") as run:
        while run.poll() is None and recorded(course.root) < 1:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        assert run.wait(110) == 0, run.printed()
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 2, "p2": 2}, "bob": {"p1": 2, "p2": 2}}
