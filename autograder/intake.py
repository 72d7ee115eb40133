"""Take in what a student handed in: find out what it is, and restore what was not theirs to change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder import plan
from autograder.notebooks import KERNELSPEC, SUFFIXES, grade_id, grade_ids, read
from autograder.suspicion import find_suspicious

_LARGEST = 30_000_000  # bytes of a notebook: reading it takes many times as much memory


def find_links(folder: Path) -> list[Path]:
    """Return what is neither a file nor a folder in ``folder``: links, pipes, sockets. None is followed."""
    if folder.is_symlink():
        return [folder]
    inside = [Path(root) / name for root, folders, files in os.walk(folder) for name in [*folders, *files]]
    return [path for path in inside if path.is_symlink() or not (path.is_file() or path.is_dir())]


def find_notebooks(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the notebooks that lie in ``folder``, and a note on each that was handed in twice.

    Where an exercise lies there as ``.ipynb`` and as ``.py``, the one that was changed last counts.
    """
    found: dict[str, Path] = {}
    notes = []
    for path in sorted(set(_list(folder)) - set(find_links(folder))):
        if path.suffix not in SUFFIXES:
            continue
        if path.stem in found:
            newer = max(path, found[path.stem], key=lambda p: p.stat().st_mtime)
            notes.append(f"{path.stem} was handed in twice; {newer.name} is newer and counts")
            path = newer
        found[path.stem] = path
    return list(found.values()), notes


def identify(nb: NotebookNode, name: str, templates: Mapping[str, NotebookNode]) -> str | None:
    """Return the name of the template that ``nb`` was made from, by its cells first and its file name second."""
    ids = set(grade_ids(nb))
    shared = {key: len(ids & set(grade_ids(template))) / len(template.cells) for key, template in templates.items()}
    best = max(shared, key=lambda key: (shared[key], key == name), default=None)
    if best and shared[best] > 0:
        return best
    return name if name in templates else None


def restore(nb: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return ``nb`` as it may be run and graded: the student's answers in the instructor's cells.

    ``template`` comes from `plan.prepare`. Locked and graded cells get its source and metadata, also where they were
    edited, copied or deleted; every other cell stays as the student left it, without outputs.

    Returns
    -------
    restored : NotebookNode
    notes : list of str
        What had to be mended, for the instructor.
    """
    known = {grade_id(cell): cell for cell in template.cells if grade_id(cell)}
    cells, notes = [], []
    seen: set[str] = set()
    for cell in reversed(nb.cells):  # of copies the last one counts, as it does for nbgrader
        name = grade_id(cell)
        if name in seen:
            notes.append(f"cell {name} was there more than once; the last one counts")
        if name not in known or name in seen:
            cells.append(_own_cell(cell))
            continue
        seen.add(name)
        if _was_edited(cell, known[name]):
            notes.append(f"test cell {name} was changed; the original was put back")
        cells.append(_known_cell(cell, known[name]))
    cells.reverse()
    notes += _put_back(cells, known)
    notes += _foreign_kernel(nb)
    notes += _suspicious(cells)
    metadata = {"kernelspec": template.metadata.get("kernelspec", KERNELSPEC), plan.KEY: template.metadata[plan.KEY]}
    restored = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    _, restored = nbformat.validator.normalize(restored, strip_invalid_metadata=True)
    return restored, notes


def read_submission(path: Path) -> NotebookNode:
    """Return the notebook in ``path``; `ValueError` says why it cannot be read."""
    if path.is_file() and path.stat().st_size > _LARGEST:
        raise ValueError(f"{path.name} is larger than {_LARGEST / 1e6:g} MB")
    nb = read(path)
    if not nb.cells:
        raise ValueError(f"{path.name} holds no cells")
    return nb


def _list(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file()]


def _own_cell(cell: NotebookNode) -> NotebookNode:
    """Return a cell of the student's own: its source, and nothing that steers nbgrader or the kernel."""
    return _new_cell(cell.cell_type, cell.source, {})


def _known_cell(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    theirs = is_solution(original)
    return _new_cell(original.cell_type, cell.source if theirs else original.source, dict(original.metadata))


def _new_cell(kind: str, source: str, metadata: dict) -> NotebookNode:
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[kind]
    return new(source, metadata=metadata)


def _was_edited(cell: NotebookNode, original: NotebookNode) -> bool:
    if not is_grade(original) or is_solution(original):
        return False
    released, _ = ClearHiddenTests().preprocess_cell(nbformat.from_dict(original), {}, 0)
    return cell.source.strip() not in (released.source.strip(), original.source.strip())


def _put_back(cells: list[NotebookNode], known: Mapping[str, NotebookNode]) -> list[str]:
    """Insert the locked and graded cells that are missing, each after the one that it used to follow."""
    notes = []
    order = list(known)
    for name, original in known.items():
        present = [grade_id(cell) for cell in cells]
        if name in present or not (is_grade(original) or is_locked(original)):
            continue
        before = [place for place, other in enumerate(present) if other and order.index(other) < order.index(name)]
        answers = [place for place in before if is_solution(cells[place])]
        if is_grade(original):  # without its answer's cell a test can only come last
            place = max(before) + 1 if answers else len(cells)
        else:
            place = max(before) + 1 if before else 0
        cells.insert(place, _known_cell(original, original))
        notes.append(f"cell {name} was missing and was put back")
    return notes


def _suspicious(cells: list[NotebookNode]) -> list[str]:
    theirs = [cell.source for cell in cells if cell.cell_type == "code" and not plan.is_instructors(cell)]
    found = find_suspicious(theirs)
    return [f"uses what no answer needs, have a look: {', '.join(found)}"] if found else []


def _foreign_kernel(nb: NotebookNode) -> list[str]:
    language = nb.metadata.get("kernelspec", {}).get("language") or "python"
    return [] if language == "python" else [f"asks for a kernel in {language}; the course's kernel was used"]
