"""What a run has to know of an assignment to mark it fairly: which names are the instructor's, which the student's."""

from __future__ import annotations

import ast
import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder import notebooks

KEY = "autograder"  # of the notebook's metadata, until it has been run
_QUOTED_CLASS = re.compile(r"`([A-Z]\w*)[`(]")
_CLASS_NAME = re.compile(r"[A-Z]\w*[a-z]\w*")


def prepare(template: NotebookNode) -> NotebookNode:
    """Put its plan into a template, for everything that is restored from it, and return it."""
    template.metadata[KEY] = make_plan(template)
    return template


def make_plan(template: NotebookNode) -> dict[str, Any]:
    """Return what is to be kept up for the tests of ``template``, as plain data.

    Returns
    -------
    dict
        ``names``: what locked and graded cells import, each with its module and attribute; ``helpers``: functions,
        classes and plain values that locked cells define, and no function of the instructor's binds again;
        ``answers``: names that answers are to define; ``classes``: classes that answers may define, special methods
        included.
    """
    names: dict[str, list[str]] = {}
    helpers: set[str] = set()
    rebound: set[str] = set()
    answers: set[str] = set()
    classes: set[str] = set()
    for cell in template.cells:
        tree = notebooks.parse(cell.source) if cell.cell_type == "code" else None
        if tree is None:
            classes |= set(_QUOTED_CLASS.findall(cell.source))
            continue
        classes |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        classes |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _CLASS_NAME.fullmatch(node.id)}
        if is_instructors(cell):
            names |= _imports(tree)
            helpers |= _bound(tree) if not is_grade(cell) else set()
            rebound |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
        else:
            answers |= _bound(tree)
    names = {name: place for name, place in names.items() if name not in answers}
    return {
        "names": names,
        "helpers": sorted(helpers - rebound - answers),
        "answers": sorted(answers),
        "classes": sorted(classes),
    }


def is_instructors(cell: NotebookNode) -> bool:
    """Return whether a cell's source is the instructor's, to be run as it is."""
    return cell.cell_type == "code" and not is_solution(cell) and (is_grade(cell) or is_locked(cell))


def _imports(tree: ast.Module) -> dict[str, list[str]]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or module] = [module, ""]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {alias.asname or alias.name: [node.module, alias.name] for alias in node.names}
    return found


def _bound(tree: ast.Module) -> set[str]:
    """Return what a cell defines, and every name that it assigns, in its functions as well."""
    defined = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return defined | {node.id for node in names if not isinstance(node.ctx, ast.Load)}
