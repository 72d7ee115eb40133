"""Which test cells of a notebook a judge decides: those that get the same marks with a judge as without one.

Both the reference solution and the released notebook are run twice: as nbgrader runs them, in one process, and with a
judge for every test cell. Only the instructor's own cells are run.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from nbformat import NotebookNode, from_dict
from nbgrader.utils import determine_grade, is_grade, is_solution

from autograder.course.notebooks import grade_id, parse
from autograder.judge.client import LOST, Finding

# A test is not judged if the judge alone computes more than so many times as long as the test takes without one, and so
# many seconds longer.
_TIMES, _LONGER = 2, 5.0

_PASSED_ON = {"input", "print", "open"}  # functions that a test may bind or replace: the submission gets them as well
_OF_THE_PROCESS = {"globals", "locals", "modules", "setrecursionlimit", "getrecursionlimit", "tracemalloc", "getstate",
                   "get_state", "getrusage", "settrace", "setprofile", "gc", "weakref"}  # fmt: skip


@dataclass
class Table:
    """What is known of the tests of one notebook, so that a judge can decide them.

    Attributes
    ----------
    reasons : dict of str
        By grade id, why a judge cannot decide a test.
    allowed : dict of list, optional
        By grade id, what the objects of the reference solution were asked in a test that a judge decides. A test that
        asks a submission for anything else is not decided by the judge. None as long as that is being found out.
    live : list of str
        Names that are the submission's.
    reads : list of str
        Global names that the answers of the reference solution read.
    files : list of str
        Paths of the assignment's own files, which the judge has as well.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    allowed: dict[str, list[str]] | None = None
    live: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data; ``Table(**data)`` is the same table."""
        return asdict(self)

    @property
    def judges(self) -> bool:
        """Whether a judge is needed."""
        return self.allowed is None or bool(self.allowed)

    def is_judged(self, cell: NotebookNode) -> bool:
        """Return whether a judge decides this cell."""
        name = grade_id(cell) or ""
        return is_test(cell) and name not in self.reasons and (self.allowed is None or name in self.allowed)

    def needs_answers(self, source: str) -> bool:
        """Return whether a cell of the instructor's reads what the submission binds; it makes it the submission's."""
        return bool(_read(source) & set(self.live))


# Runs a notebook, with a judge for the tests that a table says if there is one: returns the outputs of its cells, by
# grade id, and what the judge has found.
Run = Callable[[NotebookNode, Table | None], tuple[NotebookNode, Mapping[str, Finding]]]


def make_table(reference: NotebookNode, released: NotebookNode, files: list[str], run: Run) -> Table:
    """Return the table of a notebook.

    Parameters
    ----------
    reference, released : NotebookNode
        The notebook with the instructor's answers, and with those that students start from. Both hold all tests.
    files : list of str
        Paths of the assignment's own files.
    run : callable
        Runs a copy of a notebook, with the judge that a table says, or without one. It returns the notebook with its
        outputs, and the judge's findings by grade id.
    """
    reasons = _reasons_in_text(reference) | _reasons_in_what_it_forbids(reference)
    table = Table(reasons, reads=sorted(_read_by_answers(reference)), files=files)
    _make_live(_answered(reference), reference, table)
    plain = [(nb, run(nb, None)[0]) for nb in (reference, released)]
    table.reasons |= _reasons_in_marks(plain[0][1])
    table.reasons |= _reasons_in_tests_below(reference, table)
    traces: list[dict[str, list[str]]] = [{}, {}]
    compared_at: list[tuple[int, int] | None] = [None, None]  # how much was known when each of the two was compared
    # A test that is not judged runs in the kernel, where the others may find what it has bound: they ask for more. And
    # what it needs of the tests above it has to be bound there, too.
    while any(at != _known(table) for at in compared_at):
        for place, (nb, without) in enumerate(plain):
            if compared_at[place] != _known(table):
                compared_at[place], traces[place] = _compare(nb, without, table, run)
    table.allowed = {name: trace for name, trace in traces[0].items() if name not in table.reasons}
    return table


def _known(table: Table) -> tuple[int, int]:
    """Return how much a table says: it only grows while it is made."""
    return len(table.reasons), len(table.live)


def _compare(
    nb: NotebookNode, without: NotebookNode, table: Table, run: Run
) -> tuple[tuple[int, int], dict[str, list[str]]]:
    """Compare a notebook that was run without a judge with itself when it runs with one, and enter what differs.

    Returns
    -------
    known : tuple
        How much was known when it ran.
    traces : dict of list
        By grade id, what was asked in the tests that the judge has decided.
    """
    marks = marks_of(without)
    judged, findings = _settle(nb, table, run)
    known = _known(table)
    for name, points in marks_of(judged).items():
        if points == marks[name]:
            continue
        if name in findings:
            table.reasons[name] = f"with a judge it gives {points:g} points, without one {marks[name]:g}"
        else:
            table.reasons |= _reasons_above(nb, name, table)
    table.reasons |= _reasons_in_seconds(without, findings)
    return known, {name: finding.trace for name, finding in findings.items()}


def _settle(nb: NotebookNode, table: Table, run: Run) -> tuple[NotebookNode, Mapping[str, Finding]]:
    """Run a notebook with a judge until nothing new is learnt from it, which goes into the table."""
    doubted: set[str] = set()  # where the judge was lost once, which a busy machine may have caused
    while True:
        done, findings = run(nb, table)
        reasons = {name: finding.reason for name, finding in findings.items() if finding.reason}
        drift = {name for finding in findings.values() for name in finding.drift} - set(table.live)
        if not reasons and not drift:
            return done, findings
        # A test that ends the judge gives those after it a reason as well, which they need not have.
        ended = [name for name, reason in reasons.items() if reason == LOST or findings[name].lost]
        first_time = set(ended) - doubted
        doubted |= first_time
        left_out = {*ended[1:], *first_time}
        table.reasons |= {name: reason for name, reason in reasons.items() if name not in left_out}
        table.reasons |= _reasons_in_tests_below(nb, table)
        _make_live(drift, nb, table)


def _make_live(names: set[str], nb: NotebookNode, table: Table) -> None:
    """Enter names as the submission's, with what the instructor's cells bind that read such names.

    Tests that use a function or class of such a cell get a reason not to be judged.
    """
    while new := names - set(table.live):
        table.live = sorted({*table.live, *new})
        names = {name for cell in nb.cells if _is_given(cell, table) for name in _bound(cell.source)}
    table.reasons |= _reasons_in_checkers(nb, table)


def _is_given(cell: NotebookNode, table: Table) -> bool:
    """Return whether a cell is the instructor's and reads what the submission binds: its names are the submission's."""
    mine = cell.cell_type == "code" and not is_solution(cell) and not is_grade(cell)
    return mine and table.needs_answers(cell.source)


def _reasons_in_text(nb: NotebookNode) -> dict[str, str]:
    """Return the tests whose names are used by cells below them that are no tests, with the reason."""
    reasons = {}
    for place, cell in enumerate(nb.cells):
        if is_test(cell):
            below = [other for other in nb.cells[place + 1 :] if other.cell_type == "code" and not is_test(other)]
            shared = _bound(cell.source) & {name for other in below for name in _needed(other.source)}
            if shared:
                reasons[_name(cell)] = f"a cell below it that is no test uses `{min(shared)}`, which the test binds"
    return reasons


def _reasons_in_tests_below(nb: NotebookNode, table: Table) -> dict[str, str]:
    """Return the tests that bind what a test below them needs which is not judged, with the reason."""
    reasons: dict[str, str] = {}
    needed: set[str] = set()
    for cell in filter(is_test, reversed(nb.cells)):
        if shared := _bound(cell.source) & needed:
            reasons[_name(cell)] = f"a test below it that is not judged uses `{min(shared)}`, which the test binds"
        if _name(cell) in table.reasons.keys() | reasons.keys():
            needed |= _needed(cell.source) | (_read_anywhere(cell.source) - _bound(cell.source))
    return {name: reason for name, reason in reasons.items() if name not in table.reasons}


def _reasons_above(nb: NotebookNode, name: str, table: Table) -> dict[str, str]:
    """Return the judged tests above one that is not judged and that gets other points without what they bind."""
    tests = [cell for cell in nb.cells if is_test(cell)]
    place = [_name(cell) for cell in tests].index(name)
    used = _read_anywhere(tests[place].source) | set(table.reads)
    above = [cell for cell in tests[:place] if table.is_judged(cell) and _bound(cell.source)]
    likely = [cell for cell in above if _bound(cell.source) & used]
    reason = f"the test `{name}` below it, which is not judged, gives other points without what this one binds"
    return {_name(cell): reason for cell in likely or above}


def _reasons_in_what_it_forbids(nb: NotebookNode) -> dict[str, str]:
    """Return the tests that change the process they run in, or look at it: the submission runs in another one."""
    reasons = {}
    for cell in filter(is_test, nb.cells):
        tree = _tree(cell.source)
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | _read_in(tree)
        if found := words & _OF_THE_PROCESS:
            reasons[_name(cell)] = f"it uses `{min(found)}`, which is about the process that the submission runs in"
        elif found := (_bound_outside_of_functions(tree) & vars(builtins).keys()) - _PASSED_ON:
            reasons[_name(cell)] = f"it binds `{min(found)}`, a function of Python's, which the submission does not see"
        elif any(map(_patches_a_library, ast.walk(tree))):
            reasons[_name(cell)] = "it replaces a part of a library, which the submission does not see"
    return reasons


def _patches_a_library(node: ast.AST) -> bool:
    """Return whether a call is one of `unittest.mock.patch` that does not replace what is passed on to a submission."""
    if not isinstance(node, ast.Call):
        return False
    path = ast.unparse(node.func).split(".")
    if "patch" not in path:
        return False
    target = ast.unparse(node.args[0]).strip("'\"") if node.args else ""
    if path[-1] == "dict":
        return target != "os.environ"
    return path[-1] != "patch" or target.removeprefix("builtins.") not in _PASSED_ON


def _reasons_in_checkers(nb: NotebookNode, table: Table) -> dict[str, str]:
    """Return the tests that call what a cell defines which also needs answers: the submission could define it anew."""
    checkers = {
        node.name
        for cell in nb.cells
        if _is_given(cell, table)
        for node in _tree(cell.source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return {
        _name(cell): f"it uses `{min(used)}`, which a cell defines that needs answers: define it in a cell of its own"
        for cell in filter(is_test, nb.cells)
        if (used := checkers & _read_anywhere(cell.source))
    }


def _read_anywhere(source: str) -> set[str]:
    return {node.id for node in ast.walk(_tree(source)) if isinstance(node, ast.Name)}


def _reasons_in_marks(plain: NotebookNode) -> dict[str, str]:
    """Return the tests that the reference solution fails: what it was asked there says nothing of right answers."""
    return {
        _name(cell): "the reference solution gets no points for it"
        for cell in filter(is_test, plain.cells)
        if points_of(cell) == 0 < cell.metadata.nbgrader.points
    }


def _reasons_in_seconds(plain: NotebookNode, findings: Mapping[str, Finding]) -> dict[str, str]:
    """Return the tests that ask so often that they take much longer with a judge."""
    reasons = {}
    for cell in filter(is_test, plain.cells):
        without = _seconds(cell)
        judged = findings[_name(cell)].seconds if _name(cell) in findings else 0.0
        if judged > _TIMES * without and judged > without + _LONGER:
            reasons[_name(cell)] = f"with a judge it takes {judged:.1f} s and more, without one {without:.1f} s"
    return reasons


def _seconds(cell: NotebookNode) -> float:
    """Return how long a kernel took for a cell."""
    times = cell.metadata.get("execution", {})
    began, ended = times.get("iopub.execute_input"), times.get("shell.execute_reply")
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds() if began and ended else 0.0


def marks_of(nb: NotebookNode) -> dict[str, float]:
    """Return the points of all tests of a notebook that was run, by grade id."""
    return {_name(cell): points_of(cell) for cell in filter(is_test, nb.cells)}


def is_test(cell: NotebookNode) -> bool:
    """Return whether a cell is a test: graded by running it, and the instructor's."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def points_of(cell: NotebookNode) -> float:
    """Return the points of a test that was run; a number above the maximum counts as the maximum."""
    try:
        return float(determine_grade(from_dict(cell))[0] or 0)
    except ValueError:
        return float(cell.metadata.nbgrader.points)


def _name(cell: NotebookNode) -> str:
    return str(grade_id(cell))


def _answered(nb: NotebookNode) -> set[str]:
    return {name for cell in nb.cells if cell.cell_type == "code" and is_solution(cell) for name in _bound(cell.source)}


def _read_by_answers(nb: NotebookNode) -> set[str]:
    """Return the global names that functions of the answers read."""
    names: set[str] = set()
    for cell in nb.cells:
        tree = _tree(cell.source) if cell.cell_type == "code" and is_solution(cell) else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                own = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)} | _bound_in(node)
                names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} - own
    return names


def _tree(source: str) -> ast.Module:
    return parse(source) or ast.Module([], [])


def _bound(source: str) -> set[str]:
    """Return the names that a cell binds in the notebook."""
    return _bound_in(_tree(source))


def _bound_in(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Global):
            names |= set(node.names)
    return names


def _bound_outside_of_functions(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        else:
            names |= _bound_in(statement)
    return names


def _needed(source: str) -> set[str]:
    """Return the names that a cell reads before it binds them itself."""
    needed: set[str] = set()
    bound: set[str] = set()
    for statement in _tree(source).body:
        own = _bound_in(statement)
        assigns = isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign)
        needed |= _read_in(statement) - bound - (set() if assigns else own)
        if isinstance(statement, ast.AugAssign):
            needed |= own - bound
        bound |= own
    return needed


def _read(source: str) -> set[str]:
    """Return the names that a cell reads when it runs, those in bodies of functions left out."""
    return _read_in(_tree(source))


def _read_in(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack += [*getattr(node, "decorator_list", []), *node.args.defaults]
        else:
            stack += ast.iter_child_nodes(node)
    return found
