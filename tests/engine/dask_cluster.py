"""A Dask cluster of a test's own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


class DaskCluster:
    """A scheduler and two workers, processes of this machine.

    Attributes
    ----------
    address : str
        The scheduler's.
    workers : list of Popen
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        file = folder / "scheduler.json"
        while not (file.exists() and file.stat().st_size):  # Dask makes the file before it writes to it
            assert self._scheduler.poll() is None
            time.sleep(0.1)
        self.address = json.loads(file.read_text())["address"]
        self.workers = [self.start_worker() for _ in range(2)]

    def start_worker(self) -> subprocess.Popen:
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")

    def stop(self) -> None:
        for process in [*self.workers, self._scheduler]:
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self._folder / "scheduler.json")]
        with (self._folder / f"{kind}.log").open("a") as log:
            return subprocess.Popen([*command, *options], cwd=self._folder, stdout=log, stderr=log)
