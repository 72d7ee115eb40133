"""How far a learner has come in lessons and exercises, and what to do next: ``python -m coffee_shop.next_step``.

The exercises of the folder ``exercises`` are marked by `autograder check`, which runs them and writes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from coffee_shop.quiz import questions
from coffee_shop.score import add_up, answers_to

EXERCISES = {"03_grid_search": "_5_6_1_exercise", "04_random_search": "_5_6_2_exercise", "08b_trust": "_5_6_3_exercise"}
_LEFT = {"turn": "“Your turn”:", "quiz": "quizzes:", "prediction": "predictions:"}
_SHOWN = 3  # of what is open


def newest(folder: Path) -> dict[str, Path]:
    """Return the file of each exercise: notebook or script, whichever was saved last."""
    files = {name: [folder / f"{name}{suffix}" for suffix in (".py", ".ipynb")] for name in EXERCISES.values()}
    there = {name: [file for file in both if file.is_file()] for name, both in files.items()}
    return {name: max(both, key=lambda file: file.stat().st_mtime) for name, both in there.items() if both}


def mark(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Return what `autograder check` says of exercises; those that it cannot mark are missing, and it says why."""
    command = [sys.executable, "-m", "autograder", "check", "--json", *map(str, files.values())]
    run = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8")
    results = map(json.loads, run.stdout.splitlines())
    return {result["notebook"]: result for result in results}


def table(files: Mapping[str, Path], marks: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a row for each lesson and exercise, in the order in which they are done, and one for all."""
    lessons = add_up()
    shown = Table("", *lessons.columns, "points", box=box.SIMPLE_HEAD)
    shown.columns[0].no_wrap = True
    for column in shown.columns[1:]:
        column.justify = "right"
    for lesson, row in lessons.drop("together").iterrows():
        shown.add_row(lesson, *row, "")
        if (name := EXERCISES.get(lesson)) in files:
            shown.add_row(f"  {files[name].name}", *[""] * len(row), _points([marks[name]]) if name in marks else "?")
    shown.add_section()
    shown.add_row("together", *lessons.loc["together"], _points([*marks.values()]))
    return shown


def still_open(files: Mapping[str, Path], marks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a line for each lesson and exercise that is not done, in the order in which they are done."""
    lines = []
    for lesson in sorted(questions()):
        if left := _left(lesson):
            lines.append(f"notebooks/{lesson}.ipynb: still open are {left}.")
        if (name := EXERCISES.get(lesson)) in files and (lost := _lost(marks.get(name))):
            lines.append(f"{files[name]}: {lost}")
    return lines


def _left(lesson: str) -> str:
    missing = {kind: given.count(None) for kind, given in answers_to(lesson).items()}
    return ", ".join(f"{what} {missing[kind]}" for kind, what in _LEFT.items() if missing[kind])


def _lost(mark: Mapping[str, Any] | None) -> str:
    """Return what is said of the first idea of an exercise that lost points."""
    if mark is None:
        return "it could not be marked; why is said above."
    return next((cell["message"] for cell in mark["cells"] if cell["score"] < cell["max_score"]), "")


def _points(marks: list[Mapping[str, Any]]) -> str:
    won, all_ = (sum(mark[key] for mark in marks) for key in ("score", "max_score"))
    return f"{won:g} of {all_:g}"


def main(folder: Path = Path("exercises")) -> None:
    """Mark the exercises, and print the table and what to do next."""
    files = newest(folder)
    marks = mark(files) if files else {}
    console = Console()
    console.print(table(files, marks))
    lines = still_open(files, marks)
    for line in lines[:_SHOWN]:
        console.print(f"Next: {line}", markup=False, highlight=False)
    if not lines:
        console.print("Everything is done. Well tuned!")


if __name__ == "__main__":
    main()
