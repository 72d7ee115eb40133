"""The page about the review of the lessons names cells that are there."""

from __future__ import annotations

import re

from autograder.course import notebooks
from tests.support import ROOT

PAGE = (ROOT / "notebooks" / "site" / "review.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|.*\| (\d\d\w?_\w+)(?: \||, )(.*)\|$", PAGE, re.MULTILINE)


def test_every_row_of_the_review_has_its_place():
    assert {f"E{number}" for number in range(1, 24)} == set(re.findall(r"^\| (E\d+) \|", PAGE, re.MULTILINE))


def test_every_cell_that_the_page_names_is_there():
    cells = {
        path.stem: {cell.id for cell in notebooks.read(path).cells} for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    named = [(lesson, name) for lesson, names in ROWS for name in re.findall(r"`([\w-]+)`", names)]
    assert len(named) > 50
    assert [(lesson, name) for lesson, name in named if name not in cells[lesson]] == []
