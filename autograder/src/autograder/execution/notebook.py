"""Run one notebook in a kernel of its own. Every other module handles notebooks as data."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, BinaryIO

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.course.notebooks import fail_cells
from autograder.course.settings import kernel_environment
from autograder.execution import provisional
from autograder.execution.executor import KernelLost, RunResult
from autograder.execution.judging import Judging
from autograder.execution.outputs import OutputLimit, new_failure, repair
from autograder.judge.table import Table
from autograder.kernels.client import ForkedKernel
from autograder.kernels.manager import ForkKernelManager
from autograder.kernels.provisioner import ForkProvisioner
from autograder.sandbox.limits import Limits
from autograder.sandbox.transfer import TooLarge

# Forking a process that has imported large libraries is sound on Linux only.
KERNEL_MANAGER = ForkKernelManager if sys.platform == "linux" else AsyncKernelManager


def run_notebook(
    nb: NotebookNode,
    folder: Path,
    config: Config | None = None,
    table: Table | None = None,
    files: Path | None = None,
) -> RunResult:
    """Run ``nb`` in place, in a new kernel that works in ``folder``.

    A cell that raises does not stop the others. If the kernel ends or hangs, the cells that did not run get an error
    output that says so, and the outputs of those that did run are kept.

    Parameters
    ----------
    nb : NotebookNode
        Its kernelspec names the kernel.
    folder : Path
        The kernel's working directory.
    config : Config, optional
        The settings of the course. ``Execute.timeout`` is the limit of one cell in seconds. ``Limits`` is what the
        notebook may use in all. ``ForkProvisioner.sandbox`` is the sandbox that it runs in.
    table : Table, optional
        Which tests a judge decides. Without it all of them run in the notebook's kernel, as nbgrader runs them.
    files : Path, optional
        A folder with the assignment's own files, for the judge.

    Returns
    -------
    RunResult

    Raises
    ------
    KernelLost
        If the kernel did not start or was lost through no fault of the notebook.
    """
    config = config or Config()
    before = copy.deepcopy(nb) if table else nb
    execute = _Execute(config, Judging(table, files) if table and table.judges and files else None)
    result = _run(execute, nb, folder)
    judging = execute.judging
    if not judging or not table or table.allowed is None or not (undecided := judging.undecided(nb)):
        return result
    again = provisional.keep_only(before, judging.findings.keys() - undecided.keys())
    _run(_Execute(config, None, execute.inbox), again, folder)
    passed = provisional.take_over(nb, again, undecided)
    notes = [f"{name}: its mark is provisional, have a look: {reason}" for name, reason in passed.items()]
    return result._replace(notes=notes, provisional=sorted(passed))


def _run(execute: _Execute, nb: NotebookNode, folder: Path) -> RunResult:
    try:
        execute.preprocess(nb, {"metadata": {"path": str(folder)}})
    except KernelLost:
        raise
    except TooLarge as error:
        return refuse(nb, str(error))
    except Exception as error:
        if not execute.stopped:
            raise KernelLost(f"the kernel did not start: {error}") from error
    repair(nb)
    if execute.stopped:
        fail_cells(nb, "NotRun", f"This cell was not run: {execute.stopped}.", only_unfinished=True)
    findings = execute.judging.findings if execute.judging else {}
    return RunResult(execute.seconds, execute.stopped or execute.unsaved, [], findings)


def refuse(nb: NotebookNode, reason: str) -> RunResult:
    """Return the result of a notebook that cannot be run through a fault of its submission. Its cells say so."""
    repair(nb)
    fail_cells(nb, "NotRun", f"This cell was not run: {reason}.")
    return RunResult(0.0, reason, [])


def not_kept(reason: object) -> str:
    """Return what a result says if the files that a notebook wrote were not kept."""
    return f"what it wrote was not kept: {reason}"


class _Execute(Execute):
    """nbgrader's own executor, with forked kernels. If a kernel is lost, the outputs of the cells that ran are kept.

    Parameters
    ----------
    config : Config
    judging : Judging, optional
        What a judge decides.
    inbox : binary file, optional
        The files that the kernel gets, see `autograder.kernels.client.ForkServer.start_kernel`.

    Attributes
    ----------
    stopped : str
        What ended the run before the last cell; empty if nothing did.
    unsaved : str
        Why the files that the notebook wrote were not kept; empty if they were.
    seconds : float
        How long its cells took.
    inbox : binary file, optional
        The files that the kernel got.
    """

    stopped = unsaved = ""
    seconds = 0.0
    _kernel: ForkedKernel | None = None
    _number = 0  # of the last cell that was run

    def __init__(self, config: Config, judging: Judging | None, inbox: BinaryIO | None = None):
        super().__init__(kernel_manager_class=KERNEL_MANAGER, config=config)
        self.judging, self.inbox = judging, inbox
        self._outputs = OutputLimit(Limits(config=config).output)

    @contextlib.contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start the kernel, wait until it may use its core, and end it after the block."""
        env = kernel_environment()
        settings = {"env": env, "stdout": DEVNULL, "stderr": DEVNULL}  # what a kernel process itself prints
        if self.inbox:
            settings["inbox"] = self.inbox
        with super().setup_kernel(**settings, **kwargs), contextlib.ExitStack() as opened:
            if isinstance(self.km.provisioner, ForkProvisioner):
                self._kernel = self.km.provisioner.kernel
                self.km.provisioner.remove_sockets()
            self.km.cleanup_connection_file()  # nobody else is to connect, and a run that is killed leaves nothing
            judge: ForkedKernel | None = None
            if self._kernel and self.judging:
                judge = opened.enter_context(self.judging.start(self.km.provisioner, self.kc, env))
            if self._kernel:
                self.inbox = self._kernel.inbox
                opened.callback(self._kernel.channel.close)
                core = opened.enter_context(self._kernel.turn())
                if judge:
                    judge.begin(core)
            started = time.monotonic()
            yield
            self.seconds = time.monotonic() - started
        if self._kernel and self._kernel.unsaved:
            self.unsaved = not_kept(self._kernel.unsaved)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run a cell, unless the kernel is of no use any more."""
        if self.stopped:
            return cell, resources
        try:
            if self.judging and self.judging.takes(cell):
                self._judge(cell, index)
            else:
                cell, resources = super().preprocess_cell(cell, resources, index)
                self._number = cell.get("execution_count") or self._number
        except Exception as error:
            self.stopped = self._explain(error, index + 1)
            self.shutdown_kernel = "immediate"
            cell.execution_count = None
            # A result might count as points, and the cell has not run to its end.
            cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
        return cell, resources

    def _judge(self, cell: NotebookNode, index: int) -> None:
        """Have the judge decide a test; see `autograder.execution.judging`."""
        assert self.judging
        self._number += 1
        cell.execution_count, cell.outputs = self._number, []
        messages = self.judging.decide(cell, self.timeout if self.timeout and self.timeout > 0 else None)
        self.clear_before_next_output = False
        for message in messages:
            self.process_message(message, cell, index)
        if self._kernel and self.judging.is_kernel_lost(self._kernel):
            raise DeadKernelError("Kernel died")

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

    async def async_execute_cell(self, *arguments: Any, **settings: Any) -> NotebookNode:
        """Run a cell as nbclient does. If that fails, leave none of its tasks behind."""
        try:
            cell: NotebookNode = await super().async_execute_cell(*arguments, **settings)
        except Exception:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            raise
        return cell

    execute_cell = run_sync(async_execute_cell)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take a kernel's message about a cell into its outputs, if there is room left for it and it makes sense."""
        output: NotebookNode | None = None
        if msg["msg_type"] in ("status", "execute_input", "clear_output"):
            output = super().process_message(msg, cell, cell_index)
            return output
        try:
            if self._outputs.take(cell, msg):
                output = super().process_message(msg, cell, cell_index)
        except Exception as error:  # a message that makes no sense can raise anything
            cell.outputs.append(new_failure(f"The kernel sent an invalid message: {type(error).__name__}"))
        return output
