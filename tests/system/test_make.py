"""What the commands of the Makefile do that is not shown by the tests of what they call."""

from __future__ import annotations

import os
import platform
import pty
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from tests.support import ROOT, activated

QUIETLY = [sys.executable, ROOT / ".ci" / "quietly.py"]
TALKS = [sys.executable, "-c", "import sys; print('one'); print('two'); sys.exit(int(sys.argv[1]))"]


def test_clean_keeps_the_gradebook_and_the_submissions_and_says_so(tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    kept = ("course/gradebook.db", "course/submitted/ada/5_6/answer.ipynb", "notebooks/own.ipynb", "kept/a.ipynb")
    removed = (".venv/ready", "site/index.html", "build/tests/left.txt")
    for name in (*kept, *removed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run = subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all((tmp_path / name).exists() for name in kept)
    assert not any((tmp_path / name).exists() for name in removed)
    assert "course/ is kept" in run.stdout


def on_a_terminal(command: list) -> tuple[int, str]:
    """Return exit status of a command whose output is a terminal, and what it wrote there."""
    ours, its = pty.openpty()
    run = subprocess.Popen(command, stdout=its, stderr=its)
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 1024):
            shown += part
    except OSError:  # its end is closed
        pass
    os.close(ours)
    return run.wait(), shown.decode()


def test_what_a_command_says_takes_one_line_of_the_terminal():
    status, shown = on_a_terminal([*QUIETLY, *TALKS, "0"])
    assert status == 0
    assert "one" in shown
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[K")


def test_what_a_command_says_is_shown_if_it_fails():
    status, shown = on_a_terminal([*QUIETLY, *TALKS, "3"])
    assert status == 3
    assert shown.endswith("one\r\ntwo\r\n")


@pytest.mark.parametrize(("status", "told"), [("0", ""), ("3", "one\ntwo\n")])
def test_nothing_is_shown_in_a_log_unless_it_fails(status, told):
    run = subprocess.run([*QUIETLY, *TALKS, status], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (int(status), "", told)


def megabytes(*options: str) -> float:
    """Return the size of all wheels that uv downloads, as the lock file has it."""
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    wheels = {(package["name"], package["version"]): package.get("wheels", []) for package in locked}
    command = ["uv", "export", "--quiet", "--frozen", "--no-hashes", "--no-annotate", "--no-emit-workspace", *options]
    run = subprocess.run(command, cwd=ROOT, env=activated(), check=True, stdout=subprocess.PIPE, text=True)
    total = 0
    for one in map(Requirement, (line for line in run.stdout.splitlines() if line and not line.startswith("#"))):
        if one.marker is None or one.marker.evaluate():
            ranked = {}
            for wheel in wheels[one.name, str(one.specifier).removeprefix("==")]:
                tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
                ranked[min(ranks.get(tag, len(ranks)) for tag in tags)] = wheel.get("size", 0)
            total += ranked[min(ranked)] if ranked else 0
    return total / 1e6


@pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="wheels differ in size")
def test_the_download_is_as_large_as_is_said():
    told = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "README.md", ".ci/students.md"))
    said = [float(number) for number in re.findall(r"download of\s(\d+) MB", told)]
    whole, learners = megabytes(), megabytes("--no-dev")
    assert said == pytest.approx([whole, whole, learners, learners], rel=0.05)
