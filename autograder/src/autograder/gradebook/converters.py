"""nbgrader's own converters for a class: the gradebook and the exporters stay open from one student to the next."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbconvert.preprocessors import Preprocessor
from nbconvert.writers.files import FilesWriter
from nbformat import NotebookNode
from nbformat.validator import normalize
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.preprocessors import AssignLatePenalties, ClearHiddenTests
from traitlets import default

from autograder.course.coursedir import Course, log
from autograder.course.files import copy_files
from autograder.gradebook.database import TransactionalGradebook
from autograder.gradebook.feedback import FeedbackExporter, HideTests
from autograder.gradebook.preprocessors import open_preprocessors
from autograder.intake.submission import Submission


class _OnOwnCopy:
    """Goes before an exporter. Its preprocessors work on the copy of the notebook that it has made already.

    nbconvert's own method makes another copy for them, and a notebook is mostly what it costs to copy it.
    """

    # Of nbconvert's Exporter, which this class is combined with.
    _preprocessors: list[Preprocessor]
    _validate_preprocessor: Any

    def _preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        _, nb = normalize(nb)
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        self._validate_preprocessor(nb, self._preprocessors[-1])
        return nb, resources


def _keep_open(
    converter: BaseConverter, kinds: list[type[Preprocessor] | str], gradebook: TransactionalGradebook
) -> list[Preprocessor]:
    """Give a converter of nbgrader's what it would make anew for every student, and return its preprocessors."""
    converter.writer = FilesWriter(parent=converter)
    kind = type(converter.exporter_class.__name__, (_OnOwnCopy, converter.exporter_class), {})
    converter.exporter = kind(parent=converter, config=converter.config)
    preprocessors = open_preprocessors(kinds, gradebook, converter.exporter)
    for preprocessor in preprocessors:
        converter.exporter.register_preprocessor(preprocessor)
    return preprocessors


class MarksConverter(Autograde):
    """nbgrader's autograde for notebooks that were run already."""

    def __init__(self, course: Course, assignment: str, gradebook: TransactionalGradebook):
        super().__init__(coursedir=course.directory(assignment_id=assignment), config=course.config, log=log)
        self._gradebook = gradebook
        opened = _keep_open(self, [*self.sanitize_preprocessors, *self.autograde_preprocessors], gradebook)
        self._penalties = [one for one in opened if isinstance(one, AssignLatePenalties)]

    def write(self, submission: Submission, notebook: str, folder: Path) -> None:
        """Write marks to the gradebook, and graded notebooks to a folder.

        Parameters
        ----------
        submission : Submission
            Its notebooks have outputs.
        notebook : str
            The name of the one notebook to write, or ``*`` for all of them.
        folder : Path
            Where the notebooks are written to.
        """
        self._folder = folder
        self.coursedir.student_id = submission.student
        source = Path(self._format_source(submission.assignment, submission.student))
        chosen = sorted(fnmatch.filter(submission.notebooks, notebook))
        self.notebooks = [str(source / f"{name}.ipynb") for name in chosen]
        self.run_pre_convert_hook()
        self._enter(submission)
        for name, path in zip(chosen, self.notebooks, strict=True):
            resources = self.init_single_notebook_resources(path)
            output, resources = self.exporter.from_notebook_node(submission.notebooks[name], resources)
            (folder / f"{name}.ipynb").unlink(missing_ok=True)  # it may be there for reading only
            self.write_single_notebook(output, resources)
        self.set_permissions(submission.assignment, submission.student)
        self.run_post_convert_hook()

    def reconsider(self, student: str) -> bool:
        """Take off what being late costs by the deadline as it is now; return whether that has changed anything."""
        assignment = self.coursedir.assignment_id
        known = {"student": student, "assignment": assignment, "db_url": self.coursedir.db_url}
        changed = False
        for notebook in self._gradebook.find_submission(assignment, student).notebooks:
            before = notebook.late_submission_penalty
            for preprocessor in self._penalties:
                preprocessor.preprocess(NotebookNode(), {"nbgrader": {**known, "notebook": notebook.name}})
            changed |= notebook.late_submission_penalty != before
        return changed

    def _enter(self, submission: Submission) -> None:
        """Enter the student and the submission, with no points for what was not handed in."""
        student, assignment = submission.student, submission.assignment
        if self.create_student:
            self._gradebook.update_or_create_student(student)
        else:
            self._gradebook.find_student(student)
        when = {"timestamp": submission.timestamp} if submission.timestamp else {}
        entered = self._gradebook.update_or_create_submission(assignment, student, **when)
        for nb in entered.notebooks:
            if nb.name not in submission.notebooks:
                for grade in nb.grades:
                    grade.auto_score = 0
                    grade.needs_manual_grade = False

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._folder)


class FeedbackConverter(GenerateFeedback):
    """nbgrader's feedback pages for a submission whose marks are being recorded: safe, and without hidden tests."""

    @default("exporter_class")
    def _default_exporter_class(self) -> type[Exporter]:
        return FeedbackExporter

    def __init__(self, course: Course, assignment: str, gradebook: TransactionalGradebook):
        super().__init__(coursedir=course.directory(assignment_id=assignment), config=course.config, log=log)
        self._ignored = course.ignored
        chosen = [kind for kind in self.preprocessors if kind is not ClearHiddenTests]
        _keep_open(self, [*chosen, HideTests], gradebook)

    def write(self, student: str, graded: Path, folder: Path) -> None:
        """Write a page for every notebook in the folder ``graded`` to ``folder``."""
        self._folder = folder
        self.coursedir.student_id = student
        copy_files(graded, folder, self._ignored)
        for path in sorted(graded.glob("*.ipynb")):
            self.convert_single_notebook(str(path))
        self.set_permissions(self.coursedir.assignment_id, student)

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        """Return what nbgrader's preprocessors and templates know of a notebook."""
        path = Path(notebook_filename)
        known = {"student": self.coursedir.student_id, "assignment": self.coursedir.assignment_id}
        return {
            "unique_key": path.stem,
            "output_files_dir": f"{path.stem}_files",
            "nbgrader": {**known, "notebook": path.stem, "db_url": self.coursedir.db_url},
        }

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._folder)
