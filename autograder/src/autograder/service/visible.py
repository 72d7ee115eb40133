"""The visible tests of a notebook: what its student may know before it is marked.

The notebook runs without the hidden tests: they are taken out before, not only left out of what is shown.
"""

from __future__ import annotations

import copy
from typing import Any

from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution
from traitlets.config import Config

from autograder.check import CheckResult
from autograder.course.assignment import Template
from autograder.course.notebooks import grade_id
from autograder.course.text import shorten

_MESSAGE = 1000  # characters
_MOST_NOTES = 20
PASSED, PARTLY, FAILED, LATER = "passed", "partly", "failed", "later"


def clear_hidden(template: Template, config: Config) -> Template:
    """Return a notebook of an assignment without its hidden tests and without the reference answers."""
    nb, _ = ClearHiddenTests(config=config).preprocess(copy.deepcopy(template.notebook), {})
    return Template(nb)


def describe(result: CheckResult, template: Template, cleared: Template) -> dict[str, Any]:
    """Return how the visible tests went, as plain data.

    Parameters
    ----------
    result : CheckResult
        Of a run without hidden tests.
    template, cleared : Template
        The notebook of the assignment with its hidden tests, and without them.

    Returns
    -------
    dict
        ``tests``: of each graded cell the name, the ``outcome`` (`PASSED`, `PARTLY`, `FAILED`, or `LATER` if nothing of
        it is decided before marking), the points that there are to win, whether hidden tests follow, and the message.
        ``notes``: what was odd about the notebook.
    """
    hidden, decided_later = _find_hidden(template, cleared)
    tests = [
        {
            "name": mark.grade_id,
            "outcome": LATER if mark.grade_id in decided_later else _outcome(mark.score, mark.max_score),
            "max_score": mark.max_score,
            "hidden_tests": mark.grade_id in hidden,
            "message": "" if mark.grade_id in decided_later else _readable(mark.message),
        }
        for mark in result.cells
    ]
    return {"tests": tests, "notes": [_readable(note) for note in result.notes[:_MOST_NOTES]]}


def describe_error(error: object) -> dict[str, Any]:
    """Return the verdict of a notebook whose tests could not be run."""
    return {"tests": [], "notes": [f"The tests could not be run: {_readable(str(error))}"]}


def _find_hidden(template: Template, cleared: Template) -> tuple[set[str | None], set[str | None]]:
    """Return the ids of the graded cells with hidden tests, and of those of which nothing is decided without them."""
    hidden, later = set(), set()
    for whole, shown in zip(template.notebook.cells, cleared.notebook.cells, strict=True):
        if not is_grade(whole):
            continue
        if whole.source != shown.source:
            hidden.add(grade_id(whole))
        if is_solution(whole) or whole.cell_type != "code" or not _has_code(shown.source):
            later.add(grade_id(whole))
    return hidden, later


def _has_code(source: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in source.splitlines())


def _outcome(score: float, max_score: float) -> str:
    if score >= max_score:
        return PASSED
    return PARTLY if score > 0 else FAILED


def _readable(text: str) -> str:
    """Return text of a student's process line by line, without what steers a terminal or hides something."""
    return "\n".join(shorten(line, _MESSAGE) for line in text[:_MESSAGE].splitlines())
