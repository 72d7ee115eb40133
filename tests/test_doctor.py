"""The doctor names what is wrong and says what to do about it."""

from __future__ import annotations

import subprocess
from collections import namedtuple

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from autograder import doctor


def finding(what):
    return next(f for f in doctor.examine() if f.what == what)


def fail(*_, **__):
    raise NoSuchKernel("python3")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing is started: TensorFlow imports, and all extensions are listed."""
    listed = "\n".join(f"{name} enabled" for name in doctor._EXTENSIONS)
    done = subprocess.CompletedProcess([], 0, stdout=listed, stderr="")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)


def test_healthy_environment_needs_nothing():
    assert not [f for f in doctor.examine() if f.remedy]


def test_other_version_is_named_with_the_one_it_should_be(monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda package: "0.0.1")
    assert "keras is 0.0.1, should be" in finding("packages").found
    assert "uv sync --locked" in finding("packages").remedy


def test_full_disk_is_noticed(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(10, 9, 2**20))
    assert "free at least 2 GiB" in finding("disk").remedy


def test_missing_kernel_is_noticed(monkeypatch):
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", fail)
    assert "ipykernel install" in finding("kernel").remedy


def test_failing_import_and_missing_extensions_are_noticed(monkeypatch):
    broken = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback\nImportError: no tensorflow")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: broken)
    assert "ImportError: no tensorflow" in finding("TensorFlow").found
    assert "validate_assignment" in finding("nbgrader").found
    assert "extension enable" in finding("nbgrader").remedy


def test_an_examination_that_breaks_is_a_finding(monkeypatch):
    def explode(_):
        raise OSError("no such disk")

    monkeypatch.setattr(doctor.shutil, "disk_usage", explode)
    assert finding("disk").found == "OSError: no such disk"
