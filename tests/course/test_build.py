"""Masters and hidden tests become exercises that hold neither solutions nor hidden tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.authoring.build import build_exercises, stale_exercises
from autograder.authoring.masters import AuthoringError, Masters, read_titled_cells
from autograder.course import notebooks
from autograder.course.settings import load_settings_file
from tests.course.repository import SETTINGS
from tests.support import ROOT, run_autograder


@pytest.fixture
def settings(tmp_path):
    """The settings of a copy of the repository's masters, hidden tests and exercises that a test may change."""
    for folder in ("solutions", "exercises", "autograder/hidden_tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(SETTINGS, tmp_path / "autograder"))


@pytest.fixture
def copy(settings):
    """The masters of that copy."""
    return Masters(load_settings_file(settings))


def code_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if len(line) > 12 and not line.startswith(("#", '"""'))]


def test_exercises_are_up_to_date_and_reproducible(settings, copy, tmp_path):
    assert stale_exercises(settings) == []
    build_exercises(settings, tmp_path / "again")
    for path in copy.exercises.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_check_says_what_is_stale(settings, copy):
    first, second = sorted(copy.exercises.glob("*.ipynb"))[:2]
    first.write_text(first.read_text().replace("coffee", "tea", 1))
    second.unlink()
    (copy.exercises / "notes.md").write_text("left over")
    problems = stale_exercises(settings)
    assert f"{first.name} is out of date" in problems
    assert f"{second.name} is missing" in problems
    assert "notes.md is not made from a master" in problems


def test_check_command_passes_on_this_repository():
    run = run_autograder("exercises", "--check", cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_release_holds_no_solution_and_no_hidden_test(masters):
    for exercise in masters.names():
        master = notebooks.read(masters.path(exercise))
        shown = {line for cell in master.cells if "answer" not in cell.metadata for line in code_lines(cell.source)}
        secret = set()
        for text in [
            *masters.reference_answers(exercise).values(),
            *read_titled_cells(masters.hidden_tests(exercise)).values(),
        ]:
            secret |= set(code_lines(text))
        for suffix in notebooks.SUFFIXES:
            released = (masters.exercises / f"{masters.notebook(exercise)}{suffix}").read_text(encoding="utf-8")
            assert "HIDDEN TESTS" not in released
            assert "SOLUTION" not in released
            sources = [
                cell.source
                for cell in notebooks.read(masters.exercises / f"{masters.notebook(exercise)}{suffix}").cells
            ]
            visible = {line for source in sources for line in code_lines(source)}
            signatures = {line for line in secret if line.startswith("def ") or "..." in line}
            docstrings = {line for line in visible if line in shown}
            leaked = (secret - signatures - docstrings) & visible
            assert leaked <= _docstring_lines(masters, exercise), leaked


def _docstring_lines(masters, exercise) -> set[str]:
    """Lines of a master's answer cells outside of the solution regions: those are meant to be seen."""
    lines = set()
    for cell in notebooks.read(masters.path(exercise)).cells:
        if "answer" in cell.metadata:
            hidden = False
            for line in cell.source.splitlines():
                hidden = (hidden or "BEGIN SOLUTION" in line) and "END SOLUTION" not in line
                if not hidden:
                    lines.add(line.strip())
    return lines


def test_both_forms_hold_the_same_cells(masters):
    for exercise in masters.names():
        script, notebook = (
            notebooks.read(masters.exercises / f"{masters.notebook(exercise)}{suffix}") for suffix in (".py", ".ipynb")
        )
        assert [(c.cell_type, c.source, c.metadata) for c in script.cells] == [
            (c.cell_type, c.source, c.metadata) for c in notebook.cells
        ]


def test_each_exercise_is_worth_ten_points_in_small_steps(masters):
    for exercise in masters.names():
        cells = masters.source_notebook(exercise).cells
        points = [c.metadata.nbgrader["points"] for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert sum(points) == 10
        assert set(points) <= {0, 1, 2}


def test_contract_names_are_answer_cells(masters):
    contract = {
        "_5_6_1": ["param_grid", "count_fits", "refine_grid"],
        "_5_6_2": ["param_distributions", "timed_fit", "run_searches", "compare", "choose_strategy"],
        "_5_6_3": ["select_best", "freeze", "thaw", "round_trip_errors", "resume_training", "save_recipe"],
    }
    assert {exercise: list(masters.reference_answers(exercise)) for exercise in masters.names()} == contract


def test_every_question_has_two_hints_that_open_one_at_a_time(masters):
    for exercise in masters.names():
        text = "\n".join(c.source for c in notebooks.read(masters.path(exercise)).cells if c.cell_type == "markdown")
        questions = text.split("## Question ")[1:]
        assert len(questions) == len(masters.reference_answers(exercise))
        for question in questions:
            assert question.count("<details>") == question.count("</details>") >= 2
            inner = question.index("<details>", question.index("<details>") + 1)
            assert "</details>" not in question[:inner]  # the second hint lies inside the first


def test_hidden_tests_without_a_cell_are_refused(copy):
    path = copy.hidden_tests("_5_6_1")
    path.write_text(path.read_text() + "\n# %% test_of_nothing\nassert True\n")
    with pytest.raises(AuthoringError, match="test_of_nothing"):
        copy.source_notebook("_5_6_1")


def test_a_test_cell_without_hidden_tests_is_refused(copy):
    path = copy.hidden_tests("_5_6_1")
    path.write_text(path.read_text().replace("# %% test_count_fits_list", "# %% [markdown]"))
    with pytest.raises(AuthoringError, match="test_count_fits_list"):
        copy.source_notebook("_5_6_1")
