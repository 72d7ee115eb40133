"""`autograder check` as a student uses it."""

from __future__ import annotations

import json

import pytest

from autograder.course import notebooks
from tests.course.repository import check_json
from tests.support import run_autograder


def test_unsolved_exercises_score_nothing_and_say_so_kindly(masters):
    files = sorted(path for path in masters.exercises.iterdir() if path.suffix == ".py")
    for result in check_json(*files):
        graded = [cell for cell in result["cells"] if cell["max_score"]]
        assert (result["score"], result["max_score"]) == (0, 10)
        assert all(cell["message"].startswith("Not answered yet") for cell in graded)


def test_json_has_the_promised_shape_and_nothing_else_is_printed(masters, tmp_path):
    path = tmp_path / "_5_6_1_exercise.ipynb"
    notebooks.write(notebooks.read(masters.exercises / f"{masters.notebook('_5_6_1')}.ipynb"), path)
    run = run_autograder("check", "--json", path)
    assert run.returncode == 1
    (line,) = run.stdout.splitlines()
    result = json.loads(line)
    assert set(result) == {"notebook", "score", "max_score", "cells"}
    assert result["notebook"] == "_5_6_1_exercise"
    assert all(set(cell) == {"grade_id", "score", "max_score", "message"} for cell in result["cells"])


def test_exit_status_of_a_solved_exercise_is_zero(masters, tmp_path):
    released = notebooks.read(masters.exercises / f"{masters.notebook('_5_6_1')}.ipynb")
    path = tmp_path / "solved.py"
    notebooks.write(notebooks.fill(released, masters.reference_answers("_5_6_1")), path)
    run = run_autograder("check", path)
    assert run.returncode == 0, run.stdout
    assert "10 of 10 points" in run.stdout


def test_exit_status_of_what_is_no_exercise(tmp_path):
    (tmp_path / "letter.py").write_text("print('hello')\n")
    (tmp_path / "broken.ipynb").write_text("{")
    run = run_autograder("check", tmp_path / "letter.py", tmp_path / "broken.ipynb", tmp_path / "missing.py")
    assert run.returncode == 2
    assert run.stdout == ""
    for name in ("letter.py", "broken.ipynb", "missing.py"):
        assert name in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", [[], ["check"], ["init"], ["build"], ["exercises"], ["grade"], ["doctor"]])
def test_help_helps(command):
    run = run_autograder(*command, "--help")
    assert run.returncode == 0
    assert "Usage:" in run.stdout


def test_doctor_finds_this_environment_well():
    run = run_autograder("doctor")
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("✓") == 7
