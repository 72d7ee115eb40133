"""On nbgrader's own documentation course and the samples of its tests, every mark is the one that nbgrader gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbgrader
from nbgrader.converters import GenerateAssignment

from autograder.course.coursedir import Course, run_converter
from tests.engine.both_ways import grade_both_ways

INSTALLED = Path(nbgrader.__file__).parent
GUIDE = INSTALLED / "docs" / "source" / "user_guide"
SAMPLES = INSTALLED / "tests" / "apps" / "files"
ASSIGNMENT = "ps1"
HANDED_IN = {  # by source notebook, as in nbgrader's own tests
    "submitted-unchanged": [
        "submitted-unchanged", "submitted-changed", "submitted-grade-cell-changed", "submitted-locked-cell-changed",
        "submitted-cheat-attempt", "submitted-cheat-attempt-alternative",
    ],
    "autotest-simple": ["autotest-simple-unchanged", "autotest-simple-changed"],
    "autotest-hidden": [
        "autotest-hidden-unchanged", "autotest-hidden-changed-right", "autotest-hidden-changed-wrong",
    ],
    "autotest-multi": ["autotest-multi-unchanged", "autotest-multi-changed"],
    "timeout": ["timeout"],
}  # fmt: skip


def make_course(root: Path, source: Path, submitted: Path) -> Course:
    """Make a course from a folder of source notebooks and one with a folder of work for each student."""
    shutil.copytree(source, root / "source" / ASSIGNMENT)
    for student in submitted.iterdir():
        shutil.copytree(student, root / "submitted" / student.name / ASSIGNMENT)
    # The sample `timeout` sleeps for 5 s: a limit far enough from that leaves its marks to nobody's speed.
    (root / "nbgrader_config.py").write_text("c = get_config()\nc.Execute.timeout = 3\n", encoding="utf-8")
    shutil.copy(GUIDE / "autotests.yml", root / "source" / ASSIGNMENT)
    course = Course(root)
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course


def test_samples_of_nbgraders_tests(tmp_path, golden):
    (tmp_path / "source").mkdir()
    for source, samples in HANDED_IN.items():
        shutil.copy(SAMPLES / f"{source}.ipynb", tmp_path / "source")
        for sample in samples:
            folder = tmp_path / "submitted" / sample
            folder.mkdir(parents=True)
            shutil.copy(SAMPLES / f"{sample}.ipynb", folder / f"{source}.ipynb")
    course = make_course(tmp_path / "course", tmp_path / "source", tmp_path / "submitted")
    ours, theirs = grade_both_ways(course, ASSIGNMENT, golden, "samples_of_nbgraders_tests")
    assert {row[0] for row in theirs} == {sample for samples in HANDED_IN.values() for sample in samples}
    assert ours == theirs


def test_documentation_course(tmp_path, golden):
    submitted = tmp_path / "submitted"
    for student in ("bitdiddle", "hacker"):
        shutil.copytree(GUIDE / "submitted" / student / ASSIGNMENT, submitted / student)
    course = make_course(tmp_path / "course", GUIDE / "source" / ASSIGNMENT, submitted)
    ours, theirs = grade_both_ways(course, ASSIGNMENT, golden, "documentation_course")
    assert {row[0] for row in theirs} == {"bitdiddle", "hacker"}
    assert ours == theirs
