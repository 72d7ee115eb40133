"""Every checker on wrong answers, which must lose exactly their points, and on unusual right ones."""

from __future__ import annotations

from importlib import import_module

import nbformat
import pytest

from autograder.course import notebooks
from tests.course.repository import MASTERS, check_json

EXERCISES = list(MASTERS.names())
MODULES = {exercise: import_module(f"tests.course.answers.{exercise}") for exercise in EXERCISES}
CASES = {exercise: module.CASES for exercise, module in MODULES.items()}
HANDED_IN = {exercise: module.HANDED_IN for exercise, module in MODULES.items()}


@pytest.fixture(scope="session", params=EXERCISES)
def exercise(request):
    return request.param


@pytest.fixture(scope="session")
def results(exercise, masters, tmp_path_factory):
    """What `autograder check` says of the reference solution and of all that is handed in, by its name."""
    released = notebooks.read(masters.exercises / f"{masters.notebook(exercise)}.ipynb")
    solved = notebooks.fill(released, masters.reference_answers(exercise))
    folder = tmp_path_factory.mktemp(exercise)
    handed_in = {case.name: notebooks.fill(without_pictures(solved), case.answers) for case in HANDED_IN[exercise]}
    files = {}
    for name, notebook in {"solution": solved, **handed_in}.items():
        files[name] = folder / name / f"{masters.notebook(exercise)}.ipynb"
        notebooks.write(notebook, files[name])
    return dict(zip(files, check_json(*files.values()), strict=True))


def without_pictures(nb):
    """A copy without the cells that only draw, which take longer than all others where nothing is trained."""
    copy = nbformat.from_dict(nb)
    copy.cells = [
        cell for cell in copy.cells if notebooks.grade_id(cell) is not None or not cell.source.startswith("plots.")
    ]
    return copy


def lost(result: dict) -> set[str]:
    return {cell["grade_id"] for cell in result["cells"] if cell["score"] < cell["max_score"]}


def test_solution_earns_every_point(results):
    assert results["solution"]["score"] == results["solution"]["max_score"] == 10


def test_every_case_loses_exactly_its_points(exercise, results):
    expected = {case.name: set(case.loses) for case in HANDED_IN[exercise]}
    found = {name: lost(results[name]) for name in expected}
    surprises = {
        name: {cell["grade_id"]: cell["message"] for cell in results[name]["cells"] if cell["grade_id"] in ids}
        for name in expected
        if (ids := found[name] ^ expected[name])
    }
    assert not surprises


def test_every_case_is_handed_in_once(exercise):
    for case in CASES[exercise]:
        assert sum(case.answers.items() <= other.answers.items() for other in HANDED_IN[exercise]) == 1, case.name


def test_enough_cases_and_every_test_cell_can_fail(exercise, results):
    wrong = [case for case in CASES[exercise] if case.loses]
    assert len(wrong) >= 60
    assert len(CASES[exercise]) - len(wrong) >= 25
    graded = {cell["grade_id"] for cell in results["solution"]["cells"] if cell["max_score"]}
    assert graded == {cell for case in wrong for cell in case.loses}


def test_every_lost_point_is_explained(exercise, results):
    for case in HANDED_IN[exercise]:
        for cell in results[case.name]["cells"]:
            if cell["score"] < cell["max_score"]:
                assert "Look again at lesson" in cell["message"], (case.name, cell)


def test_messages_do_not_print_the_answer(exercise, masters, results):
    """A message may quote a line of the student's own, where it has stopped, but none of the answer that is missing."""
    reference = masters.reference_answers(exercise)
    lines = [line.strip() for text in reference.values() for line in text.splitlines()]
    telling = [line for line in lines if len(line) > 30 and "def " not in line]
    for case in HANDED_IN[exercise]:
        own = "\n".join({**reference, **case.answers}.values())
        missing = [line for line in telling if line not in own]
        for cell in results[case.name]["cells"]:
            assert not [line for line in missing if line in cell["message"]], case.name
