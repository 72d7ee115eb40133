"""Where user namespaces are forbidden, an ordinary user grades submissions in the sandbox of Landlock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.sandbox import landlock
from tests.engine.kernel_support import wait_until
from tests.engine.no_namespaces import hand_over, without_namespaces
from tests.support import DOCS, ROOT

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
    pytest.mark.skipif(landlock.find_obstacle() is not None, reason=f"no Landlock: {landlock.find_obstacle()}"),
]


@pytest.fixture(scope="module")
def run():
    """Run a command without namespaces in a folder that everybody can reach; it is the home, too."""
    with tempfile.TemporaryDirectory(prefix="open-") as folder:
        shutil.copytree(DOCS / "example", Path(folder) / "course")

        def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
            hand_over(folder)
            env = {**os.environ, "HOME": folder, "TMPDIR": folder, "PYTHONPATH": str(ROOT)}
            command = [*without_namespaces(), *map(str, words)]
            return subprocess.run(command, env=env, capture_output=True, text=True, cwd=folder)

        run.folder = Path(folder)
        yield run


@pytest.fixture(scope="module")
def course(run):
    """Build the example course there."""
    built = run(sys.executable, "-m", "autograder", "build", "--course", "course")
    assert built.returncode == 0, built.stderr
    return Course(run.folder / "course")


def test_there_are_no_namespaces_and_no_privileges(run):
    assert run("true").returncode == 0
    assert run("unshare", "--user", "true").returncode != 0
    assert run("bwrap", "--unshare-user", "--ro-bind", "/", "/", "true").returncode != 0
    status = run("cat", "/proc/self/status").stdout
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_the_doctor_says_which_sandbox_works_and_why_no_stronger_one(run):
    looked = run(sys.executable, "-c", "from autograder import doctor; print(doctor._sandbox().found)")
    assert looked.stdout.startswith("landlock works; bubblewrap, which holds more, does not: "), looked.stderr


def test_a_class_gets_the_marks_that_it_gets_elsewhere(run, course):
    release = notebooks.read(course.folder("release", ".", "ps1") / "schedules.ipynb")
    source = notebooks.read(course.folder("source", ".", "ps1") / "schedules.ipynb")
    for student, notebook in {"ada": source, "blank": release}.items():
        notebooks.write(notebook, course.folder("submitted", student, "ps1") / "schedules.ipynb")
    graded = run(sys.executable, "-m", "autograder", "grade", "--course", "course", "--assignment", "ps1", "--json")
    assert graded.returncode == 0, graded.stderr
    rows = {row["student"]: row for row in map(json.loads, graded.stdout.splitlines())}
    assert {student: row["score"] for student, row in rows.items()} == {"ada": 5, "blank": 0}
    assert not any(row["notes"] for row in rows.values())  # so a judge has decided on every test
    assert "The sandbox is landlock" in graded.stderr


def test_nothing_is_left_behind(run):
    assert wait_until(lambda: not list(run.folder.glob("autograder-*")))
