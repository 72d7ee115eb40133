"""Requests to predict: from JSON, by row or by column, to checked columns, or to an error that names the place."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_LARGEST = 3.4028235e38  # of the 32-bit floats


class RequestError(Exception):
    """A request that cannot be answered: an HTTP status and a sentence for whoever sent it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Kind(NamedTuple):
    """What a column may hold."""

    name: str
    accepts: Callable[[Any], bool]
    blank: float | str


# bool is a kind of int in Python, and in JSON it is not; the comparison is False for NaN, and holds for any int.
NUMBER = Kind("a number", lambda value: type(value) in (int, float) and abs(value) <= _LARGEST, 0.0)
TEXT = Kind("a text", lambda value: isinstance(value, str), "")


def parse(body: bytes) -> dict[str, Any]:
    """Return the request as a dict with exactly one of ``instances`` and ``inputs``.

    Raises
    ------
    RequestError
        With status 400, if it is anything else.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the request is no JSON that can be read: {error}") from None
    if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
        raise RequestError(400, "the request has to be an object with either 'instances' (rows) or 'inputs' (columns)")
    signature = request.get("signature_name", "serving_default")
    if signature not in ("serving_default", ""):
        raise RequestError(400, f"Serving signature name: {_shown(signature)} not found in signature def")
    return request


def columns_of(request: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, list]:
    """Return the values of each column in ``kinds``, all of one length, at least one.

    Raises
    ------
    RequestError
        With status 400, for a missing or unknown column, columns of different lengths, or a value of the wrong kind;
        the message names row, counted from 0, and column.
    """
    if "instances" in request:
        return _from_rows(request["instances"], kinds)
    return _from_columns(request["inputs"], kinds)


def _from_rows(rows: Any, kinds: Mapping[str, Kind]) -> dict[str, list]:
    if not isinstance(rows, list) or not rows:
        raise RequestError(400, f"'instances' has to be a list of at least one row, got {_shown(rows)}")
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RequestError(400, f"instances[{i}] has to be an object with a value a column, got {_shown(row)}")
        _check_names(row, kinds, f"instances[{i}]")
    columns = {name: [row[name] for row in rows] for name in kinds}
    _check_values(columns, kinds, lambda i, name: f"instances[{i}], column {name!r}")
    return columns


def _from_columns(columns: Any, kinds: Mapping[str, Kind]) -> dict[str, list]:
    if not isinstance(columns, dict):
        raise RequestError(400, f"'inputs' has to be an object with a list a column, got {_shown(columns)}")
    _check_names(columns, kinds, "inputs")
    for name, values in columns.items():
        if not isinstance(values, list) or not values:
            raise RequestError(400, f"inputs, column {name!r}: expected a list with values, got {_shown(values)}")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(400, f"inputs: expected columns of one length, got {lengths}")
    _check_values(columns, kinds, lambda i, name: f"inputs, column {name!r}, row {i}")
    return columns


def _check_names(found: Iterable[str], kinds: Mapping[str, Kind], place: str) -> None:
    for name in found:
        if name not in kinds:
            close = difflib.get_close_matches(name, kinds, n=1, cutoff=0.7)
            hint = f"; is it {close[0]!r}?" if close else ""
            raise RequestError(400, f"{place}: the model knows no column {_shown(name)}{hint}")
    missing = [name for name in kinds if name not in found]
    if missing:
        raise RequestError(400, f"{place}: missing {', '.join(map(repr, missing))}")


def _check_values(columns: Mapping[str, list], kinds: Mapping[str, Kind], place: Callable[[int, str], str]) -> None:
    for name, kind in kinds.items():
        for i, value in enumerate(columns[name]):
            if not kind.accepts(value):
                raise RequestError(400, f"{place(i, name)}: expected {kind.name}, got {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "an object"
    return json.dumps(value)[:60]
