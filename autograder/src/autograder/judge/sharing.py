"""Notice objects that a submission shares: what passes to the judge is a copy, and copies share nothing."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autograder.judge.refresh import CHANGEABLE

_LOOKED_AT = 10_000  # values in a container
_DEPTH = 20
_ARRAYS_AND_TABLES = {("numpy", "ndarray"), ("pandas", "DataFrame"), ("pandas", "Series")}
_MOST = 1_000_000  # values in what is kept during one test: it takes memory of the submission's


class Sharing:
    """The objects that have passed during one test and that can be changed in place."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}  # by `id`; what is here stays, so that no other object gets its id
        self._size = 0

    def begin(self) -> None:
        """Begin with another test."""
        self._seen.clear()
        self._size = 0

    def see(self, value: Any) -> bool:
        """Note a value that passes; return whether it is an object that has passed before, or shares one."""
        found = {id(one): one for one in _changeable(value, _DEPTH)}
        shared = not found.keys().isdisjoint(self._seen)
        if self._size < _MOST:
            self._seen |= found
            self._size += sum(getattr(one, "size", None) or len(one) for one in found.values())
        return shared


def count_references(values: Mapping[int, Any], is_changeable: Callable[[Any], bool]) -> dict[int, int]:
    """Return how many references there are to each of these objects, of those that can be changed in place.

    What a function keeps of its arguments has more of them after the call than before. Arrays and tables are such
    objects, and those for which ``is_changeable`` says so.
    """
    kept = {number: one for number, one in values.items() if is_changeable(one) or _is_array_or_table(type(one))}
    return {number: sys.getrefcount(one) for number, one in kept.items()}


def _is_array_or_table(kind: type) -> bool:
    return (kind.__module__.partition(".")[0], kind.__name__) in _ARRAYS_AND_TABLES


def _changeable(value: Any, depth: int) -> Iterator[Any]:
    """Yield the objects in a value that can be changed in place; for a view of an array, the array."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    kind = type(value)
    if numpy and kind is getattr(numpy, "ndarray", None):
        while value.base is not None and type(value.base) is kind:
            value = value.base
        yield value
    elif pandas and kind in (getattr(pandas, "DataFrame", None), getattr(pandas, "Series", None)):
        yield value
    elif kind in CHANGEABLE or (kind is tuple and depth):
        if kind is not tuple:
            yield value
        inner = value.values() if isinstance(value, dict) else value
        if depth and not isinstance(value, bytearray | set):
            for one in itertools.islice(inner, _LOOKED_AT):
                yield from _changeable(one, depth - 1)
