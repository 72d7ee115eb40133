"""Which modules the notebooks of an assignment import, so that they are imported once for the whole class.

The list is used where the settings name no modules. It holds only what a notebook cannot tell from its own import.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import itertools
import json
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from traitlets.config import Config

# Text that may change what a later import gives or does.
_CHANGES_IMPORTS = re.compile(
    r"environ|putenv|%set_env|%env|dotenv|chdir|%cd|sys\.(modules|path|meta_path)|from\s+sys\s+import|importlib|reload\b"
)
_MOST_FILES, _LARGEST = 100, 10_000_000  # notebooks and scripts of a submission that are read, and bytes of one
# What a module adds to when it is imported: the sequence matters.
_ADDED_TO = re.compile(r"filterwarnings|simplefilter|basicConfig|setLevel")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+(\w+)")
_SETTINGS_FILES = {"matplotlib": "matplotlibrc"}  # what a module reads from the folder that it is imported in


def imported_modules(root: Path, config: Config, assignment: str) -> list[str]:
    """Return the modules that the cells of a released assignment import for every student.

    Modules of the standard library, those that are not installed, and those that a file of the assignment hides are
    left out. There are none if a cell or a script of the assignment, also a hidden test, may change what they give or
    do (`changes_imports`); and none if the assignment was not released.

    Parameters
    ----------
    root : Path
        The folder of the course.
    config : Config
        Its settings.
    assignment : str
        The assignment's name.
    """
    folders = [root / _folder(config, name) / assignment for name in ("release", "source")]
    released, source = (
        [text for path in sorted(folder.glob("*.ipynb")) for text in _cells(path)] for folder in folders
    )
    if any(changes_imports(texts) for texts in (released, source, *map(_scripts, folders))):
        return []
    names = {name for cell in released for name in _imports(cell)}
    return sorted(name for name in names if _is_safe(name, folders))


def with_modules(root: Path, config: Config, assignment: str | None = None) -> Config:
    """Return settings with which the fork server imports these modules. Settings that name modules stay as they are.

    Without an assignment, it is the only one that was released; if there are several, no modules are imported.
    """
    if "modules" in config.ForkProvisioner:
        return config
    folder = root / _folder(config, "release")
    names = [assignment] if assignment else [path.name for path in folder.glob("*") if path.is_dir()]
    changed: Config = copy.deepcopy(config)
    changed.ForkProvisioner.modules = imported_modules(root, config, names[0]) if len(names) == 1 else []
    changed.ForkProvisioner.careful = True
    return changed


def changes_imports(texts: Iterable[str]) -> bool:
    """Return whether cells or scripts may change what an import after them gives or does."""
    added = False
    for text in texts:
        if _CHANGES_IMPORTS.search(text):
            return True
        for line in text.splitlines():
            found = _IMPORT.match(line)
            if added and found and found[1] not in sys.stdlib_module_names:
                return True
            added = added or bool(_ADDED_TO.search(line))
    return False


def needs_own_imports(folder: Path, modules: Iterable[str], *, careful: bool) -> bool:
    """Return whether a notebook in this folder has to import these modules itself.

    That is so if a file of the folder hides one of them. If ``careful``, it is also so if a file of the folder, such as
    the notebook itself, may change what an import gives or does, or if one of the modules reads its settings there.
    """
    tops = {name.partition(".")[0] for name in modules}
    there = {path.name for path in folder.iterdir()}
    if {*tops, *(f"{top}.py" for top in tops)} & there:
        return True
    if not careful or not tops:
        return False
    if any(_SETTINGS_FILES.get(top) in there for top in tops) or not _is_quickly_read(folder):
        return True
    cells = [list(_cells(path)) for path in folder.glob("*.ipynb")]
    return any(changes_imports(texts) for texts in [*cells, _scripts(folder)])


def _is_quickly_read(folder: Path) -> bool:
    """Return whether the notebooks and scripts of a folder are as few and as small as they usually are."""
    files = [path for pattern in ("*.ipynb", "*.py") for path in itertools.islice(folder.rglob(pattern), _MOST_FILES)]
    return len(files) < _MOST_FILES and all(path.stat().st_size <= _LARGEST for path in files if path.is_file())


def _scripts(folder: Path) -> list[str]:
    """Return the texts of the scripts of a folder: cells may import or run them."""
    paths = sorted(path for path in folder.rglob("*.py") if path.is_file())
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths]


def _folder(config: Config, name: str) -> str:
    return str(config.CourseDirectory.get(f"{name}_directory", name))


def _cells(path: Path) -> Iterator[str]:
    """Yield the sources of the code cells of a notebook; of none if it cannot be read."""
    try:
        nb: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for cell in nb["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return


def _imports(source: str) -> Iterator[str]:
    """Yield the modules that a cell imports at its top level."""
    lines = ("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())
    try:
        statements = ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names if alias.name != "*")


def _is_safe(name: str, folders: list[Path]) -> bool:
    """Return whether a notebook in these folders cannot tell that a module was imported before."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "autograder":
        return False
    hiding = [f"{top}.py", top, *filter(None, [_SETTINGS_FILES.get(top)])]
    return not any((folder / file).exists() for folder in folders for file in hiding) and _is_installed(name)


def _is_installed(name: str) -> bool:
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top)
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    if spec is None or not spec.origin or not any(Path(spec.origin).is_relative_to(place) for place in places):
        return False
    # ``from a import b``: only if ``b`` is a module itself. Its package is not imported here to find that out.
    inner = rest.replace(".", "/")
    folders = spec.submodule_search_locations or []
    return not rest or any((Path(folder) / place).exists() for folder in folders for place in (f"{inner}.py", inner))
