"""The special methods of classes that the judge asks for where a class of the submission has them."""

from __future__ import annotations

_ARITHMETIC = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "or", "xor",
    "matmul",
)  # fmt: skip
_OTHERS = (
    "eq", "ne", "lt", "le", "gt", "ge", "len", "getitem", "setitem", "delitem", "contains", "iter", "next", "reversed",
    "call", "bool", "int", "float", "complex", "index", "neg", "pos", "abs", "invert", "round", "trunc", "floor",
    "ceil",    "repr", "str", "format", "bytes", "hash", "enter", "exit", "missing", "length_hint",
)  # fmt: skip

OPERATORS = frozenset(
    f"__{prefix}{name}__"
    for prefix, names in (("", _OTHERS), ("", _ARITHMETIC), ("r", _ARITHMETIC), ("i", _ARITHMETIC))
    for name in names
)
