"""Read, write and describe notebooks: Jupytext percent scripts and ``.ipynb`` files alike."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import jupytext
import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SUFFIXES = (".ipynb", ".py")
# Before 3.13 Python makes one syntax tree at a time: two threads that make some, as Jupytext does, get a SystemError.
_ONE_TREE = threading.Lock()


def read(path: Path) -> NotebookNode:
    """Return the notebook in ``path``, upgraded to nbformat 4.

    Raises
    ------
    ValueError
        If the file holds no notebook; the message says why.
    """
    try:
        text = path.read_text(encoding="utf-8")
        nb = _read_script(text) if path.suffix == ".py" else nbformat.reads(text, 4)
        nbformat.validate(nb)
    except Exception as error:  # parsers raise whatever the damage provokes
        raise ValueError(f"{path.name} is no notebook that can be read: {_first_line(error)}") from error
    return nb


def write(nb: NotebookNode, path: Path) -> None:
    """Write ``nb`` as the kind of file that the suffix of ``path`` names, the same bytes every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(nb, path.suffix), encoding="utf-8", newline="\n")


def text_of(nb: NotebookNode, suffix: str) -> str:
    """Return ``nb`` as the text of a ``.py`` or ``.ipynb`` file."""
    if suffix == ".py":
        return jupytext.writes(nb, fmt="py:percent")
    return nbformat.writes(nb, 4) + "\n"


def parse(source: str) -> ast.Module | None:
    """Return the syntax tree of a cell's source, magics translated; None if it cannot be parsed."""
    with _ONE_TREE:
        try:
            return ast.parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def grade_id(cell: NotebookNode) -> str | None:
    """Return the cell's nbgrader id, or None for a cell of the student's own."""
    settings = cell.metadata.get("nbgrader")
    return settings.get("grade_id") if isinstance(settings, dict) else None


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
    filled = nbformat.from_dict(nb)
    cells = {grade_id(cell): cell for cell in filled.cells}
    for name, source in answers.items():
        cells[name].source = source
    return filled


def _read_script(text: str) -> NotebookNode:
    with _ONE_TREE:
        return jupytext.reads(text, fmt="py:percent")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
