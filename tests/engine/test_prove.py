"""`autograder prove` shows the wrong answers that tests let through, the right ones that they do not, and says why."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.proving.aims import aims_of
from autograder.proving.lists import Case
from autograder.proving.mutants import mutants_of
from autograder.proving.results import CaseResult, Count, NotebookProof, ProvedTest
from autograder.proving.runs import Outcome
from autograder.proving.screen import percent
from tests.support import run_autograder

CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "<plain>"\nc.Execute.timeout = 5\n'
ADULT = "def adult(age):\n    ### BEGIN SOLUTION\n    return age >= 18\n    ### END SOLUTION"
COUNT = (
    "def count_down(n):\n    ### BEGIN SOLUTION\n    while n > 0:\n        n -= 1\n    return n\n    ### END SOLUTION"
)
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
# What stands in the notebook of each assignment: the answer, then the sources of its tests by name.
ASSIGNMENTS = {
    "weak": (ADULT, {"test_adult": f"assert adult(18)\n{HIDDEN.format('assert not adult(16)')}"}),
    "strong": (ADULT, {"test_adult": f"assert adult(18)\n{HIDDEN.format('assert adult(17) is False')}"}),
    "shown_only": (ADULT, {"test_adult": "assert adult(18)\nassert not adult(17)"}),
    "odd": (
        ADULT,
        {
            "test_for_nothing": "assert True",
            "test_impossible": "assert adult(17)",
            "test_text": "import inspect\nassert 'return' in inspect.getsource(adult)",
            "test_adult": "assert adult(18) and adult(17) is False",
            "test_again": "assert adult(18)\nassert adult(17) is False",
        },
    ),
    "endless": (COUNT, {"test_count": HIDDEN.format("assert count_down(2) == count_down(3) == 0 > count_down(-1)")}),
    "by_hand": ("x = 1", {}),
    "no_test": (ADULT, {}),
    "no_answer": ("", {"test_adult": "assert adult(18)"}),
}
SURVIVOR = "adult:3:constant"
HASH = "198e523ef2fe"  # of the same mutant


def cell(kind: str, source: str, name: str, **settings):
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    roles = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    return new(source, id=name, metadata={"nbgrader": {**roles, **settings, "grade_id": name}})


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("prove") / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    course = Course(root)
    for assignment, (answer, tests) in ASSIGNMENTS.items():
        by_hand = {"grade": True, "points": 1} if assignment == "by_hand" else {}
        cells = [cell("code", answer, "count" if answer == COUNT else "adult", solution=True, **by_hand)]
        cells += [cell("code", source, name, grade=True, locked=True, points=2) for name, source in tests.items()]
        cells.append(cell("markdown", "Why?", "why", solution=True, grade=True, points=1))
        nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})
        notebooks.write(nb, course.folder("source", ".", assignment) / "p1.ipynb")
        run_converter(GenerateAssignment, course, course.directory(assignment_id=assignment))
    return course


def prove(course: Course, assignment: str, *arguments: str | Path):
    """Return the exit status and what was found."""
    run = run_autograder("prove", "--course", course.root, "--assignment", assignment, "--json", *arguments)
    assert run.returncode in (0, 1), run.stderr
    return run.returncode, json.loads(run.stdout)


def files(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_tests_that_catch_every_mutant_are_proved_and_nothing_is_graded(course):
    before = files(course.root)
    status, found = prove(course, "strong")
    assert (status, found["problems"], found["score"]) == (0, [], 1.0)
    assert found["mutants"] == found["caught"] > 5
    (nb,) = found["notebooks"]
    assert nb["survivors"] == []
    assert nb["reference"] == [2.0, 2.0, 2.0]
    assert (nb["blank"], nb["max_score"]) == (0.0, 2.0)
    (test,) = nb["tests"]
    assert (test["judged"], test["caught"], test["caught_alone"]) == (True, found["mutants"], found["mutants"])
    added = {name for name, digest in files(course.root).items() if before.get(name) != digest}
    assert added == {"judge/strong.json", "results/strong/proof.html"}


def test_the_mutant_that_tests_let_through_is_shown_beside_the_test(course):
    run = run_autograder("prove", "--course", course.root, "--assignment", "weak")
    assert run.returncode == 1
    lines = [line.strip() for line in run.stdout.splitlines()]
    place = lines.index("p1: not caught by test_adult")
    assert lines[place + 1].startswith(f"{SURVIVOR} (")
    assert [line for line in lines if line.startswith(("+", "-"))] == ["-    return age >= 18", "+    return age >= 17"]
    assert "✗ p1: 1 mutant loses no points" in lines
    page = (course.root / "results" / "weak" / "proof.html").read_text(encoding="utf-8")
    assert "<ins>+    return age &gt;= 17</ins>" in page
    assert "assert not adult(16)" in page
    assert "&lt;plain&gt;" in page
    assert "<plain>" not in page
    assert "src=" not in page
    assert "prefers-color-scheme: dark" in page


def test_what_visible_tests_show_can_be_copied_unless_hidden_tests_ask_for_more(course):
    status, found = prove(course, "shown_only")
    assert status == 1
    assert [one["name"] for one in found["notebooks"][0]["survivors"]] == ["adult:3:visible"]


@pytest.fixture(scope="module")
def odd(course):
    return prove(course, "odd")


def test_a_blank_notebook_with_points_and_a_reference_without_are_told(odd):
    status, found = odd
    (nb,) = found["notebooks"]
    assert status == 1
    assert (nb["blank"], nb["reference"][0], nb["max_score"]) == (2.0, 8.0, 10.0)
    assert any("the blank notebook gets 2 points: test_for_nothing" in text for text in found["problems"])
    assert any("the reference solution gets 8 of 10 points: test_impossible" in text for text in found["problems"])


def test_it_says_which_tests_no_mutant_needs_and_which_are_judged(odd):
    tests = {one["name"]: one for one in odd[1]["notebooks"][0]["tests"]}
    assert not any(one["caught_alone"] for one in tests.values())
    assert tests["test_adult"]["caught"] == tests["test_again"]["caught"] > tests["test_text"]["caught"]
    assert {name for name, one in tests.items() if not one["judged"]} == {"test_text", "test_impossible"}
    assert "of the function `adult`" in tests["test_text"]["reason"]
    assert tests["test_adult"]["reason"] is None


def test_a_mutant_that_never_ends_is_caught(course):
    status, found = prove(course, "endless")
    caught = {one["name"]: one["caught_by"]["test_count"] for one in found["notebooks"][0]["caught"]}
    assert status == 0
    assert caught["count:5:statement"]  # the test has found it out
    assert "count:4:statement" in caught


@pytest.mark.parametrize(
    ("assignment", "problem"),
    [
        ("by_hand", "there is no test that could be proved"),
        ("no_test", "there is no test that could be proved"),
        ("no_answer", "there is no mutant"),
    ],
)
def test_where_nothing_can_be_proved_it_says_so(course, assignment, problem):
    status, found = prove(course, assignment)
    assert (status, found["mutants"], found["score"]) == (1, 0, None)
    assert problem in found["problems"][-1]


def equivalents(folder: Path, *entries: tuple[str, str]) -> Path:
    path = folder / "equivalents.toml"
    text = '[[equivalent]]\nassignment = "weak"\nnotebook = "p1"\nmutant = "{}"\nreason = "{}"\n'
    path.write_text("".join(text.format(*entry) for entry in entries), encoding="utf-8")
    return path


def test_a_mutant_that_is_no_mistake_is_left_out_and_shown(course, tmp_path):
    copy = Course(shutil.copytree(course.root, tmp_path / "course"))
    equivalents(copy.root, (SURVIVOR, "Nobody is 17."))
    status, found = prove(copy, "weak")
    assert (status, found["problems"], found["score"], found["equivalent"]) == (0, [], 1.0, 1)
    (nb,) = found["notebooks"]
    assert nb["survivors"] == []
    assert [(one["name"], one["equivalent"]) for one in nb["equivalents"]] == [(SURVIVOR, "Nobody is 17.")]


def test_a_list_that_is_not_true_is_told(course, tmp_path):
    wrong = [(HASH, "Nobody is 17."), ("adult:3:comparison", "Just so."), ("adult:9:comparison", "Once so.")]
    status, found = prove(course, "weak", "--equivalents", equivalents(tmp_path, *wrong))
    assert (status, found["equivalent"]) == (1, 2)
    assert found["problems"] == [
        "p1: adult:3:comparison is listed as no mistake, but test_adult catches it",
        "p1: adult:9:comparison is listed as no mistake, but is no mutant",
    ]


def case(folder: Path, name: str, body: str, *, marks: dict[str, object] | None = None, **values: object) -> None:
    head = {"assignment": "strong", "notebook": "p1", "lowest": 2, "highest": 2, **values}
    lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
    lines += ["[marks]", *(f"{test} = {json.dumps(points)}" for test, points in (marks or {}).items())]
    (folder / f"{name}.toml").write_text("\n".join([*lines, "[answers]", f"adult = '''\n{body}'''"]), encoding="utf-8")


def test_cases_must_get_their_marks(course, tmp_path):
    case(tmp_path, "right", "adult = lambda age: not age < 18\n")
    case(tmp_path, "wrong", "def adult(age): return age > 18\n", lowest=0, highest=0, marks={"test_adult": 0})
    case(tmp_path, "misjudged", "def adult(age): return int(age >= 18)\n")
    case(tmp_path, "too_good", "def adult(age): return age >= 18\n", lowest=0, highest=1, marks={"test_adult": 1})
    case(tmp_path, "of_another", "", assignment="weak")
    status, found = prove(course, "strong", "--cases", tmp_path)
    assert status == 1
    scores = {one["case"]: one["score"] for one in found["cases"]}
    assert scores == {"right": 2.0, "wrong": 0.0, "misjudged": 0.0, "too_good": 2.0}
    runs = {one["case"]: len(one["scores"]) for one in found["cases"]}
    assert runs == {"right": 3, "wrong": 1, "misjudged": 3, "too_good": 1}  # what must get all points may be flaky
    assert sorted(found["problems"]) == [
        "case misjudged: it gets 0 points, not 2 to 2",
        "case too_good: it gets 2 points, not 0 to 1; test_adult gives 2, not 1",
    ]


def test_a_case_that_gets_other_points_each_time_is_told():
    outcomes = [Outcome({"test_adult": points}, {}, [], "", 0.1) for points in (2, 0, 2)]
    right = CaseResult(Case("right", "p1", 2, 2, {}), outcomes)
    assert right.problem() == "it gets 0 points, not 2 to 2; it is flaky: its runs got 2, 0, 2 points"
    assert CaseResult(right.case, outcomes[::2]).problem() == ""


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"notebook": "p9"}, "there is no notebook p9; there are: p1"),
        ({"assignment": "ps9"}, "there is no assignment ps9"),
        ({"lowest": "two"}, "lowest is missing, or of another type"),
        ({"lowest": 3}, "lowest is more than highest"),
        ({"score": 3}, "score is not known; known are"),
        ({"marks": {"test_child": 1}}, "there is no test test_child"),
        ({"marks": {"test_adult": "all"}}, "the mark of test_adult is no number"),
    ],
)
def test_a_case_that_is_not_well_formed_is_one_line(course, tmp_path, values, complaint):
    case(tmp_path, "odd", "", **values)
    run = run_autograder("prove", "--course", course.root, "--assignment", "strong", "--cases", tmp_path)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()[-1:]
    assert "odd.toml" in line
    assert complaint in line


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[equivalent]", "cannot be read"),
        ("", "equivalent is missing"),
        ("equivalent = [1]", "write [[equivalent]] before each mutant"),
        ('[[equivalent]]\nassignment="weak"\nnotebook="p1"\nmutant="a"\nreason=" "', "the mutant a has no reason"),
    ],
)
def test_a_list_that_is_not_well_formed_is_one_line(course, tmp_path, text, complaint):
    path = tmp_path / "list.toml"
    path.write_text(text, encoding="utf-8")
    run = run_autograder("prove", "--course", course.root, "--assignment", "weak", "--equivalents", path)
    assert run.returncode == 1
    assert complaint in run.stderr.splitlines()[-1]


def test_no_cases_and_no_such_notebook_are_told(course, tmp_path):
    where = ("prove", "--course", course.root, "--assignment", "weak")
    assert "no file there ends in .toml" in run_autograder(*where, "--cases", tmp_path).stderr
    assert "weak has no notebook p9; it has: p1" in run_autograder(*where, "--notebook", "p9").stderr


def proof_of(*references: Outcome) -> NotebookProof:
    blank = Outcome({"test": 0.0}, {}, [], "", 1.0)
    return NotebookProof("p1", ["f"], [ProvedTest("test", 2.0, "", "")], references, blank, [])


def test_a_reference_solution_that_fails_now_and_then_is_told():
    good, bad = (Outcome({"test": points}, {"test": "Late."}, [], "", 1.0) for points in (2.0, 0.0))
    told = "p1: the reference solution, run 3 of 3, gets 0 of 2 points: test: Late."
    assert told in proof_of(good, good, bad).problems()
    assert told not in proof_of(good, good, good).problems()


def test_a_reference_solution_that_a_person_would_have_to_look_at_is_told():
    sure, unsure = (Outcome({"test": 2.0}, {}, names, "", 1.0) for names in ([], ["test"]))
    told = "p1: the reference solution's points are provisional: test"
    assert told in proof_of(sure, unsure).problems()
    assert told not in proof_of(sure, sure).problems()


@pytest.mark.parametrize(
    ("line", "tests"),
    [
        (1, ["test_f", "test_both"]),  # those that use what the line binds
        (2, ["test_g", "test_both"]),
        (3, ["test_f", "test_g", "test_both"]),  # nobody uses the helper: those that use the answer
    ],
)
def test_a_survivor_stands_beside_the_tests_that_use_what_it_changes(line, tests):
    answer = "f = lambda: helper() + 1\ng = 2\ndef helper(): return 3"
    sources = {"test_f": "assert f() == 4", "test_g": "assert g == 2", "test_both": "assert f() > g"}
    cells = [cell("code", "assert f", "test_above", grade=True, locked=True, points=1)]
    cells.append(cell("code", answer, "answer", solution=True))
    cells += [cell("code", source, name, grade=True, locked=True, points=1) for name, source in sources.items()]
    cells.append(cell("code", "", "other", solution=True))
    cells.append(cell("code", "assert other", "test_other", grade=True, locked=True, points=1))
    mutants = [one for one in mutants_of("p1", "answer", answer, {}) if one.line == line]
    assert mutants
    for one in mutants:
        assert aims_of(one, cells, {"answer": answer}) == tests


def test_a_survivor_that_no_test_names_stands_beside_the_next_tests():
    cells = [cell("code", "open('x', 'w').close()", "answer", solution=True)]
    for name in ("next", "later"):
        cells.append(cell("code", "import os", name, grade=True, locked=True, points=1))
        cells.append(cell("code", "", f"answer_{name}", solution=True))
    (mutant, *_) = mutants_of("p1", "answer", cells[0].source, {})
    assert aims_of(mutant, cells, {"answer": cells[0].source}) == ["next"]


def test_a_score_is_never_rounded_up():
    assert percent(Count("", "", 2000, 1999, 0)) == "99.9 %"
    assert percent(Count("", "", 2000, 2000, 0)) == "100 %"
    assert percent(Count("", "", 0, 0, 3)) == "-"
