"""Find the notebooks in a folder that was handed in, and tell which notebook of the assignment each one is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.assignment import Template
from autograder.course.files import find_links
from autograder.course.notebooks import SUFFIXES, grade_ids
from autograder.intake.reading import Unreadable, read_submission


def find_notebooks(folder: Path, names: Collection[str] = ()) -> tuple[list[Path], list[str]]:
    """Return the notebooks that lie in a folder, with notes on what is no file and on each that was handed in twice.

    A ``.py`` file is a notebook if it holds nbgrader's ids, or if it has one of the ``names`` and no ``.ipynb`` has it
    too. Where a notebook lies there in both forms, the one that was changed last counts; if none is newer, the
    ``.ipynb``. Links are left out.

    Parameters
    ----------
    folder : Path
        It may be missing.
    names : collection of str
        Of the notebooks of the assignment.

    Returns
    -------
    paths : list of Path
    notes : list of str
    """
    found: dict[str, Path] = {}
    notes = []
    links = set(find_links(folder))
    there = sorted(folder.iterdir()) if folder.is_dir() and folder not in links else []
    for path in there:
        if path.suffix not in SUFFIXES or path in links:
            continue
        if path.is_dir():
            notes.append(f"{path.name} is a folder, not a notebook")
            continue
        other = found.get(path.stem)  # the .ipynb, which comes first
        if path.suffix == ".py" and (other or path.stem not in names) and not _has_ids(path):
            continue
        if other:
            path, note = _choose(other, path)
            notes.append(note)
        found[path.stem] = path
    return list(found.values()), notes


def _has_ids(path: Path) -> bool:
    """Return whether a file is a notebook that can be read and holds nbgrader's ids."""
    try:
        return bool(grade_ids(read_submission(path)))
    except Unreadable:
        return False


def _choose(notebook: Path, script: Path) -> tuple[Path, str]:
    """Return which of the two forms of a notebook counts, and a note that says so."""
    first, second = (path.stat().st_mtime_ns for path in (notebook, script))
    chosen = script if second > first else notebook
    why = "counts" if first == second else "is newer and counts"
    return chosen, f"{notebook.stem} was handed in twice; {chosen.name} {why}"


def identify(nb: NotebookNode, name: str, templates: Mapping[str, Template]) -> str | None:
    """Return the name of the template that a notebook was made from, or None if there is none.

    The nbgrader ids of its cells decide. If they say nothing, its file name does.

    Parameters
    ----------
    nb : NotebookNode
    name : str
        The name of its file, without the suffix.
    templates : mapping of Template
        By name.
    """
    ids = set(grade_ids(nb))
    known = {key: set(grade_ids(template.notebook)) for key, template in templates.items()}
    shared = {key: len(ids & theirs) / max(len(theirs), 1) for key, theirs in known.items()}
    best = max(shared, key=lambda key: (shared[key], key == name), default=None)
    if best and shared[best] > 0:
        return best
    return name if name in templates else None
