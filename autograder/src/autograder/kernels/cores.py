"""Share the processor cores of this machine among the kernels of all graders on it."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import threading
from collections.abc import Collection, Iterator

SEATS = 2  # kernels per core: one starts, or waits for its turn, while the cells of the other one run
_GRADERS = 2  # on one machine that avoid each other's cores; more of them share cores at random


def usable_cores() -> list[int]:
    """Return the numbers of the cores that this thread may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


CORES = len(usable_cores())


class Turns:
    """Lets one kernel of this process at a time run cells on a core.

    A kernel gets its core when its turn begins and not when it starts. So a core is never idle while a kernel that is
    ready waits for the end of another one.
    """

    def __init__(self) -> None:
        self._busy: set[int] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, cores: Collection[int]) -> Iterator[int]:
        """Wait until one of these cores is free, and hold it for as long as the ``with`` block runs.

        Parameters
        ----------
        cores : collection of int
            Numbers of the cores that the kernel may run on.

        Yields
        ------
        int
            The core's number. Where there is a choice, it is one that other graders use least.
        """
        with socket.socket(socket.AF_UNIX) as claim:
            with self._changed:
                self._changed.wait_for(lambda: set(cores) - self._busy)
                core = _choose(sorted(set(cores) - self._busy), claim)
                self._busy.add(core)
            try:
                yield core
            finally:
                claim.close()  # before the next one chooses a core, or it would find this one in use
                with self._changed:
                    self._busy.remove(core)
                    self._changed.notify_all()


def _choose(free: list[int], claim: socket.socket) -> int:
    """Return one of the free cores, and bind a name to ``claim`` that tells other graders of it.

    The name is an abstract socket address: it can be bound only once on a machine, and Linux frees it when its process
    ends in whatever way. So graders know of each other without files that could be left behind.
    """
    for place, core in itertools.product(range(_GRADERS), free):
        with contextlib.suppress(OSError):
            claim.bind(f"\0autograder-core-{core}-{place}")
            return core
    return random.choice(free)


TURNS = Turns()
