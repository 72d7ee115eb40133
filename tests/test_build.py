"""Masters and hidden tests become exercises that hold neither solutions nor hidden tests."""

from __future__ import annotations

import shutil

import pytest

from autograder import notebooks
from autograder.build import (
    BuildError,
    build_exercises,
    read_titled_cells,
    reference_answers,
    source_notebook,
    stale_exercises,
)
from autograder.layout import Layout, notebook_name
from tests.conftest import run_autograder


@pytest.fixture
def copy(layout, tmp_path):
    """A copy of the repository's masters, hidden tests and exercises that may be changed."""
    for folder in ("solutions", "exercises", "autograder/hidden_tests"):
        shutil.copytree(layout.root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Layout(tmp_path)


def code_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if len(line) > 12 and not line.startswith(("#", '"""'))]


def test_exercises_are_up_to_date_and_reproducible(copy):
    assert stale_exercises(copy) == []
    build_exercises(copy, copy.root / "again")
    for path in copy.exercises.iterdir():
        assert (copy.root / "again" / path.name).read_bytes() == path.read_bytes()


def test_check_says_what_is_stale(copy):
    first, second = sorted(copy.exercises.glob("*.ipynb"))[:2]
    first.write_text(first.read_text().replace("coffee", "tea", 1))
    second.unlink()
    (copy.exercises / "notes.md").write_text("left over")
    problems = stale_exercises(copy)
    assert f"{first.name} is out of date" in problems
    assert f"{second.name} is missing" in problems
    assert "notes.md is not made from a master" in problems


def test_build_check_command_passes_on_this_repository():
    run = run_autograder("build", "--check")
    assert run.returncode == 0, run.stderr


def test_release_holds_no_solution_and_no_hidden_test(layout):
    for exercise in layout.masters():
        master = notebooks.read(layout.masters()[exercise])
        shown = {line for cell in master.cells if "answer" not in cell.metadata for line in code_lines(cell.source)}
        secret = set()
        for text in [
            *reference_answers(layout, exercise).values(),
            *read_titled_cells(layout.tests_of(exercise)).values(),
        ]:
            secret |= set(code_lines(text))
        for suffix in notebooks.SUFFIXES:
            released = (layout.exercises / f"{notebook_name(exercise)}{suffix}").read_text(encoding="utf-8")
            assert "HIDDEN TESTS" not in released
            assert "SOLUTION" not in released
            sources = [
                cell.source for cell in notebooks.read(layout.exercises / f"{notebook_name(exercise)}{suffix}").cells
            ]
            visible = {line for source in sources for line in code_lines(source)}
            signatures = {line for line in secret if line.startswith("def ") or "..." in line}
            docstrings = {line for line in visible if line in shown}
            leaked = (secret - signatures - docstrings) & visible
            assert leaked <= _docstring_lines(layout, exercise), leaked


def _docstring_lines(layout, exercise) -> set[str]:
    """Lines of a master's answer cells outside of the solution regions: those are meant to be seen."""
    lines = set()
    for cell in notebooks.read(layout.masters()[exercise]).cells:
        if "answer" in cell.metadata:
            hidden = False
            for line in cell.source.splitlines():
                hidden = (hidden or "BEGIN SOLUTION" in line) and "END SOLUTION" not in line
                if not hidden:
                    lines.add(line.strip())
    return lines


def test_both_forms_hold_the_same_cells(layout):
    for exercise in layout.masters():
        script, notebook = (
            notebooks.read(layout.exercises / f"{notebook_name(exercise)}{suffix}") for suffix in (".py", ".ipynb")
        )
        assert [(c.cell_type, c.source, c.metadata) for c in script.cells] == [
            (c.cell_type, c.source, c.metadata) for c in notebook.cells
        ]


def test_each_exercise_is_worth_ten_points_in_small_steps(layout):
    for exercise in layout.masters():
        cells = source_notebook(layout, exercise).cells
        points = [c.metadata.nbgrader["points"] for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert sum(points) == 10
        assert set(points) <= {0, 1, 2}


def test_contract_names_are_answer_cells(layout):
    contract = {
        "_5_6_1": ["param_grid", "count_fits", "refine_grid"],
        "_5_6_2": ["param_distributions", "timed_fit", "run_searches", "compare", "choose_strategy"],
        "_5_6_3": ["select_best", "freeze", "thaw", "round_trip_errors", "resume_training", "save_recipe"],
    }
    assert {exercise: list(reference_answers(layout, exercise)) for exercise in layout.masters()} == contract


def test_every_question_has_two_hints_that_open_one_at_a_time(layout):
    for exercise in layout.masters():
        text = "\n".join(
            c.source for c in notebooks.read(layout.masters()[exercise]).cells if c.cell_type == "markdown"
        )
        questions = text.split("## Question ")[1:]
        assert len(questions) == len(reference_answers(layout, exercise))
        for question in questions:
            assert question.count("<details>") == question.count("</details>") >= 2
            inner = question.index("<details>", question.index("<details>") + 1)
            assert "</details>" not in question[:inner]  # the second hint lies inside the first


def test_hidden_tests_without_a_cell_are_refused(copy):
    path = copy.tests_of("_5_6_1")
    path.write_text(path.read_text() + "\n# %% test_of_nothing\nassert True\n")
    with pytest.raises(BuildError, match="test_of_nothing"):
        source_notebook(copy, "_5_6_1")


def test_a_test_cell_without_hidden_tests_is_refused(copy):
    path = copy.tests_of("_5_6_1")
    path.write_text(path.read_text().replace("# %% test_count_fits_list", "# %% [markdown]"))
    with pytest.raises(BuildError, match="test_count_fits_list"):
        source_notebook(copy, "_5_6_1")
