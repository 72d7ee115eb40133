"""What one student handed in for one assignment: taken in and made ready to run."""

from __future__ import annotations

import datetime
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution, parse_utc

from autograder.course.assignment import Assignment, Template
from autograder.course.coursedir import Course
from autograder.course.files import copy_files, find_links
from autograder.course.notebooks import fail_cells, is_instructors, write
from autograder.course.text import first_line, has_surrogates, shorten
from autograder.faults import is_fault_of_the_machine
from autograder.intake.reading import Unreadable, read_submission
from autograder.intake.recognition import find_notebooks, identify
from autograder.intake.restore import restore

_LONGEST_TIME = 100  # bytes of timestamp.txt
_YEARS = range(1971, 3000)  # a gradebook with other years in it cannot be shown in every time zone
_NOTE = 300  # characters
_PLACE = 100  # characters of a path in a note
_MOST_NOTES = 50

# What a student wrote into timestamp.txt is not to appear on the instructor's terminal.
warnings.filterwarnings("ignore", message="tzname ", module="dateutil")


@dataclass
class Submission:
    """What one student handed in for one assignment, on its way to the gradebook.

    Attributes
    ----------
    student, assignment : str
    folder : Path
        Where its notebooks run: a copy of what was handed in, with the instructor's files.
    timestamp : datetime, optional
        When it was handed in, in UTC, if ``timestamp.txt`` says so.
    fingerprints : dict
        By the name of the notebook, a hash of all that its marks depend on.
    notebooks : dict
        By name, every notebook as it will be graded.
    unreadable : set of str
        The names of those that could not be read. They are not run.
    seconds : dict
        By the name of the notebook, how long its cells ran.
    notes : list of str
        What the instructor should know.
    provisional : dict
        By the name of the notebook, the grade ids of the tests whose points a person is to look at.
    stopped : dict
        By the name of the notebook, why it could not be run, or not to its end.
    """

    student: str
    assignment: str
    folder: Path
    timestamp: datetime.datetime | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    provisional: dict[str, Sequence[str]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)


def take_in(course: Course, assignment: Assignment, student: str, folder: Path) -> Submission:
    """Copy a submission to the new ``folder`` and make its notebooks ready to run.

    Whatever is wrong with what was handed in, the submission can be recorded: a notebook that cannot be taken in
    counts as unreadable, and a note says why.

    Raises
    ------
    OSError
        If the machine is at fault, or the instructor's files cannot be copied: no submission loses points for that.
    ValueError
        If no gradebook can hold the student's name.
    """
    if has_surrogates(student):
        raise ValueError("the name of the student's folder is no UTF-8; rename the folder")
    submitted = course.folder("submitted", student, assignment.name)
    submission = Submission(student, assignment.name, folder)
    folder.mkdir(parents=True)
    try:
        _take_in_files(submission, submitted, course)
        _take_in_notebooks(submission, submitted, assignment.templates)
    except Exception as error:  # whatever a submission provokes, and nobody has thought of
        if is_fault_of_the_machine(error):
            raise
        _give_up(submission, assignment.templates, error)
    kept = course.config.Autograde.get("exclude_overwriting", {}).get(assignment.name, [])
    copy_files(course.folder("source", ".", assignment.name), folder, course.ignored, keep=kept)
    _write_notebooks(submission, ClearHiddenTests(config=course.config))
    submission.notes = _bounded(submission.notes)
    return submission


def _write_notebooks(submission: Submission, clear: ClearHiddenTests) -> None:
    """Write the notebooks to the folder that they run in, where nbgrader has them too: without their hidden tests.

    What becomes of these files decides no mark.
    """
    for name in submission.notebooks.keys() - submission.unreadable:
        nb = nbformat.from_dict(submission.notebooks[name])
        for cell in filter(is_instructors, nb.cells):
            clear.preprocess_cell(cell, {}, 0)
        path = submission.folder / f"{name}.ipynb"
        if path.is_dir():  # so it was handed in, beside the notebook under another name
            shutil.rmtree(path)
        write(nb, path)


def _take_in_files(submission: Submission, submitted: Path, course: Course) -> None:
    def note(place: Path, error: OSError) -> None:
        if is_fault_of_the_machine(error):
            raise error
        submission.notes.append(f"{shorten(str(place), _PLACE)} could not be copied: {error.strerror or error}")

    copy_files(submitted, submission.folder, course.ignored, on_error=note)
    submission.timestamp = _read_timestamp(submission)
    for link in find_links(submitted):
        place = shorten(str(link.relative_to(submitted.parent)), _PLACE)
        submission.notes.append(f"{place} is a link or no ordinary file; it was not opened")


def _take_in_notebooks(submission: Submission, submitted: Path, templates: Mapping[str, Template]) -> None:
    paths, notes = find_notebooks(submitted, templates)
    submission.notes += notes
    damaged = False
    for path in sorted(paths, key=lambda path: path.stem not in templates):  # the right names come first
        try:
            _take_in_notebook(submission, path, templates)
        except Exception as error:
            if is_fault_of_the_machine(error):
                raise
            damaged = True
            _take_in_damaged(submission, path, templates, error)
    if not submission.notebooks:
        submission.notes.append("nothing to mark was handed in")
        for name, template in templates.items():
            _add_unreadable(submission, name, template, "Nothing to mark was handed in.", is_written=damaged)


def _take_in_notebook(submission: Submission, path: Path, templates: Mapping[str, Template]) -> None:
    nb = read_submission(path)
    name = identify(nb, path.stem, templates)
    if name is None:
        submission.notes.append(f"{path.name} belongs to no notebook of {submission.assignment}")
        return
    if name in submission.notebooks and name not in submission.unreadable:
        submission.notes.append(f"{path.name} is another {name}; it was not marked")
        return
    restored, notes = restore(nb, templates[name].notebook)
    if name != path.stem:
        submission.notes.append(f"{path.name} was graded as {name}, whose cells it holds")
    submission.unreadable.discard(name)
    submission.stopped.pop(name, None)
    submission.notebooks[name] = restored
    submission.notes += [f"{name}: {note}" for note in notes]


def _take_in_damaged(submission: Submission, path: Path, templates: Mapping[str, Template], error: Exception) -> None:
    """Note why a notebook cannot be taken in; if its file has the name of a template, it counts as that."""
    reason = str(error) if isinstance(error, Unreadable) else f"{path.name} could not be taken in: {first_line(error)}"
    submission.notes.append(reason)
    if path.stem in templates and path.stem not in submission.notebooks:
        text = f"Not marked: {shorten(reason, _NOTE)}"
        _add_unreadable(submission, path.stem, templates[path.stem], text, is_written=True)


def _give_up(submission: Submission, templates: Mapping[str, Template], error: Exception) -> None:
    """Make every notebook of a submission unreadable, for an error that the submission has provoked."""
    reason = f"the submission could not be taken in: {type(error).__name__}: {first_line(error)}"
    submission.notes.append(reason)
    for name, template in templates.items():
        _add_unreadable(submission, name, template, f"Not marked: {reason}", is_written=True)


def _add_unreadable(submission: Submission, name: str, template: Template, reason: str, *, is_written: bool) -> None:
    """Add the instructor's graded cells, all marked as failed, for work that cannot be read.

    If something was written, the answers that a person grades wait for that person: nbgrader takes an answer that is
    as it was released for none.
    """
    cells = [nbformat.from_dict(cell) for cell in template.notebook.cells if is_grade(cell)]
    for cell in cells:
        if is_written and is_solution(cell):
            cell.source = f"{reason} Please look at the file that was handed in."
    blank, _ = restore(nbformat.v4.new_notebook(cells=cells, metadata=template.notebook.metadata), template.notebook)
    fail_cells(blank, "NotRead", reason)
    submission.notebooks[name] = blank
    submission.unreadable.add(name)
    if is_written:
        submission.stopped[name] = reason


def _read_timestamp(submission: Submission) -> datetime.datetime | None:
    """Return when a submission was handed in, as nbgrader reads it."""
    try:
        with (submission.folder / "timestamp.txt").open("rb") as file:
            text = file.read(_LONGEST_TIME).decode().strip()
        time: datetime.datetime | None = parse_utc(text) if text else None
        if time and time.year not in _YEARS:
            raise ValueError("a year that cannot be")
    except FileNotFoundError:
        return None
    except Exception:  # parsers raise whatever the damage provokes
        submission.notes.append("timestamp.txt holds no time; the submission counts as in time")
        return None
    return time


def _bounded(notes: list[str]) -> list[str]:
    """Return notes that can be printed and stored: each once, none too long, and not too many."""
    kept = list(dict.fromkeys(shorten(note, _NOTE) for note in notes))
    rest = len(kept) - _MOST_NOTES
    return [*kept[:_MOST_NOTES], f"and {rest} more notes"] if rest > 0 else kept
