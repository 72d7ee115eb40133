"""Where a repository keeps its masters, hidden tests, exercises and course, and how exercises are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_EXERCISE = re.compile(r"_(?P<assignment>\d+_\d+)_\d+(?=_|$)")


@dataclass(frozen=True)
class Layout:
    """The folders of a repository with exercises; ``root`` is its top level."""

    root: Path

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def hidden_tests(self) -> Path:
        return self.root / "autograder" / "hidden_tests"

    @property
    def exercises(self) -> Path:
        return self.root / "exercises"

    @property
    def course(self) -> Path:
        return self.root / "course"

    def masters(self) -> dict[str, Path]:
        """Return the master of each exercise, by name, such as ``_5_6_1``."""
        return {exercise_name(path.stem): path for path in sorted(self.solutions.glob("_*_solution.py"))}

    def tests_of(self, exercise: str) -> Path:
        return self.hidden_tests / f"{exercise}_tests.py"


BUNDLED = Layout(Path(__file__).resolve().parents[1])


def exercise_name(text: str) -> str:
    """Return the exercise that a file or notebook name starts with: ``_5_6_1`` of ``_5_6_1_solution``."""
    match = _EXERCISE.match(text)
    return match[0] if match else text


def assignment_name(exercise: str) -> str:
    """Return the nbgrader assignment of an exercise: ``5_6`` of ``_5_6_1``."""
    match = _EXERCISE.match(exercise)
    return match["assignment"] if match else exercise


def notebook_name(exercise: str) -> str:
    """Return the name, without suffix, of the notebook that a student fills in."""
    return f"{exercise}_exercise"
