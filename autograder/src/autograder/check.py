"""Mark single files on the spot, without a gradebook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.course.assignment import Template
from autograder.course.files import copy_file, copy_files
from autograder.execution.executor import KernelLost
from autograder.execution.notebook import run_notebook
from autograder.intake.reading import read_submission
from autograder.intake.recognition import identify
from autograder.intake.restore import restore
from autograder.reporting.marks import Mark, notes_on_points, read_marks


class CheckError(Exception):
    """A file could not be read or run, or it is no notebook of the course. The message says which."""


@dataclass(frozen=True)
class CheckResult:
    """The marks of one file.

    Attributes
    ----------
    notebook : str
        The name of the notebook that the file is.
    cells : list of Mark
        The marks of its graded cells.
    notes : list of str
        What the instructor should know about it.
    """

    notebook: str
    cells: list[Mark]
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """The points that were won."""
        return sum(mark.score for mark in self.cells)

    @property
    def max_score(self) -> float:
        """The points that there are to win."""
        return sum(mark.max_score for mark in self.cells)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data, ready for JSON."""
        return {
            "notebook": self.notebook,
            "score": self.score,
            "max_score": self.max_score,
            "cells": [asdict(mark) for mark in self.cells],
        }


def check_file(
    path: Path, templates: Mapping[str, Template], config: Config, folders: Mapping[str, Path]
) -> CheckResult:
    """Mark one notebook, ``.py`` or ``.ipynb``.

    It runs in a new folder, which holds a copy of the file and the assignment's own files. Of the folder that the file
    lies in, nothing else is read, and nothing is written there.

    Parameters
    ----------
    path : Path
    templates : mapping of Template
        The notebooks of the course, by name.
    config : Config
        The settings of the course.
    folders : mapping of Path
        By the name of the notebook, the folder of the assignment's own files. A notebook without one gets no files.

    Raises
    ------
    CheckError
        If the file cannot be read or run, or is no notebook of the course.
    """
    try:
        submitted = read_submission(path)
    except ValueError as error:
        raise CheckError(str(error)) from error
    name = identify(submitted, path.stem, templates)
    if name is None:
        raise CheckError(f"{path.name} is none of the notebooks {', '.join(templates)}")
    nb, notes = restore(submitted, templates[name].notebook)
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch).resolve()
        try:
            copy_file(path, folder / path.name)
            if name in folders:
                copy_files(folders[name], folder, CourseDirectory(config=config).ignore)
            result = run_notebook(nb, folder, config)
        except (KernelLost, OSError) as error:
            raise CheckError(f"{path.name} could not be run: {error}") from error
    noted = [*notes, *result.notes, *filter(None, [result.stopped]), *notes_on_points(nb)]
    return CheckResult(name, read_marks(nb), noted)
