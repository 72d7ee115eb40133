"""A plain nbgrader course without TensorFlow, so that tests of grading take seconds."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, run_converter
from autograder.execution.local import LocalExecutor
from autograder.execution.tables import read_tables

ASSIGNMENT = "ps1"
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "plain"\nc.Execute.timeout = 30\n'
NAMES = ("p1", "p2")


def make_course(root: Path, db_url: str | None = None) -> Course:
    """Make a course with one assignment of two notebooks: code, a written answer and a data file.

    nbgrader makes one for all, and it is found out which tests a judge can decide; each gets a copy. No file of it
    names its folder.

    Parameters
    ----------
    root : Path
        A new folder.
    db_url : str, optional
        The gradebook, instead of a file in the folder. It is a copy of one that `enter` has filled.
    """
    shutil.copytree(Path(_pattern().name) / "course", root)
    if db_url is not None:
        (root / "gradebook.db").unlink()
    return Course(root, db_url)


def enter(db_url: str) -> None:
    """Have nbgrader enter the assignment in a new gradebook, which takes it seconds."""
    with tempfile.TemporaryDirectory(prefix="plain-course-") as folder:
        course = make_course(Path(folder) / "course", db_url)
        run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))


@cache
def _pattern() -> tempfile.TemporaryDirectory:
    """Return the folder with the course that is copied; it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="plain-course-")
    course = _generate(Path(folder.name) / "course")
    read_tables(course, read_assignment(course, ASSIGNMENT), LocalExecutor())
    return folder


def _generate(root: Path) -> Course:
    root.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    course = Course(root)
    source = course.folder("source", ".", ASSIGNMENT)
    for name in NAMES:
        notebooks.write(_source(name), source / f"{name}.ipynb")
    (source / "data.csv").write_text("1,2,3\n", encoding="utf-8")
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course


def make_class(root: Path, answers: dict[str, str], db_url: str | None = None) -> Course:
    """Make that course and hand in for each student, with this body of ``double``."""
    course = make_course(root, db_url)
    for student, double in answers.items():
        hand_in(course, student, double=double)
    return course


def hand_in(course: Course, student: str, *, double: str = "return 2 * x", triple: str = "return 3 * x") -> Path:
    """Write the submission of a student who answered this, and return its folder."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    answers = {"double": f"def double(x):\n    {double}", "triple": f"def triple(x):\n    {triple}"}
    released = course.folder("release", ".", ASSIGNMENT)
    filled = {name: notebooks.fill(notebooks.read(released / f"{name}.ipynb"), answers) for name in NAMES}
    for name, nb in filled.items():  # one right after the other: who watches the folder is to see both
        notebooks.write(nb, folder / f"{name}.ipynb")
    return folder


def _source(name: str) -> NotebookNode:
    cells = [nbformat.v4.new_markdown_cell(f"# Problem {name}")]
    for function, factor in (("double", 2), ("triple", 3)):
        answer = f"def {function}(x):\n    ### BEGIN SOLUTION\n    return {factor} * x\n    ### END SOLUTION"
        test = (
            f"assert {function}(1) == {factor}\n"
            f"### BEGIN HIDDEN TESTS\nassert {function}(10) == {10 * factor}\n### END HIDDEN TESTS"
        )
        cells.append(_cell("code", answer, function, solution=True))
        cells.append(_cell("code", test, f"test_{function}", grade=True, locked=True, points=2))
    cells.append(_cell("markdown", "Why does this work?", "why", solution=True, grade=True, points=1))
    metadata = {"kernelspec": notebooks.KERNELSPEC}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _cell(kind: str, source: str, name: str, **settings) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    roles = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    return new(source, id=name, metadata={"nbgrader": {**roles, **settings, "grade_id": name}})
