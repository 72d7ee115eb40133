"""`autograder init` makes a small course that can be graded at once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell

from autograder.course import notebooks
from autograder.course.coursedir import Course
from tests.support import activated, run_autograder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which a new course was made, and what the command said."""
    folder = tmp_path_factory.mktemp("made") / "my_course"
    run = run_autograder("init", folder)
    assert run.returncode == 0, run.stderr
    return folder, run


def test_it_says_what_to_do_next_and_that_works(made):
    folder, run = made
    words = run.stderr.strip().partition("Grade it with: autograder ")[2].split()
    assert words == ["grade", "--course", str(folder)]
    graded = run_autograder(*words, "--json")
    assert graded.returncode == 0, graded.stderr
    marks = json.loads(graded.stdout)
    assert (marks["student"], marks["score"], marks["max_score"]) == ("ada", 2, 4)
    assert (folder / "feedback" / "ada" / "ps1" / "squares.html").exists()


def test_students_get_no_solution_and_no_hidden_test(made):
    folder, _ = made
    source, release = (
        "\n".join(cell.source for cell in notebooks.read(folder / step / "ps1" / "squares.ipynb").cells)
        for step in ("source", "release")
    )
    for secret in ("return x * x", "square(-2) == 4", "HIDDEN TESTS"):
        assert secret in source
        assert secret not in release
    assert "square(3) == 9" in release


def test_it_is_an_ordinary_course_of_nbgrader(made):
    folder, _ = made
    course = Course(folder)
    assert course.directory().course_id == "my_course"
    assert course.assignments() == ["ps1"]
    assert course.students("ps1") == ["ada"]
    assert (folder / "exchange").is_dir()  # without which nbgrader's release and collect fail


def test_its_gradebook_has_the_version_that_nbgrader_would_give_it(made):
    folder, _ = made
    ask = "from nbgrader.api import get_alembic_version; print(get_alembic_version())"
    expected = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, env=activated(), check=True)
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(expected.stdout.strip(),)]


def test_its_notebooks_find_the_environments_python_where_that_is_not_activated(made):
    folder, _ = made
    nb = notebooks.read(folder / "submitted" / "ada" / "ps1" / "squares.ipynb")
    nb.cells.append(new_code_cell("!python -c 'import sys; print(sys.prefix)'"))
    place = folder / "submitted" / "bob" / "ps1" / "squares.ipynb"
    notebooks.write(nb, place)
    assert run_autograder("grade", "--course", folder, "--student", "bob").returncode == 0
    place.unlink()
    graded = notebooks.read(folder / "autograded" / "bob" / "ps1" / "squares.ipynb")
    assert graded.cells[-1].outputs[0].text.strip() == sys.prefix


def test_a_folder_that_is_a_course_is_refused_and_left_alone(made):
    folder, _ = made
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    (folder / "nbgrader_config.py").write_text("c = get_config()  # my own\n")
    run = run_autograder("init", folder)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [f"Error: {folder} is a course already: it has a nbgrader_config.py"]
    assert (folder / "nbgrader_config.py").read_text() == "c = get_config()  # my own\n"
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before


def test_a_folder_with_other_files_is_no_obstacle(tmp_path):
    (tmp_path / "notes.txt").write_text("Week 1")
    assert run_autograder("init", tmp_path).returncode == 0
    assert (tmp_path / "notes.txt").read_text() == "Week 1"


def test_a_file_in_the_way_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    run = run_autograder("init", tmp_path / "file" / "course")
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("Error: ")
