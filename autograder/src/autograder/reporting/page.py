"""How a class did as one HTML page. It loads nothing, and its only script is the engine's own."""

from __future__ import annotations

import base64
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from math import sqrt
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from autograder.course.text import shorten
from autograder.reporting.items import FEWEST, CellResult
from autograder.reporting.mistakes import NAMED, SHOWN, Mistake
from autograder.reporting.states import State
from autograder.reporting.summary import Summary
from autograder.reporting.tenths import TENTHS
from autograder.reporting.weights import read_weights

_TEXT = 500  # characters of a text, which a student may have written


@dataclass
class Bar:
    """One bar of a histogram: how many, how high in percent of the highest, and from and to which share in percent."""

    count: int
    height: float
    low: int
    high: int


@dataclass
class FailedTest:
    """A test with its mistakes: those that are shown, and how many others there are of how many students."""

    notebook: str
    grade_id: str
    students: int
    mistakes: Sequence[Mistake]
    others: int
    of_others: int


def page_of(summary: Summary, folder: Path = Path()) -> str:
    """Return the summary as one HTML page.

    Parameters
    ----------
    summary : Summary
    folder : Path
        Where the page will lie, for links to feedback pages.
    """
    environment = Environment(
        loader=PackageLoader("autograder", "reporting"), autoescape=True, trim_blocks=True, finalize=_shown
    )
    environment.filters |= {"bars": _bars, "chance": _chance}
    script = (resources.files("autograder") / "reporting" / "report.js").read_text(encoding="utf-8")
    weights = read_weights(summary)
    return environment.get_template("report.html.j2").render(
        summary=summary,
        State=State,
        FEWEST=FEWEST,
        items=_by_notebook(summary.cells),
        tests=_by_test(summary.mistakes),
        named=NAMED,
        link=lambda mistake, student: _link(mistake, student, folder),
        weighted=weights.cells,
        weights=weights.as_dict(),
        script=Markup(script),
        fingerprint=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _bars(counts: Sequence[int]) -> list[Bar]:
    highest = max(*counts, 1)
    return [
        Bar(count, 100 * count / highest, 100 * n // TENTHS, 100 * (n + 1) // TENTHS) for n, count in enumerate(counts)
    ]


def _chance(cell: CellResult) -> str:
    """Return by how much chance alone moves a discrimination: the standard error where there is no correlation."""
    return f"{1 / sqrt(cell.compared - 1):.1f}"


def _by_notebook(cells: Iterable[CellResult]) -> dict[str, list[CellResult]]:
    found: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        found[cell.notebook].append(cell)
    return dict(sorted(found.items()))


def _by_test(mistakes: Iterable[Mistake]) -> list[FailedTest]:
    """Return the tests that failed, the one that failed most often first."""
    found: dict[tuple[str, str], list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        found[mistake.notebook, mistake.grade_id].append(mistake)
    tests = []
    for test, those in found.items():
        rest = those[SHOWN:]
        tests.append(FailedTest(*test, _count(those), those[:SHOWN], len(rest), _count(rest)))
    return sorted(tests, key=lambda test: -test.students)


def _count(mistakes: Iterable[Mistake]) -> int:
    return sum(len(mistake.students) for mistake in mistakes)


def _link(mistake: Mistake, student: str, folder: Path) -> Markup:
    """Return the address of a feedback page, seen from the report; empty if there is none."""
    page = mistake.pages.get(student)
    return Markup(quote(os.fsencode(os.path.relpath(page, folder))) if page else "")  # nothing is left to escape


def _shown(value: object) -> object:
    if isinstance(value, Markup):  # the engine's own
        return value
    return shorten(value, _TEXT) if isinstance(value, str) else value
