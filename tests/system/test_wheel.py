"""The engine's wheel stands alone: without this repository it makes a course and grades it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import ROOT

UV = str(Path(sys.executable).with_name("uv"))
OF_THIS_COURSE = (
    "hidden_tests",
    "sample_class",
    "coffee_shop",
    "course_settings",
    "nbgrader_config",
    "_5_6_",
    "solution",
)
OTHERS_MAY_WANT = {"distributed", "dask", "psycopg", "tensorflow", "keras", "art-of-fine-tuning"}
SHOW_SETTINGS = (
    "from nbgrader.apps import NbGrader\n"
    "app = NbGrader(); app.initialize([])\n"
    "print(app.config)\n"
)  # fmt: skip


class Installed(NamedTuple):
    """An environment that holds the wheel and what it needs, and a folder that lies in no repository."""

    bin: Path
    folder: Path
    settings_before: str

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess:
        """Run a program of the environment in the folder, as somebody who has only installed the wheel."""
        done = subprocess.run(
            [self.bin / program, *map(str, arguments)], cwd=self.folder, env=plain(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done


def plain() -> dict[str, str]:
    """Return the environment variables of a shell in which no environment is activated."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p)
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")} | {"PATH": path}


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([UV, *map(str, arguments)], cwd=cwd, env=plain(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The engine's wheel, made from this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--package", "nbgrader-autograder", "--wheel", "--out-dir", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Installed:
    """A new environment into which nbgrader was installed first, and then the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    locked = (
        folder / "locked.txt"
    )  # the versions that the lock file holds: this test is about the wheel, not about news
    exported = ("--locked", "--package", "nbgrader-autograder", "--no-emit-workspace", "--no-hashes", "--quiet")
    uv("export", *exported, "--output-file", locked)
    uv("venv", "--quiet", "--python", sys.executable, folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    into_it = ("pip", "install", "--quiet", "--compile-bytecode", "--python", python, "--constraint", locked)
    uv(*into_it, "nbgrader", cwd=folder)
    (folder / "elsewhere").mkdir()
    before = Installed(python.parent, folder / "elsewhere", "").run("python", "-c", SHOW_SETTINGS).stdout
    uv(*into_it, wheel, cwd=folder)
    return Installed(python.parent, folder / "elsewhere", before)


@pytest.fixture(scope="session")
def marks(installed) -> dict:
    """What grading a new course prints, in the environment of the wheel."""
    course = installed.folder / "my_course"
    said = installed.run("autograder", "init", course)
    assert "autograder grade --course" in said.stderr
    return json.loads(installed.run("autograder", "grade", "--course", course, "--json").stdout)


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_engine_and_nothing_of_this_course(wheel):
    names = names_in(wheel)
    assert "autograder/cli/__init__.py" in names
    assert "autograder/py.typed" in names
    assert {"autograder/reporting/report.html.j2", "autograder/reporting/report.js"} <= set(names)
    assert {"autograder/similarity/similarity.html.j2", "autograder/exchange/transcript.html.j2"} <= set(names)
    assert {"autograder/gradescope/setup.sh", "autograder/gradescope/run_autograder"} <= set(names)
    assert any(name.endswith("kernels/python3-sandbox/kernel.json") for name in names)
    assert not [name for name in names if any(word in name for word in OF_THIS_COURSE)]
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if "." not in top} == {"autograder"}


def test_no_file_in_the_wheel_names_this_course(wheel):
    with zipfile.ZipFile(wheel) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not [name for name, text in texts.items() if "coffee_shop" in text or "_5_6_" in text]


def test_it_installs_nothing_that_only_some_want(installed):
    listed = json.loads(uv("pip", "list", "--format", "json", "--python", installed.bin / "python"))
    names = {package["name"] for package in listed}
    assert "nbgrader-autograder" in names
    assert not names & OTHERS_MAY_WANT


def test_it_changes_the_settings_of_no_other_course(installed):
    settings = installed.bin.parent / "etc" / "jupyter"
    assert (settings / "jupyter_server_config.d" / "nbgrader_autograder.json").is_file()
    assert not list(settings.glob("nbgrader_config*"))
    assert installed.run("python", "-c", SHOW_SETTINGS).stdout == installed.settings_before


def test_settings_that_a_wheel_would_bring_are_noticed(installed):
    brought = installed.bin.parent / "etc" / "jupyter" / "nbgrader_config.py"
    brought.write_text("c.Execute.timeout = 180\n", encoding="utf-8")
    try:
        assert installed.run("python", "-c", SHOW_SETTINGS).stdout != installed.settings_before
    finally:
        brought.unlink()


def test_it_says_its_version_and_its_commands(installed, wheel):
    assert installed.run("autograder", "--version").stdout.split()[-1] == wheel.name.split("-")[1]
    shown = installed.run("autograder", "--help").stdout
    assert {"init", "build", "grade", "check", "doctor"} <= set(shown.split())


def test_it_makes_a_course_and_grades_it(marks, installed):
    assert (marks["student"], marks["score"], marks["max_score"]) == ("ada", 2, 4)
    feedback = installed.folder / "my_course" / "feedback" / "ada" / "ps1" / "squares.html"
    assert "sum_of_squares" in feedback.read_text(encoding="utf-8")


def test_it_checks_a_file_of_that_course(marks, installed):
    course = installed.folder / "my_course"
    file = course / "submitted" / "ada" / "ps1" / "squares.ipynb"
    command = [installed.bin / "autograder", "check", "--json", "--course", course, file]
    done = subprocess.run(command, cwd=installed.folder, env=plain(), capture_output=True, text=True)
    assert done.returncode == 1, done.stderr  # not all points
    result = json.loads(done.stdout)
    assert (result["score"], result["max_score"]) == (2, 4)


def test_a_missing_extra_is_named(marks, installed):
    course = installed.folder / "my_course"
    command = [installed.bin / "autograder", "grade", "--course", course, "--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(command, cwd=installed.folder, env=plain(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "nbgrader-autograder[cluster]" in done.stderr
