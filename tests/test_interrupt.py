"""Ctrl-C stops a grading run at once, and the same command goes on where it was."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

from tests.conftest import AUTOGRADER, run_autograder

ASSIGNMENT = "5_6"


def test_interrupted_run_keeps_what_was_recorded_and_goes_on(built, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(built.root, root, symlinks=True)
    for folder in (root / "submitted").iterdir():
        if folder.name not in ("ada", "ines", "lena"):
            shutil.rmtree(folder)
    run = subprocess.Popen([*AUTOGRADER, "grade", "--course", str(root)], stderr=subprocess.PIPE, text=True)
    # Two of them have nothing to run and are done while the kernels of the third still start.
    recorded = [root / "autograded" / name / ASSIGNMENT for name in ("ines", "lena")]
    while run.poll() is None and not all(folder.exists() for folder in recorded):
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
    assert not (root / "autograded" / "ada").exists()
    again = run_autograder("grade", "--course", root, "--exercise", "_5_6_1", "--json")
    assert "2 of 3 were graded already" in again.stderr
    marks = {row["student"]: row["exercises"]["_5_6_1"] for row in map(json.loads, again.stdout.splitlines())}
    assert marks == {"ada": 10, "ines": 0, "lena": 0}
