"""Which of the instructor's cells failed in a notebook that was run, each with its error in one line, and where."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbgrader.utils import has_failed, is_grade, is_locked

from autograder.course.text import shorten

_LINE = 200  # characters
_TRACEBACK = 20_000  # characters of it that are read
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What IPython shows of a cell's frame: a heading with the number of the run, lines of source, one with an arrow.
_FRAME = re.compile(r"^Cell In\[(\d+)\], line (\d+).*\n(?:(?!Cell In|File |-+>).*\n){0,9}-+> *\d+ (.*)", re.MULTILINE)
_TOLD = re.compile(r"^in .{1,100}, line \d+: (.*)", re.MULTILINE)  # what the judge tells of a frame of the submission
_ON_PURPOSE = "raises-exception"  # a cell with this tag may fail


def find_failures(nb: NotebookNode) -> dict[str, str]:
    """Return the errors of the tests and the locked cells that failed, by their nbgrader ids."""
    return {
        cell.metadata.nbgrader["grade_id"]: _error(cell)
        for cell in nb.cells
        if is_locked(cell) and has_failed(cell) and _ON_PURPOSE not in cell.metadata.get("tags", []) and _counts(cell)
    }


def find_places(nb: NotebookNode) -> dict[str, list[str]]:
    """Return where the tests and the locked cells failed, by their nbgrader ids: see `Entry`."""
    cells = {cell.metadata.nbgrader["grade_id"]: cell for cell in nb.cells if is_locked(cell)}
    return {name: _place(cells[name]) for name in find_failures(nb)}


def _place(cell: NotebookNode) -> list[str]:
    """Return the line at which a cell failed, and the line of the student's that was running.

    A submission may have made this text: it is for a person to read, and nothing follows from it.
    """
    text = _traceback(cell)
    frames = _FRAME.findall(text)
    if not frames:
        return ["", ""]
    run, number, line = frames[0]
    own = [line for other, _, line in frames if other != run] + _TOLD.findall(text)
    return [shorten(f"line {number}: {line.strip()}", _LINE), shorten(own[-1].strip(), _LINE) if own else ""]


def _traceback(cell: NotebookNode) -> str:
    for output in cell.outputs:
        if output.output_type == "error":
            text = "\n".join(str(part)[:_TRACEBACK] for part in output.get("traceback", [])[:_TRACEBACK])
            text = _COLOURS.sub("", text)
            return text if len(text) <= _TRACEBACK else text[: _TRACEBACK // 2] + "\n" + text[-_TRACEBACK // 2 :]
    return ""


def _counts(cell: NotebookNode) -> bool:
    """Return whether the cell has failed: what a locked cell that is no test writes to standard error is no failure."""
    return is_grade(cell) or any(output.output_type == "error" for output in cell.outputs)


def _error(cell: NotebookNode) -> str:
    for output in cell.outputs:
        if output.output_type == "error":
            first = (str(output.evalue).strip().splitlines() or [""])[0]
            return shorten(f"{output.ename}: {first}" if first else str(output.ename), _LINE)
    return "something was written to standard error"
