"""Questions and answers between the judge and the kernel of a submission.

Each side asks and answers. While one waits for an answer, the other may ask something itself: a function of the
submission calls a function that the test has passed to it.
"""

from __future__ import annotations

import collections
import enum
import sys
from typing import Any

from autograder.judge.codec import Decoder, Encoder
from autograder.judge.data import is_named_tuple
from autograder.judge.errors import NotData, Undecodable
from autograder.judge.link import Link, LinkLost
from autograder.judge.refresh import CHANGEABLE


class Peer:
    """One side. Subclasses say how each question is answered, and what stands for values that are no data.

    Parameters
    ----------
    link : Link
    """

    def __init__(self, link: Link):
        self._link = link
        self._exported: dict[int, Any] = {}  # by number; kept as long as the other side may ask for it
        self._numbers: dict[int, int] = {}  # by `id`
        self._named: dict[tuple[str, tuple[str, ...]], type] = {}

    def ask(self, question: str, **details: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Ask the other side and return its answer; answer what it asks meanwhile."""
        blobs = details.pop("blobs", [])
        self._link.send({"ask": question, **details}, blobs)
        while True:
            message, theirs = self._link.receive()
            if not isinstance(message, dict):
                raise Undecodable("a message without a question or an answer")
            if "ask" not in message:
                return message, theirs
            self._answer(message, theirs)

    def export(self, value: Any) -> int:
        """Return the number by which the other side can refer to a value."""
        if id(value) not in self._numbers:
            number = self._numbers[id(value)] = len(self._exported) + 1
            self._exported[number] = value
        return self._numbers[id(value)]

    def refer(self, value: Any, encoder: Encoder, depth: int) -> dict[str, Any]:
        """Return what stands for a value that is no data; an object of an instructor's class passes with its fields."""
        name = type(value).__name__
        is_given = self.given_class(name) is type(value)
        if is_given and isinstance(value, enum.Enum) and type(value).__members__.get(value.name) is value:
            return {"t": "member", "c": name, "v": value.name}
        if is_given and hasattr(value, "__dict__"):
            return {"t": "given", **encoder.number(value), "c": name, "v": encoder.encode(vars(value), depth)}
        return self.refer_to_other(value, encoder)

    def resolve(self, packed: dict[str, Any], decoder: Decoder, depth: int) -> Any:
        """Return what the other side's `refer` stands for."""
        if packed.get("t") not in ("given", "member"):
            return self.resolve_other(packed, decoder)
        kind = self.given_class(str(packed["c"]))
        if kind is None:
            raise Undecodable(f"no class of the instructor's: {str(packed['c'])[:100]}")
        if packed["t"] == "member":
            return _member(kind, str(packed["v"]))
        if issubclass(kind, enum.Enum | BaseException):
            raise Undecodable(f"an object of {kind.__name__} that cannot be copied")
        value = decoder.keep(packed, object.__new__(kind))
        fields = decoder.decode(packed["v"], depth)
        if type(fields) is not dict:
            raise Undecodable("an object without fields")
        if any(self.refuses_field(kind, str(name)) for name in fields):
            raise Undecodable(f"an object of the class {kind.__name__} with a method of its own")
        value.__dict__.update(fields)
        return value

    def module(self, name: str) -> Any:
        """Return a module that is imported on this side."""
        if name not in sys.modules or name == "__main__" or name.partition(".")[0] == "autograder":
            raise Undecodable(f"the module {name[:100]}, which is not imported here")
        return sys.modules[name]

    def named_tuple(self, name: str, fields: tuple[str, ...]) -> Any:
        """Return the class of named tuples that has this name and these fields: that of this side, or a new one."""
        kind = self.own_value(name)
        if isinstance(kind, type) and is_named_tuple(kind) and kind._fields == fields:  # type: ignore[attr-defined]
            return kind
        if (name, fields) not in self._named:
            self._named[name, fields] = collections.namedtuple(name, fields)
        return self._named[name, fields]

    def own_value(self, name: str) -> Any:
        """Return what this side itself has bound a name to."""
        raise NotImplementedError

    def given_class(self, name: str) -> type | None:
        """Return the class of the instructor's that has this name, if there is one on this side."""
        raise NotImplementedError

    def refuses_field(self, kind: type, name: str) -> bool:
        """Return whether an object of one of the instructor's classes must not have a field of this name."""
        return False

    def is_changeable(self, value: Any) -> bool:
        """Return whether a copy of a value follows the value, and the value its copy, when one of them is changed."""
        if type(value) in CHANGEABLE:
            return True
        return self.given_class(type(value).__name__) is type(value) and not isinstance(value, enum.Enum)

    def refer_to_other(self, value: Any, encoder: Encoder) -> dict[str, Any]:
        """Return what stands for any other value."""
        raise NotData(type(value).__name__)

    def resolve_other(self, packed: dict[str, Any], decoder: Decoder) -> Any:
        """Return what the other side's `refer_to_other` stands for."""
        raise Undecodable(str(packed.get("t"))[:100])

    def encoder(self, known: dict[int, int] | None = None) -> Encoder:
        """Return a new encoder whose references are this side's."""
        return Encoder(self, known)

    def decoder(self, blobs: list[bytes], known: dict[int, Any] | None = None) -> Decoder:
        """Return a new decoder whose references are this side's."""
        return Decoder(self, blobs, known)

    def _answer(self, message: dict[str, Any], blobs: list[bytes]) -> None:
        try:
            answer, out = self.answer(str(message["ask"]), message, blobs)
        except LinkLost:
            raise
        except NotData as error:
            answer, out = {"refused": str(error)[:200]}, []
        except Exception as error:  # what has come cannot be read here, or what goes cannot be written
            answer, out = {"refused": f"{type(error).__name__}: {str(error)[:200]}"}, []
        self._link.send(answer, out)

    def answer(self, question: str, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to one question, and its bytes."""
        raise NotImplementedError


def _member(kind: type, name: str) -> Any:
    if not issubclass(kind, enum.Enum) or name not in kind.__members__:
        raise Undecodable(f"a member of {kind.__name__} that it does not have")
    return kind[name]
