"""`autograder judge` says which tests of an assignment a judge can decide, and why it cannot decide the others."""

from __future__ import annotations

import json

import pytest
from nbformat import from_dict
from nbformat.v4 import new_notebook

from autograder.course.notebooks import KERNELSPEC
from autograder.judge.client import LOST, Finding
from autograder.judge.table import make_table
from tests.engine.judge_support import cell, run_copy
from tests.support import run_autograder

TESTS = {
    "value": "assert add(base, 2) == 12",
    "worked_example": "assert result == 3",
    "partial": "points = 0\nif add(1, 1) == 2: points += 0.5\nif add(1, 2) == 4: points += 0.5\npoints",
    "given_data": "assert list(data) == [1, 2]",
    "source": "import inspect\nassert 'return' in inspect.getsource(add)",
    "after_it": "assert add(1, 1) == 2",
}


def notebook(answer: str):
    given = [cell("base = 10\ndata = [1]", "given"), cell(answer, "answer", solution=True)]
    example = cell("result = add(1, 2)", "example")
    tests = [cell(source, name, grade=True) for name, source in TESTS.items()]
    return new_notebook(cells=[*given, example, *tests], metadata={"kernelspec": KERNELSPEC})


def table_of(folder, reference, released):
    """Return the table of a notebook whose kernel and judge work in new folders."""
    places = iter(range(100))

    def run(nb, table):
        nb, result = run_copy(nb, folder / str(next(places)), table)
        return nb, result.findings

    return make_table(reference, released, [], run)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    reference = notebook("def add(a, b):\n    return a + b\ndata.append(2)")
    released = notebook("def add(a, b):\n    raise NotImplementedError()")
    return table_of(tmp_path_factory.mktemp("table"), reference, released)


@pytest.mark.parametrize(("times", "is_decided"), [(1, True), (10**6, False)])
def test_a_judge_that_is_lost_once_may_have_been_lost_by_the_machine(times, is_decided):
    nb = notebook("def add(a, b):\n    return a + b")
    nb.cells = [one for one in nb.cells if one.metadata.nbgrader.grade_id in ("given", "answer", "value")]
    lost = iter(range(times))

    def run(nb, table):
        if not table or "value" in table.reasons:
            return from_dict(nb), {}
        return from_dict(nb), {"value": Finding(reason=LOST if next(lost, None) is not None else "")}

    table = make_table(nb, nb, [], run)
    assert ("value" in table.allowed) is is_decided
    assert table.reasons.get("value") == (None if is_decided else LOST)


def test_a_notebook_runs_again_only_after_the_table_has_learnt_something():
    reference, released = (notebook(answer) for answer in ("def add(a, b):\n    return a + b", "def add(a, b): ..."))
    runs = []

    def run(nb, table):
        runs.append(("reference" if nb is reference else "released", "with a judge" if table else "without"))
        # Once, the released notebook shows that the name `base` means something else there.
        drift = ["base"] if table and nb is released and "base" not in table.live else []
        return from_dict(nb), {"value": Finding(drift=drift)} if table else {}

    table = make_table(reference, released, [], run)
    assert table.live == ["add", "base", "result"]
    assert runs == [
        ("reference", "without"),
        ("released", "without"),
        ("reference", "with a judge"),
        ("released", "with a judge"),
        ("released", "with a judge"),  # with the new name
        ("reference", "with a judge"),  # with it, too
    ]


@pytest.mark.parametrize(("without", "judged", "is_decided"), [(0.1, 5.0, True), (0.4, 7.5, False), (6.0, 11.5, True)])
def test_a_test_for_which_a_judge_takes_much_longer_is_not_judged(without, judged, is_decided):
    end = f"2026-01-01T00:00:{without:09.6f}Z"
    times = {"iopub.execute_input": "2026-01-01T00:00:00.000000Z", "shell.execute_reply": end}
    nb = notebook("def add(a, b):\n    return a + b")
    nb.cells = [one for one in nb.cells if one.metadata.nbgrader.grade_id in ("given", "answer", "value")]

    def run(nb, table):
        done = from_dict(nb)
        done.cells[-1].metadata["execution"] = {} if table else times
        return done, {"value": Finding(seconds=judged)} if table else {}

    table = make_table(nb, nb, [], run)
    assert ("value" in table.allowed) is is_decided
    assert is_decided or table.reasons["value"] == "with a judge it takes 7.5 s and more, without one 0.4 s"


@pytest.mark.parametrize("name", ["value", "worked_example", "partial", "given_data", "after_it"])
def test_tests_of_values_can_be_judged(table, name):
    assert name in table.allowed, table.reasons


def test_a_test_of_the_answers_text_cannot_be_judged_and_it_says_why(table):
    assert "source" not in table.allowed
    assert "of the function `add`" in table.reasons["source"]


def test_a_test_that_ends_the_judge_costs_itself_only(tmp_path):
    cells = [
        cell("def add(a, b): return a + b", "answer", solution=True),
        cell(
            "import os\nif type(get_ipython()).__name__ == 'CellShell': os._exit(0)",
            "ends",
            grade=True,
        ),
        cell("assert add(1, 1) == 2", "after", grade=True),
    ]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    table = table_of(tmp_path, nb, nb)
    assert set(table.reasons) == {"ends"}
    assert set(table.allowed) == {"after"}


def test_what_a_test_that_is_not_judged_binds_is_asked_for_by_the_next_one(tmp_path):
    cells = [
        cell("def one(): return 1", "answer", solution=True),
        cell("found = one()\nassert type(get_ipython()).__name__ != 'CellShell'", "binds", grade=True),
        cell("assert found == 1", "uses", grade=True),
    ]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    table = table_of(tmp_path, nb, nb)
    assert set(table.reasons) == {"binds"}
    assert "get found: data" in table.allowed["uses"]


BELOW = {
    "binds it by itself": ("def check(x): return x == 3", "check = add(1, 1)\nassert check == 2", True),
    "uses it": ("def check(x): return x == 3", "assert check(add(2, 1))", False),
    "uses it in a function": ("def check(x): return x == 3", "def inner(): return check(3)\nassert inner()", False),
    "uses what the answer reads": ("base = 7", "assert plus_base(1) == 8", False),
}


@pytest.mark.parametrize("name", BELOW)
def test_a_test_that_is_not_judged_finds_what_the_tests_above_it_bind(tmp_path, name):
    binds, uses, judged = BELOW[name]
    cells = [
        cell("base = 10", "given"),
        cell("def add(a, b): return a + b\ndef plus_base(n): return n + base", "answer", solution=True),
        cell(f"{binds}\nassert add(1, 2) == 3", "above", grade=True),
        cell("result = add(1, 1)\nassert result == 2", "free", grade=True),
        cell(f"import inspect\nassert 'return' in inspect.getsource(add)\n{uses}", "below", grade=True),
    ]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    table = table_of(tmp_path, nb, nb)
    assert "below" in table.reasons
    assert "free" in table.allowed
    assert ("above" in table.allowed) is judged, table.reasons
    assert judged or "below" in table.reasons["above"]


def test_tests_that_the_reference_solution_fails_are_not_judged(tmp_path):
    cells = [cell("x = 1", "answer", solution=True), cell("assert x == 2", "test", grade=True)]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    assert "the reference solution gets no points" in table_of(tmp_path, nb, nb).reasons["test"]


@pytest.mark.parametrize(
    ("below", "judged"),
    [
        ("print(found)", False),
        ("found += 1", False),
        ("found = found + 1", False),
        ("found = 2\nprint(found)", True),
        ("for found in [1]: print(found)", True),
        ("def f(): return found", True),
    ],
)
def test_names_of_a_test_that_cells_below_it_use(tmp_path, below, judged):
    cells = [
        cell("x = 1", "answer", solution=True),
        cell("found = x\nassert found == 1", "test", grade=True),
        cell(below, "below"),
    ]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    assert ("test" in table_of(tmp_path, nb, nb).allowed) is judged


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("assert 'i' not in globals()", "it uses `globals`"),
        ("import sys\nsys.setrecursionlimit(500)\nassert add(1, 1) == 2", "it uses `setrecursionlimit`"),
        ("def sum(*_): raise AssertionError\nassert add(1, 1) == 2", "it binds `sum`"),
        ("from unittest import mock\nwith mock.patch('math.fsum'): assert add(1, 1) == 2", "a part of a library"),
        ("from unittest.mock import patch\nimport math\nwith patch.object(math, 'fsum'): add(1, 1)", "of a library"),
        ("from unittest import mock\nwith mock.patch('builtins.input', lambda _: '1'): assert add(1, 1) == 2", ""),
        ("import os\nfrom unittest import mock\nwith mock.patch.dict(os.environ, A='1'): assert add(1, 1) == 2", ""),
        ("def hidden():\n    sum = add(1, 1)\n    assert sum == 2\nhidden()", ""),
    ],
)
def test_what_a_test_forbids_the_process_is_forbidden_where_the_submission_runs(tmp_path, test, reason):
    cells = [cell("def add(a, b):\n    return a + b", "answer", solution=True), cell(test, "test", grade=True)]
    nb = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    table = table_of(tmp_path, nb, nb)
    assert ("test" in table.allowed) is not bool(reason)
    assert reason in table.reasons.get("test", "")


def grade(root, *options):
    run = run_autograder("grade", "--course", root, *options)
    assert run.returncode == 0, run.stderr


def test_a_table_is_stored_and_made_anew_when_the_solution_changes(tmp_path):
    root = tmp_path / "course"
    assert run_autograder("init", root).returncode == 0
    grade(root)
    stored = root / "judge" / "ps1.json"
    before = json.loads(stored.read_text())
    grade(root, "--force")
    assert json.loads(stored.read_text()) == before
    source = next((root / "source" / "ps1").glob("*.ipynb"))
    solution = "### BEGIN SOLUTION"
    assert solution in source.read_text()
    source.write_text(source.read_text().replace(solution, f"{solution} that is another one"))
    grade(root, "--force")
    after = json.loads(stored.read_text())
    assert after["squares"]["key"] != before["squares"]["key"]
    assert after["squares"]["table"] == before["squares"]["table"]


def test_command_shows_the_table(tmp_path):
    assert run_autograder("init", tmp_path / "course").returncode == 0
    run = run_autograder("judge", "--course", tmp_path / "course", "--json")
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["judged"] for row in rows] == [True, True]
    assert {row["notebook"] for row in rows} == {"squares"}
    shown = run_autograder("judge", "--course", tmp_path / "course")
    assert "2 of 2 tests can be judged." in shown.stdout


def test_command_says_what_is_wrong_in_one_line(tmp_path):
    assert run_autograder("init", tmp_path / "course").returncode == 0
    run = run_autograder("judge", "--course", tmp_path / "course", "--assignment", "none")
    assert run.returncode != 0
    assert "the gradebook has no assignment none" in run.stderr
    assert "Traceback" not in run.stderr
