"""The one place where a student's notebook is executed.

Everything else in this package handles notebooks as data. What starts kernels, limits them or shuts them in
belongs here and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, NamedTuple, TypeVar

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder import plan
from autograder.kernels.files import TooLarge
from autograder.kernels.limits import Limits
from autograder.kernels.outputs import Room, mend, new_failure
from autograder.kernels.pool import SEATS, WarmKernel
from autograder.kernels.provisioner import WarmKernelManager, WarmProvisioner
from autograder.plan import is_instructors
from autograder.settings import kernel_environment
from autograder.verdict import Verdicts

Job = TypeVar("Job")
# Forking a process that has imported TensorFlow is sound on Linux only.
KERNEL_MANAGER = WarmKernelManager if sys.platform == "linux" else AsyncKernelManager
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
PLACES = CORES * (SEATS if KERNEL_MANAGER is WarmKernelManager else 1)  # notebooks at a time; see `pool.SEATS`


class KernelLost(Exception):
    """A kernel did not start, or ended through no fault of its notebook, which had better be run again."""


class Run(NamedTuple):
    """How one notebook ran.

    Attributes
    ----------
    seconds : float
        How long its cells took.
    stopped : str
        What cut the run short, or why what it wrote was not kept; empty if every cell had its turn and all is there.
    notes : list of str
        What the instructor should know of how the tests were decided.
    """

    seconds: float
    stopped: str
    notes: list[str]


def run_notebook(nb: NotebookNode, folder: Path, config: Config | None = None) -> Run:
    """Execute ``nb`` in place, in a fresh kernel that works in ``folder``.

    A cell that raises does not stop the others. If the kernel dies or hangs, the cells that did not run get
    an error output that says so, and the outputs of those that did run are kept.

    Parameters
    ----------
    nb : NotebookNode
        Its kernelspec names the kernel.
    folder : Path
        The kernel's working directory.
    config : Config, optional
        nbgrader's settings; ``Execute.timeout`` is the limit of one cell in seconds, ``Limits`` what the notebook may
        use in all, and ``WarmProvisioner.sandbox`` what it is shut in.

    Raises
    ------
    KernelLost
        If the kernel did not start or was lost through no fault of the notebook.
    """
    execute = _Execute(config=config or Config(), plan=nb.metadata.pop(plan.KEY, {}))
    try:
        execute.preprocess(nb, {"metadata": {"path": str(folder)}})
    except KernelLost:
        raise
    except TooLarge as error:
        execute.stopped = str(error)
    except Exception as error:
        if not execute.stopped:
            raise KernelLost(f"the kernel did not start: {error}") from error
    mend(nb)
    if execute.stopped:
        mark_failed(nb, "NotRun", f"This cell was not run: {execute.stopped}.", only_unfinished=True)
    return Run(execute.seconds, execute.stopped or execute.unsaved, execute.notes)


def run_notebooks(notebooks: dict[str, NotebookNode], folder: Path, config: Config) -> dict[str, Run]:
    """Execute these notebooks in place, one after the other, each as `run_notebook` does."""
    return {name: run_notebook(nb, folder, config) for name, nb in notebooks.items()}


def run_all(jobs: Iterable[Job], work: Callable[[Job], object], workers: int) -> Iterator[tuple[Job, Future]]:
    """Call ``work`` on every job, ``workers`` at a time, and yield each job with its future once it is done.

    The kernels are processes of their own, so that threads suffice to drive them.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        pending = {pool.submit(work, job): job for job in jobs}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def mark_failed(nb: NotebookNode, name: str, reason: str, *, only_unfinished: bool = False) -> None:
    """Give the code cells of ``nb`` an error output, so that a graded one earns nothing."""
    nb.metadata.pop(plan.KEY, None)
    for cell in nb.cells:
        if cell.cell_type == "code" and not (only_unfinished and cell.execution_count is not None):
            cell.outputs = [
                *cell.outputs,
                new_output("error", ename=name, evalue=reason, traceback=[reason]),
            ]


class _Execute(Execute):
    """nbgrader's own executor with warm kernels, which keeps what ran when a kernel is lost."""

    stopped = unsaved = ""
    seconds = 0.0
    _kernel: WarmKernel | None = None
    _verdicts: Verdicts | None = None

    def __init__(self, config: Config, plan: dict[str, Any]):
        super().__init__(kernel_manager_class=KERNEL_MANAGER, config=config)
        self._plan = plan
        self._room = Room(Limits(config=config).output)

    @contextmanager
    def setup_kernel(self, **kwargs):
        # What a kernel process itself prints is no output of a cell.
        with super().setup_kernel(env=kernel_environment(), stdout=DEVNULL, stderr=DEVNULL, **kwargs):
            if isinstance(self.km.provisioner, WarmProvisioner):
                self._kernel = self.km.provisioner.kernel
                self._verdicts = Verdicts(self._kernel.channel, self._plan)
                self.km.provisioner.close_doors()
            self.km.cleanup_connection_file()  # nobody else is to connect, and a run that is killed leaves nothing
            with self._kernel.turn() if self._kernel else nullcontext():
                started = time.monotonic()
                yield
                if self._verdicts and not self.stopped:
                    self._verdicts.finish()
                self.seconds = time.monotonic() - started
        if self._kernel and self._kernel.unsaved:
            self.unsaved = f"what it wrote was not kept: {self._kernel.unsaved}"

    @property
    def notes(self) -> list[str]:
        """What the instructor should know."""
        return self._verdicts.notes if self._verdicts else ["the tests ran in a kernel that cannot be sealed"]

    def preprocess_cell(self, cell, resources, index):
        if self.stopped:
            return cell, resources
        sealed = is_instructors(cell) and cell.source.strip() and self._verdicts
        try:
            if sealed:
                sealed.order(cell)
            cell, resources = super().preprocess_cell(cell, resources, index)
            if sealed:
                sealed.settle(cell)
        except Exception as error:
            self.stopped = self._explain(error, index + 1)
            self.shutdown_kernel = "immediate"
            cell.execution_count = None
            if sealed:
                sealed.void(cell)
        return cell, resources

    def _explain(self, error: Exception, number: int) -> str:
        """Return why the kernel is of no use any more since cell ``number``."""
        if isinstance(error, DeadKernelError):
            if self._kernel and self._kernel.lost:
                raise KernelLost("the process that kernels are forked from has ended") from None
            if self._kernel and self._kernel.reason:
                return f"the kernel was ended in cell {number}: {self._kernel.reason}"
            return f"the kernel died in cell {number}"
        if isinstance(error, CellTimeoutError):
            return f"cell {number} ran longer than {self.timeout} s and could not be interrupted"
        return f"the kernel answered with nonsense in cell {number}: {type(error).__name__}"

    async def async_execute_cell(self, *arguments, **settings):
        try:
            return await super().async_execute_cell(*arguments, **settings)
        except Exception:  # after which nobody waits for what it has begun
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            raise

    execute_cell = run_sync(async_execute_cell)

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in ("status", "execute_input", "clear_output"):
            return super().process_message(msg, cell, cell_index)
        try:
            if self._room.take(cell, msg):
                return super().process_message(msg, cell, cell_index)
        except Exception as error:  # whatever nonsense provokes
            cell.outputs.append(new_failure(f"The kernel sent an invalid message: {type(error).__name__}"))
        return None
