"""An nbgrader course on disk: its settings, its folders and its gradebook."""

from __future__ import annotations

import logging
import os
import sys
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

CONFIG = "nbgrader_config.py"
log = logging.getLogger("autograder.nbgrader")

# nbgrader calls `alembic` by its bare name, also where the environment was not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class CourseError(Exception):
    """The folder is not the course that a command needs; the message says what to do."""


class Course:
    """An ordinary nbgrader course: ``source/ release/ submitted/ autograded/ feedback/ gradebook.db``.

    Parameters
    ----------
    root : Path
        The folder that holds ``nbgrader_config.py``.

    Raises
    ------
    CourseError
        If there is no such file.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()
        if not (self.root / CONFIG).is_file():
            raise CourseError(f"{root} is no nbgrader course: it has no {CONFIG}. Make one with: autograder build")

    @cached_property
    def config(self) -> Config:
        """nbgrader's settings, as its own commands read them."""
        config = PyFileConfigLoader(CONFIG, str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        return config

    def directory(self, **settings: str) -> CourseDirectory:
        """Return nbgrader's view of the course, with ``settings`` such as ``student_id`` changed."""
        return CourseDirectory(config=self.config, **settings)

    def gradebook(self) -> Gradebook:
        """Return the open gradebook, to be used in a ``with`` block."""
        return Gradebook(self.directory().db_url, self.directory().course_id)

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return the folder of one student's assignment at a step such as ``submitted``."""
        directory = self.directory()
        name = getattr(directory, f"{step}_directory")
        return Path(directory.format_path(name, student, assignment))
