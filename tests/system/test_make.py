"""What the commands of the Makefile do that is not shown by the tests of what they call."""

from __future__ import annotations

import re
import shutil
import subprocess

from tests.support import ROOT


def test_clean_keeps_the_gradebook_and_the_submissions_and_says_so(tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    kept = ("course/gradebook.db", "course/submitted/ada/5_6/answer.ipynb", "notebooks/own.ipynb")
    removed = (".venv/ready", "site/index.html", "build/tests/left.txt")
    for name in (*kept, *removed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run = subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all((tmp_path / name).exists() for name in kept)
    assert not any((tmp_path / name).exists() for name in removed)
    assert "course/ is kept" in run.stdout


def test_lab_opens_a_lesson_that_is_there():
    run = subprocess.run(["make", "--dry-run", "lab"], cwd=ROOT, capture_output=True, text=True, check=True)
    (lesson,) = re.findall(r"default_url=/lab/tree/(\S+)", run.stdout)
    assert (ROOT / lesson).is_file()
