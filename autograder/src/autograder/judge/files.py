"""The files of the judge's working directory, which answers read, write and remove as well."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder.judge.errors import NotData
from autograder.judge.folder import Folder
from autograder.judge.guard import Guard


class Files:
    """Keeps the judge's files and the submission's the same; the instructor's files stay as they are.

    Parameters
    ----------
    give_up : callable
        Gets the reason why a test cannot be judged and returns what is to be raised.
    notice : callable
        Gets a step that matters if the test passes; see `autograder.judge.trace.Trace.notice`.
    """

    def __init__(self, give_up: Callable[[str], BaseException], notice: Callable[[str], None]):
        self._give_up, self._notice = give_up, notice
        self._folder = Folder(Path.cwd())
        self._released = self._folder.paths()
        self._guard = Guard(give_up)
        self._guard.install()

    def begin(self, answer: dict[str, Any], contents: list[bytes]) -> None:
        """Take the files as the submission has left them before a test, and guard the test against them."""
        self.take(answer, contents)
        self._changes()
        self._guard.active = True

    def end(self) -> None:
        """Guard no more: the test has ended."""
        self._guard.active = False

    def take(self, answer: dict[str, Any], contents: list[bytes]) -> None:
        """Have the files and the working directory here be as the submission has left them.

        Raises
        ------
        Unjudged
            If the submission has removed a file of the instructor's, or works in a folder elsewhere.
        """
        for path, content in zip(answer.get("files", ()), contents, strict=False):
            self._write(str(path), content)
        for path in map(str, answer.get("made", ())):
            with self._writing():
                self._folder.make(path)
        for path in map(str, answer.get("removed", ())):
            self._remove(path)
        try:
            self._folder.enter(str(answer["cwd"]))
        except (NotData, OSError, ValueError) as error:
            raise self._give_up(str(error)) from None

    def tell(self, blobs: list[bytes]) -> dict[str, Any]:
        """Return what the test has changed since the last call, for the submission; add contents to the ``blobs``."""
        changed = self._changes()
        numbers = {path: len(blobs) + number for number, path in enumerate(changed)}
        blobs += changed.values()
        return {
            "cwd": self._folder.place(),
            "made": self._folder.made,
            "removed": self._folder.removed,
            "files": numbers,
        }

    def removed(self) -> list[str]:
        """Return the files and folders that the test has removed since the last call of this or of `tell`."""
        self._changes()
        return self._folder.removed

    def _changes(self) -> dict[str, bytes]:
        try:
            return self._folder.changes()
        except NotData as error:
            raise self._give_up(str(error)) from None

    def _write(self, path: str, content: bytes) -> None:
        """Write a file as the submission has it; a file of the instructor's stays as it is."""
        with self._writing():
            if self._folder.holds(path, content):
                return
            if os.path.normpath(path) in self._released:
                self._give_up(f"the submission has changed the file {path[:100]}")
            elif self._guard.receive(path):
                if self._folder.is_own(path):
                    self._notice(f"changes the file {os.path.basename(path)}")  # folders may have random names
                self._folder.write(path, content)

    def _remove(self, path: str) -> None:
        """Remove a file that the submission has removed; one of the instructor's is not its own to remove."""
        if os.path.normpath(path) in self._released:
            raise self._give_up(f"the submission has removed the file {path[:100]}")
        if self._folder.is_own(path):
            self._notice(f"removes the file {os.path.basename(path)[:100]}")
        self._folder.remove(path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            self._give_up(f"a file of the submission's cannot be written: {type(error).__name__}")
