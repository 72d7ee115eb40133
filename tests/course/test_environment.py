"""What the course adds to ``autograder doctor``."""

from __future__ import annotations

import subprocess

from coffee_shop import environment


def test_this_environment_is_well():
    assert environment.examine_packages() == ("packages", "as asked for", "")
    assert environment.examine_tensorflow() == ("TensorFlow", "imports, bytecode compiled", "")


def test_other_version_is_named_with_the_one_it_should_be(monkeypatch):
    monkeypatch.setattr(environment, "_installed", lambda package: "0.0.1")
    _, found, remedy = environment.examine_packages()
    assert "keras is 0.0.1, should be" in found
    assert "nbgrader-autograder is 0.0.1, should be ==0.1.0" in found
    assert "psycopg" not in found  # nobody needs it who has not asked for it
    assert "uv sync --locked" in remedy


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(environment, "_installed", lambda package: "missing")
    _, found, _ = environment.examine_packages()
    assert "ipython is missing" in found
    assert "optuna is missing" in found


def test_failing_import_is_noticed(monkeypatch):
    broken = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback\nImportError: no tensorflow")
    monkeypatch.setattr(environment.subprocess, "run", lambda *_, **__: broken)
    what, found, remedy = environment.examine_tensorflow()
    assert (what, found) == ("TensorFlow", "cannot be imported: ImportError: no tensorflow")
    assert "uv sync --locked" in remedy
