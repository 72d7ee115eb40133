"""Whether Python's own numbers and types are still what they were.

Code that writes to memory, as NumPy and ctypes let it, can make two equal to three for everybody in its process: small
numbers are there once, and how types compare stands in tables of addresses.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

_TYPES = (object, type, int, bool, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None))
# In words, of PyTypeObject: functions, from first to last, and tables of them, where their addresses stand and how long
# they are. What lies between changes as Python runs: counters, caches, weak references.
_FUNCTIONS = ((6, 21), (25, 29), (34, 41))
_TABLES = {12: 36, 13: 10, 14: 3}
_WORD = ctypes.sizeof(ctypes.c_void_p)


class Metal:
    """Knows Python's small numbers, and the functions of its own types, as they are now."""

    def __init__(self):
        self._numbers = _numbers()
        self._kept = [(kind.__name__, part, bytes(part)) for kind in _TYPES for part in _parts(kind)]

    def damage(self) -> str:
        """Return what is not as it was, or an empty string."""
        if (now := _numbers()) != self._numbers:
            return f"the number {next(old for old, new in zip(self._numbers, now, strict=True) if old != new)}"
        return next((f"the type {name}" for name, part, before in self._kept if bytes(part) != before), "")


def _numbers() -> list[str]:
    # All that CPython keeps once; `str` looks at what they hold.
    return [str(number) for number in range(-5, 257)] + [str(False + 0), str(True + 0)]


def _parts(kind: type) -> Iterator[ctypes.Array]:
    address = id(kind)
    for first, end in _FUNCTIONS:
        yield (ctypes.c_char * (_WORD * (end - first))).from_address(address + _WORD * first)
    for place, length in _TABLES.items():
        if table := ctypes.c_void_p.from_address(address + _WORD * place).value:
            yield (ctypes.c_char * (_WORD * length)).from_address(table)
