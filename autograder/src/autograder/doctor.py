"""Examine the environment and say what to do about each thing that is wrong.

A course adds examinations of its own by an entry point in the group ``autograder.examinations``: a function without
arguments that returns ``(what, found, remedy)``, with an empty remedy when all is well.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from autograder.sandbox.kinds import AUTO, choose, find_obstacle, stronger

_DISTRIBUTION = "nbgrader-autograder"
_GROUP = "autograder.examinations"
_REINSTALL = f"run `{sys.executable} -m pip install --upgrade {_DISTRIBUTION}`"
_DISK_NEEDED = 2  # GiB
_EXTENSIONS = ("nbgrader.server_extensions.validate_assignment", "autograder.jupyter.formgrader")


@dataclass(frozen=True)
class Finding:
    """What one examination found.

    Attributes
    ----------
    what : str
        What was examined.
    found : str
        What was found, in a few words.
    remedy : str
        What to do about it. Empty if all is well.
    """

    what: str
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Run every examination: those of the engine, then those of courses. One that raises an error is a finding too."""
    own: list[Callable[[], Finding]] = [_python, _kernel, _extensions, _sandbox, _disk]
    findings = [_examine(look.__name__.strip("_"), look) for look in own]
    for entry in metadata.entry_points(group=_GROUP):
        findings.append(_examine(entry.name, partial(_ask_course, entry)))
    return findings


def _ask_course(entry: metadata.EntryPoint) -> Finding:
    return Finding(*entry.load()())


def _examine(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # a broken environment can raise anything
        return Finding(name, f"{type(error).__name__}: {error}", _REINSTALL)


def _python() -> Finding:
    version = sys.version_info[:2]
    remedy = "" if (3, 11) <= version < (3, 14) else "make the environment with Python 3.11, 3.12 or 3.13"
    return Finding("Python", ".".join(map(str, version)), remedy)


def _kernel() -> Finding:
    install = f"run `{sys.executable} -m ipykernel install --sys-prefix`"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("kernel", "python3 is missing", install)
    ours = Path(program).name == program or Path(program).resolve() == Path(sys.executable).resolve()
    return Finding("kernel", f"python3 runs {sys.executable if ours else program}", "" if ours else install)


def _extensions() -> Finding:
    command = [sys.executable, "-m", "jupyter", "server", "extension", "list"]
    listed = subprocess.run(command, capture_output=True, text=True)
    lines = (listed.stdout + listed.stderr).splitlines()
    missing = [name for name in _EXTENSIONS if not any(name in line and "enabled" in line for line in lines)]
    remedy = f"run `jupyter server extension enable --sys-prefix {' '.join(missing)}`" if missing else ""
    return Finding("nbgrader", f"not enabled: {', '.join(missing)}" if missing else "extensions enabled", remedy)


def _sandbox() -> Finding:
    if sys.platform != "linux":
        return Finding("sandbox", "none here; grading others' work needs Linux")
    obstacle = find_obstacle(AUTO)
    if obstacle:
        return Finding("sandbox", obstacle.reason, f"to grade others' work, {obstacle.remedy}")
    missing = [f"; {kind}, which holds more, does not: {why.reason}" for kind, why in stronger(choose(AUTO)).items()]
    return Finding("sandbox", f"{choose(AUTO)} works{''.join(missing)}")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    enough = free >= _DISK_NEEDED
    return Finding("disk", f"{free:.1f} GiB free", "" if enough else f"free at least {_DISK_NEEDED} GiB")
