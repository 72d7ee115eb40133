"""What the visible tests show: with which plain values they call the functions of the answers."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from autograder.course.notebooks import parse

Shown = Mapping[str, Sequence[ast.Call]]


def calls_in(sources: Iterable[str]) -> dict[str, list[ast.Call]]:
    """Return the calls of functions in some cells, by the name of the function."""
    calls: dict[str, list[ast.Call]] = {}
    for source in sources:
        for node in ast.walk(parse(source) or ast.Module([], [])):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                calls.setdefault(node.func.id, []).append(node)
    return calls


def arguments_of(function: ast.FunctionDef, calls: Iterable[ast.Call]) -> list[dict[str, str]]:
    """Return the arguments of those calls whose arguments are all plain values, as source by parameter, each once."""
    if function.args.vararg or function.args.kwarg:
        return []
    bound = [arguments for call in calls if (arguments := _bind(function.args, call)) is not None]
    return [arguments for place, arguments in enumerate(bound) if arguments not in bound[:place]]


def _bind(parameters: ast.arguments, call: ast.Call) -> dict[str, str] | None:
    """Return the arguments of a call, as source by parameter; None if one is no plain value or is missing."""
    names = [one.arg for one in [*parameters.posonlyargs, *parameters.args]]
    given: dict[str, ast.expr] = {}
    given |= {name: value for name, value in zip(reversed(names), reversed(parameters.defaults), strict=False)}
    given |= {one.arg: value for one, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True) if value}
    given |= dict(zip(names, call.args, strict=False))
    given |= {one.arg or "**": one.value for one in call.keywords}
    wanted = [*names, *(one.arg for one in parameters.kwonlyargs)]
    if len(call.args) > len(names) or set(given) != set(wanted) or not all(map(_is_plain, given.values())):
        return None
    return {name: ast.unparse(given[name]) for name in wanted}


def _is_plain(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
