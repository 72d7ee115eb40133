"""Restore a submitted notebook: the student's answers in the instructor's cells."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.course.notebooks import KERNELSPEC, grade_id, is_instructors
from autograder.course.text import has_surrogates, replace_surrogates, shorten
from autograder.intake.review import find_suspicious

_REPLACED = {"nbgrader", "widgets", "language_info"}  # metadata of a notebook; a run tells the last two
_SKIP = "skip-execution"  # a kernel does not get a cell with this tag
_NAME = 50  # characters of what a student wrote, in a note


def restore(nb: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return ``nb`` as it may be run and graded: the student's answers in the instructor's cells.

    Locked and graded cells get the instructor's source and metadata, also where they were edited, copied or deleted.
    Every other cell stays as the student left it, without outputs and without metadata of nbgrader's.

    Parameters
    ----------
    nb : NotebookNode
        The notebook that was handed in.
    template : NotebookNode
        The notebook of the assignment that it was made from.

    Returns
    -------
    restored : NotebookNode
    notes : list of str
        What had to be mended, for the instructor.
    """
    known = {name: cell for cell in template.cells if (name := grade_id(cell))}
    cells, notes = _restore_cells(nb.cells, known)
    notes += _put_back(cells, known)
    if any(has_surrogates(cell.source) for cell in nb.cells):
        notes.append("held characters that no file can hold; each was replaced by a question mark in a diamond")
    notes += _foreign_kernel(nb)
    notes += _suspicious(cells)
    kept = {key: value for key, value in nb.metadata.items() if key not in _REPLACED}
    metadata = kept | {"kernelspec": template.metadata.get("kernelspec", KERNELSPEC)}
    restored = nbformat.v4.new_notebook(metadata=metadata)
    restored.cells = cells  # nbformat would validate them one by one, which takes most of the time of all this
    _give_ids(cells)
    _, restored = nbformat.validator.normalize(restored, strip_invalid_metadata=True)
    return restored, notes


def _restore_cells(
    submitted: list[NotebookNode], known: Mapping[str, NotebookNode]
) -> tuple[list[NotebookNode], list[str]]:
    """Return the submitted cells, each as it may be run, and notes. Of copies the last one counts, as for nbgrader."""
    cells, notes = [], []
    seen: set[str] = set()
    for cell in reversed(submitted):
        name = grade_id(cell)
        if name in seen:
            notes.append(f"cell {name} was there more than once; the last one counts")
        if name is None or name not in known or name in seen:
            cells.append(_own_cell(cell))
            continue
        seen.add(name)
        if _was_edited(cell, known[name]):
            notes.append(f"test cell {name} was changed; the original was put back")
        cells.append(_known_cell(cell, known[name]))
    return cells[::-1], notes


def _own_cell(cell: NotebookNode) -> NotebookNode:
    """Return a cell of the student's own, without what steers nbgrader or the kernel."""
    return _new_cell(cell.cell_type, cell.source, _harmless(cell), cell.get("attachments"), cell.get("id"))


def _known_cell(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    kind, id_, attachments = original.cell_type, cell.get("id"), original.get("attachments")
    if not is_solution(original):
        return _new_cell(kind, original.source, dict(original.metadata), attachments, id_)
    attachments = {**(attachments or {}), **(cell.get("attachments") or {})}
    return _new_cell(kind, cell.source, _harmless(cell) | original.metadata, attachments, id_)


def _harmless(cell: NotebookNode) -> dict[str, Any]:
    """Return the metadata of a student's cell without nbgrader's and without tags, by which a kernel may skip it."""
    kept = {key: value for key, value in cell.metadata.items() if key != "nbgrader"}
    tags = [tag for tag in kept.pop("tags", []) if tag != _SKIP]
    return kept | ({"tags": tags} if tags else {})


def _new_cell(
    kind: str, source: str, metadata: dict[str, Any], attachments: Mapping[str, Any] | None, id_: str | None
) -> NotebookNode:
    new: dict[str, Any] = {"cell_type": kind, "id": id_, "source": replace_surrogates(source), "metadata": metadata}
    if kind == "code":
        new |= {"execution_count": None, "outputs": []}
    elif attachments:
        new["attachments"] = attachments
    cell: NotebookNode = nbformat.from_dict(new)
    return cell


def _give_ids(cells: list[NotebookNode]) -> None:
    """Give an id to every cell that has none, or that of a cell above."""
    seen: set[str] = set()
    for cell in cells:
        if not cell.id or cell.id in seen:
            cell.id = uuid.uuid4().hex
        seen.add(cell.id)


def _was_edited(cell: NotebookNode, original: NotebookNode) -> bool:
    if not is_grade(original) or is_solution(original):
        return False
    released, _ = ClearHiddenTests().preprocess_cell(nbformat.from_dict(original), {}, 0)
    return _lines(cell) not in (_lines(released), _lines(original))


def _lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a cell; how they end says nothing about who wrote them."""
    lines: list[str] = cell.source.strip().splitlines()
    return lines


def _put_back(cells: list[NotebookNode], known: Mapping[str, NotebookNode]) -> list[str]:
    """Insert the locked and graded cells that are missing, each after the one that it used to follow."""
    notes = []
    order = {name: place for place, name in enumerate(known)}
    there = {grade_id(cell) for cell in cells}
    for name, original in known.items():
        if name in there or not (is_grade(original) or is_locked(original)):
            continue
        present = [(place, other) for place, other in enumerate(map(grade_id, cells)) if other]
        before = [place for place, other in present if order[other] < order[name]]
        answers = [place for place in before if is_solution(cells[place])]
        if is_grade(original):  # without its answer's cell a test can only come last
            place = max(before) + 1 if answers else len(cells)
        else:
            place = max(before) + 1 if before else 0
        cells.insert(place, _known_cell(original, original))
        notes.append(f"cell {name} was missing and was put back")
    return notes


def _suspicious(cells: list[NotebookNode]) -> list[str]:
    theirs = [cell.source for cell in cells if cell.cell_type == "code" and not is_instructors(cell)]
    found = find_suspicious(theirs)
    return [f"uses what no answer needs, have a look: {', '.join(found)}"] if found else []


def _foreign_kernel(nb: NotebookNode) -> list[str]:
    language = nb.metadata.get("kernelspec", {}).get("language") or "python"
    if language == "python":
        return []
    return [f"asks for a kernel in {shorten(str(language), _NAME)}; the course's kernel was used"]
