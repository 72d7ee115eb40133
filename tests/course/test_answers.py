"""Every checker on wrong answers, which must lose exactly their points, and on unusual right ones.

Each case is a file in the folder ``answers``, as `autograder prove --cases` takes it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course import notebooks
from autograder.course.assignment import read_assignment
from autograder.judge.table import is_test
from autograder.proving.lists import Case, read_cases
from tests.course.repository import MASTERS, SETTINGS, check_json
from tests.support import CHECKING, ROOT

ANSWERS = Path(__file__).with_name("answers")
ASSIGNMENT = "5_6"
EXERCISES = list(MASTERS.names())
RACE = "run_searches"  # an answer that takes seconds


@dataclass(frozen=True)
class HandedIn:
    """A notebook with the answers of one case, or of several that are about different questions.

    Attributes
    ----------
    cases : list of Case
    answers : dict of str
        What stands in the notebook, by grade id; None where nothing was answered.
    loses : set of str
        The tests that must lose their points.
    """

    cases: list[Case]
    answers: dict[str, str | None]
    loses: set[str]

    @property
    def name(self) -> str:
        return "+".join(case.name.replace("/", "-") for case in self.cases)


def share_notebooks(cases: list[Case], tests: dict[str, set[str]]) -> list[HandedIn]:
    """Put cases of different questions into one notebook, so that what all notebooks begin with runs less often.

    What no case of a shared notebook answers is left unanswered. A case with several answers has a notebook of its own,
    and so has the race: the answers that it needs are then those of the reference solution.
    """
    alone, by_question = [], defaultdict(list)
    for case in cases:
        (question, *others) = case.answers
        (alone if others or question == RACE else by_question[question]).append(case)
    shared = []
    for row in zip_longest(*by_question.values()):
        given = [case for case in row if case is not None]
        answers = {question: source for case in given for question, source in case.answers.items()}
        missing = tests.keys() - answers.keys()
        loses = set().union(*map(lost_by, given), *(tests[question] for question in missing))
        shared.append(HandedIn(given, answers | dict.fromkeys(missing), loses))
    return [HandedIn([case], dict(case.answers), lost_by(case)) for case in alone] + shared


def lost_by(case: Case) -> set[str]:
    return set(case.marks)


def group_tests(nb: NotebookNode) -> dict[str, set[str]]:
    """The tests between each answer of a notebook and the next one."""
    found: dict[str, set[str]] = {}
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            found[notebooks.grade_id(cell)] = set()
        elif is_test(cell):
            found[[*found][-1]].add(notebooks.grade_id(cell))
    return found


@pytest.fixture(scope="session", params=EXERCISES)
def exercise(request):
    return request.param


@pytest.fixture(scope="session")
def released(exercise, masters):
    return notebooks.read(masters.exercises / f"{masters.notebook(exercise)}.ipynb")


@pytest.fixture(scope="session")
def cases(exercise, empty_course):
    """The cases of the exercise; each says of the tests that it names that they get no points."""
    return read_cases(ANSWERS / exercise, empty_course, read_assignment(empty_course, ASSIGNMENT))


@pytest.fixture(scope="session")
def handed_in(cases, released):
    return share_notebooks(cases, group_tests(released))


@pytest.fixture(scope="session")
def results(exercise, released, handed_in, masters, golden, tmp_path_factory):
    """What `autograder check` says of the reference solution and of all that is handed in, by its name.

    That of the first exercise is found out each time, in seconds. The others take minutes, and are stored.
    """
    solution = masters.reference_answers(exercise)
    folder = tmp_path_factory.mktemp(exercise)
    submissions = {"solution": notebooks.fill(released, solution)}
    for one in handed_in:
        answers = {name: source for name, source in {**solution, **one.answers}.items() if source is not None}
        submissions[one.name] = notebooks.fill(without_pictures(released), answers)
    files = [folder / str(number) / f"{masters.notebook(exercise)}.ipynb" for number in range(len(submissions))]
    for path, notebook in zip(files, submissions.values(), strict=True):
        notebooks.write(notebook, path)
    if exercise == EXERCISES[0]:
        found = check_json(*files)
    else:
        inputs = [
            folder,
            masters.hidden_tests(exercise),
            SETTINGS,
            ROOT / "notebooks" / "coffee_shop",
            ROOT / "uv.lock",
            *CHECKING,
        ]
        found = golden(f"answers{exercise}", lambda: check_json(*files), inputs, libraries=())
    return dict(zip(submissions, found, strict=True))


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


def test_every_case_loses_exactly_its_points(handed_in, results):
    surprises = {
        one.name: {cell["grade_id"]: cell["message"] for cell in results[one.name]["cells"] if cell["grade_id"] in ids}
        for one in handed_in
        if (ids := lost(results[one.name]) ^ one.loses)
    }
    assert not surprises


def test_every_case_is_handed_in_once(cases, handed_in):
    assert sorted(case.name for case in cases) == sorted(case.name for one in handed_in for case in one.cases)


def test_the_files_agree_with_themselves(cases, results):
    points = {cell["grade_id"]: cell["max_score"] for cell in results["solution"]["cells"]}
    for case in cases:
        assert set(case.marks.values()) <= {0}, case.name
        assert case.lowest == case.highest == sum(points.values()) - sum(map(points.get, case.marks)), case.name
        assert case.name.startswith("wrong/" if case.marks else "right/")


def test_enough_cases_and_every_test_cell_can_fail(cases, results):
    wrong = [case for case in cases if case.marks]
    assert len(wrong) >= 60
    assert len(cases) - len(wrong) >= 25
    graded = {cell["grade_id"] for cell in results["solution"]["cells"] if cell["max_score"]}
    assert graded == {test for case in wrong for test in case.marks}


def test_every_lost_point_is_explained(handed_in, results):
    for one in handed_in:
        for cell in results[one.name]["cells"]:
            if cell["score"] < cell["max_score"]:
                assert "Look again at lesson" in cell["message"], (one.name, cell)


def test_messages_do_not_print_the_answer(exercise, masters, handed_in, results):
    """A message may quote a line of the student's own, where it has stopped, but none of the answer that is missing."""
    reference = masters.reference_answers(exercise)
    lines = [line.strip() for text in reference.values() for line in text.splitlines()]
    telling = [line for line in lines if len(line) > 30 and "def " not in line]
    for one in handed_in:
        own = "\n".join(source or "" for source in {**reference, **one.answers}.values())
        missing = [line for line in telling if line not in own]
        for cell in results[one.name]["cells"]:
            assert not [line for line in missing if line in cell["message"]], one.name
