"""What the notebooks of a class import is imported once for all of them, and nobody can tell the difference."""

from __future__ import annotations

import json
import sys

import pytest

from autograder.course import notebooks
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.course.imports import find_imports, note_imports
from autograder.kernels.preloading import import_harmless
from autograder.reporting.marks import read_marks
from tests.engine.honest.case import Case, Part
from tests.engine.honest.suite import ASSIGNMENT, STUDENT, make_course
from tests.engine.kernel_support import run_cells
from tests.support import run_autograder

GIVEN = "import wave, doctest\nfrom pandas import Series\nimport numpy"
ANSWER = "import pandas\ndef count(n):\n    return len(pandas.Series(range(n)))"
TEST = "assert count(3) == 3"
FOUND = ["pandas", "pandas:Series", "numpy"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import numpy as np, csv", ["numpy", "csv"]),
        ("from scipy import stats as s, fft", ["scipy", "scipy:stats", "scipy:fft"]),
        ("    import os.path  # later", ["os.path"]),
        ('   "import pandas as pd\\n",\n   "from a.b import c"', ["pandas", "a.b", "a.b:c"]),
        ("from json import (\n    dumps)", ["json"]),
        ("from math import *", ["math"]),
        ("from . import x\nfrom .y import z\nimportant = 1\nx = 'import csv'", []),
    ],
)
def test_lines_of_cells_and_of_notebooks_tell_what_is_imported(text, found):
    assert list(find_imports(text)) == found


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write modules into a folder where they can be imported, by name; they are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**sources: str) -> list[str]:
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
            monkeypatch.delitem(sys.modules, name, raising=False)
        return list(sources)

    return write


def test_a_module_that_does_harm_is_left_to_the_notebooks(modules):
    wait = "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    names = modules(
        preload_first="", preload_thread=wait, preload_error="1 / 0", preload_exit="raise SystemExit",
        preload_dead="import os\nos._exit(0)", preload_last="x = 1",
    )  # fmt: skip
    assert import_harmless([*names, "no_such_module", "json:no_such_name"]) == [
        "preload_first",
        "preload_last",
        "json:no_such_name",
    ]
    assert {name for name in names if name in sys.modules} == {"preload_first", "preload_last"}


def test_a_kernel_has_imported_what_was_found(tmp_path):
    look = "import sys; print('colorsys' in sys.modules, 'wave' in sys.modules)"
    assert run_cells(tmp_path, look)[1] == ["False False\n"]
    assert run_cells(tmp_path, look, ForkProvisioner={"found": ["colorsys"]})[1] == ["True False\n"]


def test_a_figure_is_shown_as_without(tmp_path):
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint(plt.get_backend(), plt.rcParams['figure.dpi'])"
    without = run_cells(tmp_path, draw)
    assert "inline" in without[1][0]
    assert run_cells(tmp_path, draw, ForkProvisioner={"found": ["matplotlib.pyplot"]}) == without


def test_no_two_kernels_draw_the_same_numbers(tmp_path):
    draw = "import random, numpy as np\nprint(random.random(), np.random.rand())"
    drawn = [run_cells(tmp_path, draw, ForkProvisioner={"found": ["numpy"]})[1][0].split() for _ in range(2)]
    assert not set(drawn[0]) & set(drawn[1])


def _course(folder, given: str = GIVEN) -> Course:
    parts = [Part("locked", "", given), Part("answer", "", ANSWER), Part("test", "", TEST)]
    return make_course(folder / "course", [Case("texts", tuple(parts))])


def _grade(course: Course) -> tuple[list[float], str]:
    """Grade the student; return the marks, and what the grader printed."""
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    nb = notebooks.read(course.folder("autograded", STUDENT, ASSIGNMENT) / "texts.ipynb")
    return [mark.score for mark in read_marks(nb)], run.stdout


def _found(course: Course) -> list[str]:
    note_imports(course, read_assignment(course, ASSIGNMENT))
    return list(course.config.ForkProvisioner.get("found", []))


def test_the_grader_says_what_it_has_imported(tmp_path):
    course = _course(tmp_path)
    marks, printed = _grade(course)
    assert marks == [1]
    assert "Imported:  pandas, numpy (once for all)" in printed
    results = json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text(encoding="utf-8"))
    assert results["imported"] == FOUND


def test_the_settings_have_the_last_word(tmp_path):
    course = _course(tmp_path)
    assert _found(course) == FOUND
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as settings:
        settings.write("\nc.ForkProvisioner.modules = []\n")
    assert _found(Course(course.root)) == []
    marks, printed = _grade(course)
    assert marks == [1]
    assert "Imported:" not in printed


@pytest.mark.parametrize("path", ["pandas.py", "pandas/__init__.py"])
def test_a_students_own_module_of_the_same_name_is_imported(tmp_path, path):
    course = _course(tmp_path)
    own = course.folder("submitted", STUDENT, ASSIGNMENT) / path
    own.parent.mkdir(exist_ok=True)
    own.write_text("def Series(values):\n    return [1]\n", encoding="utf-8")
    marks, printed = _grade(course)
    assert marks == [0]
    assert "pandas" in printed


@pytest.mark.parametrize("path", ["pandas.csv", "pandas/notes.txt"])
def test_other_files_of_the_same_name_do_not_matter(tmp_path, path):
    course = _course(tmp_path)
    own = course.folder("submitted", STUDENT, ASSIGNMENT) / path
    own.parent.mkdir(exist_ok=True)
    own.touch()
    assert _grade(course)[0] == [1]


def test_a_module_that_a_notebook_writes_is_not_imported_before(tmp_path):
    course = _course(tmp_path, f"{GIVEN}\nopen('pandas.py', 'w').write('x = 1')")
    assert _found(course) == ["numpy"]


def test_what_one_student_imports_is_not_imported_for_all(tmp_path):
    course = _course(tmp_path)
    for student, imported in {"b": False, "c": True}.items():
        folder = course.folder("submitted", student, ASSIGNMENT)
        folder.mkdir(parents=True)
        (folder / "texts.py").write_text("import matplotlib, os\n", encoding="utf-8")
        assert ("matplotlib" in _found(course)) == imported
