"""Examine the environment of the course, for ``autograder doctor``: each function returns what, found and remedy."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from importlib.util import cache_from_source, find_spec
from pathlib import Path

from packaging.requirements import Requirement

_PROJECT = "art-of-fine-tuning"
_EXTRAS = ("lab", "search", "serve")  # which everybody has who has an environment of her own for the course
_REINSTALL = "run `make lab` again, or `uv sync --locked --compile-bytecode`"


def examine_packages() -> tuple[str, str, str]:
    """Compare the installed packages with the versions that the project asks for."""
    wrong = []
    for asked in map(Requirement, metadata.requires(_PROJECT) or []):
        installed, wanted = _installed(asked.name), _is_wanted(asked)
        if wanted and (installed == "missing" or not asked.specifier.contains(installed, prereleases=True)):
            wrong.append(f"{asked.name} is {installed}, should be {asked.specifier}")
    return "packages", "; ".join(wrong) or "as asked for", _REINSTALL if wrong else ""


def _is_wanted(asked: Requirement) -> bool:
    return asked.marker is None or any(asked.marker.evaluate({"extra": extra}) for extra in _EXTRAS)


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
