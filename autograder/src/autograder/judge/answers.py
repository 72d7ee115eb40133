"""The submission's side of the judge: it answers, in the kernel, what the tests ask of the notebook's names.

Nothing here needs to be out of the submission's reach. What it says are values, and the judge takes them for no more.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import pickle
import random
import sys
import traceback
import types
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from autograder.judge.codec import Decoder, Encoder, Packet
from autograder.judge.errors import NotData, Undecodable
from autograder.judge.fingerprint import fingerprint
from autograder.judge.folder import Folder
from autograder.judge.link import Link
from autograder.judge.operators import OPERATORS
from autograder.judge.peer import Peer
from autograder.judge.refresh import refresh
from autograder.judge.sharing import Sharing, count_references
from autograder.judge.stream import Stream
from autograder.judge.warningfilters import changed_settings

_PRINTED = 2**22  # characters that one call may print
_LINE, _FRAMES = 200, 5  # characters of a line of a traceback, and how many lines


class Answers(Peer):
    """Answers the judge's questions about one notebook.

    Parameters
    ----------
    link : Link
        Connected to the judge.
    namespace : mutable mapping
        The notebook's names.
    begin : callable
        Is called when the judge begins a test.
    """

    def __init__(self, link: Link, namespace: MutableMapping[str, Any], begin: Callable[[], None]):
        super().__init__(link)
        self._namespace, self._begin = namespace, begin
        self._given: set[str] = set()
        self._told: dict[str, tuple[Any, bool]] = {}  # by name, what the judge has been told; whether by reference
        self._folder = Folder(Path.cwd())
        self._sharing = Sharing()

    def serve(self) -> None:
        """Answer questions about one test, until the judge says that it has no more."""
        while True:
            message, blobs = self._link.receive()
            if message["ask"] == "end":
                break
            self._answer(message, blobs)
        for path in message["removed"]:
            self._folder.remove(path)

    def answer(self, question: str, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to one question, and its bytes."""
        answer = getattr(self, f"_answer_{question}", None)
        if answer is None:
            raise Undecodable(question)
        result: tuple[dict[str, Any], list[bytes]] = answer(message, blobs)
        return result

    def own_value(self, name: str) -> Any:
        """Return what the notebook has bound a name to."""
        return self._namespace.get(name)

    def given_class(self, name: str) -> type | None:
        """Return the instructor's class of this name, unless the notebook has bound the name to something else."""
        kind = self._namespace.get(name) if name in self._given else None
        return kind if isinstance(kind, type) else None

    def refer_to_other(self, value: Any, encoder: Encoder) -> dict[str, Any]:
        """Return what stands for a function, a class or an object of the submission's."""
        if isinstance(value, types.ModuleType):
            return {"t": "opaque", "h": self.export(value), "name": value.__name__}
        if isinstance(value, type):
            return self._refer_class(value)
        if isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools"):
            return {"t": "iterator", "h": self.export(value)}
        if callable(value) and not _is_own(type(value)):
            details = {"name": _text(value, "__name__"), "doc": _doc(value), "kind": type(value).__name__}
            return {"t": "function", "h": self.export(value), **details}
        return {"t": "instance", "h": self.export(value), "class": self._refer_class(type(value))}

    def _refer_class(self, kind: type) -> dict[str, Any]:
        reference: dict[str, Any] = {"t": "class", "h": self.export(kind), "name": kind.__name__, "doc": _doc(kind)}
        if not _is_own(kind):
            reference["library"] = [kind.__module__, kind.__qualname__]
        own = [base for base in kind.__mro__ if base is not object and base not in _PLAIN_BASES]
        reference["operators"] = sorted({name for base in own for name in vars(base) if name in OPERATORS})
        reference["bases"] = [
            self._refer_class(base) if _is_own(base) else {"t": "type", "v": base.__name__}
            for base in kind.__bases__
            if base is not object
            and (_is_own(base) or (base.__module__ == "builtins" and issubclass(base, BaseException)))
        ]
        reference["plain"] = not any(
            base.__module__ == "builtins" and base is not object and not issubclass(base, BaseException)
            for base in kind.__mro__
        )
        return reference

    def resolve_other(self, packed: dict[str, Any], decoder: Decoder) -> Any:
        """Return the object of this side, a function that asks the judge, or a copy of an object of the test's."""
        if packed.get("t") == "yours":
            return self._exported[packed["h"]]
        if packed.get("t") == "callback":
            return self._make_callback(packed["h"], packed.get("name") or "function", packed.get("doc"))
        if packed.get("t") == "pickle":
            return decoder.keep(packed, pickle.loads(decoder.blob(packed)))  # what the judge has sent: its own object
        raise Undecodable(str(packed.get("t")))

    def _make_callback(self, handle: int, name: str, doc: str | None) -> Callable[..., Any]:
        def function(*arguments: Any, **keywords: Any) -> Any:
            packet = self.encoder().packet([list(arguments), keywords])
            answer, blobs = self.ask("call", h=handle, value=packet.json, blobs=packet.blobs)
            if "raise" in answer:
                raise self._rebuild(answer["raise"])
            return self.decoder(blobs).decode(answer["value"])

        function.__name__ = function.__qualname__ = name
        function.__doc__ = doc
        return function

    def _rebuild(self, data: dict[str, Any]) -> BaseException:
        kind = getattr(builtins, data["mro"][0], Exception) if data["mro"] else Exception
        error: BaseException = kind(*self.decoder([]).decode(data["args"]))
        return error

    def _answer_begin(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        self._begin()
        self._given = set(message["classes"])
        self._sharing.begin()
        drift = self._drift(message["given"])
        self._told.clear()
        # Functions that the test will ask for are told at once, which spares a question for each.
        told = {name: self._tell(name)[0] for name in message["wanted"] if self._is_function(name)}
        files, contents = self._tell_files()
        return {"drift": drift, "names": sorted(self._namespace), "told": told, **files}, contents

    def _answer_drift(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        return {"drift": self._drift(message["given"])}, []

    def _drift(self, given: dict[str, str]) -> list[str]:
        """Return the names of the instructor's, with their fingerprints, that mean something else here."""
        there = {name: self._namespace[name] for name in given if name in self._namespace}
        return [name for name, mark in given.items() if name not in there or fingerprint(there[name]) != mark]

    def _tell_files(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return what has changed in the folder since the last call, and the contents of the files."""
        changed = self._folder.changes()
        told = {
            "files": list(changed),
            "made": self._folder.made,
            "removed": self._folder.removed,
            "cwd": self._folder.place(),
        }
        return told, list(changed.values())

    def _answer_get(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        if message["name"] not in self._namespace:
            return {"missing": True}, []
        return self._tell(message["name"], message.get("digest"))

    def _tell(self, name: str, digest: str | None = None) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the notebook has bound a name to, or that it is the same object, which still has this digest."""
        value = self._namespace[name]
        before, _ = self._told.get(name, (None, False))
        answer, blobs = self._give(value, digest if before is value else None)
        if not answer.get("same"):
            packed = answer["value"]
            self._told[name] = value, isinstance(packed, dict) and packed.get("t") in _REFERENCES
        return answer, blobs

    def _is_function(self, name: str) -> bool:
        return type(self._namespace.get(name)) is types.FunctionType

    def _unchanged(self) -> list[str]:
        """Return the names of which the judge has a reference that is still the right one."""
        told = self._told.items()
        return [name for name, (value, referred) in told if referred and self._namespace.get(name) is value]

    def _answer_attribute(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        with self._running(message, []) as printed:
            try:
                value = getattr(self._exported[message["h"]], message["name"])
            except AttributeError as error:
                return {"missing": True, "text": str(error), "unchanged": self._unchanged()}, []
            except BaseException as error:
                described = self._describe(error)
                return {"raise": described, "printed": printed.parts, "unchanged": self._unchanged()}, []
        answer, blobs = self._give(value)
        return {**answer, "unchanged": self._unchanged()}, blobs

    def _answer_set(self, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        value = self.decoder(blobs).decode(message["value"])
        return self._run(lambda: setattr(self._exported[message["h"]], message["name"], value), message, blobs)

    def _answer_refresh(self, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        refresh(self._exported[message["h"]], self.decoder(blobs).decode(message["value"]))
        return {}, []

    def _answer_next(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        return self._run(lambda: next(self._exported[message["h"]]), message, [])

    def _answer_operator(self, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        value = self._exported[message["h"]]

        def operate(*arguments: Any) -> Any:
            return getattr(type(value), message["name"])(value, *arguments)

        return self._call(operate, message, blobs)

    def _answer_call(self, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        return self._call(self._exported[message["h"]], message, blobs)

    def _call(
        self, function: Callable[..., Any], message: dict[str, Any], blobs: list[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        decoder = self.decoder(blobs)
        all_arguments = decoder.decode(message["value"])
        arguments, keywords = all_arguments
        self._sharing.see([*arguments, *keywords.values()])
        ours = {id(one) for one in (all_arguments, arguments, keywords)}
        passed = {number: value for number, value in decoder.made.items() if id(value) not in ours}
        decoder.made.clear()
        before = {number: self._copy(value) for number, value in passed.items()}
        known = {id(value): number for number, value in passed.items()}
        return self._run(lambda: function(*arguments, **keywords), message, blobs, known, passed, before)

    def _run(
        self,
        action: Callable[[], Any],
        message: dict[str, Any],
        blobs: list[bytes],
        known: dict[int, int] | None = None,
        passed: dict[int, Any] | None = None,
        before: dict[int, Packet | None] | None = None,
    ) -> tuple[dict[str, Any], list[bytes]]:
        encoder = self.encoder(known)
        references = count_references(passed or {}, self.is_changeable)
        with self._running(message, blobs) as printed:
            value: Any = None
            error: BaseException | None = None
            try:
                value = action()
            except BaseException as raised:
                error = raised
        result: dict[str, Any]
        if error is not None:
            result = {"raise": self._describe(error)}
        else:  # what cannot be encoded is no error of the submission's
            known = known or {}
            now = count_references(passed or {}, self.is_changeable)
            kept = {number for number, count in now.items() if count > references[number]}
            shared = id(value) not in known and self._sharing.see(value)
            result = {"value": encoder.encode(value), "shared": shared, "kept": bool(kept - {known.get(id(value))})}
            if self.is_changeable(value):
                result["h"] = self.export(value)
        changed = self._changed(passed or {}, before or {})
        blobs_out = list(encoder.blobs)
        for number, packet in changed.items():
            result.setdefault("changed", []).append({"n": number, "v": packet.json, "b": len(blobs_out)})
            blobs_out += packet.blobs
        for handle, packet in self._changed_since(message.get("held", {})).items():
            result.setdefault("refreshed", []).append({"h": handle, "v": packet.json, "b": len(blobs_out)})
            blobs_out += packet.blobs
        files, contents = self._tell_files()
        result |= {"printed": printed.parts, "blobs": len(blobs_out), **files}
        result["unchanged"] = self._unchanged()
        return result, [*blobs_out, *contents]

    def _changed(self, passed: dict[int, Any], before: dict[int, Packet | None]) -> dict[int, Packet]:
        changed = {}
        for number, value in passed.items():
            now, then = self._copy(value), before.get(number)
            if now is not None and then is not None and now.digest() != then.digest():
                changed[number] = now
        return changed

    def _changed_since(self, held: dict[str, str]) -> dict[int, Packet]:
        """Return the objects among these, by number, that are no more as they were when they were copied."""
        changed = {}
        for number, digest in held.items():
            packet = self._copy(self._exported[int(number)])
            if packet is not None and packet.digest() != digest:
                changed[int(number)] = packet
        return changed

    def _copy(self, value: Any) -> Packet | None:
        try:
            return self.encoder().packet(value)
        except NotData:
            return None

    def _give(self, value: Any, digest: str | None = None) -> tuple[dict[str, Any], list[bytes]]:
        packet = self.encoder().packet(value)
        now = packet.digest() if packet.blobs or isinstance(packet.json, dict) else None
        if digest is not None and now == digest:
            return {"same": True}, []
        shared = self._sharing.see(value)
        return {"value": packet.json, "digest": now, "h": self.export(value), "shared": shared}, packet.blobs

    def _describe(self, error: BaseException) -> dict[str, Any]:
        mro = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        description: dict[str, Any] = {"mro": mro, "name": type(error).__name__, "text": _safely(str, error)}
        if type(error).__module__ != "builtins":
            description["class"] = self._refer_class(type(error))
        description["where"] = _where(error)
        parts = {"args": list(error.args), "fields": dict(vars(error))}
        packets = {name: self._plain(value) for name, value in parts.items()}
        description["lost"] = any(packet is None for packet in packets.values())
        empty = {"args": {"t": "list", "v": []}, "fields": {"t": "dict", "v": []}}
        return description | {name: packet or empty[name] for name, packet in packets.items()}

    def _plain(self, value: Any) -> Any:
        """Return a value as JSON-like data; None if it cannot be data without bytes beside it."""
        packet = self._copy(value)
        return packet.json if packet and not packet.blobs else None

    @contextlib.contextmanager
    def _running(self, message: dict[str, Any], blobs: list[bytes]) -> Iterator[_Printed]:
        """Run code of the submission as the test has it: with its streams, its random numbers, its patches."""
        for path in message.get("removed", ()):
            self._folder.remove(path)
        for path in message.get("made", ()):
            self._folder.make(path)
        for path, number in message.get("files", {}).items():
            self._folder.write(path, blobs[number])
        if "cwd" in message:
            self._folder.enter(message["cwd"])
        if "random" in message:
            random.setstate(self.decoder(blobs).decode(message["random"]))
        if "numpy_random" in message and "numpy" in sys.modules:
            sys.modules["numpy"].random.set_state(self.decoder(blobs).decode(message["numpy_random"]))
        printed = _Printed()
        with contextlib.ExitStack() as undo:
            self._patch(message, blobs, undo)
            undo.enter_context(contextlib.redirect_stdout(Stream(partial(printed.add, "stdout"))))
            undo.enter_context(contextlib.redirect_stderr(Stream(partial(printed.add, "stderr"))))
            yield printed

    def _patch(self, message: dict[str, Any], blobs: list[bytes], undo: contextlib.ExitStack) -> None:
        for place, names in message.get("patches", {}).items():
            target: Any = {"globals": self._namespace, "builtins": vars(builtins), "environ": os.environ}[place]
            for name, data in names.items():
                value = self.decoder(blobs).decode(data)
                undo.callback(_restore, target, name, target.get(name, _MISSING))
                target[name] = value
        undo.enter_context(changed_settings(message))
        if "stdin" in message:
            undo.callback(setattr, sys, "stdin", sys.stdin)
            sys.stdin = io.StringIO(message["stdin"])


class _Printed:
    """What is printed during one call, in order: pairs of a stream's name and a text."""

    def __init__(self) -> None:
        self.parts: list[list[str]] = []
        self._left = _PRINTED

    def add(self, name: str, text: str) -> None:
        text, self._left = text[: max(self._left, 0)], self._left - len(text)
        if self.parts and self.parts[-1][0] == name and len(self.parts[-1][1]) < 2**16:
            self.parts[-1][1] += text
        elif text:
            self.parts.append([name, text])


_MISSING = object()
_REFERENCES = ("function", "class", "instance")  # the judge asks such an object for whatever may have changed
_PLAIN_BASES = (BaseException, Exception)


def _where(error: BaseException) -> list[str]:
    """Return where the notebook's own code was when an error was raised, the innermost line last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if "/ipykernel_" in frame.filename or Path(frame.filename).is_relative_to(Path.cwd())
    ]
    return [f"in {frame.name}, line {frame.lineno}: {(frame.line or '')[:_LINE]}" for frame in own[-_FRAMES:]]


def _restore(target: Any, name: str, value: Any) -> None:
    if value is _MISSING:
        target.pop(name, None)
    else:
        target[name] = value


def _is_own(kind: type) -> bool:
    """Return whether a class was made in the notebook or in a module beside it."""
    module = sys.modules.get(kind.__module__)
    if kind.__module__ == "__main__" or module is None:
        return True
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).is_relative_to(Path.cwd())


def _text(value: Any, name: str) -> str:
    text = getattr(value, name, None)
    return text if isinstance(text, str) else "function"


def _doc(value: Any) -> str | None:
    text = getattr(value, "__doc__", None)
    return text if isinstance(text, str) else None


def _safely(make: Callable[[Any], str], value: Any) -> str:
    try:
        return make(value)[:10_000]
    except Exception:
        return ""
