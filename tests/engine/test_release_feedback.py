"""Feedback goes out through nbgrader's exchange to everybody who can fetch it, whoever has handed in another way."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from nbgrader.utils import notebook_hash

from autograder.course.coursedir import Course
from tests.engine.plain_course import ASSIGNMENT, NAMES, hand_in, make_course
from tests.support import activated, run_autograder

OWN = 'c.ExchangeFactory.release_feedback = "autograder.exchange.release.ReleaseFeedback"\n'


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """cid has handed in through the exchange, bob's time is missing, and ann's work was put in its place by hand."""
    course = make_course(tmp_path_factory.mktemp("exchange") / "course")
    (course.root / "exchange").mkdir(mode=0o777)
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write('import pathlib\nc.Exchange.root = str(pathlib.Path(__file__).parent / "exchange")\n')
    for student in ("ann", "bob", "cid"):
        folder = hand_in(course, student)
        if student != "ann":
            (folder / "submission_secret.txt").write_text(f"secret of {student}", encoding="utf-8")
    (folder / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC", encoding="utf-8")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    return course


@pytest.fixture
def course(pattern, tmp_path):
    shutil.copytree(pattern.root, tmp_path / "course")
    return Course(tmp_path / "course")


def released(course: Course) -> set[str]:
    return {path.stem for path in (course.root / "exchange" / "plain" / "feedback").glob("*")}


def hashes(*students: str) -> set[str]:
    return {notebook_hash(secret=f"secret of {student}", notebook_id=name) for student in students for name in NAMES}


def run_nbgrader(course: Course) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nbgrader", "release_feedback", ASSIGNMENT]
    return subprocess.run(command, cwd=course.root, env=activated(), capture_output=True, text=True)


def test_stock_nbgrader_stops(course):
    run = run_nbgrader(course)
    assert run.returncode != 0
    assert "FileNotFoundError" in run.stderr
    assert released(course) < hashes("bob", "cid")


def test_everybody_who_can_fetch_it_gets_it_and_the_others_are_named(course):
    run = run_autograder("release-feedback", "--course", course.root)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "Released to 2 students.", "1 have not handed in through the exchange, and cannot fetch it: ann",
    ]  # fmt: skip
    assert released(course) == hashes("bob", "cid")


def test_nbgraders_own_command_goes_on_as_well_if_it_is_told_to(course):
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(OWN)
    run = run_nbgrader(course)
    assert run.returncode == 0, run.stderr
    assert "ann has not handed in through the exchange" in run.stderr
    assert released(course) == hashes("bob", "cid")


def test_an_exchange_that_is_not_there_is_said(course):
    (course.root / "exchange").rmdir()
    run = run_autograder("release-feedback", "--course", course.root)
    assert run.returncode == 1
    assert "Error: " in run.stderr
    assert f"{course.root}/exchange" in run.stderr.replace("\n", "")
