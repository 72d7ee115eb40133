"""The public names are there, and getting at them costs no more than they need."""

from __future__ import annotations

import subprocess
import sys

import pytest

import autograder

HEAVY = ("nbgrader", "tensorflow", "jupytext", "sqlalchemy")


def imported(statement: str) -> set[str]:
    """The top-level modules that a new process has after this statement."""
    code = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_names_are_sorted_and_each_has_a_place():
    assert autograder.__all__ == sorted(autograder.__all__)
    assert set(autograder._PLACES) == set(autograder.__all__)


@pytest.mark.parametrize("name", autograder.__all__)
def test_every_name_resolves(name):
    found = getattr(autograder, name)
    assert found.__name__ == name
    assert found.__doc__
    assert name in dir(autograder)


def test_star_imports_just_these_names():
    namespace: dict[str, object] = {}
    exec("from autograder import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(autograder.__all__)


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no attribute 'Recorder'"):
        _ = autograder.Recorder
    with pytest.raises(ImportError):
        exec("from autograder import Recorder")


@pytest.mark.parametrize("statement", ["import autograder", "import autograder.kernels.forkserver"])
def test_import_is_light(statement):
    assert "autograder" in imported(statement)
    assert not imported(statement) & set(HEAVY)
    assert "nbgrader" in imported(f"{statement}\nfrom autograder import grade")
