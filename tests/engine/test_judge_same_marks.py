"""Answers get the points with a judge that they get without one, or a person looks at them."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from nbformat.v4 import new_notebook

from autograder.course.notebooks import KERNELSPEC
from autograder.judge.table import make_table, marks_of
from tests.engine.judge_support import cell, run_copy


class Assignment(NamedTuple):
    """The given cell, the reference solution, the tests, and other answers; ``provisional`` names some of them."""

    given: str
    reference: str
    tests: list[str]
    right: dict[str, str]
    wrong: dict[str, str]
    provisional: set[str] = frozenset()


ASSIGNMENTS = {
    "numbers": Assignment(
        "import numpy as np",
        "def relu(x): return np.maximum(x, 0)",
        ["assert relu(3) == 3", "assert relu(-1) == 0"],
        {"an array without dimensions": "def relu(x): return np.where(x > 0, x, 0)"},
        {"the number": "def relu(x): return np.asarray(x)"},
    ),
    "given objects": Assignment(
        "class Task:\n    def __init__(self, name): self.name = name",
        "done = set()\ndef finish(t): done.add(t.name)\ndef is_done(t): return t.name in done",
        ["a, b = Task('a'), Task('b')\nfinish(a)\nassert is_done(a)\nassert not is_done(b)"],
        {"kept": "done = []\ndef finish(t): done.append(t)\ndef is_done(t): return t in done"},
        {"all": "def finish(t): pass\ndef is_done(t): return True"},
        {"kept"},
    ),
    "warnings": Assignment(
        "import warnings\nimport numpy as np",
        "def logs(x): return np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)",
        [
            "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    r = logs(np.array([0.0, 1.0]))\n"
            "assert r.tolist() == [0, 0]",
            "old = np.seterr(all='ignore')\ntry: assert logs(np.array([0.0])).tolist() == [0]\n"
            "finally: np.seterr(**old)",
            "with warnings.catch_warnings():\n    warnings.simplefilter('error')\n    logs(np.array([0.0]))",
        ],
        {"by where": "def logs(x): return np.log(x, where=x > 0, out=np.zeros_like(x))"},
        {"warns": "def logs(x): return np.where(x > 0, np.log(x), 0)"},
    ),
    "filters of its own": Assignment(
        "import warnings\nimport numpy as np",
        "def logs(x): return np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)",
        [
            "warnings.filterwarnings('ignore', category=DeprecationWarning)\n"
            "assert logs(np.array([0.0, 1.0])).tolist() == [0, 0]",
            "with np.errstate(invalid='raise'): assert logs(np.array([0.0, 1.0])).tolist() == [0, 0]",
        ],
        {
            "a filter": "warnings.filterwarnings('ignore', 'divide by zero')\n"
            "def logs(x): return np.where(x > 0, np.log(x), 0)",
            "NumPy's": "np.seterr(divide='ignore')\ndef logs(x): return np.where(x > 0, np.log(x), 0)",
        },
        {"warns": "def logs(x): return np.where(x > 0, np.log(x), 0)"},
    ),
    "decimal": Assignment(
        "import decimal\nfrom decimal import Decimal",
        "def third(): return (Decimal(1) / Decimal(3)).quantize(Decimal('0.001'))",
        ["assert len(str(third())) == 5", "assert third() == Decimal('0.333')"],
        {"precision": "decimal.getcontext().prec = 3\ndef third(): return Decimal(1) / Decimal(3)"},
        {"as it is": "def third(): return Decimal(1) / Decimal(3)"},
    ),
    "a database": Assignment(
        "import sqlite3\nconn = sqlite3.connect(':memory:')\nconn.execute('create table t (b, n)')\n"
        "conn.executemany('insert into t values (?, ?)', [('x', 1), ('x', 2), ('y', 3)]).connection.commit()\n"
        "def rows(sql): return conn.execute(sql).fetchall()",
        "query = 'select b, count(*) from t group by b order by b'",
        [
            "assert conn.execute(query).fetchall() == [('x', 2), ('y', 1)]",
            "assert rows(query) == [('x', 2), ('y', 1)] and rows('select sum(n) from t') == [(6,)]",
        ],
        {
            "a view": "conn.execute('create view v as select b, count(*) as n from t group by b')\n"
            "query = 'select b, n from v order by b'",
            "a temporary table": "conn.execute('create temp table v as select b, count(*) as n from t group by b')\n"
            "query = 'select b, n from v order by b'",
        },
        {
            "fewer rows": "conn.execute('delete from t where n = 1')\n"
            "query = 'select b, count(*) + (b = \"x\") from t group by b order by b'",
            "other rows": "query = 'select b, count(*) from t group by b order by b'\n"
            "conn.row_factory = lambda cursor, row: list(row)",
        },
        {"a view", "a temporary table"},
    ),
    "given data of a given function": Assignment(
        "stock = {'apple': 3}\ndef look(name): return stock.get(name, 0)",
        "apples = 3",
        ["assert look('apple') == apples"],
        {"more": "stock['apple'] = 5\napples = 5"},
        {"fewer": "stock['apple'] = 0\napples = 3"},
        {"more"},
    ),
    "given class": Assignment(
        "class Account:\n    rate = 1\n    def __init__(self): self.balance = 0",
        "def pay(a, x): a.balance += x * Account.rate",
        ["a = Account()\npay(a, 5)\nassert a.balance == 5 * Account.rate", "assert Account().rate in (1, 2)"],
        {"another rate": "Account.rate = 2\ndef pay(a, x): a.balance += x * a.rate"},
        {"no rate": "Account.rate = 2\ndef pay(a, x): a.balance += x"},
        {"another rate"},
    ),
    "threads": Assignment(
        "import threading",
        "class Counter:\n    def __init__(self): self.n, self.lock = 0, threading.Lock()\n"
        "    def add(self):\n        with self.lock: self.n += 1",
        [
            "c = Counter()\nthreads = [threading.Thread(target=c.add) for _ in range(8)]\n"
            "for one in threads: one.start()\nfor one in threads: one.join()\nassert c.n == 8",
            "c = Counter()\nc.add()\nassert c.n == 1",
        ],
        {
            "a list": "class Counter:\n    def __init__(self): self.all = []\n    def add(self): self.all.append(1)\n"
            "    @property\n    def n(self): return len(self.all)"
        },
        {"by two": "class Counter:\n    n = 0\n    def add(self): self.n += 2"},
    ),
    "arrays and tables": Assignment(
        "import numpy as np\nimport pandas as pd",
        "class M:\n    def __init__(self, a): self.a = a.copy()\n    def total(self): return self.a.sum().sum()",
        [
            "a = np.zeros(3)\nm = M(a)\na[0] = 5\nassert m.total() == 0",
            "f = pd.DataFrame({'x': [0, 0]})\nm = M(f)\nf.loc[0, 'x'] = 5\nassert m.total() == 0",
        ],
        {
            "sum at once": "class M:\n    def __init__(self, a): self.a = a.sum().sum()\n"
            "    def total(self): return self.a"
        },
        {"kept": "class M:\n    def __init__(self, a): self.a = a\n    def total(self): return self.a.sum().sum()"},
    ),
    "changed at once": Assignment(
        "",
        "class B:\n    def __init__(self): self._a = [0, 0]\n    @property\n    def a(self): return list(self._a)\n"
        "    def total(self): return sum(self._a)",
        ["b = B()\nb.a[0] = 5\nassert b.total() == 0"],
        {},
        {"its own": "class B:\n    def __init__(self): self.a = [0, 0]\n    def total(self): return sum(self.a)"},
    ),
    "several cells": Assignment(
        "",
        "def make(xs=None): return [] if xs is None else xs",
        ["a = make()\nassert a == []", "b = make()\na.append(1)\nassert b == []", "assert a == [1]"],
        {"a new one": "def make(xs=()): return list(xs)"},
        {"the same each time": "def make(xs=[]): return xs"},
    ),
    "given data": Assignment(
        "data = [3, 1, 2]",
        "def smallest(): return sorted(data)[0]",
        ["assert smallest() == 1\nassert data == [3, 1, 2]", "assert data[0] == 3"],
        {"min": "def smallest(): return min(data)"},
        {"sorts": "def smallest():\n    data.sort()\n    return data[0]"},
    ),
    "functions of the test": Assignment(
        "",
        "def safe(f, xs): return f(list(xs))",
        ["x = [1, 2]\nsafe(lambda l: l.clear(), x)\nassert x == [1, 2]", "assert safe(len, [1, 2]) == 2"],
        {"a slice": "def safe(f, xs): return f(xs[:])"},
        {"as they are": "def safe(f, xs): return f(xs)"},
    ),
    "deleting": Assignment(
        "",
        "class A:\n    @property\n    def v(self): return 1",
        ["a = A()\ntry: del a.v\nexcept AttributeError: pass\nelse: assert False", "assert A().v == 1"],
        {"a property by name": "class A:\n    v = property(lambda self: 1)"},
        {"a plain attribute": "class A:\n    def __init__(self): self.v = 1"},
    ),
    "iterators": Assignment(
        "",
        "class Bag:\n    def __init__(self, items): self.items = items\n    def __iter__(self): yield from self.items",
        ["assert list(Bag([1, 2])) == [1, 2]\nassert sum(Bag([1, 2])) == 3"],
        {
            "iter": "class Bag:\n    def __init__(self, items): self.items = items\n"
            "    def __iter__(self): return iter(self.items)",
            "chain": "import itertools\nclass Bag:\n    def __init__(self, items): self.items = items\n"
            "    def __iter__(self): return itertools.chain(self.items)",
        },
        {"nothing": "class Bag:\n    def __init__(self, items): pass\n    def __iter__(self): return iter([])"},
    ),
    "one object": Assignment(
        "",
        "scores = []\ndef add(x): scores.append(x)\ndef all_scores(): return scores",
        ["before = scores\nadd(5)\nassert scores == [5] and before == [5]\nassert all_scores() is scores"],
        {"extends": "scores = []\ndef add(x): scores.extend([x])\ndef all_scores(): return scores"},
        {
            "another list": "scores = []\ndef add(x):\n    global scores\n    scores = [*scores, x]\n"
            "def all_scores(): return scores"
        },
    ),
}


def notebook(assignment: Assignment, answer: str):
    cells = [cell(assignment.given, "given"), cell(answer, "answer", solution=True)]
    cells += [cell(test, f"t{number}", grade=True) for number, test in enumerate(assignment.tests)]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


@pytest.mark.parametrize("name", ASSIGNMENTS)
@pytest.mark.promise("honest work")
def test_marks_are_those_without_a_judge(tmp_path_factory, name):
    one = ASSIGNMENTS[name]

    def run(nb, table=None):
        return run_copy(nb, tmp_path_factory.mktemp("run"), table)

    def findings(nb, table):
        done, result = run(nb, table)
        return done, result.findings

    table = make_table(notebook(one, one.reference), notebook(one, "pass"), [], findings)
    for label, answer in {"the reference solution": one.reference, **one.right, **one.wrong}.items():
        nb = notebook(one, answer)
        without, judged = marks_of(run(nb)[0]), run(nb, table)
        assert marks_of(judged[0]) == without, label
        assert (min(without.values()) == 1) is (label not in one.wrong), label
        if label not in one.wrong:
            assert bool(judged[1].provisional) is (label in one.provisional), (label, judged[1].notes)
