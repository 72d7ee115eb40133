"""What a student has answered in all lessons, added up."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pandas as pd

from coffee_shop import practice, scorecard
from coffee_shop.quiz import questions

KINDS = {"quiz": "quizzes right at the first click", "turn": "your turn", "prediction": "predictions noted"}


def add_up() -> pd.DataFrame:
    """Return a row for each lesson, and one for all: how much of what it asks has been answered, and how well.

    A quiz counts if the first click was right. A prediction counts if it was noted, right or wrong.
    """
    rows = {lesson: _counts(answers_to(lesson)) for lesson in sorted(questions())}
    table = pd.DataFrame(rows).T
    table.loc["together"] = table.sum()
    shown = {name: [f"{got} of {all_}" for got, all_ in zip(table[kind], table[f"all {kind}"], strict=True)]
             for kind, name in KINDS.items()}  # fmt: skip
    return pd.DataFrame(shown, index=table.index)


def answers_to(lesson: str) -> dict[str, list]:
    """Return the answers to all that a lesson asks, by the kinds of `KINDS`; None stands for those that are missing."""
    for module in iter_modules(practice.__path__):
        import_module(f"{practice.__name__}.{module.name}")
    asked = {kind: [name for name, one in questions()[lesson].items() if one["kind"] == kind]
             for kind in ("quiz", "prediction")}  # fmt: skip
    asked["turn"] = [name for where, name in practice.TURNS if where == lesson]
    return {kind: [scorecard.recall(kind, lesson, name) for name in names] for kind, names in asked.items()}


def _counts(answers: dict[str, list]) -> dict[str, int]:
    counts = {}
    for kind, given in answers.items():
        counts[kind] = sum(answer == "first" if kind == "quiz" else answer is not None for answer in given)
        counts[f"all {kind}"] = len(given)
    return counts
