"""Read, write and describe notebooks: Jupytext percent scripts and ``.ipynb`` files alike."""

from __future__ import annotations

import ast
import threading
import warnings
from pathlib import Path

import jupytext
import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.course.text import first_line, printable

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SUFFIXES = (".ipynb", ".py")
_WITH_IDS = 5  # the first minor version of the format in which cells have ids
# Before 3.13 Python makes one syntax tree at a time: two threads that make some, as Jupytext does, get a SystemError.
_ONE_TREE = threading.Lock()
_NO_SYNTAX_TREE = (SyntaxError, ValueError, RecursionError, MemoryError)  # what Python raises for text it cannot parse

# Jupytext has Python read the metadata of cells, and Python would warn of what a student wrote there.
warnings.filterwarnings("ignore", module="<unknown>")


def read(path: Path) -> NotebookNode:
    """Return the notebook in ``path``, upgraded to nbformat 4.

    Raises
    ------
    ValueError
        If the file holds no notebook; the message says why.
    """
    try:
        text = path.read_text(encoding="utf-8")
        nb = read_script(text) if path.suffix == ".py" else nbformat.reads(text, 4)
        # Tools that add cells to an older notebook give them ids that its version does not know; nbgrader reads it.
        if nb.nbformat_minor < _WITH_IDS and any("id" in cell for cell in nb.cells):
            nb.nbformat_minor = _WITH_IDS
            for number, cell in enumerate(nb.cells):
                cell.setdefault("id", f"cell-{number}")
        nbformat.validate(nb)
    except Exception as error:  # parsers raise whatever the damage provokes
        raise ValueError(f"{printable(path.name)} is no notebook that can be read: {first_line(error)}") from error
    return nb


def write(nb: NotebookNode, path: Path) -> None:
    """Write ``nb`` as the kind of file that the suffix of ``path`` names, the same bytes every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(nb, path.suffix), encoding="utf-8", newline="\n")


def text_of(nb: NotebookNode, suffix: str) -> str:
    """Return ``nb`` as the text of a ``.py`` or ``.ipynb`` file."""
    if suffix == ".py":
        return str(jupytext.writes(nb, fmt="py:percent"))
    return str(nbformat.writes(nb, 4)) + "\n"


def parse(source: str) -> ast.Module | None:
    """Return the syntax tree of an instructor's cell, magics translated as IPython does; None if it cannot be parsed.

    The time that it takes is not linear in the number of magics: no cell of a student's is to be parsed by it.
    """
    try:
        # Most cells are plain Python. IPython's tokens of a long line need gigabytes in Python 3.12.1.
        return _parse_python(source)
    except SyntaxError:
        pass
    except _NO_SYNTAX_TREE:
        return None
    try:
        return _parse_python(TransformerManager().transform_cell(source))
    except _NO_SYNTAX_TREE:
        return None


def parse_python(code: str, name: str = "<cell>") -> ast.Module | None:
    """Return the syntax tree of plain Python; None if it cannot be parsed.

    Parameters
    ----------
    code : str
    name : str
        What Python takes for the name of the file, in warnings.
    """
    try:
        return _parse_python(code, name)
    except _NO_SYNTAX_TREE:
        return None


def _parse_python(code: str, name: str = "<cell>") -> ast.Module:
    with _ONE_TREE:
        return ast.parse(code, name)


def read_script(text: str) -> NotebookNode:
    """Return the notebook that is a percent script. Jupytext raises whatever the damage provokes."""
    with _ONE_TREE:
        nb: NotebookNode = jupytext.reads(text, fmt="py:percent")
    return nb


def grade_id(cell: NotebookNode) -> str | None:
    """Return the cell's nbgrader id, or None for a cell of the student's own."""
    settings = cell.metadata.get("nbgrader")
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    return name if isinstance(name, str) and name else None


def is_instructors(cell: NotebookNode) -> bool:
    """Return whether a cell's source is the instructor's, to be run as it is."""
    return cell.cell_type == "code" and not is_solution(cell) and (is_grade(cell) or is_locked(cell))


def answers_of(nb: NotebookNode) -> dict[str, str]:
    """Return the sources of the answers of a notebook, by grade id."""
    return {grade_id(cell) or "": cell.source for cell in nb.cells if is_solution(cell)}


def grade_ids(nb: NotebookNode) -> list[str]:
    """Return the nbgrader ids of a notebook in the order of its cells."""
    return [name for name in map(grade_id, nb.cells) if name]


def fill(nb: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """Return a copy of ``nb`` in which the cells with these grade ids hold these sources.

    Raises
    ------
    KeyError
        If the notebook has no such cell.
    """
    filled: NotebookNode = nbformat.from_dict(nb)
    cells = {grade_id(cell): cell for cell in filled.cells}
    for name, source in answers.items():
        cells[name].source = source
    return filled


def fail_cells(nb: NotebookNode, name: str, reason: str, *, only_unfinished: bool = False) -> None:
    """Give the code cells of ``nb`` an error output, so that nbgrader gives a graded one no points."""
    for cell in nb.cells:
        if cell.cell_type == "code" and not (only_unfinished and cell.execution_count is not None):
            cell.outputs = [*cell.outputs, new_output("error", ename=name, evalue=reason, traceback=[reason])]
