"""What is special about a gradebook in PostgreSQL; `test_store_conformance` has what every gradebook has to do."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from autograder.course.coursedir import Course, CourseError
from autograder.gradebook import database
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_class
from tests.engine.postgres import PostgreSQL, needs_postgresql
from tests.support import open_grader, run_autograder, run_nbgrader

CLASS = {"ann": "return 2 * x", "bob": "return 7"}
MARKS = {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 2, "p2": 2}}

pytestmark = needs_postgresql


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = PostgreSQL(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def course(server, tmp_path):
    """A plain course whose gradebook is a new database of the server."""
    return make_class(tmp_path / "course", CLASS, server.new_gradebook())


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


def test_a_new_database_is_said_to_be_empty_and_how_it_is_filled(server, course):
    url = server.new_database()
    run = run_autograder("grade", "--course", course.root, "--db", url)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "secret" not in line
    shown = make_url(url).render_as_string(hide_password=True)
    assert f"the gradebook {shown} is empty, it has no assignment" in line
    assert line.endswith(f": nbgrader generate_assignment NAME --force --db '{shown}'")
    run_nbgrader(course, "generate_assignment", ASSIGNMENT, "--force", "--db", url)
    run = run_autograder("grade", "--course", course.root, "--db", url, "--json")
    assert {row["student"]: row["score"] for row in map(json.loads, run.stdout.splitlines())} == {"ann": 8, "bob": 4}


def test_manual_score_given_meanwhile_is_kept(course):
    list(grade(course, ASSIGNMENT, ["ann"]))
    hand_in(course, "ann", double="return 7")
    with open_grader(course, ASSIGNMENT) as run:
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


@pytest.mark.parametrize("table", ["student", "submitted_assignment", "grade"])
def test_lock_of_one_table_is_waited_for(course, monkeypatch, table):
    """nbgrader commits each of these in another way, and reports the error in another way."""
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)
    engine = create_engine(course.directory().db_url)
    with open_grader(course, ASSIGNMENT) as run, engine.connect() as other:
        other.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        threading.Timer(1.5, other.invalidate).start()
        (submission,) = run.grade(["ann"])
    engine.dispose()
    assert submission.recorded, submission.notes
    assert course.scores(ASSIGNMENT) == {"ann": MARKS["ann"]}


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
