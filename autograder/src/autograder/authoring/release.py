"""Release an assignment as nbgrader does, with its deadline in a line of its own at the top of each notebook.

The line is a cell without an nbgrader id: it has no checksum, belongs to no question, and counts as a cell of the
student's own when the notebook comes back. An extension is one student's, and the notebook is the same for all: the
feedback page and the transcript tell it.
"""

from __future__ import annotations

import nbformat
from nbgrader.converters import GenerateAssignment

from autograder.course.coursedir import Course, run_converter
from autograder.course.text import TIME_FORMAT

_ID = "autograder-deadline"


def release(course: Course, assignment: str) -> None:
    """Have nbgrader write ``release/`` and the gradebook from ``source/``, and tell the deadline if there is one.

    Raises
    ------
    CourseError
        With nbgrader's own message, if it cannot.
    OperationalError
        If the gradebook cannot be used, or is still locked after half a minute.
    """
    run_converter(GenerateAssignment, course, course.directory(assignment_id=assignment))
    tell_deadline(course, assignment)


def tell_deadline(course: Course, assignment: str) -> None:
    """Write the deadline as it is now to the released notebooks, or take it out of them.

    Notebooks that students have fetched already stay as they are.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    OSError
        If a notebook cannot be written.
    """
    deadline = course.read_gradebook(lambda book: book.find_assignment(assignment).duedate)
    for path in sorted(course.folder("release", ".", assignment).glob("*.ipynb")):
        nb = nbformat.read(path, nbformat.NO_CONVERT)
        before = list(nb.cells)
        nb.cells = [cell for cell in nb.cells if not cell.metadata.get(_ID)]
        if deadline:
            text = f"**Due on {deadline:{TIME_FORMAT}}**, as it was when this notebook was released."
            cell = nbformat.v4.new_markdown_cell(text, id=_ID, metadata={_ID: True})
            if nb.nbformat_minor < 5:  # noqa: PLR2004 - from this version on cells have ids
                del cell["id"]
            nb.cells.insert(0, cell)
        if nb.cells != before:
            nbformat.write(nb, path)
