"""Wrong answers to ordinary tests, each of which once won points in a way that nobody saw, win nothing unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.honest.case import read_cases
from tests.engine.honest.suite import ASSIGNMENT, STUDENT, make_course
from tests.support import know_tables, run_autograder

CASES = read_cases(Path(__file__).with_name("wrong.cases"))


@pytest.fixture(scope="module")
def course(golden, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("wrong") / "course", CASES)
    know_tables(course, ASSIGNMENT, golden, "wrong")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    return course


@pytest.fixture(scope="module")
def tables(course):
    entries = json.loads((course.root / "judge" / f"{ASSIGNMENT}.json").read_text())
    return {name: entry["table"] for name, entry in entries.items()}


def last_grade(course, name):
    """Return the points of the last test of a notebook, and whether it waits for a person."""

    def read(gradebook):
        grades = gradebook.find_submission_notebook(name, ASSIGNMENT, STUDENT).grades
        last = max((grade for grade in grades if grade.name.startswith("test")), key=lambda grade: int(grade.name[4:]))
        return last.name, last.score, last.needs_manual_grade

    return course.read_gradebook(read)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_wins_nothing_unseen(course, tables, case):
    name, points, waits = last_grade(course, case.name)
    assert points == 0 or waits or name in tables[case.name]["reasons"]


def test_most_of_them_are_judged(course, tables):
    judged = [case for case in CASES if last_grade(course, case.name)[0] in tables[case.name]["allowed"]]
    assert len(judged) > len(CASES) * 2 / 3


def test_no_judged_test_is_shown(course, tables):
    for page in course.folder("feedback", STUDENT, ASSIGNMENT).glob("*.html"):
        if not tables[page.stem]["reasons"]:
            assert "SECRET HIDDEN LINE" not in page.read_text(encoding="utf-8")
