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
from nbgrader.preprocessors import ClearSolutions, ComputeChecksums, LockCells
from traitlets.config import Config

from autograder import notebooks, plan
from autograder.course import Course, run_converter
from autograder.layout import Layout, assignment_name, notebook_name
from autograder.settings import CONFIG, load_config

_ROLES = {
    "locked": {"grade": False, "locked": True, "solution": False},
    "answer": {"grade": False, "locked": False, "solution": True},
    "test": {"grade": True, "locked": True, "solution": False},
    "question": {"grade": True, "locked": False, "solution": True, "points": 0},
}


class BuildError(Exception):
    """A master or its hidden tests are not well formed; the message says where."""


def build_course(layout: Layout, root: Path, db_url: str | None = None) -> Course:
    """Make or update the nbgrader course in ``root``: settings, sources, release and gradebook."""
    root.mkdir(parents=True, exist_ok=True)
    if not (root / CONFIG).exists():
        shutil.copy(Path(__file__).with_name(CONFIG), root / CONFIG)
    (root / "exchange").mkdir(exist_ok=True)
    course = Course(root, db_url)
    assignments = set()
    for exercise in layout.masters():
        assignment = assignment_name(exercise)
        assignments.add(assignment)
        source = course.folder("source", ".", assignment) / f"{notebook_name(exercise)}.ipynb"
        notebooks.write(source_notebook(layout, exercise), source)
    for assignment in sorted(assignments):
        run_converter(GenerateAssignment, course, course.directory(assignment_id=assignment))
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
    hidden = read_titled_cells(layout.tests_of(exercise))
    cells = [_source_cell(cell, index, hidden) for index, cell in enumerate(master.cells)]
    if hidden:
        raise BuildError(f"{exercise}: hidden tests without a test cell: {', '.join(hidden)}")
    metadata = {"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def template_notebook(layout: Layout, exercise: str) -> NotebookNode:
    """Return an exercise as nbgrader keeps it: answers cleared, cells locked, hidden tests in place.

    A repository without masters and hidden tests gives what it has: the exercise as it was released.
    """
    if exercise not in layout.masters() or not layout.tests_of(exercise).exists():
        return plan.prepare(notebooks.read(layout.exercises / f"{notebook_name(exercise)}.ipynb"))
    nb, config = source_notebook(layout, exercise), default_config()
    for preprocessor in (LockCells, ClearSolutions, ComputeChecksums):
        nb, _ = preprocessor(config=config).preprocess(nb, {})
    return plan.prepare(nb)


def default_config() -> Config:
    """Return the settings that a new course starts with."""
    return load_config(Path(__file__).parent)


def read_titled_cells(path: Path) -> dict[str, str]:
    """Return the cells of a percent script, such as hidden tests, by their titles, which are grade ids."""
    cells = notebooks.read(path).cells
    return {cell.metadata["title"]: cell.source for cell in cells if "title" in cell.metadata}


def reference_answers(layout: Layout, exercise: str) -> dict[str, str]:
    """Return the reference answers of an exercise by grade id, without the lines that mark them."""
    cells = notebooks.read(layout.masters()[exercise]).cells
    answers = {cell.metadata["answer"]: cell.source for cell in cells if "answer" in cell.metadata}
    marks = re.compile(r"^\s*### (BEGIN|END) SOLUTION\n?", flags=re.MULTILINE)
    return {name: marks.sub("", text).rstrip() for name, text in answers.items()}


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
    """Append hidden tests, inside a `with` block if there is one, as a function: their names are their own."""
    if tests is None:
        raise BuildError(f"{name}: this test cell has no hidden tests")
    margin = "    " if re.search(r"^with .*:$", source, flags=re.MULTILINE) else ""
    woven = "\n".join(
        [
            "### BEGIN HIDDEN TESTS",
            "def hidden_tests():",
            textwrap.indent(tests, "    "),
            "",
            "hidden_tests()",
            "### END HIDDEN TESTS",
        ]
    )
    return f"{source}\n{textwrap.indent(woven, margin)}"


def _new_cell(kind: str, source: str, name: str, metadata: dict) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return new(source, id=name, metadata=metadata)
