"""Find the project that a folder belongs to: a repository that names its course in ``pyproject.toml``.

```toml
[tool.autograder]
settings = "autograder/course_settings.py"   # of every course in this repository
course = "course"                            # the folder of the course that commands use by default
```
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from autograder.course.settings import SettingsError


@dataclass(frozen=True)
class Project:
    """A repository with a table ``[tool.autograder]`` in its ``pyproject.toml``.

    Attributes
    ----------
    root : Path
        The folder of ``pyproject.toml``.
    settings : Path
        The file with the settings of its course: nbgrader's, and those of this engine.
    course : Path
        The folder of its course; it may not exist yet.
    """

    root: Path
    settings: Path
    course: Path


def find_project(*starts: Path) -> Project | None:
    """Return the project of the first of these folders that lies in one, or None.

    Raises
    ------
    SettingsError
        If a ``pyproject.toml`` cannot be read, or its table lacks ``settings`` or ``course``.
    """
    for start in starts:
        for folder in [start.resolve(), *start.resolve().parents]:
            project = _read(folder / "pyproject.toml")
            if project:
                return project
    return None


def _read(path: Path) -> Project | None:
    if not path.is_file():
        return None
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("autograder")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if table is None:
        return None
    missing = [key for key in ("settings", "course") if not isinstance(table.get(key), str)]
    if missing:
        raise SettingsError(f"{path}: [tool.autograder] needs a path for: {', '.join(missing)}")
    return Project(path.parent, path.parent / table["settings"], path.parent / table["course"])
