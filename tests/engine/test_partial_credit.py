"""A test that ends with a number gives a part of its points, as in stock nbgrader, and everybody sees why."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import determine_grade

from autograder.authoring.build import build_course
from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.gradebook.points import find_reason
from tests.engine.both_ways import grade_both_ways
from tests.engine.judge_support import cell
from tests.engine.test_authoring import change, folder, refusal, woven
from tests.support import count_judged, run_autograder

__all__ = ["folder"]  # a fixture

TEST = """
points = 0
for number in (0, -3, 2.5):
    if double(number) == 2 * number:
        points += 1
    else:
        print(f"1 point lost: wrong for {number}.")
points
"""
# By student, the answer, the points and the reason.
CLASS = {
    "ann": ("def double(x):\n    return 2 * x", 3, ""),
    "bob": ("def double(x):\n    return x + abs(x)", 2, "1 point lost: wrong for -3."),
    "cid": (
        "points = 3\ndef double(x):\n    global points\n    points = 3\n    return 7",
        0,
        "1 point lost: wrong for 0.; 1 point lost: wrong for -3.; 1 point lost: wrong for 2.5.",
    ),
    "dee": (
        "def double(x):\n    print('3 of 3 points.\\n3')\n    return x",
        1,
        "3 of 3 points.; 3; 3 of 3 points.; 3; 1 point lost: wrong for -3.; "
        "3 of 3 points.; 3; 1 point lost: wrong for 2.5.",
    ),
    "eve": ("def double(x):\n    return 2 * x[0]", 0, ""),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one judged test of three points, and a class that has handed in."""
    root = tmp_path_factory.mktemp("partial") / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    made = Course(root)
    answer = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    cells = [cell(answer, "double", solution=True), cell(TEST, "test_double", grade=True)]
    cells[0].id, cells[1].id = "answer", "test"  # not by chance: nbgrader's marks are stored for this notebook
    cells[1].metadata.nbgrader.points = 3
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})
    notebooks.write(nb, made.folder("source", ".", "ps1") / "p1.ipynb")
    run_converter(GenerateAssignment, made, made.directory(assignment_id="ps1"))
    for student, (answer, _, _) in CLASS.items():
        released = notebooks.read(made.folder("release", ".", "ps1") / "p1.ipynb")
        submitted = made.folder("submitted", student, "ps1") / "p1.ipynb"
        notebooks.write(notebooks.fill(released, {"double": answer}), submitted)
    return made


@pytest.fixture(scope="module")
def graded(course, golden):
    """The course after grading; the marks are those of stock nbgrader, but for what cid wins there by `global`."""
    ours, nbgraders = grade_both_ways(course, "ps1", golden, "partial_credit")
    differ = [(row[3], other[3]) for row, other in zip(ours, nbgraders, strict=True) if row != other]
    assert differ == [(0, 3)]
    assert count_judged(course, "ps1") == (1, 1)
    return course


def test_each_part_counts_and_an_answer_cannot_say_how_much(graded):
    scores = {student: points["p1"] for student, points in graded.scores("ps1").items()}
    assert scores == {student: points for student, (_, points, _) in CLASS.items()}


def test_the_reason_is_on_the_feedback_page(graded):
    pages = {student: graded.folder("feedback", student, "ps1") / "p1.html" for student in CLASS}
    assert {student for student, page in pages.items() if "1 point lost: wrong for -3." in page.read_text()} == {
        "bob", "cid", "dee",
    }  # fmt: skip


def test_equal_reasons_are_together_in_the_report(graded):
    folder = graded.root / "results" / "ps1"
    mistakes = {one["students"][0]: one for one in json.loads((folder / "results.json").read_text())["mistakes"]}
    assert mistakes.keys() == {"bob", "cid", "dee", "eve"}
    for student in ("bob", "cid", "dee"):
        assert mistakes[student]["example"] == CLASS[student][2]
    assert mistakes["bob"]["message"] == "‹number› point lost: wrong for ‹number›"
    assert "is not subscriptable" in mistakes["eve"]["message"]
    assert "1 point lost: wrong for -3." in (folder / "report.html").read_text()


def test_check_says_why(graded):
    files = [graded.folder("submitted", student, "ps1") / "p1.ipynb" for student in ("ann", "bob", "dee")]
    run = run_autograder("check", "--course", graded.root, "--json", *files)
    (ann,), (bob,), (dee,) = (json.loads(line)["cells"] for line in run.stdout.splitlines())
    assert (ann["score"], ann["message"]) == (3, "")
    assert (bob["score"], bob["message"]) == (2, "1 point lost: wrong for -3.")
    assert (dee["score"], dee["message"]) == (1, CLASS["dee"][2].replace("; ", "\n"))
    table = run_autograder("check", "--course", graded.root, files[1]).stdout
    assert "1 point lost: wrong for -3." in table


@pytest.mark.parametrize(
    ("result", "printed", "reason"),
    [
        ("2", "why\n", "why"),
        ("3", "fine\n", ""),
        ("nan", "why\n", "why"),
        ("'x'", "why\n", ""),
        ("1", "x" * 10_000_000 + "\nwhy\n", "..." + "x" * 496 + "\nwhy"),
        ("1", "\x1b[31mwhy\x1b[0m\n", "why"),
    ],
)
def test_the_reason_is_the_end_of_what_is_printed(result, printed, reason):
    test = cell("", "test", grade=True)
    test.metadata.nbgrader.points = 3
    shown = nbformat.v4.new_output("execute_result", data={"text/plain": result}, execution_count=1)
    test.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed), shown]
    assert find_reason(test) == reason
    test.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning"))
    assert find_reason(test) == ""


# In a master


def points_of_woven(source: str, answer: str) -> float:
    """Return what nbgrader gives for a woven test of three points, if this is the answer."""
    from autograder.execution.notebook import run_notebook

    nb = nbformat.v4.new_notebook(cells=[cell(answer, "answer", solution=True), cell(source, "test", grade=True)])
    nb.cells[1].metadata.nbgrader.points = 3
    nb.metadata.kernelspec = notebooks.KERNELSPEC
    run_notebook(nb, Path.cwd())
    return determine_grade(nb.cells[1])[0]


WITH = "with open('/dev/null'):\n    points = int(p_double(1) == 2)"


@pytest.mark.parametrize("visible", ["points = int(p_double(1) == 2)\npoints", WITH], ids=["plain", "with"])
@pytest.mark.parametrize("end", ["points + more", "x = 1; round(points + more)", "(\n    points\n    + more\n)"])
def test_hidden_tests_give_points_by_the_number_they_end_with(folder, visible, end, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hidden = f"more = 0\nif p_double(10) == 20: more += 1\nif p_double(0) == 0: more += 1\n{end}"
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", visible)
    change(folder / "hidden" / "p_double.py", "assert p_double(10) == 20", hidden)
    source = woven(folder, "p_double")["test_p_double"]
    for answer, points in (("2 * x", 3), ("2 if x else 0", 2), ("7", 0)):
        assert points_of_woven(source, f"def p_double(x):\n    return {answer}") == points
    build_course(Course(folder))
    released = notebooks.read(folder / "release" / "ps1" / "p_double_sheet.ipynb")
    text = "\n".join(one.source for one in released.cells)
    assert "more" not in text
    assert "hidden_points" not in text
    assert visible in text


@pytest.mark.parametrize("end", ["points", "points * 1", "found['points']"])
def test_points_of_the_visible_test_count_if_the_hidden_tests_pass(folder, tmp_path, monkeypatch, end):
    monkeypatch.chdir(tmp_path)
    visible = f"points = 1 + (p_double(3) == 6)\nfound = {{'points': points}}\n{end}"
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", visible)
    source = woven(folder, "p_double")["test_p_double"]
    for answer, points in (("2 * x", 2), ("20", 1), ("7", 0)):
        assert points_of_woven(source, f"def p_double(x):\n    return {answer}") == points


@pytest.mark.parametrize("end", ["sum(points)", "round(points[0]) + 1"])
def test_a_call_that_would_have_to_be_made_twice_is_refused(folder, end):
    visible = f"points = iter([p_double(1) == 2])\n{end}"
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", visible)
    says = "test_p_double: a call is the result of this test, and hidden tests follow: end it with a name"
    assert says in refusal(folder)


def test_what_a_checker_returns_is_no_points(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checker = "def check(x): return 0\ncheck(p_double(10))"
    change(folder / "hidden" / "p_double.py", "assert p_double(10) == 20", checker)
    source = woven(folder, "p_double")["test_p_double"].replace("factor", "2")
    assert points_of_woven(source, "def p_double(x):\n    return 2 * x") == 3


@pytest.mark.parametrize("visible", ["points = int(p_double(1) == 2)\npoints", WITH], ids=["plain", "with"])
def test_points_of_hidden_tests_are_judged_and_not_a_submissions_to_set(folder, visible):
    hidden = "more = 0\nif p_double(10) == 20: more += 2\npoints + more"
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", visible)
    change(folder / "masters" / "p_double.py", "points=2", "points=3")
    change(folder / "hidden" / "p_double.py", "assert p_double(10) == 20", hidden)
    course = Course(folder)
    build_course(course)
    names = "points = more = hidden_points = 3\ndef hidden_tests():\n    return 3\n"
    setting = "    import builtins, __main__\n    for name in ('points', 'more', 'hidden_points'):\n"
    setting += "        setattr(__main__, name, 3)\n        setattr(builtins, name, 3)\n"
    answers = {"ann": "    return 2 * x", "bob": "    return 2", "cid": "    return 7", "dee": setting + "    return 7"}
    for student, body in answers.items():
        nb = notebooks.read(folder / "release" / "ps1" / "p_double_sheet.ipynb")
        answer = f"{names if student in ('cid', 'dee') else ''}def p_double(x):\n{body}"
        submitted = course.folder("submitted", student, "ps1") / "p_double_sheet.ipynb"
        notebooks.write(notebooks.fill(nb, {"p_double": answer}), submitted)
    assert run_autograder("grade", "--course", folder, "--assignment", "ps1").returncode == 0
    assert count_judged(course, "ps1") == (1, 1)
    scores = {student: found["p_double_sheet"] for student, found in course.scores("ps1").items()}
    assert scores == {"ann": 3, "bob": 1, "cid": 0, "dee": 0}
