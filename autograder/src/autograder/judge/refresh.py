"""Give an object the content of another one, in place: what one side has changed, the other one finds changed."""

from __future__ import annotations

import collections
import enum
import sys
import types
from collections.abc import Callable
from typing import Any


def refresh(old: Any, new: Any) -> Any:
    """Give ``old`` the content of ``new`` and return it, or None if that cannot be done in place."""
    if old is new:
        return old
    if type(old) is not type(new) or issubclass(type(old), _UNIQUE):
        return None
    update = _UPDATES.get(type(old))
    if update is not None:
        update(old, new)
        return old
    if hasattr(old, "__dict__"):
        _update_mapping(vars(old), vars(new))
        return old
    numpy = sys.modules.get("numpy")
    if numpy and type(old) is numpy.ndarray and (old.shape, old.dtype) == (new.shape, new.dtype):
        old[...] = new
        return old
    return None


def _update_list(old: Any, new: Any) -> None:
    old[:] = new


def _update_mapping(old: Any, new: Any) -> None:
    old.clear()
    old.update(new)


def _update_deque(old: Any, new: Any) -> None:
    old.clear()
    old.extend(new)


_UPDATES: dict[type, Callable[[Any, Any], None]] = {
    list: _update_list, bytearray: _update_list, dict: _update_mapping, set: _update_mapping,
    collections.OrderedDict: _update_mapping, collections.Counter: _update_mapping,
    collections.defaultdict: _update_mapping, collections.deque: _update_deque,
}  # fmt: skip
_UNIQUE = (type, types.ModuleType, enum.Enum)  # two of these are never one thing at two times
CHANGEABLE = frozenset(_UPDATES)
