"""How frames, series and indexes of pandas pass: by column, through public constructors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograder.judge.arrays import KINDS
from autograder.judge.data import Reader, library
from autograder.judge.errors import NotData, Undecodable

if TYPE_CHECKING:
    from autograder.judge.codec import Decoder, Encoder

_EXTENSIONS = ("str", "string", "boolean", "Int64", "Float64")


def write(encoder: Encoder, value: Any, depth: int) -> dict[str, Any] | None:
    """Return an object of pandas as JSON-like data; None if the value is none."""
    pandas: Any = sys.modules.get("pandas")
    if type(value).__module__.partition(".")[0] != "pandas" or not hasattr(pandas, "DataFrame"):
        return None
    if value is pandas.NaT or value is pandas.NA:
        return {"t": "missing", "v": str(value)}
    for kind, write_kind in _WRITERS.items():
        if type(value) is getattr(pandas, kind):
            return write_kind(encoder, value, depth)
    return None


def _write_series(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    head = {"t": "series", **encoder.number(value), "name": encoder.encode(value.name, depth)}
    return {**head, "index": encoder.encode(value.index, depth), **_write_column(encoder, value, depth)}


def _write_frame(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    head = {"t": "frame", **encoder.number(value), "index": encoder.encode(value.index, depth)}
    columns = [_write_column(encoder, value.iloc[:, place], depth) for place in range(value.shape[1])]
    return {**head, "columns": encoder.encode(value.columns, depth), "v": columns}


def _write_index(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    return {"t": "index", "name": encoder.encode(value.name, depth), **_write_column(encoder, value, depth)}


def _write_rangeindex(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    return {"t": "rangeindex", "v": [value.start, value.stop, value.step], "name": encoder.encode(value.name, depth)}


def _write_multiindex(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    return {"t": "multiindex", "v": encoder.items(value.tolist(), depth), "names": encoder.items(value.names, depth)}


def _write_timestamp(_: Encoder, value: Any, __: int) -> dict[str, Any]:
    return {"t": "timestamp", "v": value.isoformat(), "z": str(value.tz) if value.tz else None}


def _write_timedelta(_: Encoder, value: Any, __: int) -> dict[str, Any]:
    return {"t": "timedelta64", "v": int(value.value)}


_WRITERS = {
    "Series": _write_series,
    "DataFrame": _write_frame,
    "Index": _write_index,
    "DatetimeIndex": _write_index,
    "CategoricalIndex": _write_index,
    "RangeIndex": _write_rangeindex,
    "MultiIndex": _write_multiindex,
    "Timestamp": _write_timestamp,
    "Timedelta": _write_timedelta,
}


def _write_column(encoder: Encoder, value: Any, depth: int) -> dict[str, Any]:
    dtype = str(value.dtype)
    if getattr(value.dtype, "kind", "O") in KINDS and "," not in dtype and hasattr(value.dtype, "str"):
        return {"d": value.dtype.str, "b": encoder.blob(value.to_numpy().tobytes())}
    if dtype == "category":
        parts = value.array
        head = {"d": dtype, "o": bool(parts.ordered), "c": encoder.encode(parts.categories, depth)}
        return {**head, "v": encoder.items(parts.codes.tolist(), depth)}
    if dtype not in ("object", *_EXTENSIONS):
        raise NotData(f"a column of type {dtype} does not pass")
    return {"d": dtype, "v": encoder.items(value.tolist(), depth)}


def _read_column(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    numpy, pandas = library("numpy"), library("pandas")
    if "b" in data:
        dtype = numpy.dtype(data["d"])
        if dtype.kind not in KINDS:
            raise Undecodable("a column of another kind")
        return numpy.frombuffer(decoder.blob(data), dtype).copy()
    values = decoder.items(data["v"], depth)
    if data["d"] == "category":
        return pandas.Categorical.from_codes(values, decoder.decode(data["c"], depth), ordered=bool(data["o"]))
    if data["d"] == "object":
        column = numpy.empty(len(values), dtype=object)
        column[:] = values
        return column
    if data["d"] not in _EXTENSIONS:
        raise Undecodable("a column of another kind")
    return pandas.array(values, dtype=data["d"])


def _read_series(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    pandas = library("pandas")
    index, name = decoder.decode(data["index"], depth), decoder.decode(data["name"], depth)
    return decoder.keep(data, pandas.Series(_read_column(decoder, data, depth), index=index, name=name))


def _read_frame(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    pandas = library("pandas")
    index, names = decoder.decode(data["index"], depth), decoder.decode(data["columns"], depth)
    columns = {place: _read_column(decoder, column, depth) for place, column in enumerate(data["v"])}
    frame = pandas.DataFrame(columns, index=index)
    frame.columns = names
    return decoder.keep(data, frame)


def _read_index(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    pandas = library("pandas")
    return pandas.Index(_read_column(decoder, data, depth), name=decoder.decode(data["name"], depth))


def _read_rangeindex(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    pandas = library("pandas")
    return pandas.RangeIndex(*map(int, data["v"]), name=decoder.decode(data["name"], depth))


def _read_multiindex(decoder: Decoder, data: dict[str, Any], depth: int) -> Any:
    pandas = library("pandas")
    return pandas.MultiIndex.from_tuples(decoder.items(data["v"], depth), names=decoder.items(data["names"], depth))


def _read_missing(_: Decoder, data: dict[str, Any], __: int) -> Any:
    pandas = library("pandas")
    return {"NaT": pandas.NaT, "<NA>": pandas.NA}[data["v"]]


def _read_timestamp(_: Decoder, data: dict[str, Any], __: int) -> Any:
    pandas = library("pandas")
    value = pandas.Timestamp(data["v"])
    return value.tz_convert(data["z"]) if data["z"] else value


def _read_timedelta64(_: Decoder, data: dict[str, Any], __: int) -> Any:
    pandas = library("pandas")
    return pandas.Timedelta(int(data["v"]))


READERS: dict[str, Reader] = {
    "series": _read_series,
    "frame": _read_frame,
    "index": _read_index,
    "rangeindex": _read_rangeindex,
    "multiindex": _read_multiindex,
    "missing": _read_missing,
    "timestamp": _read_timestamp,
    "timedelta64": _read_timedelta64,
}
