"""Run one notebook in a kernel of its own. Every other module handles notebooks as data."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, NoSuchKernel
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.course.notebooks import fail_cells
from autograder.execution import provisional
from autograder.execution.cells import CellsExecute, ForkExecute, JupyterExecute, find_kernel
from autograder.execution.executor import KernelLost, RunResult
from autograder.execution.judging import Judging
from autograder.execution.outputs import repair
from autograder.judge.table import Table
from autograder.kernels.provisioner import ForkProvisioner
from autograder.sandbox.transfer import TooLarge

FORKS = sys.platform == "linux"  # to fork a process that has imported large libraries is sound on Linux only


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
    try:
        name, spec = find_kernel(nb, config)
    except NoSuchKernel as error:
        raise KernelLost(f"the kernel did not start: {error}") from error
    if spec.language.lower() != "python" or not FORKS:
        return _run_with_jupyter(nb, folder, config, name, spec)
    execute = ForkExecute(config, spec, Judging(table, files) if table and table.judges and files else None)
    result = _run(execute, nb, folder)
    judging = execute.judging
    if not judging or not table or table.allowed is None or not (undecided := judging.undecided(nb)):
        return result
    again = provisional.copy_for_another_run(nb, judging.findings.keys() - undecided.keys())
    _run(ForkExecute(config, spec, None, execute.inbox), again, folder)
    passed = provisional.take_over(nb, again, undecided)
    notes = [f"{name}: its mark is provisional, have a look: {reason}" for name, reason in passed.items()]
    return result._replace(notes=notes, provisional=sorted(passed))


def _run_with_jupyter(nb: NotebookNode, folder: Path, config: Config, name: str, spec: KernelSpec) -> RunResult:
    """Run ``nb`` in a kernel that Jupyter starts, which no sandbox can confine."""
    if FORKS and ForkProvisioner(config=config).confines():
        raise KernelLost(f"{name} is no Python kernel and cannot run in the sandbox: see --sandbox none")
    return _run(JupyterExecute(config), nb, folder)


def _run(execute: CellsExecute, nb: NotebookNode, folder: Path) -> RunResult:
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
    if not isinstance(execute, ForkExecute):
        return RunResult(execute.seconds, execute.stopped, [])
    findings = execute.judging.findings if execute.judging else {}
    unsaved = not_kept(execute.unsaved) if execute.unsaved else ""
    return RunResult(execute.seconds, execute.stopped or unsaved, [], findings)


def refuse(nb: NotebookNode, reason: str) -> RunResult:
    """Return the result of a notebook that cannot be run through a fault of its submission. Its cells say so."""
    repair(nb)
    fail_cells(nb, "NotRun", f"This cell was not run: {reason}.")
    return RunResult(0.0, reason, [])


def not_kept(reason: object) -> str:
    """Return what a result says if the files that a notebook wrote were not kept."""
    return f"what it wrote was not kept: {reason}"
