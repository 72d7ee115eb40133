"""A page for each student with the student's own marks, messages and deadlines, to be given out or filed.

A page has nothing of anybody else, no line of a test, and no note that is for the instructor.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader
from nbgrader.api import Assignment, BaseCell, Comment, Gradebook, Notebook, SubmittedAssignment, SubmittedNotebook

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.course.text import TIME_FORMAT, shorten
from autograder.exchange.marked import number, some
from autograder.gradebook.preprocessors import describe_times
from autograder.grading import Grader
from autograder.reporting.reading import read_cell_marks
from autograder.reporting.states import State
from autograder.reporting.summary import StudentResult, summarize

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 120  # s for one page
_TEXT = 2000  # characters of a message or comment
_MEANINGS = {
    State.GRADED: "graded",
    State.WAITING: "not final: a person has still to give or to confirm points",
    State.FAILED: "could not be read, or not be run to its end",
    State.DUE: "handed in, and not graded yet",
    State.NOT_HANDED_IN: "not handed in",
}


@dataclass
class CellRecord:
    """What a student has for one graded cell.

    Attributes
    ----------
    name : str
    points, max_score : float
    waits : bool
        Whether a person has still to give or to confirm the points.
    message : str
        What the test said.
    comment : str
        What a person wrote.
    """

    name: str
    points: float
    max_score: float
    waits: bool
    message: str = ""
    comment: str = ""


@dataclass
class AssignmentRecord:
    """What a student has for one assignment.

    Attributes
    ----------
    name : str
    result : StudentResult
    times : str
        When it was handed in and due, in words; empty if nobody knows.
    cells : dict of list of CellRecord
        By the name of the notebook.
    """

    name: str
    result: StudentResult
    times: str
    cells: dict[str, list[CellRecord]] = field(default_factory=dict)

    @property
    def score(self) -> str:
        """The points, less what being late costs; a dash without marks."""
        return number(max(0.0, self.result.score)) if self.result.counts else "–"

    @property
    def meaning(self) -> str:
        """How far the submission is, in words for the student."""
        return _MEANINGS[self.result.state]


def read_transcripts(course: Course, assignments: Sequence[str]) -> dict[str, list[AssignmentRecord]]:
    """Return by student what everybody in the gradebook has for these assignments.

    Raises
    ------
    CourseError
        If there is no such assignment, or if another process is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    """
    found: dict[str, list[AssignmentRecord]] = defaultdict(list)
    for name in assignments:
        for student, record in _read_assignment(course, name).items():
            found[student].append(record)
    return dict(sorted(found.items()))


def _read_assignment(course: Course, name: str) -> dict[str, AssignmentRecord]:
    with Grader(course, read_assignment(course, name)) as grader:
        everybody = course.students(name)
        entries = grader.entries()
        summary = summarize(course, name, everybody, grader.due(everybody), entries)
    times, deadline = course.read_gradebook(lambda book: _read_times(book, name))
    comments = course.read_gradebook(lambda book: _read_comments(book, name))
    records = {one.student: AssignmentRecord(name, one, times.get(one.student, deadline)) for one in summary.students}
    for mark in course.read_gradebook(lambda book: read_cell_marks(book, name)):
        record, entry = records[mark.student], entries.get(mark.student)
        if not record.result.has(mark.notebook) or record.result.state == State.DUE:
            continue  # marks of nothing, or of older work
        said = (entry.failures.get(mark.notebook, {}) | entry.reasons.get(mark.notebook, {})) if entry else {}
        comment = comments.get((mark.student, mark.notebook, mark.grade_id), "")
        waits = mark.waits and mark.max_score > 0
        cell = CellRecord(mark.grade_id, mark.points, mark.max_score, waits, said.get(mark.grade_id, ""), comment)
        record.cells.setdefault(mark.notebook, []).append(cell)
    return records


def _read_times(book: Gradebook, name: str) -> tuple[dict[str, str], str]:
    """Return the times of each submission in words, and those of who has none."""
    assignment = book.find_assignment(name)
    submissions = book.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id)
    deadline = f"Due on {assignment.duedate:{TIME_FORMAT}}." if assignment.duedate else ""
    return {one.student_id: describe_times(one) for one in submissions}, deadline


def _read_comments(book: Gradebook, name: str) -> dict[tuple[str, str, str], str]:
    """Return the comments by student, notebook and cell."""
    rows = (
        book.db.query(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Comment.manual_comment)
        .select_from(Comment)
        .join(BaseCell, BaseCell.id == Comment.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Comment.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .filter(Assignment.name == name, Comment.manual_comment.isnot(None))
    )
    return {(student, notebook, cell): text for student, notebook, cell, text in rows}


def page_of(course: Course, records: Sequence[AssignmentRecord]) -> str:
    """Return one student's page. It loads nothing and has no script."""
    environment = Environment(
        loader=PackageLoader("autograder", "exchange"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shorten(value, _TEXT) if type(value) is str else value,
    )
    environment.filters["number"] = number
    title = course.directory().course_id or course.root.name
    return environment.get_template("transcript.html.j2").render(course=title, who=records[0].result, records=records)


def write_transcripts(
    course: Course,
    transcripts: dict[str, list[AssignmentRecord]],
    folder: Path,
    *,
    as_pdf: bool = False,
    track: Callable[[list[str]], Iterable[str]] = iter,
) -> list[Path]:
    """Write a page for each student, ``STUDENT.html`` or ``STUDENT.pdf``, and return the paths.

    Parameters
    ----------
    course : Course
    transcripts : dict
        By student, what there is for each assignment.
    folder : Path
        It is made if it is missing.
    as_pdf : bool
        Whether to have a browser print the pages.
    track : callable, optional
        Yields the students that it is given, and shows how far the writing is.

    Raises
    ------
    CourseError
        If a student's id is no name for a file, if there is no browser, or if it cannot print.
    OSError
        If a file cannot be written.
    """
    if strange := [student for student in transcripts if Path(student).name != student]:
        raise CourseError(f"no file can have the name of: {some(strange)}")
    browser = _find_browser() if as_pdf else ""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for student in track(list(transcripts)):
        path = folder / f"{student}.{'pdf' if as_pdf else 'html'}"
        new = path.with_name(f".{path.name}.new")
        text = page_of(course, transcripts[student])
        if as_pdf:
            _print(browser, text, new)
        else:
            new.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(new, path)
        written.append(path)
    return written


def _find_browser() -> str:
    for name in _BROWSERS:
        if path := shutil.which(name):
            return path
    raise CourseError(
        "no browser that prints was found: install Chromium or Chrome, or leave out --pdf and print the pages yourself"
    )


def _print(browser: str, page: str, target: Path) -> None:
    """Have a browser print a page, in a home of its own: it reads no profile and goes on with no window."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as scratch:
        source, printed = Path(scratch) / "page.html", Path(scratch) / "page.pdf"
        source.write_text(page, encoding="utf-8", errors="backslashreplace")
        # Chromium refuses to start its own sandbox as root. The page has no script, and its policy allows none.
        rights = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [browser, "--headless", *rights, "--disable-gpu", f"--user-data-dir={scratch}/profile"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={printed}", f"file://{quote(str(source))}"]
        no = subprocess.DEVNULL
        try:
            subprocess.run(command, timeout=_PATIENCE, check=False, stdin=no, stdout=no, stderr=no)
        except subprocess.TimeoutExpired as error:
            raise CourseError(f"{browser} has printed nothing for {_PATIENCE} s") from error
        if not printed.exists():
            raise CourseError(f"{browser} could not print a page")
        shutil.move(printed, target)
