"""What one student handed in for one assignment: taken in, made ready to run, on its way to the gradebook."""

from __future__ import annotations

import datetime
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import find_all_files, is_grade

from autograder.course import Course
from autograder.intake import find_links, find_notebooks, identify, read_submission, restore
from autograder.run import mark_failed


@dataclass
class Submission:
    """What one student handed in for one assignment, on its way to the gradebook.

    Attributes
    ----------
    folder : Path
        Where it is run: a copy of what was handed in, with the instructor's files.
    timestamp : datetime, optional
        When it was handed in, if ``timestamp.txt`` says so.
    fingerprints : dict
        By name, a hash of all that each notebook's marks depend on.
    notebooks : dict
        By name, every notebook as it will be graded.
    unreadable : set of str
        The names of those that could not be read: they are not run.
    seconds : dict
        By name, how long each notebook ran.
    notes : list of str
        What the instructor should know.
    recorded : bool
        Whether its marks are in the gradebook.
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
    recorded: bool = False


def take_in(
    course: Course, assignment: str, student: str, templates: dict[str, NotebookNode], folder: Path
) -> Submission:
    """Copy a submission to the new ``folder`` and make its notebooks ready to run."""
    submitted = course.folder("submitted", student, assignment)
    submission = Submission(student, assignment, folder)
    folder.mkdir(parents=True)
    _copy_files(course, submitted, folder)
    submission.timestamp = _read_timestamp(course, submission)
    kept = course.config.Autograde.get("exclude_overwriting", {}).get(assignment, [])
    _copy_files(course, course.folder("source", ".", assignment), folder, keep=kept)
    for link in find_links(submitted):
        place = link.relative_to(submitted.parent)
        submission.notes.append(f"{place} is a link or no ordinary file; it was not opened")
    paths, notes = find_notebooks(submitted)
    submission.notes += notes
    for path in sorted(paths, key=lambda path: path.stem not in templates):  # the right names come first
        _take_in_notebook(submission, path, templates)
    if not submission.notebooks:
        submission.notes.append("nothing to mark was handed in")
        for name, template in templates.items():
            _mark_unreadable(submission, name, template, "Nothing to mark was handed in.")
    return submission


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's contents, also over a file that may only be read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)


def _take_in_notebook(submission: Submission, path: Path, templates: dict[str, NotebookNode]) -> None:
    try:
        nb = read_submission(path)
    except ValueError as error:
        submission.notes.append(str(error))
        if path.stem in templates and path.stem not in submission.notebooks:
            _mark_unreadable(submission, path.stem, templates[path.stem], f"Not marked: {error}")
        return
    name = identify(nb, path.stem, templates)
    if name is None:
        submission.notes.append(f"{path.name} belongs to no exercise of {submission.assignment}")
        return
    if name in submission.notebooks and name not in submission.unreadable:
        submission.notes.append(f"{path.name} is another {name}; it was not marked")
        return
    if name != path.stem:
        submission.notes.append(f"{path.name} was graded as {name}, whose cells it holds")
    submission.unreadable.discard(name)
    submission.notebooks[name], notes = restore(nb, templates[name])
    submission.notes += [f"{name}: {note}" for note in notes]


def _mark_unreadable(submission: Submission, name: str, template: NotebookNode, reason: str) -> None:
    """Put the instructor's cells in the place of work that is not there, all marked as failed."""
    cells = [cell for cell in template.cells if is_grade(cell)]
    blank, _ = restore(nbformat.v4.new_notebook(cells=cells, metadata=template.metadata), template)
    mark_failed(blank, "NotRead", reason)
    submission.notebooks[name] = blank
    submission.unreadable.add(name)


def _copy_files(course: Course, source: Path, target: Path, keep: list[str] = ()) -> None:
    """Copy what lies beside the notebooks, except links, over all but the files to ``keep``."""
    links = find_links(source)
    if source in links:
        return
    for name in find_all_files(str(source), [*course.directory().ignore, "*.ipynb"]):
        path = Path(name)
        place = path.relative_to(source)
        if path not in links and os.fspath(place) not in keep:
            copy_file(path, target / place)


def _read_timestamp(course: Course, submission: Submission) -> datetime.datetime | None:
    try:
        return course.directory().get_existing_timestamp(str(submission.folder))
    except (ValueError, AttributeError):  # nbgrader calls a method that it does not have
        submission.notes.append("timestamp.txt holds no time; the submission counts as in time")
        return None
