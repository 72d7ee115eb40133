"""Mutants: copies of a reference answer, each with one small mistake that a test has to catch."""

from __future__ import annotations

import ast
import difflib
import hashlib
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from autograder.course.notebooks import parse_python
from autograder.proving.edits import Edit, Source
from autograder.proving.functions import edits_of_functions
from autograder.proving.operators import edits_of, nodes_of
from autograder.proving.shown import Shown

_CONTEXT = 1  # lines of a diff before and after what is changed
_HASH = 12  # characters


@dataclass(frozen=True)
class Mutant:
    """A reference answer with one mistake.

    Attributes
    ----------
    notebook, cell : str
        The notebook, and the grade id of the answer.
    name : str
        Cell, line and kind of mistake, such as ``double:3:arithmetic``; it is unique in the notebook.
    line : int
        The line of the cell that the mistake begins in.
    source : str
        The whole answer.
    diff : str
        A unified diff from the reference answer.
    digest : str
        A hash of the changed lines. It stays the same while other lines of the answer change.
    binds : frozenset of str
        What the changed statement of the cell binds.
    """

    notebook: str
    cell: str
    name: str
    line: int
    source: str
    diff: str
    digest: str
    binds: frozenset[str]


def mutants_of(notebook: str, cell: str, answer: str, shown: Shown) -> list[Mutant]:
    """Return the mutants of one answer, in the order of its lines.

    A mutant is left out if its compiled code is that of the reference answer or of another mutant: no test could tell
    them apart.

    Parameters
    ----------
    notebook, cell : str
        The notebook, and the grade id of the answer.
    answer : str
        The reference answer.
    shown : mapping
        The calls in visible tests, by the name of the function.
    """
    try:
        text = TransformerManager().transform_cell(answer)
    except SyntaxError:
        return []
    tree = parse_python(text)
    if tree is None:
        return []
    source = Source(text, tree)
    seen = {_compiled(text)}
    numbers: Counter[str] = Counter()
    found = []
    for edit in sorted(_edits(source, shown), key=lambda edit: min(edit.changes)):
        mutated = source.changed(edit.changes)
        code = _compiled(mutated)
        if code is None or code in seen:
            continue
        seen.add(code)
        line = source.line(min(edit.changes).start)
        name = f"{cell}:{line}:{edit.kind}"
        numbers[name] += 1
        name += f"-{numbers[name]}" if numbers[name] > 1 else ""
        diff = _diff(text, mutated, name)
        numbers[_digest(cell, diff)] += 1
        digest = _digest(cell, diff, numbers[_digest(cell, diff)])
        found.append(Mutant(notebook, cell, name, line, mutated, diff, digest, _binds(tree, line)))
    return found


def _edits(source: Source, shown: Shown) -> Iterator[Edit]:
    for node in nodes_of(source.tree):
        yield from (edit for edit in edits_of(source, node) if edit.changes)
    yield from edits_of_functions(source, shown)


def _compiled(text: str) -> tuple[object, ...] | None:
    """Return what Python makes of a cell, without the places of its lines; None if it makes nothing of it."""
    tree = parse_python(text)
    if tree is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _describe(compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
        except (SyntaxError, ValueError, OverflowError):
            return None


def _describe(code: types.CodeType) -> tuple[object, ...]:
    constants = tuple(
        _describe(one) if isinstance(one, types.CodeType) else (type(one).__name__, repr(one)) for one in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (code.co_code, code.co_exceptiontable, constants, names, counts)


def _diff(text: str, mutated: str, name: str) -> str:
    lines = difflib.unified_diff(text.split("\n"), mutated.split("\n"), "reference", name, n=_CONTEXT, lineterm="")
    return "\n".join(lines)


def _digest(cell: str, diff: str, number: int = 1) -> str:
    """Return the hash of a diff; ``number`` tells those apart that change the same lines elsewhere in the cell."""
    changed = [line for line in diff.splitlines()[2:] if not line.startswith("@@")]
    again = [str(number)] if number > 1 else []
    return hashlib.sha256("\n".join([cell, *changed, *again]).encode()).hexdigest()[:_HASH]


def _binds(tree: ast.Module, line: int) -> frozenset[str]:
    """Return the names that the statement with this line binds for the whole notebook."""
    names: set[str] = set()
    for statement in tree.body:
        if statement.lineno <= line <= (statement.end_lineno or line):
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(statement.name)
            else:
                names |= {one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and _stores(one)}
    return frozenset(names)


def _stores(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
