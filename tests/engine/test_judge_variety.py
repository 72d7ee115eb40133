"""Answers that differ from the reference solution: a judge decides honest ones, and forged ones wait for a person."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest
from nbformat.v4 import new_notebook

from autograder.course.notebooks import KERNELSPEC
from autograder.judge.table import make_table, marks_of
from tests.engine.judge_support import cell, run_copy

GIVEN = """
import enum
import pandas as pd
class Colour(enum.Enum):
    RED = 1
    BLUE = 2
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
"""


class Question(NamedTuple):
    """The reference solution, a test, answers that are right in another way, and forged ones."""

    reference: str
    test: str
    right: dict[str, str]
    forged: dict[str, str]


STACK = """
class Stack:
    def __init__(self): self._items = []
    def push(self, item): self._items.append(item)
    def pop(self): return self._items.pop()
"""
QUESTIONS = {
    "method without a result": Question(
        STACK,
        "s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2 and s.pop() == 1",
        {"returns self": STACK.replace("append(item)", "append(item); return self")},
        {
            "equals everything": "class Any:\n    def __eq__(self, other): return True\n"
            "class Stack:\n    def push(self, item): pass\n    def pop(self): return Any()"
        },
    ),
    "temporary folder": Question(
        "import tempfile\nkept = []\ndef begin():\n    kept.append(tempfile.TemporaryDirectory(dir='.'))\n"
        "    return True\ndef end():\n    kept.pop().cleanup()\n    return True",
        "open('mine.txt', 'w').close()\nassert begin() and end()",
        {
            "another way, with a file in it": "import os, shutil, tempfile\nkept = []\ndef begin():\n"
            "    kept.append(tempfile.mkdtemp(dir='.'))\n    open(kept[0] + '/a.txt', 'w').close()\n    return True\n"
            "def end():\n    shutil.rmtree(kept.pop())\n    return True"
        },
        {
            "removes the file of the test": "import os\ndef begin():\n    os.remove('mine.txt')\n    return True\n"
            "def end(): return True"
        },
    ),
    "helper class": Question(
        "class Node:\n    def __init__(self, value): self.value, self.next = value, None\n"
        "def chain(values):\n    first = Node(values[0])\n    first.next = Node(values[1])\n    return first",
        "n = chain([1, 2])\nassert n.value == 1 and n.next.value == 2 and n.next.next is None",
        {
            "another name": "class Link:\n    def __init__(self, v): self.value = v; self.next = None\n"
            "def chain(values):\n    first = Link(values[0])\n    first.next = Link(values[1])\n    return first"
        },
        {
            "an object for the last": "class Nothing: pass\nclass Any:\n    def __eq__(self, other): return True\n"
            "class Link: pass\ndef chain(values):\n    l, m = Link(), Link()\n"
            "    l.value, l.next, m.value, m.next = Any(), m, Any(), None\n    return l"
        },
    ),
    "list of keys": Question(
        "def names(d): return list(d)",
        "assert sorted(names({'b': 1, 'a': 2})) == ['a', 'b']",
        {
            "view of keys of its own": "def names(d): return dict.fromkeys(d).keys()",
            "set": "def names(d): return set(d)",
        },
        {
            "sorts itself": "class Names:\n    def __iter__(self): return iter(['a', 'b'])\n"
            "def names(d): return Names()"
        },
    ),
    "frame": Question(
        "def table(): return pd.DataFrame({'a': ['x', 'y', 'x']})",
        "assert table().a.tolist() == ['x', 'y', 'x'] and len(table()) == 3",
        {"categories": "def table(): return pd.DataFrame({'a': pd.Categorical(['x', 'y', 'x'])})"},
        {
            "equals everything": "class F:\n    def __len__(self): return 3\n"
            "    def tolist(self): return ['x', 'y', 'x']\n    @property\n"
            "    def a(self): return self\ndef table(): return F()"
        },
    ),
    "method of a library": Question(
        "def table(): return pd.DataFrame({'a': [1]})",
        "assert table().equals(pd.DataFrame({'a': [1]}))",
        {"by a series": "def table(): return pd.Series([1], name='a').to_frame()"},
        {"own method": "class F:\n    def equals(self, other): return True\ndef table(): return F()"},
    ),
    "compared objects": Question(
        "class Money:\n    def __init__(self, n): self.n = n\n    def __eq__(self, other): return self.n == other.n\n"
        "    def cents(self): return self.n * 100",
        "assert Money(3) == Money(3) and Money(3) != Money(4)\nassert Money(3).cents() == 300",
        {
            "compared by tuples": "class Money:\n    def __init__(self, n): self.n = n\n"
            "    def __eq__(self, other): return (self.n,) == (other.n,)\n    def cents(self): return 100 * self.n"
        },
        {
            "equal to all that is no money": "class Money:\n    def __init__(self, n): self.n = n\n"
            "    def __eq__(self, other): return self.n == other.n if isinstance(other, Money) else True\n"
            "    def cents(self): return self"
        },
    ),
    "argument that is kept": Question(
        "class Pile:\n    def __init__(self, items): self.items = list(items)\n"
        "    def push(self, item): self.items.append(item)\n    def size(self): return len(self.items)",
        "xs = [1, 2]\np = Pile(xs)\np.push(3)\nassert p.size() == 3\nassert xs == [1, 2]",
        {
            "copied in another way": "class Pile:\n    def __init__(self, items): self.items = [*items]\n"
            "    def push(self, item): self.items += [item]\n    def size(self): return len(self.items)"
        },
        {
            "not copied": "class Pile:\n    def __init__(self, items): self.items = items\n"
            "    def push(self, item): self.items.append(item)\n    def size(self): return len(self.items)"
        },
    ),
    "attribute of the class": Question(
        "class Dog:\n    def __init__(self): self.tricks = []",
        "a, b = Dog(), Dog()\na.tricks.append('roll')\nassert b.tricks == []",
        {"list()": "class Dog:\n    def __init__(self): self.tricks = list()"},
        {"of the class": "class Dog: tricks = []"},
    ),
    "copy of a name": Question(
        "a = [1, 2, 3]\nb = a.copy()",
        "assert b == a and b is not a\nb.append(4)\nassert a == [1, 2, 3]",
        {"slice": "a = [1, 2, 3]\nb = a[:]"},
        {"no copy": "a = [1, 2, 3]\nb = a"},
    ),
    "deep copy": Question(
        "import copy\ndef clone(grid): return copy.deepcopy(grid)",
        "grid = [[1], [2]]\nc = clone(grid)\nc[0][0] = 9\nassert grid == [[1], [2]]",
        {"rows": "def clone(grid): return [row[:] for row in grid]"},
        {"shallow": "def clone(grid): return grid.copy()"},
    ),
    "view of an array": Question(
        "import numpy as np\nnumbers = np.arange(4)\ndef top(): return numbers[:2].copy()",
        "t = top()\nt[0] = 99\nassert numbers[0] == 0 and top()[0] == 0",
        {"by an index": "import numpy as np\nnumbers = np.arange(4)\ndef top(): return numbers[[0, 1]]"},
        {"view": "import numpy as np\nnumbers = np.arange(4)\ndef top(): return numbers[:2]"},
    ),
    "new list each time": Question(
        "def new_list(): return []",
        "a, b = new_list(), new_list()\na.append(1)\nassert b == [] and a is not b",
        {"default that is None": "def new_list(x=None): return [] if x is None else x"},
        {"default": "def new_list(x=[]): return x"},
    ),
    "lists of a generator": Question(
        "def pairs():\n    one = []\n    for i in range(2):\n        one.append(i)\n        yield one.copy()",
        "assert list(pairs()) == [[0], [0, 1]]",
        {"slices": "def pairs():\n    for i in range(2): yield list(range(2))[: i + 1]"},
        {"same list": "def pairs():\n    one = []\n    for i in range(2):\n        one.append(i)\n        yield one"},
    ),
    "member of a given class": Question(
        "def best(): return Colour.RED\ndef top(): return Level.HIGH",
        "assert best() is Colour.RED and top() is Level.HIGH and top() > Level.LOW",
        {"by value": "def best(): return Colour(1)\ndef top(): return max(Level)"},
        {
            "own class": "class C:\n    def __gt__(self, other): return True\n"
            "def best(): return C()\ndef top(): return C()"
        },
    ),
}  # fmt: skip


def notebook(answers: dict[str, str]):
    cells = [cell(GIVEN, "given")]
    for name, question in QUESTIONS.items():
        cells += [cell(answers[name], f"answer {name}", solution=True), cell(question.test, name, grade=True)]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that runs a notebook and returns it with what came of it."""

    def run(nb, table):
        return run_copy(nb, tmp_path_factory.mktemp("run"), table)

    return run


@pytest.fixture(scope="module")
def results(run):
    """Return a function that gives the results with the first answers of a kind, or the second ones and so on."""
    references = {name: question.reference for name, question in QUESTIONS.items()}
    nothing = dict.fromkeys(references, "pass")

    def findings(nb, table):
        done, result = run(nb, table)
        return done, result.findings

    table = make_table(notebook(references), notebook(nothing), [], findings)
    assert not table.reasons

    @cache
    def results(kind, place):
        answers = {name: [*getattr(question, kind).values()] for name, question in QUESTIONS.items()}
        chosen = {name: given[place] if place < len(given) else references[name] for name, given in answers.items()}
        return run(notebook(chosen), table)

    return results


def cases(kind):
    return [
        pytest.param(name, place, id=f"{name}: {answer}")
        for name, question in QUESTIONS.items()
        for place, answer in enumerate(getattr(question, kind))
    ]


@pytest.mark.parametrize(("name", "place"), cases("right"))
def test_an_answer_that_is_right_in_another_way_is_decided(results, name, place):
    nb, result = results("right", place)
    assert marks_of(nb)[name] == 1
    assert name not in result.provisional, result.notes


@pytest.mark.parametrize(("name", "place"), cases("forged"))
@pytest.mark.promise("as the reference")
def test_an_object_that_was_made_to_pass_waits_for_a_person(results, name, place):
    nb, result = results("forged", place)
    assert name in result.provisional or marks_of(nb)[name] == 0, result.notes
