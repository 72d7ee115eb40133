"""The four courses that ``make bench`` grades: from notebooks that compute nothing to networks that train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from tests.course.repository import MASTERS, make_course

_ROLES = {"schema_version": 3, "task": False, "grade": False, "locked": False, "solution": False}
_LIGHT = {  # an answer and its test, by name
    "square": ("def square(x):\n    return x * x", "assert square(3) == 9\nassert square(-2) == 4"),
    "half": ("def half(x):\n    return x / 2", "assert half(3) == 1.5"),
    "greet": ("def greet(name):\n    return f'hello {name}'", "assert greet('you') == 'hello you'"),
    "evens": ("def evens(n):\n    return [i for i in range(n) if i % 2 == 0]", "assert evens(7) == [0, 2, 4, 6]"),
    "count": ("def count(words):\n    return {w: words.count(w) for w in words}", "assert count(['a', 'a'])['a'] == 2"),
}
_DATA = {
    "table": ("table = pd.DataFrame({'x': x, 'y': x ** 2})", "assert list(table['y'].head(3)) == [0, 1, 4]"),
    "mean": ("mean = table['y'].mean()", "assert np.isclose(mean, 328350 / 100)"),
    "figure": ("plt.plot(table['x'], table['y'])\nplt.title('squares');", "assert True"),
    "slope": ("slope = np.polyfit(table['x'], table['y'], 1)[0]", "assert np.isclose(slope, 99)"),
}
_IMPORTS = "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nx = np.arange(100)"
_KERAS = {
    "model": (
        """import keras
import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 8)).astype("float32")
y = (X[:, 0] > 0).astype("float32")
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
history = model.fit(X, y, epochs=3, verbose=0)""",
        "assert history.history['loss'][-1] < history.history['loss'][0]\nassert model.count_params() == 161",
    )
}


@dataclass(frozen=True)
class Kind:
    """One of the four.

    Attributes
    ----------
    about : str
        What its notebooks do, for the page.
    assignment : str
    make : callable
        Makes the course in a folder, with this many students who have handed in.
    classes : tuple of int
        How many students the classes have that we grade.
    stock : int
        How many of them nbgrader grades, one after the other.
    """

    about: str
    assignment: str
    make: Callable[[Path, int], Course]
    classes: tuple[int, ...]
    stock: int


def _make_plain(parts: dict[str, tuple[str, str]], given: str, settings: str = "") -> Callable[[Path, int], Course]:
    """Return what makes a course of one notebook with these answers and tests, after a cell that is given."""

    def make(root: Path, students: int) -> Course:
        root.mkdir(parents=True)
        text = f'c = get_config()\nc.CourseDirectory.course_id = "bench"\n{settings}\n'
        (root / "nbgrader_config.py").write_text(text, encoding="utf-8")
        course = Course(root)
        notebooks.write(_source(parts, given), course.folder("source", ".", "ps1") / "problem.ipynb")
        run_converter(GenerateAssignment, course, course.directory(assignment_id="ps1"))
        released = notebooks.read(course.folder("release", ".", "ps1") / "problem.ipynb")
        for number in range(students):
            answers = {name: f"# student {number}\n{answer}" for name, (answer, _) in parts.items()}
            path = course.folder("submitted", f"student{number:03}", "ps1") / "problem.ipynb"
            notebooks.write(notebooks.fill(released, answers), path)
        return course

    return make


def _source(parts: dict[str, tuple[str, str]], given: str) -> NotebookNode:
    cells = [nbformat.v4.new_markdown_cell("# A problem", id="title"), nbformat.v4.new_code_cell(given, id="given")]
    for name, (answer, test) in parts.items():
        solution = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
        hidden = f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS\nprint('checked')"
        cells.append(_cell(solution, name, solution=True))
        cells.append(_cell(hidden, f"test_{name}", grade=True, locked=True, points=2))
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})


def _cell(source: str, name: str, **role: object) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": {**_ROLES, **role, "grade_id": name}})


def _make_exercises(root: Path, students: int) -> Course:
    """Make this repository's course and hand in its reference answers for this many students."""
    course = make_course(root)
    for exercise in MASTERS.names():
        name = f"{MASTERS.notebook(exercise)}.ipynb"
        released = notebooks.read(course.folder("release", ".", "5_6") / name)
        solved = notebooks.fill(released, MASTERS.reference_answers(exercise))
        for number in range(students):
            notebooks.write(solved, course.folder("submitted", f"student{number:03}", "5_6") / name)
    return course


KINDS = {
    "light": Kind(
        "a notebook with five small functions and their tests",
        "ps1",
        _make_plain(_LIGHT, "import math"),
        (25, 100, 400),
        8,
    ),
    "data": Kind(
        "one that uses NumPy, pandas and matplotlib",
        "ps1",
        _make_plain(_DATA, _IMPORTS),
        (25, 100),
        8,
    ),
    "keras": Kind(
        "one that fits a small Keras model",
        "ps1",
        _make_plain(_KERAS, "print('a model')", 'c.ForkProvisioner.modules = ["tensorflow", "keras"]'),
        (25, 50, 100),
        8,
    ),
    "exercises": Kind(
        "the three exercises of this repository, solved, whose cells train for seconds whoever grades",
        "5_6",
        _make_exercises,
        (6,),
        2,
    ),
}
