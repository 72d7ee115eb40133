"""A class in which everybody but a few forges, on a small course without TensorFlow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.reporting.marks import read_marks
from tests.engine.forgeries import answers, cells, hooks, messages, names, reach
from tests.engine.forgeries.case import Case

CASES = [*hooks.CASES, *names.CASES, *answers.CASES, *reach.CASES, *cells.CASES, *messages.CASES]
HONEST = {"ada": "def double(x):\n    return 2 * x", "zoe": "import numpy as np\n\n\ndef double(x):\n    return x + x"}
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "forged"
c.Execute.timeout = 5
c.ForkProvisioner.modules = ["numpy", "pandas"]
c.ForkProvisioner.sandbox = {sandbox!r}
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
CALLED = re.compile(r"^( *)def (double\(x\)|__new__\(cls, x\)):\n", re.MULTILINE)
OTHER = "assert triple(3) == 9"
UNJUDGED = """
from autograder import cli, grading
grading.read_tables = lambda *_: {}
cli.main()
"""


@dataclass
class Aftermath:
    """What is found after the class was graded: marks by student and test, notes, and all outputs as text.

    ``shown`` has what the submission itself can show: without the judge's own lines about a test that has failed.
    ``waiting`` has the tests that wait for a person, by student. ``made`` has the students whose notebook is not as it
    was before `Case.make`, ``left`` has the files that a notebook left in its folder.
    """

    marks: dict[str, dict[str, float]] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    left: dict[str, set[str]] = field(default_factory=dict)
    stderr: str = ""


def grade(root: Path, cases: list[Case], *, judged: bool = True) -> Aftermath:
    """Make a class of these forgers and some honest students, grade it as an instructor would, and read the result."""
    course = _make_course(root / "course", "bubblewrap" if judged else "none")
    for student, answer in HONEST.items():
        _hand_in(course, Case(student, "", answer=answer))
    made = {case.name for case in cases if _hand_in(course, case)}
    program = ["-m", "autograder"] if judged else ["-c", UNJUDGED]
    command = [sys.executable, *program, "grade", "--course", str(course.root), "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    aftermath = Aftermath(made=made, stderr=run.stderr)
    for line in run.stdout.splitlines():
        row = json.loads(line)
        aftermath.notes[row["student"]] = "\n".join(row["notes"])
    for student in aftermath.notes:
        nb = notebooks.read(course.folder("autograded", student, "ps1") / "problem.ipynb")
        aftermath.marks[student] = {mark.grade_id: mark.score for mark in read_marks(nb)}
        aftermath.outputs[student] = json.dumps([cell.get("outputs") for cell in nb.cells])
        aftermath.shown[student] = json.dumps([_shown(cell) for cell in nb.cells])
        folder = course.folder("autograded", student, "ps1")
        aftermath.left[student] = {path.name for path in folder.iterdir()}
        aftermath.waiting[student] = course.read_gradebook(partial(_waiting, student))
    return aftermath


def _shown(cell: NotebookNode) -> list:
    is_test = cell.metadata.get("nbgrader", {}).get("grade")
    return [output for output in cell.get("outputs", []) if not (is_test and output.output_type == "error")]


def _waiting(student: str, gradebook: Gradebook) -> set[str]:
    notebook = gradebook.find_submission_notebook("problem", "ps1", student)
    return {grade.name for grade in notebook.grades if grade.needs_manual_grade}


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


def _hand_in(course: Course, case: Case) -> bool:
    """Hand in a notebook in which whatever is forged shows that it has run; return whether `Case.make` changed it."""
    nb = notebooks.read(course.folder("release", ".", "ps1") / "problem.ipynb")
    answer = case.answer
    if answer != Case.answer and case.name not in HONEST:
        answer = CALLED.sub(rf"\g<0>\1    {_show('answer')}\n", answer)
    nb = notebooks.fill(nb, {"triple": "def triple(x):\n    return 3 * x", "double": answer})
    if case.code:
        nb.cells.insert(3, nbformat.v4.new_code_cell(f"{case.code}\n{_show('cell')}", id="own"))
    before = nbformat.writes(nb)
    if case.make:
        case.make(nb)
    is_changed = nbformat.writes(nb) != before
    notebooks.write(nb, course.folder("submitted", case.name, "ps1") / "problem.ipynb")
    return is_changed


def _show(part: str) -> str:
    return f"__import__('pathlib').Path({part!r}).touch()"
