"""A test that runs in the judge finds the submission's names as it would find them in the notebook's own kernel."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_notebook

from autograder.course.notebooks import KERNELSPEC
from autograder.execution.notebook import run_notebook
from autograder.judge.client import Finding
from autograder.judge.table import Table
from tests.engine.judge_support import cell

GIVEN = """
import collections, contextlib, enum, io, math, random
import numpy as np
import pandas as pd
base = 10
table = pd.DataFrame({"a": [1, 2]})
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
def twice(n): return add(n, n)
class Suit(enum.Enum):
    HEARTS = 1
    SPADES = 2
"""
ANSWERS = """
def add(a, b):
    print("adding")
    return a + b
def sort(values): values.sort()
def count(n):
    for i in range(n): yield i
class Stack:
    "A pile."
    size = 3
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item); return self
    def __len__(self): return len(self.items)
    def __eq__(self, other): return self.items == other.items
    @property
    def top(self): return self.items[-1]
class Tall(Stack): pass
class TooMuch(ValueError):
    def __init__(self, text, code): super().__init__(text); self.code = code
def fail(): raise TooMuch("no", 3)
def ask(): return input("name? ")
def apply(function, value): return function(function(value))
numbers = [1, 2, 3]
def grow(): numbers.append(4)
array = np.arange(6).reshape(2, 3)
def widen(frame): return frame.assign(c=frame.a * 2)
def roll(): return random.random()
def draw(): return np.random.rand()
def load(path): return open(path).read()
def save(path): open(path, "w").write("saved")
def same(value): return value
def fill(template, **values): return template.substitute(values)
def origin(): return Point(0, 0)
def home():
    import os
    return os.environ["WHERE"]
def move(folder):
    import os
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
def where():
    import os
    return os.path.basename(os.getcwd())
def remove(path):
    import os
    os.remove(path)
builtin = __import__("math").gcd
def double(point): point.x *= 2
def twice_as(total): return total * 2
state = {"calls": 0}
def tick(): state["calls"] += 1
class Sly:
    def __eq__(self, other): return True
def sly(): return Sly()
def plant(path, text): open(path, "w").write(text)
Pair = collections.namedtuple("Pair", "left right")
def swap(pair): return Pair(pair.right, pair.left)
class Plugin: pass
async def later(): return 1
def annotated(x) -> list[float]: return x
class Names(list): pass
def names(): return Names()
limit = 3
def under(n): return n < base
"""


def decide(
    folder,
    tests: dict[str, str],
    answers: str = ANSWERS,
    live: tuple[str, ...] = (),
    allowed: dict[str, list[str]] | None = None,
) -> dict[str, Finding]:
    """Run a notebook with these tests, and return what a judge finds out, by the name of the test."""
    (folder / "own").mkdir()
    (folder / "given").mkdir()
    for side in ("own", "given"):
        (folder / side / "given.txt").touch()
    cells = [cell(GIVEN, "given"), cell(answers, "answers", solution=True)]
    cells += [cell(source, name, grade=True) for name, source in tests.items()]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    table = Table(allowed=allowed, live=list(live), reads=["base", "input", "numbers"])
    return dict(run_notebook(nb, folder / "own", None, table, folder / "given").findings)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the judge finds out in the tests below, which follow each other in one notebook."""
    tests = PASSING | {name: test for name, (test, _) in (FAILING | UNKNOWN).items()} | OTHERS
    assert len(tests) == len(PASSING) + len(FAILING) + len(UNKNOWN) + len(OTHERS)
    return decide(tmp_path_factory.mktemp("found"), tests)


def errors(result):
    return [output["ename"] for output in result.outputs if output["output_type"] == "error"]


PASSING = {
    "call": "assert add(2, 3) == 5",
    "helper that calls an answer": "assert twice(4) == 8",
    "argument changed in place": "l = [3, 1, 2]\nsort(l)\nassert l == [1, 2, 3]",
    "array sorted in place": "a = np.array([3, 1])\nsort(a)\nassert a.tolist() == [1, 3]",
    "generator": "g = count(3)\nassert next(g) == 0 and list(g) == [1, 2]",
    "class": "s = Stack()\nassert len(s) == 0 and s.push(3) is s and s.items == [3] and s.top == 3 and Stack.size == 3",
    "equality of a class": "a, b = Stack(), Stack()\nassert a == b\na.push(1)\nassert a != b and not (a == b)",
    "isinstance": "assert isinstance(Tall(), Stack) and issubclass(Tall, Stack) and not isinstance(Stack(), Tall)",
    "attribute": "s = Stack()\ns.items = [1]\nassert s.top == 1 and hasattr(s, 'push') and not hasattr(s, 'pop')",
    "own exception": "try: fail()\nexcept TooMuch as e: assert e.args == ('no',) and e.code == 3\nelse: assert False",
    "exception by its base": "try: fail()\nexcept ValueError: pass\nelse: assert False",
    "patched input": "from unittest import mock\nwith mock.patch('builtins.input', lambda p: 'B'): assert ask() == 'B'",
    "input of its own": "def input(prompt): return 'A'\nassert ask() == 'A'\ndel input",
    "standard input": "import sys\nsys.stdin = io.StringIO('C\\n')\nimport builtins\nassert sys.stdin.read() == 'C\\n'",
    "function passed": "assert apply(lambda v: v * 2, 3) == 12",
    "error in a function passed": "try: apply(lambda v: 1 / 0, 3)\nexcept ZeroDivisionError: pass\nelse: assert False",
    "data that live": "d = numbers\nn = len(d)\ngrow()\nassert len(numbers) == n + 1 == len(d) and d is numbers",
    "state": "n = state['calls']\ntick()\nassert state['calls'] == n + 1",
    "state set by the test": "state['calls'] = 40\ntick()\nassert state['calls'] == 41",
    "list of an object changed by the test": "s = Stack()\nit = s.items\nit.append(5)\ns.push(1)\nassert it == [5, 1]",
    "array": "assert array.shape == (2, 3) and np.allclose(array.sum(axis=0), [3, 5, 7])",
    "frame": "pd.testing.assert_frame_equal(widen(table), pd.DataFrame({'a': [1, 2], 'c': [2, 4]}))",
    "wide table": "assert '...' in repr(pd.DataFrame([range(40)])) and pd.get_option('display.max_columns') == 20",
    "seed": "random.seed(1)\na = roll()\nrandom.seed(1)\nassert a == random.random()",
    "seed of NumPy": "np.random.seed(1)\na = draw()\nnp.random.seed(1)\nassert a == np.random.rand()",
    "file of the test": "open('in.txt', 'w').write('x').__class__\nassert load('in.txt') in ('x', '')",
    "file of the answer": "save('out.txt')\nassert open('out.txt').read() == 'saved'",
    "the same object": "l = [1]\nassert same(l) is l and same([1]) is not l",
    "given class": "assert origin() == Point(0, 0) and origin().x == 0",
    "object of a given class passed": "p = Point(1, 2)\nassert same(p) is p",
    "object that compares itself": "p = Point(1, 2)\nassert same(p).x == 1 and same(p) == Point(1, 2)",
    "object of a given class changed": "p = Point(1, 2)\ndouble(p)\nassert p == Point(2, 2)",
    "printed": "f = io.StringIO()\nwith contextlib.redirect_stdout(f): add(1, 2)\nassert 'adding\\n' == f.getvalue()",
    "working directory of the answer": "import os\nhere = os.getcwd()\nmove('away')\n"
    "assert os.path.basename(os.getcwd()) == 'away'\nos.chdir(here)\nassert where() == os.path.basename(here)",
    "folder of the test": "import os\nos.mkdir('new')\nsave('new/out.txt')\nassert os.path.exists('new/out.txt')",
    "file removed": "save('gone.txt')\nimport os\nremove('gone.txt')\nassert not os.path.exists('gone.txt')",
    "kinds of functions": "import types\nassert isinstance(add, types.FunctionType) and callable(builtin)\n"
    "assert isinstance(builtin, types.BuiltinFunctionType) and not isinstance(builtin, types.FunctionType)",
    "environment": "import os\nos.environ['WHERE'] = 'here'\nassert home() == 'here'",
    "numbers of a builtin's name": "assert sum([1, 2]) == 3",
    "object of a library passed": "import fractions, string\nassert fill(string.Template('$x'), x=1) == '1'",
    "keywords": "assert add(a=1, b=2) == 3",
    "wrong number of arguments": "try: add(1)\nexcept TypeError: pass\nelse: assert False",
    "missing name": "try: never\nexcept NameError: pass\nelse: assert False",
    "docstring": "assert Stack.__doc__ == 'A pile.' and callable(add) and add.__name__ == 'add'",
    "dataclass of the test": "from dataclasses import dataclass\n@dataclass\nclass D: x: int\nassert D(1) == D(1)",
    "named tuple": "assert swap(Pair(1, 2)) == (2, 1) and swap(Pair(1, 2)).left == 2",
    "import of a library": "import colorsys\nassert colorsys.ONE_THIRD",
    "literal": "import ast\nassert ast.literal_eval('[1]') == [1]",
    "docstring of a function passed": "def inner():\n    'in'\nassert same(inner).__doc__ == 'in'",
    "given name that the test binds anew": "assert under(9)\nbase = 5\nassert not under(9)\nbase = 10",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\nassert add(1, 2) == 3",
    "global of an answer set by the test": "numbers = [7]\ngrow()\ndel numbers",
}  # fmt: skip


@pytest.mark.parametrize("name", PASSING)
def test_it_passes_as_in_the_notebook(found, name):
    assert (found[name].reason, errors(found[name]), found[name].drift) == ("", [], [])


FAILING = {
    "wrong value": ("assert add(2, 3) == 6", "AssertionError"),
    "wrong order": ("l = [1, 2]\nsort(l)\nassert l == [2, 1]", "AssertionError"),
    "wrong state": ("n = len(numbers)\ngrow()\nassert len(numbers) == n", "AssertionError"),
    "own exception not caught": ("fail()", "TooMuch"),
    "missing": ("never(3)", "NameError"),
    "missing attribute": ("Stack().pop()", "AttributeError"),
    "no such operator": ("Stack() + 1", "TypeError"),
    "not callable": ("numbers()", "TypeError"),
}


@pytest.mark.parametrize("name", FAILING)
def test_it_fails_as_in_the_notebook(found, name):
    assert (found[name].reason, errors(found[name])) == ("", [FAILING[name][1]])


UNKNOWN = {
    "code": ("add.__code__", "`__code__` of the function `add`"),
    "hidden by the test": ("try: add.__code__\nexcept BaseException: pass", "`__code__` of the function `add`"),
    "signature": ("import inspect\ninspect.signature(add)", "of the function `add`"),
    "file imported": ("plant('planted.py', 'x = 1')\nimport planted", "imports `planted`"),
    "file imported by a name of a library": ("plant('aifc.py', 'x = 1')\nimport aifc", "imports `aifc`"),
    "file run by a magic": ("plant('run.py', 'x = 1')\n%run run.py", "run.py, which is a file of the submission's"),
    "text run": ("exec('x = 1')", "runs text as code"),
    "text evaluated and hidden": ("try: eval('1')\nexcept BaseException: pass", "runs text as code"),
    "examples of a docstring": (
        "import doctest\nt = doctest.DocTestParser().get_doctest('>>> 1\\n1\\n', {}, 'n', None, 0)\n"
        "doctest.DocTestRunner().run(t)",
        "runs text as code",
    ),
    "program": ("import subprocess\nsubprocess.run(['true'])", "starts another program"),
    "shell": ("!true", "starts another program"),
    "pickle": ("import pickle\npickle.loads(b'cos\\nsystem\\n.')", "loads code"),
    "class derived from an answer's": ("class Mine(Plugin): pass", "derives a class from `Plugin`"),
    "file of the instructor's removed": ("remove('given.txt')", "has removed the file given.txt"),
    "class iterated": ("list(Plugin)", "the class `Plugin` as a collection"),
    "class with an index": ("try: Plugin['a']\nexcept Exception: pass", "the class `Plugin` as a collection"),
    "coroutine": ("await later()", "of which no copy can be made"),
    "annotations": ("annotated.__annotations__['return']", "`__annotations__` of the function `annotated`"),
    "list of its own kind": ("list(names())", "of which no copy can be made"),
    "comparison of such a list": ("names() == []", "of which no copy can be made"),
    "object of a class of the test": ("class Own: pass\nsame(Own())", "cannot pass it on"),
    "file handed over": ("same(open('x.txt', 'w'))", "TextIOWrapper cannot be passed"),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.promise("not run")
def test_what_a_stand_in_does_not_know_ends_the_judging(found, name):
    assert UNKNOWN[name][1] in found[name].reason


OTHERS = {"shown": "print('so')\nadd(1, 1)", "plain": "assert add(1, 2) == 3", "not plain": "assert sly() == 3"}


def test_a_result_and_a_printed_text_are_shown(found):
    stream, result = found["shown"].outputs
    assert (stream["name"], stream["text"]) == ("stdout", "so\nadding\n")
    assert result["data"]["text/plain"] == "2"


def test_only_data_and_functions_are_plain(found):
    assert found["plain"].plain
    assert not found["not plain"].plain


CHANGED = "base = 11\ntable['b'] = 1\ndef twice(n): return 2 * n"


def test_given_data_that_the_answers_have_changed_are_told(tmp_path):
    test = "base, table, twice, Point"
    assert set(decide(tmp_path, {"test": test}, CHANGED)["test"].drift) == {"base", "table", "twice"}


def test_data_that_are_the_submissions_are_asked_for(tmp_path):
    test = "assert base == 11 and list(table) == ['a', 'b']"
    found = decide(tmp_path, {"test": test}, CHANGED, live=("base", "table"))
    assert (found["test"].reason, errors(found["test"])) == ("", [])


SPY = """
import gc, sys
def look():
    texts = [str(one) for one in gc.get_objects() if isinstance(one, (str, dict, list, tuple))]
    frames = [str(frame.f_locals) for frame in sys._current_frames().values()]
    word = chr(72) + "IDDENWORD"
    return any(word in text for text in texts + frames + list(In))
"""


@pytest.mark.promise("unread")
def test_the_test_is_not_in_the_notebooks_process(tmp_path):
    found = decide(tmp_path, {"test": "expected = 'HIDDENWORD'\nassert look() is False"}, SPY)
    assert (found["test"].reason, errors(found["test"])) == ("", [])


FILL = """
import pathlib
for number in range(2001): pathlib.Path(f"{number}.txt").touch()
def count(): return 2001
"""


def test_more_files_than_are_looked_through_end_the_judging_and_not_the_notebook(tmp_path):
    found = decide(tmp_path, {"test": "assert count() == 2001", "after": "assert count() == 0"}, FILL)
    assert all("more than 2000 files" in finding.reason for finding in found.values())


CLOSE = """
import os, pathlib
path = pathlib.Path("closed.txt")
path.write_text("1")
path.chmod(0)
def is_open(): return os.access(path, os.R_OK)
"""


def test_a_file_that_nobody_may_read_stays_where_it_is_and_the_tests_are_judged(tmp_path):
    found = decide(tmp_path, {"test": "assert is_open() is False", "wrong": "assert is_open()"}, CLOSE)
    assert (found["test"].reason, errors(found["test"])) == ("", [])
    assert (found["wrong"].reason, errors(found["wrong"])) == ("", ["AssertionError"])


def test_files_and_folders_are_left_as_the_test_leaves_them(tmp_path):
    tests = {
        "stay": "import os\nos.mkdir('stays')\nsave('stays/out.txt')\nos.mkdir('empty')\nwhere()",
        "go": "import tempfile\nwith tempfile.TemporaryDirectory(dir='.') as folder: save(f'{folder}/out.txt')",
        "removed": "import os\nsave('gone.txt')\nos.remove('gone.txt')\nos.rmdir('empty')",
        "answer": "import os\nmove('made')\nos.chdir('..')\nassert os.path.isdir('made')",
    }
    found = decide(tmp_path, tests)
    outcomes = {name: (finding.reason, errors(finding)) for name, finding in found.items()}
    assert outcomes == dict.fromkeys(tests, ("", []))
    left = {str(path.relative_to(tmp_path / "own")) for path in (tmp_path / "own").rglob("*")}
    assert left == {"given.txt", "stays", "stays/out.txt", "made"}


def test_a_working_directory_elsewhere_ends_the_judging(tmp_path):
    answers = "import os\ndef move(): os.chdir('/')"
    found = decide(tmp_path, {"moves": "move()", "after": "move()"}, answers)
    assert all("a folder outside of the assignment's" in finding.reason for finding in found.values())


# Tests that fail in the judge, and where that may be the judge's own fault: an exception, a function or the seed of
# random numbers has lost something on the way.
LOST = {
    "text of an exception": "try: read('no.txt')\nexcept OSError as e: assert 'nothing.txt' in str(e)",
    "field of an exception": "try: fail()\nexcept ValueError as e: assert e.code == 4",
    "exception of a function of the test": "def f(v): raise KeyError(v)\nassert apply(f, 1) == 0",
    "function of the test": "assert apply(lambda v: v, 1) == 2",
    "seed": "random.seed(1)\nassert roll() == 2",
}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.promise("lost on the way")
def test_a_failure_is_not_final_where_something_may_have_been_lost(lost, name):
    assert errors(lost[name])
    assert not lost[name].plain


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    answers = ANSWERS + "\ndef read(path): return open(path).read()\n"
    return decide(
        tmp_path_factory.mktemp("lost"),
        {**LOST, "plain": "stub()"},
        answers + "def stub(): raise NotImplementedError()",
    )


def test_a_failure_with_a_plain_exception_is_final(lost):
    assert lost["plain"].plain
    assert errors(lost["plain"]) == ["NotImplementedError"]


def test_an_exception_that_is_returned_is_not_raised(tmp_path):
    answers = "class Bad(Exception): pass\ndef check(x): return Bad('negative')"
    test = "raised = False\ntry: check(-1)\nexcept Exception: raised = True\nassert raised, 'nothing was raised'"
    found = decide(tmp_path, {"test": test}, answers)["test"]
    assert [output.get("evalue") for output in found.outputs] == ["nothing was raised"]
