"""What modules, classes and other objects were like before a notebook ran, and how to put it back.

Only what can decide on a mark is looked after: functions, classes, modules, descriptors. Counters, caches, settings
and whatever else libraries keep may change as they like. What is put back is given back afterwards: an answer that has
patched something for itself finds it as it has left it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

_MISSING = object()
_TAG = 24  # where a dict of CPython has the number that changes whenever the dict does
# Many silence a library that way, and no verdict depends on it; it would speak on the error stream otherwise.
_TALKERS = ("warnings", "logging", "tqdm", "absl", "rich", "atexit")
_NO_TALK = {("warnings", "catch_warnings")}


class Change(NamedTuple):
    """One attribute that is not as it was."""

    owner: Any
    name: str
    old: Any
    new: Any

    def __str__(self) -> str:
        owner = self.owner
        where = owner.__name__ if _is_module(owner) else f"{owner.__module__}.{owner.__qualname__}"
        return f"{where}.{self.name}"


class _Kept:
    __slots__ = ("names", "owner", "tag", "values", "version")

    def __init__(self, owner: Any, names: dict[str, Any]):
        self.owner, self.names = owner, names
        self.values = dict(names)
        self.tag = ctypes.c_uint64.from_address(id(names) + _TAG) if _TAGGED else None
        self.version = self.tag and self.tag.value


class Pristine:
    """Knows the modules and classes of this process as they were when it first saw them."""

    def __init__(self):
        self._kept: dict[int, _Kept] = {}

    def look(self, modules: Iterable[ModuleType] | None = None) -> None:
        """Remember every module that is not known yet, by default of all that are loaded, and the classes in it."""
        for module in list(sys.modules.values()) if modules is None else modules:
            if not _is_module(module) or id(module) in self._kept or module.__name__ == "__main__":
                continue
            names = module.__dict__
            self._kept[id(module)] = _Kept(module, names)
            for value in list(names.values()):
                if issubclass(type(value), type):
                    self.look_at(value)

    def look_at(self, kind: type) -> None:
        """Remember a class that is not known yet."""
        if id(kind) not in self._kept:
            self._kept[id(kind)] = _Kept(kind, _names_of(kind))

    def knows(self, owner: Any) -> bool:
        """Return whether this module or class was there before anything of the notebook ran."""
        kept = self._kept.get(id(owner))
        return kept is not None and kept.owner is owner

    def accept(self) -> None:
        """Take everything as it is now."""
        for kept in self._kept.values():
            if not kept.tag or kept.tag.value != kept.version:
                kept.values = dict(kept.names)
                kept.version = kept.tag and kept.tag.value

    def changes(self) -> list[Change]:
        """Return what is not as it was."""
        found = []
        for kept in self._kept.values():
            if kept.tag:
                version = kept.tag.value
                if version == kept.version:
                    continue
                kept.version = version
            before = len(found)
            found += _compare(kept)
            if len(found) > before:
                kept.version = 0  # look again next time
        return found


def put_back(changes: Iterable[Change]) -> None:
    """Undo these changes."""
    for change in changes:
        _set(change.owner, change.name, change.old)


def give_back(changes: Iterable[Change]) -> None:
    """Do these changes again."""
    for change in changes:
        _set(change.owner, change.name, change.new)


def _compare(kept: _Kept) -> list[Change]:
    owner, now = kept.owner, dict(kept.names)
    found = []
    for name, old in kept.values.items():
        new = now.pop(name, _MISSING)
        if new is not old and _decides(old) and not _talks(owner, name):
            found.append(Change(owner, name, old, new))
    if not _is_module(owner):
        bases = type.__dict__["__mro__"].__get__(owner)[1:]
        inherited = {name for name in now if not name.startswith("_") and any(name in _names_of(b) for b in bases)}
        found += [Change(owner, name, _MISSING, now[name]) for name in inherited if not _talks(owner, name)]
    return found


def _decides(value: Any) -> bool:
    kind = type(value)
    return kind is FunctionType or callable(value) or _is_module(value) or kind in (property, classmethod, staticmethod)


def _talks(owner: Any, name: str) -> bool:
    module = owner.__name__ if _is_module(owner) else getattr(owner, "__module__", "")
    return str(module).partition(".")[0] in _TALKERS and (module, name) not in _NO_TALK


def _set(owner: Any, name: str, value: Any) -> None:
    with contextlib.suppress(AttributeError, KeyError, TypeError):
        if _is_module(owner):
            if value is _MISSING:
                del owner.__dict__[name]
            else:
                owner.__dict__[name] = value
        elif value is _MISSING:
            type.__delattr__(owner, name)
        else:
            type.__setattr__(owner, name, value)


def _is_module(owner: Any) -> bool:
    return issubclass(type(owner), ModuleType)


def _names_of(kind: type) -> dict[str, Any]:
    """Return the dict itself behind a class's ``__dict__``."""
    return gc.get_referents(type.__dict__["__dict__"].__get__(kind))[0]


def _has_tags() -> bool:
    names = {"a": 1}
    tag = ctypes.c_uint64.from_address(id(names) + _TAG)
    before = tag.value
    names["a"] = 2
    return sys.implementation.name == "cpython" and tag.value != before


_TAGGED = _has_tags()
