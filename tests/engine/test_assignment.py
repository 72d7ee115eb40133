"""What marks depend on makes them due again when it changes, and nothing else does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course import assignment as module
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, make_class, make_course
from tests.support import open_grader, run_autograder

# Settings that decide how a notebook runs.
MATTERS = [
    "c.Execute.timeout = 60",
    "c.Execute.interrupt_on_timeout = False",
    "c.Execute.kernel_name = 'python3'",
    "c.Limits.memory = 10**9",
    "c.Limits.time = 100",
    "c.Limits.output = 10**6",
    "c.ForkProvisioner.modules = ['json']",
    "c.ForkProvisioner.modules.append('json')",
    "c.ForkProvisioner.variables = {'A': 'b'}",
    "c.ForkProvisioner.environment = ['LANG']",
    "c.ForkProvisioner.visible = ['/opt']",
]
# Settings that do not: the sandbox is there whatever the marks, and the others are applied by nbgrader afterwards.
DOES_NOT_MATTER = [
    "c.ForkProvisioner.sandbox = 'none'",
    "c.LateSubmissionPlugin.penalty_method = 'zero'",
    "c.CSSHTMLHeaderPreprocessor.highlight_class = '.blue'",
    "c.HTMLExporter.theme = 'dark'",
    "c.Exchange.root = '/tmp/exchange'",
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("plain") / "course").root


@pytest.fixture
def root(plain, tmp_path):
    shutil.copytree(plain, tmp_path / "course")
    return tmp_path / "course"


def fingerprints(root: Path) -> dict[str, str]:
    return dict(read_assignment(Course(root), ASSIGNMENT).fingerprints)


def add_setting(root: Path, line: str) -> None:
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(f"{line}\n")


@pytest.mark.parametrize("line", MATTERS)
def test_setting_that_decides_how_notebooks_run_changes_the_fingerprint(root, line):
    before = fingerprints(root)
    assert before == fingerprints(root)
    add_setting(root, line)
    after = fingerprints(root)
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize("line", DOES_NOT_MATTER)
def test_other_settings_do_not(root, line):
    before = fingerprints(root)
    add_setting(root, line)
    assert fingerprints(root) == before


@pytest.mark.parametrize("package", ["nbgrader-autograder", "nbgrader"])
def test_another_version_changes_the_fingerprint(root, monkeypatch, package):
    before = fingerprints(root)
    version = module.metadata.version
    monkeypatch.setattr(
        module.metadata, "version", lambda name: version(name) + ".post1" if name == package else version(name)
    )
    assert not set(before.values()) & set(fingerprints(root).values())


def test_raised_limit_makes_marks_due_again_and_another_sandbox_does_not(tmp_path):
    """Somebody whose answer took too long gets the points after the limit is raised, by the same command."""
    course = make_class(tmp_path / "course", {"ann": "import time; time.sleep(1.2); return 2 * x"})
    add_setting(course.root, "c.Execute.timeout = 2")
    command = ["grade", "--course", course.root]
    assert run_autograder(*command).returncode == 0
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 2, "p2": 2}}
    for unimportant in (["--sandbox", "none"], ["--sandbox", "bubblewrap"]):
        assert "1 of 1 were graded already" in run_autograder(*command, *unimportant).stderr
    add_setting(course.root, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    assert "1 of 1 were graded already" in run_autograder(*command).stderr
    add_setting(course.root, "c.Execute.timeout = 30")
    run = run_autograder(*command)
    assert run.returncode == 0
    assert "graded already" not in run.stderr
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}}


def test_missing_assignment_or_source_is_a_clear_error(root):
    with pytest.raises(CourseError, match="the gradebook has no assignment ps9"):
        list(grade(Course(root), "ps9", ["ann"]))
    (root / "source" / ASSIGNMENT / "p2.ipynb").unlink()
    with pytest.raises(CourseError, match=r"p2\.ipynb is missing"), open_grader(Course(root), ASSIGNMENT):
        pass
