"""Run lessons from top to bottom, each in a fresh kernel, several at a time: ``python -m notebooks.site.execute``.

Where the autograder's kernelspec ``python3-fork`` is installed, kernels are forked from one process that has imported
TensorFlow, which saves each of them seconds. Elsewhere each kernel starts cold. The outputs are the same.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from subprocess import DEVNULL

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from traitlets.config import Config

from coffee_shop import scorecard

ROOT = Path(__file__).resolve().parents[2]
EXECUTED = ROOT / "build" / "executed"
LONG = 120  # seconds; a lesson that takes more tries a student's patience
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_CELL_TIMEOUT = 600  # seconds; ends a cell that never ends by itself
_FORK = "python3-fork"
_RECORDER = Path(__file__).with_name("recorder.py")
# What forked kernels have imported. Not pyplot: it must be imported in the kernel, where it finds IPython.
_MODULES = ["coffee_shop", "tensorflow", "keras", "scikeras.wrappers", "sklearn.model_selection", "skops.io",
            "matplotlib.font_manager", "pandas", "scipy.stats", "optuna"]  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What became of one notebook: how long it took, what went wrong, and what the extra cell printed."""

    notebook: NotebookNode
    seconds: float
    trouble: str = ""
    extra: str = ""


def lessons(root: Path = ROOT) -> list[Path]:
    """Return the lessons in the order in which they are read."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def exercises(root: Path = ROOT) -> list[Path]:
    """Return the exercises as students get them."""
    return sorted((root / "exercises").glob("*.ipynb"))


def execute(
    paths: Iterable[Path], folder: Path, extra_cells: Mapping[str, str] | None = None, *, allow_errors: bool = False
) -> dict[str, Run]:
    """Run notebooks, one a core at a time, each in a fresh kernel that works where the notebook lies.

    What each run showed is kept with the executed notebook: see `changed` and `read_run`.

    Parameters
    ----------
    paths : iterable of Path
        The notebooks; they are left as they are.
    folder : Path
        Where the executed notebooks are written, under the same names; made if missing.
    extra_cells : dict of str to str, optional
        Code by a notebook's name without suffix, run after its last cell and not written.
    allow_errors : bool
        Whether a cell may raise; the others run all the same.

    Returns
    -------
    dict of str to Run
        By a notebook's name without suffix, in the order of ``paths``. A notebook that stopped, or wrote to the error
        stream, has its ``trouble`` told there and raises nothing.
    """
    paths, extra_cells = list(paths), extra_cells or {}
    # Before they run: what is edited meanwhile has not been run.
    digests = {path: _digest(path, extra_cells.get(path.stem)) for path in paths}
    folder.mkdir(parents=True, exist_ok=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    pool = ThreadPoolExecutor(CORES)
    try:
        futures = {pool.submit(_run, path, extra_cells.get(path.stem), allow_errors): path for path in paths}
        with Progress(*columns) as progress:
            task = progress.add_task("Running", total=len(paths))
            for future in as_completed(futures):
                progress.update(task, advance=1, description=f"Ran {futures[future].stem}")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    runs = {path.stem: future.result() for future, path in futures.items()}
    for path in paths:
        run = runs[path.stem]
        if not run.trouble:
            run.notebook.metadata["run"] = {"digest": digests[path], "seconds": run.seconds, "extra": run.extra}
        _write(run.notebook, folder / path.name)
    return runs


def changed(paths: Iterable[Path], folder: Path, extra_cells: Mapping[str, str] | None = None) -> list[Path]:
    """Return the notebooks that must run again.

    Those are the ones that failed, and those of which the text, the extra cell, the package that they import, or the
    version of Python or of a library is another now.
    """
    extra_cells = extra_cells or {}
    return [
        path for path in paths if _kept(folder / path.name).get("digest") != _digest(path, extra_cells.get(path.stem))
    ]


def read_run(path: Path, folder: Path) -> Run:
    """Return what became of a notebook that has not `changed` since it was executed into ``folder``."""
    notebook, kept = nbformat.read(folder / path.name, as_version=4), _kept(folder / path.name)
    return Run(notebook, kept["seconds"], extra=kept["extra"])


def report(runs: Mapping[str, Run], console: Console | None = None) -> None:
    """Print the seconds of each notebook.

    Raises
    ------
    SystemExit
        If one of them is in trouble; the message names the notebook and the cell.
    """
    table = Table("notebook", "seconds", "", title=f"{CORES} at a time")
    table.columns[1].justify = "right"
    for name, run in runs.items():
        remark = "failed" if run.trouble else f"over {LONG} s" if run.seconds > LONG else ""
        table.add_row(name, f"{run.seconds:.1f}", remark)
    (console or Console()).print(table)
    if troubles := [f"{name}: {run.trouble}" for name, run in runs.items() if run.trouble]:
        raise SystemExit("\n".join(troubles))


def _run(path: Path, extra: str | None, allow_errors: bool) -> Run:
    notebook = nbformat.read(path, as_version=4)
    if extra is not None:
        notebook.cells.append(new_code_cell(extra))
    started = []
    client = NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT,
        startup_timeout=_CELL_TIMEOUT,  # the first kernel waits for TensorFlow to be imported
        allow_errors=allow_errors,
        store_widget_state=False,  # a page has no kernel that could bring widgets to life
        kernel_name=_FORK if _can_fork() else "",
        config=Config({"ForkProvisioner": {"modules": _MODULES}}),
        resources={"metadata": {"path": path.parent}},
        on_notebook_start=lambda notebook: client.kc.execute(_record(path.stem), silent=True),
        on_cell_execute=lambda cell, cell_index: started.append(cell_index + 1),
    )
    start, stopped = time.perf_counter(), ""
    try:
        env = {**os.environ, scorecard.ENV: ""}  # what the reader has answered is no part of the lesson
        client.execute(env=env, stdout=DEVNULL, stderr=DEVNULL)  # what the process itself prints is no output of a cell
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        stopped = f"cell {started[-1]} did not end: {error}"
    seconds = time.perf_counter() - start
    trouble = _trouble(notebook, allow_errors) or stopped
    last = notebook.cells.pop() if extra is not None else new_code_cell("")
    return Run(notebook, seconds, trouble, "".join(output.get("text", "") for output in last.outputs))


def _record(lesson: str) -> str:
    """Return code by which a kernel tells what the site needs besides outputs; it leaves no name behind."""
    return f"exec({f'from notebooks.site.recorder import install; install({lesson!r})'!r}, {{}})"


def _trouble(notebook: NotebookNode, allow_errors: bool) -> str:
    """Return the first thing in the outputs that should not be there, or nothing."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                return f"cell {number} wrote to the error stream: {output.text.strip()}"
            if output.output_type == "error" and not allow_errors:
                return f"cell {number} stopped with {output.ename}: {output.evalue}"
    return ""


def _can_fork() -> bool:
    return sys.platform == "linux" and _FORK in KernelSpecManager().find_kernel_specs()


def _write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook at once, for whoever reads it meanwhile."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    nbformat.write(notebook, new)
    os.replace(new, path)


def _kept(path: Path) -> dict:
    """Return what is kept of the run of an executed notebook, or nothing."""
    return nbformat.read(path, as_version=4).metadata.get("run", {}) if path.exists() else {}


def _digest(path: Path, extra: str | None) -> str:
    digest = hashlib.sha256(repr((extra, environment(), path.read_bytes())).encode())
    for file in [_RECORDER, *sorted((ROOT / "notebooks" / "coffee_shop").rglob("*"))]:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@cache
def environment() -> list[str]:
    """Return the versions of Python and of everything that is installed."""
    return [sys.version, *sorted(f"{one.name} {one.version}" for one in distributions())]


if __name__ == "__main__":
    try:
        report(execute(lessons(), EXECUTED))
    except KeyboardInterrupt:
        os._exit(130)  # at once; kernels end when they miss their parent
