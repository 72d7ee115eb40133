"""How a class did in one assignment, gathered from the gradebook and the journal."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nbgrader.api import Gradebook

from autograder.course.coursedir import Course
from autograder.course.text import printable
from autograder.gradebook.journal import Entry
from autograder.reporting import reading
from autograder.reporting.items import CellMark, CellResult, analyse
from autograder.reporting.mistakes import NAMED, SHOWN, Mistake, cluster
from autograder.reporting.states import State, notebook_state, submission_state
from autograder.reporting.tenths import count_tenths

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
    cells : dict
        By notebook and nbgrader id, the points in each graded cell.
    needs_manual_grade : bool
        Whether points wait for a person. Questions that are worth nothing do not count.
    state : State
        How far the submission is.
    states : dict
        By name, how far each notebook is that has marks.
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
    cells: dict[tuple[str, str], float] = field(default_factory=dict)
    needs_manual_grade: bool = False
    state: State = State.DUE
    states: dict[str, State] = field(default_factory=dict)
    seconds: float = 0
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points won, less what being late costs."""
        return sum(self.notebooks.values()) - self.late_penalty

    @property
    def counts(self) -> bool:
        """Whether the marks count in the figures of the class: there are some, and something was handed in."""
        return bool(self.notebooks) and self.state != State.NOT_HANDED_IN

    def has(self, notebook: str) -> bool:
        """Return whether there are marks of a notebook, and it was handed in."""
        return notebook in self.notebooks and self.states.get(notebook) != State.NOT_HANDED_IN

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data, ready for JSON."""
        data = asdict(self)
        del data["cells"]
        return data | {
            "student": printable(self.student),
            "score": self.score,
            "seconds": round(self.seconds, 2),
        }


@dataclass
class NotebookResult:
    """How the class did in one notebook.

    Attributes
    ----------
    notebook : str
    max_score : float
        The points that there are to win.
    states : dict
        How many students are in each state.
    mean : float, optional
        The mean of the points, of those who have handed it in.
    """

    notebook: str
    max_score: float
    states: dict[State, int]
    mean: float | None


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
        Everybody in the gradebook and everybody who has handed in, by name.
    cells : list of CellResult
        Every graded cell that is worth something, the hardest first.
    failures : list of CommonFailure
        What failed for everybody, given cells first.
    mistakes : list of Mistake
        What students got wrong in the same way, the most frequent first.
    """

    course: str
    assignment: str
    notebooks: dict[str, float]
    students: list[StudentResult]
    cells: list[CellResult]
    failures: list[CommonFailure] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def max_score(self) -> float:
        """The points that there are to win."""
        return sum(self.notebooks.values())

    @property
    def marked(self) -> list[StudentResult]:
        """Those who have handed in and have marks."""
        return [student for student in self.students if student.counts]

    @property
    def slowest(self) -> list[StudentResult]:
        """The few whose notebooks ran longest, if they ran longer than is usual here."""
        usual = statistics.median([student.seconds for student in self.marked] or [0])
        slow = [student for student in self.marked if student.seconds > 2 * usual]
        return sorted(slow, key=lambda student: -student.seconds)[:_SLOW]

    def in_state(self, state: State) -> list[StudentResult]:
        """Return the students whose submissions are in this state."""
        return [student for student in self.students if student.state == state]

    def by_notebook(self) -> list[NotebookResult]:
        """Return how the class did in each notebook."""
        return [self._notebook(name, most) for name, most in self.notebooks.items()]

    def _notebook(self, name: str, most: float) -> NotebookResult:
        states = dict.fromkeys(State, 0)
        points = []
        for student in self.students:
            state = student.states.get(name, student.state)
            states[state] += 1
            if student.has(name):
                points.append(student.notebooks[name])
        return NotebookResult(name, most, states, round(statistics.fmean(points), 2) if points else None)

    def statistics(self) -> dict[str, float]:
        """Return mean, median, lowest and highest score of those who have marks; empty if nobody has."""
        scores = [student.score for student in self.marked]
        if not scores:
            return {}
        figures: dict[str, Callable[[list[float]], float]]
        figures = {"mean": statistics.mean, "median": statistics.median, "lowest": min, "highest": max}
        return {name: round(of(scores), 2) for name, of in figures.items()}

    def histogram(self) -> list[int]:
        """Return how many students have each tenth of the points; the last one holds those who have them all."""
        return count_tenths(student.score / self.max_score if self.max_score else 0 for student in self.marked)


def summarize(
    course: Course,
    assignment: str,
    students: Sequence[str],
    due: Sequence[str],
    entries: Mapping[str, Entry],
    failed: Mapping[str, Sequence[str]] | None = None,
) -> Summary:
    """Gather how a class did.

    Parameters
    ----------
    course : Course
    assignment : str
    students : sequence of str
        Who has handed in.
    due : sequence of str
        Who of them is still to be graded.
    entries : mapping of Entry
        From the journal, by student.
    failed : mapping, optional
        By student whose submission could not be graded just now, the reasons.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """

    failed = failed or {}
    maxima, results, marks = course.read_gradebook(lambda gradebook: _read(gradebook, assignment, students))
    _add_states(results, marks, set(due), entries, failed)
    for student, result in results.items():
        entry = entries.get(student, Entry(""))
        result.max_score = sum(maxima.values())
        result.seconds = sum(entry.seconds.values())
        result.notes = [printable(note) for note in (*failed.get(student, ()), *entry.notes)]
    tests = {(mark.notebook, mark.grade_id) for mark in marks}
    mistakes = cluster(entries, tests, {student: (one.first_name, one.last_name) for student, one in results.items()})
    _find_pages(mistakes, course, assignment)
    return Summary(
        course.directory().course_id or course.root.name,
        assignment,
        maxima,
        [results[student] for student in sorted(results)],
        _analyse(marks, results, entries),
        find_common_failures([entries[student] for student in sorted(entries)], tests),
        mistakes,
    )


def _read(
    gradebook: Gradebook, assignment: str, students: Iterable[str]
) -> tuple[dict[str, float], dict[str, StudentResult], list[CellMark]]:
    """Return the points to win by notebook, the marks of everybody, and those of all cells."""
    names = reading.read_names(gradebook)
    results = {student: StudentResult(student, *names.get(student, ())) for student in {*names, *students}}
    for student, notebook, points, penalty in reading.read_notebook_marks(gradebook, assignment):
        results[student].notebooks[notebook] = points
        results[student].late_penalty += penalty
    return reading.read_maxima(gradebook, assignment), results, reading.read_cell_marks(gradebook, assignment)


def _add_states(
    results: Mapping[str, StudentResult],
    marks: Iterable[CellMark],
    due: set[str],
    entries: Mapping[str, Entry],
    failed: Mapping[str, Sequence[str]],
) -> None:
    waiting = defaultdict(set)
    for mark in marks:
        results[mark.student].cells[mark.notebook, mark.grade_id] = mark.points
        if mark.waits and mark.max_score > 0:
            waiting[mark.student].add(mark.notebook)
    for student, result in results.items():
        entry, waits = entries.get(student), waiting[student]
        result.states = {name: notebook_state(name, entry, waits=name in waits) for name in result.notebooks}
        result.needs_manual_grade = bool(waits)
        result.state = submission_state(result.states.values())
        if student in due:  # the marks that are there come from other work or from other tests
            result.state = State.FAILED if student in failed else State.DUE
            result.states = dict.fromkeys(result.notebooks, result.state)


def _analyse(
    marks: Iterable[CellMark], results: Mapping[str, StudentResult], entries: Mapping[str, Entry]
) -> list[CellResult]:
    """Analyse the cells by the marks that say something about them: the notebook was run to its end and is not due."""
    settled = (State.GRADED, State.WAITING)
    chosen = [mark for mark in marks if results[mark.student].states.get(mark.notebook) in settled]
    answered = {(student, name): cells for student in entries for name, cells in entries[student].answered.items()}
    return analyse(chosen, answered)


def _find_pages(mistakes: Iterable[Mistake], course: Course, assignment: str) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for mistake in mistakes:
        test = (mistake.notebook, mistake.grade_id)
        seen[test] += 1
        for student in mistake.students[:NAMED] if seen[test] <= SHOWN else []:
            page = course.folder("feedback", student, assignment) / f"{mistake.notebook}.html"
            if page.is_file():
                mistake.pages[student] = page


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
