"""A term as an instructor goes through it: from the downloads of an LMS to the files that it takes, week after week."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.course.coursedir import Course
from tests.engine.downloads import ASSIGNMENT, autograder, collect, make_course, notebook, pack
from tests.support import run_autograder

STUDENTS = {"jdoe": "Doe, Jane", "jmueller": "Müller, Jürgen", "eve": "Eve, Eve"}


def gradebook_of_canvas(path: Path, marks: Mapping[str, str]) -> Path:
    rows = [
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{ASSIGNMENT} (777)"),
        ("    Points Possible", "", "", "", "", "5.00"),
        *((name, 101 + n, "", id_, "Tue", marks.get(id_, "")) for n, (id_, name) in enumerate(STUDENTS.items())),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def marks_in(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["SIS Login ID"]: row[f"{ASSIGNMENT} (777)"] for row in rows if row["SIS Login ID"]}


def pages_in(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def give(course: Course, student: str, cell: str, points: float) -> None:
    """Give points by hand, as formgrader does."""
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(cell, ASSIGNMENT, ASSIGNMENT, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_a_term_with_canvas(tmp_path):
    course = make_course(tmp_path / "course")
    right, wrong = notebook(why="It adds."), notebook("return 0", why="No idea.")

    def week(number: int, marks: Mapping[str, str], files: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Collect, grade and export once; return what grading says and the marks that go back."""
        form = gradebook_of_canvas(tmp_path / f"grades{number}.csv", marks)
        if files:
            taken = collect(course, pack(tmp_path / f"week{number}.zip", files), "--roster", form)
            assert taken.exit_code == 0, taken.output
        run = run_autograder("grade", "--course", course.root)
        assert run.returncode == 0, run.stderr
        where = ["--from", form, "-o", tmp_path / f"marks{number}.csv", "--feedback"]
        back = autograder("export", "--to", "canvas", "--course", course.root, "--assignment", ASSIGNMENT, *where)
        assert back.exit_code == 0, back.output
        return run.stderr, marks_in(tmp_path / f"marks{number}.csv")

    first = {"doejane_101_1_ps1.ipynb": right, "müllerjürgen_LATE_102_2_ps1.ipynb": wrong}
    _, marks = week(1, {}, first)
    assert marks == {"jdoe": "4", "jmueller": "2", "eve": ""}
    assert set(pages_in(tmp_path / "marks1-feedback.zip")) == {name.replace(".ipynb", ".html") for name in first}

    # One hands in again, another one for the first time. Only these two are graded.
    second = {
        "doejane_101_1_ps1.ipynb": right,
        "müllerjürgen_102_9_ps1-1.ipynb": right,
        "eveeve_103_8_ps1.ipynb": wrong,
    }
    said, marks = week(2, marks, second)
    assert "1 of 3 were graded already" in said
    assert marks == {"jdoe": "4", "jmueller": "4", "eve": "2"}
    pages = pages_in(tmp_path / "marks2-feedback.zip")
    assert set(pages) == {name.replace(".ipynb", ".html") for name in second}
    assert "(Score: 4.0 / 5.0)" in pages["müllerjürgen_102_9_ps1-1.html"]

    # A person marks a written answer. Nothing is due, and the mark goes back all the same.
    # The page with it is written anew, and no other.
    others_page = course.folder("feedback", "jmueller", ASSIGNMENT) / f"{ASSIGNMENT}.html"
    written = others_page.stat()
    give(course, "jdoe", "why", 1)
    said, marks = week(3, marks, {})
    assert "Feedback pages written anew, for points, comments or times have changed: 1" in said
    assert others_page.stat() == written
    assert "3 of 3 were graded already" in said
    assert marks == {"jdoe": "5", "jmueller": "4", "eve": "2"}
    assert "(Score: 5.0 / 5.0)" in pages_in(tmp_path / "marks3-feedback.zip")["doejane_101_1_ps1.html"]

    # One leaves. Of her nothing is left, and the others keep their marks.
    gone = autograder("remove", "--course", course.root, "--student", "eve", "--yes")
    assert gone.exit_code == 0, gone.output
    said, marks = week(4, {"jdoe": "5", "jmueller": "4"}, {})
    assert "2 of 2 were graded already" in said
    assert marks == {"jdoe": "5", "jmueller": "4", "eve": ""}
