"""Which tests a mutant is meant for: those that use what it changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograder.course.notebooks import grade_id, parse
from autograder.judge.table import is_test
from autograder.proving.mutants import Mutant


def aims_of(mutant: Mutant, cells: Sequence[NotebookNode], answers: Mapping[str, str]) -> list[str]:
    """Return the grade ids of the tests that a mutant is meant for.

    Parameters
    ----------
    mutant : Mutant
    cells : sequence of NotebookNode
        Of the notebook.
    answers : mapping of str
        The reference answers by grade id.

    Returns
    -------
    list of str
        The tests below the answer that use a name which the changed statement binds. If there are none, those that use
        any name of the answer; then, those between this answer and the next one; then, all below it.
    """
    place = next(number for number, cell in enumerate(cells) if grade_id(cell) == mutant.cell)
    below = cells[place + 1 :]
    for names in (mutant.binds, _bound(answers[mutant.cell])):
        if users := [_name(cell) for cell in below if is_test(cell) and _read(cell.source) & names]:
            return users
    return [_name(cell) for cell in _until_next_answer(below) if is_test(cell)] or [
        _name(cell) for cell in below if is_test(cell)
    ]


def _until_next_answer(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    for cell in cells:
        if cell.cell_type == "code" and is_solution(cell):
            return
        yield cell


def _name(cell: NotebookNode) -> str:
    return grade_id(cell) or ""


def _bound(source: str) -> Set[str]:
    tree = parse(source) or ast.Module([], [])
    functions = {
        one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    names = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return functions | names


def _read(source: str) -> Set[str]:
    return {one.id for one in ast.walk(parse(source) or ast.Module([], [])) if isinstance(one, ast.Name)}
