"""What several tests share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.layout import BUNDLED

AUTOGRADER = [sys.executable, "-m", "autograder"]


@pytest.fixture(scope="session")
def layout():
    """The repository's own masters, hidden tests and exercises."""
    return BUNDLED


def run_autograder(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run the command line as a person would, without an activated environment."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p)
    return subprocess.run(
        [*AUTOGRADER, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PATH": path},
    )


def check_json(*files: Path) -> list[dict]:
    """Return what ``autograder check --json`` prints, an object a file."""
    run = run_autograder("check", "--json", *files)
    assert run.returncode in (0, 1), run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]
