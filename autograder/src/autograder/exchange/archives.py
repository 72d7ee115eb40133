"""Read zip files and folders that others have packed: nothing is written outside, and nothing without a limit.

nbgrader's own extractor, ``ExtractorPlugin``, unpacks whatever an archive holds, archives in archives included, before
anybody has looked at it. Here every name and size is looked at first, and only files of students are unpacked.
"""

from __future__ import annotations

import contextlib
import lzma
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from autograder.course.coursedir import CourseError
from autograder.course.files import find_links
from autograder.course.text import has_surrogates, shorten
from autograder.exchange.problems import Unplaced

_LARGEST = 500_000_000  # bytes of one file, unpacked
_LARGEST_TOTAL = 10_000_000_000
_MOST_FILES = 100_000
_BLOCK = 1_000_000  # bytes to unpack at once
_LONGEST = 240  # bytes of one part of a path; file systems allow 255
_LONGEST_PATH = 1000
_UTF8 = 0x800  # the flag of a zip file's entry whose name is UTF-8
_ENCRYPTED = 0x1
_SHOWN = 100  # characters of a name that is refused
_DRIVE = re.compile(r"[A-Za-z]:")
# What operating systems, Jupyter and git leave beside people's work. A Mac leaves ._NAME for each NAME, too.
_CLUTTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".git", ".ipynb_checkpoints", "__pycache__"}
# What zipfile, and the modules that it unpacks with, raise for a damaged file; bz2 and seek raise OSError.
_CANNOT_UNPACK = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, RuntimeError),
)


@dataclass(frozen=True)
class File:
    """A file in an archive or a folder.

    Attributes
    ----------
    path : PurePosixPath
        Where it is in there.
    size : int
        Its bytes, unpacked.
    modified : float
        When it was changed, in seconds since the epoch, as far as the archive knows.
    fault : str
        Why it must not be unpacked; empty if it can be.
    open : callable
        Returns the open file.
    """

    path: PurePosixPath
    size: int
    modified: float
    fault: str
    open: Callable[[], IO[bytes]]

    def read(self) -> bytes:
        """Return what is in the file.

        Raises
        ------
        Unplaced
            If it must not, or cannot, be unpacked.
        """
        return b"".join(self._blocks())

    def copy_to(self, target: Path) -> None:
        """Write the file, and the folders that it is in.

        Raises
        ------
        Unplaced
            If it must not, or cannot, be unpacked.
        OSError
            If it cannot be written.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            for block in self._blocks():
                copy.write(block)
        if self.modified > 0:  # of a notebook in two forms, the newer one counts
            os.utime(target, (self.modified, self.modified))

    def _blocks(self) -> Iterator[bytes]:
        """Yield what is in the file. An error of whoever writes it down is not caught here."""
        if self.fault:
            raise Unplaced(f"{shorten(str(self.path), _SHOWN)} {self.fault}")
        try:
            with self.open() as source:
                while block := source.read(_BLOCK):
                    yield block
        except _CANNOT_UNPACK as error:
            raise Unplaced(f"{self.path} cannot be unpacked: {error}") from error


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[list[File]]:
    """Yield the files in a zip file or a folder, without what systems and programs leave there.

    Raises
    ------
    CourseError
        If it is neither, or if it holds names that lead elsewhere, or more than there can be of honest work.
    OSError
        If it cannot be read.
    """
    if path.is_dir():
        yield _without_clutter(check_total(_list_folder(path), path))
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError) as error:
        raise CourseError(f"{path} is no folder and no zip file that can be read: {error}") from error
    with archive:
        yield _without_clutter(check_total(_list_zip(archive, path), path))


def check_total(files: Iterable[File], path: Path) -> list[File]:
    """Return files that are to be unpacked, of the archive at ``path``.

    Raises
    ------
    CourseError
        If they are more, or larger, than there can be of honest work.
    """
    listed = []
    total = 0
    for number, file in enumerate(files, start=1):
        total += 0 if file.fault else file.size
        if number > _MOST_FILES:
            raise CourseError(f"{path} holds more than {_MOST_FILES:,} files; refused at {file.path}")
        if total > _LARGEST_TOTAL:
            raise CourseError(f"{path} would unpack to more than {_LARGEST_TOTAL / 1e9:g} GB; refused at {file.path}")
        listed.append(file)
    return listed


def _without_clutter(files: Iterable[File]) -> list[File]:
    kept: dict[PurePosixPath, File] = {}
    for file in files:
        if not any(part in _CLUTTER or part.startswith("._") for part in file.path.parts):
            again = file.path in kept
            kept[file.path] = replace(file, fault="is there twice") if again else file
    return list(kept.values())


def _list_zip(archive: zipfile.ZipFile, path: Path) -> Iterator[File]:
    """Yield the files in a zip file. No LMS writes names that lead elsewhere: one such name, and all is refused."""
    for entry in archive.infolist():
        name = _name(entry).replace("\\", "/")
        if reason := _why_unsafe(name):
            raise CourseError(f"{path} is refused: the name {shorten(name, _SHOWN)} {reason}")
        if not name.endswith("/"):
            place = _path(name)
            fault = _fault_of_entry(entry) or _fault(place, entry.file_size)
            yield File(place, entry.file_size, _time(entry), fault, partial(archive.open, entry))


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry. Macs, and some servers, write UTF-8 without the flag that says so."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8:
        name = name.encode("cp437").decode("utf-8", "surrogateescape")
    # Some programs write the name a second time, as UTF-8, and zipfile has found it.
    return entry.filename if has_surrogates(name) and entry.filename != entry.orig_filename else name


def _why_unsafe(name: str) -> str:
    """Return why no file may have this name; empty if one may."""
    if has_surrogates(name):
        return "is no UTF-8. Unpack the file, mend the name, and give the folder"
    if name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name) or "\0" in name:
        return "leads out of it"
    if not PurePosixPath(name).parts and not name.endswith("/"):
        return "is empty"
    return ""


def _path(name: str) -> PurePosixPath:
    """Return a path with each umlaut as one character. Macs write two, and then it is no longer the assignment's."""
    return PurePosixPath(unicodedata.normalize("NFC", name))


def _fault_of_entry(entry: zipfile.ZipInfo) -> str:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "is a link or no ordinary file"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return ""


def _fault(path: PurePosixPath, size: int) -> str:
    if size > _LARGEST:
        return f"would be {size / 1e9:.1f} GB, more than {_LARGEST / 1e9:g} GB, when unpacked"
    if has_surrogates(str(path)):
        return "has a name that is no UTF-8"
    if len(bytes(path)) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST for part in path.parts):
        return "has a name that is too long"
    return ""


def _time(entry: zipfile.ZipInfo) -> float:
    try:
        return datetime(*entry.date_time).timestamp()
    except (ValueError, OverflowError):  # anything can stand there
        return 0.0


def _list_folder(folder: Path) -> Iterator[File]:
    links = set(find_links(folder))
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _CLUTTER)
        linked = [name for name in folders if Path(root, name) in links]
        for name in sorted([*names, *linked]):
            path = Path(root, name)
            place = _path(path.relative_to(folder).as_posix())
            if path in links:
                yield File(place, 0, 0.0, "is a link or no ordinary file", partial(_open, path))
                continue
            details = path.stat()
            fault = _fault(place, details.st_size)
            yield File(place, details.st_size, details.st_mtime, fault, partial(_open, path))


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")
