"""The settings of a course and of its kernels, to be had without nbgrader, which takes a second to import."""

from __future__ import annotations

import os
from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader

CONFIG = "nbgrader_config.py"


def load_config(root: Path) -> Config:
    """Return what nbgrader's own commands read in the folder ``root``."""
    return PyFileConfigLoader(CONFIG, str(root)).load_config()


def kernel_environment() -> dict[str, str]:
    """Return the environment variables of the kernels that grade."""
    return {
        **os.environ,
        "NBGRADER_EXECUTION": "autograde",  # as nbgrader tells its kernels
        # Cells run in one kernel per core at a time; more threads would only wait for each other.
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }
