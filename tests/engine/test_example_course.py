"""The example course of the docs builds, proves and grades as the page about it says."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from autograder.course import notebooks
from autograder.course.coursedir import Course
from tests.support import ROOT, run_autograder

EXAMPLE = ROOT / "autograder" / "docs" / "example"
PAGE = (EXAMPLE.parent / "authoring.md").read_text(encoding="utf-8")
TESTS = {"test_step_decay": 2, "test_step_decay_error": 1, "test_warm_up": 2}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("example") / "example"
    shutil.copytree(EXAMPLE, root)
    build = run_autograder("build", "--course", root)
    assert build.returncode == 0, build.stderr
    return Course(root)


def prove(course):
    cases = course.root / "cases"
    run = run_autograder("prove", "--course", course.root, "--assignment", "ps1", "--cases", cases, "--json")
    return run.returncode, json.loads(run.stdout)


def test_all_its_tests_are_judged(course):
    run = run_autograder("judge", "--course", course.root, "--assignment", "ps1", "--json")
    judged = {row["grade_id"]: row["judged"] for row in map(json.loads, run.stdout.splitlines())}
    assert judged == dict.fromkeys(TESTS, True)


def test_its_proof_is_what_the_page_says(course):
    status, proof = prove(course)
    assert status == 0
    told = re.search(r"makes (\d+) small mistakes .* catch\s+(\d+)\.", PAGE, re.DOTALL).groups()
    assert (proof["mutants"] + proof["equivalent"], proof["caught"]) == tuple(map(int, told))
    assert len(proof["cases"]) == len(list(EXAMPLE.glob("cases/*/*.toml")))


def test_without_a_hidden_test_there_are_survivors(course, tmp_path):
    copy = tmp_path / "example"
    shutil.copytree(EXAMPLE, copy)
    hidden = copy / "hidden_tests" / "schedules.py"
    source = hidden.read_text(encoding="utf-8")
    hidden.write_text(re.sub(r"\nfound = warm_up\(2, 10.0\)\nassert found == .*", "", source), encoding="utf-8")
    assert run_autograder("build", "--course", copy).returncode == 0
    status, proof = prove(Course(copy))
    assert status == 1
    survivors = [one["name"] for one in proof["notebooks"][0]["survivors"]]
    assert survivors
    assert all(name.startswith("warm_up:1:") for name in survivors), survivors  # the line with the default


def test_it_is_graded(course):
    released = course.folder("release", ".", "ps1") / "schedules.ipynb"
    source = course.folder("source", ".", "ps1") / "schedules.ipynb"
    for student, notebook in {"ada": source, "blank": released}.items():
        target = course.folder("submitted", student, "ps1") / "schedules.ipynb"
        notebooks.write(notebooks.read(notebook), target)
    run = run_autograder("grade", "--course", course.root, "--assignment", "ps1")
    assert run.returncode == 0, run.stderr
    scores = course.scores("ps1")
    assert (scores["ada"]["schedules"], scores["blank"]["schedules"]) == (sum(TESTS.values()), 0)
