"""Ctrl-C stops a grading run at once, and the same command goes on where it was."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from tests.conftest import AUTOGRADER, run_autograder
from tests.plain_course import make_class


def recorded(root: Path) -> int:
    """How many submissions are in the journal, while another process grades."""
    with sqlite3.connect(root / "gradebook.db") as connection:
        tables = connection.execute("select name from sqlite_master where name = 'autograder_journal'").fetchall()
        return connection.execute("select count(*) from autograder_journal").fetchone()[0] if tables else 0


def test_interrupted_run_keeps_what_was_recorded_and_goes_on(tmp_path):
    answers = {"ann": "import time; time.sleep(2); return 2 * x", "bob": "return 7"}
    course = make_class(tmp_path / "course", answers)
    run = subprocess.Popen([*AUTOGRADER, "grade", "--course", str(course.root)], stderr=subprocess.PIPE, text=True)
    while run.poll() is None and recorded(course.root) < 1:
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
    assert not course.folder("autograded", "ann", "ps1").exists()
    again = run_autograder("grade", "--course", course.root, "--json")
    assert "1 of 2 were graded already" in again.stderr
    assert {row["student"]: row["score"] for row in map(json.loads, again.stdout.splitlines())} == {"ann": 8, "bob": 4}
