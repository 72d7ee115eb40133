"""One notebook's tests, decided by a judge while its other cells run in its kernel."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograder.course.notebooks import grade_id
from autograder.execution import provisional
from autograder.judge.client import Finding, JudgeClient
from autograder.judge.table import Table, is_test, points_of
from autograder.kernels.client import ForkedKernel
from autograder.kernels.provisioner import ForkProvisioner

_END = 5  # s, for a kernel to end whose connection to the judge has ended


class Judging:
    """Gives the instructor's cells of one notebook to a judge.

    Parameters
    ----------
    table : Table
        Which tests the judge decides.
    files : Path
        A folder with the assignment's own files.

    Attributes
    ----------
    findings : dict of Finding
        By grade id, what came of the tests that the judge got.
    """

    def __init__(self, table: Table, files: Path):
        self._table, self._files = table, files
        self.findings: dict[str, Finding] = {}
        self._judge: JudgeClient | None = None

    @contextlib.contextmanager
    def start(
        self, provisioner: ForkProvisioner, kernel: ForkedKernel, env: dict[str, str], core: int
    ) -> Iterator[None]:
        """Start the judge for a kernel, on the same core, and end it after the block."""
        server = provisioner.take_judge_server(env, self._files)
        server.begin(core)
        self._kernel = kernel
        self._judge = JudgeClient(server, kernel.channel)
        with contextlib.closing(self._judge):
            yield

    def takes(self, cell: NotebookNode) -> bool:
        """Return whether the judge decides a cell. It runs one that is the instructor's and no test, as the kernel."""
        if self._table.is_judged(cell):
            return True
        if is_solution(cell) and self._judge:
            self._judge.forget(self._table.live)
        mine = cell.cell_type == "code" and not is_solution(cell) and not is_test(cell) and grade_id(cell)
        if mine and self._judge and not self._table.needs_answers(cell.source):
            self._judge.run(cell.source)
        return False

    def decide(self, cell: NotebookNode, timeout: float | None, error: dict[str, Any]) -> list[dict[str, Any]]:
        """Have the judge decide a test that has a number, and return its outputs as messages of a kernel.

        Parameters
        ----------
        cell : NotebookNode
        timeout : float, optional
            Seconds that it may take.
        error : dict
            The content of the error that a test gets which takes longer; it wins nothing then.
        """
        assert self._judge
        name = grade_id(cell) or ""
        allowed = self._table.allowed
        finding = self._judge.decide(
            cell.source,
            cell.execution_count,
            self._table.live,
            self._table.reads,
            None if allowed is None else allowed[name],
            timeout,
            lambda: self._kernel.send_signal(signal.SIGINT),
        )
        if finding.drift and allowed is not None and not finding.reason:
            finding.reason = f"the submission gives another meaning to `{finding.drift[0]}`"
        if finding.timed_out and error:
            shown = [output for output in finding.outputs if output["output_type"] != "execute_result"]
            finding.outputs, finding.reason, finding.plain = [*shown, {"output_type": "error", **error}], "", True
        self.findings[name] = finding
        return [_as_message(output) for output in finding.outputs]

    def is_kernel_lost(self, kernel: ForkedKernel) -> bool:
        """Return whether the kernel has ended while the judge asked it."""
        if not list(self.findings.values())[-1].lost:
            return False
        deadline = time.monotonic() + _END
        while kernel.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return kernel.poll() is not None

    def undecided(self, nb: NotebookNode) -> dict[str, str]:
        """Return, by grade id, the tests that the judge got and could not decide for good, with the reason.

        A failure that does not rest on plain data alone may be the judge's own. What a test has shown that could not
        be decided does not count.
        """
        found = {}
        for cell in filter(self._table.is_judged, nb.cells):
            name = grade_id(cell) or ""
            finding = self.findings.get(name)
            if finding and finding.reason:
                found[name] = finding.reason
                cell.outputs = provisional.failed(finding.reason)
            elif finding and not finding.plain and points_of(cell) < cell.metadata.nbgrader.points:
                found[name] = "it fails with the judge, where an object of the submission's own decides"
        return found


def _as_message(output: dict[str, Any]) -> dict[str, Any]:
    content = {key: value for key, value in output.items() if key != "output_type"}
    kind = output["output_type"]
    return {"msg_type": kind, "header": {"msg_type": kind}, "parent_header": {}, "content": content, "buffers": []}
