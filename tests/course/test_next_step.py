"""`make progress`: lessons and exercises in one table, and what is still open."""

from __future__ import annotations

import io
import os
import re

import pytest
from rich.console import Console

from autograder.course import notebooks
from coffee_shop import next_step, scorecard
from coffee_shop.practice import TURNS
from coffee_shop.quiz import questions
from tests.course.repository import MASTERS
from tests.support import ROOT

LOST = {"score": 0, "max_score": 1, "message": "Not answered yet: [red] `a` is still `...`."}
WON = {"score": 1, "max_score": 1, "message": ""}
FILES = {name: ROOT / "exercises" / f"{name}.ipynb" for name in next_step.EXERCISES.values()}


def result(*cells):
    return {"score": sum(cell["score"] for cell in cells), "max_score": len(cells), "cells": [*cells]}


def answer_everything(lesson, but=()):
    next_step.answers_to(lesson)  # imports the checks, so that TURNS has all
    for name, asked in questions()[lesson].items():
        if name not in but:
            scorecard.record(asked["kind"], lesson, name, "wrong" if asked["kind"] == "quiz" else 0)
    for where, name in TURNS:
        if where == lesson:
            scorecard.record("turn", lesson, name, True)


def test_what_is_open_comes_in_the_order_of_the_course(scorecard_of_its_own):
    marks = {name: result(WON, LOST) for name in FILES}
    lines = next_step.still_open(FILES, marks)
    assert len(lines) == 14
    assert re.fullmatch(r"notebooks/01_welcome.ipynb: still open are “Your turn”: 3, quizzes: 1, .*: 1\.", lines[0])
    assert lines[3] == f"{FILES['_5_6_1_exercise']}: {LOST['message']}"
    assert lines[13].startswith("notebooks/10_recap.ipynb")


def test_what_is_done_is_left_out_right_or_wrong(scorecard_of_its_own):
    for lesson in sorted(questions()):
        answer_everything(lesson)
    marks = {name: result(WON, WON) for name in FILES}
    assert next_step.still_open(FILES, marks) == []
    marks["_5_6_2_exercise"] = result(WON, LOST)
    assert next_step.still_open(FILES, marks) == [f"{FILES['_5_6_2_exercise']}: {LOST['message']}"]
    del marks["_5_6_2_exercise"]
    (line,) = next_step.still_open(FILES, marks)
    assert "could not be marked" in line


def test_one_question_that_is_missing_is_seen(scorecard_of_its_own):
    answer_everything("01_welcome", but=["stay"])
    assert next_step.still_open({}, {})[0] == "notebooks/01_welcome.ipynb: still open are predictions: 1."


def shown(table):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_table_adds_up_points_and_answers(scorecard_of_its_own):
    answer_everything("01_welcome")
    marks = {"_5_6_1_exercise": result(WON, LOST), "_5_6_3_exercise": result(WON)}
    text = shown(next_step.table(FILES, marks))
    assert re.search(r"03_grid_search .*\n +_5_6_1_exercise\.ipynb +1 of 2 *\n +04_random_search", text)
    assert re.search(r"_5_6_2_exercise\.ipynb +\? *\n", text)
    assert re.search(r"together +0 of \d+ +3 of \d+ +1 of \d+ +2 of 3", text)
    assert "exercise" not in shown(next_step.table({}, {}))


def test_the_file_that_was_saved_last_counts(tmp_path):
    for name, seconds in {"_5_6_1_exercise.py": 2, "_5_6_1_exercise.ipynb": 1, "_5_6_2_exercise.ipynb": 1}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    assert next_step.newest(tmp_path) == {
        "_5_6_1_exercise": tmp_path / "_5_6_1_exercise.py",
        "_5_6_2_exercise": tmp_path / "_5_6_2_exercise.ipynb",
    }


def test_exercises_belong_to_the_lessons_that_the_first_one_names():
    text = "\n".join(cell.source for cell in notebooks.read(ROOT / "notebooks" / "01_welcome.ipynb").cells)
    rows = re.findall(r"\| lesson (\w+) \| \[.ipynb\]\(\.\./exercises/(\w+)\.ipynb\)", text)
    assert [(lesson.partition("_")[0].lstrip("0"), name) for lesson, name in next_step.EXERCISES.items()] == rows


def test_the_exercises_are_marked_and_what_cannot_be_read_is_told(tmp_path, scorecard_of_its_own, capfd, monkeypatch):
    released = notebooks.read(MASTERS.exercises / "_5_6_1_exercise.ipynb")
    solved = notebooks.fill(released, MASTERS.reference_answers("_5_6_1"))
    notebooks.write(solved, tmp_path / "_5_6_1_exercise.ipynb")
    (tmp_path / "_5_6_2_exercise.ipynb").write_text("{")
    monkeypatch.chdir(ROOT)
    next_step.main(tmp_path)
    told, errors = capfd.readouterr()
    assert re.search(r"_5_6_1_exercise\.ipynb +10 of 10", told)
    assert re.search(r"_5_6_2_exercise\.ipynb +\?", told)
    assert told.count("Next: ") == 3
    assert "_5_6_2_exercise.ipynb" in errors


@pytest.mark.parametrize("folder", ["", "missing"])
def test_without_exercises_the_lessons_are_shown_all_the_same(folder, tmp_path, scorecard_of_its_own, capsys):
    next_step.main(tmp_path / folder)
    assert "together" in capsys.readouterr().out
