"""This repository's own course, as its tests use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from autograder.authoring.build import build_course
from autograder.authoring.init import write_settings
from autograder.authoring.masters import Masters
from autograder.course.coursedir import Course
from autograder.course.settings import load_settings_file
from tests.support import ROOT, run_autograder

SETTINGS = ROOT / "autograder" / "course_settings.py"
MASTERS = Masters(load_settings_file(SETTINGS))
SAMPLE_CLASS = ROOT / "autograder" / "sample_class"


def make_course(root: Path) -> Course:
    """Make the nbgrader course of this repository in a new folder."""
    course = Course(write_settings(root, SETTINGS))
    build_course(course)
    return course


def hand_in_sample_class(course: Course) -> None:
    """Let the sample class hand in, as ``make grade`` does."""
    subprocess.run([sys.executable, SAMPLE_CLASS, course.root], check=True)


def check_json(*files: Path) -> list[dict]:
    """Return what ``autograder check --json`` prints, an object a file."""
    run = run_autograder("check", "--json", *files)
    assert run.returncode in (0, 1), run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]
