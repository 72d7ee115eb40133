"""Run the instructor's cells so that a submission cannot say how they end.

A thread waits for orders on a channel that no cell has been told of. It puts back what the submission has replaced,
while none of the submission's code runs, and lets the kernel run the next cell here instead of in its shell. How that
cell ends goes out on the channel with the order's secret, which was not in this process before.

Everything here lives in the submission's own process, so nothing is beyond its reach in principle. What it takes to
reach it is told by ``alarm``, and left to a person.
"""

from __future__ import annotations

import _thread
import ast
import builtins
import hashlib
import json
import socket
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from symtable import symtable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from IPython.lib.pretty import pretty
from traitlets import HasTraits

from autograder.kernels import MESSAGE
from autograder.kernels.alarm import Alarm
from autograder.kernels.fair import Guard, NotDecided, bound_names, fill_in, own_module, rewrite
from autograder.kernels.metal import Metal
from autograder.kernels.pristine import Change, Pristine, give_back, put_back

_TEXT = 1000  # characters of a message that are told
_NAME, _LINES = 100, 20  # characters of other lines, and how many
_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_COROUTINE = 0x80
_PLAIN = (int, float, complex, bool, str, bytes, type(None))


class Seal:
    """Runs instructor's cells in the kernel of ``app``, as ordered on ``channel``.

    Parameters
    ----------
    app : ipykernel.kernelapp.IPKernelApp
        Before any cell has run.
    channel : socket.socket
        Orders come as one message of JSON each, with a ``token`` that is sent back in the answer: first one with a
        ``plan`` (see `autograder.plan`), then one with ``nonce``, ``digest`` and ``graded`` before every cell of the
        instructor's. The answers hold lists of what was ``put_back``, of ``threads`` and ``alarms``. When the cell has
        ended its outcome is told: the nonce, the error or none, the result.
    pristine : Pristine
    guard : Guard
    metal : Metal
    """

    def __init__(self, app: Any, channel: socket.socket, pristine: Pristine, guard: Guard, metal: Metal):
        self._kernel, self._shell = app.kernel, app.shell
        self._channel = channel
        self._pristine, self._guard, self._metal = pristine, guard, metal
        self._namespace = app.shell.user_module.__dict__
        self._plan: dict[str, Any] = {}
        self._helpers: dict[str, Any] = dict(self._namespace)
        self._alarm = Alarm(guard)
        self._threads = set(sys._current_frames())
        _hide()
        pristine.look()
        pristine.accept()
        self._parts = _Parts(_parts_of(app))

    def start(self) -> None:
        """Wait for orders from now on."""
        sys.addaudithook(self._alarm.hook())
        self._threads.add(_thread.start_new_thread(_serve, (self._channel.recv, self._channel.send, self._obey)))

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        if "plan" in order:
            self._plan = order["plan"]
            self._guard.mocks = any(
                "mock" in ".".join(place).split(".") for place in self._plan.get("names", {}).values()
            )
        if "nonce" not in order:
            return {"alarms": self._alarm.told}
        for function, name, old in reversed(self._alarm.recoded):
            setattr(function, name, old)
        self._alarm.recoded.clear()
        changes = [change for change in self._pristine.changes() if self._counts(change)]
        put_back(changes)
        parts = self._parts.put_back()
        put = [str(change) for change in changes] + [name for _, name, _ in parts]
        if self._namespace.get("__builtins__") not in (builtins, builtins.__dict__):
            self._namespace["__builtins__"] = builtins
            put.append("__builtins__")
        self._kernel.__dict__["do_execute"] = _Run(self, order, changes)
        return {"put_back": put, "threads": self._foreign_threads(), "alarms": self._alarm.told}

    def _counts(self, change: Change) -> bool:
        """Return whether a change is none that a library makes to itself, as plotting backends and lazy modules do."""
        owner, new = change.owner, change.new
        module = owner.__name__ if isinstance(owner, ModuleType) else own_module(owner)
        if isinstance(owner, type) or str(module).partition(".")[0] in sys.stdlib_module_names or "test" in str(module):
            return True
        if isinstance(new, ModuleType):
            own = sys.modules.get(new.__name__) is new and new.__name__.rpartition(".")[2] == change.name
        else:
            wrapped = isinstance(new, FunctionType) and "<locals>" in new.__qualname__
            own = not self._is_foreign(new) and (wrapped or getattr(new, "__name__", "") == change.name)
        return not own

    def _foreign_threads(self) -> list[str]:
        found = []
        for number, frame in sys._current_frames().items():
            while frame is not None and number not in self._threads:
                if self._guard.is_foreign(frame.f_code):
                    found.append(frame.f_code.co_name)
                    break
                frame = frame.f_back
        return found

    async def run(self, order: dict[str, Any], code: str, changes: list[Change]) -> dict[str, Any]:
        """Run one cell, tell how it ended, and return what the kernel is to reply."""
        __tracebackhide__ = "__ipython_bottom__"  # tracebacks begin with the cell
        shell = self._shell
        sys.settrace(None)
        sys.setprofile(None)
        outcome: dict[str, Any] = {"nonce": order["nonce"], "error": None, "result": None}
        number = shell.execution_count
        shell.execution_count += 1
        leaving = shell.exit_now
        try:
            if hashlib.sha256(code.encode()).hexdigest() != order["digest"]:
                raise NotDecided("This is not the cell that was to be run.")
            self._refuse_damage()
            text = TransformerManager().transform_cell(code)
            shell.history_manager.store_inputs(number, text, code)
            name = shell.compile.cache(text, number, raw_code=code)
            self._guard.trust(name)
            self._guard.asked = self._asked()
            self._guard.reasons.clear()
            steps = self._compile(text, name)
            self._alarm.running = order["graded"]
            with shell.builtin_trap, shell.display_trap:
                for kind, step in steps:
                    if step.co_flags & _COROUTINE:
                        value = await eval(step, self._namespace)
                    else:
                        value = eval(step, self._namespace)
                    if kind == "eval":
                        outcome["result"] = None if shell.displayhook.quiet() else self._describe(value)
                        shell.displayhook(value)
            self._conclude(order, leaving)
        except BaseException as error:
            outcome["error"] = _describe_error(error)
            # Without this frame: IPython leaves out its own only.
            trace = (type(error), error, error.__traceback__.tb_next or error.__traceback__)
            shell.showtraceback(trace, exception_only=isinstance(error, SystemExit), running_compiled_code=True)
        self._channel.send(json.dumps(outcome).encode())
        self._alarm.running = False
        self._remember(code)
        give_back(changes)
        self._after()
        return self._reply(outcome)

    def _compile(self, text: str, name: str) -> tuple[tuple[str, CodeType], ...]:
        flags = self._shell.compile.flags | _TOP_LEVEL_AWAIT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # about the marks; the instructor's own cell has none
            tree = compile(text, name, "exec", flags | ast.PyCF_ONLY_AST, True)
            fixed = self._fixed(tree)
            body = rewrite(tree, fixed).body
            nodes = [("exec", ast.Module([node], [])) for node in body]
            if body and isinstance(body[-1], ast.Expr):
                nodes[-1] = ("eval", ast.Expression(body[-1].value))
            codes = [(kind, compile(node, name, kind, flags, True)) for kind, node in nodes]
        return tuple((kind, fill_in(code, self._guard, fixed)) for kind, code in codes)

    def _fixed(self, tree: ast.AST) -> dict[str, Any]:
        """Return the names in a cell that are the instructor's and mean something else by now, with what they mean."""
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound_names(tree)
        fixed = {}
        for name in used & self._namespace.keys():
            real = self._real(name)
            if real is not None and self._namespace[name] is not real:
                fixed[name] = real
        return fixed

    def _real(self, name: str) -> Any:
        if name in self._helpers:
            return self._helpers[name]
        names = self._plan.get("names", {})
        if name not in names:
            answered = name in self._plan.get("answers", ())
            return None if answered else builtins.__dict__.get(name)
        module, attribute = names[name]
        if module not in sys.modules:
            return None
        return getattr(sys.modules[module], attribute, None) if attribute else sys.modules[module]

    def _asked(self) -> set[type]:
        found = {name: self._namespace.get(name) for name in self._plan.get("classes", ())}
        return {kind for name, kind in found.items() if isinstance(kind, type) and kind.__name__ == name}

    def _conclude(self, order: dict[str, Any], leaving: bool) -> None:
        """Fail a cell that has come to its end if something was wrong on the way."""
        if not order["graded"]:
            return
        self._refuse_damage()
        if self._guard.reasons:
            raise NotDecided(self._guard.reasons[0])
        if self._shell.exit_now and not leaving:
            raise NotDecided("This test was not decided: the answer has asked the kernel to exit.")
        for change in self._pristine.changes():
            if self._is_foreign(change.new):
                raise NotDecided(f"This test was not decided: the answer has replaced `{change}` in the meantime.")

    def _refuse_damage(self) -> None:
        if damaged := self._metal.damage():
            step = f"changed {damaged} in memory"
            if step not in self._alarm.told:
                self._alarm.told.append(step)
            raise NotDecided(f"The submission {step}; no test can be decided any more.")

    def _is_foreign(self, value: Any) -> bool:
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        return type(code) is CodeType and self._guard.is_foreign(code)

    def _remember(self, code: str) -> None:
        """Take in what the cell has brought along: modules, and functions, classes and plain values that tests use."""
        self._pristine.look()
        text = TransformerManager().transform_cell(code)
        defined = _defined(text)
        for name in _bound(text).intersection(self._plan.get("helpers", ())) & self._namespace.keys():
            value = self._namespace[name]
            self._helpers.pop(name, None)
            if name in defined or _is_plain(value):
                self._helpers[name] = value
            if name in defined and isinstance(value, type):
                self._pristine.look_at(value)

    def _after(self) -> None:
        """Call what libraries have asked to be called after a cell, such as to show figures."""
        for event in ("post_execute", "post_run_cell"):
            for callback in list(self._shell.events.callbacks.get(event, ())):
                if not self._is_foreign(callback):
                    try:
                        callback() if event == "post_execute" else callback(None)
                    except Exception:
                        self._shell.showtraceback()

    def _describe(self, value: Any) -> dict[str, Any] | None:
        """Return the text that a cell's value shows if it is a number: nbgrader takes it for points."""
        if value is None:
            return None
        kind = type(value)
        own = not self._pristine.knows(kind) and own_module(kind) not in ("builtins", "numpy")
        return {"own": own, "text": _as_number(pretty(value)) if not own else None}

    def _reply(self, outcome: dict[str, Any]) -> dict[str, Any]:
        shell = self._shell
        reply: dict[str, Any] = {"status": "ok", "execution_count": shell.execution_count - 1, "user_expressions": {}}
        if outcome["error"]:
            trace = getattr(shell, "_last_traceback", None) or []
            reply |= {"status": "error", "traceback": trace, **outcome["error"]}
        reply["payload"] = shell.payload_manager.read_payload()
        shell.payload_manager.clear_payload()
        return reply


class _Run:
    """Stands in for the kernel's ``do_execute`` once."""

    def __init__(self, seal: Seal, order: dict[str, Any], changes: list[Change]):
        self._call = (seal.run, order, changes)

    async def __call__(self, code: str, *_: Any, **__: Any) -> dict[str, Any]:
        run, order, changes = self.__dict__.pop("_call")
        run.__self__._kernel.__dict__.pop("do_execute", None)
        return await run(order, code, changes)


class _Parts:
    """The parts of the kernel and its shell, whose methods and helpers a submission might replace."""

    def __init__(self, owners: dict[str, dict[str, Any]]):
        self._owners = [(name, now, dict(now)) for name, now in owners.items()]

    def put_back(self) -> list[tuple[dict[str, Any], str, Any]]:
        """Undo what was replaced and return it: where, by which name, and what was there."""
        found = []
        for title, now, before in self._owners:
            for name, old in before.items():
                if now.get(name) is not old and (callable(old) or isinstance(old, HasTraits)):
                    found.append((now, f"{title}.{name}", now.get(name)))
                    now[name] = old
            for name in now.keys() - before.keys():
                if name in _METHODS[title]:
                    found.append((now, f"{title}.{name}", now.pop(name)))
        return found


_METHODS: dict[str, set[str]] = {}


def _parts_of(app: Any) -> dict[str, dict[str, Any]]:
    shell, kernel = app.shell, app.kernel
    objects = {
        "shell": shell, "kernel": kernel, "session": kernel.session, "shell.events": shell.events,
        "shell.display_pub": shell.display_pub, "shell.displayhook": shell.displayhook,
        "shell.display_formatter": shell.display_formatter, "shell.compile": shell.compile,
        "shell.history_manager": shell.history_manager, "shell.InteractiveTB": shell.InteractiveTB,
        "shell.display_trap": shell.display_trap, "shell.builtin_trap": shell.builtin_trap,
    }  # fmt: skip
    owners = {}
    for title, part in objects.items():
        owners[title] = part.__dict__
        _METHODS[title] = {name for name in dir(type(part)) if callable(getattr(type(part), name, None))}
        if isinstance(part, HasTraits):
            owners[f"{title}'s"] = part._trait_values
            _METHODS[f"{title}'s"] = set()
    for name in ("shell_handlers", "control_handlers"):
        owners[f"kernel.{name}"] = getattr(kernel, name)
        _METHODS[f"kernel.{name}"] = set()
    return owners


def _serve(
    receive: Callable[[int], bytes], send: Callable[[bytes], int], obey: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    load, dump = json.loads, json.dumps
    while message := receive(MESSAGE):
        order = load(message)
        try:
            answer = {name: [str(line)[:_NAME] for line in lines[:_LINES]] for name, lines in obey(order).items()}
        except Exception as error:  # the submission has damaged what this needs
            answer = {"alarms": [f"kept tests from being sealed: {type(error).__name__}"]}
        send(dump({**answer, "token": order["token"]}).encode())


def _describe_error(error: BaseException) -> dict[str, str]:
    kind = type.__dict__["__name__"].__get__(type(error))
    try:
        text = str(error)
    except Exception:
        text = ""
    return {"ename": kind[:_TEXT], "evalue": text[:_TEXT]}


def _defined(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _bound(text: str) -> set[str]:
    """Return the names that a cell binds in the notebook, and not only in a function of its own."""
    return {symbol.get_name() for symbol in symtable(text, "cell", "exec").get_symbols() if symbol.is_assigned()}


def _is_plain(value: Any) -> bool:
    """Return whether nothing can change a value but giving its name to another one."""
    return type(value) in _PLAIN or (type(value) is tuple and all(map(_is_plain, value)))


def _as_number(text: str) -> str | None:
    try:
        float(text)
    except ValueError:
        return None
    return text[:_TEXT]


def prepare() -> None:
    """Once, in the process that kernels are forked from: look at what is there, with what tests usually import."""
    for name in _USUAL:
        if name.partition(".")[0] in sys.modules or name in sys.stdlib_module_names:
            import_module(name)
    pristine = Pristine()
    pristine.look()
    _prepared.append((pristine, Guard(pristine), Metal()))


def install(app: Any, descriptor: int) -> None:
    """Seal the kernel of ``app``."""
    Seal(app, socket.socket(fileno=descriptor), *_prepared.pop()).start()


def _hide() -> None:
    """Leave nothing of this where a notebook would look for it."""
    package = import_module("autograder.kernels")
    for name in ("seal", "fair", "alarm", "pristine", "metal"):
        sys.modules.pop(f"{package.__name__}.{name}", None)
        package.__dict__.pop(name, None)


_USUAL = ("unittest", "numpy.testing", "pandas.testing")
_prepared: list[tuple[Pristine, Guard, Metal]] = []
