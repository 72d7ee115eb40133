"""Weave masters and hidden tests into nbgrader source notebooks, and make the exercises from them."""

from __future__ import annotations

import re
import shutil
import tempfile
import textwrap
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment

from autograder import notebooks
from autograder.course import CONFIG, Course, log
from autograder.layout import Layout, assignment_name, notebook_name

_ROLES = {
    "locked": {"grade": False, "locked": True, "solution": False},
    "answer": {"grade": False, "locked": False, "solution": True},
    "test": {"grade": True, "locked": True, "solution": False},
    "question": {"grade": True, "locked": False, "solution": True, "points": 0},
}


class BuildError(Exception):
    """A master or its hidden tests are not well formed; the message says where."""


def build_course(layout: Layout, root: Path) -> Course:
    """Make or update the nbgrader course in ``root``: settings, sources, release and gradebook."""
    root.mkdir(parents=True, exist_ok=True)
    if not (root / CONFIG).exists():
        shutil.copy(Path(__file__).with_name(CONFIG), root / CONFIG)
    (root / "exchange").mkdir(exist_ok=True)
    course = Course(root)
    assignments = set()
    for exercise in layout.masters():
        assignment = assignment_name(exercise)
        assignments.add(assignment)
        source = course.folder("source", ".", assignment) / f"{notebook_name(exercise)}.ipynb"
        notebooks.write(source_notebook(layout, exercise), source)
    for assignment in sorted(assignments):
        directory = course.directory(assignment_id=assignment)
        GenerateAssignment(coursedir=directory, config=course.config, force=True, log=log).start()
    return course


def build_exercises(layout: Layout, target: Path) -> None:
    """Write every exercise to ``target``, as ``.ipynb`` and ``.py``, as nbgrader would release it."""
    with tempfile.TemporaryDirectory() as scratch:
        course = build_course(layout, Path(scratch) / "course")
        for exercise in layout.masters():
            name = notebook_name(exercise)
            release = notebooks.read(course.folder("release", ".", assignment_name(exercise)) / f"{name}.ipynb")
            for suffix in notebooks.SUFFIXES:
                notebooks.write(release, target / f"{name}{suffix}")


def stale_exercises(layout: Layout) -> list[str]:
    """Return what is wrong with ``exercises/``: files that are missing, out of date or unexpected."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        build_exercises(layout, fresh)
        expected = {path.name: path.read_bytes() for path in fresh.iterdir()}
    found = {path.name: path.read_bytes() for path in layout.exercises.iterdir() if path.is_file()}
    return sorted(
        [f"{name} is missing" for name in expected.keys() - found.keys()]
        + [f"{name} is not made from a master" for name in found.keys() - expected.keys()]
        + [f"{name} is out of date" for name in expected.keys() & found.keys() if expected[name] != found[name]]
    )


def source_notebook(layout: Layout, exercise: str) -> NotebookNode:
    """Return nbgrader's source notebook of an exercise: the master with the hidden tests woven in."""
    master = notebooks.read(layout.masters()[exercise])
    hidden = read_hidden_tests(layout.tests_of(exercise))
    cells = [_source_cell(cell, index, hidden) for index, cell in enumerate(master.cells)]
    if hidden:
        raise BuildError(f"{exercise}: hidden tests without a test cell: {', '.join(hidden)}")
    metadata = {"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def read_hidden_tests(path: Path) -> dict[str, str]:
    """Return the hidden tests in a percent script: source by the grade id that titles the cell."""
    cells = notebooks.read(path).cells
    return {cell.metadata["title"]: cell.source for cell in cells if "title" in cell.metadata}


def _source_cell(cell: NotebookNode, index: int, hidden: dict[str, str]) -> NotebookNode:
    roles = [role for role in _ROLES if role in cell.metadata]
    if not roles:
        return _new_cell(cell.cell_type, cell.source, f"cell-{index}", {})
    name = cell.metadata[roles[0]]
    settings = {**_ROLES[roles[0]], "grade_id": name, "schema_version": 3, "task": False}
    source = cell.source
    if roles == ["test"]:
        settings["points"] = cell.metadata["points"]
        source = _append_hidden(source, hidden.pop(name, None), name)
    return _new_cell(cell.cell_type, source, name, {"nbgrader": settings})


def _append_hidden(source: str, tests: str | None, name: str) -> str:
    """Append hidden tests at the indentation of the last statement, as a function: their names are their own."""
    if tests is None:
        raise BuildError(f"{name}: this test cell has no hidden tests")
    indent = re.findall(r"^(\s*)\S", source.rstrip(), flags=re.MULTILINE)
    block = re.search(r"^with .*:$", source, flags=re.MULTILINE)
    margin = "    " if block else indent[0]
    woven = "\n".join(
        ["### BEGIN HIDDEN TESTS", "def hidden_tests():", textwrap.indent(tests, "    "), "", "hidden_tests()",
         "### END HIDDEN TESTS"]
    )
    return f"{source}\n{textwrap.indent(woven, margin)}"


def _new_cell(kind: str, source: str, name: str, metadata: dict) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return new(source, id=name, metadata=metadata)
