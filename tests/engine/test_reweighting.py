"""Other points for the graded cells: seen before they are written, and written to all places or to none."""

from __future__ import annotations

import json
import shutil

import pytest

from autograder.authoring.init import write_settings
from autograder.course import notebooks
from autograder.course.coursedir import Course
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import grade_rows, run_autograder


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A graded class; a person has given ann a point, and bob has one of two answers wrong in each notebook."""
    course = make_course(tmp_path_factory.mktemp("points") / "course")
    hand_in(course, "ann")
    hand_in(course, "bob", double="return 7")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    with course.gradebook() as book:
        book.find_grade("why", "p1", ASSIGNMENT, "ann").manual_score = 1
        book.db.commit()
    return course


@pytest.fixture
def course(pattern, tmp_path):
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def points(course, *words):
    return run_autograder("points", "--course", course.root, *words)


def contents(course) -> dict[str, bytes]:
    paths = [path for step in ("source", "release") for path in (course.root / step).rglob("*.*")]
    return {str(path): path.read_bytes() for path in paths}


def points_in(course, step: str) -> dict[str, float]:
    nb = notebooks.read(course.folder(step, ".", ASSIGNMENT) / "p1.ipynb")
    graded = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return {notebooks.grade_id(cell): cell.metadata.nbgrader.points for cell in graded}


def maximum(course) -> float:
    return course.read_gradebook(lambda book: book.find_grade_cell("test_double", "p1", ASSIGNMENT).max_score)


def test_points_are_written_to_all_places_and_grading_goes_by_them(course):
    before = grade_rows(course, ASSIGNMENT)
    run = points(course, "p1/test_double=10", "--yes")
    assert run.returncode == 0, run.stderr
    for step in ("source", "release"):
        assert points_in(course, step) == {"test_double": 10, "test_triple": 2, "why": 1}
    assert maximum(course) == 10
    assert [row[:3] for row in grade_rows(course, ASSIGNMENT)] == [row[:3] for row in before]
    run = run_autograder("grade", "--course", course.root, "--json")
    rows = {row["student"]: row["notebooks"] for row in map(json.loads, run.stdout.splitlines())}
    assert rows == {"ann": {"p1": 13, "p2": 4}, "bob": {"p1": 2, "p2": 2}}


def test_the_class_moves_before_anything_is_written(course):
    before = contents(course), grade_rows(course, ASSIGNMENT)
    run = points(course, "p1/test_double=10", "p1/why=0", "--dry-run")
    assert run.returncode == 0, run.stderr
    told = [line.split() for line in run.stdout.splitlines()]
    assert ["p1/test_double", "2", "10"] in told
    assert ["now", "6.5", "6.5", "10"] in told  # 9 and 4
    assert ["then", "10", "10", "17"] in told  # 16 and 4
    assert "p1/why: 1 have points by a person, or a part of them; these numbers stay." in run.stdout
    assert run.stdout.splitlines()[-1] == "Nothing was changed."
    assert (contents(course), grade_rows(course, ASSIGNMENT)) == before


def test_nothing_is_written_without_a_yes(course):
    before = contents(course)
    assert points(course, "p1/test_double=10").returncode == 1
    assert (contents(course), maximum(course)) == (before, 2)


def test_without_changes_it_shows_the_points(course):
    run = points(course)
    assert ["p2/test_triple", "2"] in [line.split() for line in run.stdout.splitlines()]
    assert points(course, "p1/why=1").stdout.splitlines()[-1] == "Nothing was changed."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("test_double=3", "several notebooks have a cell test_double. Name one: p1/test_double, p2/test_double"),
        ("p1/test_none=3", "no graded cell is called p1/test_none. There are: p1/test_double"),
        ("p1/double=3", "no graded cell is called p1/double"),
        ("p1/why", "p1/why is no change"),
        ("p1/why=-1", "points are a number from 0 up"),
        ("p1/why=nan", "points are a number from 0 up"),
        ("p1/why=inf", "points are a number from 0 up"),
        ("p1/why=much", "points are a number from 0 up"),
    ],
)
def test_what_cannot_be_done_is_said(course, change, message):
    before = contents(course)
    run = points(course, change, "--yes")
    assert run.returncode == 1
    assert message in run.stderr
    assert contents(course) == before


def test_where_nbgrader_refuses_everything_stays(course):
    path = course.folder("source", ".", ASSIGNMENT) / "p2.ipynb"
    nb = notebooks.read(path)
    del nb.cells[2]  # nbgrader releases no notebook that lost a cell for which there are marks
    notebooks.write(nb, path)
    before = path.read_bytes(), (path.parent / "p1.ipynb").read_bytes()
    run = points(course, "p1/test_double=10", "--yes")
    assert run.returncode == 1
    assert "nbgrader" in run.stderr
    assert (path.read_bytes(), (path.parent / "p1.ipynb").read_bytes()) == before
    assert maximum(course) == 2


def test_a_course_with_masters_is_told_where_its_points_are(tmp_path):
    masters = tmp_path / "masters"
    masters.mkdir()
    (masters / "sums.py").write_text(
        '# %% answer="add"\n### BEGIN SOLUTION\nadd = sum\n### END SOLUTION\n\n'
        '# %% test="test_add" points=2\nassert add([1, 2]) == 3\n',
        encoding="utf-8",
    )
    root = write_settings(tmp_path / "course")
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f'c.Authoring.masters = "{masters}/{{name}}.py"\nc.Authoring.assignments = {{"ps1": "*"}}\n')
    assert run_autograder("build", "--course", root).returncode == 0
    run = run_autograder("points", "--course", root, "test_add=3", "--yes")
    assert run.returncode == 1
    told = " ".join(run.stderr.split())
    assert (
        "the points of ps1 stand in its masters. Change them there, after `points=`, and run: autograder build." in told
    )
    assert f"The masters are: {masters}/sums.py" in told
