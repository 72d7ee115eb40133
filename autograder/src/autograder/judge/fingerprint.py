"""Tell whether a name means the same on both sides: given data that a submission has changed are its own."""

from __future__ import annotations

import hashlib
import types
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
    """Return a text that differs if the data do, the code of a function, or the methods of a class."""
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
        others = sorted(name for name in vars(value) if name not in methods)
        return f"class {value.__module__}.{value.__qualname__} {sorted(methods.items())} {others}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _code(code: types.CodeType) -> str:
    digest = hashlib.sha256(code.co_code)
    for constant in code.co_consts:
        digest.update((_code(constant) if isinstance(constant, types.CodeType) else repr(constant)).encode())
    digest.update(repr(code.co_names).encode())
    return digest.hexdigest()
