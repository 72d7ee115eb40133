"""The report of a class: who is missing, which questions to look at, which mistakes are the same, what points do."""

from __future__ import annotations

import csv
import io
import json
import random
import statistics
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbgrader.utils import compute_checksum
from rich.cells import cell_len
from rich.console import Console

from autograder.course import notebooks
from autograder.gradebook.answers import find_answered
from autograder.gradebook.failures import find_places
from autograder.gradebook.journal import Entry
from autograder.grading import grade
from autograder.reporting import terminal
from autograder.reporting.files import as_dict, csv_of, write_results
from autograder.reporting.items import FEWEST, CellMark, CellResult, analyse
from autograder.reporting.mistakes import Mistake, cluster, normalise
from autograder.reporting.page import page_of
from autograder.reporting.states import State, notebook_state, submission_state
from autograder.reporting.summary import StudentResult, Summary, summarize
from autograder.reporting.tenths import count_tenths
from autograder.reporting.weights import read_weights
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import open_grader, run_autograder

BAD = "<script>alert(1)</script>"


# Where everybody is


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A class in which all there is happens, and the run that has graded it."""
    course = make_course(tmp_path_factory.mktemp("mixed") / "course")
    for student in ("ann", "bob", "cid", "dee", "eve", "fay"):
        hand_in(course, student, double="return 7" if student in ("ann", "bob") else "return 2 * x")
    hand_in(course, "cid", double="import os; os._exit(3)")
    (course.folder("submitted", "dee", ASSIGNMENT) / "p1.ipynb").write_text("no notebook")
    (course.folder("submitted", "eve", ASSIGNMENT) / "p2.ipynb").unlink()
    fill(course.folder("submitted", "fay", ASSIGNMENT) / "p2.ipynb", why="Because it adds up.")
    course.folder("submitted", "gus", ASSIGNMENT).mkdir(parents=True)
    with course.gradebook() as gradebook:
        gradebook.add_student("hal", first_name="Hal", last_name="Ny")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    return course, run


def fill(path: Path, **answers: str) -> None:
    notebooks.write(notebooks.fill(notebooks.read(path), answers), path)


def results_of(course) -> dict:
    return json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text(encoding="utf-8"))


def report_of(course) -> BeautifulSoup:
    return BeautifulSoup((course.root / "results" / ASSIGNMENT / "report.html").read_text("utf-8"), "html.parser")


def page(summary: Summary) -> BeautifulSoup:
    return BeautifulSoup(page_of(summary), "html.parser")


STATES = {
    "ann": "graded",
    "bob": "graded",
    "cid": "failed",
    "dee": "failed",
    "eve": "graded",
    "fay": "waiting for a person",
    "gus": "not handed in",
    "hal": "not handed in",
}


def test_not_handed_in_and_waiting_and_failed_are_three_things_in_the_files(mixed):
    course, _ = mixed
    students = {row["student"]: row for row in results_of(course)["students"]}
    assert {student: row["state"] for student, row in students.items()} == STATES
    assert students["dee"]["states"] == {"p1": "failed", "p2": "graded"}
    assert students["eve"]["states"] == {"p1": "graded", "p2": "not handed in"}
    assert students["fay"]["states"] == {"p1": "graded", "p2": "waiting for a person"}
    with (course.root / "results" / ASSIGNMENT / "marks.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {student: row["state"] for student, row in rows.items()} == STATES
    assert [rows["hal"][name] for name in ("p1", "p2", "score", "last_name")] == ["", "", "", "Ny"]
    assert [rows["dee"][name] for name in ("p1", "p2", "score")] == ["0", "4", "4"]


def test_they_are_three_things_on_the_terminal(mixed):
    lines = mixed[1].stdout.splitlines()
    assert "1 waiting for a person: fay" in lines
    assert "2 failed, could not be run or recorded: cid, dee" in lines
    assert "2 not handed in: gus, hal" in lines
    assert any(line.startswith("6 with marks: mean 4,") for line in lines)  # 4 4 0 4 4 8, without gus' nothing


def test_they_are_three_things_on_the_page(mixed):
    report = report_of(mixed[0])
    told = {term.get_text(" ", strip=True): term.find_next("dd").get_text() for term in report.dl.find_all("dt")}
    assert told["2 not handed in"].split("grade.")[1].split() == ["gus,", "hal"]
    assert told["2 failed"].split("why.")[1].split() == ["cid,", "dee"]
    assert told["1 waiting for a person"].split("count.")[1].split() == ["fay"]
    assert "3 graded" in told
    row = next(row for row in report.table.find_all("tr") if row.th.get_text() == "p2")
    assert [cell.get_text() for cell in row.find_all("td")] == ["3", "1", "1", "", "3", "2.4 of 5"]


def test_whoever_could_not_be_graded_just_now_has_failed(tmp_path):
    course = make_course(tmp_path / "course")
    summary = summarize(course, ASSIGNMENT, ["ann", "bob"], ["ann", "bob"], {}, {"ann": ["could not be graded: x"]})
    ann, bob = summary.students
    assert (ann.state, ann.notes) == (State.FAILED, ["could not be graded: x"])
    assert bob.state == State.DUE


def test_a_run_that_cannot_record_says_so_in_the_report(tmp_path, monkeypatch):
    from autograder import session

    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    monkeypatch.setattr("autograder.gradebook.recorder.Recorder.record", lambda *_: 1 / 0)
    with pytest.raises(session.CourseError, match="1 not graded: ann"):
        session.grade_class(session.Request(course.root))
    (row,) = results_of(course)["students"]
    assert row["state"] == "failed"
    assert row["notes"] == ["could not be graded: ZeroDivisionError: division by zero"]


def entry(**fields) -> Entry:
    return Entry("x", **({"fingerprints": {"p1": "f"}, "seconds": {"p1": 1.0}} | fields))


@pytest.mark.parametrize(
    ("found", "waits", "state"),
    [
        (None, False, State.GRADED),
        (None, True, State.WAITING),
        (entry(), False, State.GRADED),
        (entry(), True, State.WAITING),
        (entry(stopped={"p1": "the kernel died"}), True, State.FAILED),
        (entry(seconds={}, stopped={"p1": "no notebook"}), True, State.FAILED),
        (entry(seconds={}), False, State.NOT_HANDED_IN),
        (entry(fingerprints={}), False, State.DUE),
    ],
)
def test_state_of_a_notebook(found, waits, state):
    assert notebook_state("p1", found, waits=waits) == state


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], State.NOT_HANDED_IN),
        ([State.NOT_HANDED_IN, State.NOT_HANDED_IN], State.NOT_HANDED_IN),
        ([State.NOT_HANDED_IN, State.GRADED], State.GRADED),
        ([State.GRADED, State.DUE], State.DUE),
        ([State.GRADED, State.WAITING, State.DUE], State.WAITING),
        ([State.FAILED, State.WAITING], State.FAILED),
    ],
)
def test_state_of_a_submission_is_the_one_to_look_at_first(states, state):
    assert submission_state(states) == state


def test_a_question_of_no_points_makes_nobody_wait(tmp_path):
    course = make_course(tmp_path / "course")
    for student in ("ann", "bob"):
        hand_in(course, student)
    list(grade(course, ASSIGNMENT, ["ann", "bob"]))
    with course.gradebook() as gradebook:
        gradebook.find_grade_cell("why", "p1", ASSIGNMENT).max_score = 0
        for student, notebook in (("ann", "p1"), ("bob", "p1"), ("bob", "p2")):
            gradebook.find_grade("why", notebook, ASSIGNMENT, student).needs_manual_grade = True
        gradebook.db.commit()
    with open_grader(course, ASSIGNMENT) as run:
        ann, bob = summarize(course, ASSIGNMENT, ["ann", "bob"], [], run.entries()).students
    assert (ann.state, ann.needs_manual_grade) == (State.GRADED, False)
    assert bob.states == {"p1": State.GRADED, "p2": State.WAITING}
    assert (bob.state, bob.needs_manual_grade) == (State.WAITING, True)


def test_who_fails_in_a_later_run_has_failed_and_who_mends_it_has_not(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    path = course.folder("submitted", "ann", ASSIGNMENT) / "p1.ipynb"
    good = path.read_text(encoding="utf-8")
    for text, state in ((good, "graded"), ("broken", "failed"), (good, "graded")):
        path.write_text(text, encoding="utf-8")
        run_autograder("grade", "--course", course.root, "--notebook", "p1")
        assert results_of(course)["students"][0]["states"]["p1"] == state
    path.unlink()
    run_autograder("grade", "--course", course.root, "--notebook", "p1")
    assert results_of(course)["students"][0]["states"]["p1"] == "not handed in"


# The questions


def marks_of(table: dict[str, list[float]], most: float = 1, waiting: tuple = ()) -> list[CellMark]:
    """Return marks of a notebook: by cell, the points of student 0, 1 and so on; these wait: (student, cell)."""
    return [
        CellMark(f"s{n}", "p1", cell, points, most, (n, cell) in waiting)
        for cell, column in table.items()
        for n, points in enumerate(column)
    ]


def by_cell(results: list[CellResult]) -> dict[str, CellResult]:
    return {result.grade_id: result for result in results}


# Ten students, by hand: of "key" the wrong ones have the point.
TEN = {
    "good": [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    "also": [1, 1, 1, 1, 0, 1, 0, 0, 0, 0],
    "key": [0, 0, 1, 0, 1, 0, 1, 1, 0, 1],
}


def test_difficulty_and_distribution_by_hand():
    found = by_cell(analyse(marks_of(TEN | {"part": [0, 0.25, 0.5, 0.75, 1] * 2})))
    assert (found["good"].mean, found["good"].full, found["good"].of, found["good"].failed) == (0.5, 5, 10, 5)
    assert found["good"].counts == [5, 0, 0, 0, 0, 0, 0, 0, 0, 5]
    assert (found["part"].mean, found["part"].full) == (0.5, 2)
    assert found["part"].counts == [2, 0, 2, 0, 0, 2, 0, 2, 0, 2]


def test_discrimination_is_the_correlation_with_the_total_without_the_cell():
    found = by_cell(analyse(marks_of(TEN)))
    # The others of "key" together: 2 2 2 2 1 1 0 0 0 0, with the mean 1 and 8 for the sum of squares around it. Those
    # with the point have 1 + 0 - 1 - 1 - 1 more than the mean there, and the sum of squares of "key" is 10 / 4.
    assert found["key"].discrimination == pytest.approx(-2 / (2.5 * 8) ** 0.5)
    for cell in TEN:
        others = sum(np.array(TEN[other]) for other in TEN if other != cell)
        expected = np.corrcoef(TEN[cell], others)[0, 1]
        assert found[cell].discrimination == pytest.approx(expected)
        with_itself = np.corrcoef(TEN[cell], others + np.array(TEN[cell]))[0, 1]
        assert found[cell].discrimination < with_itself - 0.1  # what an uncorrected total would say
    assert found["key"].compared == 10
    assert found["key"].hints == ["negative: is the test wrong, or can the question be misread?"]


def test_discrimination_follows_points_and_not_their_number():
    chance = random.Random(1)
    table = {f"c{n}": [chance.choice([0, 1, 2.5, 4]) for _ in range(40)] for n in range(6)}
    found = by_cell(analyse(marks_of(table, most=4)))
    for cell, column in table.items():
        others = sum(np.array(other) for name, other in table.items() if name != cell)
        assert found[cell].discrimination == pytest.approx(np.corrcoef(column, others)[0, 1])
        assert found[cell].mean == pytest.approx(np.mean(column) / 4)


@pytest.mark.parametrize(
    ("table", "cell", "reason"),
    [
        ({"a": [0, 1] * 5}, "a", "no other cell to compare with"),
        ({"a": [0, 1] * 4 + [0], "b": [1, 0] * 4 + [1]}, "a", f"fewer than {FEWEST} students"),
        ({"a": [1] * 10, "b": [0, 1] * 5}, "a", "all have the same points here"),
        ({"a": [1] * 10, "b": [0, 1] * 5}, "b", "all have the same points elsewhere"),
        ({"a": [0.1] * 10, "b": [0.2] * 10, "c": [0, 1] * 5}, "c", "all have the same points elsewhere"),
        ({"a": [0], "b": [1]}, "a", f"fewer than {FEWEST} students"),
    ],
)
def test_discrimination_says_why_it_is_undefined(table, cell, reason):
    found = by_cell(analyse(marks_of(table)))[cell]
    assert (found.discrimination, found.undefined) == (None, reason)
    assert not any("negative" in hint or "low" in hint for hint in found.hints)


def test_equal_sums_have_no_spread_although_their_last_digits_differ():
    # 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 for a computer; whether a correlation comes of it must not depend on that.
    rows = [(0.1, 0.2, 0.3), (0.3, 0.2, 0.1)] * 5
    table = {f"c{n}": [row[n] for row in rows] for n in range(3)} | {"x": [0, 1] * 5}
    assert by_cell(analyse(marks_of(table)))["x"].undefined == "all have the same points elsewhere"


def test_who_waits_for_a_person_says_nothing_about_the_question():
    table = TEN | {"why": [0.5] * 10}
    everybody = {(n, "why") for n in range(10)}
    waiting = by_cell(analyse(marks_of(table, waiting=(*everybody, (0, "good")))))
    assert (waiting["why"].of, waiting["why"].mean, waiting["why"].waiting) == (0, None, 10)
    assert waiting["why"].discrimination is None
    assert (waiting["good"].of, waiting["good"].waiting, waiting["good"].mean) == (9, 1, pytest.approx(4 / 9))
    # A question that most wait for is in nobody's total; a student who waits in another is not compared.
    assert waiting["also"].compared == 9
    assert waiting["also"].undefined == f"fewer than {FEWEST} students"
    assert (waiting["also"].of, waiting["also"].mean) == (10, 0.5)


def test_an_open_question_is_compared_with_the_others():
    chance = random.Random(2)
    table = {name: [chance.choice([0, 1]) for _ in range(30)] for name in ("a", "b", "why")}
    waiting = [(n, "why") for n in range(16)]
    found = by_cell(analyse(marks_of(table, waiting=tuple(waiting))))
    kept = range(16, 30)
    expected = np.corrcoef([table["why"][n] for n in kept], [table["a"][n] + table["b"][n] for n in kept])[0, 1]
    assert found["why"].discrimination == pytest.approx(expected)
    assert found["a"].discrimination == pytest.approx(np.corrcoef(table["a"], table["b"])[0, 1])


def test_cells_of_no_points_are_no_questions():
    assert analyse(marks_of({"a": [0, 0]}, most=0)) == []
    assert analyse([]) == []


def test_the_hardest_comes_first_and_what_nobody_has_marks_for_last():
    table = {"easy": [1, 1], "hard": [0, 1], "open": [0, 0]}
    marks = marks_of(table, waiting=((0, "open"), (1, "open")))
    assert [cell.grade_id for cell in analyse(marks)] == ["hard", "easy", "open"]


def test_answers_that_are_missing_are_counted_where_it_is_known():
    answered = {("s0", "p1"): {"a": False, "b": True}, ("s1", "p1"): {"a": False}, ("s2", "p1"): {"a": True}}
    found = by_cell(analyse(marks_of({"a": [0, 0, 1], "b": [1, 1, 1], "c": [1, 1, 1]}), answered))
    assert [found[cell].unanswered for cell in "abc"] == [2, 0, None]
    assert found["a"].hints == ["most did not answer: was there time?"]


def test_hints_are_given_for_what_is_odd_only():
    fine = CellResult("p1", "a", 2, full=5, of=10, mean=0.5, discrimination=0.2, unanswered=5)
    assert fine.hints == []
    low = CellResult("p1", "a", 2, full=5, of=10, mean=0.5, discrimination=0.19)
    assert low.hints == ["low: does it check what the question asks?"]
    nobody = CellResult("p1", "a", 2, full=0, of=2, mean=0)
    assert nobody.hints == ["nobody has points: can it be solved?"]
    assert CellResult("p1", "a", 2, full=0, of=1, mean=0).hints == []
    blank = CellResult("p1", "a", 2, full=0, of=2, mean=0, unanswered=2)
    assert blank.hints == ["most did not answer: was there time?"]


def test_a_large_class_is_analysed():
    chance = np.random.default_rng(1)
    skill = chance.normal(size=3000)
    table = {f"c{n}": (skill + chance.normal(size=3000) > 0).astype(float).tolist() for n in range(40)}
    results = analyse(marks_of(table))
    assert len(results) == 40
    assert all(cell.of == 3000 and 0.4 < cell.discrimination < 0.8 for cell in results)


@pytest.mark.parametrize(
    ("shares", "place"), [([0.1 * 7], 7), ([0.1 + 0.2], 3), ([sum([0.1] * 7)], 7), ([1.2], 9), ([-1], 0)]
)
def test_tenths_are_not_lost_to_the_last_digit(shares, place):
    assert count_tenths(shares)[place] == 1


def test_questions_are_in_files_and_on_the_page(mixed):
    course, _ = mixed
    cells = {(cell["notebook"], cell["grade_id"]): cell for cell in results_of(course)["cells"]}
    double = cells["p1", "test_double"]  # ann and bob are wrong, eve and fay are right, the others do not count
    assert (double["of"], double["full"], double["mean"], double["unanswered"]) == (4, 2, 0.5, 0)
    assert (double["discrimination"], double["undefined"]) == (None, "fewer than 10 students")
    why = cells["p2", "why"]
    assert (why["of"], why["waiting"], why["unanswered"]) == (3, 1, 3)
    tables = report_of(course).find("h2", id="questions").find_all_next("table")
    table = next(table for table in tables if table.caption.get_text().startswith("p1:"))
    row = next(row for row in table.find_all("tr") if row.th.get_text() == "test_double")
    assert [cell.get_text(strip=True) for cell in row.find_all("td")][:3] == ["2", "4", "50 %"]
    assert row.svg["aria-label"] == "Shares of the points. 0 to 10 %: 2; 90 to 100 %: 2."


def test_marks_of_older_work_say_nothing_about_the_questions(mixed):
    course, _ = mixed
    with open_grader(course, ASSIGNMENT) as run:
        summary = summarize(course, ASSIGNMENT, list(STATES), ["ann"], run.entries())
    (double,) = [cell for cell in summary.cells if (cell.notebook, cell.grade_id) == ("p1", "test_double")]
    assert (double.of, double.full) == (3, 2)
    assert summary.students[0].states == {"p1": State.DUE, "p2": State.DUE}


def test_a_class_whose_kernels_all_died_has_no_analysis_and_its_tests_are_still_tests(tmp_path):
    course = make_course(tmp_path / "course")
    for student in ("ann", "bob"):
        hand_in(course, student, double="import os; os._exit(3)")
    run = run_autograder("grade", "--course", course.root)
    assert "p1: the test test_double failed for all 2" in run.stderr
    assert (results_of(course)["cells"], results_of(course)["mistakes"]) == ([], [])
    assert "No notebook was run to its end yet" in report_of(course).get_text()


# Whether and where


def cell_of(kind: str, name: str, source: str = "x", **roles) -> nbformat.NotebookNode:
    roles = {"grade": False, "solution": False, "locked": False, "schema_version": 3, "grade_id": name, **roles}
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    cell = new(source, metadata={"nbgrader": roles})
    cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return cell


def test_an_answer_as_it_was_released_is_none():
    cells = [
        cell_of("code", "test_of_nothing", grade=True, locked=True, points=1),
        cell_of("code", "one", solution=True),
        cell_of("code", "two", solution=True),
        cell_of("code", "test_one", grade=True, locked=True, points=1),
        cell_of("code", "test_two", grade=True, locked=True, points=1),
        cell_of("code", "three", solution=True),
        cell_of("code", "test_three", grade=True, locked=True, points=1),
        cell_of("markdown", "why", solution=True, grade=True, points=1),
        nbformat.v4.new_code_cell("own"),
    ]
    nb = nbformat.v4.new_notebook(cells=cells)
    names = ["test_one", "test_two", "test_three", "why"]
    assert find_answered(nb) == dict.fromkeys(names, False)
    cells[2].source = "answer"
    assert find_answered(nb) == dict(zip(names, [True, True, False, False], strict=True))
    cells[7].source = "Because."
    assert find_answered(nb)["why"] is True


TRACEBACK = """\x1b[31m-----------\x1b[39m
ValueError        Traceback (most recent call last)
Cell In[3], line 2
      1 x = 3
----> 2 assert f(x) == 4
      3 assert f(1) == 2

Cell In[1], line 3, in f(x)
      1 def f(x):
----> 3     return g(x)

File /usr/lib/python3.11/json.py:337, in decode(self)
----> 337 obj

ValueError: no"""


def failed_cell(*traceback: str) -> nbformat.NotebookNode:
    cell = cell_of("code", "test", grade=True, locked=True, points=1)
    cell.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=list(traceback))]
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("traceback", "place"),
    [
        ([TRACEBACK], ["line 2: assert f(x) == 4", "return g(x)"]),
        (TRACEBACK.splitlines(), ["line 2: assert f(x) == 4", "return g(x)"]),
        (
            ["Cell In[2], line 1\n----> 1 assert f(1)\n", "ValueError: no", "in f, line 3: return y"],
            ["line 1: assert f(1)", "return y"],
        ),
        (
            ["Cell In[2], line 9\n----> 9 look()\n\nCell In[2], line 3, in look()\n----> 3 raise x"],
            ["line 9: look()", ""],
        ),
        (["no traceback at all"], ["", ""]),
        ([], ["", ""]),
        ([f"Cell In[1], line 3\n{'-' * 10**6}"], ["", ""]),
        (["Cell In[1], line 3\n" * 10**5], ["", ""]),
        (["-" * 100 + "\n"] * 10**5, ["", ""]),
    ],
)
def test_where_a_test_failed_is_found(traceback, place):
    assert find_places(failed_cell(*traceback)) == {"test": place}


def test_what_is_shown_of_a_line_is_short_and_printable():
    ((line, own),) = find_places(failed_cell(TRACEBACK.replace("g(x)", "\u202e" + "x" * 999))).values()
    assert line == "line 2: assert f(x) == 4"
    assert own.startswith(r"return \u202exxx")
    assert len(own) < 250


def test_the_run_keeps_whether_and_where(mixed):
    with open_grader(mixed[0], ASSIGNMENT) as run:
        entries = run.entries()
    assert entries["ann"].places["p1"]["test_double"] == ["line 1: assert double(1) == 2", ""]
    assert entries["ann"].answered["p1"] == {"test_double": True, "test_triple": True, "why": False}
    assert entries["fay"].answered["p2"]["why"] is True
    assert entries["cid"].stopped == {"p1": "the kernel died in cell 3", "p2": "the kernel died in cell 3"}
    assert "no notebook that can be read" in entries["dee"].stopped["p1"]
    assert entries["gus"].stopped == {}


# Equal mistakes


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("AssertionError: 3 is not 4", "AssertionError: ‹number› is not ‹number›"),
        ("ValueError: -1.5e-07 < .5", "ValueError: ‹number› < ‹number›"),
        ("got [1, 2, 3]", "got [‹numbers›]"),
        ("got [1 2\t3 4]", "got [‹numbers›]"),
        ("<A object at 0x7F3a>", "<A object at ‹address›>"),
        ("No such file: '/home/ada/x.csv'", "No such file: '‹path›'"),
        ("No such file: '../x.csv'", "No such file: '‹path›'"),
        (r"No such file: 'C:\Users\ada\x'", "No such file: '‹path›'"),
        ("name 'x1' is not defined", "name 'x1' is not defined"),
        ("and/or 1/2", "and/or ‹number›/‹number›"),
        ("KeyError: 'Ada'", "KeyError: '‹student›'"),
        ('no "ada lovelace" here', 'no "‹student› ‹student›" here'),
        ("Ada is not quoted", "Ada is not quoted"),
        ("KeyError: 'adage'", "KeyError: 'adage'"),
        ("", ""),
    ],
)
def test_what_differs_from_student_to_student_is_replaced(message, expected):
    assert normalise(message, ["ada", "Ada", "Lovelace", "", "x"]) == expected


@pytest.mark.parametrize(
    "text", ["'" * 10**5, "/" * 10**5, "1 " * 10**5, "1," * 10**5 + "x", "0x" * 10**5, "a." * 10**5]
)
def test_no_message_takes_long(text):
    assert normalise(text, ["ada"]) is not None


TESTS = {("p1", "test_a"), ("p1", "test_b")}


def wrong(message: str, place: str = "", own: str = "", cell: str = "test_a", **fields) -> Entry:
    return entry(failures={"p1": {cell: message}}, places={"p1": {cell: [place, own]}}, **fields)


def test_equal_mistakes_are_together_and_the_most_frequent_is_first():
    entries = {
        "eve": wrong("E: 1", "line 2"),
        "bob": wrong("E: 3", "line 1", "return 3"),
        "ann": wrong("E: 2", "line 1", "return 2"),
        "cid": wrong("E: 3", "line 1", "return 4"),
        "dee": wrong("F: 1", "line 1"),
        "fay": wrong("E: 3", "line 1", cell="test_b"),
    }
    first, *others = cluster(entries, TESTS)
    assert first == Mistake("p1", "test_a", "E: ‹number›", "line 1", ["ann", "bob", "cid"], "E: 2", "return 2")
    assert [(one.grade_id, one.message, one.place, one.students) for one in others] == [
        ("test_a", "E: ‹number›", "line 2", ["eve"]),
        ("test_a", "F: ‹number›", "line 1", ["dee"]),
        ("test_b", "E: ‹number›", "line 1", ["fay"]),
    ]


@pytest.mark.parametrize(
    "found",
    [
        wrong("E", cell="imports"),  # no test
        wrong("E", stopped={"p1": "the kernel died"}),
        wrong("E", answered={"p1": {"test_a": False}}),
        entry(),
    ],
)
def test_what_is_no_mistake_is_left_out(found):
    assert cluster({"ann": found}, TESTS) == []
    assert cluster({}, TESTS) == []


def test_own_names_do_not_keep_equal_mistakes_apart():
    entries = {"ada": wrong("KeyError: 'ada'"), "bob": wrong("KeyError: 'Bobby'")}
    assert len(cluster(entries, TESTS)) == 2
    (one,) = cluster(entries, TESTS, {"bob": ("Bobby", "")})
    assert (one.message, one.students, one.example) == ("KeyError: '‹student›'", ["ada", "bob"], "KeyError: 'ada'")


def test_mistakes_of_a_large_class_are_clustered():
    entries = {f"s{n:04}": wrong(f"E: {n} {'abc'[n % 3]}") for n in range(3000)}
    found = cluster(entries, TESTS)
    assert [len(one.students) for one in found] == [1000, 1000, 1000]


def test_mistakes_are_shown_with_links_to_feedback_that_is_there(mixed):
    course, _ = mixed
    (first, second) = results_of(course)["mistakes"]
    assert (first["grade_id"], first["message"], first["students"]) == ("test_double", "AssertionError", ["ann", "bob"])
    assert (first["place"], first["notebook"], second["notebook"]) == ("line 1: assert double(1) == 2", "p1", "p2")
    part = report_of(course).find("ul", class_="mistakes")
    assert part.b.get_text() == "2×"
    links = {link.get_text(): link["href"] for link in part.find_all("a")}
    assert links.keys() == {"ann", "bob"}
    folder = course.root / "results" / ASSIGNMENT
    assert all((folder / href).resolve().is_file() for href in links.values())
    (course.root / "feedback" / "bob").rename(course.root / "elsewhere")
    with open_grader(course, ASSIGNMENT) as run:
        summary = summarize(course, ASSIGNMENT, ["ann", "bob"], [], run.entries())
    (course.root / "elsewhere").rename(course.root / "feedback" / "bob")
    assert list(summary.mistakes[0].pages) == ["ann"]


def test_pages_are_looked_for_where_they_are_named_only(mixed, monkeypatch):
    course, _ = mixed
    monkeypatch.setattr("autograder.reporting.summary.NAMED", 1)
    with open_grader(course, ASSIGNMENT) as run:
        entries = run.entries()
        assert [len(one.pages) for one in summarize(course, ASSIGNMENT, [], [], entries).mistakes] == [1, 1]
        monkeypatch.setattr("autograder.reporting.summary.SHOWN", 0)
        assert [len(one.pages) for one in summarize(course, ASSIGNMENT, [], [], entries).mistakes] == [0, 0]


def test_addresses_of_feedback_pages_are_quoted(tmp_path):
    strange = 'x"><b>%#?\udcff'
    mistake = Mistake("p1", "t", "E", "", [strange], "E", pages={strange: tmp_path / "feedback" / strange / "p1.html"})
    summary = Summary("c", "ps1", {"p1": 1}, [], [], mistakes=[mistake])
    html = page_of(summary, tmp_path / "results")
    (link,) = BeautifulSoup(html, "html.parser").find("ul", class_="mistakes").find_all("a")
    assert link["href"] == "../feedback/x%22%3E%3Cb%3E%25%23%3F%FF/p1.html"
    assert "<b>%" not in html


HOSTILE = [BAD, "\x1b]0;owned\x07", "\u202egnp.exe", "x" * 10**6, "</script><script>alert(1)</script>", "\x00\ud800"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_do_no_harm_on_the_page(tmp_path, text):
    mistake = Mistake(text, text, text, text, [text] * 3, text + "!", text)
    cell = CellResult(text, text, 2, full=1, of=2, mean=0.5, counts=[1] * 10, undefined="none", unanswered=1)
    student = StudentResult(text[:99], text[:99], text[:99], {text[:99]: 1}, 2, cells={(text, text): 1})
    summary = Summary(text[:99], text[:99], {text[:99]: 2}, [student], [cell], [], [mistake])
    write_results(summary, tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    report = BeautifulSoup(html, "html.parser")
    assert len(report.find_all("script")) == 2
    assert not [element for element in report.find_all(True) if any(name.startswith("on") for name in element.attrs)]
    assert all(character.isprintable() or character == "\n" for character in html.replace("\u00a0", " "))
    assert len(report.find("ul", class_="mistakes").get_text()) < 6000


def test_a_mistake_of_many_names_a_few(tmp_path):
    students = [f"s{n:04}" for n in range(3000)]
    mistakes = [Mistake("p1", "t", f"E{n}", "", students, "E") for n in range(9)]
    report = page(Summary("c", "ps1", {"p1": 1}, [], [], mistakes=mistakes))
    shown = report.find("ul", class_="mistakes")
    assert len(shown.find_all("li")) == 5
    assert "s0009 and 2990 more" in shown.get_text()
    assert "And 4 other mistakes of 12000 students" in report.get_text()


# Other points


def weighted(students: list[StudentResult], cells: list[CellResult]) -> dict:
    summary = Summary("c", "ps1", {"p1": 10}, students, cells)
    return json.loads(page(summary).find("script", id="weights").string)


def test_totals_can_be_computed_from_the_page():
    cells = [CellResult("p1", "b", 4, full=1, of=2, mean=0.5), CellResult("p1", "a", 6, full=1, of=2, mean=0.5)]
    students = [
        StudentResult("ann", notebooks={"p1": 8.5}, cells={("p1", "a"): 6, ("p1", "b"): 2, ("p1", "extra"): 0.5}),
        StudentResult("bob", notebooks={"p1": 5}, late_penalty=2, cells={("p1", "a"): 1, ("p1", "b"): 4}),
        StudentResult("cid", notebooks={"p1": 0}, cells={}),
        StudentResult("dee"),
    ]
    data = weighted(students, cells)
    numbers = {"points": [6, 4], "won": [[6, 2], [1, 4], [0, 0]], "rest": [0.5, 0, 0], "kept": [1, 0.6, 1]}
    assert data == {"assignment": "ps1", "names": ["p1/a", "p1/b"]} | numbers
    weights = read_weights(Summary("c", "ps1", {"p1": 10}, students, cells))
    assert weights.totals([6, 4]) == pytest.approx([8.5, 3, 0])
    assert weights.totals([12, 0]) == pytest.approx([12.5, 1.2, 0])


def test_the_table_of_points_is_readable_without_a_script():
    cells = [CellResult("p1", "test_a", 2.5, full=1, of=2, mean=0.5)]
    report = page(Summary("c", "ps1", {"p1": 2.5}, [StudentResult("ann", notebooks={"p1": 1})], cells))
    (cell,) = report.find_all(attrs={"data-points": True})
    assert (cell.get_text(), cell["data-points"]) == ("2.5", "p1: test_a")
    assert report.find(id="unscripted")
    assert report.find(id="try").has_attr("hidden")
    assert not report.find_all("input")


# A class of any size, on the page and on the terminal


def some_class(students: int, cells: int = 3, books: int = 1) -> Summary:
    chance = random.Random(3)
    names = [f"p{n:02}" for n in range(books)]
    marks, results = [], []
    for number in range(students):
        won = {(name, f"c{n}"): float(chance.randrange(3)) for name in names for n in range(cells)}
        points = {name: sum(won[name, f"c{n}"] for n in range(cells)) for name in names}
        results.append(
            StudentResult(f"s{number:04}", "A", "B", points, 2.0 * cells * books, cells=won, state=State.GRADED)
        )
        marks += [CellMark(f"s{number:04}", name, cell, value, 2.0, False) for (name, cell), value in won.items()]
    return Summary("c", "ps1", dict.fromkeys(names, 2.0 * cells), results, analyse(marks))


@pytest.mark.parametrize("students", [0, 1, 2, 30])
def test_a_class_of_any_size_has_a_report(tmp_path, students):
    summary = some_class(students)
    write_results(summary, tmp_path)
    report = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "html.parser")
    assert len(report.find_all("tbody")[-1].find_all("tr")) == students
    assert as_dict(summary)["statistics"].keys() == ({"mean", "median", "lowest", "highest"} if students else set())
    assert bool(report.find("script")) is bool(students)


def test_a_large_class_has_a_report(tmp_path):
    write_results(some_class(3000, cells=4, books=5), tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    assert len(list(csv.reader((tmp_path / "marks.csv").open()))) == 3001


def test_no_points_at_all_are_no_error():
    summary = Summary("c", "ps1", {"p1": 0}, [StudentResult("ann", notebooks={"p1": 0})], [])
    report = page(summary)
    assert "no cell is worth anything" in report.get_text()
    assert "There are no points to change yet" in report.get_text()
    assert csv_of(summary).splitlines()[1] == "ann,,,0,0,0,0,due"


def test_the_page_says_in_words_what_it_draws():
    report = page(some_class(30, books=2))
    for table in report.find_all("table"):
        assert table.caption.get_text()
        assert all(head["scope"] in ("col", "row") for head in table.find_all("th"))
        assert all(row.find("th", scope="row") for row in table.tbody.find_all("tr"))
    for drawing in report.find_all("svg"):
        assert drawing["role"] == "img"
        named = drawing.get("aria-label") or "".join(
            report.find(id=name).get_text() for name in drawing["aria-labelledby"].split()
        )
        assert len(named) > 10
    explained = {term.get_text() for term in report.find("h2", id="questions").find_next("dl").find_all("dt")}
    heads = {
        head.get_text(" ") for head in report.find("h2", id="questions").find_next("table").find_all("th", scope="col")
    }
    assert explained == heads - {"cell", "points", "students"}
    ids = [element["id"] for element in report.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in report.nav.find_all("a")} <= set(ids)


def shown(monkeypatch, summary: Summary, width: int) -> list[str]:
    screen = io.StringIO()
    monkeypatch.setattr(terminal, "out", Console(file=screen, width=width))
    terminal.show_summary(summary, [student.student for student in summary.students])
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_twenty_notebooks_collapse_to_totals(monkeypatch, width):
    summary = some_class(3, books=20)
    lines = shown(monkeypatch, summary, width)
    assert all(cell_len(line) <= width for line in lines)
    assert not any("p00" in line for line in lines if not line.startswith("Most failed"))
    row = next(line for line in lines if line.strip().startswith("s0001"))
    assert row.split()[:2] == ["s0001", f"{summary.students[1].score:g}"]
    assert any("report.html" in line for line in lines)


def test_notebooks_that_fit_are_shown(monkeypatch):
    lines = shown(monkeypatch, some_class(3, books=4), 80)
    assert any("p03" in line for line in lines)
    assert not any("report.html" in line for line in lines)


def test_of_a_large_class_those_are_shown_who_are_not_done(monkeypatch):
    summary = some_class(300, books=2)
    summary.students[-1].state = State.FAILED
    lines = shown(monkeypatch, summary, 80)
    rows = [line.split()[0] for line in lines if line.strip().startswith("s0") and "," not in line]
    assert len(rows) == 200
    assert rows == sorted(rows)
    assert rows[-1] == summary.students[-1].student
    assert "100 more students are in marks.csv." in lines


@pytest.mark.parametrize("name", ["李" * 60, "[bold]x[/bold]", "\x1b[31mred\u202e", "é" * 200, "👩‍🔬" * 30])
@pytest.mark.parametrize("books", [2, 20])
def test_strange_names_keep_the_table_in_shape(monkeypatch, name, books):
    summary = some_class(2, books=books)
    summary.students[0].student = name
    lines = shown(monkeypatch, summary, 80)
    rows = lines[: next(n for n, line in enumerate(lines) if "with marks" in line)]
    assert all(cell_len(line) <= 80 for line in lines)
    (ruled,) = [n for n, line in enumerate(rows) if "──" in line]
    assert [bool(line.strip()) for line in rows[ruled + 1 : ruled + 4]] == [True, True, False]  # a line for each
    assert "[bold]" not in name or "[bold]x[/bold]" in "".join(rows)
    assert not {"\x1b", "\u202e"} & set("".join(lines))


def test_figures_of_a_class_by_hand():
    students = [StudentResult(f"s{n}", notebooks={"p1": n}, state=State.GRADED) for n in (1, 2, 6)]
    away = StudentResult("away", notebooks={"p1": 0}, states={"p1": State.NOT_HANDED_IN}, state=State.NOT_HANDED_IN)
    summary = Summary("c", "ps1", {"p1": 10}, [*students, away], [])
    assert summary.statistics() == {"mean": 3, "median": 2, "lowest": 1, "highest": 6}
    assert summary.statistics()["mean"] == statistics.mean([1, 2, 6])
    (book,) = summary.by_notebook()
    assert (book.mean, book.states[State.GRADED], book.states[State.NOT_HANDED_IN]) == (3, 3, 1)
