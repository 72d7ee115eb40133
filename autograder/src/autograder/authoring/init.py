"""Start a course: a folder with settings and, on request, a small assignment with one submission to grade."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.release import release
from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.course.settings import CONFIG

ASSIGNMENT = "ps1"
STUDENT = "ada"
_NOTEBOOK = "squares"
_SETTINGS = '''"""The settings of this course: nbgrader's, and those of the grading engine."""

from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader provides it

course = Path(__file__).resolve().parent
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = course.name

# One machine, one instructor: the exchange lives beside the course.
c.Exchange.root = str(course / "exchange")
'''
_OF_ITS_OWN = """
# Seconds that a single cell may take.
c.Execute.timeout = 30
"""
_BUILT_ON = """
# The settings that all courses of the repository share. Your own changes come after this.
shared = {settings!r}
if not Path(shared).is_file():
    raise FileNotFoundError(f"{{shared}} is missing: has the repository been moved?")
load_subconfig(shared)  # noqa: F821 - nbgrader provides it
"""


def write_settings(root: Path, shared: Path | None = None) -> Path:
    """Write ``nbgrader_config.py`` for a new course in the folder ``root``, and return that folder.

    Parameters
    ----------
    root : Path
        The folder of the course. It is made if it is missing.
    shared : Path, optional
        A file with settings that the course builds on.

    Raises
    ------
    CourseError
        If the folder has settings already.
    """
    if (root / CONFIG).exists():
        raise CourseError(f"{root} is a course already: it has a {CONFIG}")
    (root / "exchange").mkdir(parents=True, exist_ok=True)
    more = _BUILT_ON.format(settings=str(shared.resolve())) if shared else _OF_ITS_OWN
    (root / CONFIG).write_text(_SETTINGS + more, encoding="utf-8")
    return root


def init_course(root: Path) -> Course:
    """Make a small course that can be graded at once: settings, one assignment, one submission.

    Of the two answers in the submission the first is right and the second is wrong.

    Raises
    ------
    CourseError
        If the folder is a course already.
    """
    course = Course(write_settings(root))
    notebooks.write(_source(), course.folder("source", ".", ASSIGNMENT) / f"{_NOTEBOOK}.ipynb")
    release(course, ASSIGNMENT)
    released = notebooks.read(course.folder("release", ".", ASSIGNMENT) / f"{_NOTEBOOK}.ipynb")
    answers = {
        "square": "def square(x):\n    return x * x",
        "sum_of_squares": "def sum_of_squares(values):\n    return 0",
    }
    submitted = course.folder("submitted", STUDENT, ASSIGNMENT) / f"{_NOTEBOOK}.ipynb"
    notebooks.write(notebooks.fill(released, answers), submitted)
    return course


def _source() -> NotebookNode:
    """Return nbgrader's source notebook of the assignment: two questions of two points each."""
    cells = [
        _cell("markdown", "# Squares", "title", locked=True),
        _cell("code", _solved("square(x)", "the square of a number", "x * x"), "square", solution=True),
        _cell("code", _test("square(3) == 9", "square(-2) == 4"), "test_square", grade=True, locked=True, points=2),
        _cell(
            "code",
            _solved("sum_of_squares(values)", "the sum of the squares of some numbers", "sum(x * x for x in values)"),
            "sum_of_squares",
            solution=True,
        ),
        _cell(
            "code",
            _test("sum_of_squares([1, 2]) == 5", "sum_of_squares([]) == 0"),
            "test_sum_of_squares",
            grade=True,
            locked=True,
            points=2,
        ),
    ]
    source: NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})
    return source


def _solved(signature: str, what: str, result: str) -> str:
    return (
        f'def {signature}:\n    """Return {what}."""\n    ### BEGIN SOLUTION\n    return {result}\n    ### END SOLUTION'
    )


def _test(visible: str, hidden: str) -> str:
    return f"assert {visible}\n### BEGIN HIDDEN TESTS\nassert {hidden}\n### END HIDDEN TESTS"


def _cell(kind: str, source: str, name: str, **settings: object) -> NotebookNode:
    roles = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    parts = {"id": name.replace("_", "-"), "metadata": {"nbgrader": {**roles, **settings, "grade_id": name}}}
    cell: NotebookNode = (
        nbformat.v4.new_code_cell(source, **parts) if kind == "code" else nbformat.v4.new_markdown_cell(source, **parts)
    )
    return cell
