"""How a class did in one assignment, gathered from the gradebook and the journal."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)

from autograder.course.coursedir import Course
from autograder.course.text import printable
from autograder.gradebook.journal import Entry

BINS = 10  # of the histogram
_SLOW = 5  # how many to name
_CLASS = 2  # students at least, for a failure to be everybody's


@dataclass
class StudentResult:
    """One student's marks.

    Attributes
    ----------
    student : str
        The student's id, which is the name of the folder in ``submitted/``.
    notebooks : dict
        By name, the points of each notebook that has marks.
    max_score : float
        The points that there are to win.
    late_penalty : float
        The points that being late costs.
    needs_manual_grade : bool
        Whether an answer waits for a person.
    is_due : bool
        Whether the submission is still to be graded.
    seconds : float
        How long the notebooks ran.
    notes : list of str
        What the instructor should know; it can be printed.
    """

    student: str
    first_name: str = ""
    last_name: str = ""
    notebooks: dict[str, float] = field(default_factory=dict)
    max_score: float = 0
    late_penalty: float = 0
    needs_manual_grade: bool = False
    is_due: bool = True
    seconds: float = 0
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points won, less what being late costs."""
        return sum(self.notebooks.values()) - self.late_penalty

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data, ready for JSON."""
        return asdict(self) | {
            "student": printable(self.student),
            "score": self.score,
            "seconds": round(self.seconds, 2),
        }


@dataclass
class CellResult:
    """How the class did in one graded cell.

    Attributes
    ----------
    notebook, grade_id : str
    max_score : float
        The points that there are to win.
    full : int
        How many students have all of them.
    of : int
        How many students have marks.
    mean : float
        The mean share of the points, from 0 to 1.
    """

    notebook: str
    grade_id: str
    max_score: float
    full: int
    of: int
    mean: float

    @property
    def failed(self) -> int:
        """How many students have not all the points."""
        return self.of - self.full


@dataclass
class CommonFailure:
    """One of the instructor's cells that failed for everybody whose notebook was run.

    Attributes
    ----------
    notebook, grade_id : str
    is_test : bool
        Whether the cell is a test.
    of : int
        How many students that is.
    error : str
        Of a test the first student's error, otherwise the error that most of them got; it can be printed.
    """

    notebook: str
    grade_id: str
    is_test: bool
    of: int
    error: str

    def __str__(self) -> str:
        if self.is_test:
            return f"{self.notebook}: the test {self.grade_id} failed for all {self.of}; its first error: {self.error}"
        return f"{self.notebook}: the given cell {self.grade_id} failed for all {self.of}: {self.error}"


@dataclass
class Summary:
    """How a class did in one assignment.

    Attributes
    ----------
    course, assignment : str
    notebooks : dict
        The points that there are to win, by notebook.
    students : list of StudentResult
        Everybody who has handed in or has marks, by name.
    cells : list of CellResult
        Every graded cell that is worth something, the most failed first.
    failures : list of CommonFailure
        What failed for everybody, given cells first.
    """

    course: str
    assignment: str
    notebooks: dict[str, float]
    students: list[StudentResult]
    cells: list[CellResult]
    failures: list[CommonFailure] = field(default_factory=list)

    @property
    def max_score(self) -> float:
        """The points that there are to win."""
        return sum(self.notebooks.values())

    @property
    def graded(self) -> list[StudentResult]:
        """Those who have marks."""
        return [student for student in self.students if student.notebooks]

    @property
    def slowest(self) -> list[StudentResult]:
        """The few whose notebooks ran longest, if they ran longer than is usual here."""
        usual = statistics.median([student.seconds for student in self.graded] or [0])
        slow = [student for student in self.graded if student.seconds > 2 * usual]
        return sorted(slow, key=lambda student: -student.seconds)[:_SLOW]

    def statistics(self) -> dict[str, float]:
        """Return mean, median, lowest and highest score of those who have marks; empty if nobody has."""
        scores = [student.score for student in self.graded]
        if not scores:
            return {}
        figures: dict[str, Callable[[list[float]], float]]
        figures = {"mean": statistics.mean, "median": statistics.median, "lowest": min, "highest": max}
        return {name: round(of(scores), 2) for name, of in figures.items()}

    def histogram(self) -> list[int]:
        """Return how many students have each tenth of the points; the last one holds those who have them all."""
        counts = [0] * BINS
        for student in self.graded:
            share = student.score / self.max_score if self.max_score else 0
            counts[min(max(int(share * BINS), 0), BINS - 1)] += 1
        return counts


def summarize(
    course: Course, assignment: str, students: list[str], due: list[str], entries: dict[str, Entry]
) -> Summary:
    """Gather how a class did.

    Parameters
    ----------
    course : Course
    assignment : str
    students : list of str
        Who has handed in.
    due : list of str
        Who of them is still to be graded.
    entries : dict of Entry
        From the journal, by student.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """

    def read(gradebook: Gradebook) -> tuple[dict[str, float], dict[str, StudentResult], list[CellResult]]:
        known = gradebook.find_assignment(assignment).notebooks
        maxima = {nb.name: nb.max_score for nb in sorted(known, key=lambda nb: str(nb.name))}
        results = {student: StudentResult(student) for student in students}
        _add_marks(gradebook, assignment, results)
        return maxima, results, _count_cells(gradebook, assignment)

    maxima, results, cells = course.read_gradebook(read)
    for student, result in results.items():
        entry = entries.get(student, Entry(""))
        result.max_score = sum(maxima.values())
        result.is_due = student in due
        result.seconds = sum(entry.seconds.values())
        result.notes = [printable(note) for note in entry.notes]
    ordered = [results[student] for student in sorted(results)]
    tests = {(cell.notebook, cell.grade_id) for cell in cells}
    failures = find_common_failures([entries[student] for student in sorted(entries)], tests)
    return Summary(course.directory().course_id or course.root.name, assignment, maxima, ordered, cells, failures)


def find_common_failures(entries: list[Entry], tests: set[tuple[str, str]]) -> list[CommonFailure]:
    """Return which of the instructor's cells failed for everybody whose notebook was run, if these are two or more.

    Parameters
    ----------
    entries : list of Entry
    tests : set of tuple
        Notebook and nbgrader id of each test.
    """
    found = []
    for name in sorted({name for entry in entries for name in entry.seconds}):
        failures = [entry.failures.get(name, {}) for entry in entries if name in entry.seconds]
        if len(failures) < _CLASS:
            continue
        for cell in [cell for cell in failures[0] if all(cell in other for other in failures)]:
            is_test = (name, cell) in tests
            errors = [other[cell] for other in failures]
            error = errors[0] if is_test else statistics.mode(errors)
            found.append(CommonFailure(name, cell, is_test, len(failures), error))
    return sorted(found, key=lambda failure: failure.is_test)


def _add_marks(gradebook: Gradebook, assignment: str, results: dict[str, StudentResult]) -> None:
    # All in one statement: whoever asks the objects for their scores asks the database for each.
    query = (
        gradebook.db.query(
            Student.id,
            Student.first_name,
            Student.last_name,
            Notebook.name,
            SubmittedNotebook.score,
            SubmittedNotebook.late_submission_penalty,
            SubmittedNotebook.needs_manual_grade,
        )
        .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
    )
    for student, first_name, last_name, name, score, penalty, needs_manual_grade in query.order_by(Notebook.name):
        result = results.setdefault(student, StudentResult(student))
        result.first_name, result.last_name = first_name or "", last_name or ""
        result.notebooks[name] = score
        result.late_penalty += penalty or 0
        result.needs_manual_grade |= bool(needs_manual_grade)


def _count_cells(gradebook: Gradebook, assignment: str) -> list[CellResult]:
    query = (
        gradebook.db.query(Notebook.name, BaseCell.name, Grade.score, Grade.max_score)
        .select_from(Grade)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(Assignment, Assignment.id == Notebook.assignment_id)
        .filter(Assignment.name == assignment)
    )
    scores: dict[tuple[str, str, float], list[float]] = {}
    for notebook, cell, score, most in query.order_by(Notebook.name, BaseCell.name):
        scores.setdefault((notebook, cell, most), []).append(score or 0)
    cells = [
        CellResult(*key, full=sum(score >= key[2] for score in won), of=len(won), mean=statistics.mean(won) / key[2])
        for key, won in scores.items()
        if key[2]
    ]
    return sorted(cells, key=lambda cell: (cell.mean, -cell.failed))
