"""What every sandbox has to do. `tests/engine/test_sandbox_conformance.py` checks it for all that there are.

A sandbox has two sides, because two programs work with it. The grader asks a `Sandbox` how to start the fork server.
The fork server and the processes that it forks call a `Confinement`, which shares no memory with the grader.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple, Protocol


class Obstacle(NamedTuple):
    """Why notebooks cannot be run in a sandbox here, and what to do about it."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.remedy}"


class Place(NamedTuple):
    """Where a kernel works.

    Attributes
    ----------
    folder : Path
        Its working directory.
    variables : dict of str to str
        Environment variables that have other values there.
    """

    folder: Path
    variables: dict[str, str]


class Sandbox(Protocol):
    """The grader's side of a sandbox, for one set of modules.

    Parameters
    ----------
    modules : iterable of str
        Modules that the kernels import: they have to be visible.
    visible : iterable of str
        Files and folders that have to be visible besides the system, the environment and the modules.

    Attributes
    ----------
    confines : bool
        Whether kernels are kept from the files and the network of this machine. If so, the kernel works on a copy of
        its folder, and its messages go through `autograder.sandbox.proxy.Proxy`.
    view : list of str
        The paths that are visible, all of them read-only. It is empty if everything is visible.
    """

    confines: ClassVar[bool]
    view: list[str]

    def __init__(self, modules: Iterable[str] = (), visible: Iterable[str] = ()): ...

    def find_obstacle(self) -> Obstacle | None:
        """Return why the sandbox does not work on this machine, or None if it does."""

    def command(self) -> list[str]:
        """Return the words that the command of the fork server has to begin with."""

    def environment(self, env: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
        """Return the environment variables that a kernel gets.

        Parameters
        ----------
        env : mapping of str to str
            The variables that Jupyter would give to the kernel.
        patterns : iterable of str
            Names, or patterns as in `fnmatch`, of variables that the kernel gets in any case.
        """

    def refuse(self, folder: str) -> None:
        """Raise `RuntimeError` if a notebook cannot work in this folder."""

    def place(self, folder: str) -> str:
        """Return where a notebook finds this folder that works on it, or on a copy of it.

        `Confinement.enter` may decide otherwise.
        """

    def pack(self, folder: Path, archive: BinaryIO, limit: int) -> None:
        """Write the files that the kernel gets to ``archive``.

        Parameters
        ----------
        folder : Path
            The kernel's working directory, as the grader sees it.
        archive : binary file
            It is given to `Confinement.enter`.
        limit : int
            Bytes that the files may have together.

        Raises
        ------
        autograder.sandbox.transfer.TooLarge
            If they have more.
        """


class Confinement(Protocol):
    """The other side of a sandbox: what the fork server, the supervisor and the kernel process call, in this order.

    Every forked process has a copy of the object. `prepare` and `admit` are called in the fork server, `confine` in
    the kernel process, everything else in the supervisor.

    Parameters
    ----------
    view : list of str
        `Sandbox.view`.

    Attributes
    ----------
    socket_prefix : str
        What the paths of the kernel's sockets begin with, if the sandbox confines. Known after `enter`.
    """

    socket_prefix: str

    def __init__(self, view: list[str]): ...

    def prepare(self) -> None:
        """Do what has to be done once, in the fork server, before it forks."""

    def admit(self, child: socket.socket, pid: int) -> None:
        """In the fork server, after it has forked: help the supervisor ``pid`` to `enter`.

        Parameters
        ----------
        child : socket.socket
            Connected to the one that `enter` gets.
        pid : int
            The supervisor's process.
        """

    def enter(self, parent: socket.socket, folder: Path, inbox: int, limits: dict[str, int]) -> Place:
        """In the supervisor, before it forks the kernel: set up the kernel's part of the sandbox, with its files.

        Parameters
        ----------
        parent : socket.socket
            Connected to the one that `admit` gets.
        folder : Path
            The kernel's working directory, as the grader sees it.
        inbox : int
            Open file with what `Sandbox.pack` has written.
        limits : dict
            `autograder.sandbox.limits.Limits` as plain data.

        Returns
        -------
        Place
            The same, as the kernel sees it.

        Raises
        ------
        OSError
            If this does not work here.
        """

    def confine(self, limits: dict[str, int]) -> None:
        """In the kernel process, before it runs anything: give up every right that a notebook must not have.

        Raises
        ------
        OSError
            If this does not work here.
        """

    def serve(self, kernel: int) -> None:
        """In the supervisor, once it has forked the kernel: begin to do what the notebook's processes ask for.

        Parameters
        ----------
        kernel : int
            The kernel process, which calls `confine` now.
        """

    def processes(self) -> Iterable[int]:
        """Return the processes of the notebook, by their numbers in /proc as the supervisor sees it.

        If there are none, memory, processes and files are not limited.
        """

    def stored(self) -> int:
        """Return the bytes of all files of the notebook, or 0 if Linux itself limits them."""

    def assign_core(self, kernel: int, core: int) -> None:
        """Have the kernel process, and all that it starts from now on, run on one processor core.

        Parameters
        ----------
        kernel : int
            The kernel process; it has run no cell yet.
        core : int
            The core's number.
        """

    def kill(self) -> None:
        """End what the notebook has started and what is out of reach for a signal to the kernel's process group."""

    def wait(self) -> None:
        """After `kill`: return once no process of the notebook runs any more."""

    def save(self, outbox: int, limit: int) -> None:
        """After `wait`: write the files that the notebook has made or changed to ``outbox``.

        Parameters
        ----------
        outbox : int
            Open file, for `autograder.sandbox.transfer.unpack`. It stays empty if the kernel worked in the real folder.
        limit : int
            Bytes that the files may have together.

        Raises
        ------
        autograder.sandbox.transfer.TooLarge
            If they have more.
        OSError
            If they cannot be read.
        """
