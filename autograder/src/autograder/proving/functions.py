"""Mistakes of whole functions: memory between calls, and right results for what the visible tests show only."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from autograder.proving.edits import Edit, Source
from autograder.proving.operators import first_of
from autograder.proving.shown import Shown, arguments_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def edits_of_functions(source: Source, shown: Shown) -> Iterator[Edit]:
    """Yield the changes of the functions that a cell defines.

    Parameters
    ----------
    source : Source
    shown : mapping
        The calls in visible tests, by the name of the function.
    """
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            yield from _keeps_first_result(source, node)
            yield from _keeps_collections(source, node)
            yield from _knows_what_is_shown(source, node, arguments_of(node, shown.get(node.name, ())))


def _own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, those of functions and classes in it left out."""
    for node in nodes:
        if not isinstance(node, _SCOPES):
            yield node
            yield from _own_nodes(ast.iter_child_nodes(node))


def _keeps_first_result(source: Source, node: ast.FunctionDef) -> Iterator[Edit]:
    nodes = list(_own_nodes(node.body))
    values = [one.value for one in nodes if isinstance(one, ast.Return) and one.value]
    differ = len(set(map(ast.dump, values))) > 1 or any(not isinstance(value, ast.Constant) for value in values)
    if differ and not any(isinstance(one, ast.Yield | ast.YieldFrom) for one in nodes):
        kept = f'{node.name}.__dict__.setdefault("kept", {{}})'
        yield Edit("memory", [source.replace(value, kept.format(source.closed(value))) for value in values])


def _keeps_collections(source: Source, node: ast.FunctionDef) -> Iterator[Edit]:
    """Begin with the list that the last call has left, instead of a new one."""
    for one in _own_nodes(node.body):
        if isinstance(one, ast.Assign) and _is_new(one.value) and isinstance(one.targets[0], ast.Name):
            kept = f'{node.name}.__dict__.setdefault("{one.targets[0].id}", {source.text_of(one.value)})'
            yield Edit("memory", [source.replace(one.value, kept)])


def _is_new(value: ast.expr) -> bool:
    """Return whether an expression makes an empty list, dictionary or set."""
    if isinstance(value, ast.Call):
        named = isinstance(value.func, ast.Name) and value.func.id in ("list", "dict", "set")
        return named and not value.args and not value.keywords
    return (isinstance(value, ast.List) and not value.elts) or (isinstance(value, ast.Dict) and not value.keys)


def _knows_what_is_shown(source: Source, node: ast.FunctionDef, calls: list[dict[str, str]]) -> Iterator[Edit]:
    if not calls or not calls[0]:
        return
    values = [f"[{', '.join(arguments.values())}]" for arguments in calls]
    names = f"[{', '.join(calls[0])}]"
    text = f"if {names} not in [{', '.join(values)}]:\n    {names} = {values[0]}"
    yield Edit("visible", [source.insert(first_of(node), text)])
    without_default = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
    for name in list(calls[0])[:without_default] if len(calls[0]) > 1 else ():
        yield Edit("parameter", [source.insert(first_of(node), f"{name} = {calls[0][name]}")])
