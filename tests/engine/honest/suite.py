"""A course with a notebook for each case, and a student who has handed all of them in."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from tests.engine.honest.case import Case, Part, read_cases

ASSIGNMENT = "ps1"
STUDENT = "ada"
CASES = [case for path in sorted(Path(__file__).parent.glob("*.cases")) for case in read_cases(path)]
_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "honest"\nc.Execute.timeout = 60\n'
_ROLES = {
    "locked": {"locked": True},
    "answer": {"solution": True},
    "test": {"grade": True, "locked": True},
    "written": {"grade": True, "solution": True},
    "task": {"task": True, "locked": True},
}


def make_course(root: Path, cases: list[Case] = CASES) -> Course:
    """Make the course, release its assignment and hand in the student's work."""
    root.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(_CONFIG, encoding="utf-8")
    course = Course(root)
    source = course.folder("source", ".", ASSIGNMENT)
    for case in cases:
        notebooks.write(_notebook(case, is_handed_in=False), source / f"{case.name}.ipynb")
        for part in case.parts:
            if part.kind == "file":
                (source / part.value).parent.mkdir(parents=True, exist_ok=True)
                (source / part.value).write_text(part.text + "\n", encoding="utf-8")
        handed_in = course.folder("submitted", STUDENT, ASSIGNMENT) / f"{case.name}.ipynb"
        notebooks.write(_notebook(case, is_handed_in=True), handed_in)
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course


def _notebook(case: Case, *, is_handed_in: bool) -> NotebookNode:
    """Return the instructor's notebook with the solution, or the student's with the answer and own cells."""
    cells: list[NotebookNode] = []
    for number, part in enumerate(case.parts):
        if part.kind == "other" and is_handed_in:
            cells[-1].source = part.text
        elif part.kind == "attachment" and is_handed_in:
            cells[-1].attachments = {part.value: {"image/png": part.text}}
        elif part.kind in (*_ROLES, "given") or (part.kind == "own" and is_handed_in):
            cells.append(_cell(part, f"{part.kind}{number}", is_handed_in=is_handed_in))
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})


def _cell(part: Part, name: str, *, is_handed_in: bool) -> NotebookNode:
    text = part.text
    if part.kind == "answer" and not is_handed_in:
        text = f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"
    if part.kind == "written" and not is_handed_in:
        text = "Write here."
    metadata = {}
    if part.kind in _ROLES:
        roles = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
        points = {"points": int(part.value or 1)} if part.kind in ("test", "task", "written") else {}
        metadata = {"nbgrader": {**roles, **_ROLES[part.kind], **points, "grade_id": name}}
    is_prose = part.kind in ("written", "task")
    new = nbformat.v4.new_markdown_cell if is_prose else nbformat.v4.new_code_cell
    return new(text, id=name, metadata=metadata)
