"""What Linux itself limits for a process and each one that it starts."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox.limits import OPEN_FILES


def limit_process(limits: dict[str, int]) -> None:
    """Have Linux limit this process and each one that it starts, for good.

    Parameters
    ----------
    limits : dict
        `Limits` as plain data.
    """
    # If the machine runs out of memory, Linux ends the process with the highest score first: a notebook, no grader.
    Path("/proc/self/oom_score_adj").write_text("1000")
    # RLIMIT_DATA counts what was inherited from the fork server as well.
    private = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) * 1024
    set_limit(resource.RLIMIT_DATA, private + limits["memory"])
    set_limit(resource.RLIMIT_FSIZE, limits["disk"])
    set_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    set_limit(resource.RLIMIT_CORE, 0)


def set_limit(which: int, value: int) -> None:
    """Set a resource limit for good: a lower one that is there already stays."""
    _, most = resource.getrlimit(which)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(which, (value, value))


def keep_on_core(list_threads: Callable[[], set[int]], core: int) -> None:
    """Have these threads, and all that they start from now on, run on one processor core."""
    done: set[int] = set()
    # A thread that was not moved yet may start another one meanwhile: look until there is no new one.
    while found := list_threads() - done:
        for thread in found:
            with contextlib.suppress(OSError):  # it has ended
                os.sched_setaffinity(thread, [core])
        done |= found
