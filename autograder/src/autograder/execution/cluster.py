"""Run notebooks on a Dask cluster. Files and notebooks travel there and back as plain data, and nothing else does.

Every worker starts kernels of its own. If a worker is lost, Dask gives the submission that it was running to another
one. Only this process writes to the gradebook.
"""

from __future__ import annotations

import io
import json
import tempfile
import uuid
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from distributed import Client
from distributed.scheduler import KilledWorker
from nbformat import NotebookNode
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue

from autograder.course.assignment import EXECUTION_SETTINGS
from autograder.course.coursedir import CourseError
from autograder.execution.executor import KernelLost, RunResult
from autograder.execution.local import LocalExecutor
from autograder.execution.notebook import not_kept, refuse
from autograder.judge.client import Finding
from autograder.judge.table import Table
from autograder.sandbox import transfer
from autograder.sandbox.limits import Limits
from autograder.sandbox.transfer import TooLarge

_CONNECT_TIMEOUT = 60  # s, to reach the scheduler
_CHANGES = "changes of the default"  # of a setting such as c.ForkProvisioner.modules.append("numpy")


class ClusterExecutor:
    """Runs submissions on a Dask cluster; see `autograder.execution.executor.Executor`. Use it in a ``with`` block.

    Parameters
    ----------
    address : str
        The address of the cluster's scheduler, such as ``tcp://10.0.0.7:8786``.

    Raises
    ------
    CourseError
        If no scheduler answers there.
    """

    capacity = 64  # the scheduler lets submissions wait for which no worker is free

    def __init__(self, address: str):
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT, set_as_default=False, name="autograder")
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {address}") from error

    def __enter__(self) -> ClusterExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(
        self,
        notebooks: Mapping[str, NotebookNode],
        tables: Mapping[str, Table],
        folder: Path,
        config: Config,
    ) -> dict[str, RunResult]:
        """Run these notebooks in place on one of the workers, one after the other."""
        try:
            files = _pack(folder, Limits(config=config).disk)
        except TooLarge as error:  # no worker could run it
            return {name: refuse(nb, str(error)) for name, nb in notebooks.items()}
        texts = {name: nbformat.writes(nb).encode() for name, nb in notebooks.items()}
        chosen = {name: tables[name].as_dict() for name in notebooks if name in tables}
        request = json.dumps({"settings": _encode_settings(config), "tables": chosen}).encode()
        key = f"{folder.name}-{uuid.uuid4().hex}"
        try:
            future = self._client.submit(_run_on_worker, files, texts, request, key=key, pure=False)
            changed, texts, results = future.result()
        except (KilledWorker, CancelledError) as error:
            raise KernelLost(f"the cluster lost it: {error}") from error
        if changed:
            transfer.unpack(io.BytesIO(changed), folder)
        for name, text in texts.items():
            notebooks[name].update(nbformat.reads(text.decode(), as_version=4))
        return {name: _decode_result(result) for name, result in json.loads(results).items()}


def _run_on_worker(files: bytes, texts: dict[str, bytes], request: bytes) -> tuple[bytes, dict[str, bytes], bytes]:
    """Run notebooks on a worker. Return the files that changed, the notebooks and how each of them ran."""
    known = json.loads(request)
    config = _decode_settings(known["settings"])
    notebooks = {name: nbformat.reads(text.decode(), as_version=4) for name, text in texts.items()}
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        transfer.unpack(io.BytesIO(files), folder)
        before = transfer.take_snapshot(folder)
        tables = {name: Table(**table) for name, table in known["tables"].items()}
        results = LocalExecutor().run(notebooks, tables, folder, config)
        try:
            changed = _pack(folder, Limits(config=config).disk, before)
        except TooLarge as error:  # the marks count all the same
            changed = b""
            results = {
                name: result._replace(stopped=result.stopped or not_kept(error)) for name, result in results.items()
            }
    texts = {name: nbformat.writes(nb).encode() for name, nb in notebooks.items()}
    return changed, texts, json.dumps({name: _encode_result(result) for name, result in results.items()}).encode()


def _encode_result(result: RunResult) -> dict[str, Any]:
    findings = {name: asdict(finding) for name, finding in result.findings.items()}
    return {**result._asdict(), "findings": findings}


def _decode_result(result: dict[str, Any]) -> RunResult:
    findings = {name: Finding(**finding) for name, finding in result["findings"].items()}
    return RunResult(**{**result, "findings": findings})


def _encode_settings(config: Config) -> dict[str, dict[str, Any]]:
    """Return as plain data the settings that decide how a notebook runs."""
    return {
        section: {
            name: {_CHANGES: value.to_dict()} if isinstance(value, LazyConfigValue) else value
            for name, value in config[section].items()
        }
        for section in EXECUTION_SETTINGS
        if section in config
    }


def _decode_settings(sections: dict[str, dict[str, Any]]) -> Config:
    config = Config()
    for section, settings in sections.items():
        for name, value in settings.items():
            if isinstance(value, dict) and _CHANGES in value:
                _repeat_changes(config[section][name], value[_CHANGES])
            else:
                config[section][name] = value
    return config


def _repeat_changes(value: LazyConfigValue, changes: dict[str, Any]) -> None:
    """Change the default of a setting as ``LazyConfigValue.to_dict`` says."""
    value.extend(changes.get("extend", []))
    value.prepend(changes.get("prepend", []))
    for index, item in changes.get("inserts", []):
        value.insert(index, item)
    if "update" in changes:
        value.update(changes["update"])


def _pack(folder: Path, limit: int, known: transfer.Snapshot | None = None) -> bytes:
    archive = io.BytesIO()
    transfer.pack(folder, archive, limit, known)
    return archive.getvalue()
