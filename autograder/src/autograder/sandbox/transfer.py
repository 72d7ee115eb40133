"""Copy the files of a folder into a sandbox, and what has changed out of it again.

The archive that comes out was made by the supervisor, but of files whose names and contents the submission chose. So
only plain files and folders are copied, and nothing is written outside of the folder.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import stat
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from autograder.faults import raise_fault_of_the_machine
from autograder.sandbox.limits import BYTES_PER_FILE, show

_BLOCK = 4096  # bytes; a file fills whole blocks

Snapshot = dict[str, tuple[int, int]]  # by relative path: size in bytes, and time of the last change in ns


class TooLarge(ValueError):
    """The files of a folder add up to more than is allowed."""


def pack(
    folder: Path, archive: BinaryIO, limit: int, known: Snapshot | None = None, without: Collection[str] = ()
) -> None:
    """Write the files of ``folder`` to ``archive``, except for links, devices and what is mounted there.

    Parameters
    ----------
    folder : Path
        The folder; files in its subfolders are written too.
    archive : binary file
        Open for writing.
    limit : int
        Bytes that the files may fill once they are unpacked.
    known : dict, optional
        Of `take_snapshot`: files that are still the same are left out.
    without : collection of str
        Absolute paths of folders that are left out.

    Raises
    ------
    TooLarge
        If the files would fill more than ``limit`` bytes.
    """
    left, count = limit, 0
    # Hard links are written as files of their own (dereference), because `unpack` makes no links.
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for name, state in _walk(folder, without):
            if known is not None and known.get(name) == _describe(state):
                continue
            left, count = left - _round_up(_describe(state)[0]), count + 1
            if left < 0 or count * BYTES_PER_FILE > limit:
                raise TooLarge(f"the files in its folder add up to more than {show(limit)}")
            _add(tar, folder / name, name)


def unpack(archive: BinaryIO, folder: Path) -> None:
    """Write the files in ``archive`` to ``folder``, and nowhere else.

    Members that would be written elsewhere, over a link or through one, and those that cannot be written are left out.

    Raises
    ------
    OSError
        If the machine is at fault that one cannot be written: its disk is full, for example.
    """
    archive.seek(0)
    inside = folder.resolve()
    with tarfile.open(fileobj=archive, mode="r:") as tar:
        for member in tar:
            target = inside / member.name
            try:
                if ".." in target.parts or target.is_symlink() or not target.parent.resolve().is_relative_to(inside):
                    continue
                if member.isdir():
                    target.mkdir(exist_ok=True)
                elif source := tar.extractfile(member) if member.isreg() else None:
                    _write(source, target, member)
            except OSError as error:
                raise_fault_of_the_machine(error)


def take_snapshot(folder: Path) -> Snapshot:
    """Return size and time of the last change of every file in ``folder``, for `pack` to tell what has changed."""
    return {name: _describe(state) for name, state in _walk(folder)}


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file or folder. One that cannot be opened is left out, unless that is the machine's fault."""
    try:
        file = None if path.is_dir() else path.open("rb")
    except OSError as error:
        raise_fault_of_the_machine(error)
        return
    if file is None:
        tar.add(path, name, recursive=False)
    else:
        with file:
            tar.addfile(tar.gettarinfo(arcname=name, fileobj=file), file)


def _round_up(size: int) -> int:
    return math.ceil(size / _BLOCK) * _BLOCK


def _walk(folder: Path, without: Collection[str] = ()) -> Iterator[tuple[str, os.stat_result]]:
    for root, folders, files in os.walk(folder, onerror=raise_fault_of_the_machine):
        paths = {name: os.path.join(root, name) for name in folders}
        folders[:] = [name for name, path in paths.items() if path not in without and not os.path.ismount(path)]
        for name in sorted(folders) + sorted(files):
            path = os.path.join(root, name)
            with contextlib.suppress(OSError):
                state = os.lstat(path)
                if stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode):
                    yield os.path.relpath(path, folder), state


# The time of the last change (ctime) cannot be set by a program, unlike that of the last modification.
def _describe(state: os.stat_result) -> tuple[int, int]:
    return (state.st_size, state.st_ctime_ns) if stat.S_ISREG(state.st_mode) else (0, 0)


def _write(source: IO[bytes], target: Path, member: tarfile.TarInfo) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)
    target.chmod(0o644 | member.mode & 0o111)
    os.utime(target, (member.mtime, member.mtime))
