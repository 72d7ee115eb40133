"""What a sandbox shows: the system and the environment, and nothing of the home, the course or the engine.

The warm process runs in bubblewrap with this view; `autograder.kernels.box` shuts each kernel in alone.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

HOME = "/home/sandbox"
CHANNELS = "/run/kernel"  # Jupyter's sockets, as a kernel sees them
STAGE = "/.stage"  # where a kernel's own file system is put together

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
_ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OWN = [os.path.join(_ENGINE, "__init__.py"), os.path.join(_ENGINE, "kernels")]
_ENVIRONMENT = (  # what holds no secrets
    "PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "SHELL", "PYTHON[A-Z]*", "MPLBACKEND", "NBGRADER_EXECUTION",
    "TF_CPP_*", "TF_ENABLE_*", "TF_NUM_*", "TF_XLA_*", "TF_DETERMINISTIC_OPS", "KERAS_BACKEND",
    "XLA_FLAGS", "OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*",
)  # fmt: skip
_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "KILL")
_FREE_NAMESPACES = {"kernel.apparmor_restrict_unprivileged_userns": "0", "kernel.unprivileged_userns_clone": "1"}


class Obstacle(NamedTuple):
    """Why notebooks cannot be run in a sandbox here, and what to do about it."""

    reason: str
    remedy: str

    def __str__(self):
        return f"{self.reason}: {self.remedy}"


def find_obstacle() -> Obstacle | None:
    """Try a sandbox out and return what is in the way, if anything."""
    if sys.platform != "linux":
        return Obstacle("the sandbox needs Linux", "grade on a Linux machine")
    if shutil.which("bwrap") is None:
        return Obstacle("bubblewrap is not installed", f"run `{_as_root()}apt-get install bubblewrap`")
    shown = view([])
    trial = subprocess.run(
        [*command(shown), sys.executable, "-P", "-m", "autograder.kernels.box", json.dumps(shown)],
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if trial.returncode == 0:
        return None
    reason = (trial.stderr.strip().splitlines() or ["it does not start"])[-1]
    return Obstacle(f"bubblewrap does not work here ({reason})", _advise())


def _advise() -> str:
    for setting, value in _FREE_NAMESPACES.items():
        path = Path("/proc/sys") / setting.replace(".", "/")
        if os.geteuid() != 0 and path.exists() and path.read_text().strip() != value:
            return f"ordinary users may make no namespaces, so run `sudo sysctl -w {setting}={value}`"
    return "in a container, start it with --privileged"


def _as_root() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def view(packages: Iterable[str], also: Iterable[str] = ()) -> list[str]:
    """Return the files and folders that can be seen in a sandbox, all of them read-only.

    Parameters
    ----------
    packages : iterable of str
        Modules that are shown wherever they are installed.
    also : iterable of str
        More files and folders.
    """
    shown = [*_SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), *_environment_paths(), *also]
    for package in packages:
        shown += _locations(package)
    there = [path for path in shown if os.path.exists(path)]
    paths = {os.path.abspath(path) for path in there} | {os.path.realpath(path) for path in there}
    inner = {path for path in paths if any(path != other and Path(path).is_relative_to(other) for other in paths)}
    return sorted(paths - inner) + _OWN


def command(shown: list[str]) -> list[str]:
    """Return the bubblewrap command, to be followed by a program and its arguments."""
    parents = sorted({str(parent) for path in shown for parent in Path(path).parents} - {"/"})
    folders = [word for path in parents for word in ("--dir", path)]  # for everybody, which bubblewrap's own are not
    mounts = [word for path in shown if path not in _OWN for word in ("--ro-bind", path, path)]
    own = [word for path in _OWN for word in ("--ro-bind", path, path)]
    if any(Path(_ENGINE).is_relative_to(path) for path in shown):  # it is installed in the environment
        own = ["--tmpfs", _ENGINE, *own, "--remount-ro", _ENGINE]
    if os.geteuid() == 0:
        user = ["--cap-drop", "ALL"] + [word for name in _CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]
    else:
        user = ["--unshare-user"]
    return [
        "bwrap", *user, "--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "localhost", "--die-with-parent", "--new-session",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", HOME, "--dir", STAGE,
        *folders, *mounts, *own, "--remount-ro", "/", "--chdir", "/", "--",
    ]  # fmt: skip


def environment(env: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables of ``env`` that hold no secrets or match a pattern in ``also``, with a home of its own."""
    patterns = (*_ENVIRONMENT, *also)
    kept = {name: env[name] for name in env if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    return {**kept, "HOME": HOME, "USER": os.path.basename(HOME), "LOGNAME": os.path.basename(HOME)}


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
    try:
        found = importlib.util.find_spec(package.partition(".")[0])
    except (ImportError, ValueError):
        return []
    if found is None:
        return []
    return list(found.submodule_search_locations or ([found.origin] if found.has_location else []))
