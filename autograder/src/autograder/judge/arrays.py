"""How arrays and numbers of NumPy pass."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from autograder.judge.data import Reader, library
from autograder.judge.errors import Undecodable

if TYPE_CHECKING:
    from autograder.judge.codec import Decoder, Encoder

KINDS = "biufcmMSU"  # of an array's elements: numbers, times and texts, which are nothing but their bytes


def write(encoder: Encoder, value: Any, depth: int) -> dict[str, Any] | None:
    """Return an array, a number or a type of NumPy's as JSON-like data; None if the value is none of them."""
    numpy = sys.modules.get("numpy")
    if type(value).__module__.partition(".")[0] != "numpy" or numpy is None:
        return None
    if type(value) is numpy.ndarray:
        return _write_array(encoder, value, depth)
    if isinstance(value, numpy.generic) and value.dtype.kind in KINDS:
        return {"t": "scalar", "d": value.dtype.str, "b": encoder.blob(value.tobytes())}
    if isinstance(value, numpy.dtype) and value.kind in KINDS:
        return {"t": "dtype", "v": value.str}
    return None


def _write_array(encoder: Encoder, value: Any, depth: int) -> dict[str, Any] | None:
    if value.dtype.kind not in (*KINDS, "O"):
        return None
    head = {"t": "array", **encoder.number(value), "d": value.dtype.str, "s": list(value.shape)}
    if value.dtype.kind in KINDS:
        return {**head, "b": encoder.blob(value.tobytes())}
    return {**head, "v": encoder.items(value.ravel().tolist(), depth)}


def _read_array(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    numpy = library("numpy")
    dtype, shape = numpy.dtype(data["d"]), tuple(map(int, data["s"]))
    if dtype.kind == "O":
        values = decoder.items(data["v"], depth)
        if len(values) != math.prod(shape):
            raise Undecodable("an array of another size than its shape")
        flat = numpy.empty(len(values), dtype=object)
        flat[:] = values
        return decoder.keep(data, flat.reshape(shape))
    if dtype.kind not in KINDS:
        raise Undecodable("an array of another kind")
    return decoder.keep(data, numpy.frombuffer(decoder.blob(data), dtype).reshape(shape).copy())


def _read_scalar(decoder: Decoder, data: dict[str, Any], _: int) -> Any:
    numpy = library("numpy")
    dtype = numpy.dtype(data["d"])
    if dtype.kind not in KINDS:
        raise Undecodable("a scalar of another kind")
    return numpy.frombuffer(decoder.blob(data), dtype)[0]


def _read_dtype(_: Decoder, data: dict[str, Any], __: int) -> Any:
    numpy = library("numpy")
    dtype = numpy.dtype(data["v"])
    if dtype.kind not in KINDS:
        raise Undecodable("another kind of type")
    return dtype


READERS: dict[str, Reader] = {"array": _read_array, "scalar": _read_scalar, "dtype": _read_dtype}
