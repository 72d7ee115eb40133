"""A course of two masters, a few lines of settings and no code: what `autograder build` makes of it, and refuses."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from autograder.authoring.build import build_course, stale_exercises
from autograder.authoring.masters import AuthoringError, Masters
from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.course.settings import load_settings_file
from tests.support import run_autograder

SETTINGS = """
from pathlib import Path
here = Path(__file__).resolve().parent
c = get_config()
c.Authoring.masters = f"{here}/masters/{{name}}.py"
c.Authoring.hidden_tests = f"{here}/hidden/{{name}}.py"
c.Authoring.notebook = "{name}_sheet"
c.Authoring.assignments = {"ps1": "p*", "ps2": "q*"}
"""
MASTER = """
# %% [markdown]
# Multiply by {factor}.

# %% locked="setup"
factor = {factor}

# %% answer="{name}"
def {name}(x):
    ### BEGIN SOLUTION
    return factor * x
    ### END SOLUTION

# %% test="test_{name}" points=2
assert {name}(1) == factor

# %% [markdown] question="why" points=3
# Why does this work?
"""
HIDDEN = """
# %% test_{name}
assert {name}(10) == {tenfold}
"""


@pytest.fixture
def folder(tmp_path):
    """A course with two masters, each in an assignment of its own."""
    (tmp_path / "nbgrader_config.py").write_text(SETTINGS)
    add(tmp_path, "p_double", 2)
    add(tmp_path, "q_triple", 3)
    return tmp_path


def add(folder: Path, name: str, factor: int) -> None:
    """Add an exercise: two files."""
    write(folder / "masters" / f"{name}.py", MASTER.format(name=name, factor=factor))
    write(folder / "hidden" / f"{name}.py", HIDDEN.format(name=name, tenfold=10 * factor))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.lstrip(), encoding="utf-8")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def masters_of(folder: Path) -> Masters:
    return Masters(load_settings_file(folder / "nbgrader_config.py"))


def woven(folder: Path, name: str) -> dict[str, str]:
    """Return the cells of an exercise's source notebook by their names."""
    cells = masters_of(folder).source_notebook(name).cells
    return {notebooks.grade_id(cell): cell.source for cell in cells if notebooks.grade_id(cell)}


def refusal(folder: Path) -> str:
    """Return the one line that `autograder build` refuses the course with."""
    run = run_autograder("build", cwd=folder)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    return line


def test_build_makes_sources_and_releases(folder):
    run = run_autograder("build", cwd=folder)
    assert run.returncode == 0, run.stderr
    source = (folder / "source" / "ps1" / "p_double_sheet.ipynb").read_text()
    release = (folder / "release" / "ps1" / "p_double_sheet.ipynb").read_text()
    assert (folder / "release" / "ps2" / "q_triple_sheet.ipynb").exists()
    for secret in ("return factor * x", "p_double(10) == 20"):
        assert secret in source
        assert secret not in release
    assert "p_double(1) == factor" in release
    with Course(folder).gradebook() as gradebook:
        assert {a.name: a.max_score for a in gradebook.assignments} == {"ps1": 5, "ps2": 5}


def test_an_exercise_is_added_by_two_files(folder):
    build_course(Course(folder))
    add(folder, "p_tenfold", 10)
    run = run_autograder("build", cwd=folder)
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (folder / "release" / "ps1").iterdir()) == [
        "p_double_sheet.ipynb",
        "p_tenfold_sheet.ipynb",
    ]


def test_answers_to_the_exercise_are_graded(folder):
    course = Course(folder)
    build_course(course)
    released = notebooks.read(folder / "release" / "ps1" / "p_double_sheet.ipynb")
    for student, right in (("ada", "2 * x"), ("ben", "2")):  # the second one passes the visible test only
        answer = {"p_double": f"def p_double(x):\n    return {right}"}
        submitted = course.folder("submitted", student, "ps1") / "p_double_sheet.ipynb"
        notebooks.write(notebooks.fill(released, answer), submitted)
    run = run_autograder("grade", "--assignment", "ps1", "--json", cwd=folder)
    assert run.returncode == 0, run.stderr
    scores = [json.loads(line) for line in run.stdout.splitlines()]
    assert {row["student"]: row["score"] for row in scores} == {"ada": 2, "ben": 0}


def test_masters_may_hold_all_tests(folder):
    change(folder / "nbgrader_config.py", "c.Authoring.hidden_tests", "_")
    inline = "assert p_double(1) == factor\n### BEGIN HIDDEN TESTS\nassert p_double(7) == 14\n### END HIDDEN TESTS"
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", inline)
    build_course(Course(folder))
    assert "p_double(7)" in (folder / "source" / "ps1" / "p_double_sheet.ipynb").read_text()
    assert "p_double(7)" not in (folder / "release" / "ps1" / "p_double_sheet.ipynb").read_text()


def test_hidden_tests_keep_the_text_of_strings(folder):
    change(folder / "hidden" / "p_double.py", "assert p_double(10) == 20", 'expected = """\n    one\ntwo\n"""')
    visible = "assert p_double(1) == factor"
    change(folder / "masters" / "p_double.py", visible, f"with open('notes.txt'):\n    {visible}")
    tree = ast.parse(woven(folder, "p_double")["test_p_double"])
    assert [node.value.value for node in ast.walk(tree) if isinstance(node, ast.Assign)] == ["\n    one\ntwo\n"]


@pytest.mark.parametrize("visible", ["with open('a') as f:\n    pass\nassert 1 == 1", "with (\n    x\n):\n    pass"])
def test_hidden_tests_follow_what_is_visible(folder, visible):
    change(folder / "masters" / "p_double.py", "assert p_double(1) == factor", visible)
    compile(woven(folder, "p_double")["test_p_double"], "test cell", "exec")


def test_hidden_tests_without_a_test_cell_are_refused(folder):
    change(folder / "hidden" / "q_triple.py", "# %% test_q_triple", "# %% test_of_nothing")
    change(folder / "masters" / "q_triple.py", 'test="test_q_triple" points=2', 'locked="test_q_triple"')
    assert "q_triple: hidden tests without a test cell: test_of_nothing" in refusal(folder)


def test_a_test_cell_without_hidden_tests_is_refused(folder):
    change(folder / "hidden" / "q_triple.py", "# %% test_q_triple", "# %% [markdown]")
    assert "test_q_triple: this test cell has no hidden tests" in refusal(folder)


def test_an_exercise_in_no_assignment_is_refused(folder):
    add(folder, "lost", 4)
    assert "lost belongs to no assignment; see c.Authoring.assignments" in refusal(folder)


def test_an_exercise_in_two_assignments_is_refused(folder):
    change(folder / "nbgrader_config.py", '"q*"', '"*"')
    assert "p_double belongs to several assignments: ps1, ps2" in refusal(folder)


@pytest.mark.parametrize("masters", ["c.Other.masters", "c.Authoring.masters = '/nowhere/{name}.py' #"])
def test_a_course_without_masters_is_refused(folder, masters):
    change(folder / "nbgrader_config.py", "c.Authoring.masters", masters)
    assert "no master; see c.Authoring.masters" in refusal(folder)


def test_missing_hidden_tests_are_named(folder):
    (folder / "hidden" / "q_triple.py").unlink()
    assert refusal(folder).endswith(f"{folder}/hidden/q_triple.py is missing")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (" points=2", "", "test_q_triple: this test cell has no points"),
        (" points=2", ' points="two"', "test_q_triple: this test cell has no points"),
        ('answer="q_triple"', 'answer="q_triple" locked="q_triple"', "q_triple: this cell is locked and answer"),
        ('locked="setup"', 'locked="q_triple"', "q_triple: two cells have this name"),
        ('locked="setup"', 'locked="set up"', "'set up': a name consists of letters"),
    ],
)
def test_a_cell_that_is_not_well_formed_is_named(folder, before, after, says):
    change(folder / "masters" / "q_triple.py", before, after)
    assert f"q_triple: {says}" in refusal(folder)


def test_two_hidden_tests_of_one_name_are_refused(folder):
    path = folder / "hidden" / "q_triple.py"
    path.write_text(path.read_text() + "\n# %% test_q_triple\nassert q_triple(2) == 6\n")
    assert "test_q_triple: two cells have this title" in refusal(folder)


def test_hidden_tests_without_a_title_are_refused(folder):
    path = folder / "hidden" / "q_triple.py"
    path.write_text(path.read_text() + "\n# %%\nassert q_triple(2) == 6\n")
    assert "hidden/q_triple.py: a cell without a title: assert q_triple(2) == 6" in refusal(folder)


def test_a_path_may_hold_braces(folder):
    change(folder / "nbgrader_config.py", "{here}/hidden/{{name}}.py", "{here}/hidden{{0}}/{{name}}.py")
    (folder / "hidden").rename(folder / "hidden{0}")
    assert "p_double(10)" in woven(folder, "p_double")["test_p_double"]


def test_exercises_that_nobody_asked_for_are_never_stale(folder):
    assert stale_exercises(folder / "nbgrader_config.py") == []


def test_exercises_of_a_project_are_written_and_checked(folder):
    setting = 'c.Authoring.exercises = f"{here}/out"'
    change(folder / "nbgrader_config.py", "c.Authoring.notebook", f"{setting}\nc.Authoring.notebook")
    (folder / "settings.py").write_text((folder / "nbgrader_config.py").read_text())
    (folder / "nbgrader_config.py").unlink()
    (folder / "pyproject.toml").write_text('[tool.autograder]\nsettings = "settings.py"\ncourse = "course"\n')
    check = run_autograder("exercises", "--check", cwd=folder)
    assert check.returncode == 1
    assert "out/p_double_sheet.py is missing" in check.stderr
    assert run_autograder("exercises", cwd=folder).returncode == 0
    assert run_autograder("exercises", "--check", cwd=folder).returncode == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "p_double_sheet.ipynb", "p_double_sheet.py", "q_triple_sheet.ipynb", "q_triple_sheet.py",
    ]  # fmt: skip
    assert "factor * x" not in (folder / "out" / "p_double_sheet.py").read_text()
    built = run_autograder("build", cwd=folder)
    assert built.returncode == 0, built.stderr
    assert (folder / "course" / "release" / "ps2" / "q_triple_sheet.ipynb").exists()


def test_a_message_is_an_authoring_error(folder):
    add(folder, "lost", 4)
    with pytest.raises(AuthoringError, match="lost"):
        build_course(Course(folder))
