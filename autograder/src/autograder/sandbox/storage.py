"""How much room the files of a notebook take, where it has no file system of its own that would be full.

The notebook goes on meanwhile. So folders are opened one within the other, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox.limits import BYTES_PER_FILE

_DEEPEST = 300  # folders within folders; files that lie deeper count as too much
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_ONLY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def measure(folder: Path, processes: Iterable[int]) -> int:
    """Return the bytes of the files in a folder, and of those that these processes have open after deleting them.

    Many small files count as if each of them had `BYTES_PER_FILE`.
    """
    opened = os.open(folder, _FOLDER)
    size, count = _measure(opened, _DEEPEST)
    device = os.stat(folder).st_dev
    deleted = {state.st_ino: state.st_blocks * 512 for state in _deleted(processes) if state.st_dev == device}
    return max(size + sum(deleted.values()), count * BYTES_PER_FILE)


def _measure(folder: int, depth: int) -> tuple[int, int]:
    """Return the bytes and the number of the files in an open folder, which is closed then."""
    size = count = 0
    try:
        for name, state in _states(folder):
            size, count = size + state.st_blocks * 512, count + 1
            if stat.S_ISDIR(state.st_mode):
                if depth == 0:
                    return sys.maxsize, count
                with contextlib.suppress(OSError):  # it was removed
                    inner_size, inner_count = _measure(_open(name, folder), depth - 1)
                    size, count = size + inner_size, count + inner_count
    finally:
        os.close(folder)
    return size, count


def _states(folder: int) -> list[tuple[str, os.stat_result]]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it was removed
                found.append((entry.name, entry.stat(follow_symlinks=False)))
    return found


def _open(name: str, folder: int) -> int:
    """Open a folder, also one that its owner has closed to himself."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        opened = os.open(name, _NAME_ONLY, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{opened}", 0o700)
        finally:
            os.close(opened)
        return os.open(name, _FOLDER, dir_fd=folder)


def _deleted(processes: Iterable[int]) -> Iterable[os.stat_result]:
    for process in processes:
        with contextlib.suppress(OSError):  # it has ended
            for number in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):  # it was closed
                    state = os.stat(f"/proc/{process}/fd/{number}")
                    if stat.S_ISREG(state.st_mode) and state.st_nlink == 0:
                        yield state
