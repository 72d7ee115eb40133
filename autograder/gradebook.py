"""The one writer of a course's gradebook, open for the whole class, with one transaction a submission.

nbgrader's autograde opens the gradebook and builds its exporter anew at every step of every notebook. Here its own
preprocessors run unchanged, but on a gradebook and in an exporter that stay open.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from nbconvert.preprocessors import ExecutePreprocessor, Preprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    ClearOutput,
    GetGrades,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from sqlalchemy import event
from traitlets.utils.importstring import import_item

_BUSY = 5000  # ms; how long one try waits for another who writes


class OpenGradebook(Gradebook):
    """nbgrader's gradebook with transactions: what happens in one is kept as a whole or not at all."""

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        if self.engine.dialect.name == "postgresql":
            event.listen(self.engine, "begin", _begin_postgresql)
        self.close()  # connections that were made before

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit once at the end of the block, whatever nbgrader commits inside; roll back on any exception."""
        self.db.remove()
        with self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            self.db.configure(bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False)
            yield
            self.db.commit()
        self.db.remove()


def _configure_sqlite(connection, _) -> None:
    connection.isolation_level = None  # SQLAlchemy's recipe for transactions that begin when they are told to
    connection.execute(f"PRAGMA busy_timeout = {_BUSY}")


def _begin_sqlite(connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_postgresql(connection) -> None:
    # What formgrader changes meanwhile is no longer overwritten: it is an error, and tried again.
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_BUSY}")


class _OpenMixin:
    """Lets a preprocessor of nbgrader's work in the gradebook that is open."""

    gradebook: Gradebook

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        known = resources["nbgrader"]
        self.notebook_id, self.assignment_id = known["notebook"], known["assignment"]
        self.student_id, self.db_url = known["student"], known["db_url"]
        return self.convert(nb, resources)

    def convert(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        return NbGraderPreprocessor.preprocess(self, nb, resources)


class _OpenKernelspec(_OpenMixin):
    def convert(self, nb, resources):
        kernelspec = self.gradebook.find_notebook(self.notebook_id, self.assignment_id).kernelspec
        if kernelspec and json.loads(kernelspec):
            nb.metadata["kernelspec"] = json.loads(kernelspec)
        return nb, resources


class _OpenCells(_OpenMixin):
    def convert(self, nb, resources):
        nb, resources = super().convert(nb, resources)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
            nb, resources = self.add_missing_task_cells(nb, resources)
        return nb, resources


class _OpenPenalties(_OpenMixin):
    def convert(self, nb, resources):
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


class _OpenGrades(_OpenMixin):
    def convert(self, nb, resources):
        nb, resources = super().convert(nb, resources)
        notebook = self.gradebook.find_submission_notebook(self.notebook_id, self.assignment_id, self.student_id)
        penalty = notebook.late_submission_penalty or 0
        resources["nbgrader"] |= {
            "score": notebook.score - penalty,
            "max_score": notebook.max_score,
            "late_penalty": penalty,
        }
        return nb, resources


_MIXINS = {
    OverwriteKernelspec: _OpenKernelspec,
    OverwriteCells: _OpenCells,
    SaveAutoGrades: _OpenMixin,
    AssignLatePenalties: _OpenPenalties,
    GetGrades: _OpenGrades,
}
_DONE = (ClearOutput, ExecutePreprocessor)


def open_preprocessors(kinds: list, gradebook: Gradebook, parent) -> list[Preprocessor]:
    """Return preprocessors of these kinds, classes or their import names, that work in ``gradebook``.

    Those that run a notebook or clear its outputs are left out: it was run already.
    """
    made = []
    for kind in kinds:
        kind = import_item(kind) if isinstance(kind, str) else kind
        if issubclass(kind, _DONE):
            continue
        mixin = next((mixin for base, mixin in _MIXINS.items() if issubclass(kind, base)), None)
        made.append((type(kind.__name__, (mixin, kind), {}) if mixin else kind)(parent=parent))
        made[-1].gradebook = gradebook
    return made
