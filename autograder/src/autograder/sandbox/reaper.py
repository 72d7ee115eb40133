"""A process that ends all processes of one notebook at once, where they have no PID namespace that would end with them.

It stands in a Landlock domain between that of the supervisor, which has none, and that of the notebook: it can send
signals to the notebook's processes and to no others, and they cannot send it any. So Linux itself knows whom
``kill(-1)`` means, and no process is forked meanwhile. The reaper ends with the supervisor, also if that is killed, and
removes the notebook's folder at last.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from pathlib import Path
from typing import NoReturn

from autograder.sandbox import domain

_PERIOD = 0.005  # s, between two signals to those that have just been forked
# Other programs than Python's, because names may be as deep and permissions as odd as a submission likes.
_REMOVE = 'chmod -R u+rwx "$1"; exec rm -rf "$1"'


def start(leash: socket.socket, folder: Path) -> None:
    """In the kernel process, before it enters its own domain: start the reaper, as no child of this process.

    Parameters
    ----------
    leash : socket.socket
        Connected to the supervisor. The reaper sends its process number. After one byte it begins to kill, and when
        the other end is closed, it kills once more, removes the folder and ends.
    folder : Path
        The notebook's private folder.
    """
    domain.keep_signals()
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _run(leash, folder)
        os._exit(0)
    os.waitpid(child, 0)
    leash.close()


def _run(leash: socket.socket, folder: Path) -> NoReturn:
    try:
        _close_others(leash.fileno())
        os.setsid()
        leash.send(str(os.getpid()).encode())
        leash.recv(1)  # or the end
        while not select.select([leash], [], [], _PERIOD)[0] or leash.recv(1):
            _kill_all()
        _kill_all()
        os.execv("/bin/sh", ["sh", "-c", _REMOVE, "sh", str(folder)])
    finally:
        os._exit(1)


def _kill_all() -> None:
    with contextlib.suppress(OSError):  # there is nobody
        os.kill(-1, signal.SIGKILL)


def _close_others(kept: int) -> None:
    """Close all open files but one: others wait for the end of some of them."""
    os.closerange(0, kept)
    os.closerange(kept + 1, min(os.sysconf("SC_OPEN_MAX"), 65536))
