"""No sandbox: kernels have all rights of the person who starts them.

For one's own work, and for machines that are a sandbox themselves. Only the time and the output are limited.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, ClassVar

from autograder.sandbox.base import Obstacle, Place


class NoSandbox:
    """The grader's side; see `autograder.sandbox.base.Sandbox`."""

    confines: ClassVar[bool] = False

    def __init__(self, modules: Iterable[str] = (), visible: Iterable[str] = ()):
        self.view: list[str] = []  # everything is visible

    def find_obstacle(self) -> Obstacle | None:
        """Return None: nothing is needed."""
        return None

    def command(self) -> list[str]:
        """Return no words."""
        return []

    def environment(self, env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
        """Return all variables."""
        return dict(env)

    def refuse(self, folder: str) -> None:
        """Accept every folder."""

    def place(self, folder: str) -> str:
        """Return the folder itself."""
        return folder

    def pack(self, folder: Path, archive: BinaryIO, limit: int) -> None:
        """Write nothing: the kernel works in the folder itself."""


class NoConfinement:
    """The other side; see `autograder.sandbox.base.Confinement`.

    The supervisor ends the kernel's process group by itself. There is nothing else to do.
    """

    socket_prefix = ""  # the kernel has the sockets that its connection file names

    def __init__(self, view: list[str]):
        pass

    def prepare(self) -> None:
        """Do nothing."""

    def admit(self, child: socket.socket, pid: int) -> None:
        """Do nothing."""

    def enter(self, parent: socket.socket, folder: Path, inbox: int, limits: dict[str, int]) -> Place:
        """Do nothing: the kernel works in the folder itself."""
        return Place(folder, {})

    def confine(self, limits: dict[str, int]) -> None:
        """Do nothing."""

    def serve(self, kernel: int) -> None:
        """Do nothing."""

    def processes(self) -> Iterable[int]:
        """Return no processes: a notebook's could not be told from all others of the person."""
        return []

    def stored(self) -> int:
        """Return nothing: files are not limited."""
        return 0

    def assign_core(self, kernel: int, core: int) -> None:
        """Do nothing: a kernel may use every core, as the person may who has started it."""

    def kill(self) -> None:
        """Do nothing."""

    def wait(self) -> None:
        """Do nothing."""

    def save(self, outbox: int, limit: int) -> None:
        """Write nothing."""
