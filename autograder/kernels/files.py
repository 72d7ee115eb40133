"""Carry the files of a folder into a sandbox and what has changed out again: plain files and folders only."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from autograder.kernels.limits import show

State = dict[str, tuple[int, int]]  # by relative path: size, and when it last changed


class TooLarge(ValueError):
    """The files of a folder add up to more than is allowed."""


def pack(
    folder: Path, archive: BinaryIO, limit: int, known: State | None = None, without: Collection[str] = ()
) -> None:
    """Write the files of ``folder`` that are not as in ``known`` to ``archive``.

    Links, devices, what is mounted there and the paths in ``without`` are left out.

    Raises
    ------
    TooLarge
        If they would fill more than ``limit`` bytes once they are unpacked.
    """
    room = limit
    # Hard links become files of their own.
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for name, state in _walk(folder, without):
            if known is not None and known.get(name) == _describe(state):
                continue
            room -= _describe(state)[0]
            if room < 0:
                raise TooLarge(f"the files in its folder add up to more than {show(limit)}")
            with contextlib.suppress(OSError):
                tar.add(folder / name, name, recursive=False)


def unpack(archive: BinaryIO, folder: Path) -> None:
    """Write the files in ``archive`` to ``folder``, and nowhere else; what cannot be written there is left out."""
    archive.seek(0)
    inside = folder.resolve()
    with tarfile.open(fileobj=archive, mode="r") as tar:
        for member in tar:
            target = inside / member.name
            if ".." in target.parts or target.is_symlink() or not target.parent.resolve().is_relative_to(inside):
                continue
            with contextlib.suppress(OSError):
                if member.isdir():
                    target.mkdir(exist_ok=True)
                elif member.isreg():
                    _write(tar.extractfile(member), target, member)


def states(folder: Path) -> State:
    """Return the state of every file in ``folder``, from which `pack` can tell what has changed since."""
    return {name: _describe(state) for name, state in _walk(folder)}


def _walk(folder: Path, without: Collection[str] = ()) -> Iterator[tuple[str, os.stat_result]]:
    for root, folders, files in os.walk(folder):
        paths = {name: os.path.join(root, name) for name in folders}
        folders[:] = [name for name, path in paths.items() if path not in without and not os.path.ismount(path)]
        for name in sorted(folders) + sorted(files):
            path = os.path.join(root, name)
            with contextlib.suppress(OSError):
                state = os.lstat(path)
                if stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode):
                    yield os.path.relpath(path, folder), state


def _describe(state: os.stat_result) -> tuple[int, int]:
    return (state.st_size, state.st_ctime_ns) if stat.S_ISREG(state.st_mode) else (0, 0)


def _write(source: BinaryIO, target: Path, member: tarfile.TarInfo) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)
    target.chmod(0o644 | member.mode & 0o111)
    os.utime(target, (member.mtime, member.mtime))
