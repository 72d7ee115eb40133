"""Examine the environment of the course, for ``autograder doctor``: each function returns what, found and remedy."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from importlib.util import cache_from_source, find_spec
from pathlib import Path

_PROJECT = "art-of-fine-tuning"
_REINSTALL = "run `make lab` again, or `uv sync --locked --compile-bytecode`"


def examine_packages() -> tuple[str, str, str]:
    """Compare the installed packages with the versions that the project asks for."""
    wrong = []
    for requirement in metadata.requires(_PROJECT) or []:
        pin = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", requirement)
        if pin and _installed(pin[1]) != pin[2]:
            wrong.append(f"{pin[1]} is {_installed(pin[1])}, should be {pin[2]}")
    return "packages", "; ".join(wrong) or "as pinned", _REINSTALL if wrong else ""


def examine_tensorflow() -> tuple[str, str, str]:
    """Import TensorFlow in a process of its own, and look for its compiled bytecode, without which that is slow."""
    run = subprocess.run([sys.executable, "-c", "import tensorflow"], capture_output=True, text=True)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["it died"])[-1]
        return "TensorFlow", f"cannot be imported: {reason}", _REINSTALL
    module = find_spec("tensorflow").origin
    if not Path(cache_from_source(module)).exists():
        remedy = f"run `{sys.executable} -m compileall -q {Path(module).parents[1]}`"
        return "TensorFlow", "imports slowly: its bytecode is not compiled", remedy
    return "TensorFlow", "imports, bytecode compiled", ""


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"
