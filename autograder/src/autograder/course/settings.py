"""Read the settings of a course as nbgrader's own commands read them, but without nbgrader, which is slow to import."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, JSONFileConfigLoader, PyFileConfigLoader

CONFIG = "nbgrader_config.py"


class SettingsError(Exception):
    """A file of settings cannot be read. The message is one line: the file, the line in it and the mistake."""


def load_settings(root: Path, translate: Callable[[Config], Config] = lambda settings: settings) -> Config:
    """Return the settings that nbgrader reads when it is started in the folder ``root``.

    Files are read in nbgrader's order, so that later ones win: first those of the system, of the Python environment
    and of the user (``jupyter --paths`` lists these folders), then ``nbgrader_config.py`` and ``.json`` in ``root``.
    As with nbgrader, these files can import modules that lie in ``root``.

    Parameters
    ----------
    root : Path
        The folder of the course.
    translate : callable, optional
        It is called with the settings after each step and returns them with outdated names replaced.

    Raises
    ------
    SettingsError
        If one of the files has a mistake.
    """
    if str(root.resolve()) not in sys.path:
        sys.path.insert(0, str(root.resolve()))
    settings = Config()
    for name, folders in _steps(root):
        step = Config()
        for folder in folders:
            _merge(step, name, folder)
        settings.merge(step)
        settings = translate(settings)
    return settings


def load_settings_file(path: Path) -> Config:
    """Return the settings in one Python file, alone.

    Raises
    ------
    SettingsError
        If the file does not exist or has a mistake.
    """
    try:
        settings: Config = PyFileConfigLoader(path.name, str(path.parent)).load_config()
    except Exception as error:  # the file is a program: it can raise anything
        raise SettingsError(_describe(path, error)) from error
    return settings


def kernel_environment() -> dict[str, str]:
    """Return the environment variables of the kernels that grade."""
    # nbgrader sets the first one for its kernels. Kernels share the cores: more threads would wait for each other.
    return {**os.environ, "NBGRADER_EXECUTION": "autograde", "OMP_NUM_THREADS": "1"}


def _steps(root: Path) -> list[tuple[str, list[str]]]:
    """Return the base names of files and the folders that nbgrader reads them from, in its order."""
    shared = jupyter_config_path()[::-1]
    # nbgrader reads the course's files twice, as those of the current folder and as those of the course. What they
    # append to a list is in the list twice.
    return [("jupyter_config", shared), ("nbgrader_config", shared), *[("nbgrader_config", [str(root)])] * 2]


def _merge(settings: Config, name: str, folder: str) -> None:
    for kind, suffix in ((PyFileConfigLoader, ".py"), (JSONFileConfigLoader, ".json")):
        try:
            settings.merge(kind(name + suffix, folder).load_config())
        except ConfigFileNotFound:
            continue
        except Exception as error:  # the file is a program: it can raise anything
            raise SettingsError(_describe(Path(folder, name + suffix), error)) from error


def _describe(path: Path, error: Exception) -> str:
    """Return one line that names the file, the line and the mistake."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line = error.lineno
    else:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = lines[-1] if lines else None
    place = f"{path}, line {line}" if line else str(path)
    reason = (str(error).splitlines() or [""])[0]
    return f"the settings in {place} cannot be used: {type(error).__name__}: {reason}"
