"""An instructor sees how the class did, on the terminal, in files and on a page that loads nothing."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil

import pytest
from bs4 import BeautifulSoup
from rich.console import Console
from sqlalchemy import Engine, event

from autograder.check import CheckResult
from autograder.course.coursedir import Course
from autograder.course.text import printable, printable_json
from autograder.gradebook.journal import Entry
from autograder.grading import grade
from autograder.reporting import terminal
from autograder.reporting.files import csv_of, write_results
from autograder.reporting.items import CellResult
from autograder.reporting.marks import Mark
from autograder.reporting.page import page_of
from autograder.reporting.states import State
from autograder.reporting.summary import StudentResult, Summary, find_common_failures, summarize
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import open_grader, run_autograder

CLASS = {
    "ann": "return 2 * x",
    "bob": "return 7",
    "cid": "import os; os._exit(3)",
    "dee": "import time; time.sleep(2); return 2 * x",
    "eve": "return 2 * x",
}
BAD = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("plain") / "course")
    for student, double in CLASS.items():
        hand_in(course, student, double=double)
    with course.gradebook() as gradebook:
        gradebook.add_student("ann", first_name="Ann", last_name="Öz")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    return course, run


def statements_of(course) -> int:
    """Count what the database is asked when the class is summed up."""
    asked = []

    def note(*details: object) -> None:
        asked.append(details)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        summarize(course, ASSIGNMENT, course.students(ASSIGNMENT), [], {})
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(asked)


def test_a_large_class_is_not_asked_for_student_by_student(graded, tmp_path):
    alone = make_course(tmp_path / "course")
    hand_in(alone, "ann")
    list(grade(alone, ASSIGNMENT, ["ann"]))
    assert statements_of(alone) == statements_of(graded[0])


def test_terminal_shows_marks_failures_and_the_slow(graded):
    _, run = graded
    assert re.search(r"bob +2 +2 +4 ", run.stdout)
    assert re.search(r"cid +0 +0 +0 +\d+ +4 ", run.stdout)
    assert "5 with marks: mean 5.6, median 8, lowest 0, highest 8" in run.stdout
    assert "1 failed, could not be run or recorded: cid\n" in run.stdout
    assert "p1 test_double (1 of 4)" in run.stdout  # cid's notebook was not run to its end
    assert "Slowest: dee (" in run.stdout
    assert re.search(r"Speed: +\d+ notebooks in \d+ s, \d+ a minute", run.stdout)


def test_files_say_the_same_as_the_gradebook(graded):
    course, _ = graded
    folder = course.root / "results" / ASSIGNMENT
    assert sorted(path.name for path in folder.iterdir()) == ["marks.csv", "report.html", "results.json"]
    found = json.loads((folder / "results.json").read_text())
    scores = {student: sum(points.values()) for student, points in course.scores(ASSIGNMENT).items()}
    assert {row["student"]: row["score"] for row in found["students"]} == scores
    with (folder / "marks.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {student: float(row["score"]) for student, row in rows.items()} == scores
    assert (rows["ann"]["last_name"], rows["ann"]["p1"], rows["ann"]["max_score"]) == ("Öz", "4", "10")
    assert sum(found["histogram"]) == len(CLASS)
    assert found["histogram"][8] == 3
    hardest = found["cells"][0]
    assert (hardest["grade_id"], hardest["full"], hardest["of"], hardest["mean"]) == ("why", 0, 4, 0)
    notes = {row["student"]: row["notes"] for row in found["students"]}
    suspicion, death = "uses what no answer needs, have a look: os._exit()", "the kernel died in cell 3"
    assert notes["cid"] == [f"{name}: {note}" for note in (suspicion, death) for name in ("p1", "p2")]


def test_page_says_it_too(graded):
    course, _ = graded
    page = BeautifulSoup((course.root / "results" / ASSIGNMENT / "report.html").read_text("utf-8"), "html.parser")
    rows = {row.th.get_text(): row.get_text(" ") for row in page.find_all("tbody")[-1].find_all("tr")}
    assert rows.keys() == CLASS.keys()
    assert "Öz" in rows["ann"]
    assert "graded" in rows["ann"]
    assert "the kernel died in cell 3" in page.get_text()
    assert "80 to 90 %: 3" in page.svg.find("desc").get_text()


def test_later_runs_still_know_what_was_noted(graded, tmp_path):
    shutil.copytree(graded[0].root, tmp_path / "course")
    course = Course(tmp_path / "course")
    hand_in(course, "bob", double="return 2 * x")
    hand_in(course, "fay", double="return 2 * x")
    run = run_autograder("grade", "--course", course.root, "--student", "bob", "--json")
    (row,) = map(json.loads, run.stdout.splitlines())
    assert (row["student"], row["score"], row["assignment"]) == ("bob", 8, ASSIGNMENT)
    found = json.loads((course.root / "results" / ASSIGNMENT / "results.json").read_text())
    students = {row["student"]: row for row in found["students"]}
    assert len(students["cid"]["notes"]) == 4
    assert [student for student, row in students.items() if row["state"] == "due"] == ["fay"]
    assert students["fay"]["notebooks"] == {}


def make_summary(*students: StudentResult) -> Summary:
    cells = [CellResult("p1", f"test {BAD}", 10, full=1, of=3, mean=0.4)]
    return Summary(f"course {BAD}", f"ps1 {BAD}", {"p1": 10}, list(students), cells)


def fingerprint(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def test_page_runs_only_its_own_script_and_loads_nothing():
    note = f'{BAD} " onmouseover="alert(1)'
    bad = StudentResult(BAD, BAD, BAD, {"p1": 3}, 10, notes=[note], seconds=9, state=State.GRADED)
    html = page_of(make_summary(bad, StudentResult("ann", notebooks={"p1": 10}, max_score=10)))
    page = BeautifulSoup(html, "html.parser")
    assert not page.find_all(["link", "img", "iframe", "object", "form"])
    data, script = page.find_all("script")
    assert (data["type"], script.attrs) == ("application/json", {})
    for element in page.find_all(True):
        assert not [name for name in element.attrs if name.startswith("on") or name == "src"]
        assert re.fullmatch(r"#[a-z]+", element.get("href", "#part"))
    assert not re.search(r"url\(|@import|https?:", html)
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{fingerprint(script.string)}'" in policy
    assert page.get_text().count(BAD) >= 6


def test_page_is_accessible_and_has_a_dark_side():
    html = page_of(make_summary(StudentResult("ann", notebooks={"p1": 10}, max_score=10)))
    page = BeautifulSoup(html, "html.parser")
    assert page.html["lang"] == "en"
    labels = page.svg["aria-labelledby"].split()
    assert page.svg["role"] == "img"
    assert all(page.find(id=label).get_text() for label in labels)
    assert all(table.caption and table.find_all("th", scope="col") for table in page.find_all("table"))
    assert "prefers-color-scheme: dark" in html


def entry(**failures: str) -> Entry:
    return Entry("x", seconds={"p1": 1.0}, failures={"p1": failures})


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        ([entry(imports="E: x")], []),
        ([entry(imports="E: x"), entry()], []),
        ([entry(imports="E: x"), Entry("x", seconds={"p1": 1.0})], []),
        (
            [entry(imports="E: x"), entry(imports="E: x"), Entry("x")],
            ["p1: the given cell imports failed for all 2: E: x"],
        ),
        (
            [
                entry(test="A: 1", imports="E: y"),
                entry(test="A: 2", imports="E: x"),
                entry(imports="E: x", test="A: 2"),
            ],
            [
                "p1: the given cell imports failed for all 3: E: x",
                "p1: the test test failed for all 3; its first error: A: 1",
            ],
        ),
    ],
)
def test_what_failed_for_everybody_is_found(entries, lines):
    assert list(map(str, find_common_failures(entries, {("p1", "test")}))) == lines


def test_what_failed_for_everybody_is_told_once_and_first(tmp_path):
    course = make_course(tmp_path / "course")
    for student in ("ann", "bob"):
        hand_in(course, student, double="import no_such_module")
    run = run_autograder("grade", "--course", course.root)
    lines = [line for line in run.stderr.splitlines() if "failed for all 2" in line]
    expected = (
        "the test test_double failed for all 2; its first error: ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert lines == [f"p1: {expected}", f"p2: {expected}"]
    folder = course.root / "results" / ASSIGNMENT
    (first, second) = json.loads((folder / "results.json").read_text())["failed_for_all"]
    assert (first["notebook"], first["grade_id"], first["of"]) == ("p1", "test_double", 2)
    page = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").get_text()
    assert page.count(expected) == 2
    again = run_autograder("grade", "--course", course.root, "--json")
    assert f"p1: {expected}" in again.stderr


def test_nobody_graded_is_no_error(tmp_path):
    summary = make_summary(StudentResult("ann"))
    assert summary.statistics() == {}
    assert "Nobody has marks yet" in page_of(summary)
    assert csv_of(summary).splitlines()[1:] == ["ann,,,,,,0,due"]
    write_results(summary, tmp_path / "results")
    assert json.loads((tmp_path / "results" / "results.json").read_text())["students"][0]["state"] == "due"


STRANGE = "\x1b]0;owned\x07\u202e\udcff\x9b\nx"
SHOWN = r"\x1b]0;owned\x07\u202e\udcff\x9b\x0ax"


def test_nothing_strange_is_written_or_printed(tmp_path, capsys):
    strange = StudentResult(STRANGE, STRANGE, STRANGE, {"p1": 10}, 10, seconds=9, notes=[STRANGE], state=State.GRADED)
    summary = make_summary(strange, StudentResult("ann", notebooks={"p1": 10}, max_score=10, seconds=1))
    write_results(summary, tmp_path)
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["students"]
    assert found[0]["student"] == SHOWN
    assert found[0]["notes"] == [STRANGE]  # as data it is what it was
    with (tmp_path / "marks.csv").open(newline="", encoding="utf-8") as file:
        assert [row[:3] for row in csv.reader(file)][1] == [SHOWN] * 3
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count(SHOWN) >= 4
    terminal.show_summary(summary, [STRANGE, "ann"])
    marks = [Mark("test_a", 0, 2, "one\ntwo\x1b]0;")]
    terminal.show_result(CheckResult("p1", marks), STRANGE)
    printed = capsys.readouterr().out
    assert printed.count(SHOWN) == 2
    assert r"two\x1b]0;" in printed
    for character in STRANGE.replace("\n", "").replace("x", "").replace("]0;owned", ""):
        assert character not in page + printed


@pytest.mark.parametrize("text", ["Öz", "a b\u00a0c", "सीता", "👩\u200d🔬", "ن\u200cز"])
def test_names_of_people_are_printed_as_they_are(text):
    assert printable(text) == text
    assert json.loads(printable_json(text)) == text


def test_json_for_a_terminal_says_the_same_and_steers_nothing():
    line = printable_json({"a": STRANGE + "\U000e0041"})
    assert json.loads(line) == {"a": STRANGE + "\U000e0041"}
    assert line.isprintable()


def test_names_are_no_formulas_for_a_spreadsheet():
    rows = list(csv.reader(csv_of(make_summary(StudentResult("=1+1", notebooks={"p1": 1}, max_score=10))).splitlines()))
    assert rows[1][0] == "'=1+1"


@pytest.mark.parametrize(("score", "place"), [(0, 0), (0.99, 0), (1, 1), (9.99, 9), (10, 9), (12, 9), (-1, 0)])
def test_histogram_counts_tenths(score, place):
    histogram = make_summary(StudentResult("ann", notebooks={"p1": score}, max_score=10)).histogram()
    assert histogram[place] == sum(histogram) == 1


def test_being_late_and_waiting_for_a_person_show(tmp_path):
    course = make_course(tmp_path / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course(course.root)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-03-01 10:00:00 UTC")
    (hand_in(course, "ann") / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    hand_in(course, "bob")
    list(grade(course, ASSIGNMENT, ["ann", "bob"]))
    with course.gradebook() as gradebook:
        gradebook.find_grade("why", "p1", ASSIGNMENT, "bob").needs_manual_grade = True
        gradebook.db.commit()
    with open_grader(course, ASSIGNMENT) as run:
        ann, bob = summarize(course, ASSIGNMENT, ["ann", "bob"], [], run.entries()).students
    assert (ann.score, ann.late_penalty, bob.score, bob.needs_manual_grade) == (0, 8, 8, True)


def test_who_is_running_is_known_while_they_run(tmp_path):
    course = make_course(tmp_path / "course")
    for student in ("ann", "bob"):
        hand_in(course, student)
    with open_grader(course, ASSIGNMENT) as run:
        prepare, seen = run._prepare, []
        run._prepare = lambda student: seen.append((student, set(run.running))) or prepare(student)
        list(run.grade(["ann", "bob"]))
        assert run.running == {}
    assert all(student in running for student, running in seen)


def test_a_run_without_a_terminal_says_how_far_it_is(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(terminal, "err", Console(file=screen, width=80))
    monkeypatch.setattr(terminal, "_PERIOD", 0)
    with terminal.grading_progress({}) as progress:
        task = progress.add_task("Grading", total=2)
        progress.update(task, advance=1)
        assert screen.getvalue() == "Grading: 1 of 2 after 0 s\n"
    monkeypatch.setattr(terminal, "_PERIOD", 3600)
    with terminal.grading_progress({}) as progress:
        progress.update(progress.add_task("Grading", total=2), advance=1)
        assert screen.getvalue().count("after") == 1  # not so soon again
