"""Run the cells of one notebook in a kernel: one that is forked, or one that Jupyter starts.

Both are nbgrader's own preprocessor, which is nbclient's. A forked kernel has another transport, so the loop that sends
cells and waits for their ends is another one here; what each message means is left to nbclient.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from subprocess import DEVNULL
from typing import Any, BinaryIO

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbclient.util import run_hook
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.course.modules import needs_own_imports
from autograder.course.notebooks import is_instructors
from autograder.course.settings import kernel_environment
from autograder.execution.executor import KernelLost
from autograder.execution.judging import Judging
from autograder.execution.outputs import OutputLimit, new_failure
from autograder.kernels.client import ForkedKernel
from autograder.kernels.grading import GradingClient
from autograder.kernels.provisioner import ForkProvisioner
from autograder.sandbox.limits import Limits

# A line of one of the instructor's cells: how long this cell may take.
_TIME_LIMIT = re.compile(r"^\s*#+\s*autograder:\s*time limit\s+(\d+(?:\.\d+)?)\s*s\s*$", re.MULTILINE)
_FAILED = {"status": "error"}
_SHUTDOWN = 5  # s, for a kernel to end by itself; as long as Jupyter waits


class CellsExecute(Execute):
    """nbgrader's own executor. If a kernel is lost, the outputs of the cells that ran are kept.

    Parameters
    ----------
    config : Config

    Attributes
    ----------
    stopped : str
        What ended the run before the last cell; empty if nothing did.
    seconds : float
        How long its cells took.
    """

    stopped = ""
    seconds = 0.0

    def __init__(self, config: Config):
        super().__init__(kernel_manager_class=AsyncKernelManager, config=config)
        self._outputs = OutputLimit(Limits(config=config).output)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run a cell, unless the kernel is of no use any more."""
        if self.stopped:
            return cell, resources
        try:
            cell, resources = self.run_cell(cell, resources, index)
        except Exception as error:
            self.stopped = self.explain(error, index + 1)
            self.shutdown_kernel = "immediate"
            cell.execution_count = None
            # A result might count as points, and the cell has not run to its end.
            cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
        return cell, resources

    def run_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run a cell as nbgrader does."""
        done: tuple[NotebookNode, dict[str, Any]] = super().preprocess_cell(cell, resources, index)
        return done

    def _get_timeout(self, cell: NotebookNode | None) -> float | None:
        """Return how many seconds a cell may take: what it says itself if it is the instructor's, or as nbclient."""
        if cell is not None and is_instructors(cell) and (found := _TIME_LIMIT.search(cell.source)):
            own = float(found[1])
            if own > 0:
                return own
        limit: float | None = super()._get_timeout(cell)
        return limit

    def explain(self, error: Exception, number: int) -> str:
        """Return why the kernel is of no use any more since cell ``number``."""
        if isinstance(error, DeadKernelError):
            return f"the kernel died in cell {number}"
        if isinstance(error, CellTimeoutError):
            limit = self._get_timeout(self.nb.cells[number - 1])
            ran = f"ran longer than {limit:g} s and" if limit else "printed without end and"
            return f"cell {number} {ran} could not be interrupted"
        return f"the kernel answered with nonsense in cell {number}: {type(error).__name__}"

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


class JupyterExecute(CellsExecute):
    """Runs the cells in a kernel that Jupyter starts: of another language, or on another system than Linux."""

    @contextlib.contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start the kernel, and end it after the block."""
        settings = {"env": kernel_environment(), "stdout": DEVNULL, "stderr": DEVNULL}  # what the process itself prints
        with super().setup_kernel(**settings, **kwargs):
            self.km.cleanup_connection_file()  # nobody else is to connect, and a run that is killed leaves nothing
            started = time.monotonic()
            yield
            self.seconds = time.monotonic() - started

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


class ForkExecute(CellsExecute):
    """Runs the cells in a forked kernel, and gives the tests to a judge if there is one.

    Parameters
    ----------
    config : Config
    judging : Judging, optional
        What a judge decides.
    inbox : binary file, optional
        The files that the kernel gets, see `autograder.kernels.client.ForkServer.start_kernel`.

    Attributes
    ----------
    unsaved : str
        Why the files that the notebook wrote were not kept; empty if they were.
    inbox : binary file, optional
        The files that the kernel got.
    """

    unsaved = ""
    _kernel: ForkedKernel
    _number = 0  # of the last cell that was run
    _idle = False  # whether the kernel has said that it has done with the cell

    def __init__(self, config: Config, spec: KernelSpec, judging: Judging | None, inbox: BinaryIO | None = None):
        super().__init__(config)
        self._spec = spec
        self.judging, self.inbox = judging, inbox

    @contextlib.contextmanager
    def setup_kernel(self, **_: Any) -> Iterator[None]:
        """Start the kernel, wait until it may use its core, and end it after the block."""
        env = _environment(self._spec)
        provisioner = ForkProvisioner(config=self.config)
        folder = Path(self.resources["metadata"]["path"])
        bare = needs_own_imports(folder, provisioner.modules, careful=provisioner.careful)
        self._kernel = provisioner.start_grading(env, folder, self.inbox, bare=bare)
        self.kc = GradingClient(self._kernel, Limits(config=self.config).as_dict())
        try:
            with contextlib.ExitStack() as opened:
                opened.callback(self._kernel.channel.close)
                self.inbox = self._kernel.inbox
                core = opened.enter_context(self._kernel.turn())
                if self.judging:
                    opened.enter_context(self.judging.start(provisioner, self._kernel, env, core))
                started = time.monotonic()
                yield
                self.seconds = time.monotonic() - started
        finally:
            self._end_kernel()
        self.unsaved = self._kernel.unsaved

    def _end_kernel(self) -> None:
        self.kc.close()
        if self.shutdown_kernel == "immediate":
            self._kernel.kill()
        try:
            self._kernel.wait(_SHUTDOWN)
        except subprocess.TimeoutExpired:
            self._kernel.end()

    def wait_for_reply(self, msg_id: str, cell: NotebookNode | None = None) -> dict[str, Any]:
        """Return the reply to the first request, which shows that the kernel has started."""
        deadline = time.monotonic() + self.startup_timeout
        while True:
            message = self.kc.receive(deadline)
            if message["msg_type"] == "kernel_info_reply" and message["parent_header"].get("msg_id") == msg_id:
                return message

    def run_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run a cell, or have the judge decide it."""
        if self.judging and self.judging.takes(cell):
            self._judge(cell, index)
        else:
            cell, resources = super().run_cell(cell, resources, index)
            self._number = cell.get("execution_count") or self._number
        return cell, resources

    def _judge(self, cell: NotebookNode, index: int) -> None:
        """Have the judge decide a test; see `autograder.execution.judging`."""
        assert self.judging
        self._number += 1
        cell.execution_count, cell.outputs = self._number, []
        messages = self.judging.decide(cell, self._get_timeout(cell), self.error_on_timeout)
        self.clear_before_next_output = False
        for message in messages:
            self.process_message(message, cell, index)
        if self.judging.is_kernel_lost(self._kernel):
            raise DeadKernelError("Kernel died")

    def explain(self, error: Exception, number: int) -> str:
        """Return why the kernel is of no use any more since cell ``number``."""
        if isinstance(error, DeadKernelError) and self._kernel.lost:
            raise KernelLost("the process that kernels are forked from has ended") from None
        if isinstance(error, DeadKernelError) and self._kernel.reason:
            return f"the kernel was ended in cell {number}: {self._kernel.reason}"
        return super().explain(error, number)

    def execute_cell(self, cell: NotebookNode, cell_index: int, **_: Any) -> NotebookNode:
        """Run a cell as nbclient's method does, which this replaces."""
        known = {"cell": cell, "cell_index": cell_index}
        _call_hook(self.on_cell_start, **known)
        skipped = self.skip_cells_with_tag in cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or skipped:
            return cell
        if self.record_timing:
            cell.metadata["execution"] = {}
        content = {"code": cell.source, "silent": False, "store_history": True, "user_expressions": {}}
        _call_hook(self.on_cell_execute, **known)
        request = self.kc.request("execute_request", {**content, "allow_stdin": False, "stop_on_error": False})
        _call_hook(self.on_cell_complete, **known)
        self.code_cells_executed += 1
        cell.outputs = []
        self.clear_before_next_output = False
        reply = self._wait_for_reply(request, cell, cell_index)
        self._wait_until_idle(request, cell, cell_index)
        self.on_cell_executed(**known, execute_reply=reply)
        if reply["content"]["status"] == "error":
            _call_hook(self.on_cell_error, **known, execute_reply=reply)
        return cell

    def _wait_for_reply(self, request: str, cell: NotebookNode, index: int) -> dict[str, Any]:
        """Take in what the kernel sends about a cell until it replies, or what stands for a reply after the limit."""
        limit = self._get_timeout(cell)
        self._idle = False
        while not self._idle:
            try:
                for message in self._messages(request, limit):
                    if message["msg_type"] == "execute_reply":
                        return self._take_reply(message, cell)
                    self._take(message, cell, index)
            except TimeoutError:
                if not self.interrupt_on_timeout:
                    raise CellTimeoutError.error_from_timeout_and_cell("Timeout", int(limit or 0), cell) from None
                self._kernel.send_signal(signal.SIGINT)
                if self.error_on_timeout:
                    break
        # After the limit, or if it is idle and has not replied: nbclient would wait for the reply until the limit.
        return {
            "content": {"ename": "CellTimeoutError", "evalue": "", "traceback": [], **self.error_on_timeout, **_FAILED}
        }

    def _take_reply(self, message: dict[str, Any], cell: NotebookNode) -> dict[str, Any]:
        if self.record_timing:
            cell.metadata["execution"]["shell.execute_reply"] = timestamp(message)
        return message

    def _wait_until_idle(self, request: str, cell: NotebookNode, index: int) -> None:
        """Take in what the kernel sends about a cell that has ended."""
        try:
            for message in self._messages(request, self.iopub_timeout):
                if message["msg_type"] != "execute_reply":  # that of a cell that was interrupted
                    self._take(message, cell, index)
        except TimeoutError:
            if self.raise_on_iopub_timeout:
                raise CellTimeoutError.error_from_timeout_and_cell("Timeout", self.iopub_timeout, cell) from None

    def _messages(self, request: str, limit: float | None) -> Iterator[dict[str, Any]]:
        """Yield what the kernel sends about a request, until it is idle or, with `TimeoutError`, the limit is over."""
        deadline = time.monotonic() + limit if limit else None
        while not self._idle:
            message = self.kc.receive(deadline)
            if message["parent_header"].get("msg_id") == request:
                yield message

    def _take(self, message: dict[str, Any], cell: NotebookNode, index: int) -> None:
        try:
            self.process_message(message, cell, index)
        except CellExecutionComplete:
            self._idle = True


def _call_hook(hook: Callable[..., Any] | None, **known: Any) -> None:
    """Call what nbclient's settings have it call, which may be a coroutine function."""
    if hook:
        run_sync(run_hook)(hook, **known)


def find_kernel(nb: NotebookNode, config: Config) -> tuple[str, KernelSpec]:
    """Return the name of the kernel that a notebook runs in, and its kernelspec.

    Raises
    ------
    jupyter_client.kernelspec.NoSuchKernel
        If it is not installed.
    """
    name = Execute(config=config).kernel_name or nb.metadata.get("kernelspec", {}).get("name") or NATIVE_KERNEL_NAME
    manager = AsyncKernelManager(kernel_name=name, config=config)  # it knows "python" as another name
    assert manager.kernel_spec
    return name, manager.kernel_spec


def _environment(spec: KernelSpec) -> dict[str, str]:
    """Return the environment variables that Jupyter would give to a kernel of this kernelspec."""
    env = kernel_environment()
    env |= {name: Template(value).safe_substitute(env) for name, value in spec.env.items()}
    env.pop("PYTHONEXECUTABLE", None)
    return env
