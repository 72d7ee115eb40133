"""nbgrader's own preprocessors, which work here in a gradebook that is open.

nbgrader's autograde opens the gradebook anew at every step of every notebook. Here its preprocessors run with the same
settings and to the same effect, but all of them in one gradebook, and so in one transaction.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from nbconvert.preprocessors import ExecutePreprocessor, Preprocessor
from nbformat import NotebookNode
from nbgrader.api import SubmittedAssignment
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    GetGrades,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets.config import Configurable
from traitlets.utils.importstring import import_item

from autograder.course.text import TIME_FORMAT
from autograder.gradebook.database import TransactionalGradebook
from autograder.gradebook.points import within_bounds

Converted = tuple[NotebookNode, dict[str, Any]]


def describe_times(submission: SubmittedAssignment) -> str:
    """Return in words when a submission was handed in, when it was due, and how late it was; empty if nobody knows."""
    told = []
    if submission.timestamp:
        told.append(f"Handed in on {submission.timestamp:{TIME_FORMAT}}.")
    if submission.duedate:  # with the student's extension
        extension = f", with your extension of {_length(submission.extension)}" if submission.extension else ""
        told.append(f"Due on {submission.duedate:{TIME_FORMAT}}{extension}.")
    if submission.total_seconds_late > 0:
        told.append(f"That is {_length(datetime.timedelta(seconds=submission.total_seconds_late))} late.")
    return " ".join(told)


def _length(time: datetime.timedelta) -> str:
    """Return a length of time in days, hours and minutes, such as ``1 day 2 hours``."""
    minutes = max(1, round(time.total_seconds() / 60))
    parts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
    return " ".join(f"{count} {unit}{'s' * (count > 1)}" for unit, count in parts.items() if count)


class _InOpenGradebook:
    """Goes before a class of nbgrader's and replaces the method in which that opens a gradebook."""

    gradebook: TransactionalGradebook

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        known = resources["nbgrader"]
        self.notebook_id, self.assignment_id = known["notebook"], known["assignment"]
        self.student_id, self.db_url = known["student"], known["db_url"]
        return self.convert(nb, resources)

    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)  # every cell
        return nb, resources


class _Kernelspec(_InOpenGradebook):
    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        kernelspec = self.gradebook.find_notebook(self.notebook_id, self.assignment_id).kernelspec
        if kernelspec and json.loads(kernelspec):
            nb.metadata["kernelspec"] = json.loads(kernelspec)
        return nb, resources


class _Cells(_InOpenGradebook):
    # Methods and settings of OverwriteCells, which this class is combined with.
    add_missing_cells: Any
    add_missing_grade_cells: Any
    add_missing_task_cells: Any

    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        self.gradebook.read_cells(self.notebook_id, self.assignment_id)
        nb, resources = super().convert(nb, resources)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
            nb, resources = self.add_missing_task_cells(nb, resources)
        return nb, resources


class _AutoGrades(_InOpenGradebook):
    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        self.gradebook.read_marks(self.notebook_id, self.assignment_id, self.student_id)
        return super().convert(nb, resources)

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_score(within_bounds(cell), resources)  # type: ignore[misc]  # of SaveAutoGrades


class _Penalties(_InOpenGradebook):
    # Of AssignLatePenalties, which this class is combined with.
    init_plugin: Any
    plugin_inst: Any
    _check_late_penalty: Any

    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        self.init_plugin()
        submission = self.gradebook.find_submission(self.assignment_id, self.student_id)
        notebook = self.gradebook.find_submission_notebook(self.notebook_id, self.assignment_id, self.student_id)
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            penalty = self.plugin_inst.late_submission_penalty(self.student_id, notebook.score, late)
            if penalty is not None:
                notebook.late_submission_penalty = self._check_late_penalty(notebook, penalty)
        return nb, resources


class _Grades(_InOpenGradebook):
    def convert(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        self.gradebook.read_marks(self.notebook_id, self.assignment_id, self.student_id)  # now with their sums
        nb, resources = super().convert(nb, resources)
        notebook = self.gradebook.find_submission_notebook(self.notebook_id, self.assignment_id, self.student_id)
        penalty = notebook.late_submission_penalty or 0
        resources["nbgrader"] |= {
            "score": notebook.score - penalty,
            "max_score": notebook.max_score,
            "late_penalty": penalty,
            "times": describe_times(self.gradebook.find_submission(self.assignment_id, self.student_id)),
        }
        return nb, resources


class _CheckedOnce:
    """Goes before CheckCellMetadata. A class has the same metadata in its notebooks, and to check them takes long."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self._valid: set[bytes] = set()

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Converted:
        cells = [[cell.cell_type, cell.metadata.get("nbgrader")] for cell in nb.cells]
        key = hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).digest()
        if key not in self._valid:
            nb, resources = super().preprocess(nb, resources)  # type: ignore[misc]  # of CheckCellMetadata
            self._valid.add(key)
        return nb, resources


_REPLACEMENTS: dict[type[Preprocessor], type[_InOpenGradebook] | type[_CheckedOnce]] = {
    CheckCellMetadata: _CheckedOnce,
    OverwriteKernelspec: _Kernelspec,
    OverwriteCells: _Cells,
    SaveAutoGrades: _AutoGrades,
    AssignLatePenalties: _Penalties,
    GetGrades: _Grades,
}
_DONE_ALREADY = (ClearOutput, ExecutePreprocessor)


def open_preprocessors(
    kinds: list[type[Preprocessor] | str], gradebook: TransactionalGradebook, parent: Configurable
) -> list[Preprocessor]:
    """Return preprocessors of these kinds, classes or their import names, that work in ``gradebook``.

    Those that run a notebook or clear its outputs are left out: the notebook was run already.

    Parameters
    ----------
    kinds : list
        Classes of nbgrader's, of nbconvert's or of the course's own, or their import names.
    gradebook : TransactionalGradebook
    parent : Configurable
        What the preprocessors take their settings from.
    """
    classes = [import_item(kind) if isinstance(kind, str) else kind for kind in kinds]
    wanted = [kind for kind in classes if not issubclass(kind, _DONE_ALREADY)]
    preprocessors: list[Any] = [_in_open_gradebook(kind)(parent=parent) for kind in wanted]
    for preprocessor in preprocessors:
        preprocessor.gradebook = gradebook
    return preprocessors


def _in_open_gradebook(kind: type[Preprocessor]) -> type[Preprocessor]:
    """Return a class that does what ``kind`` does, in a gradebook that is open if it needs one."""
    replacement = next((found for base, found in _REPLACEMENTS.items() if issubclass(kind, base)), None)
    return type(kind.__name__, (replacement, kind), {}) if replacement else kind
