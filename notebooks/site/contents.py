"""What the site consists of: lessons and exercises in reading order, and what their first cells say of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from coffee_shop.next_step import EXERCISES

FOLDERS = ("notebooks", "exercises")
_AIM_AND_TIME = re.compile(r"\*\*You will\*\* (.+?) \*\*You need\*\* .*\*\*Time\*\*: (\d+) minutes")


@dataclass(frozen=True)
class Lesson:
    """What the first cell of a lesson says of it."""

    name: str
    title: str
    aim: str
    minutes: int
    folder = "notebooks"

    @property
    def number(self) -> str:
        """The lesson's number as it is told, such as 8 or 8b."""
        return number_of(self.name)

    @property
    def status(self) -> str:
        """What stands above the text of its page."""
        return f"Lesson {self.number} · {self.minutes} minutes"

    @property
    def entry(self) -> str:
        """Its line in the list of contents."""
        return f"{self.number} · {self.title}"


@dataclass(frozen=True)
class Exercise:
    """What the first cell of an exercise says of it, and the lesson after which it is read, if there is one."""

    name: str
    title: str
    introduction: str
    lesson: str | None
    folder = "exercises"

    @property
    def aim(self) -> str:
        """What the reader will do in it."""
        return f"practise what lesson {number_of(self.lesson)} shows." if self.lesson else "practise."

    @property
    def status(self) -> str:
        """What stands above the text of its page."""
        return f"Exercise for lesson {number_of(self.lesson)}" if self.lesson else "Exercise"

    @property
    def entry(self) -> str:
        """Its line in the list of contents."""
        return self.title


def in_reading_order(notebooks: Iterable[Path]) -> list[Lesson | Exercise]:
    """Return lessons by their numbers, each followed by its exercise; exercises of no lesson are last.

    Parameters
    ----------
    notebooks : iterable of Path
        Lessons and exercises, told apart by the folder in which they lie.
    """
    paths = sorted(notebooks, key=lambda path: path.stem)
    tasks = [exercise_of(path) for path in paths if path.parent.name == Exercise.folder]
    told = []
    for lesson in [lesson_of(path) for path in paths if path.parent.name == Lesson.folder]:
        told += [lesson, *(task for task in tasks if task.lesson == lesson.name)]
    return told + [task for task in tasks if task not in told]


def lesson_of(path: Path) -> Lesson:
    """Return title, aim and time of a lesson, read from its first cell.

    Raises
    ------
    ValueError
        If one of them is not there.
    """
    first = _first_cell(path)
    found = _AIM_AND_TIME.search(" ".join(first.split()))
    if not (first.startswith("# ") and found):
        raise ValueError(f"{path.name}: the first cell must have a title, **You will**, **You need** and **Time**")
    return Lesson(path.stem, title_of(path), found[1], int(found[2]))


def exercise_of(path: Path) -> Exercise:
    """Return title and first paragraph of an exercise, and its lesson, which `coffee_shop.next_step` knows."""
    paragraphs = _first_cell(path).split("\n\n")
    lesson = next((lesson for lesson, exercise in EXERCISES.items() if exercise == path.stem), None)
    return Exercise(path.stem, title_of(path), " ".join(" ".join(paragraphs[1:2]).split()), lesson)


def title_of(path: Path) -> str:
    """Return a notebook's title, the first line of its first cell."""
    return _first_cell(path).partition("\n")[0].removeprefix("# ")


def number_of(lesson: str) -> str:
    """Return the number of a lesson as it is told, from its name: 8b for ``08b_trust``."""
    return lesson.split("_")[0].removeprefix("0")


def _first_cell(path: Path) -> str:
    return nbformat.read(path, as_version=4).cells[0].source
