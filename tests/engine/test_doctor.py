"""The doctor names what is wrong and says what to do about it."""

from __future__ import annotations

import subprocess
from collections import namedtuple
from collections.abc import Callable
from typing import NamedTuple

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from autograder import doctor


def finding(what):
    return next(f for f in doctor.examine() if f.what == what)


def fail(*_, **__):
    raise NoSuchKernel("python3")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing is started: all extensions are listed."""
    listed = "\n".join(f"{name} enabled" for name in doctor._EXTENSIONS)
    done = subprocess.CompletedProcess([], 0, stdout=listed, stderr="")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)


def test_healthy_environment_needs_nothing():
    assert not [f for f in doctor.examine() if f.remedy]


class EntryPoint(NamedTuple):
    name: str
    examination: Callable[[], tuple[str, str, str]]

    def load(self):
        return self.examination


def test_courses_add_examinations_of_their_own(monkeypatch):
    def explode():
        raise ImportError("no such module")

    entries = [EntryPoint("ovens", lambda: ("ovens", "one is cold", "light it")), EntryPoint("spoons", explode)]
    monkeypatch.setattr(doctor.metadata, "entry_points", lambda group: entries)
    assert finding("ovens") == doctor.Finding("ovens", "one is cold", "light it")
    assert finding("spoons").found == "ImportError: no such module"


def test_full_disk_is_noticed(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(10, 9, 2**20))
    assert "free at least 2 GiB" in finding("disk").remedy


def test_missing_kernel_is_noticed(monkeypatch):
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", fail)
    assert "ipykernel install" in finding("kernel").remedy


def test_missing_extensions_are_noticed(monkeypatch):
    broken = subprocess.CompletedProcess([], 1, stdout="", stderr="")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: broken)
    assert "validate_assignment" in finding("nbgrader").found
    assert "extension enable" in finding("nbgrader").remedy


def test_an_examination_that_breaks_is_a_finding(monkeypatch):
    def explode(_):
        raise OSError("no such disk")

    monkeypatch.setattr(doctor.shutil, "disk_usage", explode)
    assert finding("disk").found == "OSError: no such disk"
