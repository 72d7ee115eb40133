"""Record submissions that were run: marks go to the gradebook, notebooks to ``autograded/``, pages to ``feedback/``."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from nbconvert.exporters import Exporter
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import find_all_files
from sqlalchemy.exc import OperationalError
from traitlets import default

from autograder.course import Course, log
from autograder.gradebook import OpenGradebook, open_preprocessors
from autograder.intake import find_links
from autograder.journal import Entry, Journal
from autograder.pages import FeedbackExporter, HideTests
from autograder.submission import Submission, copy_file

_PAUSES = (0.2, 0.4, 0.8, 1.6)  # s; between the tries to write to a gradebook that is locked or away


class Recorder:
    """Writes one assignment's marks, notebooks and feedback pages; the only one to write to the gradebook.

    To be used in a ``with`` block, by one thread.

    Parameters
    ----------
    course : Course
    assignment : str
    workshop : Path
        A folder on the course's file system for what is being made, and for what it is about to replace.
    """

    def __init__(self, course: Course, assignment: str, workshop: Path):
        self._course, self._assignment = course, assignment
        self._scratch, self._undo = workshop / "scratch", workshop / "undo"

    def __enter__(self) -> Recorder:
        self._gradebook = self._course.gradebook(OpenGradebook)
        self._journal = Journal(self._gradebook, self._assignment)
        self._marks = _Marks(self._course, self._assignment, self._gradebook)
        self._feedback = _Feedback(self._course, self._assignment, self._gradebook)
        self._recover()
        return self

    def __exit__(self, *_) -> None:
        self._gradebook.close()

    def record(self, submission: Submission, notebook: str = "*") -> None:
        """Record an executed submission, as a whole or not at all.

        A gradebook that is locked is waited for. What was recorded before stays in its place until the new marks
        are about to be committed, and returns if that fails.
        """
        for link in find_links(submission.folder):  # a run may have left some, and nobody is to follow them
            link.unlink()
        for path in submission.folder.glob("*.ipynb"):  # only what was handed in is marked
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for pause in _PAUSES:
            try:
                return self._record(submission, notebook)
            except OperationalError:
                time.sleep(pause)
        return self._record(submission, notebook)

    def entries(self) -> dict[str, Entry]:
        """Return how each student's submission was graded."""
        return self._journal.entries()

    def forget(self, students: list[str], names: list[str]) -> None:
        """Make these notebooks of these students due again; their marks stay until there are new ones."""
        entries = self._journal.entries()
        with self._gradebook.transaction():
            for student in students:
                if student in entries:
                    for name in names:
                        entries[student].fingerprints.pop(name, None)
                    self._journal.write(student, entries[student])

    def _record(self, submission: Submission, notebook: str) -> None:
        student = submission.student
        graded, pages = (self._course.folder(step, student, self._assignment) for step in ("autograded", "feedback"))
        made = self._assemble(submission, notebook, graded)
        undo = self._undo / student / uuid.uuid4().hex
        with contextlib.ExitStack() as places, self._gradebook.transaction():
            self._marks.write(submission, notebook, made)
            new_pages = self._write_pages(submission, made)
            self._journal.write(student, self._new_entry(submission, notebook, undo.name))
            undo.mkdir(parents=True)
            if new_pages:
                places.enter_context(_replaced(pages, new_pages, undo / "feedback"))
            places.enter_context(_replaced(graded, made, undo / "autograded"))
        shutil.rmtree(undo, ignore_errors=True)

    def _write_pages(self, submission: Submission, made: Path) -> Path | None:
        try:
            return self._feedback.write(submission.student, made, self._fresh("feedback", submission.student))
        except (OperationalError, OSError):  # a locked gradebook, a full disk
            raise
        except Exception as error:  # the marks are worth more; pages can be made again with nbgrader
            submission.notes.append(f"no feedback page: {type(error).__name__}: {error}")
            return None

    def _new_entry(self, submission: Submission, notebook: str, identity: str) -> Entry:
        """Return the entry of a submission; what was not graded this time keeps what its old entry says."""
        fresh = fnmatch.filter(submission.fingerprints, notebook)
        old = self._journal.find(submission.student) if notebook != "*" else None
        old = old or Entry(identity)
        kept = [note for note in old.notes if not note.startswith(tuple(f"{name}: " for name in fresh))]
        return Entry(
            id=identity,
            fingerprints=old.fingerprints | {name: submission.fingerprints[name] for name in fresh},
            seconds=old.seconds | submission.seconds,
            notes=list(dict.fromkeys([*submission.notes, *kept])),
        )

    def _recover(self) -> None:
        """Put back what a run had replaced that was killed before it could commit."""
        entries = self._journal.entries()
        for undo in self._undo.glob("*/*"):
            student = undo.parent.name
            committed = student in entries and entries[student].id == undo.name
            for old in [] if committed else undo.iterdir():
                final = self._course.folder(old.name, student, self._assignment)
                shutil.rmtree(final, ignore_errors=True)
                os.replace(old, final)
            shutil.rmtree(undo)

    def _assemble(self, submission: Submission, notebook: str, graded: Path) -> Path:
        """Return the folder that will be the student's in ``autograded/``, still without the new notebooks."""
        if notebook == "*" or not graded.exists():
            return submission.folder
        made = self._fresh("partial", submission.student)
        shutil.copytree(graded, made, dirs_exist_ok=True)
        for name in find_all_files(str(submission.folder), [*self._course.directory().ignore, "*.ipynb"]):
            copy_file(Path(name), made / Path(name).relative_to(submission.folder))
        return made

    def _fresh(self, purpose: str, student: str) -> Path:
        folder = self._scratch / purpose / student
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


@contextlib.contextmanager
def _replaced(final: Path, made: Path, old: Path) -> Iterator[None]:
    """Put the folder ``made`` in the place of ``final``, which goes to ``old``; put both back if the block fails."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as undo:
        if final.exists():
            os.replace(final, old)
            undo.callback(os.replace, old, final)
        os.replace(made, final)
        undo.callback(os.replace, final, made)
        yield
        undo.pop_all()


def _keep_open(converter: BaseConverter, preprocessors: list, gradebook: OpenGradebook) -> None:
    """Give a converter of nbgrader's what it would make anew for every student."""
    converter.writer = FilesWriter(parent=converter)
    converter.exporter = converter.exporter_class(parent=converter, config=converter.config, optimistic_validation=True)
    for preprocessor in open_preprocessors(preprocessors, gradebook, converter.exporter):
        converter.exporter.register_preprocessor(preprocessor)


class _Marks(Autograde):
    """nbgrader's autograde for notebooks that were run already."""

    def __init__(self, course: Course, assignment: str, gradebook: OpenGradebook):
        super().__init__(coursedir=course.directory(assignment_id=assignment), config=course.config, log=log)
        self._gradebook = gradebook
        _keep_open(self, [*self.sanitize_preprocessors, *self.autograde_preprocessors], gradebook)

    def write(self, submission: Submission, notebook: str, folder: Path) -> None:
        """Write the marks of the notebooks that match to the gradebook, and those notebooks to ``folder``."""
        self._folder = folder
        self.coursedir.student_id = submission.student
        source = Path(self._format_source(submission.assignment, submission.student))
        chosen = sorted(fnmatch.filter(submission.notebooks, notebook))
        self.notebooks = [str(source / f"{name}.ipynb") for name in chosen]
        self.run_pre_convert_hook()
        self._enter(submission)
        for name, path in zip(chosen, self.notebooks, strict=True):
            resources = self.init_single_notebook_resources(path)
            output, resources = self.exporter.from_notebook_node(submission.notebooks[name], resources)
            (folder / f"{name}.ipynb").unlink(missing_ok=True)  # it may be there for reading only
            self.write_single_notebook(output, resources)
        self.set_permissions(submission.assignment, submission.student)
        self.run_post_convert_hook()

    def _enter(self, submission: Submission) -> None:
        """Enter the student and the submission, with no points for what was not handed in."""
        student, assignment = submission.student, submission.assignment
        if self.create_student:
            self._gradebook.update_or_create_student(student)
        else:
            self._gradebook.find_student(student)
        when = {"timestamp": submission.timestamp} if submission.timestamp else {}
        entered = self._gradebook.update_or_create_submission(assignment, student, **when)
        for nb in entered.notebooks:
            if nb.name not in submission.notebooks:
                for grade in nb.grades:
                    grade.auto_score = 0
                    grade.needs_manual_grade = False

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._folder)


class _Feedback(GenerateFeedback):
    """nbgrader's feedback pages for submissions whose marks are being recorded, safe and without hidden tests."""

    @default("exporter_class")
    def _safe_exporter(self) -> type[Exporter]:
        return FeedbackExporter

    def __init__(self, course: Course, assignment: str, gradebook: OpenGradebook):
        super().__init__(coursedir=course.directory(assignment_id=assignment), config=course.config, log=log)
        chosen = [kind for kind in self.preprocessors if kind is not ClearHiddenTests]
        _keep_open(self, [*chosen, HideTests], gradebook)

    def write(self, student: str, graded: Path, folder: Path) -> Path:
        """Write a page for every notebook in the folder ``graded`` to ``folder`` and return that."""
        self._graded, self._folder = graded, folder
        self.coursedir.student_id = student
        self.init_assignment(self.coursedir.assignment_id, student)
        for path in sorted(graded.glob("*.ipynb")):
            self.convert_single_notebook(str(path))
        self.set_permissions(self.coursedir.assignment_id, student)
        return folder

    def init_single_notebook_resources(self, notebook_filename: str) -> dict:
        path = Path(notebook_filename)
        known = {"student": self.coursedir.student_id, "assignment": self.coursedir.assignment_id}
        return {
            "unique_key": path.stem,
            "output_files_dir": f"{path.stem}_files",
            "nbgrader": {**known, "notebook": path.stem, "db_url": self.coursedir.db_url},
        }

    def _format_source(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._graded)

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._folder)
