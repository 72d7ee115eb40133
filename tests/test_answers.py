"""Every checker on wrong answers, which must lose exactly their points, and on unusual right ones."""

from __future__ import annotations

from importlib import import_module

import pytest

from autograder import notebooks
from autograder.build import reference_answers
from autograder.layout import BUNDLED, notebook_name
from tests.conftest import check_json

EXERCISES = list(BUNDLED.masters())
CASES = {exercise: import_module(f"tests.answers.{exercise}").CASES for exercise in EXERCISES}


@pytest.fixture(scope="session", params=EXERCISES)
def exercise(request):
    return request.param


@pytest.fixture(scope="session")
def results(exercise, layout, tmp_path_factory):
    """What `autograder check` says of the reference solution and of every case, by the case's name."""
    released = notebooks.read(layout.exercises / f"{notebook_name(exercise)}.ipynb")
    solved = notebooks.fill(released, reference_answers(layout, exercise))
    folder = tmp_path_factory.mktemp(exercise)
    files = {}
    for name, answers in {"solution": {}, **{case.name: case.answers for case in CASES[exercise]}}.items():
        files[name] = folder / name / f"{notebook_name(exercise)}.ipynb"
        notebooks.write(notebooks.fill(solved, answers), files[name])
    return dict(zip(files, check_json(*files.values()), strict=True))


def lost(result: dict) -> set[str]:
    return {cell["grade_id"] for cell in result["cells"] if cell["score"] < cell["max_score"]}


def test_solution_earns_every_point(results):
    assert results["solution"]["score"] == results["solution"]["max_score"] == 10


def test_every_case_loses_exactly_its_points(exercise, results):
    expected = {case.name: set(case.loses) for case in CASES[exercise]}
    found = {name: lost(results[name]) for name in expected}
    surprises = {
        name: {cell["grade_id"]: cell["message"] for cell in results[name]["cells"] if cell["grade_id"] in ids}
        for name in expected
        if (ids := found[name] ^ expected[name])
    }
    assert not surprises


def test_enough_cases_and_every_test_cell_can_fail(exercise, results):
    wrong = [case for case in CASES[exercise] if case.loses]
    assert len(wrong) >= 12
    assert len(CASES[exercise]) - len(wrong) >= 5
    graded = {cell["grade_id"] for cell in results["solution"]["cells"] if cell["max_score"]}
    assert graded == {cell for case in wrong for cell in case.loses}


def test_every_lost_point_is_explained(exercise, results):
    for case in CASES[exercise]:
        for cell in results[case.name]["cells"]:
            if cell["score"] < cell["max_score"]:
                assert "Look again at lesson" in cell["message"], (case.name, cell)


def test_messages_do_not_print_the_answer(exercise, layout, results):
    solutions = [line.strip() for text in reference_answers(layout, exercise).values() for line in text.splitlines()]
    telling = [line for line in solutions if len(line) > 30 and "def " not in line]
    for result in results.values():
        for cell in result["cells"]:
            assert not [line for line in telling if line in cell["message"]]
