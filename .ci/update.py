"""Bring a clone up to date, and keep what its owner has written: ``python .ci/update.py``.

A lesson that she has worked in stays as it is, unless it has changed upstream too: then her file goes to ``kept/``, and
the new one takes its place.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UPSTREAM = "@{upstream}"


def update(root: Path) -> str:
    """Fetch and go forward to what was published; return what there is to say about it.

    Raises
    ------
    SystemExit
        If git cannot do that; the message says why.
    """
    git(root, "fetch", "--quiet")
    theirs = names(root, "diff", "--name-only", "HEAD", UPSTREAM)
    if not theirs:
        return "Nothing new."
    if git(root, "rev-list", f"{UPSTREAM}..HEAD"):
        raise SystemExit("You have commits of your own here: use `git pull`, which merges them.")
    mine = names(root, "diff", "--name-only", "HEAD") | names(root, "ls-files", "--others")
    kept = root / "kept" / time.strftime("%Y-%m-%d_%H%M%S")
    for name in (both := sorted(mine & theirs)):
        set_aside(root, name, kept)
    git(root, "merge", "--quiet", "--ff-only", UPSTREAM)
    told = ["Up to date."]
    if kept.exists():
        told += [f"You had changed these as well. They are new now; yours are in {kept.relative_to(root).as_posix()}/:"]
        told += [f"  {name}" for name in both if (kept / name).exists()]
    return "\n".join(told)


def set_aside(root: Path, name: str, kept: Path) -> None:
    """Move a file to the folder ``kept``, and put the one that git has in its place."""
    path = root / name
    if path.exists():
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, kept / name)
    if git(root, "ls-tree", "--name-only", "HEAD", name):
        git(root, "checkout", "--quiet", "HEAD", "--", name)
    else:
        git(root, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", name)


def names(root: Path, *arguments: str) -> set[str]:
    """Return the paths that git names, seen from ``root``."""
    return set(git(root, *arguments, "-z").split("\0")) - {""}


def git(root: Path, *arguments: str) -> str:
    """Return what git prints, and end with its own words if it fails."""
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, encoding="utf-8")
    if run.returncode:
        raise SystemExit(run.stderr.strip() or f"git {arguments[0]} failed")
    return run.stdout


if __name__ == "__main__":
    try:
        print(update(ROOT))
    except FileNotFoundError:
        sys.exit("git is not installed.")
