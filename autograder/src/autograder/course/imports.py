"""What the notebooks of an assignment import: the instructor's, and those that several students have handed in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from autograder.course.assignment import Assignment, Template
from autograder.course.coursedir import Course

# Packages that do not look where they are when they are imported. Others do: tqdm asks whether it is in a notebook, and
# doctest makes a class of the debugger, which a kernel replaces when it starts.
_PACKAGES = frozenset(("matplotlib", "networkx", "numpy", "pandas", "scipy", "sklearn", "sympy"))
_SAMPLE = 40  # submissions that are looked at
_SHARE = 0.25  # of all, which have to import a module for it to count: each makes all kernels a bit slower to start
_SIZE = 2**20  # bytes of a notebook that are looked at
# Also in the JSON text of a notebook, where a line of a cell is a string.
_STATEMENT = re.compile(r'^[\s"]*(?:from +(\w[\w.]*) +import +([\w, ]*)|import +(\w[\w., ]*))', re.MULTILINE)


def find_imports(text: str) -> Iterator[str]:
    """Yield what the lines of a text import: a name for each module, and ``scipy:stats`` for what is taken from one.

    Examples
    --------
    >>> list(find_imports("import numpy as np, csv\\nfrom scipy import stats"))
    ['numpy', 'csv', 'scipy', 'scipy:stats']
    """
    for module, names, modules in _STATEMENT.findall(text):
        if module:
            yield module
            yield from (f"{module}:{name.split()[0]}" for name in names.split(",") if name.strip())
        else:
            yield from (name.split()[0] for name in modules.split(",") if name.strip())


def note_imports(course: Course, assignment: Assignment) -> None:
    """Have the notebooks of an assignment find imported what they import, unless the course's settings say what."""
    settings = course.config.ForkProvisioner
    if "modules" not in settings:
        settings.found = read_imports(course, assignment)


def read_imports(course: Course, assignment: Assignment) -> list[str]:
    """Return what a quarter of the notebooks of an assignment import, or a quarter of the submissions, and at least two.

    Only modules of `_PACKAGES` count, and none of which the assignment or a notebook brings along one of its own.
    """
    notebooks = [_text_of(template) for template in assignment.templates.values()]
    submissions = [*islice(_submissions(course, assignment), _SAMPLE)]
    found = dict.fromkeys([*_frequent(notebooks, at_least=1), *_frequent(submissions, at_least=2)])
    everything = "\n".join([*notebooks, *submissions, *assignment.files])
    wanted = {package for package in _PACKAGES if not _is_file(package, everything)}
    return [name for name in found if re.split("[.:]", name)[0] in wanted]


def _frequent(texts: list[str], *, at_least: int) -> list[str]:
    """Return what many of these texts import, in the order in which they do."""
    counts = Counter(name for text in texts for name in dict.fromkeys(find_imports(text)))
    return [name for name, count in counts.items() if count >= max(at_least, _SHARE * len(texts))]


def _is_file(package: str, text: str) -> bool:
    """Return whether a text mentions a file or a folder of this name."""
    return bool(re.search(rf"\b{package}(\.py\b|/)", text))


def _text_of(template: Template) -> str:
    """Return the code of a notebook of the instructor's, hidden tests and solutions included."""
    cells = [cell.source for cell in template.notebook.cells if cell.cell_type == "code"]
    return "\n".join([*cells, *template.answers.values()])


def _submissions(course: Course, assignment: Assignment) -> Iterator[str]:
    """Yield the texts of the notebooks of one submission after the other."""
    for student in course.students(assignment.name):
        folder = course.folder("submitted", student, assignment.name)
        paths = [folder / f"{name}{suffix}" for name in assignment.templates for suffix in (".ipynb", ".py")]
        yield "\n".join(_read(path) for path in paths if path.is_file())


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_SIZE)
    except OSError:
        return ""
