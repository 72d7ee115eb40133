"""The mistakes that mutants hold: each function here yields one kind of change for one kind of node."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from autograder.proving.edits import Change, Edit, Source

_COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
_COMPARISON = rb"\bis\s+not\b|\bnot\s+in\b|\bis\b|\bin\b|[=!<>]=|<|>"
_ARITHMETIC: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("/",),
    ast.Div: ("*", "//"),
    ast.FloorDiv: ("/",),
    ast.Mod: ("//",),
    ast.Pow: ("*",),
    ast.BitAnd: ("|",),
    ast.BitOr: ("&",),
    ast.BitXor: ("|",),
    ast.LShift: (">>",),
    ast.RShift: ("<<",),
}
_OPERATOR = rb"\*\*|//|<<|>>|[-+*/%&|^]"
# Functions that can be forgotten where they get one argument: the argument itself is often taken for the result.
_CONVERSIONS = {
    "list", "tuple", "dict", "set", "frozenset", "sorted", "reversed", "int", "float", "str", "bool", "abs", "round",
    "copy", "deepcopy",
}  # fmt: skip
_LISTS = {"list", "sorted"}
_SHOWING = {"print", "input", "display"}  # what they show is for people, and seldom prescribed
_WHOLE = {"int", "len", "round"}


def edits_of(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the changes of one node, those of nodes inside it left out."""
    makers = _MAKERS.get(type(node), ()) + ((("text", _text),) if isinstance(node, _HOLDING_TEXT) else ())
    for kind, make in makers:
        for changes in make(source, node):
            yield Edit(kind, changes)


def nodes_of(tree: ast.AST, without: tuple[type[ast.AST], ...] = ()) -> Iterator[ast.AST]:
    """Yield the nodes of a tree in which a mistake can be made: no type hints, decorators, messages or f-strings.

    Parameters
    ----------
    tree : ast.AST
    without : tuple of type
        Nodes of these types are left out as well, with all that is in them.
    """
    if isinstance(tree, without):
        return
    yield tree
    for name, value in ast.iter_fields(tree):
        skipped = name in ("annotation", "returns", "decorator_list", "msg", "type_comment", "type_params")
        if skipped or isinstance(tree, ast.Raise):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from nodes_of(child, without)


def _comparison(source: Source, node: ast.Compare) -> Iterator[list[Change]]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        for other in _COMPARISONS[type(operator)]:
            yield list(source.replace_between(left, right, _COMPARISON, other))


def _arithmetic(source: Source, node: ast.BinOp) -> Iterator[list[Change]]:
    for other in _ARITHMETIC.get(type(node.op), ()):
        yield list(source.replace_between(node.left, node.right, _OPERATOR, other))


def _augmented(source: Source, node: ast.AugAssign) -> Iterator[list[Change]]:
    for other in _ARITHMETIC.get(type(node.op), ()):
        yield list(source.replace_between(node.target, node.value, _OPERATOR, other))


def _boolean(source: Source, node: ast.BoolOp) -> Iterator[list[Change]]:
    word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield list(source.replace_between(left, right, rb"\b(and|or)\b", other))
    for place in range(len(node.values)):
        rest = [source.closed(value) for number, value in enumerate(node.values) if number != place]
        text = f" {word} ".join(rest)
        yield [source.replace(node, f"({text})" if len(rest) > 1 else text)]


def _not(source: Source, node: ast.UnaryOp) -> Iterator[list[Change]]:
    if isinstance(node.op, ast.Not):
        yield [source.replace(node, source.closed(node.operand))]


def _condition(source: Source, node: ast.If | ast.While | ast.IfExp) -> Iterator[list[Change]]:
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield [source.replace(node.test, f"not {source.closed(node.test)}")]


def _constant(source: Source, node: ast.Constant) -> Iterator[list[Change]]:
    value = node.value
    if isinstance(value, bool):
        others: list[object] = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1]
    elif isinstance(value, float):
        others = [value * 2, value / 2] if value * 2 != value else [1.0]
    else:
        others = []
    for other in others:
        yield [source.replace(node, repr(other))]


def _text(source: Source, node: ast.AST) -> Iterator[list[Change]]:
    """Misspell the texts that stand right in a node, such as keys, names of files and settings."""
    if isinstance(node, ast.Call) and _called(node) in _SHOWING:
        return
    for child in ast.iter_child_nodes(node):
        part = child.value if isinstance(child, ast.keyword) else child
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
            yield [source.replace(part, repr(f"{part.value}x"))]


def _variable(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[list[Change]]:
    """Use a parameter of a function in the place of another one."""
    names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    names = [name for name in names if name not in ("self", "cls")]
    following = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    for statement in node.body:
        for one in nodes_of(statement, without=_FUNCTIONS):  # their parameters may have the same names
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id in following:
                yield [source.replace(one, following[one.id])]


def _range(source: Source, node: ast.Call) -> Iterator[list[Change]]:
    if _called(node) == "range" and node.args and not _has_star(node):
        stop = node.args[min(1, len(node.args) - 1)]
        if not isinstance(stop, ast.Constant):
            yield [source.replace(stop, f"{source.closed(stop)} - 1")]


def _statement(source: Source, node: ast.stmt) -> Iterator[list[Change]]:
    if not isinstance(node, ast.Assign) or not _is_stub(node.value):
        yield [source.replace(node, "pass")]


def _is_stub(value: ast.expr) -> bool:
    """Return whether a value is ``...`` or holds nothing else: it only says where an answer goes."""
    if isinstance(value, ast.Tuple):
        return all(map(_is_stub, value.elts))
    return isinstance(value, ast.Constant) and value.value is ...


def _expression(source: Source, node: ast.Expr) -> Iterator[list[Change]]:
    if isinstance(node.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom):
        yield [source.replace(node, "pass")]


def _return(source: Source, node: ast.Return) -> Iterator[list[Change]]:
    if node.value:
        yield [source.replace(node, "return None")]


def _keyword(source: Source, node: ast.Call) -> Iterator[list[Change]]:
    given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    parts = sorted(given, key=source.start)
    for keyword in node.keywords:
        place = parts.index(keyword)
        if place:
            start = source.end(parts[place - 1])
            comma = source.part(start, source.start(keyword)).rfind(",")
            yield [Change(start + comma, source.end(keyword), "")]
        else:
            end = source.start(parts[1]) if len(parts) > 1 else source.end(keyword)
            yield [Change(source.start(keyword), end, "")]


def _arguments(source: Source, node: ast.Call) -> Iterator[list[Change]]:
    for left, right in zip(node.args, node.args[1:], strict=False):
        if not _has_star(node) and ast.dump(left) != ast.dump(right):
            texts = source.text_of(left), source.text_of(right)
            yield [source.replace(left, texts[1]), source.replace(right, texts[0])]


def _raised(source: Source, node: ast.Raise) -> Iterator[list[Change]]:
    kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if kind:
        yield [source.replace(kind, "TypeError" if source.text_of(kind) == "ValueError" else "ValueError")]


def _caught(source: Source, node: ast.ExceptHandler) -> Iterator[list[Change]]:
    if node.type:
        yield [source.replace(node.type, "ZeroDivisionError")]


def _default(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[list[Change]]:
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    with_default = list(zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True))
    by_name = [(arg, value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value]
    for _, value in [*with_default, *by_name]:
        yield [source.replace(value, "None")]
    for arg, value in [*with_default[:1], *by_name]:  # without a default, a later one may have none either
        yield [Change(source.end(arg), source.end(value), "")]


def _type(source: Source, node: ast.Return) -> Iterator[list[Change]]:
    value = node.value or ast.Constant(None)
    called = _called(value) if isinstance(value, ast.Call) else ""
    if isinstance(value, ast.Tuple):
        yield [source.replace(value, f"list({ast.unparse(value)})")]
    elif isinstance(value, ast.List | ast.ListComp) or called in _LISTS:
        yield [source.replace(value, f"tuple({source.text_of(value)})")]
    elif called in _WHOLE or (isinstance(value, ast.Constant) and type(value.value) is int):
        yield [source.replace(value, f"float({source.text_of(value)})")]


def _conversion(source: Source, node: ast.Call) -> Iterator[list[Change]]:
    if _called(node) in _CONVERSIONS and len(node.args) == 1 and not node.keywords and not _has_star(node):
        yield [source.replace(node, source.closed(node.args[0]))]
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "copy" and not node.args:
        yield [source.replace(node, source.closed(node.func.value))]


def _parameter(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[list[Change]]:
    """Have a function ignore a parameter: it always has its default."""
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    values = {arg.arg: source.text_of(value) for arg, value in zip(plain[::-1], args.defaults[::-1], strict=False)}
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    values |= {arg.arg: source.text_of(value) for arg, value in named if value}
    values |= {args.vararg.arg: "()"} if args.vararg else {}
    values |= {args.kwarg.arg: "{}"} if args.kwarg else {}
    for name, value in values.items():
        yield [source.insert(first_of(node), f"{name} = {value}")]


def first_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    """Return the first statement of a function that is not its docstring, if there is another one."""
    return node.body[1] if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1 else node.body[0]


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("copy", "deepcopy") and node.args:
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _has_star(node: ast.Call) -> bool:
    return any(isinstance(arg, ast.Starred) for arg in node.args)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Maker = Callable[[Source, Any], Iterator[list[Change]]]
_MAKERS: dict[type[ast.AST], tuple[tuple[str, _Maker], ...]] = {
    ast.Compare: (("comparison", _comparison),),
    ast.BinOp: (("arithmetic", _arithmetic),),
    ast.AugAssign: (("arithmetic", _augmented), ("statement", _statement)),
    ast.BoolOp: (("boolean", _boolean),),
    ast.UnaryOp: (("boolean", _not),),
    ast.If: (("boolean", _condition),),
    ast.While: (("boolean", _condition),),
    ast.IfExp: (("boolean", _condition),),
    ast.Constant: (("constant", _constant),),
    ast.Expr: (("statement", _expression),),
    ast.Return: (("statement", _return), ("type", _type)),
    ast.Raise: (("statement", _statement), ("exception", _raised)),
    ast.ExceptHandler: (("exception", _caught),),
    ast.Call: (
        ("constant", _range),
        ("keyword", _keyword),
        ("arguments", _arguments),
        ("conversion", _conversion),
    ),
    **{
        kind: (("default", _default), ("parameter", _parameter), ("variable", _variable))
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
    },
    **{kind: (("statement", _statement),) for kind in (ast.Assign, ast.Assert, ast.Delete, ast.Break, ast.Continue)},
}
_HOLDING_TEXT = (
    ast.Assign, ast.BinOp, ast.Call, ast.Compare, ast.Dict, ast.List, ast.Return, ast.Set, ast.Subscript, ast.Tuple,
    ast.arguments,
)  # fmt: skip
