"""Derive environment.yml, for conda users, from pyproject.toml: ``python .ci/environment.py [--check]``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "environment.yml"
ENGINE = "nbgrader-autograder"


def environment() -> str:
    """Return the text of environment.yml: Python, and every dependency of the project by its pin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        "# Made from pyproject.toml by .ci/environment.py; edit that file instead.",
        f"name: {project['name']}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - pip",
        "  - pip:",
        # The engine is a part of this repository; what it needs besides these is resolved from its ranges.
        *(f"      - {dependency}" for dependency in project["dependencies"] if not dependency.startswith(ENGINE)),
        f"      - --editable ./autograder[{','.join(_extras(project))}]",
        "      - --editable .",
    ]
    return "\n".join(lines) + "\n"


def _extras(project: dict) -> list[str]:
    """Return the extras of the engine that the project asks for."""
    (engine,) = [dependency for dependency in project["dependencies"] if dependency.startswith(ENGINE)]
    return re.search(r"\[(.*)\]", engine)[1].split(",")


def main(check: bool) -> None:
    """Write environment.yml, or with ``check`` fail if it is out of date."""
    if not check:
        TARGET.write_text(environment(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != environment():
        raise SystemExit("environment.yml is out of date: run `make environment`")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
