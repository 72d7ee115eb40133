"""Which files and environment variables are visible in a sandbox.

Visible are the system, the Python environment and the modules of the course. Not visible are the home, the course with
its hidden tests, other submissions, and the engine except for the part of it that runs in the sandbox.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import site
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

HOME = "/home/sandbox"
CHANNELS = "/run/kernel"  # the folder of a kernel's sockets, as the kernel sees it
STAGE = "/.stage"  # where `autograder.sandbox.namespaces` mounts a kernel's file system before it becomes the root

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/sys/devices/system")
_SETTINGS = (
    "alternatives",
    "fonts",
    "ld.so.cache",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "ssl/certs",
    "timezone",
)
# The engine's package, and the part of it that runs inside of the sandbox.
ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OWN = [os.path.join(ENGINE, name) for name in ("__init__.py", "faults.py", "judge", "kernels", "sandbox")]
_ENVIRONMENT = (  # variables, or patterns of their names, that hold no secrets
    "PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "SHELL", "PYTHON[A-Z]*", "MPLBACKEND", "NBGRADER_EXECUTION",
    "OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*",
)  # fmt: skip


def view(packages: Iterable[str], also: Iterable[str] = ()) -> list[str]:
    """Return the files and folders that are visible in a sandbox, all of them read-only.

    Parameters
    ----------
    packages : iterable of str
        Modules that are visible wherever they are installed.
    also : iterable of str
        More files and folders.

    Returns
    -------
    list of str
        Absolute paths that exist; none lies in another one, except for the engine's own part at the end.
    """
    shown = [*_SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), *_environment_paths(), *also]
    for package in packages:
        shown += _locations(package)
    there = [path for path in shown if os.path.exists(path)]
    # Both a link and where it leads, because programs find files by either.
    paths = {os.path.abspath(path) for path in there} | {os.path.realpath(path) for path in there}
    inner = {path for path in paths if any(path != other and lies_in(path, other) for other in paths)}
    return sorted(paths - inner) + OWN


def environment(env: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment variables of kernels.

    Parameters
    ----------
    env : mapping of str to str
        Variables of which those are kept that hold no secrets.
    also : iterable of str
        Names, or patterns as in `fnmatch`, of more variables to keep.

    Returns
    -------
    dict of str to str
        With the home and the user of the sandbox.
    """
    patterns = (*_ENVIRONMENT, *also)
    kept = {name: text for name, text in env.items() if _is_kept(name, patterns)}
    return {**kept, "HOME": HOME, "USER": os.path.basename(HOME), "LOGNAME": os.path.basename(HOME)}


@lru_cache(1000)  # kernels have the same variables
def _is_kept(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def lies_in(path: str, folder: str) -> bool:
    """Return whether a path is that of a folder or of something in it. Both are absolute, without ``..``."""
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def _environment_paths() -> list[str]:
    """Return where Python and its packages are, and the links that lead to its executable."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    if site.ENABLE_USER_SITE:
        paths.append(site.getusersitepackages())
    program = Path(sys.executable)
    while program.is_symlink():
        program = program.parent / program.readlink()
        paths.append(str(program))
    return paths


def _locations(package: str) -> list[str]:
    """Return the folders of a package or the file of a module, or nothing if there is none of this name."""
    try:
        found = importlib.util.find_spec(package.partition(".")[0])
    except (ImportError, ValueError):
        return []
    if found is None:
        return []
    if found.submodule_search_locations:
        return list(found.submodule_search_locations)
    return [found.origin] if found.origin and found.has_location else []
