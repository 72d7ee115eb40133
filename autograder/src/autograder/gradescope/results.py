"""The marks of one submission as Gradescope reads them, in ``results.json``.

The format is the one that https://gradescope-autograders.readthedocs.io/en/latest/specs/ describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from traitlets.config import Config

from autograder.course.assignment import Assignment
from autograder.course.notebooks import grade_id
from autograder.course.text import shorten
from autograder.gradebook.journal import Entry
from autograder.reporting.items import CellMark

_TEXT = 2000  # characters of a message
_LINE = 200  # characters of a line in the journal
_DIGITS = 4  # of points


def as_results(assignment: Assignment, config: Config, marks: list[CellMark], entry: Entry) -> dict[str, Any]:
    """Return what Gradescope shows of one submission.

    What a hidden test says is left out. A test of which nothing is visible is shown after the grades are published.

    Parameters
    ----------
    assignment : Assignment
    config : Config
        For the words that hidden tests stand between.
    marks : list of CellMark
        Of all graded cells.
    entry : Entry
        How the submission was graded.
    """
    clear = ClearHiddenTests(config=config)
    by_cell = {(mark.notebook, mark.grade_id): mark for mark in marks}
    tests = []
    for name, template in assignment.templates.items():
        for cell in template.notebook.cells:
            mark = by_cell.get((name, grade_id(cell) or ""))
            if mark:
                tests.append(_as_test(mark, entry, _Parts(cell, clear)))
    told = [f"{name}: {shorten(why, _TEXT)}" for name, why in sorted(entry.stopped.items())]
    missing = sorted(set(assignment.templates) - entry.seconds.keys() - entry.stopped.keys())
    told += [f"{name} was not handed in." for name in missing]
    return {
        "score": round(sum(mark.points for mark in marks if not _waits(mark)), _DIGITS),
        "output": "\n".join(told),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


class _Parts:
    """The lines of a test that students see, and those of its hidden tests."""

    def __init__(self, cell: NotebookNode, clear: ClearHiddenTests):
        self.visible: set[str] = set()
        self.hidden: set[str] = set()
        inside = False
        for line in map(str.strip, cell.source.splitlines()):
            if clear.begin_test_delimeter in line or clear.end_test_delimeter in line:
                inside = clear.begin_test_delimeter in line
            elif line:
                (self.hidden if inside else self.visible).add(shorten(line, _LINE))

    @property
    def is_hidden(self) -> bool:
        """Whether there is nothing to see but comments."""
        return bool(self.hidden) and all(line.startswith("#") for line in self.visible)

    def shows(self, place: str) -> bool:
        """Return whether this place, such as ``line 3: assert x``, is no part of a hidden test."""
        line = place.partition(": ")[2]
        return not self.hidden or (line in self.visible and line not in self.hidden)


def _as_test(mark: CellMark, entry: Entry, parts: _Parts) -> dict[str, Any]:
    test: dict[str, Any] = {"name": f"{mark.notebook}: {mark.grade_id}", "name_format": "text"}
    if _waits(mark):
        return test | {"output": "A person gives these points.", "visibility": "visible"}
    won = mark.points >= mark.max_score
    return test | {
        "score": round(mark.points, _DIGITS),
        "max_score": mark.max_score,
        "status": "passed" if won else "failed",
        "output": "" if won else _message(mark, entry, parts),
        "visibility": "after_published" if parts.is_hidden else "visible",
    }


def _message(mark: CellMark, entry: Entry, parts: _Parts) -> str:
    if entry.answered.get(mark.notebook, {}).get(mark.grade_id) is False:
        return "Not answered."
    places: Mapping[str, list[str]] = entry.places.get(mark.notebook, {})
    if not parts.shows(places.get(mark.grade_id, [""])[0]):
        return "A hidden test failed."
    said = entry.failures.get(mark.notebook, {}) | entry.reasons.get(mark.notebook, {})
    return shorten(said.get(mark.grade_id, "Not all of the points."), _TEXT)


def _waits(mark: CellMark) -> bool:
    return mark.waits and mark.max_score > 0
