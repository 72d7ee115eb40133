"""Write the package for students: lessons, exercises and what they need, without any solution or hidden test.

``python .ci/handout.py [ZIP]``. Only files that git tracks and that `PARTS` names go in; so a new folder of the
repository, or a draft that lies about, stays at home until somebody lists it.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "handout" / "art-of-fine-tuning.zip"
README = ".ci/students.md"  # the package's own
# As git understands them. The engine is what the exercises' Validate button and `autograder check` run.
PARTS = (
    ":(glob)notebooks/*.ipynb",
    ":(glob)notebooks/*.md",
    "notebooks/images",
    "notebooks/site/static/souffle.svg",
    "notebooks/coffee_shop",
    "exercises",
    "autograder/src",
    "autograder/share",
    "autograder/pyproject.toml",
    "autograder/README.md",
    "autograder/LICENSE",
    "autograder/course_settings.py",
    "pyproject.toml",
    "uv.lock",
    "environment.yml",
    "LICENSE",
)
SECRET = ("### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS")  # in no lesson and in no exercise


def files(*which: str) -> list[str]:
    """Return the paths that git knows, of those that are handed out."""
    command = ["git", "ls-files", "-z", *which, "--", *PARTS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"the package is made of what git tracks, and git says: {run.stderr.strip()}")
    return sorted(path for path in run.stdout.split("\0") if path and (ROOT / path).is_file())


def find_secrets(paths: list[str]) -> list[str]:
    """Return the lessons and exercises that hold a solution or a hidden test."""
    read = [
        path for path in paths if path.startswith(("notebooks/", "exercises/")) and path.endswith((".py", ".ipynb"))
    ]
    return [path for path in read if any(mark in (ROOT / path).read_text(encoding="utf-8") for mark in SECRET)]


def write(target: Path) -> None:
    """Write the package, the same bytes for the same files."""
    paths = files()
    if secrets := find_secrets(paths):
        raise SystemExit(f"not written, for these hold solutions or hidden tests: {', '.join(secrets)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as package:
        for name, path in [*((path, path) for path in paths), ("README.md", README)]:
            entry = zipfile.ZipInfo(f"{target.stem}/{name}")
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            package.writestr(entry, (ROOT / path).read_bytes())
    print(f"Wrote {target}: {len(paths) + 1} files")
    if left := files("--others", "--exclude-standard"):
        print(f"Left out, for git does not track them: {', '.join(left)}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else TARGET)
