"""Read a notebook that was handed in, whatever the file holds: within limits, and nothing that could steer grading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course.notebooks import read_script
from autograder.course.text import first_line, printable, replace_surrogates
from autograder.faults import is_fault_of_the_machine

# The limits are far beyond honest work. They keep one file from taking the grader's time from everybody.
_LARGEST = 30_000_000  # bytes; reading takes many times as much memory
_LARGEST_SCRIPT = 1_000_000
_MOST_CELLS = 2000
_LONGEST_HEADER = 5000  # characters; reading YAML takes 0.2 ms for each
_LONGEST_MARKER = 2000  # characters of a line that begins a cell
_MOST_STEPS = 50_000_000  # cells times lines: Jupytext copies the rest of the script at every cell
_LARGEST_METADATA = 10_000  # characters of JSON: of a cell, and of a notebook
_DEEPEST = 200  # brackets in it, and so how deeply it can be nested
_MOST_ATTACHMENTS = 100  # of a cell; their size is that of the file at most
_MARKER = re.compile(r"#\s*(%%|<codecell>|In\[)")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MIME = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", flags=re.ASCII)
# What nbgrader goes by, what a front end takes for its own word, and the state of widgets, which a run makes anew.
_STEERING = {"nbgrader", "trusted", "widgets", "kernelspec"}
_KINDS = {"code": "code", "markdown": "markdown", "raw": "raw", "heading": "markdown", "html": "markdown"}


class Unreadable(ValueError):
    """A file that was handed in is no notebook that can be marked. The message says why, and can be printed."""


def read_submission(path: Path) -> NotebookNode:
    """Return the notebook in ``path`` without outputs.

    Of nbgrader's metadata the cells keep nothing but their ids. Other metadata and attachments stay, within limits.

    Raises
    ------
    Unreadable
        If it cannot be read, is too large or holds no cells.
    OSError
        If the machine is at fault: the file may be sound.
    """
    name = printable(path.name)
    try:
        limit = _LARGEST_SCRIPT if path.suffix == ".py" else _LARGEST
        if path.stat().st_size > limit:
            raise ValueError(f"it is larger than {limit / 1e6:g} MB")
        text = path.read_text(encoding="utf-8-sig")
        nb = _read_script(text) if path.suffix == ".py" else _read_notebook(text)
    except Exception as error:  # parsers raise whatever the damage provokes
        if is_fault_of_the_machine(error):
            raise
        raise Unreadable(f"{name} is no notebook that can be read: {first_line(error)}") from error
    if not nb.cells:
        raise Unreadable(f"{name} holds no cells")
    return nb


def _read_notebook(text: str) -> NotebookNode:
    """Return the notebook that is JSON of any version of the format."""
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    metadata = data.get("metadata")
    return _new_notebook(_list_cells(data), metadata if isinstance(metadata, dict) else {})


def _list_cells(data: dict[str, Any]) -> list[Any]:
    sheets = data.get("worksheets")  # before version 4 of the format
    if isinstance(sheets, list):
        return [cell for sheet in sheets for cell in sheet["cells"]]
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    return cells


def _read_script(text: str) -> NotebookNode:
    """Return the notebook that is a percent script."""
    lines = text.splitlines()
    markers = [line for line in lines if line.startswith("#") and _MARKER.match(line)]
    if max(map(len, markers), default=0) > _LONGEST_MARKER:
        raise ValueError(f"a line that begins a cell is longer than {_LONGEST_MARKER} characters")
    if _measure_header(lines) > _LONGEST_HEADER:
        raise ValueError(f"its header is longer than {_LONGEST_HEADER} characters")
    _check_number(len(markers))
    if len(markers) * len(lines) > _MOST_STEPS:
        raise ValueError(f"it has too many lines, {len(lines)}, for so many cells, {len(markers)}")
    nb = read_script(text)
    return _new_notebook(nb.cells, nb.metadata)


def _measure_header(lines: Iterable[str]) -> int:
    """Return how many characters of YAML Jupytext reads at the top of a script, between two lines of dashes."""
    comments = list(takewhile(lambda line: line.startswith("#"), lines))
    dashes = [number for number, line in enumerate(comments) if line[1:].strip() == "---"]
    if len(dashes) < 2:
        return 0
    before = [line for line in comments[: dashes[0]] if line.strip("# \t")]
    if any(not (line.startswith("#!") or "coding" in line) for line in before):  # prose
        return 0
    return sum(map(len, comments[: dashes[1]]))


def _check_number(cells: int) -> None:
    if cells > _MOST_CELLS:
        raise ValueError(f"it holds {cells} cells, more than {_MOST_CELLS}")


def _new_notebook(cells: list[Any], metadata: dict[str, Any]) -> NotebookNode:
    _check_number(len(cells))
    kernelspec = metadata.get("kernelspec")
    language = kernelspec.get("language") if isinstance(kernelspec, dict) else None
    known = {"kernelspec": {"language": language}} if isinstance(language, str) else {}
    made = [_new_cell(number, cell) for number, cell in enumerate(cells, start=1)]
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": _harmless(metadata) | known, "cells": made}
    nb: NotebookNode = nbformat.from_dict(whole)
    return nb


def _new_cell(number: int, cell: Any) -> dict[str, Any]:
    kind = _KINDS.get(cell["cell_type"]) if isinstance(cell, dict) and isinstance(cell.get("cell_type"), str) else None
    if kind is None:
        raise ValueError(f"cell {number} is of no known type")
    source = cell.get("source", cell.get("input"))  # before version 4 of the format, code was "input"
    source = "".join(source) if isinstance(source, list) else source
    if not isinstance(source, str):
        raise ValueError(f"cell {number} has no source")
    new: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": _known_metadata(cell.get("metadata"))}
    if isinstance(cell.get("id"), str) and _ID.fullmatch(cell["id"]):
        new["id"] = cell["id"]
    if kind == "code":
        return new | {"outputs": [], "execution_count": None}
    attachments = _attachments(cell.get("attachments"))
    return new | {"attachments": attachments} if attachments else new


def _known_metadata(metadata: Any) -> dict[str, Any]:
    """Return of a cell's metadata what steers nothing, and its nbgrader id, if that is one."""
    settings = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    known = {"nbgrader": {"grade_id": name}} if isinstance(name, str) and name else {}
    return _harmless(metadata) | known


def _harmless(metadata: Any) -> dict[str, Any]:
    """Return metadata without what steers grading; none at all if there is more than anybody needs."""
    if not isinstance(metadata, dict):
        return {}
    kept = {key: value for key, value in metadata.items() if key not in _STEERING}
    if not _is_lines(kept.get("tags")):
        kept.pop("tags", None)
    try:
        text = replace_surrogates(json.dumps(kept, ensure_ascii=False))
    except RecursionError:
        return {}
    if len(text) > _LARGEST_METADATA or text.count("{") + text.count("[") > _DEEPEST:
        return {}
    cleaned: dict[str, Any] = json.loads(text, parse_constant=str)  # no other program reads NaN as a number
    return cleaned


def _attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """Return the pictures that were pasted into a cell: by name, then by type, as base64."""
    if not isinstance(attachments, dict) or len(attachments) > _MOST_ATTACHMENTS:
        return {}
    made = {replace_surrogates(name): _bundle(bundle) for name, bundle in attachments.items()}
    return {name: bundle for name, bundle in made.items() if bundle}


def _bundle(bundle: Any) -> dict[str, str]:
    found = bundle.items() if isinstance(bundle, dict) else ()
    joined = {kind: "".join(data) if _is_lines(data) else data for kind, data in found if _MIME.fullmatch(kind)}
    return {kind: replace_surrogates(data) for kind, data in joined.items() if isinstance(data, str)}


def _is_lines(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(line, str) for line in data)
