"""A student with another id keeps all marks, and nothing is left of the old id: all of that, or nothing changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest

from autograder import renaming
from autograder.course.coursedir import Course, CourseError
from autograder.exchange.records import Record, read_records, write_records
from autograder.gradebook.latedays import LateDaysTable
from autograder.service.lti.people import Member, Members
from autograder.service.records import HandIn, Records
from autograder.service.tokens import STUDENT, Person, Tokens
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import grade_rows, open_grader, run_autograder

STEPS = ("submitted", "autograded", "feedback")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """ann has a point by a person, an extension with late days, and a record of where her work came from."""
    course = make_course(tmp_path_factory.mktemp("names") / "course")
    for student in ("ann", "bob"):
        hand_in(course, student)
    assert run_autograder("grade", "--course", course.root).returncode == 0
    with course.gradebook() as book:
        book.update_or_create_student("ann", first_name="Ann", email="ann@x.org", lms_user_id="7")
        book.add_student("zoe", first_name="Zoe")
        book.find_grade("why", "p1", ASSIGNMENT, "ann").manual_score = 1
        submission = book.find_submission(ASSIGNMENT, "ann")
        submission.extension = timedelta(days=2)
        LateDaysTable(book).write(submission.id, 1)
        book.db.commit()
    write_records(course, ASSIGNMENT, {"ann": Record("canvas", "7", "ann", 1.0, "x")})
    Tokens(course).issue([Person(STUDENT, "ann"), Person(STUDENT, "bob")])
    Members(course).enter(Member("https://lms", "client", "7", STUDENT, "ann"))
    Records(course)._keep(HandIn("ann", ASSIGNMENT, "p1", "2026-01-01 00:00:00 UTC"))
    return course


@pytest.fixture
def course(pattern, tmp_path):
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def state(course: Course) -> tuple:
    """Return all that a course has of anybody: files, marks, journal, late days and origins."""
    files = {str(path) for step in STEPS for path in (course.root / step).rglob("*")}
    with open_grader(course, ASSIGNMENT) as grader:
        entries = grader.entries()
        due = grader.due(course.students(ASSIGNMENT))
    with course.gradebook() as book:
        late = LateDaysTable(book).read()
        people = {one.id: (one.first_name, one.email, one.lms_user_id) for one in book.students}
        extensions = {one.student.id: one.extension for one in book.assignment_submissions(ASSIGNMENT)}
    rows = sorted(map(repr, grade_rows(course, ASSIGNMENT)))
    return files, rows, entries, due, late, people, extensions, read_records(course, ASSIGNMENT)


def known_to_service(course: Course) -> tuple:
    tokens = {person.id: token for person, token in Tokens(course).read().items()}
    members = [(one.id, one.subject) for one in Members(course).read()]
    return tokens, members, [one.student for one in Records(course).everybody()]


def test_all_of_it_gets_the_new_id_and_nothing_is_due(course):
    files, rows, entries, due, late, people, extensions, records = state(course)
    tokens, _, _ = known_to_service(course)
    assert due == []
    run = run_autograder("rename", "--course", course.root, "ann", "ann.b")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "ann is ann.b now."
    after = state(course)
    assert after[0] == {path.replace("/ann", "/ann.b") for path in files}
    assert after[1] == sorted(row.replace("'ann'", "'ann.b'") for row in rows)
    assert after[2] == {"ann.b" if name == "ann" else name: entry for name, entry in entries.items()}
    assert after[3] == []
    assert after[4] == late != {}
    assert after[5] == {"ann.b" if name == "ann" else name: them for name, them in people.items()}
    assert after[6]["ann.b"] == extensions["ann"] == timedelta(days=2)
    tokens["ann.b"] = tokens.pop("ann")
    assert known_to_service(course) == (tokens, [("ann.b", "7")], ["ann.b"])
    assert after[7] == {"ann.b": records["ann"]}
    results = json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text(encoding="utf-8"))
    assert {row["student"]: row["score"] for row in results["students"]} == {"ann.b": 9, "bob": 8, "zoe": 0}
    renaming.rename(course, "ann.b", "ann")
    assert state(course) == (files, rows, entries, due, late, people, extensions, records)


def test_who_is_known_from_a_roster_keeps_the_name_from_there(course):
    renaming.rename(course, "ann", "zoe")
    *_, people, extensions, _ = state(course)
    assert people == {"bob": (None, None, None), "zoe": ("Zoe", None, None)}
    assert extensions["zoe"] == timedelta(days=2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ann", "bob", "bob is there already, with autograded/ps1, feedback/ps1, submitted/ps1"),
        ("eve", "fay", "the course has nothing of: eve"),
        ("ann", "ann", "ann has this id already"),
        ("ann", "../ann", "cannot be the id of a student"),
        ("ann", ".ann", "cannot be the id of a student"),
        ("ann", "", "cannot be the id of a student"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(course, old, new, message):
    before = state(course)
    run = run_autograder("rename", "--course", course.root, old, new)
    assert run.returncode == 1
    assert message in run.stderr
    assert state(course) == before


def test_marks_without_a_folder_are_nobody_elses(course):
    for step in STEPS:
        shutil.rmtree(course.root / step / "bob")
    with pytest.raises(CourseError, match="bob is there already, with submissions in the gradebook"):
        renaming.rename(course, "ann", "bob")


def test_nothing_changes_if_the_gradebook_fails(course, monkeypatch):
    before, served = state(course), known_to_service(course)
    monkeypatch.setattr(renaming, "_rename_in_gradebook", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        renaming.rename(course, "ann", "ann.b")
    assert state(course) == before
    assert known_to_service(course) == served


def test_nothing_changes_if_a_folder_cannot_be_moved(course):
    (course.root / "feedback" / "ann.b").write_text("in the way", encoding="utf-8")
    before = state(course)
    with pytest.raises(OSError, match="ann.b"):
        renaming.rename(course, "ann", "ann.b")
    assert state(course) == before


def test_a_call_that_was_killed_midway_is_gone_on_with(course):
    killed = (
        "import os, sys\nfrom pathlib import Path\nfrom autograder import renaming\n"
        "from autograder.course.coursedir import Course\n"
        "renaming._rename_in_gradebook = lambda *_: os._exit(9)\n"
        "renaming.rename(Course(Path(sys.argv[1])), 'ann', 'ann.b')\n"
    )
    assert subprocess.run([sys.executable, "-c", killed, course.root]).returncode == 9
    assert (course.root / "submitted" / "ann.b" / ASSIGNMENT).is_dir()
    assert "ann" in {row[0] for row in grade_rows(course, ASSIGNMENT)}
    renaming.rename(course, "ann", "ann.b")
    assert {row[0] for row in grade_rows(course, ASSIGNMENT)} == {"ann.b", "bob"}
    with open_grader(course, ASSIGNMENT) as grader:
        assert grader.due(["ann.b", "bob"]) == []
