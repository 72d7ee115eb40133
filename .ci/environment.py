"""Derive the files for conda and Binder from pyproject.toml and uv.lock: ``python .ci/environment.py [--check]``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENGINE = "nbgrader-autograder"
EXTRAS = ("search", "serve", "lab")
HEAD = """# Made from pyproject.toml and uv.lock by .ci/environment.py; edit pyproject.toml instead.
name: {name}
channels:
  - conda-forge
dependencies:
  - python{python}
  - pip
  - pip:
"""


def environment(project: dict, versions: dict[str, str]) -> str:
    """Return the text of environment.yml: Python, and every dependency of the project by its pin."""
    asked = [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]
    names = [re.match(r"[\w.-]+", one)[0] for one in asked]
    lines = [
        # The engine is a part of this repository; what it needs besides these is resolved from its ranges.
        *(f"{name}=={versions[name]}" for name in names if name != ENGINE),
        f"--editable ./autograder[{','.join(_extras_of_engine(asked))}]",
        "--editable .",
    ]
    return _file(project, project["requires-python"], lines)


def binder(project: dict, tools: list[str]) -> str:
    """Return the text of binder/environment.yml: Python, and uv, with which postBuild installs what uv.lock says.

    repo2docker reads Python's version here, and takes another one if it finds a range.
    """
    lowest = re.search(r">=([\d.]+)", project["requires-python"])[1]
    return _file(project, f"={lowest}", [tool for tool in tools if tool.startswith("uv==")])


def _file(project: dict, python: str, lines: list[str]) -> str:
    return HEAD.format(name=project["name"], python=python) + "".join(f"      - {line}\n" for line in lines)


def _extras_of_engine(asked: list[str]) -> list[str]:
    """Return the extras of the engine that the project asks for."""
    (engine,) = [dependency for dependency in asked if dependency.startswith(ENGINE)]
    return re.search(r"\[(.*)\]", engine)[1].split(",")


def files() -> dict[str, str]:
    """Return what is derived: the text of each file, by its path."""
    chosen = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    versions = {package["name"]: package["version"] for package in locked}
    return {
        "environment.yml": environment(chosen["project"], versions),
        "binder/environment.yml": binder(chosen["project"], chosen["dependency-groups"]["dev"]),
    }


def main(check: bool) -> None:
    """Write the files, or with ``check`` fail if one is out of date."""
    for name, text in files().items():
        path = ROOT / name
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{name} is out of date: run `make environment`")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
