"""What may be published: the files that git tracks, with the text that git tracks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from notebooks.site.contents import FOLDERS


class Repository:
    """The files of a repository that may become part of the site.

    In a git repository these are the files that git tracks. Where such a file has changes that are not staged, as an
    exercise in which somebody has written answers, what git tracks is written to ``build/tracked`` and taken instead.
    Elsewhere all files may be taken, as they are.

    Parameters
    ----------
    root : Path
        Its folder.

    Raises
    ------
    RuntimeError
        If git fails in what is a git repository.
    """

    def __init__(self, root: Path):
        self.root = root
        self.has_git = (root / ".git").exists() and shutil.which("git") is not None
        self._listed = self._names("ls-files") if self.has_git else set()
        self._altered = self._names("diff-files", "--name-only") if self.has_git else set()

    def notebooks(self) -> dict[Path, Path]:
        """Return the lessons and exercises: the name of each in the repository, and the file to take."""
        there = {path.relative_to(self.root) for folder in FOLDERS for path in (self.root / folder).glob("*.ipynb")}
        mine = {name for name in self._listed if name.suffix == ".ipynb" and name.parent.as_posix() in FOLDERS}
        return {name: self.file(name) for name in sorted(mine if self.has_git else there)}

    def file(self, name: Path) -> Path | None:
        """Return the file to take for one with this name in the repository, or None if it may not be published."""
        if name in self._altered:
            return self._as_tracked(name)
        path = self.root / name
        return path if name in self._listed or (not self.has_git and path.is_file()) else None

    def remarks(self) -> list[str]:
        """Return a line for each thing by which the pages may differ from what somebody expects."""
        if not self.has_git:
            return ["Without git, every notebook in notebooks/ and exercises/ becomes a page: your own ones, too."]
        return [
            f"{name} has changes that are not staged. Its page leaves them out; `git add {name}` takes them in."
            for name in self.notebooks()
            if name in self._altered
        ]

    def _names(self, *command: str) -> set[Path]:
        return {Path(name) for name in self._git(*command, "-z").decode().split("\0") if name}

    def _as_tracked(self, name: Path) -> Path:
        copy = self.root / "build" / "tracked" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(self._git("show", f":{name.as_posix()}"))
        return copy

    def _git(self, *command: str) -> bytes:
        run = subprocess.run(["git", *command], cwd=self.root, capture_output=True)
        if run.returncode:
            raise RuntimeError(f"git does not say what it tracks: {run.stderr.decode().strip()}")
        return run.stdout
