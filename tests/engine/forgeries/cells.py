"""Forgeries of the cells themselves."""

from copy import deepcopy

from nbformat import NotebookNode

from tests.engine.forgeries.case import Case

RESTORED = "Test cells are the instructor's, source, settings and all."


def _tests(nb: NotebookNode) -> list[NotebookNode]:
    names = ("test_plain", "test_checked", "test_partial")
    return [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in names]


def _edit(nb: NotebookNode) -> None:
    for cell in _tests(nb):
        cell.source = "pass"


def _tag(*tags: str):
    def tag(nb: NotebookNode) -> None:
        for cell in _tests(nb):
            cell.metadata["tags"] = list(tags)

    return tag


def _points(nb: NotebookNode) -> None:
    for cell in _tests(nb):
        cell.metadata.nbgrader["points"] = 100


def _to_markdown(nb: NotebookNode) -> None:
    for cell in _tests(nb):
        cell.cell_type = "markdown"
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _solution(nb: NotebookNode) -> None:
    for cell in _tests(nb):
        cell.metadata.nbgrader.update(solution=True, locked=False)
        cell.source = "pass"


def _duplicate(nb: NotebookNode) -> None:
    for cell in _tests(nb):
        copy = deepcopy(cell)
        copy.id, copy.source = f"{cell.id}2", "pass"
        nb.cells.append(copy)


def _reorder(nb: NotebookNode) -> None:
    tests = _tests(nb)
    nb.cells = tests + [cell for cell in nb.cells if cell not in tests]


def _delete(nb: NotebookNode) -> None:
    tests = _tests(nb)
    nb.cells = [cell for cell in nb.cells if cell not in tests]


CASES = [
    Case("edited_tests", "Empty the test cells.", make=_edit, won=0),
    Case("skipped_tests", "Tag the test cells to be skipped.", make=_tag("skip-execution"), won=0),
    Case("tests_may_raise", "Tag the test cells so that they may raise.",
         make=_tag("raises-exception"), won=0),
    Case("more_points", "Give the tests a hundred points.", make=_points, won=0),
    Case("tests_as_prose", "Turn the tests into prose.", make=_to_markdown, won=0),
    Case("tests_as_answers", "Turn the tests into answers.", make=_solution, won=0),
    Case("duplicate_tests", "Have every test twice, empty the second time.", make=_duplicate, won=0),
    Case("tests_first", "Move the tests to the top.", make=_reorder, won=0),
    Case("deleted_tests", "Leave the tests out.", make=_delete, won=0),
]  # fmt: skip
