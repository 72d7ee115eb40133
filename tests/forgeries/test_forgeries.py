"""Whatever a submission forges, a wrong answer wins nothing, and honest neighbours keep all."""

from __future__ import annotations

import re

import pytest

from tests.forgeries.suite import CASES, HONEST, TESTS, grade


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """What is left after everybody's forgery at once."""
    return grade(tmp_path_factory.mktemp("forgeries"), "bubblewrap")


def test_there_are_many_and_no_two_of_one_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("student", HONEST)
def test_honest_work_keeps_its_points(aftermath, student):
    assert aftermath.marks[student] == {"test_triple": 2, **dict.fromkeys(TESTS, 2)}, aftermath.outputs[student]
    assert not aftermath.notes[student]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_forging_wins_nothing(aftermath, case):
    marks = aftermath.marks[case.name]
    assert sum(marks[name] for name in TESTS) == case.fair, (
        aftermath.notes[case.name],
        aftermath.outputs[case.name][-3000:],
    )
    assert re.search(case.note, aftermath.notes[case.name]), aftermath.notes[case.name]
