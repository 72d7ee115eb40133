"""Mark exercise files on the spot, one at a time and with no gradebook."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from autograder.build import default_config, template_notebook
from autograder.intake import identify, read_submission, restore
from autograder.layout import BUNDLED, exercise_name, notebook_name
from autograder.marks import Mark, read_marks
from autograder.run import KernelLost, run_notebook


class NoExercise(Exception):
    """The file could not be read or run, or is no exercise of this course; the message says which."""


@dataclass(frozen=True)
class Result:
    """The marks of one exercise file and what an instructor should know about it."""

    exercise: str
    cells: list[Mark]
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum(mark.score for mark in self.cells)

    @property
    def max_score(self) -> float:
        return sum(mark.max_score for mark in self.cells)

    def as_dict(self) -> dict:
        """Return the result as plain data, ready for JSON."""
        return {
            "exercise": self.exercise,
            "score": self.score,
            "max_score": self.max_score,
            "cells": [asdict(mark) for mark in self.cells],
        }


def check_file(path: Path, sandbox: str = "bubblewrap") -> Result:
    """Run the exercise in ``path``, ``.py`` or ``.ipynb``, in its own folder and mark it.

    Parameters
    ----------
    path : Path
    sandbox : str
        What it is shut in, ``bubblewrap`` or ``none``.

    Raises
    ------
    NoExercise
        If the file cannot be read or run, or is no exercise of this course.
    """
    try:
        submitted = read_submission(path)
    except ValueError as error:
        raise NoExercise(str(error)) from error
    templates = bundled_templates()
    name = identify(submitted, path.stem, templates)
    if name is None:
        raise NoExercise(f"{path.name} is none of the exercises {', '.join(map(exercise_name, templates))}")
    nb, notes = restore(submitted, templates[name])
    config = default_config()
    config.WarmProvisioner.sandbox = sandbox
    try:
        run = run_notebook(nb, path.resolve().parent, config)
    except KernelLost as error:
        raise NoExercise(f"{path.name} could not be run: {error}") from error
    return Result(exercise_name(name), read_marks(nb), [*notes, *run.notes, *filter(None, [run.stopped])])


@cache
def bundled_templates() -> dict[str, NotebookNode]:
    """Return the exercises of this repository by notebook name, with hidden tests where it has them."""
    exercises = sorted({exercise_name(path.stem) for path in BUNDLED.exercises.glob("_*_exercise.ipynb")})
    return {notebook_name(exercise): template_notebook(BUNDLED, exercise) for exercise in exercises}
