"""Derive environment.yml, for conda users, from pyproject.toml: ``python .ci/environment.py [--check]``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "environment.yml"


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
        *(f"      - {dependency}" for dependency in project["dependencies"]),
        "      - --editable .",
    ]
    return "\n".join(lines) + "\n"


def main(check: bool) -> None:
    """Write environment.yml, or with ``check`` fail if it is out of date."""
    if not check:
        TARGET.write_text(environment(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != environment():
        raise SystemExit("environment.yml is out of date: run `make environment`")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
