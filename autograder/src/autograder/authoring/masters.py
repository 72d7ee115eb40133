"""Weave masters and hidden tests into nbgrader's source notebooks.

A master is a Jupytext percent script that holds one whole exercise: prose, reference answers and visible tests. The
metadata of a cell say what the cell is: ``locked="NAME"``, ``answer="NAME"``, ``test="NAME" points=2`` or
``question="NAME" points=3``. The hidden tests of an exercise are another percent script. The title of each of its cells
is the name of the test cell that the hidden tests are appended to.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets import Dict, Unicode
from traitlets.config import Config, Configurable

from autograder.course import notebooks

_ROLES = {
    "locked": {"grade": False, "locked": True, "solution": False},
    "answer": {"grade": False, "locked": False, "solution": True},
    "test": {"grade": True, "locked": True, "solution": False},
    "question": {"grade": True, "locked": False, "solution": True},
}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what nbformat accepts as the id of a cell
# Calls that give points if a test ends with them. What others return, such as a checker, is no result of the test.
_NUMBERS = {"abs", "float", "int", "len", "max", "min", "round", "sum"}


class AuthoringError(Exception):
    """A master, its hidden tests or the settings about them are not well formed. The message says which, and how."""


class Authoring(Configurable):
    """Where masters and hidden tests are, and what is made from them.

    In paths and names, ``{name}`` stands for the name of an exercise. Paths are absolute.
    """

    masters = Unicode(help="Path of a master, such as /course/masters/{name}.py. Every file that fits is one.").tag(
        config=True
    )
    hidden_tests = Unicode(help="Path of an exercise's hidden tests. Empty if masters hold all tests.").tag(config=True)
    notebook = Unicode("{name}", help="Name, without suffix, of the notebook that students fill in.").tag(config=True)
    assignments = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="By the name of an assignment, a pattern for the names of its exercises, such as {'ps1': 'ps1_*'}.",
    ).tag(config=True)
    exercises = Unicode(
        help="Folder for the released exercises, which `autograder exercises` writes as .ipynb and .py. Empty for none."
    ).tag(config=True)


class Masters:
    """The exercises that the settings of a course name.

    Parameters
    ----------
    config : Config
        With the settings of `Authoring`.
    """

    def __init__(self, config: Config):
        self._authoring = Authoring(config=config)

    @property
    def exercises(self) -> Path | None:
        """The folder for the released exercises, if there is to be one."""
        return Path(self._authoring.exercises) if self._authoring.exercises else None

    def names(self) -> list[str]:
        """Return the names of all exercises that have a master."""
        pattern = Path(self._authoring.masters)
        before, found, after = pattern.name.partition("{name}")
        if not found:
            return []
        paths = sorted(pattern.parent.glob(f"{before}*{after}"))
        return [path.name[len(before) : len(path.name) - len(after)] for path in paths]

    def assignment(self, name: str) -> str:
        """Return the name of the assignment that an exercise belongs to.

        Raises
        ------
        AuthoringError
            If it belongs to none or to several.
        """
        patterns = self._authoring.assignments
        found = [assignment for assignment, pattern in patterns.items() if fnmatch.fnmatchcase(name, pattern)]
        if len(found) != 1:
            belongs = f"to several assignments: {', '.join(found)}" if found else "to no assignment"
            raise AuthoringError(f"{name} belongs {belongs}; see c.Authoring.assignments")
        return found[0]

    def notebook(self, name: str) -> str:
        """Return the name, without suffix, of the notebook that students fill in."""
        return self._authoring.notebook.replace("{name}", name)

    def path(self, name: str) -> Path:
        """Return the path of an exercise's master."""
        return Path(self._authoring.masters.replace("{name}", name))

    def hidden_tests(self, name: str) -> Path | None:
        """Return the path of an exercise's hidden tests, or None if masters hold all tests."""
        pattern = self._authoring.hidden_tests
        return Path(pattern.replace("{name}", name)) if pattern else None

    def is_complete(self, name: str) -> bool:
        """Return whether the hidden tests of an exercise are there; students get a repository without them."""
        tests = self.hidden_tests(name)
        return tests is None or tests.exists()

    def source_notebook(self, name: str) -> NotebookNode:
        """Return nbgrader's source notebook of an exercise: the master with the hidden tests woven in.

        Raises
        ------
        AuthoringError
            If a file cannot be read, a cell is not well formed, or hidden tests and test cells do not match one to one.
        """
        master = _read(self.path(name))
        path = self.hidden_tests(name)
        hidden = read_titled_cells(path) if path else None
        try:
            cells = [_source_cell(cell, index, hidden) for index, cell in enumerate(master.cells)]
            _refuse_copies([cell.id for cell in cells], "name")
        except AuthoringError as error:
            raise AuthoringError(f"{name}: {error}") from error
        if hidden:
            raise AuthoringError(f"{name}: hidden tests without a test cell: {', '.join(hidden)}")
        metadata = {"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}}
        source: NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        return source

    def reference_answers(self, name: str) -> dict[str, str]:
        """Return the reference answers of an exercise by grade id, without the lines that mark them."""
        cells = _read(self.path(name)).cells
        answers = {cell.metadata["answer"]: cell.source for cell in cells if "answer" in cell.metadata}
        marks = re.compile(r"^\s*### (BEGIN|END) SOLUTION\n?", flags=re.MULTILINE)
        return {grade_id: marks.sub("", text).rstrip() for grade_id, text in answers.items()}


def read_titled_cells(path: Path) -> dict[str, str]:
    """Return the code cells of a percent script, such as hidden tests, by their titles.

    Raises
    ------
    AuthoringError
        If the file cannot be read, two cells have one title, or a cell that holds code has none.
    """
    cells = [cell for cell in _read(path).cells if cell.cell_type == "code"]
    for cell in cells:
        # A comment or docstring may stand above the first cell; code there would never run.
        if "title" not in cell.metadata and _is_code(cell.source):
            raise AuthoringError(f"{path}: a cell without a title: {cell.source.splitlines()[0]}")
    titled = [cell for cell in cells if "title" in cell.metadata]
    try:
        _refuse_copies([cell.metadata["title"] for cell in titled], "title")
    except AuthoringError as error:
        raise AuthoringError(f"{path}: {error}") from error
    return {cell.metadata["title"]: cell.source for cell in titled}


def _read(path: Path) -> NotebookNode:
    if not path.is_file():
        raise AuthoringError(f"{path} is missing")
    try:
        return notebooks.read(path)
    except ValueError as error:
        raise AuthoringError(f"{path.parent}: {error}") from error


def _is_code(source: str) -> bool:
    """Return whether a cell holds more than comments and a docstring."""
    tree = notebooks.parse(source)
    return tree is None or any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)) for statement in tree.body
    )


def _refuse_copies(names: list[str], kind: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise AuthoringError(f"{name}: two cells have this {kind}")


def _source_cell(cell: NotebookNode, index: int, hidden: dict[str, str] | None) -> NotebookNode:
    """Return the cell of the source notebook for a cell of a master; its hidden tests are taken out of ``hidden``."""
    roles = [role for role in _ROLES if role in cell.metadata]
    if not roles:
        return _new_cell(cell.cell_type, cell.source, f"cell-{index}", {})
    (role, *others), name = roles, str(cell.metadata[roles[0]])
    if others:
        raise AuthoringError(f"{name}: this cell is {' and '.join(roles)}; it can be one of these only")
    if not _NAME.fullmatch(name):
        raise AuthoringError(f"{name!r}: a name consists of letters, digits, _ and -, at most 64 of them")
    settings: dict[str, Any] = {**_ROLES[role], "grade_id": name, "schema_version": 3, "task": False}
    source = cell.source
    if settings["grade"]:
        settings["points"] = _points(cell, name, role)
    if role == "test" and hidden is not None:
        source = _append_hidden(source, hidden.pop(name, None), name)
    return _new_cell(cell.cell_type, source, name, {"nbgrader": settings})


def _points(cell: NotebookNode, name: str, role: str) -> float:
    """Return the points of a graded cell."""
    points = cell.metadata.get("points")
    if not isinstance(points, int | float) or points < 0:
        raise AuthoringError(f"{name}: this {role} cell has no points, such as: points=2")
    return points


def _append_hidden(source: str, tests: str | None, name: str) -> str:
    """Append hidden tests to a test cell, as a function, so that their names stay local.

    If the cell ends with a ``with`` block, the hidden tests go inside: what the block does holds for them as well. If
    the hidden tests end with a number, it is the result of the cell, which nbgrader takes for points; if only the
    visible test does, it still is.
    """
    if tests is None:
        raise AuthoringError(f"{name}: this test cell has no hidden tests")
    tree = notebooks.parse(source)
    last = tree.body[-1] if tree and tree.body else None
    points = _points_at_the_end(tests)
    after = [_repeated(last, name)] if last and points is None and _gives_points(last) else []
    inside = ["### BEGIN HIDDEN TESTS", "def hidden_tests():", _indent(points or tests, "    "), ""]
    margin = "    " if isinstance(last, ast.With) else ""
    end = "### END HIDDEN TESTS"
    if margin and points:  # what stands in a block is not the result of the cell
        inside.append("hidden_points = hidden_tests()")
        return "\n".join([source, _indent("\n".join(inside), margin), "hidden_points", end])
    return "\n".join([source, _indent("\n".join([*inside, "hidden_tests()", *after, end]), margin)])


def _repeated(last: ast.stmt, name: str) -> str:
    """Return the result of a visible test, to stand below the hidden tests as well."""
    if any(isinstance(node, ast.Call) for node in ast.walk(last)):  # a second call may give something else
        raise AuthoringError(f"{name}: a call is the result of this test, and hidden tests follow: end it with a name")
    return ast.unparse(last)


def _points_at_the_end(tests: str) -> str | None:
    """Return hidden tests that return the number they end with, or None if they end with something else."""
    tree = notebooks.parse_python(tests)
    if tree is None or not tree.body or not _gives_points(tree.body[-1]):
        return None
    lines = tests.splitlines()
    place = tree.body[-1]
    line = lines[place.lineno - 1].encode()
    lines[place.lineno - 1] = (line[: place.col_offset] + b"return " + line[place.col_offset :]).decode()
    return "\n".join(lines)


def _gives_points(last: ast.stmt) -> bool:
    """Return whether the last statement of a test is an expression that gives a number, as far as one can tell."""
    if not isinstance(last, ast.Expr):
        return False
    value = last.value
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _NUMBERS
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int | float)
    return isinstance(value, ast.Name | ast.BinOp | ast.UnaryOp | ast.IfExp | ast.Subscript | ast.Attribute)


def _indent(code: str, margin: str) -> str:
    """Return code that is indented by ``margin``, except for the later lines of strings: those belong to the text."""
    kept: set[int] = set()
    for node in ast.walk(notebooks.parse(code) or ast.Module([], [])):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node.end_lineno:
            kept |= set(range(node.lineno + 1, node.end_lineno + 1))
    lines = enumerate(code.splitlines(), start=1)
    return "\n".join(line if number in kept or not line.strip() else margin + line for number, line in lines)


def _new_cell(kind: str, source: str, name: str, metadata: dict[str, Any]) -> NotebookNode:
    settings = {"id": name, "metadata": metadata}
    cell: NotebookNode = (
        nbformat.v4.new_code_cell(source, **settings)
        if kind == "code"
        else nbformat.v4.new_markdown_cell(source, **settings)
    )
    return cell
