"""Whatever a submission forges, a wrong answer wins nothing unseen, and honest neighbours keep all."""

from __future__ import annotations

import re

import pytest

from tests.engine.forgeries.suite import CASES, HONEST, TESTS, grade


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """What is left after everybody's forgery at once."""
    return grade(tmp_path_factory.mktemp("forgeries"), CASES)


@pytest.fixture(scope="module")
def unjudged(tmp_path_factory):
    """What those win that could, if all tests ran in the submission's process."""
    return grade(tmp_path_factory.mktemp("unjudged"), [case for case in CASES if case.won], judged=False)


def test_there_are_many_and_no_two_of_one_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 160


@pytest.mark.parametrize("student", HONEST)
@pytest.mark.promise("honest work")
def test_honest_work_keeps_its_points(aftermath, student):
    assert aftermath.marks[student] == {"test_triple": 2, **dict.fromkeys(TESTS, 2)}, aftermath.outputs[student]
    assert not aftermath.notes[student]
    assert not aftermath.waiting[student]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.promise("values", "provisional")
def test_forging_wins_nothing_unseen(aftermath, case):
    marks, waiting = aftermath.marks[case.name], aftermath.waiting[case.name]
    won = sum(marks[name] for name in TESTS if name not in waiting)
    assert won <= case.fair, (aftermath.notes[case.name], aftermath.outputs[case.name][-3000:])
    assert sum(marks[name] for name in TESTS) >= case.fair
    assert all(f"{name}: its mark is provisional" in aftermath.notes[case.name] for name in waiting)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.promise("unread")
def test_no_forger_reads_a_test(aftermath, case):
    assert "x + x for x in range" not in aftermath.shown[case.name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_was_really_attempted(aftermath, case):
    told = f"{aftermath.outputs[case.name]}\n{aftermath.notes[case.name]}"
    assert case.evidence <= aftermath.left[case.name], told[-3000:]
    assert re.search(case.reached, told), told[-3000:]
    assert case.evidence or case.reached or case.make
    assert not case.make or case.name in aftermath.made


@pytest.mark.parametrize("case", [case for case in CASES if case.won], ids=lambda case: case.name)
def test_it_would_win_without_a_judge(unjudged, case):
    marks = unjudged.marks[case.name]
    assert sum(marks[name] for name in TESTS) == case.won, unjudged.outputs[case.name][-3000:]
