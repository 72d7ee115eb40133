"""A real PostgreSQL holds the gradebook as well as a file does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from autograder import gradebook
from autograder.course import Course, CourseError
from autograder.grade import GradingRun, grade
from tests.conftest import run_autograder
from tests.plain_course import ASSIGNMENT, hand_in, make_class

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
ON_PATH = shutil.which("initdb")
SERVER = BINARIES[-1] if BINARIES else ON_PATH and Path(ON_PATH).parent
CLASS = {"ann": "return 2 * x", "bob": "return 7"}
MARKS = {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 2, "p2": 2}}

pytestmark = pytest.mark.skipif(
    SERVER is None and "CI" not in os.environ, reason="needs PostgreSQL: apt-get install postgresql"
)


class Server:
    """A PostgreSQL server in a folder of its own, which listens on a socket there."""

    def __init__(self, folder: Path):
        self._folder = folder
        # PostgreSQL refuses to run as root.
        self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        if self._as:
            shutil.chown(folder, "nobody", "nogroup")
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "teacher", "--no-sync")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://teacher:secret@/{database}?host={self._folder}"

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [SERVER / program, *arguments], cwd=self._folder, check=True, stdout=subprocess.DEVNULL, **self._as
        )


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def course(server, tmp_path):
    """A plain course whose gradebook is a new database of the server."""
    name = f"gradebook_{time.monotonic_ns()}"
    engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_class(tmp_path / "course", CLASS, server.url(name))


def test_class_is_graded_into_it_and_left_alone_afterwards(course):
    url = course.directory().db_url
    run = run_autograder("grade", "--course", course.root, "--db", url, "--json")
    assert run.returncode == 0, run.stderr
    assert {row["student"]: row["score"] for row in map(json.loads, run.stdout.splitlines())} == {"ann": 8, "bob": 4}
    assert course.scores(ASSIGNMENT) == MARKS
    assert not (course.root / "gradebook.db").exists()
    again = run_autograder("grade", "--course", course.root, "--db", url)
    assert "2 of 2 were graded already" in again.stderr
    assert "postgresql://teacher:***@" in again.stdout.replace("\n", "")
    assert "secret" not in again.stdout + again.stderr


def test_manual_score_given_meanwhile_is_kept(course):
    list(grade(course, ASSIGNMENT, ["ann"]))
    hand_in(course, "ann", double="return 7")
    with GradingRun(course, ASSIGNMENT) as run:
        find_grade = run._recorder._gradebook.find_grade
        given = []

        def give_meanwhile(cell, *where):
            found = find_grade(cell, *where)
            if cell == "test_double" and not given:
                with course.gradebook() as formgrader:
                    formgrader.find_grade(cell, *where).manual_score = 1
                    formgrader.db.commit()
                given.append(cell)
            return found

        run._recorder._gradebook.find_grade = give_meanwhile
        (submission,) = run.grade(["ann"])
    assert submission.recorded
    with course.gradebook() as book:
        found = book.find_grade("test_double", "p1", ASSIGNMENT, "ann")
        assert (found.manual_score, found.auto_score, found.needs_manual_grade) == (1, 0, True)


def test_locked_table_is_waited_for_and_then_reported(course, monkeypatch):
    monkeypatch.setattr(gradebook, "_BUSY", 300)
    list(grade(course, ASSIGNMENT, ["ann"]))
    hand_in(course, "ann", double="return 7")
    engine = create_engine(course.directory().db_url)
    with GradingRun(course, ASSIGNMENT) as run:
        with engine.connect() as other:
            other.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
            (submission,) = run.grade(["ann"])
        assert not submission.recorded
        assert any("lock timeout" in note for note in submission.notes)
        assert run.due(["ann"]) == ["ann"]
        assert course.scores(ASSIGNMENT)["ann"] == MARKS["ann"]
        with engine.connect() as other:
            other.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
            threading.Timer(1.5, other.invalidate).start()
            (submission,) = run.grade(["ann"])
    engine.dispose()
    assert submission.recorded
    assert course.scores(ASSIGNMENT)["ann"] == {"p1": 2, "p2": 2}


def test_server_that_restarts_loses_nothing(course, server):
    with GradingRun(course, ASSIGNMENT) as run:
        done = []
        for submission in run.grade(list(CLASS)):
            done.append(submission.recorded)
            server.stop()
            server.start()
    assert done == [True, True]
    assert course.scores(ASSIGNMENT) == MARKS


@pytest.mark.parametrize("url", ["postgresql+nosuchdriver://x", "no address"])
def test_bad_address_is_one_clear_line(course, url):
    with pytest.raises(CourseError, match="address cannot be used"):
        Course(course.root, url).assignments()
    run = run_autograder("grade", "--course", course.root, "--db", url)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


def test_server_that_is_away_is_one_clear_line(course, tmp_path):
    run = run_autograder("grade", "--course", course.root, "--db", f"postgresql:///x?host={tmp_path}")
    assert run.returncode == 1
    assert "the gradebook cannot be used" in run.stderr
    assert "Traceback" not in run.stderr
