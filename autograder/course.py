"""An nbgrader course on disk: its settings, its folders and its gradebook."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ComputeChecksums, LockCells
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SAWarning
from traitlets.config import Config

from autograder import notebooks, plan
from autograder.settings import CONFIG, load_config

# nbgrader's own talk is for its own commands; ours say what matters in their own words.
log = logging.getLogger("autograder.nbgrader")
log.propagate = False
log.addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

# nbgrader calls `alembic` by its bare name, also where the environment was not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class CourseError(Exception):
    """The folder is not the course that a command needs; the message says what to do."""


class _Errors(logging.Handler):
    """Keeps nbgrader's error messages, which its exceptions only point to."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage().strip())


def run_converter(kind: type[BaseConverter], course: Course, directory: CourseDirectory) -> None:
    """Run one of nbgrader's converters, quietly; it replaces what it made before.

    Raises
    ------
    CourseError
        With nbgrader's own message, if it fails.
    """
    errors = _Errors()
    log.addHandler(errors)
    try:
        kind(coursedir=directory, config=course.config, force=True, log=log).start()
    except NbGraderException as error:
        reasons = [text.splitlines()[-1] for text in errors.messages if text] or [str(error)]
        raise CourseError(f"nbgrader: {reasons[0]}") from error
    finally:
        log.removeHandler(errors)


class Course:
    """An ordinary nbgrader course: ``source/ release/ submitted/ autograded/ feedback/ gradebook.db``.

    Parameters
    ----------
    root : Path
        The folder that holds ``nbgrader_config.py``.
    db_url : str, optional
        The gradebook's database as a URL, instead of what that file says.

    Raises
    ------
    CourseError
        If there is no such file.
    """

    def __init__(self, root: Path, db_url: str | None = None):
        self.root = root.resolve()
        self._db_url = db_url
        if not (self.root / CONFIG).is_file():
            raise CourseError(f"{root} is no nbgrader course: it has no {CONFIG}. Make one with: autograder build")

    @cached_property
    def config(self) -> Config:
        """nbgrader's settings, as its own commands read them."""
        config = load_config(self.root)
        config.CourseDirectory.root = str(self.root)
        if self._db_url:
            config.CourseDirectory.db_url = self._db_url
        return config

    def directory(self, **settings: str) -> CourseDirectory:
        """Return nbgrader's view of the course, with ``settings`` such as ``student_id`` changed."""
        return CourseDirectory(config=self.config, **settings)

    def gradebook(self, kind: type[Gradebook] = Gradebook) -> Gradebook:
        """Return the open gradebook, to be used in a ``with`` block.

        Raises
        ------
        CourseError
            If its address cannot be understood or its driver is not installed.
        """
        directory = self.directory()
        try:
            return kind(directory.db_url, directory.course_id)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise CourseError(f"the gradebook's address cannot be used: {error}") from error

    @property
    def gradebook_name(self) -> str:
        """Where the gradebook is, without its password."""
        url = make_url(self.directory().db_url)
        return url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return the folder of one student's assignment at a step such as ``submitted``."""
        directory = self.directory()
        name = getattr(directory, f"{step}_directory")
        return Path(directory.format_path(name, student, assignment))

    def scores(self, assignment: str) -> dict[str, dict[str, float]]:
        """Return the points of every student's notebooks, from the gradebook: by student, then by notebook."""
        with self.gradebook() as gradebook:
            return {
                submission.student.id: {nb.name: nb.score for nb in submission.notebooks}
                for submission in gradebook.assignment_submissions(assignment)
            }

    def max_scores(self, assignment: str) -> dict[str, float]:
        """Return the points that there are to win, by notebook."""
        with self.gradebook() as gradebook:
            return {nb.name: nb.max_score for nb in gradebook.find_assignment(assignment).notebooks}

    def assignments(self) -> list[str]:
        """Return the names of the assignments in the gradebook."""
        with self.gradebook() as gradebook:
            return sorted(assignment.name for assignment in gradebook.assignments)

    def students(self, assignment: str) -> list[str]:
        """Return who has a folder for this assignment in ``submitted/``, even an empty one."""
        return sorted(NbGraderAPI(self.directory(), config=self.config).get_submitted_students(assignment))

    def templates(self, assignment: str) -> dict[str, NotebookNode]:
        """Return the notebooks of an assignment by name, as the gradebook keeps them: hidden tests included.

        Raises
        ------
        CourseError
            If the assignment's sources are not in ``source/``.
        """
        with self.gradebook() as gradebook:
            found = gradebook.find_assignment(assignment).notebooks
            return {nb.name: self._template(assignment, nb) for nb in sorted(found, key=lambda nb: nb.name)}

    def _template(self, assignment: str, entry) -> NotebookNode:
        path = self.folder("source", ".", assignment) / f"{entry.name}.ipynb"
        if not path.exists():
            raise CourseError(f"{path} is missing; nbgrader's source notebooks are needed for grading")
        nb = notebooks.read(path)
        kept = {cell.name: cell.source for cell in entry.source_cells}
        for cell in nb.cells:
            cell.source = kept.get(notebooks.grade_id(cell), cell.source)
        for preprocessor in (LockCells, ComputeChecksums):
            nb, _ = preprocessor(config=self.config).preprocess(nb, {})
        return plan.prepare(nb)
