"""What Gradescope would run, in folders like there: marks, messages, and nothing that students must not see."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.gradebook.journal import Entry
from autograder.gradescope.bundle import write_bundle
from autograder.gradescope.results import as_results
from autograder.gradescope.run import grade_submission
from autograder.reporting.items import CellMark
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import run_autograder

SECRET = "secret-of-the-database"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with settings that stay at home, and with marks of somebody."""
    course = make_course(tmp_path_factory.mktemp("home") / "course")
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f'c.Exchange.root = "/srv/{SECRET}"\nc.Limits.memory = 2 * 2**30\n')
    hand_in(course, "ann")
    with course.gradebook() as book:
        book.add_student("bob", email=SECRET)
    return Course(course.root)


@pytest.fixture(scope="module")
def bundle(course):
    path = course.root.parent / "autograder.zip"
    run = run_autograder("gradescope", "--course", course.root, "-o", path)
    assert run.returncode == 0, run.stderr
    return path


@pytest.fixture(scope="module")
def root(course, bundle, tmp_path_factory):
    """The folder that is /autograder there, after its image was built; the environment is the one of these tests."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(root / "source")
    shutil.copytree(course.root / "judge", root / "source" / "course" / "judge")  # what the setup finds out
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    for name in ("results", "submission", "venv/bin"):
        (root / name).mkdir(parents=True)
    python = root / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return root


def grade(root: Path, course: Course, **answers: str) -> dict:
    """Hand in and return the results, with the tests by name."""
    shutil.rmtree(root / "submission")
    shutil.move(hand_in(course, "handed in", **answers), root / "submission")
    return results(root)


def results(root: Path) -> dict:
    grade_submission(root)
    return read_results(root)


def read_results(root: Path) -> dict:
    found = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["stdout_visibility"] == "hidden"
    assert found["test_output_format"] == found["output_format"] == "text"
    return found | {"tests": {test["name"]: test for test in found["tests"]}}


def test_the_zip_file_has_what_it_needs_and_nobodys_data(bundle):
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        modes = {name: archive.getinfo(name).external_attr >> 16 & 0o777 for name in names}
        everything = b"".join(archive.read(name) for name in names)
        requirements = archive.read("requirements.txt").decode()
        settings = json.loads(archive.read("course/nbgrader_config.json"))
    assert {"setup.sh", "run_autograder", "course/source/ps1/p1.ipynb", "course/source/ps1/data.csv"} <= set(names)
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert not [name for name in names if "submitted" in name]
    assert SECRET.encode() not in everything
    assert b"bob" not in everything
    assert requirements.startswith("nbgrader-autograder==")
    assert (settings["Limits"]["memory"], settings["Execute"]["timeout"]) == (2 * 2**30, 30)


def test_the_script_that_runs_there_gives_right_answers_all_points(root, course):
    shutil.rmtree(root / "submission")
    shutil.move(hand_in(course, "handed in"), root / "submission")
    done = subprocess.run([root / "run_autograder"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = read_results(root)
    assert found["score"] == 8
    assert found["tests"]["p1: test_double"] == {
        "name": "p1: test_double", "name_format": "text", "score": 2, "max_score": 2, "status": "passed", "output": "",
        "visibility": "visible",
    }  # fmt: skip
    assert found["tests"]["p1: why"]["output"] == "Not answered."
    assert list(found["tests"])[:3] == ["p1: test_double", "p1: test_triple", "p1: why"]


def test_what_a_visible_test_says_is_shown_and_what_a_hidden_one_says_is_not(root, course):
    found = grade(root, course, double="raise ValueError('look here')", triple="return 3 if x == 1 else 1 / 0")
    double, triple = found["tests"]["p1: test_double"], found["tests"]["p1: test_triple"]
    assert (double["score"], double["status"], double["output"]) == (0, "failed", "ValueError: look here")
    assert (triple["score"], triple["status"], triple["output"]) == (0, "failed", "A hidden test failed.")
    assert found["score"] == 0


def test_a_broken_notebook_costs_its_points_only(root, course):
    shutil.rmtree(root / "submission")
    folder = hand_in(course, "handed in")
    (folder / "p1.ipynb").write_text("broken", encoding="utf-8")
    shutil.move(folder, root / "submission")
    found = results(root)
    assert found["score"] == 4
    assert "p1: Not marked: p1.ipynb is no notebook that can be read" in found["output"]


def test_nothing_at_all_is_graded_as_nothing(root):
    shutil.rmtree(root / "submission")
    (root / "submission").mkdir()
    found = results(root)
    assert found["score"] == 0
    assert "p1" in found["output"]


def test_a_hostile_submission_reads_no_tests_and_writes_no_marks(root, course):
    paths = [root / "source" / "course" / "source" / ASSIGNMENT / "p1.ipynb", root / "results" / "results.json"]
    attack = (
        "import pathlib, os\n    said = []\n"
        f"    for path in {[str(path) for path in paths]!r}:\n"
        "        for mode in ('r', 'w'):\n"
        "            try:\n"
        "                with open(path, mode) as file:\n"
        "                    said.append(file.read() if mode == 'r' else file.write('{\"score\": 1000}'))\n"
        "            except OSError as error:\n                said.append(error.strerror)\n"
        "    raise ValueError('<b>' + str(said))"
    )
    before = paths[0].read_bytes()
    found = grade(root, course, double=attack)
    message = found["tests"]["p1: test_double"]["output"]
    assert message.startswith("ValueError: <b>[")
    assert "solution" not in message.lower()
    assert "1000" not in message
    assert found["score"] == 4
    assert paths[0].read_bytes() == before


def test_a_failure_of_the_grader_is_nobodys_zero(root, course, tmp_path):
    broken = tmp_path / "autograder"
    shutil.copytree(root, broken)
    (broken / "results" / "results.json").write_text("{}", encoding="utf-8")
    (broken / "source" / "course" / "nbgrader_config.py").unlink()
    done = subprocess.run([broken / "run_autograder"], cwd=broken, capture_output=True, text=True)
    assert done.returncode == 1
    assert "The submission could not be graded" in done.stderr
    assert not (broken / "results" / "results.json").exists()


def test_the_setup_installs_the_wheel_that_was_given_and_what_the_notebooks_import(course, tmp_path):
    wheel, wanted = tmp_path / "nbgrader_autograder-9-py3-none-any.whl", tmp_path / "wanted.txt"
    wheel.write_bytes(b"wheel")
    wanted.write_text("pandas>=2\n", encoding="utf-8")
    write_bundle(course, ASSIGNMENT, tmp_path / "a.zip", wheel, wanted, "none")
    source = tmp_path / "autograder" / "source"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(source)
    assert (source / "requirements.txt").read_text() == f"./{wheel.name}\npandas>=2\n"
    assert json.loads((source / "course/nbgrader_config.json").read_text())["ForkProvisioner"] == {"sandbox": "none"}
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    note = f'#!/bin/sh\necho "$(basename "$0") $*" in "$PWD" >> {calls}\n'
    make = 'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/pip"; cp "$0" "$3/bin/autograder"; fi\n'
    for name in ("apt-get", "python3"):
        (tools / name).write_text(note + (make if name == "python3" else ""), encoding="utf-8")
        (tools / name).chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", source / "setup.sh"], env={"PATH": path}, check=True, capture_output=True)
    said = calls.read_text()
    assert "bubblewrap" in said
    assert f"pip install -r requirements.txt in {source}\n" in said
    assert f"autograder judge --course {source}/course" in said


def test_a_setting_that_no_file_can_hold_is_named(course, tmp_path):
    changed = Course(course.root)
    changed.config.Execute.kernel_manager_class = print
    with pytest.raises(CourseError, match=r"c\.Execute\.kernel_manager_class is set to something"):
        write_bundle(changed, ASSIGNMENT, tmp_path / "a.zip", None, None, None)
    assert not list(tmp_path.iterdir())


def result_of(source: str, mark: CellMark, entry: Entry) -> dict:
    """Return the test in the results of a notebook with this one cell."""
    from autograder.course.assignment import Assignment, Template

    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": mark.grade_id, "points": 2}})
    nb = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": notebooks.KERNELSPEC})
    (test,) = as_results(Assignment("ps1", {"p1": Template(nb)}, [], {}), Config(), [mark], entry)["tests"]
    return test


HIDDEN = "### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"


@pytest.mark.parametrize(
    ("source", "place", "output", "visibility"),
    [
        ("assert f(1) == 2", "", "E: no", "visible"),
        (f"assert f(1) == 2\n{HIDDEN}", "line 1: assert f(1) == 2", "E: no", "visible"),
        (f"assert f(1) == 2\n{HIDDEN}", "line 3: assert f(2) == 4", "A hidden test failed.", "visible"),
        (f"assert f(1) == 2\n{HIDDEN}", "", "A hidden test failed.", "visible"),
        (f"assert f(2) == 4\n{HIDDEN}", "line 3: assert f(2) == 4", "A hidden test failed.", "visible"),
        (f"# Hidden\n{HIDDEN}", "line 3: assert f(2) == 4", "A hidden test failed.", "after_published"),
    ],
)
def test_a_message_is_shown_only_if_it_is_certain_that_no_hidden_test_said_it(source, place, output, visibility):
    mark = CellMark("s", "p1", "test_f", 0, 2, waits=False)
    entry = Entry("x", failures={"p1": {"test_f": "E: no"}}, places={"p1": {"test_f": [place, ""]}}, seconds={"p1": 1})
    test = result_of(source, mark, entry)
    assert (test["output"], test["visibility"]) == (output, visibility)


def test_points_that_a_person_gives_are_no_score():
    mark = CellMark("s", "p1", "why", 0, 2, waits=True)
    test = result_of("x", mark, Entry("x", seconds={"p1": 1}))
    assert test == {
        "name": "p1: why", "name_format": "text", "output": "A person gives these points.", "visibility": "visible"
    }  # fmt: skip
