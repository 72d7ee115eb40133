"""Import what the notebooks of a class import, once for all of them, where nobody could notice.

A module is tried out in a process of its own first. One that raises an error, ends the process or leaves a thread
running is left to the notebooks: a fork has none of the threads of the process that it was forked from.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
from collections.abc import Iterable, Sequence

_LIMIT = 60  # s that one module may take; a large library may come from a cold disk
_ALONE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # these pools of threads survive a fork
_TASKS = "/proc/self/task"  # a folder with an entry for each thread of this process
_imported: set[str] = set()


def import_harmless(modules: Sequence[str]) -> list[str]:
    """Import those of these modules that do no harm, and return their names.

    Parameters
    ----------
    modules : sequence of str
        ``scipy.stats`` for ``import scipy.stats``, and ``scipy:stats`` for ``from scipy import stats``.
    """
    harmless: list[str] = []
    rest = list(modules)
    while rest:
        done = _try(rest)
        harmless += [name for name, works in zip(rest, done, strict=False) if works]
        rest = rest[len(done) + 1 :]  # the next one has ended the trial
    for name in harmless:
        with contextlib.suppress(Exception):
            _import(name)
    _imported.update(_package(name) for name in harmless)
    return harmless


def forget_shadowed(folder: str) -> None:
    """Forget the modules of which the working directory has another one of the same name: a notebook means that.

    Modules of Python's own library stay: a kernel looks there before it looks in the working directory.
    """
    beside = {name for name in _imported - sys.stdlib_module_names if _holds(folder, name)}
    if beside:
        for name in [name for name in sys.modules if _package(name) in beside]:
            del sys.modules[name]


def _holds(folder: str, name: str) -> bool:
    """Return whether there is a module or a package of this name in a folder."""
    place = os.path.join(folder, name)
    return os.path.isfile(f"{place}.py") or os.path.isfile(os.path.join(place, "__init__.py"))


def _package(name: str) -> str:
    return re.split("[.:]", name)[0]


def _import(name: str) -> None:
    module, _, attribute = name.partition(":")
    __import__(module, fromlist=[attribute] if attribute else [])


def _try(modules: Iterable[str]) -> list[bool]:
    """Import modules one after the other in a process that ends then; return which of them can be imported.

    The result is shorter than ``modules`` if one of them has ended the process, or left a thread, or taken too long.
    """
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            _report_imports(modules, theirs)
        os._exit(0)
    os.close(theirs)
    done = b""
    with contextlib.suppress(OSError):
        while select.select([ours], [], [], _LIMIT)[0] and (more := os.read(ours, 1024)):
            done += more
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ours)
    return [byte == ord("y") for byte in done]


def _report_imports(modules: Iterable[str], report: int) -> None:
    os.environ.update(dict.fromkeys(_ALONE, "1"))
    threads = len(os.listdir(_TASKS))
    for name in modules:
        try:
            _import(name)
        except Exception:
            works = False
        else:
            works = True
        if len(os.listdir(_TASKS)) > threads:
            return
        os.write(report, b"y" if works else b"n")
