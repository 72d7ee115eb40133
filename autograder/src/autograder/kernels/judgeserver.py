"""The judge server: it forks the judges of several notebooks, one after the other, in a sandbox that they share.

A sandbox costs several times as much as a judge does in a small notebook. Judges run no code of a submission, so they
can share one, as long as none finds what another one has left there: a judge server that cannot be sure of that ends.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import socket
import stat
import sys
from collections.abc import Iterator
from typing import NoReturn

from autograder.judge import process
from autograder.judge.shell import PreparedShell

READY = b"\1"
_IDLE_LIMIT = 60  # s without a judge after which it ends
_INIT = 1  # the number of the process that Linux starts a PID namespace with
_PLACES = ("/tmp", "/dev/shm", "~", ".")  # where a judge can write in the sandbox
_CACHE = "__pycache__"  # what Python writes there follows from the sources

State = dict[str, tuple[int, int, int]]


def serve(prepared: PreparedShell, channel: int) -> None:
    """Fork a judge for each pair of sockets that comes from the grader: to the grader and to the notebook's kernel.

    When a judge has ended, send `READY`. Return if it has left processes or files, or the grader has gone.

    Parameters
    ----------
    prepared : PreparedShell
        The shell of the judges.
    channel : int
        Open file, which is connected to the grader.
    """
    connection = socket.socket(fileno=channel)
    prepared.activate()
    state = _read_state() if _is_alone() else None  # if there are others, this is no sandbox of its own
    while select.select([connection], [], [], _IDLE_LIMIT)[0]:
        _, files, _, _ = socket.recv_fds(connection, 1, 2)
        if len(files) != 2:
            return
        judge = os.fork()
        if judge == 0:
            connection.close()
            _be_judge(prepared, *files)
        for file in files:
            os.close(file)
        os.waitpid(judge, 0)
        if state is None or not _is_alone() or _read_state() != state:
            return
        with contextlib.suppress(OSError):
            connection.send(READY)


def _be_judge(prepared: PreparedShell, grader: int, kernel: int) -> NoReturn:
    try:
        reset_randomness()
        process.serve(prepared, grader, kernel)
    finally:
        os._exit(0)


def reset_randomness() -> None:
    """Have this process draw other random numbers than the one that it was forked from."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _is_alone() -> bool:
    """Return whether this is the only process of its PID namespace."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()} == {_INIT, os.getpid()}


def _read_state() -> State:
    """Return kind, size and time of the last change of every file in the places where a judge can write."""
    device = os.stat(".").st_dev  # the judge can write to this file system only
    return {path: state for place in _PLACES for path, state in _walk(os.path.expanduser(place), device)}


def _walk(place: str, device: int) -> Iterator[tuple[str, tuple[int, int, int]]]:
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it has gone meanwhile
                found = entry.stat(follow_symlinks=False)
                if entry.name != _CACHE and found.st_dev == device:
                    size, changed = found.st_size, found.st_ctime_ns
                    is_folder = stat.S_ISDIR(found.st_mode)  # which changes with what is in it
                    yield entry.path, (found.st_mode, *((0, 0) if is_folder else (size, changed)))
                    if is_folder:
                        yield from _walk(entry.path, device)
