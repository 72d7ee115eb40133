"""What takes minutes and comes out the same each time, kept in files: stock nbgrader, executed lessons, checked work.

A file in ``tests/golden/`` is believed as long as its key fits: the versions of Python and of the libraries, and all
that the result follows from. Where it does not fit, the result is computed, so that nothing is taken on trust; ``make
golden`` then writes the files anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"
LIBRARIES = ("ipykernel", "ipython", "jupyter_client", "jupytext", "nbclient", "nbconvert", "nbformat", "nbgrader",
             "traitlets")  # fmt: skip


class Golden:
    """The stored results; with ``update`` those that do not fit are written.

    Attributes
    ----------
    computed : list of str
        The names of the results that were not taken from a file.
    """

    def __init__(self, folder: Path = FOLDER, *, update: bool = False) -> None:
        self._folder, self._update = folder, update
        self.computed: list[str] = []

    def __call__(
        self, name: str, compute: Callable[[], Any], inputs: Iterable[Path], libraries: Iterable[str] = LIBRARIES
    ) -> Any:
        """Return what is stored under this name if the key fits, and otherwise what ``compute`` returns.

        Parameters
        ----------
        name : str
            The name of the file, without suffix.
        compute : callable
            Returns the result, in types that JSON knows; tuples become lists.
        inputs : iterable of Path
            Files and folders that the result follows from. Where they lie is no part of the key.
        libraries : iterable of str
            The distributions whose versions the result may depend on, unless ``inputs`` has the lock file of them all.
        """
        path, key = self._folder / f"{name}.json", _key(inputs, libraries)
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if stored.get("key") == key:
            return stored["value"]
        self.computed.append(name)
        text = json.dumps({"key": key, "value": compute()}, indent=1, ensure_ascii=False)
        if self._update:
            self._folder.mkdir(exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        return json.loads(text)["value"]


def _key(inputs: Iterable[Path], libraries: Iterable[str]) -> dict[str, str]:
    found = {name: _version(name) for name in sorted(libraries)}
    return {"python": "{}.{}".format(*sys.version_info), **found, "inputs": digest(inputs)}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def digest(inputs: Iterable[Path]) -> str:
    """Return a hash of the contents of files and folders, and of the names of what lies in the folders."""
    total = hashlib.sha256()
    for root in inputs:
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for path in files:
            if "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(root)}\0".encode())
                total.update(hashlib.sha256(_content(path)).digest())
    return total.hexdigest()


def _content(path: Path) -> bytes:
    """Return what a result may follow from in a file: in the lock file that is the packages, not who asks for them."""
    content = path.read_bytes()
    if path.name != "uv.lock":
        return content
    packages = tomllib.loads(content.decode())["package"]
    return json.dumps([[one["name"], one.get("version")] for one in packages]).encode()
