"""Run notebooks on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import TypeVar

from nbformat import NotebookNode
from traitlets.config import Config

from autograder.course.files import copy_file
from autograder.execution.executor import RunResult
from autograder.execution.notebook import FORKS, run_notebook
from autograder.judge.table import Table
from autograder.kernels.cores import CORES, SEATS

Job = TypeVar("Job")
Result = TypeVar("Result")
CAPACITY = CORES * (SEATS if FORKS else 1)  # notebooks at a time


class LocalExecutor:
    """Runs notebooks in kernels of this machine; see `autograder.execution.executor.Executor`."""

    capacity = CAPACITY

    def run(
        self,
        notebooks: Mapping[str, NotebookNode],
        tables: Mapping[str, Table],
        folder: Path,
        config: Config,
    ) -> dict[str, RunResult]:
        """Run these notebooks in place, one after the other."""
        with tempfile.TemporaryDirectory(prefix="autograder-") as place:
            files = Path(place).resolve()
            for name in {name for table in tables.values() for name in table.files}:
                copy_file(folder / name, files / name)  # before a notebook can change it
            return {name: run_notebook(nb, folder, config, tables.get(name), files) for name, nb in notebooks.items()}


def run_concurrently(
    jobs: Iterable[Job], work: Callable[[Job], Result], workers: int
) -> Iterator[tuple[Job, Future[Result]]]:
    """Call ``work`` on every job, and yield each job with its future when it is done.

    Parameters
    ----------
    jobs : iterable
        Jobs are taken from it only as workers become free.
    work : callable
        It is called in threads. They suffice, because kernels are processes.
    workers : int
        How many jobs are worked on at a time.
    """
    waiting = iter(jobs)
    pool = ThreadPoolExecutor(workers)
    try:
        pending = {pool.submit(work, job): job for job in islice(waiting, workers)}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            while done:
                future = done.pop()
                job = pending.pop(future)
                pending |= {pool.submit(work, job): job for job in islice(waiting, 1)}
                yield job, future
                del future  # nobody needs its result any more
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
