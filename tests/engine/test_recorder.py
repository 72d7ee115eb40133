"""Recording writes what nbgrader would write, as a whole or not at all."""

from __future__ import annotations

import copy
import shutil
import sqlite3

import nbformat
import pytest
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import compute_checksum, determine_grade
from sqlalchemy import Engine, event

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.gradebook.database import TransactionalGradebook
from autograder.gradebook.points import describe_odd_numbers
from autograder.grading import grade
from autograder.reporting.marks import read_marks
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import run_nbgrader

STUDENTS = ["ann", "bob", "cid", "dee"]
OWN_SETTINGS = """
from nbgrader.preprocessors import SaveAutoGrades
class Generous(SaveAutoGrades):
    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        grade = self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"], self.notebook_id, self.assignment_id, self.student_id)
        grade.extra_credit = 0.5
        self.gradebook.db.commit()
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.Execute", "nbgrader.preprocessors.LimitOutput", Generous,
    "nbgrader.preprocessors.AssignLatePenalties", "nbgrader.preprocessors.CheckCellMetadata"]
c.LateSubmissionPlugin.penalty_method = "zero"
c.Autograde.exclude_overwriting = {"ps1": ["data.csv"]}
"""


def query(course: Course, text: str) -> list[tuple]:
    with sqlite3.connect(course.root / "gradebook.db") as connection:
        return connection.execute(text).fetchall()


def rows(course: Course) -> dict[str, list[tuple]]:
    """Everything that grading writes to the gradebook, without the random ids."""
    whose = (
        "join submitted_notebook n on n.id = x.notebook_id join submitted_assignment a on a.id = n.assignment_id "
        "join notebook m on m.id = n.notebook_id join base_cell c on c.id = x.cell_id "
    )
    key = "a.student_id, m.name, c.name"
    return {
        "students": query(course, "select id, first_name, last_name from student order by id"),
        "submissions": query(course, "select student_id, timestamp from submitted_assignment order by 1"),
        "notebooks": query(
            course,
            "select a.student_id, m.name, n.late_submission_penalty, n.flagged from submitted_notebook n "
            "join submitted_assignment a on a.id = n.assignment_id join notebook m on m.id = n.notebook_id "
            "order by 1, 2",
        ),
        "grades": query(
            course,
            f"select {key}, x.auto_score, x.manual_score, x.extra_credit, x.needs_manual_grade "
            f"from grade x {whose} order by 1, 2, 3",
        ),
        "comments": query(
            course, f"select {key}, x.auto_comment, x.manual_comment from comment x {whose} order by 1, 2, 3"
        ),
    }


@pytest.fixture(scope="module")
def ungraded(tmp_path_factory):
    """A class with right and wrong answers, a missing notebook, a late hand-in, and settings of its own."""
    course = make_course(tmp_path_factory.mktemp("plain") / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(OWN_SETTINGS)
    hand_in(course, "ann")
    hand_in(course, "bob", double="return 7")
    (hand_in(course, "cid") / "p2.ipynb").unlink()
    late = hand_in(course, "dee", triple="print('a line', flush=True); return 3 * x")
    (late / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    (late / "data.csv").write_text("my own\n")
    (late / "helper").mkdir()
    (late / "helper" / "notes.txt").write_text("mine\n")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-03-01 10:00:00 UTC")
    return course


@pytest.fixture
def fresh(ungraded, tmp_path):
    shutil.copytree(ungraded.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def ours(ungraded, tmp_path_factory):
    root = tmp_path_factory.mktemp("ours") / "course"
    shutil.copytree(ungraded.root, root)
    submissions = list(grade(Course(root), ASSIGNMENT, STUDENTS))
    assert [submission.notes for submission in submissions] == [[]] * len(STUDENTS)
    return Course(root)


@pytest.fixture(scope="module")
def theirs(ungraded, tmp_path_factory):
    root = tmp_path_factory.mktemp("theirs") / "course"
    shutil.copytree(ungraded.root, root)
    run_nbgrader(Course(root), "autograde", ASSIGNMENT, "--create")
    run_nbgrader(Course(root), "generate_feedback", ASSIGNMENT)
    return Course(root)


@pytest.mark.parametrize("table", ["students", "submissions", "notebooks", "grades", "comments"])
def test_rows_are_nbgraders(ours, theirs, table):
    assert rows(ours)[table]
    assert rows(ours)[table] == rows(theirs)[table]


@pytest.mark.parametrize("student", STUDENTS)
def test_files_are_nbgraders(ours, theirs, student):
    for step in ("autograded", "feedback"):
        one, two = (course.folder(step, student, ASSIGNMENT) for course in (ours, theirs))
        found, expected = ({p.relative_to(f): p for p in f.rglob("*") if p.is_file()} for f in (one, two))
        assert found.keys() == expected.keys()
        for name in found:
            assert found[name].stat().st_mode == expected[name].stat().st_mode
            if name.suffix not in (".ipynb", ".html"):
                assert found[name].read_bytes() == expected[name].read_bytes()


def comparable(outputs):
    """Return outputs without tracebacks, for the judge knows one line of the student's functions; a text as one."""
    merged = []
    for output in outputs:
        output.pop("traceback", None)
        if merged and output.get("name") and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


@pytest.mark.parametrize("student", STUDENTS)
def test_notebooks_are_nbgraders(ours, theirs, student):
    for path in theirs.folder("autograded", student, ASSIGNMENT).glob("*.ipynb"):
        one = notebooks.read(ours.folder("autograded", student, ASSIGNMENT) / path.name)
        two = notebooks.read(path)
        for cell in one.cells + two.cells:
            cell.metadata.pop("execution", None)  # when it ran
            cell.pop("id")
            if "outputs" in cell:
                cell.outputs = comparable(cell.outputs)
        assert one.cells == two.cells
        assert one.metadata.kernelspec == two.metadata.kernelspec


def test_manual_grades_and_comments_survive_a_regrade(fresh):
    list(grade(fresh, ASSIGNMENT, ["ann"]))
    with fresh.gradebook() as gradebook:
        gradebook.find_grade("why", "p1", ASSIGNMENT, "ann").manual_score = 1
        gradebook.find_comment("why", "p1", ASSIGNMENT, "ann").manual_comment = "Well said."
        gradebook.db.commit()
    list(grade(fresh, ASSIGNMENT, ["ann"]))
    assert ("ann", "p1", "why", 0.0, 1.0, 0.5, 1) in rows(fresh)["grades"]
    assert ("ann", "p1", "why", None, "Well said.") in [
        (student, nb, cell, None, manual) for student, nb, cell, _, manual in rows(fresh)["comments"]
    ]
    page = fresh.folder("feedback", "ann", ASSIGNMENT) / "p1.html"
    assert "Well said." in page.read_text(encoding="utf-8")


def selects(course: Course) -> int:
    """Grade one submission and count how often rows of the gradebook are asked for."""
    asked = []

    def note(connection, cursor, statement, *_) -> None:
        asked.extend([statement] if statement.startswith("SELECT") else [])

    hand_in(course, "ann")
    event.listen(Engine, "before_cursor_execute", note)
    try:
        list(grade(course, ASSIGNMENT, ["ann"]))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(asked)


def test_the_gradebook_is_not_asked_cell_by_cell(tmp_path):
    few, many = (make_course(tmp_path / name) for name in ("few", "many"))
    path = many.folder("source", ".", ASSIGNMENT) / "p1.ipynb"
    source = notebooks.read(path)
    (test,) = (cell for cell in source.cells if cell.id == "test_double")
    for number in range(5):
        another = copy.deepcopy(test)
        another.id = another.metadata.nbgrader["grade_id"] = f"another_{number}"
        source.cells.append(another)
    notebooks.write(source, path)
    run_converter(GenerateAssignment, many, many.directory(assignment_id=ASSIGNMENT))
    assert selects(many) < selects(few) + 5  # cells; a transaction that is tried again adds one or two
    assert many.scores(ASSIGNMENT)["ann"]["p1"] == few.scores(ASSIGNMENT)["ann"]["p1"] + 5 * 2


def test_a_cell_is_found_by_nbgraders_rule_where_a_task_has_its_name(fresh):
    with fresh.gradebook() as gradebook:
        gradebook.update_or_create_task_cell("test_double", "p1", ASSIGNMENT, cell_type="markdown", max_score=9)
        gradebook.update_or_create_student("ann")
        gradebook.update_or_create_submission(ASSIGNMENT, "ann")
        rules = {"find_graded_cell": ("test_double", "p1", ASSIGNMENT)}
        rules |= {
            "find_grade": ("test_double", "p1", ASSIGNMENT, "ann"),
            "find_comment": ("why", "p1", ASSIGNMENT, "ann"),
        }
        expected = {method: getattr(gradebook, method)(*names).id for method, names in rules.items()}
    with fresh.gradebook(TransactionalGradebook) as gradebook, gradebook.transaction():
        gradebook.read_cells("p1", ASSIGNMENT)
        gradebook.read_marks("p1", ASSIGNMENT, "ann")
        assert {method: getattr(gradebook, method)(*names).id for method, names in rules.items()} == expected


def test_one_notebook_leaves_the_other_as_it_was(fresh):
    list(grade(fresh, ASSIGNMENT, ["ann"]))
    other = fresh.folder("autograded", "ann", ASSIGNMENT) / "p2.ipynb"
    before = other.read_bytes()
    hand_in(fresh, "ann", double="return 7")
    (submission,) = grade(fresh, ASSIGNMENT, ["ann"], "p1")
    assert submission.recorded
    assert other.read_bytes() == before
    assert fresh.scores(ASSIGNMENT)["ann"] == {"p1": 2 + 1.5, "p2": 4 + 1.5}
    assert sorted(path.name for path in fresh.folder("feedback", "ann", ASSIGNMENT).glob("*.html")) == [
        "p1.html",
        "p2.html",
    ]


def test_notebooks_that_a_run_leaves_behind_are_not_marked(fresh):
    forged = "import shutil; shutil.copy('data.csv', 'p2.ipynb'); import os; os.makedirs('p1.ipynb'); return 2 * x"
    (hand_in(fresh, "cid", double=forged) / "p2.ipynb").unlink()
    (submission,) = grade(fresh, ASSIGNMENT, ["cid"])
    assert submission.recorded
    assert fresh.scores(ASSIGNMENT)["cid"]["p2"] == 0
    assert not (fresh.folder("autograded", "cid", ASSIGNMENT) / "p2.ipynb").exists()


def test_timestamp_counts_as_it_was_handed_in(fresh):
    (fresh.folder("submitted", "dee", ASSIGNMENT) / "timestamp.txt").write_text("tomorrow, perhaps")
    late = "open('timestamp.txt', 'w').write('2020-01-01 10:00:00 UTC'); return 2 * x"
    folder = hand_in(fresh, "ann", double=late)
    (folder / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    done = {submission.student: submission for submission in grade(fresh, ASSIGNMENT, ["ann", "dee"])}
    assert rows(fresh)["submissions"] == [("ann", "2026-03-02 10:00:00.000000"), ("dee", None)]
    assert any("timestamp.txt holds no time" in note for note in done["dee"].notes)


RESULTS = {  # what a test cell of two points shows: the points that it counts for, and whether a note says so
    "1.5": (1.5, False),
    "0": (0, False),
    "2": (2, False),
    "-1": (0, True),
    "nan": (0, True),
    "-inf": (0, True),
    "inf": (2, True),
    "2.5": (2, True),
    "9" * 5000: (2, True),
    "True": (2, False),
    "<Figure size 640x480 with 1 Axes>": (2, False),
}


def showing(text: str) -> nbformat.NotebookNode:
    settings = {"grade": True, "grade_id": "t", "points": 2, "locked": True, "solution": False, "schema_version": 3}
    result = nbformat.v4.new_output("execute_result", data={"text/plain": text}, execution_count=1)
    cell = nbformat.v4.new_code_cell("double(1)", outputs=[result], metadata={"nbgrader": settings})
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize("text", RESULTS, ids=lambda text: text[:10])
def test_a_result_counts_within_the_points_of_its_cell_and_an_odd_number_is_told(text):
    points, is_told = RESULTS[text]
    nb = showing(text)
    assert [(mark.score, mark.max_score) for mark in read_marks(nb)] == [(points, 2)]
    notes = describe_odd_numbers(nb)
    assert len(notes) == is_told
    assert all(note.startswith("the result of t was ") and len(note) < 100 for note in notes)
    if not is_told:
        assert determine_grade(nb.cells[0]) == (points, 2)


@pytest.mark.parametrize(("result", "points"), [("-1.0", 0), ("float('nan')", 0), ("7", 2), ("1.5", 1.5), ("'x'", 2)])
def test_an_odd_result_is_recorded_with_a_note(fresh, result, points):
    release = notebooks.read(fresh.folder("release", ".", ASSIGNMENT) / "p1.ipynb")
    cell = next(cell for cell in release.cells if notebooks.grade_id(cell) == "test_double")
    cell.source = result
    with fresh.gradebook() as gradebook:
        for source in gradebook.find_notebook("p1", ASSIGNMENT).source_cells:
            if source.name == "test_double":
                source.source, source.checksum = result, compute_checksum(cell)
        gradebook.db.commit()
    (submission,) = grade(fresh, ASSIGNMENT, ["ann"])
    assert submission.recorded
    assert ("ann", "p1", "test_double", points, None, 0.5, 0) in rows(fresh)["grades"]
    told = [note for note in submission.notes if note.startswith("p1: the result of test_double was ")]
    assert len(told) == (result not in ("1.5", "'x'"))
