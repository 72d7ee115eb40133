"""Make courses and released exercises from masters."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nbgrader.preprocessors import ClearSolutions, ComputeChecksums, LockCells
from traitlets.config import Config

from autograder.authoring.init import write_settings
from autograder.authoring.masters import AuthoringError, Masters
from autograder.authoring.release import release
from autograder.course import notebooks
from autograder.course.assignment import Template
from autograder.course.coursedir import Course
from autograder.course.settings import load_settings_file


def build_course(course: Course) -> None:
    """Write the sources of a course from its masters, and release them: ``source/``, ``release/`` and the gradebook.

    Raises
    ------
    AuthoringError
        If the settings name no master, or a master or its hidden tests are not well formed.
    CourseError
        If nbgrader cannot release an assignment.
    """
    masters = Masters(course.config)
    names = masters.names()
    if not names:
        raise AuthoringError(f"the settings of {course.root} name no master; see c.Authoring.masters")
    for name in names:
        source = course.folder("source", ".", masters.assignment(name)) / f"{masters.notebook(name)}.ipynb"
        notebooks.write(masters.source_notebook(name), source)
    for assignment in sorted({masters.assignment(name) for name in names}):
        release(course, assignment)


def build_exercises(settings: Path, target: Path) -> None:
    """Write every exercise to ``target``, as ``.ipynb`` and as ``.py``, as nbgrader would release it.

    Parameters
    ----------
    settings : Path
        The file with the settings of the course.
    target : Path
        The folder to write to.
    """
    with tempfile.TemporaryDirectory() as scratch:
        course = Course(write_settings(Path(scratch) / "course", settings))
        build_course(course)
        masters = Masters(course.config)
        for name in masters.names():
            notebook = masters.notebook(name)
            released = course.folder("release", ".", masters.assignment(name)) / f"{notebook}.ipynb"
            for suffix in notebooks.SUFFIXES:
                notebooks.write(notebooks.read(released), target / f"{notebook}{suffix}")


def stale_exercises(settings: Path) -> list[str]:
    """Return what is wrong with the folder of released exercises: files that are missing, out of date or unexpected."""
    folder = Masters(load_settings_file(settings)).exercises
    if folder is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        build_exercises(settings, fresh)
        expected = {path.name: path.read_bytes() for path in fresh.iterdir()}
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    return sorted(
        [f"{name} is missing" for name in expected.keys() - found.keys()]
        + [f"{name} is not made from a master" for name in found.keys() - expected.keys()]
        + [f"{name} is out of date" for name in expected.keys() & found.keys() if expected[name] != found[name]]
    )


def master_templates(config: Config) -> dict[str, Template]:
    """Return the templates of all exercises by the name of the notebook, without a gradebook.

    Where masters or hidden tests are not there, as in a student's copy of the repository, the template is the exercise
    as it was released.

    Raises
    ------
    AuthoringError
        If a master, its hidden tests or a released exercise cannot be used.
    """
    masters = Masters(config)
    if not masters.names() and masters.exercises is not None:
        released = sorted(masters.exercises.glob(f"{masters.notebook('*')}.ipynb"))
        return {path.stem: _released(path) for path in released}
    return {masters.notebook(name): _master_template(masters, name, config) for name in masters.names()}


def _master_template(masters: Masters, name: str, config: Config) -> Template:
    if not masters.is_complete(name) and masters.exercises is not None:
        return _released(masters.exercises / f"{masters.notebook(name)}.ipynb")
    nb = masters.source_notebook(name)
    answers = notebooks.answers_of(nb)
    for preprocessor in (LockCells, ClearSolutions, ComputeChecksums):
        nb, _ = preprocessor(config=config).preprocess(nb, {})
    return Template(nb, answers)


def _released(path: Path) -> Template:
    try:
        return Template(notebooks.read(path))
    except ValueError as error:
        raise AuthoringError(f"{path.parent}: {error}") from error
