"""Pairs of students side by side, as one HTML page. It loads nothing and has no script."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader

from autograder.course.text import printable
from autograder.similarity.answers import LARGEST, Answer
from autograder.similarity.fingerprints import LENGTH, merge
from autograder.similarity.pairs import COMMON, Pair

SHOWN = 50  # pairs


@dataclass(frozen=True)
class Piece:
    """A piece of an answer: whether it stands in the other student's as well, and the text."""

    is_shared: bool
    text: str


def write_page(assignment: str, students: int, pairs: Sequence[Pair], notes: Sequence[str], path: Path) -> None:
    """Write the page. It replaces the old one in one step.

    Parameters
    ----------
    assignment : str
    students : int
        How many were compared.
    pairs : sequence of Pair
        The most alike first.
    notes : sequence of str
        About what could not be compared.
    path : Path

    Raises
    ------
    OSError
        If it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("autograder", "similarity"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    page = environment.get_template("similarity.html.j2").render(
        assignment=assignment,
        students=students,
        pairs=pairs[:SHOWN],
        left=len(pairs) - len(pairs[:SHOWN]),
        notes=notes,
        pieces=cut,
        LENGTH=LENGTH,
        COMMON=COMMON,
        LARGEST=LARGEST,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(page, encoding="utf-8", errors="backslashreplace")
    os.replace(new, path)


def cut(answer: Answer, shared: frozenset[int]) -> list[Piece]:
    """Return an answer in pieces, by turns only this student's and shared with the other."""
    places = [one.place for one in answer.fingerprints if one.hash in shared]
    pieces, end = [], 0
    for start, stop in merge(places, answer.tokens):
        pieces += [Piece(False, answer.source[end:start]), Piece(True, answer.source[start:stop])]
        end = stop
    return [piece for piece in [*pieces, Piece(False, answer.source[end:])] if piece.text]


def _shown(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "\n".join(printable(line.expandtabs(4)) for line in value.split("\n"))
