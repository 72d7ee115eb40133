"""What a student has answered so far, kept from lesson to lesson in one small file of her own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ENV = "COFFEE_SHOP_SCORECARD"  # the file's path; nothing is written if it is empty
_unwritten: dict[str, Any] = {}


def record(kind: str, lesson: str, name: str, value: Any) -> None:
    """Note an answer; a later one takes the place of an earlier one.

    Parameters
    ----------
    kind : str
        ``"quiz"``, ``"prediction"`` or ``"turn"``.
    lesson, name : str
        Where the question stands, and its name there.
    value : object
        What JSON can hold.
    """
    answers = _read() | {_key(kind, lesson, name): value}
    if (path := _path()) is None:
        _unwritten.update(answers)
        return
    try:
        path.write_text(json.dumps(answers, indent=1), encoding="utf-8")
    except OSError:  # a disk that takes nothing is no reason to stop; this kernel remembers all the same
        _unwritten.update(answers)


def recall(kind: str, lesson: str, name: str) -> Any:
    """Return the answer that was noted, or None."""
    return _read().get(_key(kind, lesson, name))


def _key(kind: str, lesson: str, name: str) -> str:
    return f"{kind} {lesson} {name}"


def _path() -> Path | None:
    named = os.environ.get(ENV)
    return None if named == "" else Path(named or Path.home() / ".coffee_shop.json")


def _read() -> dict[str, Any]:
    path, kept = _path(), None
    if path is not None:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none yet, or one that somebody has damaged
            kept = None
    return (kept if isinstance(kept, dict) else {}) | _unwritten
