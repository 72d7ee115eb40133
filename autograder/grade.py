"""Grade a class: take every submission in, run it, and record the marks in nbgrader's gradebook.

Notebooks run side by side; the gradebook has one writer, the caller's own thread.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.preprocessors import ClearOutput
from nbgrader.utils import find_all_files, is_grade

from autograder import notebooks
from autograder.course import Course, run_converter
from autograder.intake import find_links, find_notebooks, identify, read_submission, restore
from autograder.run import CORES, mark_failed, run_all, run_notebook

_WORKSHOP = ".autograder"  # inside the course, so that results can be moved into place in one step


@dataclass
class Submission:
    """What one student handed in for one assignment, on its way to the gradebook.

    Attributes
    ----------
    notebooks : dict
        By name, every notebook as it will be graded.
    unreadable : set of str
        The names of those that could not be read: they are not run.
    notes : list of str
        What the instructor should know.
    """

    student: str
    assignment: str
    folder: Path
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def is_graded(course: Course, assignment: str, student: str, notebook: str = "*") -> bool:
    """Return whether everything was graded that the student has handed in so far."""
    graded = course.folder("autograded", student, assignment)
    submitted = course.folder("submitted", student, assignment)
    expected = fnmatch.filter(course.templates(assignment), notebook)
    marked = [graded / f"{name}.ipynb" for name in expected if (graded / f"{name}.ipynb").exists()]
    handed_in = max(path.lstat().st_mtime for path in [submitted, *submitted.rglob("*")])
    return bool(marked) and handed_in <= min(path.stat().st_mtime for path in marked)


def grade(course: Course, assignment: str, students: list[str], notebook: str = "*") -> Iterator[Submission]:
    """Grade these students and yield each submission once it is recorded.

    Parameters
    ----------
    course : Course
    assignment : str
    students : list of str
    notebook : str
        nbgrader's ``notebook_id``: the name of the one notebook to grade, or ``*`` for all of them.

    Whatever is wrong with one submission is noted on it and stops no other.
    """
    templates = course.templates(assignment)
    workshop = course.root / _WORKSHOP
    shutil.rmtree(workshop, ignore_errors=True)

    def prepare_and_run(student: str) -> Submission:
        submission = take_in(course, assignment, student, templates, workshop / "submitted" / student / assignment)
        for name in sorted(fnmatch.filter(set(submission.notebooks) - submission.unreadable, notebook)):
            stopped = run_notebook(submission.notebooks[name], submission.folder, course.config)
            if stopped:
                submission.notes.append(f"{name}: {stopped}")
        return submission

    for student, future in run_all(students, prepare_and_run, CORES):
        try:
            submission = future.result()
            record(course, submission, notebook)
        except Exception as error:
            submission = Submission(student, assignment, Path())
            submission.notes.append(f"could not be graded: {type(error).__name__}: {error}")
        yield submission
    shutil.rmtree(workshop, ignore_errors=True)


def take_in(
    course: Course, assignment: str, student: str, templates: dict[str, NotebookNode], folder: Path
) -> Submission:
    """Copy a submission to ``folder`` and make its notebooks ready to run."""
    submitted = course.folder("submitted", student, assignment)
    submission = Submission(student, assignment, folder)
    folder.mkdir(parents=True)
    _copy_files(course, submitted, folder)
    _copy_files(course, course.folder("source", ".", assignment), folder)
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


def record(course: Course, submission: Submission, notebook: str = "*") -> None:
    """Hand an executed submission to nbgrader: marks to the gradebook, notebooks to ``autograded/``.

    The folder in ``autograded/`` is replaced in one step, once all of it is there.
    """
    for link in find_links(submission.folder):  # a run may have left some, and nbgrader would follow them
        link.unlink()
    for name, nb in submission.notebooks.items():
        notebooks.write(nb, submission.folder / f"{name}.ipynb")
    final = course.folder("autograded", submission.student, submission.assignment)
    directory = course.directory(
        student_id=submission.student,
        assignment_id=submission.assignment,
        notebook_id=notebook,
        submitted_directory=f"{_WORKSHOP}/submitted",
        autograded_directory=f"{_WORKSHOP}/autograded",
    )
    made = course.root / _WORKSHOP / "autograded" / submission.student / submission.assignment
    if notebook != "*" and final.exists():  # the other notebooks stay as they are
        shutil.copytree(final, made)
    run_converter(_Record, course, directory)
    _replace(made, final)


def give_feedback(course: Course, assignment: str, student: str) -> Path:
    """Write nbgrader's feedback pages for one student and return their folder."""
    directory = course.directory(student_id=student, assignment_id=assignment)
    run_converter(GenerateFeedback, course, directory)
    return course.folder("feedback", student, assignment)


class _Record(Autograde):
    """nbgrader's autograde for notebooks that were run already."""

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()
        done = (ClearOutput, ExecutePreprocessor)
        self.exporter._preprocessors = [p for p in self.exporter._preprocessors if not isinstance(p, done)]


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


def _copy_files(course: Course, source: Path, target: Path) -> None:
    """Copy what lies beside the notebooks, except links."""
    links = find_links(source)
    if source in links:
        return
    for name in find_all_files(str(source), [*course.directory().ignore, "*.ipynb"]):
        path = Path(name)
        if path not in links:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _replace(made: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    old = made.with_name(f"{made.name}.old")
    if final.exists():
        os.replace(final, old)
    os.replace(made, final)
    shutil.rmtree(old, ignore_errors=True)
