"""Lessons and exercises as they are when they were executed, from golden files: all they show, pictures by their size.

A golden file keeps of a picture how wide and high it is and a few digits of its hash. The picture that is read in its
place is as large, and of one colour that follows from the hash: what differs, differs still.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from PIL import Image

from notebooks.site.execute import Run, changed, execute, read_run
from tests.golden import Golden
from tests.support import ROOT

EXECUTED = ROOT / "build" / "tests" / "executed"
_RECORDER = ROOT / "notebooks" / "site" / "recorder.py"
_PNG = "iVBORw0KGgo"  # how a PNG file begins in Base64
_PICTURE = re.compile(r"PNG, (\d+) x (\d+), ([0-9a-f]{6})")
_WIDGET = re.compile(r"[0-9a-f]{32}")  # the number of a widget, which is drawn at random


@dataclass(frozen=True)
class Shown:
    """What became of a notebook: with its outputs, what went wrong, and which of a lesson's facts are not true."""

    notebook: NotebookNode
    trouble: str
    untrue: str


def facts_of(lesson: str) -> dict[str, str]:
    """Return what a lesson's prose claims, and the expression for each that has to be true after its last cell."""
    return import_module(f"tests.course.facts.{lesson}").FACTS


@cache
def shown_by_lesson(name: str, golden: Golden) -> Shown:
    """Return what a lesson shows. It runs if anything that this follows from is not as it was."""
    facts = Path(__file__).with_name("facts") / f"{name}.py"
    inputs = [facts, *_inputs(_lesson(name))]
    return _read(golden(f"executed_{name}", lambda: _run_lesson(name, EXECUTED), inputs, libraries=()))


def run_lesson(name: str, folder: Path) -> Shown:
    """Return what a lesson shows that is executed into a new folder."""
    return _read(_run_lesson(name, folder))


@cache
def shown_by_exercise(name: str, golden: Golden) -> Shown:
    """Return what an exercise shows before anything is answered; its cells may raise errors."""
    path = ROOT / "exercises" / f"{name}.ipynb"
    return _read(
        golden(f"executed{name}", lambda: _run(path, EXECUTED, {}, allow_errors=True), _inputs(path), libraries=())
    )


def _run_lesson(name: str, folder: Path) -> dict[str, Any]:
    # The extra cell prints which of the lesson's facts are not true.
    extra = f"print([phrase for phrase, fact in {facts_of(name)!r}.items() if not eval(fact)], end='')"
    return _run(_lesson(name), folder, {name: extra})


def _lesson(name: str) -> Path:
    return ROOT / "notebooks" / f"{name}.ipynb"


def _inputs(path: Path) -> list[Path]:
    return [path, _RECORDER, ROOT / "notebooks" / "coffee_shop", ROOT / "uv.lock"]


def run_if_changed(path: Path, folder: Path, extra: dict[str, str] | None = None, *, allow_errors: bool = False) -> Run:
    """Return what became of a notebook, which is executed into the folder if what is there is not of just this one."""
    if changed([path], folder, extra):
        return execute([path], folder, extra, allow_errors=allow_errors)[path.stem]
    return read_run(path, folder)


def _run(path: Path, folder: Path, extra: dict[str, str], *, allow_errors: bool = False) -> dict[str, Any]:
    run = run_if_changed(path, folder, extra, allow_errors=allow_errors)
    notebook = _each_text(run.notebook, _describe)
    notebook.metadata.pop("run", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
    return {"trouble": run.trouble, "untrue": run.extra, "notebook": json.loads(nbformat.writes(notebook))}


def _read(stored: dict[str, Any]) -> Shown:
    notebook = nbformat.reads(json.dumps(stored["notebook"]), as_version=4)
    return Shown(_each_text(notebook, _draw_picture), stored["trouble"], stored["untrue"])


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a copy of a notebook, or of a part of it, with each text changed."""
    if isinstance(value, dict):
        return type(value)({name: _each_text(part, change) for name, part in value.items()})
    if isinstance(value, list):
        return [_each_text(part, change) for part in value]
    return change(value) if isinstance(value, str) else value


def _describe(text: str) -> str:
    """Return what a golden file keeps of a picture; another text stays. A picture that is broken raises an error."""
    if _WIDGET.fullmatch(text):
        return "0" * 32
    if not text.startswith(_PNG):
        return text
    data = base64.b64decode(text)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return f"PNG, {picture.width} x {picture.height}, {hashlib.sha256(data).hexdigest()[:6]}"


def _draw_picture(text: str) -> str:
    if not (found := _PICTURE.fullmatch(text)):
        return text
    picture = io.BytesIO()
    Image.new("RGB", (int(found[1]), int(found[2])), f"#{found[3]}").save(picture, "PNG")
    return base64.b64encode(picture.getvalue()).decode()
