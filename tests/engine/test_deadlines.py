"""Deadlines and extensions count at once for marks that are there, and nothing is run again."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime

import pytest
from click.testing import CliRunner, Result

from autograder.authoring.release import release
from autograder.cli import main
from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.deadlines import parse_time, set_deadline
from autograder.gradebook.converters import FeedbackConverter
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import open_grader, run_autograder, run_nbgrader

SETTINGS = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
HANDED_IN = {"ann": "2026-03-01 09:00:00 UTC", "dee": "2026-03-02 10:00:00 UTC"}
DEADLINE = "2026-03-01 10:00"
FULL = {"p1": 4, "p2": 4}
NOTHING = {"p1": 0, "p2": 0}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> Course:
    """A course whose marks of what is late are zero: ann is in time, dee is a day late, and eve did not say when."""
    course = make_course(tmp_path_factory.mktemp("term") / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(SETTINGS)
    course = Course(course.root)
    for student, when in HANDED_IN.items():
        (hand_in(course, student) / "timestamp.txt").write_text(when)
    hand_in(course, "eve")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=f"{DEADLINE} UTC")
    assert all(one.recorded for one in grade(course, ASSIGNMENT, ["ann", "dee", "eve"]))
    return course


@pytest.fixture
def course(pattern, tmp_path) -> Course:
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def call(course: Course, *words: str) -> Result:
    return CliRunner().invoke(main, [words[0], "--course", str(course.root), *words[1:]])


def marks(course: Course) -> dict[str, dict[str, float]]:
    with course.gradebook() as gradebook:
        return {
            one.student.id: {nb.name: nb.score - (nb.late_submission_penalty or 0) for nb in one.notebooks}
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }


def page(course: Course, student: str) -> str:
    return (course.folder("feedback", student, ASSIGNMENT) / "p1.html").read_text(encoding="utf-8")


def graded_files(course: Course) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (course.root / "autograded").rglob("*.ipynb")}


def test_a_later_deadline_gives_points_back(course):
    assert marks(course) == {"ann": FULL, "dee": NOTHING, "eve": FULL}
    before, pages = graded_files(course), {student: page(course, student) for student in ("ann", "dee")}
    run = call(course, "deadline", "2026-03-02 23:59 Europe/Berlin")
    assert run.exit_code == 0, run.output
    assert run.output == "Marks that have changed: 1: dee.\nps1 is due on 2026-03-02 22:59 UTC.\n"
    assert marks(course) == {"ann": FULL, "dee": FULL, "eve": FULL}
    assert graded_files(course) == before
    assert page(course, "ann") == pages["ann"].replace("2026-03-01 10:00", "2026-03-02 22:59")
    assert "0.0 / 5.0" in pages["dee"].replace("Score: ", "")
    assert page(course, "dee") != pages["dee"]
    assert page(course, "dee").count("4.0 / 5.0") == pages["ann"].count("4.0 / 5.0") > 0


def test_a_student_sees_when_the_work_was_due_and_handed_in(course):
    assert "<p>Handed in on 2026-03-01 09:00 UTC. Due on 2026-03-01 10:00 UTC.</p>" in page(course, "ann")
    late = "Handed in on 2026-03-02 10:00 UTC. Due on 2026-03-01 10:00 UTC. That is 1 day late.</p>"
    assert late in page(course, "dee")
    assert "<p>Due on 2026-03-01 10:00 UTC.</p>" in page(course, "eve")
    call(course, "extension", "--student", "dee", "--days", "1", "--hours", "2.5")
    extended = "Due on 2026-03-02 12:30 UTC, with your extension of 1 day 2 hours 30 minutes.</p>"
    assert extended in page(course, "dee")
    assert "extension" not in page(course, "ann")
    call(course, "deadline", "--none")
    assert "<p>Handed in on 2026-03-01 09:00 UTC.</p>" in page(course, "ann")
    assert "Due on" not in page(course, "eve")


def test_what_changes_is_what_grading_again_would_give(course):
    call(course, "deadline", "2026-02-01 10:00")
    changed = marks(course)
    assert changed == {"ann": NOTHING, "dee": NOTHING, "eve": FULL}
    pages = {student: page(course, student) for student in changed}
    list(grade(course, ASSIGNMENT, [*changed]))
    assert marks(course) == changed
    assert {student: page(course, student) for student in changed} == pages


def test_nothing_is_due_afterwards_and_the_tables_of_marks_are_new(course):
    call(course, "deadline", "2026-02-01 10:00")
    with open_grader(course, ASSIGNMENT) as grader:
        assert grader.due(["ann", "dee", "eve"]) == []
    with (course.root / "results" / ASSIGNMENT / "marks.csv").open(newline="") as file:
        assert {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)} == {
            student: sum(points.values()) for student, points in marks(course).items()
        }


def test_an_extension_counts_for_one_student_and_can_be_taken_back(course):
    call(course, "deadline", "2026-02-28 10:00")
    assert marks(course) == {"ann": NOTHING, "dee": NOTHING, "eve": FULL}
    run = call(course, "extension", "--student", "dee", "--days", "2", "--hours", "1")
    assert run.output == "Marks that have changed: 1: dee.\n"
    assert marks(course) == {"ann": NOTHING, "dee": FULL, "eve": FULL}
    assert call(course, "extension", "--student", "dee", "--days", "0.5").exit_code == 0
    assert marks(course)["dee"] == NOTHING
    assert call(course, "extension", "--student", "ann", "--days", "1").exit_code == 0
    assert call(course, "extension", "--student", "ann").output == "Marks that have changed: 1: ann.\n"


def test_an_extension_can_be_given_before_anything_is_handed_in(course):
    with course.gradebook() as gradebook:
        gradebook.add_student("gus")
        gradebook.add_student("hal")
    hand_in(course, "ivy")  # and not graded yet
    run = call(course, "extension", "--student", "gus", "--student", "hal", "--student", "ivy", "--days", "2")
    assert (run.exit_code, run.output) == (0, "Marks that have changed: 0.\n")
    for student in ("gus", "ivy", "dee"):
        (hand_in(course, student) / "timestamp.txt").write_text(HANDED_IN["dee"])
    list(grade(course, ASSIGNMENT, ["gus", "ivy", "dee"]))
    found = marks(course)
    assert (found["gus"], found["ivy"], found["dee"]) == (FULL, FULL, NOTHING)
    assert "with your extension of 2 days" in page(course, "gus")


def test_who_only_has_an_extension_has_handed_in_nothing_and_has_no_marks(course):
    run_autograder("grade", "--course", course.root)
    before = results(course)
    with course.gradebook() as gradebook:
        gradebook.add_student("gus")
    call(course, "extension", "--student", "gus", "--days", "2")
    run = run_autograder("grade", "--course", course.root)
    assert "1 not handed in: gus" in run.stdout
    after = results(course)
    row = next(row for row in after["students"] if row["student"] == "gus")
    assert (row["state"], row["notebooks"]) == ("not handed in", {})
    for part in ("statistics", "histogram", "cells"):
        assert after[part] == before[part]
    table = course.root / "table.csv"
    run = run_autograder("export", "--course", course.root, "--to", "csv", "--assignment", ASSIGNMENT, "-o", table)
    assert run.returncode == 0, run.stderr
    with table.open(newline="") as file:
        assert {line["score"] for line in csv.DictReader(file) if "gus" in line.values()} == {""}


def results(course: Course) -> dict:
    return json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text())


def test_without_a_deadline_nobody_is_late(course):
    run = call(course, "deadline", "--none")
    assert run.output == "Marks that have changed: 1: dee.\nps1 has no deadline.\n"
    assert call(course, "deadline").output == "ps1 has no deadline.\n"
    refused = call(course, "extension", "--student", "dee", "--days", "1")
    assert refused.exit_code == 1
    assert "ps1 has no deadline to extend. Set one with: autograder deadline" in refused.output


def test_the_late_are_shown_with_what_it_cost(course):
    lines = call(course, "late").output.splitlines()
    (row,) = (line.split() for line in lines if "dee" in line)
    assert row == ["dee", "2026-03-02", "10:00", "UTC", "1", "day,", "0:00:00", "8"]
    assert not any("ann" in line or "eve" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("deadline", "tomorrow"), "tomorrow is no time. Write it as in: 2026-12-01 23:59 Europe/Berlin"),
        (("deadline", "2026-13-01 10:00"), "is no time"),
        (("deadline", "2026-03-01 10:00 Middle/Earth"), "Middle/Earth is no time zone"),
        (("deadline", "2026-03-01 10:00 ../../etc/passwd"), "is no time"),
        (("extension", "--student", "zoe", "--days", "1"), "the course knows no zoe. Enter students with: autograder "),
        (("extension", "--student", "dee", "--student", "zoe", "--days", "1"), "the course knows no zoe"),
        (("late", "--assignment", "ps9"), "ps9"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(course, words, message):
    before = marks(course)
    run = call(course, *words)
    assert run.exit_code == 1
    assert message in run.output
    assert len(run.output.splitlines()) == 1
    assert marks(course) == before
    assert call(course, "deadline").output == "ps1 is due on 2026-03-01 10:00 UTC.\n"


def test_a_failure_leaves_marks_and_pages_as_they_were(course, monkeypatch):
    before, pages = marks(course), page(course, "dee")

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(FeedbackConverter, "write", fail)
    with pytest.raises(OSError, match="full"):
        set_deadline(course, ASSIGNMENT, datetime(2026, 3, 9))
    assert marks(course) == before
    assert page(course, "dee") == pages


def test_times_are_understood_as_they_are_written():
    noon = datetime(2026, 7, 1, 12)
    for text in (
        "2026-07-01 12:00",
        "2026-07-01 14:00 Europe/Berlin",
        "2026-07-01 14:00+02:00",
        "2026-07-01 12:00 UTC",
    ):
        assert parse_time(text) == noon
    with pytest.raises(CourseError):
        parse_time("")


def released(course: Course) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in course.folder("release", ".", ASSIGNMENT).iterdir()}


def test_released_notebooks_tell_the_deadline_and_are_as_before_without_one(tmp_path):
    course = make_course(tmp_path / "course")
    before = released(course)
    for deadline in ("2026-03-01 10:00", "2026-03-02 12:00"):
        assert call(course, "deadline", deadline).exit_code == 0
    first, *others = notebooks.read(course.folder("release", ".", ASSIGNMENT) / "p1.ipynb").cells
    assert first.source == "**Due on 2026-03-02 12:00 UTC**, as it was when this notebook was released."
    assert "nbgrader" not in first.metadata
    assert not [cell for cell in others if "Due on" in cell.source]
    call(course, "deadline", "--none")
    assert released(course) == before


def test_the_line_with_the_deadline_changes_no_mark(tmp_path):
    course = make_course(tmp_path / "course")
    call(course, "deadline", DEADLINE)
    release(course, ASSIGNMENT)  # another time, as after a change of points
    folder = hand_in(course, "ann", double="return 7")
    assert "Due on" in notebooks.read(folder / "p1.ipynb").cells[0].source
    (graded,) = grade(course, ASSIGNMENT, ["ann"])
    assert graded.notes == []
    assert marks(course) == {"ann": {"p1": 2, "p2": 2}}
    run_nbgrader(course, "autograde", ASSIGNMENT, "--force")
    assert marks(course) == {"ann": {"p1": 2, "p2": 2}}
