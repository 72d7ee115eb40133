"""Run notebooks on a Dask cluster: plain files and notebooks as text travel there and back, and nothing else.

Every worker starts warm kernels of its own. A worker that is lost takes nothing along: Dask gives what it was running
to another one. Only the process that asks touches the gradebook.
"""

from __future__ import annotations

import io
import json
import tempfile
import uuid
from concurrent.futures import CancelledError
from pathlib import Path

import nbformat
from distributed import Client
from distributed.scheduler import KilledWorker
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.course import CourseError
from autograder.kernels import files
from autograder.kernels.limits import Limits
from autograder.run import KernelLost, Run, run_notebooks

_SETTINGS = ("Execute", "ExecutePreprocessor", "NotebookClient", "Limits", "WarmProvisioner")
_PATIENCE = 10  # s; to reach the scheduler


class Cluster:
    """A Dask cluster that runs submissions; to be used in a ``with`` block.

    Parameters
    ----------
    address : str
        Of its scheduler, such as ``tcp://10.0.0.7:8786``.

    Attributes
    ----------
    places : int
        How many submissions are sent out at a time; the scheduler lets those wait for which no worker is free.

    Raises
    ------
    CourseError
        If no scheduler answers there.
    """

    places = 64

    def __init__(self, address: str):
        try:
            self._client = Client(address, timeout=_PATIENCE, set_as_default=False, name="autograder")
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {address}") from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_) -> None:
        self._client.close()

    def run(self, notebooks: dict[str, NotebookNode], folder: Path, config: Config) -> dict[str, Run]:
        """Do what `run_notebooks` does, on one of the workers."""
        limit = Limits(config=config).disk
        texts = {name: nbformat.writes(nb).encode() for name, nb in notebooks.items()}
        settings = json.dumps({name: config[name] for name in _SETTINGS if name in config}).encode()
        key = f"{folder.name}-{uuid.uuid4().hex}"
        try:
            future = self._client.submit(_run_parcel, _pack(folder, limit), texts, settings, key=key, pure=False)
            made, texts, runs = future.result()
        except (KilledWorker, CancelledError) as error:
            raise KernelLost(f"the cluster lost it: {error}") from error
        files.unpack(io.BytesIO(made), folder)
        for name, text in texts.items():
            notebooks[name].update(nbformat.reads(text.decode(), as_version=4))
        return {name: Run(**run) for name, run in json.loads(runs).items()}


def _run_parcel(parcel: bytes, texts: dict[str, bytes], settings: bytes) -> tuple[bytes, dict[str, bytes], bytes]:
    """Run notebooks on a worker and return the files that changed, the notebooks and how it went."""
    config = Config(json.loads(settings))
    notebooks = {name: nbformat.reads(text.decode(), as_version=4) for name, text in texts.items()}
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        files.unpack(io.BytesIO(parcel), folder)
        before = files.states(folder)
        runs = run_notebooks(notebooks, folder, config)
        made = _pack(folder, Limits(config=config).disk, before)
    texts = {name: nbformat.writes(nb).encode() for name, nb in notebooks.items()}
    return made, texts, json.dumps({name: run._asdict() for name, run in runs.items()}).encode()


def _pack(folder: Path, limit: int, known: files.State | None = None) -> bytes:
    archive = io.BytesIO()
    files.pack(folder, archive, limit, known)
    return archive.getvalue()
