"""An assignment of a course: its templates, and a fingerprint of all that marks in it depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import ComputeChecksums, LockCells
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue

from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.course.files import hash_folder, list_files

# The sections of settings that decide how a notebook runs. They travel to the workers of a cluster.
EXECUTION_SETTINGS = ("Execute", "ExecutePreprocessor", "NotebookClient", "Limits", "ForkProvisioner")
_ENGINE = "nbgrader-autograder"


@dataclass(frozen=True)
class Template:
    """A notebook of an assignment as the gradebook keeps it, hidden tests included.

    Attributes
    ----------
    notebook : NotebookNode
        Answers are cleared, cells are locked.
    answers : dict
        By grade id, the sources of the reference solution.
    """

    notebook: NotebookNode
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """One assignment, read once for all of its submissions.

    Attributes
    ----------
    name : str
    templates : dict
        By the name of the notebook.
    files : list of str
        The paths of its own files, relative to its folder, without the notebooks.
    fingerprints : dict
        By the name of the notebook, a hash of all that its marks depend on besides the submission: cells, hidden tests,
        files beside the notebooks, the settings of a run, the versions of nbgrader and of this engine.
    """

    name: str
    templates: Mapping[str, Template]
    files: list[str]
    fingerprints: Mapping[str, str]

    def fingerprint(self, notebook: str, submitted: str) -> str:
        """Return a hash of all that the marks of one notebook depend on; ``submitted`` is the submission's hash."""
        return _hash(self.fingerprints[notebook], submitted)


def read_assignment(course: Course, name: str) -> Assignment:
    """Read an assignment from the gradebook and from ``source/``.

    Raises
    ------
    CourseError
        If the gradebook does not know the assignment, or one of its notebooks is not in ``source/``.
    OperationalError
        If the gradebook cannot be used, or is still locked after half a minute.
    """
    folder = course.folder("source", ".", name)
    cells = course.read_gradebook(lambda gradebook: _read_source_cells(gradebook, name))
    templates = {nb: _read_template(folder / f"{nb}.ipynb", sources, course.config) for nb, sources in cells.items()}
    common = _hash(
        hash_folder(folder, [*course.ignored, "*.ipynb"]),
        _describe_settings(course.config),
        *(metadata.version(package) for package in (_ENGINE, "nbgrader")),
    )
    prints = {name: _hash(common, _describe_template(template)) for name, template in templates.items()}
    kept = course.config.Autograde.get("exclude_overwriting", {}).get(name, [])  # those are the students' own
    files = sorted({str(path.relative_to(folder)) for path in list_files(folder, course.ignored)}.difference(kept))
    return Assignment(name, templates, files, prints)


def _read_source_cells(gradebook: Gradebook, assignment: str) -> dict[str, dict[str, str]]:
    """Return the sources that the gradebook keeps: by the name of the notebook, then by grade id."""
    try:
        found = sorted(gradebook.find_assignment(assignment).notebooks, key=lambda nb: nb.name)
    except MissingEntry as error:
        raise CourseError(f"the gradebook has no assignment {assignment}") from error
    return {nb.name: {cell.name: cell.source for cell in nb.source_cells} for nb in found}


def _read_template(path: Path, sources: Mapping[str, str], config: Config) -> Template:
    if not path.exists():
        raise CourseError(f"{path} is missing; nbgrader's source notebooks are needed for grading")
    try:
        nb = notebooks.read(path)
    except ValueError as error:
        raise CourseError(f"{path.parent}: {error}") from error
    answers = notebooks.answers_of(nb)
    for cell in nb.cells:
        cell.source = sources.get(notebooks.grade_id(cell) or "", cell.source)
    for preprocessor in (LockCells, ComputeChecksums):
        nb, _ = preprocessor(config=config).preprocess(nb, {})
    return Template(nb, answers)


def _describe_template(template: Template) -> str:
    nb = template.notebook
    cells = [[cell.cell_type, cell.source, cell.metadata.get("nbgrader")] for cell in nb.cells]
    return json.dumps([cells, nb.metadata.get("kernelspec")], sort_keys=True)


def _describe_settings(config: Config) -> str:
    """Return the settings that decide how a notebook runs. The sandbox is left out: it does not change a mark."""
    sections = {name: dict(config[name]) for name in EXECUTION_SETTINGS if name in config}
    sections.get("ForkProvisioner", {}).pop("sandbox", None)
    chosen = {name: settings for name, settings in sections.items() if settings}  # asking for a section makes one
    return json.dumps(chosen, sort_keys=True, default=_describe_value)


def _describe_value(value: object) -> object:
    if isinstance(value, LazyConfigValue):
        return value.to_dict()
    return getattr(value, "__qualname__", str(value))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
