"""The glossary explains what the lessons say, each term once, where a reader looks for it."""

from __future__ import annotations

import re

import pytest

from autograder.course import notebooks
from notebooks.site.execute import lessons
from tests.support import ROOT

GLOSSARY = (ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8")
ROWS = [[part.strip() for part in line.strip("|").split(" | ")] for line in GLOSSARY.splitlines()[6:]]
TERMS = [row[0] for row in ROWS]
LESSONS = " ".join(" ".join(cell.source for cell in notebooks.read(path).cells) for path in lessons())
_SAID = " ".join(LESSONS.replace("`", "").lower().split())


def plain(term: str) -> str:
    return term.replace("`", "").lower()


def is_said(term: str) -> bool:
    """Say whether the lessons use a term, or each of several, in the singular or the plural."""
    return all(re.search(rf"(?<!\w){re.escape(one)}(s|es)?(?!\w)", _SAID) for one in plain(term).split(", "))


def test_each_term_stands_once_in_its_place():
    assert len(TERMS) > 50
    assert [plain(term).lstrip(".") for term in TERMS] == sorted(plain(term).lstrip(".") for term in set(TERMS))


@pytest.mark.parametrize("row", ROWS, ids=TERMS)
def test_a_term_has_a_meaning_in_one_line_and_is_said_in_the_lessons(row):
    assert len(row) == 3
    assert 10 < len(row[1]) < 140
    assert is_said(row[0])


def test_what_no_lesson_says_is_noticed():
    assert is_said("cross-validation")
    assert not is_said("quantum annealing")
    assert not is_said("fol")


def test_the_first_and_the_last_lesson_lead_to_it():
    texts = {path.stem: " ".join(cell.source for cell in notebooks.read(path).cells) for path in lessons()}
    assert [name for name, text in texts.items() if "](glossary.md)" in text] == ["01_welcome", "10_recap"]
