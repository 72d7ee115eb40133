"""Look the environment over and say what to do about each thing that is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import cache_from_source, find_spec
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from autograder.kernels.sandbox import find_obstacle
from autograder.layout import BUNDLED

PROJECT = "art-of-fine-tuning"
REINSTALL = "run `make lab` again, or `uv sync --locked --compile-bytecode`"
_DISK_NEEDED = 2  # GiB
_EXTENSIONS = ("nbgrader.server_extensions.validate_assignment", "autograder.formgrader")


@dataclass(frozen=True)
class Finding:
    """What one examination found; ``remedy`` is empty when all is well."""

    what: str
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Run every examination, in order; one that breaks counts as a finding."""
    findings = []
    for look in (_python, _packages, _tensorflow, _kernel, _extensions, _alembic, _sandbox, _disk):
        try:
            findings.append(look())
        except Exception as error:  # a broken environment breaks in any way
            findings.append(Finding(_name(look), f"{type(error).__name__}: {error}", REINSTALL))
    return findings


def _name(look: Callable) -> str:
    return look.__name__.strip("_")


def _python() -> Finding:
    version = sys.version_info[:2]
    remedy = "" if (3, 11) <= version < (3, 14) else "make the environment with Python 3.11, 3.12 or 3.13"
    return Finding("Python", ".".join(map(str, version)), remedy)


def _packages() -> Finding:
    wrong = []
    for requirement in metadata.requires(PROJECT) or []:
        pin = re.fullmatch(r"([\w.-]+)==([\w.]+)", requirement)
        if pin and _installed(pin[1]) != pin[2]:
            wrong.append(f"{pin[1]} is {_installed(pin[1])}, should be {pin[2]}")
    return Finding("packages", "; ".join(wrong) or "as pinned", REINSTALL if wrong else "")


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _tensorflow() -> Finding:
    run = subprocess.run([sys.executable, "-c", "import tensorflow"], capture_output=True, text=True)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["it died"])[-1]
        return Finding("TensorFlow", f"cannot be imported: {reason}", REINSTALL)
    module = find_spec("tensorflow").origin
    if not Path(cache_from_source(module)).exists():
        remedy = f"run `{sys.executable} -m compileall -q {Path(module).parents[1]}`"
        return Finding("TensorFlow", "imports slowly: its bytecode is not compiled", remedy)
    return Finding("TensorFlow", "imports, bytecode compiled")


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


def _alembic() -> Finding:
    beside = Path(sys.executable).with_name("alembic")
    there = shutil.which("alembic") or (beside.exists() and str(beside))
    return Finding("gradebook", "alembic is there" if there else "alembic is missing", "" if there else REINSTALL)


def _sandbox() -> Finding:
    if sys.platform != "linux":
        return Finding("sandbox", "none here; grading others' work needs Linux")
    obstacle = find_obstacle()
    if obstacle:
        return Finding("sandbox", obstacle.reason, f"to grade others' work, {obstacle.remedy}")
    return Finding("sandbox", "bubblewrap works")


def _disk() -> Finding:
    free = shutil.disk_usage(BUNDLED.root).free / 2**30
    enough = free >= _DISK_NEEDED
    return Finding("disk", f"{free:.1f} GiB free", "" if enough else f"free at least {_DISK_NEEDED} GiB")
