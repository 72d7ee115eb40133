"""Honest work in ordinary course styles wins what it wins with nbgrader."""

from __future__ import annotations

import pytest

from tests.engine.both_ways import grade_both_ways
from tests.engine.honest.suite import ASSIGNMENT, CASES, make_course
from tests.support import count_judged


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("honest") / "course")


@pytest.fixture(scope="module")
def both(course, golden):
    """The marks of every case, by its name: ours, and those of nbgrader itself, which are stored."""
    return tuple(_by_case(rows) for rows in grade_both_ways(course, ASSIGNMENT, golden, "honest"))


def _by_case(rows: list[list]) -> dict[str, list[list]]:
    return {case.name: [row[2:] for row in rows if row[1] == case.name] for case in CASES}


def test_there_are_many_and_no_two_of_one_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.promise("honest work")
def test_it_wins_what_it_wins_with_nbgrader(both, case):
    ours, theirs = (marks[case.name] for marks in both)
    assert theirs
    assert ours == theirs


def test_a_judge_decides_most_tests(both, course, record_property):
    judged, all_tests = count_judged(course, ASSIGNMENT)
    record_property("tests of the honest suite that are judged", f"{judged} of {all_tests}")
    assert judged >= 0.7 * all_tests
