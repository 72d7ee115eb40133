"""How values of Python itself pass."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import importlib
import pathlib
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograder.judge.errors import Undecodable

if TYPE_CHECKING:
    from autograder.judge.codec import Decoder, Encoder

_DIGITS = 100_000  # of an integer; more take long to convert
_EXPONENT = 100_000  # of a Decimal: an integer made of a larger one fills the memory

Writer = Callable[["Encoder", Any, int], dict[str, Any]]
Reader = Callable[["Decoder", dict[str, Any], int], Any]


def library(name: str) -> Any:
    """Return a library that the values are of."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Undecodable(f"{name} is not installed here") from error


def write(encoder: Encoder, value: Any, depth: int) -> dict[str, Any] | None:
    """Return a type, a module, a path or a built-in exception as JSON-like data; None if the value is none of them."""
    kind = type(value)
    if isinstance(value, type):
        return {"t": "type", "v": value.__name__} if value in _TYPES else None
    if isinstance(value, types.ModuleType):
        return {"t": "module", "v": value.__name__} if sys.modules.get(value.__name__) is value else None
    if isinstance(value, pathlib.PurePath) and kind.__module__.startswith("pathlib"):
        return {"t": "path", "v": str(value)}
    if kind in _TYPES and issubclass(kind, BaseException):
        return {"t": "exception", "c": kind.__name__, "v": encoder.items(value.args, depth)}
    if is_named_tuple(kind):
        fields = list(value._fields)
        return {
            "t": "named",
            **encoder.number(value),
            "c": kind.__name__,
            "f": fields,
            "v": encoder.items(value, depth),
        }
    return None


def is_named_tuple(kind: type) -> bool:
    """Return whether a class is a named tuple that has only what all named tuples have."""
    fields = kind.__dict__.get("_fields")
    return kind.__bases__ == (tuple,) and type(fields) is tuple and not kind.__dict__.keys() - _NAMED - set(fields)


_NAMED = collections.namedtuple("_NAMED", []).__dict__.keys() | {"__annotations__", "__orig_bases__"}


def _read_named(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    kind = decoder.named_tuple(str(data["c"]), tuple(map(str, data["f"])))
    return decoder.keep(data, kind(*decoder.items(data["v"], depth)))


def _pairs(encoder: Encoder, value: Any, depth: int) -> list[Any]:
    return [encoder.items(pair, depth) for pair in value.items()]


WRITERS: dict[type, Writer] = {
    int: lambda e, v, d: {"v": hex(v)},
    complex: lambda e, v, d: {"v": [v.real, v.imag]},
    bytes: lambda e, v, d: {"b": e.blob(v)},
    bytearray: lambda e, v, d: {"b": e.blob(bytes(v))},
    list: lambda e, v, d: {"v": e.items(v, d)},
    tuple: lambda e, v, d: {"v": e.items(v, d)},
    dict: lambda e, v, d: {"v": _pairs(e, v, d)},
    set: lambda e, v, d: {"v": e.items(v, d)},
    frozenset: lambda e, v, d: {"v": e.items(v, d)},
    range: lambda e, v, d: {"v": e.items([v.start, v.stop, v.step], d)},
    slice: lambda e, v, d: {"v": e.items([v.start, v.stop, v.step], d)},
    type({}.keys()): lambda e, v, d: {"v": e.items(v, d)},
    type({}.values()): lambda e, v, d: {"v": e.items(v, d)},
    type({}.items()): lambda e, v, d: {"v": e.items(v, d)},
    collections.Counter: lambda e, v, d: {"v": _pairs(e, v, d)},
    collections.OrderedDict: lambda e, v, d: {"v": _pairs(e, v, d)},
    collections.defaultdict: lambda e, v, d: {"f": e.encode(v.default_factory, d), "v": _pairs(e, v, d)},
    collections.deque: lambda e, v, d: {"m": v.maxlen, "v": e.items(v, d)},
    datetime.datetime: lambda e, v, d: {"v": v.isoformat()},
    datetime.date: lambda e, v, d: {"v": v.isoformat()},
    datetime.time: lambda e, v, d: {"v": v.isoformat()},
    datetime.timedelta: lambda e, v, d: {"v": [v.days, v.seconds, v.microseconds]},
    decimal.Decimal: lambda e, v, d: {"v": str(v)},
    fractions.Fraction: lambda e, v, d: {"v": e.items([v.numerator, v.denominator], d)},
    type(...): lambda e, v, d: {},
    type(NotImplemented): lambda e, v, d: {},
}
_TYPES: dict[type, str] = {
    kind: kind.__name__
    for kind in vars(__import__("builtins")).values()
    if isinstance(kind, type) and (kind in (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set,
       frozenset, range, slice, type, object) or issubclass(kind, BaseException))
}  # fmt: skip
_TYPES_BY_NAME = {name: kind for kind, name in _TYPES.items()}
_TYPES[type(None)] = "NoneType"
_TYPES_BY_NAME["NoneType"] = type(None)
_TYPES[types.FunctionType] = "function"
_TYPES_BY_NAME["function"] = types.FunctionType


def _read_dict(make: Callable[[], Any]) -> Reader:
    def read(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
        value = decoder.keep(data, make())
        for pair in data["v"]:
            key, inner = decoder.items(pair, depth)
            value[key] = inner
        return value

    return read


def _read_list(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    value: list[Any] = decoder.keep(data, [])
    value += decoder.items(data["v"], depth)
    return value


def _read_set(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    value: set[Any] = decoder.keep(data, set())
    value.update(decoder.items(data["v"], depth))
    return value


def _read_defaultdict(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    return _read_dict(lambda: collections.defaultdict(decoder.decode(data["f"], depth)))(decoder, data, depth)


def _read_decimal(decoder: Decoder, data: dict[str, Any], _: int) -> Any:
    value = decimal.Decimal(data["v"][:_DIGITS])
    if value.is_finite() and abs(value.adjusted()) > _EXPONENT:
        raise Undecodable("a Decimal with too large an exponent")
    return decoder.keep(data, value)


def _read_int(_: Decoder, data: dict[str, Any], __: int) -> int:
    if len(data["v"]) > _DIGITS:
        raise Undecodable("an integer with too many digits")
    return int(data["v"], 16)


def _read_exception(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    kind = _TYPES_BY_NAME[data["c"]]
    if not issubclass(kind, BaseException):
        raise Undecodable("an exception of a type that is none")
    return kind(*decoder.items(data["v"], depth))


def _read_module(decoder: Decoder, data: dict[str, Any], _: int) -> Any:
    return decoder.module(str(data["v"]))


READERS: dict[str, Reader] = {
    "int": _read_int,
    "complex": lambda c, m, d: c.keep(m, complex(*m["v"])),
    "bytes": lambda c, m, d: c.keep(m, c.blob(m)),
    "bytearray": lambda c, m, d: c.keep(m, bytearray(c.blob(m))),
    "list": _read_list,
    "tuple": lambda c, m, d: c.keep(m, tuple(c.items(m["v"], d))),
    "dict": _read_dict(dict),
    "set": _read_set,
    "frozenset": lambda c, m, d: c.keep(m, frozenset(c.items(m["v"], d))),
    "range": lambda c, m, d: c.keep(m, range(*c.items(m["v"], d))),
    "slice": lambda c, m, d: c.keep(m, slice(*c.items(m["v"], d))),
    "dict_keys": lambda c, m, d: c.keep(m, dict.fromkeys(c.items(m["v"], d)).keys()),
    "dict_values": lambda c, m, d: c.keep(m, dict(enumerate(c.items(m["v"], d))).values()),
    "dict_items": lambda c, m, d: c.keep(m, dict(c.items(m["v"], d)).items()),
    "Counter": _read_dict(collections.Counter),
    "OrderedDict": _read_dict(collections.OrderedDict),
    "defaultdict": _read_defaultdict,
    "deque": lambda c, m, d: c.keep(m, collections.deque(c.items(m["v"], d), m["m"])),
    "datetime": lambda c, m, d: c.keep(m, datetime.datetime.fromisoformat(m["v"])),
    "date": lambda c, m, d: c.keep(m, datetime.date.fromisoformat(m["v"])),
    "time": lambda c, m, d: c.keep(m, datetime.time.fromisoformat(m["v"])),
    "timedelta": lambda c, m, d: c.keep(m, datetime.timedelta(*m["v"])),
    "Decimal": _read_decimal,
    "Fraction": lambda c, m, d: c.keep(m, fractions.Fraction(*c.items(m["v"], d))),
    "ellipsis": lambda c, m, d: ...,
    "NotImplementedType": lambda c, m, d: NotImplemented,
    "type": lambda c, m, d: _TYPES_BY_NAME[m["v"]],
    "module": _read_module,
    "named": _read_named,
    "path": lambda c, m, d: pathlib.Path(m["v"]),
    "exception": _read_exception,
}
