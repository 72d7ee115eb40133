"""Write the zip file that Gradescope builds its autograder from."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from traitlets.config import Config

from autograder.authoring.init import write_settings
from autograder.authoring.release import release
from autograder.course.assignment import EXECUTION_SETTINGS, read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.course.settings import CONFIG

SCRIPTS = ("setup.sh", "run_autograder")
_ENGINE = "nbgrader-autograder"
# What decides how an assignment is released, run and marked. Addresses, passwords and plugins stay at home.
_SECTIONS = (*EXECUTION_SETTINGS, "ClearSolutions", "ClearHiddenTests", "LimitOutput", "Autograde")
_ALONE = {"Autograde": ("exclude_overwriting",)}  # of these sections only these settings


def write_bundle(
    course: Course, assignment: str, output: Path, wheel: Path | None, requirements: Path | None, sandbox: str | None
) -> None:
    """Write the zip file for one assignment. It holds a course with this assignment, and nobody's work or marks.

    Parameters
    ----------
    course : Course
    assignment : str
    output : Path
    wheel : Path, optional
        The engine, to be installed from this file and not from the package index.
    requirements : Path, optional
        What the notebooks import, as a file for pip.
    sandbox : str, optional
        The sandbox to use there, instead of the one that the engine chooses.

    Raises
    ------
    CourseError
        If there is no such assignment, if it cannot be released, or if a setting cannot be written.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If a file cannot be read or written.
    """
    read_assignment(course, assignment)
    with tempfile.TemporaryDirectory(prefix="autograder-") as scratch:
        folder = Path(scratch)
        _make_course(course, assignment, folder / "course", sandbox)
        for name in SCRIPTS:
            text = (resources.files("autograder") / "gradescope" / name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        (folder / "requirements.txt").write_text(_requirements(wheel, requirements), encoding="utf-8")
        if wheel:
            shutil.copyfile(wheel, folder / wheel.name)
        new = output.with_name(f".{output.name}.new")
        _zip(folder, new)
    os.replace(new, output)


def _make_course(course: Course, assignment: str, root: Path, sandbox: str | None) -> None:
    write_settings(root)
    settings = _choose_settings(course.config)
    if sandbox:
        settings.setdefault("ForkProvisioner", {})["sandbox"] = sandbox
    settings["CourseDirectory"] = {"course_id": course.directory().course_id or course.root.name}
    text = json.dumps({"version": 1, **settings}, indent=1)
    (root / CONFIG).with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
    made = Course(root)
    ignored = shutil.ignore_patterns(*course.ignored)
    target = made.folder("source", ".", assignment)
    shutil.copytree(course.folder("source", ".", assignment), target, ignore=ignored)
    release(made, assignment)


def _choose_settings(config: Config) -> dict[str, dict[str, Any]]:
    chosen: dict[str, dict[str, Any]] = {}
    for section in _SECTIONS:
        for name, value in config.get(section, {}).items():
            if name not in _ALONE.get(section, (name,)):
                continue
            try:
                json.dumps(value)
            except TypeError as error:
                raise CourseError(
                    f"c.{section}.{name} is set to something that cannot be written to a file. Give it a plain value"
                ) from error
            chosen.setdefault(section, {})[name] = value
    chosen.get("ForkProvisioner", {}).pop("sandbox", None)  # which one works there is for the engine to find out
    return chosen


def _requirements(wheel: Path | None, requirements: Path | None) -> str:
    engine = f"./{wheel.name}" if wheel else f"{_ENGINE}=={metadata.version(_ENGINE)}"
    return f"{engine}\n{requirements.read_text(encoding='utf-8') if requirements else ''}"


def _zip(folder: Path, output: Path) -> None:
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))  # whether it can be run goes along
