"""Keep objects of a submission's own making from deciding what a test finds out about them.

`rewrite` puts a guard around what a test cell compares, calculates with, takes as true or false, or hands to a checker.
A guard returns its object unchanged, unless a class of the submission's own says what the comparison gives: then the
test fails with a `NotDecided` that says why. Classes that the assignment asks for may say what they like.
"""

from __future__ import annotations

import ast
import dataclasses
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from autograder.kernels.pristine import Pristine

_COMPARE = {f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")}
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_CALCULATE = {f"__{side}{name}__" for name in _OPERATORS for side in ("", "r")} | {"__abs__", "__neg__", "__invert__"}
_PRETEND = {"__class__", "__getattribute__", "__instancecheck__", "__subclasscheck__", "__array_ufunc__",
            "__array_function__"}  # fmt: skip
_BY_USE = {
    "compare": _COMPARE | _PRETEND | {"__contains__"},
    "calculate": _CALCULATE | _PRETEND,
    "truth": {"__bool__", "__class__"},
    "call": _COMPARE | _CALCULATE | _PRETEND | {"__contains__", "__bool__"},
}
_OWN_BUSINESS = {
    "__init__", "__new__", "__repr__", "__str__", "__missing__", "__hash__", "__getnewargs__", "__reduce__",
    "__init_subclass__", "__class_getitem__", "__array_finalize__", "_constructor",
}  # fmt: skip
_DATA = (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
_MORE_DATA = {"numpy": ("ndarray", "generic"), "pandas": ("DataFrame", "Series", "Index")}
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
_DEPTH, _MOST = 4, 20_000  # of data within data; what is deeper or later is not looked at
_MARK = "\0autograder:"


class NotDecided(AssertionError):
    """A test cannot be decided, for the submission's own code would decide it."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


class Guard:
    """Tells objects whose behaviour can be relied on from those that the submission has made up.

    Parameters
    ----------
    pristine : Pristine
        The classes that were there before.
    """

    def __init__(self, pristine: Pristine):
        self._pristine = pristine
        self._plain: set[type] = set()
        self._installed = tuple({f"{path}/" for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
        self._files: set[str] = set()  # of modules that were there before, and of the cells that tests are in
        self.asked: set[type] = set()
        self.mocks = True  # whether tests may have mocks of their own
        self.reasons: list[str] = []
        for module in list(sys.modules.values()):
            if issubclass(type(module), ModuleType):
                self.trust(module.__dict__.get("__file__") or "")

    def trust(self, filename: str) -> None:
        """Take what is defined in this file as no part of the submission."""
        if filename:
            self._files.add(filename)

    def is_foreign(self, code: CodeType) -> bool:
        """Return whether ``code`` came with the submission."""
        return not self.is_trusted(code.co_filename)

    def is_trusted(self, filename: str) -> bool:
        """Return whether a file is one of the installed modules or of the instructor's cells."""
        return filename in self._files or filename.startswith((*self._installed, "<frozen "))

    def check(self, value: Any, use: str) -> Any:
        """Return ``value``.

        Raises
        ------
        NotDecided
            If the submission says itself how it is used like this.
        """
        if type(value) not in self._plain:
            self._look_into(value, _BY_USE[use], _DEPTH)
        return value

    def pass_on(self, function: Any, value: Any) -> Any:
        """Return ``value``, an argument for ``function``; what the submission calls itself is its own business."""
        if type(value) in self._plain or isinstance(function, type):
            return value
        if function is isinstance:
            self._look_into(value, {"__class__", "__instancecheck__"}, 1)
        elif type(function) is not BuiltinFunctionType and not self._has_foreign_code(function):
            self.check(value, "call")
        return value

    def _look_into(self, value: Any, names: set[str], depth: int) -> None:
        kind = type(value)
        if _is_immutable(kind) and not issubclass(kind, (list, tuple, dict, set, frozenset)) and not _is_array(kind):
            self._plain.add(kind)
            return
        self._look_at(kind, names)
        if depth:
            for inner in _parts(value, kind):
                if type(inner) not in self._plain:
                    self._look_into(inner, names, depth - 1)

    def _look_at(self, kind: type, names: set[str]) -> None:
        if own_module(kind) == "unittest.mock" or _is_mock(kind):
            if self.mocks:
                return
            self._refuse(kind, "__eq__")
        line = type.__dict__["__mro__"].__get__(kind)
        for place, owner in enumerate(line):
            if _is_immutable(owner) or owner in self.asked:
                continue
            own = type.__dict__["__dict__"].__get__(owner)
            for name in names & own.keys():
                if own[name] is not None and self._is_made_up(owner, name, own[name]):
                    self._refuse(kind, name)
            if not self._pristine.knows(owner) and issubclass(kind, _data_types()):
                self._look_for_overrides(kind, own, line[place + 1 :])

    def _look_for_overrides(self, kind: type, own: Mapping[str, Any], bases: Sequence[type]) -> None:
        """Refuse plain data whose own methods are the submission's."""
        for name in own.keys() - _OWN_BUSINESS:
            overrides = any(name in type.__dict__["__dict__"].__get__(base) for base in bases)
            if overrides and self._has_foreign_code(own[name]):
                self._refuse(kind, name)

    def _is_made_up(self, owner: type, name: str, value: Any) -> bool:
        if _code_of(value):
            return self._has_foreign_code(value) and not _is_generated(owner, name, value)
        module = sys.modules.get(str(own_module(owner)))
        return not (self._pristine.knows(owner) or (module and self._pristine.knows(module)))

    def _has_foreign_code(self, value: Any) -> bool:
        code = _code_of(value)
        return code is not None and self.is_foreign(code)

    def _refuse(self, kind: type, name: str) -> None:
        shown = type.__dict__["__name__"].__get__(kind)
        reason = (
            f"This test was not decided: what `{name}` gives for a `{shown}` is made up by the submission itself. "
            "Give back plain values, such as numbers, strings, lists or arrays."
        )
        self.reasons.append(reason)
        raise NotDecided(reason)


def own_module(kind: type) -> Any:
    """Return the name of the module that a class says it is from."""
    return type.__dict__["__dict__"].__get__(kind).get("__module__")


class _Rewriter(ast.NodeTransformer):
    """Puts guards around operands, and fixed objects in the place of names."""

    def __init__(self, fixed: Collection[str]):
        self._fixed = fixed

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            return self.generic_visit(node)
        self.generic_visit(node)
        node.left = _guarded("compare", node.left)
        node.comparators = [_guarded("compare", operand) for operand in node.comparators]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        node.left, node.right = _guarded("calculate", node.left), _guarded("calculate", node.right)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        node.operand = _guarded("truth" if isinstance(node.op, ast.Not) else "calculate", node.operand)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.values = [_guarded("truth", value) for value in node.values]
        return node

    def _visit_test(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        node.test = _guarded("truth", node.test)
        return node

    visit_If = visit_While = visit_IfExp = visit_Assert = _visit_test

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [_guarded("truth", test) for test in node.ifs]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func if _is_dotted(node.func) else ast.Constant(None)

        def guarded(value: ast.expr) -> ast.expr:
            if isinstance(value, ast.Starred):
                return ast.copy_location(ast.Starred(guarded(value.value), value.ctx), value)
            if _is_harmless(value) or isinstance(value, ast.Lambda):
                return value
            return ast.copy_location(ast.Call(_mark("pass_on", value), [_copy(function), value], []), value)

        node.args = [guarded(value) for value in node.args]
        for keyword in node.keywords:
            keyword.value = guarded(keyword.value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._fixed:
            return _mark(f"name {node.id}", node)
        return node


def rewrite(tree: ast.Module, fixed: Collection[str]) -> ast.Module:
    """Return ``tree`` with marks for guards and for the names in ``fixed``; `fill_in` puts the objects there."""
    return ast.fix_missing_locations(_Rewriter(fixed).visit(tree))


def fill_in(code: CodeType, guard: Guard, fixed: Mapping[str, Any]) -> CodeType:
    """Return ``code`` with the objects in the place of the marks, where no name of the notebook reaches them."""
    known: dict[str, Any] = {f"{_MARK}name {name}": value for name, value in fixed.items()}
    known[f"{_MARK}pass_on"] = guard.pass_on
    for use in _BY_USE:
        known[f"{_MARK}{use}"] = _checker(guard, use)
    return _fill(code, known)


def bound_names(tree: ast.AST) -> set[str]:
    """Return every name that is bound somewhere in ``tree``."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    return names


def _checker(guard: Guard, use: str) -> Callable[[Any], Any]:
    def check(value):
        return guard.check(value, use)

    return check


def _fill(code: CodeType, known: Mapping[str, Any]) -> CodeType:
    constants = []
    for value in code.co_consts:
        if type(value) is CodeType:
            value = _fill(value, known)
        elif type(value) is str:
            value = known.get(value, value)
        constants.append(value)
    return code.replace(co_consts=tuple(constants))


def _mark(name: str, place: ast.AST) -> ast.Constant:
    return ast.copy_location(ast.Constant(f"{_MARK}{name}"), place)


def _guarded(use: str, node: ast.expr) -> ast.expr:
    if _is_harmless(node):
        return node
    return ast.copy_location(ast.Call(_mark(use, node), [node], []), node)


def _is_harmless(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.Compare) and not _is_mark(node)


def _is_mark(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(_MARK)


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) or _is_mark(node)


def _copy(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute):
        return ast.copy_location(ast.Attribute(_copy(node.value), node.attr, ast.Load()), node)
    new = ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else ast.Constant(node.value)
    return ast.copy_location(new, node)


def _is_immutable(kind: type) -> bool:
    flags = type.__dict__["__flags__"].__get__(kind)
    return not flags & _HEAP_TYPE or bool(flags & _IMMUTABLE_TYPE)


def _is_mock(kind: type) -> bool:
    return "unittest.mock" in sys.modules and issubclass(kind, sys.modules["unittest.mock"].NonCallableMock)


def _is_array(kind: type) -> bool:
    return "numpy" in sys.modules and issubclass(kind, sys.modules["numpy"].ndarray)


def _data_types() -> tuple[type, ...]:
    more = [
        getattr(sys.modules[module], name, None)
        for module, names in _MORE_DATA.items()
        if isinstance(sys.modules.get(module), ModuleType)
        for name in names
    ]
    return _DATA + tuple(kind for kind in more if isinstance(kind, type))


def _parts(value: Any, kind: type) -> list[Any]:
    """Return what a container holds, asked in a way that its class has no say in."""
    if issubclass(kind, dict):
        items = [part for pair in zip(dict.keys(value), dict.values(value), strict=True) for part in pair]
        return items[:_MOST]
    for base in (list, tuple, set, frozenset):
        if issubclass(kind, base):
            return list(base.__iter__(value))[:_MOST]
    if _is_array(kind) and value.dtype == object:
        return list(value.flat[:_MOST])
    if issubclass(kind, _data_types()[-3:]) and "pandas" in sys.modules and not issubclass(kind, _DATA):
        columns = [value] if value.ndim == 1 else [value.iloc[:, place] for place in range(value.shape[1])]
        return [part for column in columns if column.dtype == object for part in column.array[:_MOST]]
    return []


def _code_of(value: Any) -> CodeType | None:
    """Return the code behind a function, method or property in a class."""
    if type(value) is property:
        value = value.fget
    while type(value) in (classmethod, staticmethod, MethodType):
        value = value.__func__
    return value.__code__ if type(value) is FunctionType else None


def _is_generated(owner: type, name: str, value: Any) -> bool:
    """Return whether a comparison is the very one that `dataclasses` writes."""
    own = type.__dict__["__dict__"].__get__(owner)
    fields = own.get("__dataclass_fields__")
    if type(value) is not FunctionType or type(fields) is not dict or name not in _COMPARE:
        return False
    try:
        twin = dataclasses.make_dataclass("Twin", list(fields), order=True)
    except (TypeError, ValueError):
        return False
    code, other = value.__code__, getattr(twin, name).__code__
    return (code.co_code, code.co_names, code.co_consts) == (other.co_code, other.co_names, other.co_consts)
