"""What one honest submission is, and how the files of cases are read: see `read_cases`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_CASE = re.compile(r"^=== (\w+)\n", re.MULTILINE)
_PART = re.compile(r"^--- (\w+)(?: (\S+))?\n", re.MULTILINE)
_KINDS = {"locked", "given", "own", "answer", "other", "test", "task", "written", "attachment", "file"}


@dataclass(frozen=True)
class Part:
    """A piece of a case.

    Attributes
    ----------
    kind : str
        A cell of the instructor's: ``locked``; ``given``, which nobody is kept from changing; ``answer`` with the
        reference solution; ``test``, ``task`` and ``written`` with points. ``own`` is a cell of the student's own,
        ``other`` what is handed in instead of the solution above. ``file`` is a file of the assignment, and
        ``attachment`` a picture in the answer above that a person grades.
    value : str
        Points, or the name of the file or picture.
    text : str
    """

    kind: str
    value: str
    text: str


@dataclass(frozen=True)
class Case:
    """One notebook of the assignment, and what is handed in for it."""

    name: str
    parts: tuple[Part, ...]


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file: after ``=== NAME`` come the parts, each after ``--- KIND VALUE``."""
    pieces = _CASE.split(path.read_text(encoding="utf-8"))[1:]
    return [Case(name, _read_parts(text)) for name, text in zip(pieces[::2], pieces[1::2], strict=True)]


def _read_parts(text: str) -> tuple[Part, ...]:
    pieces = _PART.split(text)
    kinds, values, texts = pieces[1::3], pieces[2::3], pieces[3::3]
    unknown = set(kinds) - _KINDS
    if unknown or pieces[0].strip():
        raise ValueError(f"no part of a case: {unknown or pieces[0]}")
    return tuple(
        Part(kind, value or "", text.rstrip("\n")) for kind, value, text in zip(kinds, values, texts, strict=True)
    )
