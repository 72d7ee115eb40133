"""Equal mistakes together: the students from whom a test took points with the same words at the same place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from autograder.gradebook.journal import Entry

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_PLACEHOLDERS = (
    (re.compile(r"(?:(?<=[\s'\"`(\[=,:])|^)(?:~|\.{1,2}|[A-Za-z]:)?[/\\][^\s'\"`,:;()\[\]<>]+"), "‹path›"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "‹address›"),
    (re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?j?(?!\w)"), "‹number›"),
    (re.compile(r"‹number›(?:[\s,]+‹number›)+"), "‹numbers›"),
)
SHOWN = 5  # mistakes of one test, on the page
NAMED = 10  # students of one mistake, on the page
_NAME = 2  # characters at least, of a name that is replaced


class _Failure(NamedTuple):
    """One failed test of one student: what it says, at which line, and which line of the student's was running."""

    student: str
    message: str
    own_line: str


@dataclass
class Mistake:
    """What several students, or one, got wrong in the same way.

    Attributes
    ----------
    notebook, grade_id : str
        The test that failed, or gave a part of its points.
    message : str
        What the test says, with placeholders for numbers, addresses, paths and the students' own names.
    place : str
        The line of the test; empty if it is not known.
    students : list of str
        Who made it.
    example : str
        What the test said to the first of them.
    own_line : str
        The line of the first student's that was running; empty if none was, or if it is not known.
    pages : dict of Path
        By student, feedback pages that are there, of those who are named on the page.
    """

    notebook: str
    grade_id: str
    message: str
    place: str
    students: list[str]
    example: str
    own_line: str = ""
    pages: dict[str, Path] = field(default_factory=dict)


def cluster(
    entries: Mapping[str, Entry], tests: set[tuple[str, str]], names: Mapping[str, Iterable[str]] | None = None
) -> list[Mistake]:
    """Return the mistakes in notebooks that were run to their end, the most frequent first.

    A test whose question was not answered is left out: nothing to learn from.

    Parameters
    ----------
    entries : mapping of Entry
        By student, from the journal.
    tests : set of tuple
        Notebook and nbgrader id of each test.
    names : mapping, optional
        By student, what the student is called.
    """
    found: dict[tuple[str, str, str, str], list[_Failure]] = {}
    for student in sorted(entries):
        own = [student, *(names or {}).get(student, ())]
        for notebook, cell, message, place, own_line in _failures(entries[student], tests):
            key = (notebook, cell, normalise(message, own), place)
            found.setdefault(key, []).append(_Failure(student, message, own_line))
    mistakes = [
        Mistake(*key, [one.student for one in same], same[0].message, same[0].own_line) for key, same in found.items()
    ]
    return sorted(mistakes, key=lambda one: (-len(one.students), one.notebook, one.grade_id, one.message, one.place))


def normalise(message: str, names: Iterable[str] = ()) -> str:
    """Return a message with placeholders for what differs from one student to the next.

    Parameters
    ----------
    message : str
    names : iterable of str
        The student's own. They are replaced where they are quoted.
    """
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if len(name) >= _NAME)
    if known:
        pattern = re.compile(rf"(?<!\w)(?:{known})(?!\w)", re.IGNORECASE)
        message = _QUOTED.sub(lambda quoted: pattern.sub("‹student›", quoted[0]), message)
    for pattern, placeholder in _PLACEHOLDERS:
        message = pattern.sub(placeholder, message)
    return message


def _failures(entry: Entry, tests: set[tuple[str, str]]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield each test that lost points: notebook, nbgrader id, message, line of the test, line of the student's."""
    for notebook in sorted((entry.failures.keys() | entry.reasons.keys()) - entry.stopped.keys()):
        places, answered = entry.places.get(notebook, {}), entry.answered.get(notebook, {})
        for cell, message in (entry.failures.get(notebook, {}) | entry.reasons.get(notebook, {})).items():
            if (notebook, cell) in tests and answered.get(cell, True):
                place, own_line = places.get(cell, ("", ""))
                yield notebook, cell, message, place, own_line
