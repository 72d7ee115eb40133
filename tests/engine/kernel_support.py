"""What tests of kernels and sandboxes share: notebooks from sources, and waiting for a condition."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil
from traitlets.config import Config

from autograder.execution.notebook import run_notebook
from autograder.sandbox.limits import Limits

PATIENCE = 60  # s, before a test that waits for what never comes fails


def wait_until(condition: Callable[[], object]) -> bool:
    """Return True as soon as the condition holds, or False if it does not within `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def run_cells(folder: Path, *sources: str, **settings: Any) -> tuple[str, list[str]]:
    """Run cells as a notebook that works in ``folder``; return why it was stopped, and each cell's text or error."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    stopped = run_notebook(nb, folder, Config(settings)).stopped
    return stopped, [
        "".join(output.get("text", output.get("ename", "")) for output in cell.outputs) for cell in nb.cells
    ]


def make_order(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the order for a kernel without a sandbox, as `ForkServer.start_kernel` takes it."""
    order = {"role": "grading", "cwd": str(folder), "env": dict(os.environ), "ports": []}
    return {**order, "limits": Limits().as_dict(), **changes}


def fork_servers() -> set[psutil.Process]:
    """Return the fork servers that this process has started and that run."""
    found = set()
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if process.status() != psutil.STATUS_ZOMBIE and "autograder.kernels.forkserver" in process.cmdline():
                found.add(process)
    return found
