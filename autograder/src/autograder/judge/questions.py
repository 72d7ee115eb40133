"""The judge's side: it asks the submission's kernel, and notes what it has asked, changed and been given."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import itertools
import os
import pickle
import random
import sys
import threading
import types
from collections.abc import Collection, Mapping
from typing import Any

from autograder.judge.codec import Decoder, Encoder, Packet
from autograder.judge.errors import NotData, Undecodable
from autograder.judge.files import Files
from autograder.judge.link import Link, LinkLost
from autograder.judge.peer import Peer
from autograder.judge.refresh import refresh
from autograder.judge.standins import (
    ClassStandIn,
    Function,
    Instance,
    Iterator,
    Opaque,
    StandIn,
    copy_stand_in,
    make_class,
)
from autograder.judge.trace import Trace
from autograder.judge.warningfilters import WarningSettings


class Unjudged(BaseException):
    """The judge cannot tell how a test ends. A test may hide this; `Questions.reason` stays."""


class Questions(Peer):
    """Asks the kernel of one submission.

    Parameters
    ----------
    link : Link
        Connected to the kernel.
    given : mapping
        The judge's own names: those of the instructor's cells.

    Attributes
    ----------
    reason : str
        Why the current cell cannot be judged; empty if it can.
    trace : Trace
        What was asked in this cell.
    lost : bool
        Whether the kernel has closed its connection.
    plain : bool
        Whether only data and functions were involved in this cell.
    """

    def __init__(self, link: Link, given: Mapping[str, Any]):
        super().__init__(link)
        self._own = given
        self.reason = ""
        self.lost = False
        self.plain = True
        self.live: set[str] = set()
        self._there: set[str] = set()
        self._fetched: dict[str, tuple[Any, str | None, Any]] = {}  # with the digest and the number of the object
        self._told: dict[str, dict[str, Any]] = {}  # answers to `get` that came with the one to `begin`
        self._fresh: dict[str, Any] = {}  # what the test gets for a name without asking again
        self._handles: dict[int, tuple[Any, int, str]] = {}
        self._classes: dict[int, type] = {}
        self._standins: dict[int, StandIn] = {}
        self._path = ""
        self.trace = Trace(self.give_up, lambda: {kind.__name__ for kind in self._classes.values()})
        self._surprises: dict[int, tuple[int, str]] = {}  # see `_note_value`
        self._files = Files(self.give_up, self.trace.notice)
        self._broken = ""
        self._left_to_print = _PRINTED
        self.reads: set[str] = set()
        self._given_failed = False
        self._given: dict[str, str] = {}  # fingerprints of the given names that the test uses
        self._has_asked = False  # whether the submission has been asked something in this test
        self._random: dict[str, Any] = {}
        self._original = {name: getattr(builtins, name) for name in ("input", "print", "open")}
        self._settled: dict[str, Any] = {}
        self._warnings_settings = WarningSettings()
        self.settle()
        self._environ: dict[bytes, bytes] = {}

    # The cell

    def begin(
        self,
        fingerprints: Mapping[str, str],
        live: set[str],
        allowed: set[str] | None,
        classes: set[str],
        named: set[str],
    ) -> list[str]:
        """Begin a cell; return which of the given names mean something else in the kernel.

        Parameters
        ----------
        fingerprints : mapping of str to str
            Of given names that the test uses, see `autograder.judge.fingerprint`.
        live : set of str
            Names that are the submission's.
        allowed : set of str, optional
            What the reference solution's objects were asked; None while that is being found out.
        classes : set of str
            Names of the instructor's classes.
        named : set of str
            Names in the text of the test.
        """
        self.reason, self.plain, self.live = self._broken, not self._given_failed, live
        self.trace.begin(allowed, named)
        self._left_to_print = _PRINTED
        self._fetched.clear()
        self._fresh.clear()
        self._environ = dict(_environment())
        self._random = self._look_at_random()
        wanted = sorted(name for name in named & live if f"get {name}: function" in (allowed or ()))
        self._given, self._has_asked = dict(fingerprints), False
        answer, blobs = self._ask_plainly("begin", given=self._given, classes=sorted(classes), wanted=wanted)
        with self._reading():
            self._there = set(answer["names"])
            self._told = {name: dict(answer["told"][name]) for name in wanted if name in answer["told"]}
            self._files.begin(answer, blobs)
        return self._read_drift(answer)

    def settle(self, *, failed: bool = False) -> None:
        """Take the names that are there now for the instructor's; what a test binds later is meant for the answers.

        Parameters
        ----------
        failed : bool
            Whether the cell that has bound them raised an error. Tests that fail after it may fail for that.
        """
        self._settled, self._warnings_settings = dict(self._own), WarningSettings()
        self._broken, self._given_failed = self.reason, self._given_failed or failed

    def settled_names(self) -> set[str]:
        """Return the names that the instructor's cells have bound, and no test has bound anew."""
        return {name for name, value in self._settled.items() if self._own.get(name, _MISSING) is value}

    def conclude(self, outputs: list[dict[str, Any]]) -> None:
        """Look at how a test has ended; see `autograder.judge.trace.Trace.conclude`."""
        texts = [str(one["data"].get("text/plain")) for one in outputs if one["output_type"] == "execute_result"]
        failed = any(output["output_type"] == "error" for output in outputs)
        self.trace.conclude(passed=not failed, is_number=bool(texts) and all(map(_is_number, texts)))

    def end(self) -> list[str]:
        """Tell the kernel that it need not wait for questions any more.

        Returns
        -------
        list of str
            Which of the given names that the test uses mean something else now than at its beginning.
        """
        self._files.end()
        removed: list[str] = []
        drift: list[str] = []
        with contextlib.suppress(Unjudged):
            if not self.reason:
                self._pass_changes_on()
                removed = self._files.removed()
                if self._given and self._has_asked:
                    drift = self._read_drift(self._ask_plainly("drift", given=self._given)[0])
        self._link.send({"ask": "end", "removed": removed}, [])
        return drift

    def _read_drift(self, answer: dict[str, Any]) -> list[str]:
        with self._reading():
            return [str(name)[:_REASON] for name in answer["drift"]]

    def give_up(self, reason: str) -> Unjudged:
        """Note that the cell cannot be judged, and return what is to be raised."""
        self.reason = self.reason or reason[:_REASON]
        return Unjudged(reason)

    def has(self, name: str) -> bool:
        """Return whether the submission has bound a name."""
        return name in self._there

    def get(self, name: str) -> Any:
        """Return what the submission has bound a name to; `KeyError` if it has not."""
        if name in self._fresh:
            return self._fresh[name]
        answer, blobs = self._get(name)
        if answer.get("missing"):
            raise KeyError(name)
        with self._reading():
            if not answer.get("same"):
                self._path = name
                value = self._decode(self.decoder(blobs), answer["value"])
                if name in self._fetched and self._fetched[name][2] == answer["h"]:  # else it is another object
                    refreshed = refresh(self._fetched[name][0], value)
                    value = value if refreshed is None else refreshed
                value = self._hold(value, answer)
                self._fetched[name] = value, answer.get("digest"), answer["h"]
            self._notice_sharing(name, answer)
            self._fresh[name] = self._note_value(f"get {name}", self._fetched[name][0])
        return self._fresh[name]

    def _get(self, name: str) -> tuple[dict[str, Any], list[bytes]]:
        if name in self._told and not self.reason:
            return self._told.pop(name), []
        digest = self._fetched[name][1] if name in self._fetched else None
        return self._ask("get", name=name, **({"digest": digest} if digest else {}))

    # What stand-ins pass on

    def call(self, handle: int, path: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call a function of the submission."""
        handle = self._use(handle)
        return self._call("call", path, arguments, keywords, h=handle)

    def operate(self, handle: int, path: str, name: str, arguments: tuple[Any, ...]) -> Any:
        """Use a special method of an object of the submission."""
        handle = self._use(handle)
        self._note(f"operator {path}.{name}")
        return self._call("operator", f"{path}.{name}", arguments, {}, h=handle, name=name)

    def attribute(self, handle: int, path: str, name: str) -> Any:
        """Read an attribute of an object of the submission."""
        handle = self._use(handle)
        answer, blobs = self._ask("attribute", h=handle, name=name)
        error: BaseException
        with self._reading():
            self._keep(answer["unchanged"])
            self._print(answer)
            self._path = f"{path}.{name}"
            if answer.get("missing"):
                error = AttributeError(str(answer.get("text")))
            elif "raise" in answer:
                error = self._raised(f"{path}.{name}", answer["raise"])
            else:
                value = self._hold(self._decode(self.decoder(blobs), answer["value"]), answer)
                self._notice_sharing(f"{path}.{name}", answer)
                return self._note_value(f"attribute {path}.{name}", value)
        raise error

    def set_attribute(self, handle: int, path: str, name: str, value: Any) -> None:
        """Set an attribute of an object of the submission."""
        handle = self._use(handle)
        self._note(f"set {path}.{name}")
        packet = self._packet(value)
        self._finish(
            f"{path}.{name}", *self._ask("set", h=handle, name=name, value=packet.json, blobs=packet.blobs), {}
        )

    def proceed(self, handle: int, path: str) -> Any:
        """Return the next value of an iterator of the submission."""
        handle = self._use(handle)
        return self._finish(f"next({path})", *self._ask("next", h=handle), {})

    # Values

    def module(self, name: str) -> Any:
        """Return a module; it is imported if the reference solution has brought it along as well."""
        allowed = self.trace.allowed
        if allowed is None or any(step.endswith(f": module {name}") for step in allowed):
            with contextlib.suppress(ImportError):
                return importlib.import_module(name)
        return super().module(name)

    def refuses_field(self, kind: type, name: str) -> bool:
        """Return whether a field would hide a method, which is the instructor's."""
        return callable(getattr(kind, name, None))

    def own_value(self, name: str) -> Any:
        """Return what the instructor has bound a name to."""
        return None if name in self.live else self._settled.get(name)

    def given_class(self, name: str) -> type | None:
        """Return the instructor's class of this name, as it is here."""
        kind = self._settled.get(name)
        return kind if isinstance(kind, type) and name not in self.live else None

    def refer_to_other(self, value: Any, encoder: Encoder) -> dict[str, Any]:
        """Return what stands for an object that is passed to the submission."""
        if isinstance(value, ClassStandIn):
            return {"t": "yours", "h": value._class_handle_}
        if issubclass(type(value), StandIn):
            return {"t": "yours", "h": self._surprises.get(value._handle_, (value._handle_,))[0]}
        if id(value) in self._handles and self._handles[id(value)][0] is value:
            return {"t": "yours", "h": self._handles[id(value)][1]}
        if any(value is one for one in _BUILTINS_NOT_PASSED):  # not `in`: it would call `__eq__` of the value
            raise NotData(f"`{value.__name__}` is not passed to the submission")
        if type(value) in (types.FunctionType, types.MethodType, types.BuiltinFunctionType):
            self.plain = False  # the submission gets another function, which calls this one
            return {"t": "callback", "h": self.export(value), "name": value.__name__, "doc": value.__doc__}
        name = type(value).__name__
        if callable(value) and type(value).__module__ in ("__main__", "functools", "unittest.mock"):
            self.plain = False
            return {"t": "callback", "h": self.export(value), "name": name}
        # Pickles go to the submission only: to read one runs code of whoever has made it.
        try:
            return {"t": "pickle", **encoder.number(value), "b": encoder.blob(pickle.dumps(value))}
        except Exception as error:
            raise NotData(f"an object of the type {name} cannot be passed to the submission") from error

    def resolve_other(self, data: dict[str, Any], decoder: Decoder) -> Any:
        """Return the stand-in for what a submission refers to."""
        kind, handle = data.get("t"), data.get("h")
        if not isinstance(handle, int):
            raise Undecodable(f"a reference without a number: {str(kind)[:100]}")
        if kind == "class":
            return self._resolve_class(data)
        if handle in self._standins:
            return self._standins[handle]
        made: StandIn
        if kind == "function":
            made = Function(self, handle, self._path, str(data["name"]), data.get("doc"), str(data["kind"]))
        elif kind == "iterator":
            made = Iterator(self, handle, self._path)
        elif kind == "instance" and data["class"].get("plain") and not self._is_exception(data["class"]):
            made = object.__new__(self._resolve_class(data["class"]))
            StandIn.__init__(made, self, handle, data["class"]["name"])
        else:
            made = Opaque(self, handle, self._path)
        self._standins[handle] = made
        return made

    def _resolve_class(self, data: dict[str, Any]) -> type:
        handle = data["h"]
        if handle not in self._classes:
            bases = tuple(
                base for one in data["bases"] if isinstance(base := self._base(one), type) and base is not object
            )
            try:
                self._classes[handle] = make_class(self, handle, data, bases)
            except TypeError as error:
                raise self.give_up(f"the class `{str(data['name'])[:100]}` has no stand-in: {error}") from None
        return self._classes[handle]

    def _is_exception(self, data: dict[str, Any]) -> bool:
        """Return whether a class is one of exceptions: its objects are no stand-ins."""
        return issubclass(self._resolve_class(data), BaseException)

    def _base(self, data: dict[str, Any]) -> type:
        base = self._resolve_class(data) if data.get("t") == "class" else self.decoder([]).decode(data)
        if not isinstance(base, type):
            raise Undecodable("a base that is no class")
        return base

    def answer(self, question: str, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Call a function of the test for the submission."""
        if question != "call":
            return {"raise": {"mro": ["RuntimeError"], "args": {"t": "list", "v": []}}}, []
        self._keep(())  # it may have bound its names anew before
        function = self._exported[message["h"]]
        passed = self._decode(self.decoder(blobs), message["value"])
        arguments, keywords = passed
        before = self._packet(passed).digest()
        try:
            packet = self._packet(function(*arguments, **keywords))
            if self._packet(passed).digest() != before:
                raise self.give_up("a function of the test changes what it gets from the submission")
        except Exception as error:
            mro = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
            return {"raise": {"mro": mro, "args": self._packet([str(one) for one in error.args]).json}}, []
        return {"value": packet.json}, packet.blobs

    # Asking

    def _ask(self, question: str, **details: Any) -> tuple[dict[str, Any], list[bytes]]:
        self._has_asked = True
        self._pass_changes_on()
        details["held"] = {str(handle): digest for _, handle, digest in self._handles.values()}
        return self._ask_plainly(question, **details)

    def _ask_plainly(self, question: str, **details: Any) -> tuple[dict[str, Any], list[bytes]]:
        if self.reason:
            raise Unjudged(self.reason)
        if threading.current_thread() is not threading.main_thread():  # answers would come to the wrong one
            raise self.give_up("the test asks the submission from another thread")
        try:
            answer, blobs = self.ask(question, **details)
        except (Undecodable, LinkLost) as error:
            self.lost = isinstance(error, LinkLost)
            raise self.give_up(str(error)) from None
        if "refused" in answer:
            raise self.give_up(f"the submission's kernel cannot pass it on: {answer['refused']}")
        return answer, blobs

    def _packet(self, value: Any, encoder: Encoder | None = None) -> Packet:
        try:
            return (encoder or self.encoder()).packet(value)
        except NotData as error:
            raise self.give_up(str(error)) from None

    def _decode(self, decoder: Decoder, data: Any) -> Any:
        try:
            return decoder.decode(data)
        except Undecodable as error:
            raise self.give_up(f"the submission has sent a value that cannot be read: {error}") from None

    def _call(
        self, question: str, path: str, arguments: tuple[Any, ...], keywords: dict[str, Any], **details: Any
    ) -> Any:
        encoder = self.encoder()
        packet = self._packet([list(arguments), keywords], encoder)
        passed = {encoder.numbers[id(value)]: value for value in encoder.kept}
        blobs = list(packet.blobs)
        details |= self._surroundings(blobs)
        answer = self._ask(question, value=packet.json, blobs=blobs, **details)
        return self._finish(path, *answer, passed)

    def _finish(self, path: str, answer: dict[str, Any], blobs: list[bytes], passed: dict[int, Any]) -> Any:
        with self._reading():
            self._keep(answer["unchanged"])
            self._print(answer)
            self._files.take(answer, blobs[int(answer.get("blobs", len(blobs))) :])
            self._change(path, answer, blobs, passed)
            self._refresh_held(answer, blobs)
            if "raise" in answer:
                error = self._raised(path, answer["raise"])
            else:
                self._path = f"{path}()"
                value = self._decode(self.decoder(blobs, passed), answer["value"])
                if not any(value is one for one in passed.values()):
                    value = self._hold(value, answer)
                self._notice_sharing(path, answer)
                return self._note_value(f"call {path}", value)
        raise error

    def _keep(self, names: Collection[str]) -> None:
        """Keep what is known of these names only: what the submission has run may have bound others anew."""
        self._fresh = {name: value for name, value in self._fresh.items() if name in names}
        self._told = {name: answer for name, answer in self._told.items() if name in names}

    @contextlib.contextmanager
    def _reading(self) -> Any:
        """Give up if an answer is not as it should be: a test could take the exception for one of the submission's."""
        try:
            yield
        except Exception as error:
            kind = type(error).__name__
            raise self.give_up(f"the submission has sent an answer that cannot be read: {kind}") from None

    def _hold(self, value: Any, answer: dict[str, Any]) -> Any:
        """Note that a copy of an object of the submission's is used here, for a change to be passed on.

        Returns
        -------
        object
            The copy, or an earlier one of the same object, brought up to date.
        """
        if not self.is_changeable(value) or not isinstance(answer.get("h"), int):
            return value
        earlier = (one for one, handle, _ in self._handles.values() if handle == answer["h"] and one is not value)
        value = next((one for one in earlier if refresh(one, value) is not None), value)
        self._handles[id(value)] = value, answer["h"], self._packet(value).digest()
        return value

    def _pass_changes_on(self) -> None:
        """Have the submission's objects be as the test has made its copies of them."""
        for key, (value, handle, digest) in list(self._handles.items()):
            is_name = any(value is one for one, *_ in self._fetched.values())
            if sys.getrefcount(value) <= _OWN_REFERENCES and not is_name:
                del self._handles[key]  # the test has no more use for it, but may have changed it
            packet = self._packet(value)
            if (now := packet.digest()) != digest:
                if key in self._handles:
                    self._handles[key] = value, handle, now
                self._ask_plainly("refresh", h=handle, value=packet.json, blobs=packet.blobs)

    def _change(self, path: str, answer: dict[str, Any], blobs: list[bytes], passed: dict[int, Any]) -> None:
        """Change in place what the submission's function has changed of its arguments."""
        for change in answer.get("changed", ()):
            self._note(f"changes an argument of {path}", plain=True)
            old = passed.get(change["n"])
            new = self._decode(self.decoder(blobs[change["b"] :]), change["v"])
            if refresh(old, new) is None:
                raise self.give_up(f"`{path}` changes an argument of the type {type(old).__name__}")

    def _refresh_held(self, answer: dict[str, Any], blobs: list[bytes]) -> None:
        """Change the copies here as the submission has changed its own objects."""
        held = {handle: (key, value) for key, (value, handle, _) in self._handles.items()}
        for change in answer.get("refreshed", ()):
            if change["h"] in held:
                key, value = held[change["h"]]
                refresh(value, self._decode(self.decoder(blobs[change["b"] :]), change["v"]))
                self._handles[key] = value, change["h"], self._packet(value).digest()

    def _surroundings(self, blobs: list[bytes]) -> dict[str, Any]:
        """Return what a test has patched, written and seeded, for the call to find it so; add to the ``blobs``."""
        found: dict[str, Any] = {"patches": self._patches(), **self._random_states(blobs)}
        found |= self._warnings_settings.changes()
        if isinstance(sys.stdin, io.StringIO):
            found["stdin"] = sys.stdin.getvalue()[sys.stdin.tell() :]
        return found | self._files.tell(blobs)

    def _patches(self) -> dict[str, dict[str, Any]]:
        """Return what the test has bound that answers may use: by place and name, as JSON-like data."""
        settled = self._settled
        bound = {
            name: value
            for name, value in self._own.items()
            if settled.get(name, _MISSING) is not value and not name.startswith("_")
        }
        changed = {
            "builtins": {
                name: getattr(builtins, name)
                for name, original in self._original.items()
                if getattr(builtins, name) is not original
            },
            "globals": {name: value for name, value in bound.items() if self._may_be_passed(name)},
            "environ": {
                os.fsdecode(name): os.fsdecode(text)
                for name, text in _environment().items()
                if self._environ.get(name) != text
            },
        }
        return {place: self._passable(names) for place, names in changed.items()}

    def _may_be_passed(self, name: str) -> bool:
        """Return whether answers may use a name: the reference solution does."""
        return name in self.reads and (name in self._there or hasattr(builtins, name))

    def _passable(self, names: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name, value in names.items():
            with contextlib.suppress(NotData):
                packet = self.encoder().packet(value)
                if not packet.blobs:
                    found[name] = packet.json
        return found

    def _random_states(self, blobs: list[bytes]) -> dict[str, Any]:
        """Return the states of the random number generators that the test has seeded or drawn from."""
        found, then, now = {}, self._random, self._look_at_random()
        if now["random"] != then.get("random"):
            found["random"] = self._packet(random.getstate()).json
        if now.get("numpy") != then.get("numpy"):
            packet = self._packet(sys.modules["numpy"].random.get_state())
            found["numpy_random"] = _shift(packet.json, len(blobs))
            blobs += packet.blobs
        self._random = now
        if found:
            self.plain = False  # what the submission draws stays there
        return found

    def _look_at_random(self) -> dict[str, Any]:
        """Return what tells whether the random number generators have been seeded or drawn from."""
        states: dict[str, Any] = {"random": random.getstate()}
        if (numpy := sys.modules.get("numpy")) and hasattr(numpy, "random"):
            name, numbers, *others = numpy.random.get_state()
            states["numpy"] = name, numbers.tobytes(), others
        return states

    def _print(self, answer: dict[str, Any]) -> None:
        for name, text in answer.get("printed", ()):
            stream = sys.stderr if name == "stderr" else sys.stdout
            stream.write(str(text)[: self._left_to_print])
            self._left_to_print = max(0, self._left_to_print - len(str(text)))

    def _raised(self, path: str, data: dict[str, Any]) -> BaseException:
        """Return an exception that the submission has raised; a test may take it for a pass."""
        error = self._rebuild(data)
        # What the test looks at may not be here: then a failure may be the judge's.
        known = "class" not in data and not data.get("lost") and not isinstance(error, OSError | ImportError)
        if not known or str(error) != data.get("text"):
            self.plain = False
        kind = next((one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins"), "")
        self.trace.notice(f"{path} raises {kind}")
        return error

    def _rebuild(self, data: dict[str, Any]) -> BaseException:
        """Return the exception that the submission has raised, of a class that the test knows."""
        kinds = [getattr(builtins, str(name), None) for name in data["mro"]]
        kind: Any = next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseException)), Exception)
        if reference := data.get("class"):
            kind = self._library_class(reference, kind) or self._resolve_class(reference)
        arguments = self._decode(self.decoder([]), data["args"])
        try:
            error = kind(*arguments)
        except Exception:
            error = Exception.__new__(kind)
            error.args = tuple(arguments)
        fields = self._decode(self.decoder([]), data["fields"])
        if isinstance(fields, dict):
            for name, value in fields.items():
                error.__dict__[str(name)] = value
        for line in list(data.get("where") or ())[:_FRAMES]:
            error.add_note(str(line)[:_LINE])
        result: BaseException = error
        return result

    def _library_class(self, reference: dict[str, Any], base: type) -> type | None:
        """Return the class of a library that is imported here as well."""
        if "library" not in reference:
            return None
        module, name = map(str, reference["library"])
        found = getattr(sys.modules.get(module), name, None)
        return found if isinstance(found, type) and issubclass(found, base) else None

    def _kind(self, value: Any) -> str:
        if isinstance(value, ClassStandIn):
            return f"class {value.__name__}"
        if issubclass(type(value), Instance):
            return f"instance of {type(value).__name__}"
        if issubclass(type(value), StandIn):
            return type(value).__name__.lower()
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}"
        return "data"

    def _note_value(self, step: str, value: Any) -> Any:
        """Note what a step has brought along, and return what the test gets.

        An object where the reference solution has another kind of value does not matter before the test uses it: a
        method may return ``self`` for None. So the test gets a stand-in of its own, with a number of its own.
        """
        step = f"{step}: {self._kind(value)}"
        if not issubclass(type(value), StandIn):
            is_object = isinstance(value, ClassStandIn)
            if step.endswith(": data"):
                self.trace.note(step)
            else:
                self._note(step, plain=not is_object)
            if not is_object and _is_empty(value):
                self.trace.notice(f"{step.removesuffix(': data')}: empty")
            return value
        if self.trace.allows(step):
            self._note(step)
            return value
        self.plain = False
        number = -len(self._surprises) - 1
        self._surprises[number] = value._handle_, step
        return copy_stand_in(value, number)

    def _use(self, handle: int) -> int:
        """Note that the test uses an object, and return the number by which the submission knows it."""
        if handle not in self._surprises:
            return handle
        real, step = self._surprises[handle]
        self._note(step)
        return real

    def _notice_sharing(self, path: str, answer: dict[str, Any]) -> None:
        """Notice that the submission keeps an argument, or that two of its values share an object: copies do not."""
        if answer.get("kept"):
            self.trace.notice(f"{path} keeps an argument")
        if answer.get("shared"):
            self.trace.notice(f"{path} shares an object with an earlier value")
        if answer.get("kept") or answer.get("shared"):
            self.plain = False

    def _note(self, step: str, *, plain: bool = False) -> None:
        if not (plain or step.endswith((": function", ": iterator"))):
            self.plain = False
        self.trace.demand(step)


_MISSING = object()
_REASON = 300  # characters
_LOOKED_AT = 1000  # values in a list
_PRINTED = 2**20  # characters that the submission may print in one test
_BUILTINS_NOT_PASSED = (getattr, setattr, delattr, vars, eval, exec, compile, open, __import__, globals, locals)
_LINE, _FRAMES = 300, 5  # characters of a line of a traceback that the submission tells, and how many lines


def _is_empty(value: Any, depth: int = 3) -> bool:
    """Return whether a value, or one in it, is empty: a comparison with it may have nothing to compare."""
    if isinstance(value, ClassStandIn) or issubclass(type(value), StandIn):
        return False
    if isinstance(value, dict):
        value = list(value.values()) if value else ()
    size = getattr(value, "size", None)  # an array without dimensions has no length
    if not isinstance(size, int) and isinstance(value, str | bytes | Collection):
        size = len(value)
    if size == 0:
        return True
    inner = itertools.islice(value, _LOOKED_AT) if depth and isinstance(value, list | tuple) else ()
    return any(_is_empty(one, depth - 1) for one in inner)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _environment() -> Mapping[bytes, bytes]:
    """Return the environment variables as Python holds them: `os.environ` would decode all of them in every call."""
    held: Mapping[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return held


def _count_own_references() -> int:
    """Return what `sys.getrefcount` says, in `Questions._pass_changes_on`, of an object that is held there only."""
    held: dict[int, tuple[Any, int, str]] = {0: ([], 0, "")}
    for _, (value, _, _) in list(held.items()):
        count = sys.getrefcount(value)
    return count


_OWN_REFERENCES = _count_own_references()


def _shift(data: Any, count: int) -> Any:
    """Return JSON-like data whose blobs come after ``count`` others."""
    if isinstance(data, dict):
        return {
            key: value + count if key == "b" and isinstance(value, int) else _shift(value, count)
            for key, value in data.items()
        }
    return [_shift(value, count) for value in data] if isinstance(data, list) else data
