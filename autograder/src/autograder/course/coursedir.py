"""An nbgrader course on disk: its settings, its folders and its gradebook."""

from __future__ import annotations

import glob
import logging
import os
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SAWarning
from traitlets.config import Config

from autograder.course.settings import CONFIG, SettingsError, load_settings
from autograder.gradebook.database import TransactionalGradebook, retry, wait_for_locks

T = TypeVar("T")

# nbgrader logs for its own commands. This engine writes its own messages.
log = logging.getLogger("autograder.nbgrader")
log.propagate = False
log.addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

# Notebooks run programs of this environment, such as `python`, also where it is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class CourseError(Exception):
    """A command cannot do what was asked with this course. The message says why, and what to do."""


class CourseBusy(CourseError):
    """Another process is at work in the course; later the same command can succeed."""


class _Errors(logging.Handler):
    """Keeps nbgrader's error messages: its exceptions only point to the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage().strip())


def run_converter(kind: type[BaseConverter], course: Course, directory: CourseDirectory) -> None:
    """Run one of nbgrader's converters without its log. It replaces what it wrote before.

    Parameters
    ----------
    kind : type of BaseConverter
    course : Course
    directory : CourseDirectory
        Its ``assignment_id`` says what is converted.

    Raises
    ------
    CourseError
        With nbgrader's own message, if the converter fails.
    OperationalError
        If the gradebook cannot be used, or is still locked after half a minute.
    """
    directory.db_url = wait_for_locks(directory.db_url)
    retry(lambda: _run_once(kind, course, directory))


def _run_once(kind: type[BaseConverter], course: Course, directory: CourseDirectory) -> None:
    errors = _Errors()
    log.addHandler(errors)
    try:
        kind(coursedir=directory, config=course.config, force=True, log=log).start()
    except NbGraderException as error:
        if isinstance(error.__context__, OperationalError):
            raise error.__context__ from None
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
        The URL of the gradebook's database, instead of the one in the settings.

    Raises
    ------
    CourseError
        If there is no such file.
    """

    def __init__(self, root: Path, db_url: str | None = None):
        self.root = root.resolve()
        self._db_url = db_url
        if not (self.root / CONFIG).is_file():
            raise CourseError(f"{root} is no nbgrader course: it has no {CONFIG}. Make a course with: autograder init")

    @cached_property
    def config(self) -> Config:
        """The settings that nbgrader's own commands read in this course.

        Raises
        ------
        CourseError
            If a file of settings has a mistake.
        """
        try:
            config = load_settings(self.root, _replace_outdated_names)
        except SettingsError as error:
            raise CourseError(str(error)) from error
        config.CourseDirectory.root = str(self.root)
        if self._db_url:
            config.CourseDirectory.db_url = self._db_url
        return config

    def directory(self, **settings: str) -> CourseDirectory:
        """Return nbgrader's view of the course, with ``settings`` such as ``student_id`` changed."""
        return CourseDirectory(config=self.config, **settings)

    @cached_property
    def _directory(self) -> CourseDirectory:
        return self.directory()  # once: that takes longer than to find a folder in it, and a class has thousands

    @cached_property
    def ignored(self) -> Sequence[str]:
        """The patterns of file names that nbgrader leaves out when it copies folders."""
        return list(self._directory.ignore)

    @property
    def scratch(self) -> Path:
        """The engine's own folder. It is inside the course, so that results can be moved into place in one step."""
        return self.root / ".autograder"

    def gradebook(self, kind: type[Gradebook] = Gradebook) -> Gradebook:
        """Return the open gradebook, to be used in a ``with`` block.

        Parameters
        ----------
        kind : type of Gradebook
            nbgrader's class, or one that is built on it.

        Raises
        ------
        CourseError
            If its URL cannot be understood or its driver is not installed.
        OperationalError
            If the database cannot be used, or is still locked after half a minute.
        """
        return retry(lambda: self._open_gradebook(kind))

    def read_gradebook(self, read: Callable[[Gradebook], T]) -> T:
        """Return what ``read`` returns when it is called with the open gradebook.

        Where the gradebook is locked, it is called again, for half a minute in all.

        Raises
        ------
        CourseError, OperationalError
            As `gradebook` does.
        """

        def open_and_read() -> T:
            with self._open_gradebook(Gradebook) as gradebook:
                return read(gradebook)

        return retry(open_and_read)

    def write_gradebook(self, change: Callable[[TransactionalGradebook], object]) -> None:
        """Call ``change`` with the open gradebook, in one transaction. Where that is locked, do it again as in reading.

        Raises
        ------
        CourseError, OperationalError
            As `gradebook` does.
        """

        def open_and_write() -> None:
            with self._open_gradebook(TransactionalGradebook) as gradebook, gradebook.transaction():
                change(gradebook)

        retry(open_and_write)

    def _open_gradebook(self, kind: type[Gradebook]) -> Gradebook:
        try:
            return kind(wait_for_locks(self._directory.db_url), self._directory.course_id)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise CourseError(f"the gradebook's address cannot be used: {error}") from error

    @property
    def gradebook_name(self) -> str:
        """Where the gradebook is, without its password."""
        url = make_url(self._directory.db_url)
        return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)

    @property
    def db_option(self) -> str:
        """The option ``--db`` as it was given, without its password, to be appended to a command; empty without one."""
        return f" --db {shlex.quote(make_url(self._db_url).render_as_string())}" if self._db_url else ""

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return the folder of one student's assignment at a step such as ``submitted``."""
        name = getattr(self._directory, f"{step}_directory")
        return Path(self._directory.format_path(name, student, assignment))

    def scores(self, assignment: str) -> dict[str, dict[str, float]]:
        """Return the points of every student's notebooks, from the gradebook: by student, then by notebook."""
        return self.read_gradebook(
            lambda gradebook: {
                submission.student.id: {nb.name: nb.score for nb in submission.notebooks}
                for submission in gradebook.assignment_submissions(assignment)
            }
        )

    def assignments(self) -> list[str]:
        """Return the names of the assignments in the gradebook."""
        return self.read_gradebook(lambda gradebook: sorted(assignment.name for assignment in gradebook.assignments))

    def students(self, assignment: str, step: str = "submitted") -> list[str]:
        """Return who has a folder for this assignment at a step such as ``submitted``, even an empty one.

        With ``*`` for the assignment, it is who has one for any.
        """
        directory = self.directory(submitted_directory=getattr(self._directory, f"{step}_directory"))
        return sorted(NbGraderAPI(directory, config=self.config).get_submitted_students(assignment))

    def hand_ins(self) -> list[tuple[str, str]]:
        """Return student and assignment of each folder in ``submitted/``, whether the gradebook knows them or not."""
        place = self._directory.submitted_directory
        pattern = self._directory.format_path(place, "(?P<student>[^/]+)", "(?P<assignment>[^/]+)", escape=True)
        paths = sorted(path for path in glob.iglob(str(self.folder("submitted", "*", "*"))) if os.path.isdir(path))
        found = (re.fullmatch(pattern, path) for path in paths)
        return [(match["student"], match["assignment"]) for match in found if match]


def _replace_outdated_names(config: Config) -> Config:
    """Return settings in which those that nbgrader has renamed have their new names, as in nbgrader's own commands."""
    replaced: Config = NbGrader(config=config, log=log).config
    return replaced
