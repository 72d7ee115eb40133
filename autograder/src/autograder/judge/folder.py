"""Files that one side of the judge has written in its working directory, for the other side."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.judge.errors import NotData

_MOST_FILES = 2000
_MOST_BYTES = 2**26
_FOLDER = (-1, -1)  # in place of the time and size of a file


class Folder:
    """A working directory, with what is known of its files.

    Attributes
    ----------
    made : list of str
        The paths of folders that were new when `changes` was called.
    removed : list of str
        The paths of files and folders that had vanished when `changes` was called, those in a folder before it.
    """

    def __init__(self, root: Path):
        self._root, self._path = root, str(root)
        self._theirs: set[str] = set()
        self.made: list[str] = []
        self.removed: list[str] = []
        self._states = self._look()

    def place(self) -> str:
        """Return the path of the working directory of this process, relative to the folder."""
        here = os.getcwd()
        return "." if here == self._path else os.path.relpath(here, self._root)

    def enter(self, place: str) -> None:
        """Change the working directory of this process to a folder in this one, which is made if it is missing.

        Raises
        ------
        NotData
            If it is not in this folder.
        """
        if place == self.place():
            return
        target = os.path.normpath(os.path.join(self._root, place))
        if not Path(target).is_relative_to(self._root):
            raise NotData("the working directory is now a folder outside of the assignment's")
        os.makedirs(target, exist_ok=True)
        os.chdir(target)

    def paths(self) -> set[str]:
        """Return the paths of the files that are known."""
        return {path for path, state in self._states.items() if state != _FOLDER}

    def is_own(self, path: str) -> bool:
        """Return whether there is a file that the other side has not written."""
        return (self._root / path).is_file() and os.path.normpath(path) not in self._theirs

    def holds(self, path: str, content: bytes) -> bool:
        """Return whether a file has this content."""
        return (self._root / path).is_file() and (self._root / path).read_bytes() == content

    def changes(self) -> dict[str, bytes]:
        """Return the content of the files that are new or changed since the last call, by path, if it can be read.

        Raises
        ------
        NotData
            If there are too many files to look for changes, or to pass on.
        """
        states = self._look()
        if len(states) > _MOST_FILES:
            raise NotData(f"there are more than {_MOST_FILES} files and folders in the working directory")
        changed = [path for path, state in states.items() if self._states.get(path) != state]
        if sum(states[path][1] for path in changed) > _MOST_BYTES:
            raise NotData(f"more than {_MOST_BYTES} bytes of files have changed")
        self.removed = sorted(self._states.keys() - states.keys(), reverse=True)
        self.made = [path for path in changed if states[path] == _FOLDER]
        self._states = states
        return dict(self._contents(path for path in changed if states[path] != _FOLDER))

    def _contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            with contextlib.suppress(OSError):  # it cannot be read, or has vanished meanwhile
                yield path, (self._root / path).read_bytes()

    def make(self, path: str) -> None:
        """Make a folder that the other side has, and those it is in; a path outside of this one is left alone."""
        if (place := self._inside(path)) and not place.exists():
            self.make(os.path.dirname(path))
            place.mkdir()
            self._states[os.path.normpath(path)] = _FOLDER

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder that the other side has removed, if it is there and in this folder."""
        place = self._inside(path)
        if not place or place.is_symlink():
            return
        if place.is_file():
            place.unlink()
        elif place.is_dir():
            with contextlib.suppress(OSError):  # there are other files in it
                place.rmdir()
        if not place.exists():
            self._states.pop(os.path.normpath(path), None)

    def write(self, path: str, content: bytes) -> None:
        """Write a file that the other side has changed. A path outside of the folder is left alone."""
        place = self._inside(path)
        if not place or place.is_symlink():
            return
        self.make(os.path.dirname(path))
        self._theirs.add(os.path.normpath(path))
        place.write_bytes(content)
        state = place.stat()
        self._states[os.path.normpath(path)] = (state.st_mtime_ns, state.st_size)

    def _inside(self, path: str) -> Path | None:
        """Return where a path leads if that is in this folder."""
        place = Path(os.path.normpath(self._root / path))
        return place if place.is_relative_to(self._root) else None

    def _look(self) -> dict[str, tuple[int, int]]:
        states: dict[str, tuple[int, int]] = {}
        waiting = [""]
        while waiting and len(states) <= _MOST_FILES:
            folder = waiting.pop()
            for entry in _entries(os.path.join(self._root, folder)):
                path = os.path.join(folder, entry.name)
                if entry.is_dir():
                    if not entry.name.startswith(".") and entry.name != "__pycache__":
                        states[path] = _FOLDER
                        if not entry.is_symlink():
                            waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    states[path] = (state.st_mtime_ns, state.st_size)
        return states


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # it cannot be read
        return []
