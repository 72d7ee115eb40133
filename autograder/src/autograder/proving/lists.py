"""What a teacher writes for a proof: cases with the marks that they must get, and mutants that are no mistakes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.assignment import Assignment
from autograder.course.coursedir import Course, CourseError
from autograder.course.notebooks import grade_id
from autograder.course.text import first_line, printable
from autograder.judge.table import is_test

_CASE = {"assignment": str, "notebook": str, "lowest": (int, float), "highest": (int, float), "answers": dict}
_EQUIVALENT = {"assignment": str, "notebook": str, "mutant": str, "reason": str}


@dataclass(frozen=True)
class Case:
    """A submission with the points that it must get: the reference solution with some answers replaced.

    Attributes
    ----------
    name : str
        The path of its file in the folder of cases, without suffix.
    notebook : str
    lowest, highest : float
        The fewest and the most points that its tests may give in all.
    answers : mapping of str
        New answers by grade id. The others are those of the reference solution.
    marks : mapping of float
        By grade id, the points that single tests must give. It may be empty.
    """

    name: str
    notebook: str
    lowest: float
    highest: float
    answers: Mapping[str, str]
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Equivalent:
    """A mutant that is no mistake, as a teacher says.

    Attributes
    ----------
    notebook : str
    mutant : str
        Its name or its hash.
    reason : str
    """

    notebook: str
    mutant: str
    reason: str


def read_cases(folder: Path, course: Course, assignment: Assignment) -> list[Case]:
    """Return the cases of an assignment: one for each file ``*.toml`` in a folder and the folders in it.

    Raises
    ------
    CourseError
        If there is none at all, or a file is not well formed. The message names it.
    """
    paths = sorted(folder.rglob("*.toml"))
    if not paths:
        raise CourseError(f"{folder} holds no case: no file there ends in .toml")
    known = course.assignments()
    cases = []
    for path in paths:
        data = _checked(_read(path), path, _CASE, {"marks": dict})
        _require(path, "assignment", data["assignment"], known)
        if data["assignment"] == assignment.name:
            name = path.relative_to(folder).with_suffix("").as_posix()
            cases.append(_case(name, data, path, assignment))
    return cases


def _case(name: str, data: dict[str, Any], path: Path, assignment: Assignment) -> Case:
    _require(path, "notebook", data["notebook"], assignment.templates)
    template = assignment.templates[data["notebook"]]
    tests = {grade_id(cell) for cell in template.notebook.cells if is_test(cell)}
    marks = data.get("marks", {})
    for answer, source in data["answers"].items():
        _require(path, "answer", answer, template.answers)
        if not isinstance(source, str):
            raise CourseError(f"{path}: the answer {printable(answer)} is no text")
    for test, points in marks.items():
        _require(path, "test", test, tests)
        if not isinstance(points, int | float):
            raise CourseError(f"{path}: the mark of {printable(test)} is no number")
    if data["lowest"] > data["highest"]:
        raise CourseError(f"{path}: lowest is more than highest")
    return Case(name, data["notebook"], data["lowest"], data["highest"], data["answers"], marks)


def read_equivalents(path: Path, course: Course, assignment: Assignment) -> list[Equivalent]:
    """Return the mutants of an assignment that a file says are no mistakes.

    Raises
    ------
    CourseError
        If the file cannot be read or is not well formed.
    """
    data = _checked(_read(path), path, {"equivalent": list}, {})
    known = course.assignments()
    found = []
    for entry in data["equivalent"]:
        if not isinstance(entry, dict):
            raise CourseError(f"{path}: write [[equivalent]] before each mutant")
        _checked(entry, path, _EQUIVALENT, {})
        _require(path, "assignment", entry["assignment"], known)
        if not entry["reason"].strip():
            raise CourseError(f"{path}: the mutant {printable(entry['mutant'])} has no reason")
        if entry["assignment"] == assignment.name:
            _require(path, "notebook", entry["notebook"], assignment.templates)
            found.append(Equivalent(entry["notebook"], entry["mutant"], entry["reason"]))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read: {first_line(error)}") from error


def _checked(
    data: dict[str, Any], path: Path, needed: Mapping[str, Any], optional: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a file holds, if it has just the keys that it must and may have."""
    for key in data.keys() - needed.keys() - optional.keys():
        raise CourseError(f"{path}: {printable(key)} is not known; known are {', '.join([*needed, *optional])}")
    for key, kind in {**needed, **optional}.items():
        if key not in data and key in optional:
            continue
        if not isinstance(data.get(key), kind):
            raise CourseError(f"{path}: {key} is missing, or of another type than it must be")
    return data


def _require(path: Path, what: str, name: str, known: Any) -> None:
    if name not in known:
        raise CourseError(f"{path}: there is no {what} {printable(name)}; there are: {', '.join(sorted(known))}")
