"""What one notebook may use of the machine."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterable

from traitlets import Integer
from traitlets.config import Configurable

OPEN_FILES = 4096  # of all processes together: a socket may hold 200 kB that are counted nowhere
_MOMENT = 0.1  # s, between two looks
_LONGEST = 0.5  # s, between two close looks at memory, which cost more
_SHARE = 10  # they take no more than one part in ten of the time, if that can be


class Limits(Configurable):
    """The limits of one notebook; in ``nbgrader_config.py`` for example ``c.Limits.memory = 8 * 2**30``.

    By default 30 minutes in all, 4 GiB of memory, 256 processes and threads, 1 GiB of files and 10 MB of output.
    The limit of a single cell is nbgrader's own ``c.Execute.timeout``. Memory, processes and files are limited in
    the sandbox only.
    """

    time = Integer(
        1800, min=1, help="Seconds that a notebook may take from its first cell to its last when it is graded."
    ).tag(config=True)
    memory = Integer(4 * 2**30, min=2**20, help="Bytes that all processes of a notebook may hold together.").tag(
        config=True
    )
    processes = Integer(256, min=1, help="Processes and threads that a notebook may have at one time.").tag(config=True)
    disk = Integer(2**30, min=2**20, help="Bytes of files in its folder, /tmp and /dev/shm together.").tag(config=True)
    output = Integer(10_000_000, min=1000, help="Bytes of output that are kept; what comes later is cut off.").tag(
        config=True
    )

    def as_dict(self) -> dict[str, int]:
        """Return the limits as plain data."""
        return {name: getattr(self, name) for name in ("time", "memory", "processes", "disk", "output")}


def show(size: int) -> str:
    """Return a number of bytes in the largest unit that makes it at least one."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


class Watch:
    """Looks, from outside, at what one notebook uses.

    Parameters
    ----------
    limits : dict
        `Limits` as plain data.
    boxed : bool
        Whether /proc is the sandbox's: it lists the notebook's processes and no others, but for number 1. Without
        a sandbox the time is all that is watched.
    """

    def __init__(self, limits: dict[str, int], *, boxed: bool):
        self._limits = limits
        self._boxed = boxed
        self._next = self._next_close = 0.0
        self._deadline = math.inf

    def begin(self) -> None:
        """Count the time from now on; before, it is nobody's."""
        self._deadline = time.monotonic() + self._limits["time"]

    def find_excess(self) -> str:
        """Return what the notebook has used too much of, or an empty string; it may be asked at any time."""
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + _MOMENT
        if now > self._deadline:
            return f"it ran longer than {self._limits['time']} s in total"
        if not self._boxed:
            return ""
        running = [_read_status(int(pid)) for pid in os.listdir("/proc") if pid.isdigit() and pid != "1"]
        running = [status for status in running if status]
        if sum(status.get("Threads", 0) for status in running) >= self._limits["processes"]:
            return f"it had more than {self._limits['processes']} processes and threads"
        if sum(map(_count_files, running)) > OPEN_FILES:
            return f"it had more than {OPEN_FILES} open files"
        # What processes share counts for each of them in this sum; only if it is too high, look more closely.
        if sum(map(_bytes_of, running)) > self._limits["memory"] and now > self._next_close:
            return self._look_closely(running)
        return ""

    def _look_closely(self, running: list[dict[str, int]]) -> str:
        spent = time.process_time()
        used = sum(map(self._share_of_memory, running))
        pause = min(_LONGEST, _SHARE * (time.process_time() - spent))
        self._next_close = time.monotonic() + pause
        return f"it used more than {show(self._limits['memory'])} of memory" if used > self._limits["memory"] else ""

    def _share_of_memory(self, status: dict[str, int]) -> int:
        """Return the bytes a process holds, with its part of what it shares with others."""
        with contextlib.suppress(OSError), open(f"/proc/{status['pid']}/smaps_rollup") as file:
            status = status | {"VmRSS": _read_numbers(file)["Pss"]}
        return _bytes_of(status)


def _read_status(pid: int) -> dict[str, int]:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", errors="replace") as file:
        return {"pid": pid} | _read_numbers(file)
    return {}  # it has just ended


def _count_files(status: dict[str, int]) -> int:
    """Return the number of open files of a process; one that hides them may have as many as there can be."""
    try:
        return len(os.listdir(f"/proc/{status['pid']}/fd"))
    except PermissionError:
        lives = "VmSize" in _read_status(status["pid"])  # one that has ended and waits for its parent has none
        return OPEN_FILES * lives
    except OSError:  # it has just ended
        return 0


def _bytes_of(status: dict[str, int]) -> int:
    return 1024 * sum(status.get(name, 0) for name in ("VmRSS", "VmPTE", "VmSwap"))


def _read_numbers(lines: Iterable[str]) -> dict[str, int]:
    words = (line.split() for line in lines)
    return {pair[0].rstrip(":"): int(pair[1]) for pair in words if pair[1:] and pair[1].isdecimal()}
