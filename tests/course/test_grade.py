"""A class is graded as nbgrader would grade it, and nobody's trouble is anybody else's."""

from __future__ import annotations

import csv
import json
import os
import shutil

import pytest
from nbgrader.utils import is_grade

from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.gradebook.recorder import Recorder
from autograder.grading import grade
from tests import golden as stored
from tests.course.repository import SETTINGS
from tests.support import ROOT, count_judged, grade_rows, run_autograder, run_nbgrader

ASSIGNMENT = "5_6"
ONE, TWO, THREE = (f"_5_6_{n}_exercise" for n in (1, 2, 3))
HONEST = ["chloe", "dmitri", "elif"]
# What their marks may depend on.
LIBRARIES = [*stored.LIBRARIES, "keras", "numpy", "pandas", "scikeras", "scikit-learn", "skops", "tensorflow"]

MARKS = {  # student: points of the three exercises
    "ada": (10, 10, 10),
    "ben": (10, 10, 10),
    "chloe": (5, 5, 5),
    "dmitri": (0, 0, 0),
    "elif": (10, 0, 0),
    "farid": (0, 0, 10),
    "grace": (10, 0, 0),
    "hugo": (10, 0, 0),
    "ines": (0, 0, 0),
    "jonas": (10, 0, 0),
    "kim": (10, 0, 0),
    "lena": (0, 0, 0),
    "mallory": (0, 0, 0),
}


@pytest.fixture
def fresh(built, tmp_path):
    """A copy of the ungraded course that a test may change."""
    shutil.copytree(built.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")


def keep_only(course, *students):
    for folder in (course.root / "submitted").iterdir():
        if folder.name not in students:
            shutil.rmtree(folder)


def rows(course, students):
    return [row for row in grade_rows(course, ASSIGNMENT) if row[0] in students]


def test_a_judge_decides_nine_tests_in_ten(built, record_property):
    judged, all_tests = count_judged(built, ASSIGNMENT)
    record_property("tests of the exercises that are judged", f"{judged} of {all_tests}")
    assert judged >= 0.9 * all_tests


def test_marks_of_the_sample_class(graded):
    course, _ = graded
    scores = course.scores(ASSIGNMENT)
    assert {s: tuple(scores[s][name] for name in (ONE, TWO, THREE)) for s in MARKS} == MARKS


def test_no_test_waits_for_a_person_where_nothing_was_written(graded):
    course, _ = graded
    waiting = {row[0] for row in rows(course, MARKS) if len(row) == 8 and row[7]}
    assert not waiting & {"dmitri", "lena", "ines", "farid"}


def test_json_is_one_object_a_student(graded):
    _, run = graded
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert {row["student"]: tuple(row["notebooks"].values()) for row in found} == MARKS
    assert all(row["max_score"] == 30 for row in found)


@pytest.mark.parametrize(
    ("student", "line"),
    [
        ("farid", "no notebook that can be read"),
        ("grace", "was graded as _5_6_1_exercise"),
        ("hugo", "test_refine_grid_edge was missing and was put back"),
        ("hugo", "test_count_fits_list was there more than once"),
        ("ines", "is a link"),
        ("jonas", "asks for a kernel in R"),
        ("kim", "_5_6_2_exercise.ipynb was graded as _5_6_1_exercise"),
        ("lena", "nothing to mark was handed in"),
        ("mallory", "was changed; the original was put back"),
    ],
)
def test_trouble_gets_a_clear_line(graded, student, line):
    _, run = graded
    assert [text for text in run.stderr.splitlines() if text.startswith(f"{student}: ") and line in text]


def what_honest_students_get(course) -> dict:
    """Rows of the gradebook, files, cells and their metadata, in types that JSON knows."""
    cells = {}
    for student in HONEST:
        folder = course.folder("autograded", student, ASSIGNMENT)
        for path in sorted(folder.iterdir()):
            name = f"{student}/{path.name}"
            cells[name] = [describe(cell) for cell in notebooks.read(path).cells] if path.suffix == ".ipynb" else None
    return {"rows": [list(row) for row in rows(course, HONEST)], "files": cells}


def describe(cell) -> list:
    metadata = {name: value for name, value in cell.metadata.items() if name != "execution"}  # when it ran
    return [cell.cell_type, cell.source, metadata]


def test_equal_to_plain_nbgrader_on_honest_work(graded, fresh, golden):
    course, _ = graded
    keep_only(fresh, *HONEST)

    def nbgraders() -> dict:
        run_nbgrader(fresh, "autograde", ASSIGNMENT, "--create")
        return what_honest_students_get(fresh)

    inputs = [fresh.root / "source", fresh.root / "submitted", SETTINGS, ROOT / "notebooks" / "coffee_shop"]
    theirs = golden("honest_work", nbgraders, inputs, LIBRARIES)
    ours = what_honest_students_get(course)
    assert ours["rows"] == theirs["rows"]
    assert ours["files"].keys() == theirs["files"].keys()
    for name in theirs["files"]:
        assert ours["files"][name] == theirs["files"][name], name


def test_feedback_pages_are_there_and_speak(graded):
    course, _ = graded
    page = (course.folder("feedback", "chloe", ASSIGNMENT) / f"{ONE}.html").read_text(encoding="utf-8")
    assert "Look again at lesson" in page
    assert "hidden_tests" not in page
    for student in MARKS:
        assert list(course.folder("feedback", student, ASSIGNMENT).glob("*.html"))


def test_nbgraders_own_commands_work_on_the_result(graded):
    course, _ = graded
    run_nbgrader(course, "generate_feedback", ASSIGNMENT, "--student", "ada", "--force")
    run_nbgrader(course, "export")
    with (course.root / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert exported == {student: sum(points) for student, points in MARKS.items()}


def test_links_are_not_followed(graded):
    course, _ = graded
    cells = notebooks.read(course.folder("autograded", "ines", ASSIGNMENT) / f"{ONE}.ipynb").cells
    answers = [cell.source for cell in cells if not is_grade(cell)]
    assert not [source for source in answers if "geomspace" in source or "0.0001" in source]


def test_graded_work_is_left_alone_until_something_newer_comes(fresh):
    keep_only(fresh, "elif", "lena")
    list(grade(fresh, ASSIGNMENT, ["elif", "lena"]))
    before = {s: fresh.folder("autograded", s, ASSIGNMENT).stat().st_mtime_ns for s in ("elif", "lena")}
    again = run_autograder("grade", "--course", fresh.root, "--json")
    assert "2 of 2 were graded already" in again.stderr
    submitted = fresh.folder("submitted", "lena", ASSIGNMENT)
    shutil.copy(fresh.folder("submitted", "elif", ASSIGNMENT) / f"{ONE}.ipynb", submitted)
    os.utime(submitted / f"{ONE}.ipynb")
    newer = run_autograder("grade", "--course", fresh.root, "--json")
    assert "1 of 2 were graded already" in newer.stderr
    assert fresh.scores(ASSIGNMENT)["lena"][ONE] == 10
    assert fresh.folder("autograded", "elif", ASSIGNMENT).stat().st_mtime_ns == before["elif"]


def test_one_exercise_of_one_student(fresh):
    keep_only(fresh, "farid", "lena")
    list(grade(fresh, ASSIGNMENT, ["farid"]))
    assert fresh.scores(ASSIGNMENT)["farid"] == {ONE: 0, TWO: 0, THREE: 10}
    shutil.copy(fresh.root / "release" / ASSIGNMENT / f"{ONE}.ipynb", fresh.folder("submitted", "farid", ASSIGNMENT))
    run = run_autograder("grade", "--course", fresh.root, "--student", "farid", "--notebook", ONE, "--json")
    assert run.returncode == 0, run.stderr
    assert fresh.scores(ASSIGNMENT)["farid"] == {ONE: 0, TWO: 0, THREE: 10}
    assert "lena" not in fresh.scores(ASSIGNMENT)


def test_a_submission_that_breaks_the_grader_stops_nobody(fresh, monkeypatch):
    keep_only(fresh, "elif", "lena", "ines")
    record = Recorder.record

    def break_for_lena(self, submission, notebook):
        if submission.student == "lena":
            raise OSError("no space left on device")
        record(self, submission, notebook)

    monkeypatch.setattr(Recorder, "record", break_for_lena)
    done = {submission.student: submission.notes for submission in grade(fresh, ASSIGNMENT, ["elif", "ines", "lena"])}
    assert set(done) == {"elif", "ines", "lena"}
    assert any("no space left" in note for note in done["lena"])
    assert fresh.scores(ASSIGNMENT)["elif"][ONE] == 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--course", "nowhere"], "is no nbgrader course"),
        (["--student", "nobody"], "nothing was handed in for 5_6 by: nobody"),
        (["--notebook", "_9_9_9"], "has no notebook _9_9_9"),
        (["--assignment", "ps7"], "the gradebook has no assignment ps7"),
    ],
)
def test_bad_calls_get_one_clear_line(built, arguments, says):
    course = [] if "--course" in arguments else ["--course", built.root]
    run = run_autograder("grade", *course, *arguments)
    assert run.returncode == 1
    assert says in run.stderr
    assert "Traceback" not in run.stderr
