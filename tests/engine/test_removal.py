"""Students who have left, or whose ids have changed, leave no marks and no pages behind, once somebody has said so."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from autograder.course.coursedir import Course
from autograder.exchange.records import Record, read_records, write_records
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import grade_rows, open_grader, run_autograder

CLASS = ("ann", "bob", "cid")
STEPS = ("submitted", "autograded", "feedback")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A graded class; a person has given ann a point; dee is in the gradebook and has handed in nothing."""
    course = make_course(tmp_path_factory.mktemp("leaving") / "course")
    for student in CLASS:
        hand_in(course, student)
    with course.gradebook() as book:
        book.add_student("dee")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    assert "any more" not in run.stderr
    with course.gradebook() as book:
        book.find_grade("why", "p1", ASSIGNMENT, "ann").manual_score = 1
        book.db.commit()
    write_records(course, ASSIGNMENT, {name: Record("canvas", "7", name, 1.0, "x") for name in ("ann", "bob")})
    return course


@pytest.fixture
def course(pattern, tmp_path):
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def remove(course: Course, *words: str | Path):
    return run_autograder("remove", "--course", course.root, *words)


def contents(course: Course) -> dict[str, bytes]:
    paths = [path for path in course.root.rglob("*") if path.is_file() and "gradebook.db" not in path.name]
    return {str(path): path.read_bytes() for path in paths}


def names_in_gradebook(course: Course) -> set[str]:
    return course.read_gradebook(lambda book: {student.id for student in book.students})


def rows_of_journal(course: Course) -> int:
    with course.gradebook() as book:
        return book.db.execute(text("select count(*) from autograder_journal")).scalar()


def test_nothing_of_a_student_is_left(course):
    others = [row for row in grade_rows(course, ASSIGNMENT) if row[0] != "ann"]
    run = remove(course, "--student", "ann", "--yes")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "Removed: ann."
    assert not [path for path in course.root.rglob("*") if "ann" in path.parts]
    assert names_in_gradebook(course) == {"bob", "cid", "dee"}
    assert grade_rows(course, ASSIGNMENT) == others
    assert rows_of_journal(course) == 2
    assert list(read_records(course, ASSIGNMENT)) == ["bob"]
    assert b"ann" not in (course.root / "results" / ASSIGNMENT / "report.html").read_bytes().split(b"<body")[1]
    with (course.root / "results" / ASSIGNMENT / "marks.csv").open(newline="") as file:
        assert [row["student_id"] for row in csv.DictReader(file)] == ["bob", "cid", "dee"]
    with open_grader(course, ASSIGNMENT) as grader:
        assert grader.due(["bob", "cid"]) == []


def test_what_would_go_is_listed_and_nothing_changes(course):
    before, rows = contents(course), grade_rows(course, ASSIGNMENT)
    run = remove(course, "--student", "ann", "--dry-run")
    assert run.returncode == 0, run.stderr
    (line,) = (line.split() for line in run.stdout.splitlines() if "ann" in line)
    assert line == ["ann", "ps1", "1", "1", "1", "1"]
    assert run.stdout.splitlines()[-1] == "Nothing was changed."
    assert (contents(course), grade_rows(course, ASSIGNMENT)) == (before, rows)


def test_without_an_answer_nothing_is_removed(course):
    before, rows = contents(course), grade_rows(course, ASSIGNMENT)
    run = remove(course, "--student", "ann")
    assert run.returncode == 1
    assert "Remove all this of 1 for ever?" in run.stderr
    assert (contents(course), grade_rows(course, ASSIGNMENT)) == (before, rows)


def test_who_is_not_in_the_roster_is_removed(course, tmp_path):
    roster = tmp_path / "students.csv"
    roster.write_text("id,e-mail\nann,ann@example.org\ncid,cid@example.org\n")
    assert remove(course, "--roster", roster, "--yes").stdout.splitlines()[-1] == "Removed: bob, dee."
    assert names_in_gradebook(course) == {"ann", "cid"}
    assert remove(course, "--roster", roster, "--yes").stdout == "There is nobody to remove.\n"


def test_a_roster_of_another_course_removes_nobody(course, tmp_path):
    roster = tmp_path / "students.csv"
    roster.write_text("id,e-mail\n1234,ann@example.org\n")
    before = contents(course)
    run = remove(course, "--roster", roster, "--yes")
    assert run.returncode == 1
    assert "Error: the roster has nobody of this course" in run.stderr
    assert contents(course) == before


def test_the_old_id_of_a_renamed_student_is_named_by_grade_and_removed(course):
    folder = course.folder("submitted", "bob", ASSIGNMENT).parent
    folder.rename(folder.with_name("rob"))
    run = run_autograder("grade", "--course", course.root)
    assert "whom nothing is in submitted/ any more: bob. `autograder remove --gone` removes them" in run.stderr
    assert remove(course, "--gone", "--yes").stdout.splitlines()[-1] == "Removed: bob."
    assert names_in_gradebook(course) == {"ann", "cid", "dee", "rob"}
    assert course.scores(ASSIGNMENT)["rob"] == {"p1": 4, "p2": 4}
    assert not any(course.folder(step, "bob", ASSIGNMENT).parent.exists() for step in STEPS)
    assert "any more" not in run_autograder("grade", "--course", course.root).stderr


def test_pages_alone_are_found(course):
    shutil.copytree(course.folder("feedback", "ann", ASSIGNMENT), course.folder("feedback", "old", ASSIGNMENT))
    assert remove(course, "--gone", "--yes").stdout.splitlines()[-1] == "Removed: old."
    assert not course.folder("feedback", "old", ASSIGNMENT).parent.exists()


def test_a_name_in_the_gradebook_leads_to_no_other_folder(course):
    with course.gradebook() as book:
        book.add_student("../autograded/ann")
        book.add_student(".")
    assert remove(course, "--student", "../autograded/ann", "--student", ".", "--yes").returncode == 0
    assert course.folder("autograded", "ann", ASSIGNMENT).is_dir()
    assert names_in_gradebook(course) == {*CLASS, "dee"}


def test_what_a_killed_run_has_left_does_not_come_back(course):
    left = course.scratch / ASSIGNMENT / "replaced" / "ann" / "1234" / "feedback"
    shutil.copytree(course.folder("feedback", "ann", ASSIGNMENT), left)
    shutil.copytree(left, course.scratch / ASSIGNMENT / "submissions" / "ann")
    assert remove(course, "--student", "ann", "--yes").returncode == 0
    assert run_autograder("grade", "--course", course.root).returncode == 0
    assert not [path for path in course.root.rglob("*") if "ann" in path.parts]


def test_a_link_is_removed_and_not_what_it_leads_to(course, tmp_path):
    folder = course.folder("submitted", "ann", ASSIGNMENT)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert remove(course, "--student", "ann", "--yes").returncode == 0
    assert not folder.parent.exists()
    assert (tmp_path / "elsewhere" / "p1.ipynb").is_file()


def test_a_student_who_comes_back_is_due(course):
    assert remove(course, "--student", "cid", "--yes").returncode == 0
    hand_in(course, "cid", double="return 7")
    assert all(one.recorded for one in grade(course, ASSIGNMENT, ["cid"]))
    assert course.scores(ASSIGNMENT)["cid"] == {"p1": 2, "p2": 2}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say who: --student, --roster or --gone"),
        (("--gone", "--student", "ann"), "say who: --student, --roster or --gone"),
        (("--student", "zoe", "--yes"), "the course has nothing of: zoe"),
        (("--student", "ann", "--student", "zoe", "--yes"), "the course has nothing of: zoe"),
        (("--student", "../ann", "--yes"), "the course has nothing of: ../ann"),
    ],
)
def test_a_mistake_removes_nothing(course, words, message):
    before = contents(course)
    run = remove(course, *words)
    assert run.returncode in (1, 2)
    assert message in run.stderr.splitlines()[-1]
    assert contents(course) == before


def test_while_others_grade_nothing_is_removed(course):
    with open_grader(course, ASSIGNMENT):
        run = remove(course, "--student", "ann", "--yes")
    assert run.returncode == 1
    assert "is grading in" in run.stderr
    assert names_in_gradebook(course) == {*CLASS, "dee"}


def test_a_student_can_be_removed_before_anything_is_graded(tmp_path):
    course = make_course(tmp_path / "course")
    with course.gradebook() as book:
        book.add_student("ann")
    hand_in(course, "ann")
    run = remove(course, "--student", "ann", "--yes")
    assert run.returncode == 0, run.stderr
    assert names_in_gradebook(course) == set()
    assert not (course.root / "submitted" / "ann").exists()
