"""Look at folders that were handed in: files, hashes, and links, which are never followed."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from autograder.faults import raise_fault_of_the_machine


def find_links(folder: Path) -> list[Path]:
    """Return what is neither a file nor a folder in ``folder``: links, pipes, sockets, and what nobody can look at.

    None of them is followed or opened.
    """
    if folder.is_symlink():
        return [folder]
    inside = (Path(root) / name for root, folders, files in _walk(folder) for name in [*folders, *files])
    return [path for path in inside if not _is_plain(path)]


def hash_folder(folder: Path, ignored: Sequence[str]) -> str:
    """Return a hash of the names and contents of all files in a folder.

    A link counts as a link: its target is part of the hash, what it points to is not. File times do not count.

    Parameters
    ----------
    folder : Path
        It may be missing.
    ignored : sequence of str
        Patterns of file names that do not count.
    """
    links = find_links(folder)
    found = {str(path): _describe_link(path) for path in links}
    if folder not in links:
        for path in _find_files(folder, ignored):
            if str(path) not in found:
                found[str(path)] = _hash_file(path)
    texts = (text for name in sorted(found) for text in (os.path.relpath(name, folder), found[name]))
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def copy_file(source: Path, target: Path) -> None:
    """Copy the contents of a file and whether it can be executed, also over a file that can only be read.

    Raises
    ------
    OSError
        If one of them cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644 | source.stat().st_mode & 0o111)


def copy_files(
    source: Path,
    target: Path,
    ignored: Sequence[str],
    keep: Iterable[str] = (),
    on_error: Callable[[Path, OSError], None] | None = None,
) -> None:
    """Copy the files of a folder, except notebooks and links, over all but the files to ``keep``.

    Parameters
    ----------
    source, target : Path
    ignored : sequence of str
        Patterns of file names that are not copied.
    keep : iterable of str
        Paths, relative to ``target``, that are not overwritten.
    on_error : callable, optional
        It is called with every file that cannot be copied and with the reason.

    Raises
    ------
    OSError
        If a file cannot be copied and there is no ``on_error``.
    """
    kept = set(keep)
    for path in list_files(source, ignored):
        place = path.relative_to(source)
        if os.fspath(place) in kept:
            continue
        try:
            copy_file(path, target / place)
        except OSError as error:
            if on_error is None:
                raise
            on_error(place, error)


def list_files(folder: Path, ignored: Sequence[str]) -> list[Path]:
    """Return the files of a folder, except notebooks, links, and those whose names match an ``ignored`` pattern."""
    links = set(find_links(folder))
    if folder in links:
        return []
    return [path for path in _find_files(folder, [*ignored, "*.ipynb"]) if path not in links]


def _find_files(folder: Path, ignored: Sequence[str]) -> Iterator[Path]:
    """Yield the files that nbgrader finds in a folder: those that match no pattern, in folders that match none.

    nbgrader's own function lists a folder anew for each of its files.
    """
    for root, folders, files in _walk(folder):
        folders[:] = [name for name in folders if not _matches(name, ignored)]
        yield from (Path(root) / name for name in files if not _matches(name, ignored))


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk through a folder. What cannot be listed is left out, unless that is the machine's fault."""
    return os.walk(folder, onerror=raise_fault_of_the_machine)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    hidden = name.startswith(".")  # and then, as in a shell, only for a pattern that begins with a dot as well
    return any(fnmatch.fnmatch(name, pattern) and (pattern.startswith(".") or not hidden) for pattern in patterns)


def _is_plain(path: Path) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return f"{digest} {os.fstat(file.fileno()).st_mode & 0o111:o}"
    except OSError as error:
        return f"cannot be read: {error.errno}"


def _describe_link(path: Path) -> str:
    try:
        return f"link to {os.readlink(path)}"
    except OSError:
        return "special"
