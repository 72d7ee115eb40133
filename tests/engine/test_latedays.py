"""Late days: so many for the term, used up in the order of the deadlines, and counted anew each time."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from nbgrader.converters import GenerateAssignment
from sqlalchemy import text

from autograder.cli import main
from autograder.course.coursedir import Course, run_converter
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course

SETTINGS = 'c.LateSubmissionPlugin.penalty_method = "zero"\nc.LateDays.days = 3\n'
# The later deadline belongs to the assignment whose name comes first.
DEADLINES = {ASSIGNMENT: "2026-03-20 10:00 UTC", "ps2": "2026-03-10 10:00 UTC"}
# By student, when ps2 and ps1 were handed in.
HANDED_IN = {
    "ann": ("2026-03-10 09:00:00 UTC", "2026-03-20 10:00:00 UTC"),  # in time
    "bob": ("2026-03-11 11:00:00 UTC", "2026-03-21 10:00:00 UTC"),  # late by a day and an hour, and by a day
    "cid": ("2026-03-12 10:00:00 UTC", "2026-03-22 10:00:00 UTC"),  # late by two days, twice
    "dee": ("2026-03-14 10:00:00 UTC", "2026-03-20 10:00:01 UTC"),  # late by four days, and by a second
}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A course of two assignments with deadlines, graded."""
    course = make_course(tmp_path_factory.mktemp("late") / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(SETTINGS)
    course = Course(course.root)
    shutil.copytree(course.folder("source", ".", ASSIGNMENT), course.folder("source", ".", "ps2"))
    run_converter(GenerateAssignment, course, course.directory(assignment_id="ps2"))
    for student, (first, second) in HANDED_IN.items():
        other = course.folder("submitted", student, "ps2")
        shutil.copytree(hand_in(course, student), other)
        (other / "timestamp.txt").write_text(first)
        (course.folder("submitted", student, ASSIGNMENT) / "timestamp.txt").write_text(second)
    with course.gradebook() as book:
        for name, deadline in DEADLINES.items():
            book.update_or_create_assignment(name, duedate=deadline)
    for name in DEADLINES:
        assert all(one.recorded for one in grade(course, name, [*HANDED_IN]))
    return course


@pytest.fixture
def course(pattern, tmp_path):
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def late(course: Course, *words: str) -> Result:
    return CliRunner().invoke(main, ["late", "--course", str(course.root), *words])


def accounts(output: str) -> dict[str, str]:
    lines = [line.split() for line in output.splitlines()]
    return {words[0]: " ".join(words[1:]) for words in lines if words and words[0] in HANDED_IN}


def marks(course: Course) -> dict[str, list[float]]:
    """The points of ps2 and ps1, less what being late costs."""
    with course.gradebook() as book:
        submissions = {(one.student.id, name): one for name in DEADLINES for one in book.assignment_submissions(name)}
        return {
            student: [
                submissions[student, name].score - submissions[student, name].late_submission_penalty
                for name in ("ps2", ASSIGNMENT)
            ]
            for student in HANDED_IN
        }


def extension(course: Course, student: str, assignment: str) -> timedelta | None:
    return course.read_gradebook(lambda book: book.find_submission(assignment, student).extension)


def test_days_are_used_in_the_order_of_the_deadlines(course):
    assert marks(course) == {"ann": [8, 8], "bob": [0, 0], "cid": [0, 0], "dee": [0, 0]}
    run = late(course, "--apply")
    assert run.exit_code == 0, run.output
    assert accounts(run.output) == {"bob": "ps2 2, ps1 1 0", "cid": "ps2 2 1", "dee": "ps1 1 2"}
    assert "ps1: Marks that have changed: 2: bob, dee.\nps2: Marks that have changed: 2: bob, cid.\n" in run.output
    assert marks(course) == {"ann": [8, 8], "bob": [8, 8], "cid": [8, 0], "dee": [0, 8]}
    assert extension(course, "bob", "ps2") == timedelta(days=2)
    assert extension(course, "cid", ASSIGNMENT) is None
    page = (course.folder("feedback", "bob", "ps2") / "p1.html").read_text()
    assert "Due on 2026-03-12 10:00 UTC, with your extension of 2 days." in page
    found = json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text())
    assert {row["student"]: row["score"] for row in found["students"]} == {"ann": 8, "bob": 8, "cid": 0, "dee": 8}


def test_counting_again_changes_nothing(course):
    first = late(course, "--apply")
    again = late(course, "--apply")
    assert accounts(again.output) == accounts(first.output)
    assert again.output.count("Marks that have changed: 0.") == 2
    assert extension(course, "bob", "ps2") == timedelta(days=2)


def test_a_dry_run_says_it_and_changes_nothing(course):
    run = late(course, "--apply", "--dry-run")
    assert accounts(run.output) == {"bob": "ps2 2, ps1 1 0", "cid": "ps2 2 1", "dee": "ps1 1 2"}
    assert run.output.splitlines()[-1] == "Nothing was changed."
    assert marks(course) == {"ann": [8, 8], "bob": [0, 0], "cid": [0, 0], "dee": [0, 0]}
    assert extension(course, "bob", "ps2") is None


def test_an_extension_of_ones_own_comes_first(course):
    late(course, "--apply")
    give = ["extension", "--course", str(course.root), "--assignment", "ps2", "--student", "cid", "--days", "1"]
    assert CliRunner().invoke(main, give).exit_code == 0
    assert extension(course, "cid", "ps2") == timedelta(days=1)
    assert accounts(late(course, "--apply").output)["cid"] == "ps2 1, ps1 2 0"
    assert extension(course, "cid", "ps2") == timedelta(days=2)
    assert marks(course)["cid"] == [8, 8]


def test_a_later_deadline_gives_days_back_and_none_at_all_as_well(course):
    late(course, "--apply")
    move = ["deadline", "--course", str(course.root), "--assignment", "ps2"]
    assert CliRunner().invoke(main, [*move, "2026-03-12 10:00"]).exit_code == 0
    assert accounts(late(course, "--apply").output) == {"bob": "ps1 1 2", "cid": "ps1 2 1", "dee": "ps2 2, ps1 1 0"}
    assert extension(course, "bob", "ps2") is None
    assert CliRunner().invoke(main, [*move, "--none"]).exit_code == 0
    assert CliRunner().invoke(main, [*move, "2026-03-10 10:00"]).exit_code == 0
    assert accounts(late(course, "--apply").output) == {"bob": "ps2 2, ps1 1 0", "cid": "ps2 2 1", "dee": "ps1 1 2"}


def test_without_the_policy_all_days_are_taken_back(course):
    late(course, "--apply")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("days = 3", "days = 0"))
    assert accounts(late(course, "--apply").output) == {
        "bob": "none any more 0", "cid": "none any more 0", "dee": "none any more 0",
    }  # fmt: skip
    assert marks(course) == {"ann": [8, 8], "bob": [0, 0], "cid": [0, 0], "dee": [0, 0]}
    run = late(course, "--apply")
    assert run.exit_code == 1
    assert run.output == "Error: there are no late days: set c.LateDays.days in nbgrader_config.py\n"


def test_a_student_who_is_removed_leaves_no_late_days(course):
    late(course, "--apply")
    words = ["remove", "--course", str(course.root), "--student", "bob", "--yes"]
    assert CliRunner().invoke(main, words).exit_code == 0
    with course.gradebook() as book:
        assert book.db.execute(text("select count(*) from autograder_late_days")).scalar() == 2


@pytest.mark.parametrize("words", [("--dry-run",), ("--apply", "--assignment", "ps1")])
def test_options_that_do_not_fit_are_refused(course, words):
    run = late(course, *words)
    assert run.exit_code == 2
    assert "--dry-run goes with --apply, which counts all assignments" in run.output
