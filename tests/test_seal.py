"""Instructor's cells run sealed as they would run otherwise, and what honest work may do stays allowed."""

from __future__ import annotations

import re

import nbformat
import pytest
from traitlets.config import Config

from autograder.layout import BUNDLED
from autograder.marks import read_marks
from autograder.plan import KEY, make_plan
from autograder.run import run_notebook
from autograder.suspicion import find_suspicious
from tests.forgeries.suite import CASES

CONFIG = Config({"WarmProvisioner": {"modules": ["numpy", "matplotlib.font_manager"]}})


def cell(source, name="", **roles):
    settings = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3, **roles}
    metadata = {"nbgrader": {**settings, "grade_id": name, "points": 2}} if name else {}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def run(folder, answer, test, setup="import numpy as np", stub="", config=CONFIG):
    """Return the points of one test cell, its outputs, and the notes."""
    first, last = cell(setup, "setup", locked=True), cell(test, "test", grade=True, locked=True)
    template = nbformat.v4.new_notebook(cells=[first, cell(stub, "answer", solution=True), last])
    nb = nbformat.v4.new_notebook(cells=[first, cell(answer, "answer", solution=True), cell("after = 1"), last])
    nb.metadata.update({"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    nb.metadata[KEY] = make_plan(template)
    done = run_notebook(nb, folder, config)
    assert done.stopped == ""
    assert KEY not in nb.metadata
    (mark,) = read_marks(nb)
    return mark.score, nb.cells[-1], done.notes


VECTOR = """
class Vector:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return isinstance(other, Vector) and self.x == other.x
    def __add__(self, other): return Vector(self.x + other.x)
    def __bool__(self): return bool(self.x)
"""
POINT = """
from dataclasses import dataclass
@dataclass
class Spot:
    x: int
def find(): return [Spot(1)]
def where(): return find()
"""


@pytest.mark.parametrize(
    ("answer", "test"),
    [
        (VECTOR, "assert Vector(1) + Vector(2) == Vector(3) and not Vector(0)"),
        (POINT, "assert find() == where()"),
        ("from collections import namedtuple\ndef f(): return namedtuple('P', 'x count')(1, 2)",
         "assert f() == (1, 2)"),
        ("from time import time\ndef f(): return time() > 0", "import time as clock\nassert f() and clock.time()"),
        ("def np(x): return x\ndef f(): return np(3)", "assert np.sum([f()]) == 3"),
        ("max = 3\ndef f(): return max", "assert max(f(), 1) == 3"),
        ("import warnings\nwarnings.warn = lambda *a, **k: None\ndef f(): warnings.warn('x'); return 1",
         "assert f() == 1"),
        ("import time\nnap = time.sleep\ntime.sleep = lambda s: nap(0)\ndef f(): time.sleep(0); return 1",
         "assert f() == 1"),
        ("def f(x): raise ValueError(x)", "try:\n    f(1)\nexcept ValueError as error:\n    assert str(error) == '1'"),
        ("import traceback\ndef f():\n    try: 1 / 0\n    except Exception: return traceback.format_exc()",
         "assert 'ZeroDivisionError' in f()"),
        ("async def f(): return 3", "assert await f() == 3"),
        ("def f(): return np.arange(3)", "np.testing.assert_allclose(f(), [0, 1, 2]); assert (f() == [0, 1, 2]).all()"),
        ("f = 1", "from unittest.mock import MagicMock\nm = MagicMock()\nm.__eq__ = lambda a, b: True\nassert m == f"),
    ],
)  # fmt: skip
def test_right_answers_keep_their_points(tmp_path, answer, test):
    score, shown, _ = run(tmp_path, answer, test)
    assert score == 2, shown.outputs


@pytest.mark.parametrize(("test", "points"), [("0.5", 0.5), ("f'{1}'", 2), ("0.5;", 2), ("1 / 0", 0), ("0", 0)])
def test_the_value_of_a_test_counts_as_with_nbgrader(tmp_path, test, points):
    assert run(tmp_path, "x = 1", test)[0] == points


def test_outputs_are_shown_as_ever(tmp_path):
    test = "import matplotlib.pyplot as plt\nprint('seen')\nplt.plot([1, 2])\n%time\n1 / 0"
    _, shown, notes = run(tmp_path, "x = 1", test)
    assert [output.output_type for output in shown.outputs][:1] == ["stream"]
    assert {"display_data", "error"} <= {output.output_type for output in shown.outputs}
    assert shown.execution_count == 4
    assert notes == []
    error = next(output for output in shown.outputs if output.output_type == "error")
    assert "seal.py" not in "".join(error.traceback)


DAMAGE = """
place = {'data': (id(200) + 24, False), 'shape': (1,), 'typestr': '<u4', 'version': 3}
memory = np.asarray(type('Memory', (), {'__array_interface__': place})())
"""


@pytest.mark.parametrize(
    "answer", [f"{DAMAGE}memory[0] = 7\ndef f(): return 7", f"{DAMAGE}def f():\n    memory[0] = 7\n    return 7"]
)
@pytest.mark.parametrize("sealed", [True, False])
def test_numbers_changed_in_memory_win_nothing(tmp_path, monkeypatch, answer, sealed):
    if not sealed:  # 200 is 7 then, for whoever compares
        monkeypatch.setattr("autograder.run.is_instructors", lambda cell: False)
    score, _, notes = run(tmp_path, answer, "assert f() == 200")
    assert score == (0 if sealed else 2)
    assert sealed == any("changed the number 200 in memory" in note for note in notes)


def test_without_a_sandbox(tmp_path):
    config = Config({"WarmProvisioner": {"modules": ["numpy"], "sandbox": "none"}})
    answer = "import numpy.testing\nnumpy.testing.assert_equal = print"
    score, _, notes = run(tmp_path, answer, "np.testing.assert_equal(1, 2)", config=config)
    assert score == 0
    assert notes == ["replaced numpy.testing.assert_equal; tests were run with the original"]


def test_a_name_that_the_answer_is_to_define_is_the_students(tmp_path):
    stub, answer = "def sum(values):\n    ...", "def sum(values):\n    return 7"
    assert run(tmp_path, answer, "assert sum([1]) == 7", stub=stub)[0] == 2


LOCKED = """
import numpy as np
size, names, calls = 5, ("a", "b"), 0
rows = [1, 2]
for last in names:
    pass
def count():
    global calls
    calls += 1
"""


@pytest.mark.parametrize(
    ("answer", "test"),
    [
        ("size = 7\ndef f(): return size", "assert f() == size + 2"),  # what an answer does with the name is its own
        ("for last in range(3): pass", "assert last == 'b'"),
        ("def f(): count(); count()", "f()\nassert calls == 2"),
        ("count(); count()", "assert calls == 2"),
        ("def f(): count()", "size = 6\nf()\nassert size == 6 and calls == 1"),
        ("rows = np.array(rows)", "assert rows.sum() == 3"),  # such may have been meant to be changed
        ("rows.append(3)", "assert len(rows) == 3"),
    ],
)
def test_a_locked_value_is_the_instructors(tmp_path, answer, test):
    score, shown, _ = run(tmp_path, answer, test, setup=LOCKED)
    assert score == 2, shown.outputs


@pytest.mark.parametrize("sealed", [True, False])
def test_another_value_for_a_locked_name_wins_nothing(tmp_path, monkeypatch, sealed):
    if not sealed:
        monkeypatch.setattr("autograder.run.is_instructors", lambda cell: False)
    score, _, _ = run(tmp_path, "size = 2\ndef f(): return 2", "assert f() == size", setup=LOCKED)
    assert score == (0 if sealed else 2)


def test_a_locked_name_that_the_answer_is_to_change_is_the_students(tmp_path):
    score, shown, _ = run(tmp_path, "size = 9", "assert size == 9", setup=LOCKED, stub="size = ...")
    assert score == 2, shown.outputs


def test_suspicious_things_are_found_and_honest_ones_are_not():
    honest = ["import sys\nprint(sys.argv)", "%matplotlib inline\nx = [1]\nx.sort()", "this is no code"]
    assert find_suspicious(honest) == []
    assert find_suspicious(["import gc, sys\nsys._getframe(1)", "exit()\nopen('/proc/self/mem')"]) == [
        "/proc/", "_getframe", "exit()", "gc",
    ]  # fmt: skip


def test_every_difference_is_shown_by_a_test():
    rows = (BUNDLED.root / "autograder" / "differences.md").read_text(encoding="utf-8").splitlines()
    shown = [name for row in rows if row.startswith("| ") for name in re.findall(r"`(\w+)`", row.split("|")[-2])]
    known = {case.name for case in CASES} | set(globals())
    assert len(shown) > 20
    assert not set(shown) - known
