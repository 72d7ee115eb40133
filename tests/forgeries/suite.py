"""A class in which everybody but a few forges, on a small course without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment

from autograder import notebooks
from autograder.course import Course, run_converter
from autograder.marks import read_marks
from tests.forgeries import answers, cells, hooks, names, reach
from tests.forgeries.case import Case

CASES = [*hooks.CASES, *names.CASES, *answers.CASES, *reach.CASES, *cells.CASES]
HONEST = {"ada": "def double(x):\n    return 2 * x", "zoe": "import numpy as np\n\n\ndef double(x):\n    return x + x"}
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "forged"
c.Execute.timeout = 5
c.WarmProvisioner.modules = ["numpy", "pandas"]
c.WarmProvisioner.sandbox = {sandbox!r}
"""
SETUP = """
import time

import numpy as np
from numpy.testing import assert_equal


class about:
    def __enter__(self):
        self.start = time.perf_counter()

    def __exit__(self, kind, error, trace):
        if error is not None:
            raise AssertionError(f"Look again: {error}") from None


def close(found, expected):
    return abs(found - expected) < 1e-9
"""
TESTS = {
    "test_plain": "assert double(3) == 6\nassert isinstance(double(4), int) and not double(0)\n"
    "assert all(double(x) == x + x for x in range(1, 5))",
    "test_checked": "with about():\n    assert_equal(double(3), 6)\n    assert close(double(2), 4)\n"
    "    assert np.allclose([double(1), double(2)], [2, 4])",
    "test_partial": "points = sum([double(x) == 2 * x for x in (1, 2, 3, 4)])\npoints / 2",
}
OTHER = "assert triple(3) == 9"
UNSEALED = """
from autograder import cli, run
run.is_instructors = lambda cell: False
cli.main()
"""


@dataclass
class Aftermath:
    """What is found after the class was graded: marks by student and test, notes, and all outputs as text."""

    marks: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    stderr: str = ""


def grade(root: Path, cases: list[Case], *, sealed: bool = True) -> Aftermath:
    """Make a class of these forgers and some honest students, grade it as an instructor would, and read the result."""
    course = _make_course(root / "course", "bubblewrap" if sealed else "none")
    for student, answer in HONEST.items():
        _hand_in(course, Case(student, "", "", answer=answer))
    for case in cases:
        _hand_in(course, case)
    program = ["-m", "autograder"] if sealed else ["-c", UNSEALED]
    command = [sys.executable, *program, "grade", "--course", str(course.root), "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    aftermath = Aftermath(stderr=run.stderr)
    for line in run.stdout.splitlines():
        row = json.loads(line)
        aftermath.notes[row["student"]] = "\n".join(row["notes"])
    for student in aftermath.notes:
        nb = notebooks.read(course.folder("autograded", student, "ps1") / "problem.ipynb")
        aftermath.marks[student] = {mark.grade_id: mark.score for mark in read_marks(nb)}
        aftermath.outputs[student] = json.dumps([cell.get("outputs") for cell in nb.cells])
    return aftermath


def _make_course(root: Path, sandbox: str) -> Course:
    root.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG.format(sandbox=sandbox), encoding="utf-8")
    course = Course(root)
    parts = [_cell(SETUP.strip(), "setup", locked=True)]
    parts.append(_cell("def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION", "triple"))
    parts.append(_cell(OTHER, "test_triple", points=2))
    parts.append(_cell("def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "double"))
    parts += [_cell(source, name, points=2) for name, source in TESTS.items()]
    nb = nbformat.v4.new_notebook(cells=parts, metadata={"kernelspec": notebooks.KERNELSPEC})
    notebooks.write(nb, course.folder("source", ".", "ps1") / "problem.ipynb")
    run_converter(GenerateAssignment, course, course.directory(assignment_id="ps1"))
    return course


def _cell(source: str, name: str, points: int = 0, *, locked: bool = False) -> NotebookNode:
    roles = {"grade": bool(points), "locked": bool(points) or locked, "solution": not (points or locked)}
    settings = {**roles, "task": False, "schema_version": 3, "grade_id": name}
    return nbformat.v4.new_code_cell(
        source, id=name, metadata={"nbgrader": settings | ({"points": points} if points else {})}
    )


def _hand_in(course: Course, case: Case) -> None:
    nb = notebooks.read(course.folder("release", ".", "ps1") / "problem.ipynb")
    nb = notebooks.fill(nb, {"triple": "def triple(x):\n    return 3 * x", "double": case.answer})
    if case.code:
        nb.cells.insert(3, nbformat.v4.new_code_cell(case.code, id="own"))
    if case.make:
        case.make(nb)
    notebooks.write(nb, course.folder("submitted", case.name, "ps1") / "problem.ipynb")
