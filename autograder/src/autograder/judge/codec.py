"""The format in which values pass between the judge and the kernel of a submission: JSON, and bytes for arrays.

Plain data are copied. What is no plain data, such as a function, passes as a reference that its owner has a number
for: see `autograder.judge.peer`. Nothing is pickled, and decoding runs no code of the sender's. The judge decodes what
a submission has sent, so sizes, depths and names are checked here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from autograder.judge import arrays, data, tables
from autograder.judge.errors import NotData, Undecodable

DEPTH = 100  # of nested containers
MESSAGE = 2**28  # bytes of one message
NODES = 5_000_000  # values in one message
_SAFE = 2**53  # JSON numbers beyond may lose digits elsewhere; here they are strings


class Packet(NamedTuple):
    """A value as it passes: JSON-like data, and the bytes that it refers to by number."""

    json: Any
    blobs: list[bytes]

    def digest(self) -> str:
        """Return a text that is the same for equal packets only."""
        digest = hashlib.sha256(json.dumps(self.json, sort_keys=True).encode())
        for blob in self.blobs:
            digest.update(hashlib.sha256(blob).digest())
        return digest.hexdigest()


class References(Protocol):
    """What knows of values that are no plain data."""

    def refer(self, value: Any, encoder: Encoder, depth: int) -> dict[str, Any]:
        """Return JSON-like data that stand for a value, or raise `NotData`."""

    def resolve(self, packed: dict[str, Any], decoder: Decoder, depth: int) -> Any:
        """Return what the data that the other side's `refer` has made stand for, or raise `Undecodable`."""

    def module(self, name: str) -> Any:
        """Return the module of this name, or raise `Undecodable`."""

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        """Return the class of named tuples that has this name and these fields."""


class Encoder:
    """Turns values into a `Packet`. Values that are the same object in one packet are the same after decoding.

    Parameters
    ----------
    references : References
    known : dict of int to int, optional
        Numbers of objects that the receiver has already, by `id`.
    """

    def __init__(self, references: References, known: dict[int, int] | None = None):
        self._references = references
        self._known = known or {}
        self.numbers: dict[int, int] = {}
        self.kept: list[Any] = []  # what has a number must not be freed: another object could get its id
        self.blobs: list[bytes] = []
        self._nodes = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return a value as JSON-like data.

        Raises
        ------
        NotData
            If it cannot pass.
        """
        self._nodes += 1
        if depth > DEPTH or self._nodes > NODES:
            raise NotData("the value is nested too deeply, or too large")
        kind = type(value)
        if value is None or kind in (bool, str, float) or (kind is int and -_SAFE < value < _SAFE):
            return value
        if id(value) in self._known:
            return {"t": "known", "n": self._known[id(value)]}
        if id(value) in self.numbers:
            return {"t": "same", "n": self.numbers[id(value)]}
        if write := data.WRITERS.get(kind):
            return {"t": kind.__name__, **self.number(value), **write(self, value, depth + 1)}
        for write_special in (data.write, arrays.write, tables.write):
            if (special := write_special(self, value, depth + 1)) is not None:
                return special
        return self._references.refer(value, self, depth + 1)

    def packet(self, value: Any) -> Packet:
        """Return a value as a packet."""
        return Packet(self.encode(value), self.blobs)

    def number(self, value: Any) -> dict[str, int]:
        """Give a value a number, by which the same packet can refer to it again."""
        number = self.numbers[id(value)] = len(self.numbers)
        self.kept.append(value)
        return {"n": number}

    def items(self, values: Iterable[Any], depth: int) -> list[Any]:
        """Return several values as JSON-like data."""
        return [self.encode(value, depth) for value in values]

    def blob(self, data: bytes) -> int:
        """Add bytes to the packet and return their number."""
        self.blobs.append(data)
        return len(self.blobs) - 1


class Decoder:
    """Turns JSON-like data back into values.

    Parameters
    ----------
    references : References
    blobs : list of bytes
    known : mapping of int to object, optional
        The objects that the sender calls known, by number.
    """

    def __init__(self, references: References, blobs: list[bytes], known: dict[int, Any] | None = None):
        self._references = references
        self._blobs = blobs
        self._known = known or {}
        self.made: dict[int, Any] = {}
        self._nodes = 0

    def decode(self, packed: Any, depth: int = 0) -> Any:
        """Return the value.

        Raises
        ------
        Undecodable
            If the data are not in the format.
        """
        self._nodes += 1
        if depth > DEPTH or self._nodes > NODES:
            raise Undecodable("the value is nested too deeply, or too large")
        if packed is None or isinstance(packed, bool | int | float | str):
            return packed
        if not isinstance(packed, dict):
            raise Undecodable("a list outside of a value")
        read = _READERS.get(packed.get("t", ""))
        try:
            value = read(self, packed, depth + 1) if read else self._references.resolve(packed, self, depth + 1)
        except Undecodable:
            raise
        except Exception as error:
            raise Undecodable(f"{str(packed.get('t'))[:100]}: {type(error).__name__}") from error
        return value

    def items(self, data: Any, depth: int) -> list[Any]:
        """Return the values of a list."""
        if not isinstance(data, list):
            raise Undecodable("no list")
        return [self.decode(item, depth) for item in data]

    def keep(self, data: dict[str, Any], value: Any) -> Any:
        """Note the number of a value, and return the value."""
        if "n" in data:
            self.made[data["n"]] = value
        return value

    def blob(self, data: dict[str, Any]) -> bytes:
        """Return the bytes that the data refer to."""
        blob: bytes = self._blobs[data["b"]]
        return blob

    def module(self, name: str) -> Any:
        """Return the module of this name."""
        return self._references.module(name)

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        """Return the class of named tuples that has this name and these fields."""
        return self._references.named_tuple(name, fields)

    def known(self, number: int) -> Any:
        """Return an object that this side has already."""
        return self._known[number]


_READERS: dict[str, data.Reader] = {
    "known": lambda decoder, packed, depth: decoder.known(packed["n"]),
    "same": lambda decoder, packed, depth: decoder.made[packed["n"]],
    **data.READERS,
    **arrays.READERS,
    **tables.READERS,
}
