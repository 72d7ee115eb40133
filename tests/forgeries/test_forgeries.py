"""Whatever a submission forges, a wrong answer wins nothing, and honest neighbours keep all."""

from __future__ import annotations

import re

import pytest

from tests.forgeries.suite import CASES, HONEST, TESTS, grade


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """What is left after everybody's forgery at once."""
    return grade(tmp_path_factory.mktemp("forgeries"), CASES)


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory):
    """What those win that could, if test cells ran as any other cell."""
    return grade(tmp_path_factory.mktemp("unsealed"), [case for case in CASES if case.won], sealed=False)


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


@pytest.mark.parametrize("case", [case for case in CASES if case.won], ids=lambda case: case.name)
def test_it_would_win_without_the_seal(unsealed, case):
    marks = unsealed.marks[case.name]
    assert sum(marks[name] for name in TESTS) == case.won, unsealed.outputs[case.name][-3000:]
