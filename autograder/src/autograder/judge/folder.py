"""Files that one side of the judge has written in its working directory, for the other side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autograder.judge.errors import NotData

_MOST_FILES = 2000
_MOST_BYTES = 2**26


class Folder:
    """A working directory, with what is known of its files.

    Attributes
    ----------
    removed : list of str
        The paths of files that had vanished when `changes` was called.
    """

    def __init__(self, root: Path):
        self._root = root
        self._theirs: set[str] = set()
        self._known_folders: set[str] = set()
        self.removed: list[str] = []
        self._states = self._look()

    def place(self) -> str:
        """Return the path of the working directory of this process, relative to the folder."""
        return os.path.relpath(os.getcwd(), self._root)

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
        return set(self._states)

    def is_own(self, path: str) -> bool:
        """Return whether there is a file that the other side has not written."""
        return (self._root / path).is_file() and os.path.normpath(path) not in self._theirs

    def holds(self, path: str, content: bytes) -> bool:
        """Return whether a file has this content."""
        return (self._root / path).is_file() and (self._root / path).read_bytes() == content

    def changes(self) -> dict[str, bytes]:
        """Return the content of the files that are new or changed since the last call, by path.

        Raises
        ------
        NotData
            If there are too many files to look for changes, or to pass on.
        """
        states = self._look()
        if len(states) > _MOST_FILES:
            raise NotData(f"there are more than {_MOST_FILES} files in the working directory")
        changed = [path for path, state in states.items() if self._states.get(path) != state]
        if sum(states[path][1] for path in changed) > _MOST_BYTES:
            raise NotData(f"more than {_MOST_BYTES} bytes of files have changed")
        self.removed = sorted(self._states.keys() - states.keys())
        self._states = states
        return {path: (self._root / path).read_bytes() for path in changed}

    def new_folders(self) -> list[str]:
        """Return the paths of the folders in this one that are new since the last call."""
        paths = (os.path.join(root, name) for root, names, _ in self._walk() for name in names)
        found = {os.path.relpath(path, self._root) for path in paths}
        new = found - self._known_folders
        self._known_folders = found
        return sorted(new)

    def make(self, path: str) -> None:
        """Make a folder that the other side has; a path outside of this one is left alone."""
        place = Path(os.path.normpath(self._root / path))
        if place.is_relative_to(self._root):
            place.mkdir(parents=True, exist_ok=True)

    def remove(self, path: str) -> None:
        """Remove a file that the other side has removed, if it is there and in this folder."""
        place = Path(os.path.normpath(self._root / path))
        if place.is_relative_to(self._root) and place.is_file() and not place.is_symlink():
            place.unlink()
            self._states.pop(os.path.normpath(path), None)

    def write(self, path: str, content: bytes) -> None:
        """Write a file that the other side has changed. A path outside of the folder is left alone."""
        place = self._root / path
        if os.path.isabs(path) or ".." in Path(path).parts or place.is_symlink():
            return
        self._theirs.add(os.path.normpath(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        state = place.stat()
        self._states[path] = (state.st_mtime_ns, state.st_size)

    def _look(self) -> dict[str, tuple[int, int]]:
        states: dict[str, tuple[int, int]] = {}
        for folder, _, files in self._walk():
            for name in files:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    state = os.stat(path)
                    states[os.path.relpath(path, self._root)] = (state.st_mtime_ns, state.st_size)
                if len(states) > _MOST_FILES:
                    return states
        return states

    def _walk(self) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
            yield folder, folders, files
