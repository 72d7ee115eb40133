"""Tell whether a name means the same on both sides: given data that a submission has changed are its own."""

from __future__ import annotations

import hashlib
import sqlite3
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from autograder.judge.codec import Decoder, Encoder
from autograder.judge.errors import NotData


class _NoReferences:
    def refer(self, value: Any, encoder: Encoder, depth: int) -> dict[str, Any]:
        return {"t": "other", "v": describe(value)}

    def module(self, name: str) -> Any:
        raise NotImplementedError

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        raise NotImplementedError

    def resolve(self, packed: dict[str, Any], decoder: Decoder, depth: int) -> Any:
        raise NotImplementedError


def fingerprint(value: Any) -> str:
    """Return a text that differs if the data do, the code of a function, or what a class of the notebook has."""
    try:
        return Encoder(_NoReferences()).packet(value).digest()
    except (NotData, RecursionError):
        return describe(value)


def describe(value: Any) -> str:
    """Return what is compared of a value that is no data."""
    if isinstance(value, types.FunctionType):
        return f"function {_code(value.__code__)} {fingerprint(value.__defaults__)}"
    if isinstance(value, type):
        methods = {name: _code(f.__code__) for name, f in vars(value).items() if isinstance(f, types.FunctionType)}
        others = {name: _describe_attribute(name, it) for name, it in vars(value).items() if name not in methods}
        return f"class {value.__module__}.{value.__qualname__} {sorted(methods.items())} {sorted(others.items())}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{kind} {_describe_database(value)}" if isinstance(value, sqlite3.Connection) else kind


def with_what_they_read(names: Collection[str], given: Mapping[str, Any]) -> set[str]:
    """Return these names of ``given``, and those that functions and classes of the notebook among them read."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= {read for code in _codes_of(given[name]) for read in _names_of(code)} & given.keys() - found
    return found


def _codes_of(value: Any) -> Iterator[types.CodeType]:
    """Yield the code of a function of the notebook, or of the methods of one of its classes."""
    if getattr(value, "__module__", None) != "__main__":
        return
    for part in [value, *(vars(value).values() if isinstance(value, type) else ())]:
        function = getattr(part, "__func__", None) or getattr(part, "fget", None) or part
        if isinstance(function, types.FunctionType):
            yield function.__code__


def _names_of(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_of(constant)


def _describe_attribute(name: str, value: Any) -> str:
    """Return what is compared of an attribute of a class that is no method: data count, others only by being there."""
    return "" if name.startswith("__") or hasattr(type(value), "__get__") else fingerprint(value)


def _describe_database(connection: sqlite3.Connection) -> str:
    """Return what differs if rows or tables were changed through a connection, or how it gives rows."""
    try:
        cursor = connection.cursor()
        cursor.row_factory = None
        schemas = [cursor.execute(f"PRAGMA {name}.schema_version").fetchone() for name in ("main", "temp")]
    except sqlite3.Error as error:  # such as one about a connection that is closed
        return type(error).__name__
    return f"{schemas} {connection.total_changes} {describe(connection.row_factory)}"


def _code(code: types.CodeType) -> str:
    digest = hashlib.sha256(code.co_code)
    for constant in code.co_consts:
        digest.update((_code(constant) if isinstance(constant, types.CodeType) else repr(constant)).encode())
    digest.update(repr(code.co_names).encode())
    return digest.hexdigest()
