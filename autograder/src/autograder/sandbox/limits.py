"""What one notebook may use of the machine, and how that is measured."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterable

from traitlets import Integer
from traitlets.config import Configurable

# Of all processes together. A socket may hold 200 kB of Linux's own memory, which counts for no process.
OPEN_FILES = 4096
SPARE_PROCESSES = 64  # above the limit, so that the usage monitor ends the kernel first and gives the reason
BYTES_PER_FILE = 2**14  # one file is allowed for so many bytes of disk
_TRAFFIC = 10  # bytes of messages per byte of output
_PERIOD = 0.1  # s, between two measurements
# The exact measurement of memory and that of files cost more. They are repeated so rarely that each takes a tenth of
# the time, but at least every half second.
_PART_OF_TIME = 10
_LONGEST_PERIOD = 0.5  # s
_MEMORY = "VmRSS"  # in /proc/PID/status: what a process holds in memory, in KiB


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


def max_traffic(limits: dict[str, int]) -> int:
    """Return how many bytes of messages a kernel may send.

    A message is larger than the text that it shows. But ten times the output that is kept is no output any more: it is
    an attempt to do harm.
    """
    return _TRAFFIC * limits["output"]


def show(size: int) -> str:
    """Return a number of bytes in the largest unit that makes it at least one."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


class UsageMonitor:
    """Measures, in the supervisor, what one notebook uses.

    The limits that Linux itself enforces (`autograder.sandbox.resources`) are for one process each; these are for all
    processes of a notebook together.

    Parameters
    ----------
    limits : dict
        `Limits` as plain data.
    list_processes : callable
        Returns the processes of the notebook. If there are none, only the time is limited.
    measure_files : callable
        Returns the bytes of all files of the notebook, or 0 if Linux itself limits them.
    """

    def __init__(
        self,
        limits: dict[str, int],
        list_processes: Callable[[], Iterable[int]],
        measure_files: Callable[[], int] = int,
    ):
        self._limits = limits
        self._list_processes, self._measure_files = list_processes, measure_files
        self._next = self._next_exact = self._next_files = 0.0
        self._deadline = math.inf

    def begin(self) -> None:
        """Limit the time from now on: what a kernel waits before its first cell counts for nobody."""
        self._deadline = time.monotonic() + self._limits["time"]

    def find_excess(self) -> str:
        """Return which limit the notebook exceeds, or an empty string. Calls that follow closely cost nothing."""
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + _PERIOD
        if now > self._deadline:
            return f"it ran longer than {self._limits['time']} s in total"
        running = [status for status in map(_read_status, self._list_processes()) if status]
        return self._measure(running) if running else ""

    def _measure(self, running: list[dict[str, int]]) -> str:
        if sum(status.get("Threads", 0) for status in running) >= self._limits["processes"]:
            return f"it had more than {self._limits['processes']} processes and threads"
        if sum(map(_count_files, running)) > OPEN_FILES:
            return f"it had more than {OPEN_FILES} open files"
        if time.monotonic() > self._next_files:
            used, self._next_files = _measure(self._measure_files)
            if used > self._limits["disk"]:
                return f"its files add up to more than {show(self._limits['disk'])}"
        # This sum counts memory that processes share once for each of them, so it is never too low. Only if it is
        # above the limit, the exact value is worth its cost.
        if sum(map(_bytes_of, running)) > self._limits["memory"] and time.monotonic() > self._next_exact:
            return self._measure_memory(running)
        return ""

    def _measure_memory(self, running: list[dict[str, int]]) -> str:
        used, self._next_exact = _measure(lambda: sum(map(self._share_of_memory, running)))
        return f"it used more than {show(self._limits['memory'])} of memory" if used > self._limits["memory"] else ""

    def _share_of_memory(self, status: dict[str, int]) -> int:
        """Return the bytes that a process holds, with its proportional part (Pss) of what it shares with others."""
        try:
            with open(f"/proc/{status['pid']}/smaps_rollup") as file:
                status = status | {_MEMORY: _read_numbers(file)["Pss"]}
        except OSError:  # it has ended, and what it shared is that of the others; or it hides this, and all counts
            status = _read_status(status["pid"])
        return _bytes_of(status)


def _measure(measure: Callable[[], int]) -> tuple[int, float]:
    """Return what is measured, and when the next measurement may begin."""
    spent = time.thread_time()
    used = measure()
    pause = min(_LONGEST_PERIOD, _PART_OF_TIME * (time.thread_time() - spent))
    return used, time.monotonic() + pause


def _read_status(pid: int) -> dict[str, int]:
    """Return the numbers in /proc/PID/status, or nothing if the process has just ended.

    If the first thread has ended and others run, its file says nothing about memory: then ``pid`` is another thread.
    """
    status = _read_thread(pid)
    if status and _MEMORY not in status:
        with contextlib.suppress(OSError):
            others = map(_read_thread, map(int, os.listdir(f"/proc/{pid}/task")))
            return next((other for other in others if _MEMORY in other), status)
    return status


def _read_thread(number: int) -> dict[str, int]:
    with contextlib.suppress(OSError), open(f"/proc/{number}/status", errors="replace") as file:
        return {"pid": number} | _read_numbers(file)
    return {}


def _count_files(status: dict[str, int]) -> int:
    """Return the number of open files of a process; one that hides them counts as if it had all that are allowed."""
    try:
        return len(os.listdir(f"/proc/{status['pid']}/fd"))
    except PermissionError:
        lives = _MEMORY in _read_status(status["pid"])  # a zombie has no memory and no open files
        return OPEN_FILES * lives
    except OSError:  # it has just ended
        return 0


def _bytes_of(status: dict[str, int]) -> int:
    """Return the bytes of a process: resident memory, page tables and swap, which /proc has in KiB."""
    return 1024 * sum(status.get(name, 0) for name in (_MEMORY, "VmPTE", "VmSwap"))


def _read_numbers(lines: Iterable[str]) -> dict[str, int]:
    words = (line.split() for line in lines)
    return {pair[0].rstrip(":"): int(pair[1]) for pair in words if pair[1:] and pair[1].isdecimal()}
