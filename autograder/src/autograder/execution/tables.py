"""The tables of an assignment, which say what tests a judge decides: made once, and stored beside the gradebook."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict

from autograder.course.assignment import Assignment
from autograder.course.coursedir import Course
from autograder.course.files import copy_file
from autograder.course.modules import with_modules
from autograder.course.notebooks import fill
from autograder.execution.executor import Executor
from autograder.execution.local import run_concurrently
from autograder.judge.client import Finding
from autograder.judge.table import Table, make_table

_FOLDER = "judge"  # in the course


def read_tables(course: Course, assignment: Assignment, executor: Executor) -> dict[str, Table]:
    """Return the tables of an assignment's notebooks, by name.

    A table is stored in ``judge/ASSIGNMENT.json``. It is made anew if the notebook, the reference solution, the
    assignment's files, the settings of a run or an installed package has changed.

    Raises
    ------
    KernelLost
        If the reference solution cannot be run.
    OSError
        If the file cannot be written.
    """
    path = course.root / _FOLDER / f"{assignment.name}.json"
    stored = _read(path)
    keys = {name: _key(assignment, name) for name in assignment.templates}
    now = {name: stored[name] for name, key in keys.items() if stored.get(name, {}).get("key") == key}
    make = partial(_make, course, assignment, executor)
    for name, table in run_concurrently(keys.keys() - now.keys(), make, executor.capacity):
        now[name] = {"key": keys[name], "table": table.result().as_dict()}
    if now != stored:
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(now, indent=1), encoding="utf-8")
        os.replace(new, path)
    return {name: Table(**entry["table"]) for name, entry in now.items()}


def _make(course: Course, assignment: Assignment, executor: Executor, name: str) -> Table:
    template = assignment.templates[name]
    source = course.folder("source", ".", assignment.name)
    config = with_modules(course.root, course.config, assignment.name)

    def run(nb: NotebookNode, table: Table | None) -> tuple[NotebookNode, Mapping[str, Finding]]:
        done = from_dict(nb)
        with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as place:
            folder = Path(place).resolve()
            for file in assignment.files:
                copy_file(source / file, folder / file)
            result = executor.run({name: done}, {name: table} if table else {}, folder, config)[name]
        return done, result.findings

    return make_table(fill(template.notebook, dict(template.answers)), template.notebook, assignment.files, run)


def _read(path: Path) -> dict[str, Any]:
    """Return what is stored; nothing if it cannot be read, for it can be made anew."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored


def _key(assignment: Assignment, name: str) -> str:
    answers = json.dumps(dict(assignment.templates[name].answers), sort_keys=True)
    texts = [assignment.fingerprints[name], answers, json.dumps(assignment.files), _installed()]
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


@cache
def _installed() -> str:
    return json.dumps(sorted(f"{one.name} {one.version}" for one in metadata.distributions()))
