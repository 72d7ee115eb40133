"""Downloads as Canvas, Moodle and Gradescope pack and name them, and commands that take them in."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from click.testing import CliRunner, Result
from nbgrader.converters import GenerateAssignment

from autograder.cli import main
from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from tests.engine import plain_course
from tests.engine.plain_course import ASSIGNMENT

Files = Mapping[str, str | bytes]


def make_course(root: Path, names: tuple[str, ...] = (ASSIGNMENT,)) -> Course:
    """Make a course whose assignment has these notebooks; what a judge can decide is not found out."""
    root.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(plain_course.CONFIG, encoding="utf-8")
    course = Course(root)
    for name in names:
        notebooks.write(plain_course._source(name), course.folder("source", ".", ASSIGNMENT) / f"{name}.ipynb")
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course


@cache
def notebook(double: str = "return 2 * x", why: str = "YOUR ANSWER HERE") -> str:
    """Return a notebook of the assignment that was filled in; a changed answer to why waits for a person."""
    nb = plain_course._source("p")
    answers = {"double": f"def double(x):\n    {double}", "triple": "def triple(x):\n    return 3 * x", "why": why}
    return notebooks.text_of(notebooks.fill(nb, answers), ".ipynb")


def pack(path: Path, files: Files) -> Path:
    """Write a zip file with these files, the names in UTF-8 as Python's zipfile flags them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpack(folder: Path, files: Files) -> Path:
    """Write a folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def autograder(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def collect(course: Course, *arguments: str | Path) -> Result:
    """Run ``autograder collect`` for the assignment."""
    return autograder("collect", "--course", course.root, "--assignment", ASSIGNMENT, *arguments)


def submitted(course: Course) -> dict[str, bytes]:
    """Return what is in ``submitted/``, by its path there."""
    folder = course.root / "submitted"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
