"""Item analysis: how hard each graded cell was, and whether it tells those who know more from those who know less.

The definitions are those of classical test theory; ``docs/report.md`` explains them and names the books.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograder.reporting.tenths import count_tenths

FEWEST = 10  # students, for a discrimination
LOW = 0.2  # discrimination below which a cell is to be looked at
_CLASS = 2  # students, for something to be true of everybody
_DIGITS = 9  # of a sum of points: without rounding, equal sums differ in the last digits and seem to have a spread


class CellMark(NamedTuple):
    """One student's points in one graded cell.

    ``waits`` says whether they are for a person to give or to confirm.
    """

    student: str
    notebook: str
    grade_id: str
    points: float
    max_score: float
    waits: bool


@dataclass
class CellResult:
    """How the class did in one graded cell.

    Only students count whose notebook was run to its end, and whose points here wait for nobody.

    Attributes
    ----------
    notebook, grade_id : str
    max_score : float
        The points that there are to win.
    full : int
        How many students have all of them.
    of : int
        How many students count.
    mean : float, optional
        The difficulty: their mean share of the points, from 0 to 1.
    counts : list of int
        How many students have each tenth of the points.
    waiting : int
        How many more students wait for a person here.
    unanswered : int, optional
        How many students did not answer; None if it is not known.
    discrimination : float, optional
        The correlation of the points here with the points in the other cells of the assignment.
    undefined : str
        Why there is no discrimination.
    compared : int
        How many students the discrimination is computed from.
    """

    notebook: str
    grade_id: str
    max_score: float
    full: int
    of: int
    mean: float | None
    counts: list[int] = field(default_factory=list)
    waiting: int = 0
    unanswered: int | None = None
    discrimination: float | None = None
    undefined: str = ""
    compared: int = 0

    @property
    def failed(self) -> int:
        """How many students have not all the points."""
        return self.of - self.full

    @property
    def hints(self) -> list[str]:
        """What the numbers suggest to look at."""
        found = []
        if self.discrimination is not None and self.discrimination < 0:
            found.append("negative: is the test wrong, or can the question be misread?")
        elif self.discrimination is not None and self.discrimination < LOW:
            found.append("low: does it check what the question asks?")
        if self.mean == 0 and self.of >= _CLASS and self.unanswered != self.of:
            found.append("nobody has points: can it be solved?")
        if self.unanswered and 2 * self.unanswered > self.of + self.waiting:
            found.append("most did not answer: was there time?")
        return found


_Marks = dict[str, CellMark]  # of one cell, by student
_Cell = tuple[str, str]  # notebook and nbgrader id


def analyse(
    marks: Iterable[CellMark], answered: Mapping[tuple[str, str], Mapping[str, bool]] | None = None
) -> list[CellResult]:
    """Return the analysis of every cell that is worth something, the hardest first.

    Parameters
    ----------
    marks : iterable of CellMark
        Of the notebooks that were run to their end.
    answered : mapping, optional
        By student and notebook, whether each cell was answered.
    """
    cells: dict[_Cell, _Marks] = defaultdict(dict)
    for mark in marks:
        if mark.max_score > 0:
            cells[mark.notebook, mark.grade_id][mark.student] = mark
    compared = {cell for cell, those in cells.items() if not _is_open(those)}
    totals = _totals([cells[cell] for cell in compared])
    results = []
    for cell, those in cells.items():
        result = _describe(those)
        result.unanswered = _count_unanswered(those, answered or {})
        _add_discrimination(result, those, totals, has_others=bool(compared - {cell}), is_part=cell in compared)
        results.append(result)
    return sorted(results, key=lambda cell: (cell.mean is None, cell.mean, -cell.failed, cell.notebook, cell.grade_id))


def _is_open(marks: _Marks) -> bool:
    """Return whether more than half wait for a person here: such a cell is in nobody's total."""
    return 2 * sum(mark.waits for mark in marks.values()) > len(marks)


def _totals(cells: Sequence[_Marks]) -> dict[str, float]:
    """Return by student the points in these cells together, without the students who wait for a person in one."""
    totals: dict[str, float] = defaultdict(float)
    waiting = set()
    for marks in cells:
        for student, mark in marks.items():
            totals[student] += mark.points
            if mark.waits:
                waiting.add(student)
    return {student: total for student, total in totals.items() if student not in waiting}


def _describe(marks: _Marks) -> CellResult:
    first = next(iter(marks.values()))
    shares = [mark.points / mark.max_score for mark in marks.values() if not mark.waits]
    return CellResult(
        first.notebook,
        first.grade_id,
        first.max_score,
        full=sum(share >= 1 for share in shares),
        of=len(shares),
        mean=statistics.fmean(shares) if shares else None,
        counts=count_tenths(shares),
        waiting=len(marks) - len(shares),
    )


def _count_unanswered(marks: _Marks, answered: Mapping[tuple[str, str], Mapping[str, bool]]) -> int | None:
    known = [answered.get((mark.student, mark.notebook), {}).get(mark.grade_id) for mark in marks.values()]
    return None if all(answer is None for answer in known) else known.count(False)


def _add_discrimination(
    result: CellResult, marks: _Marks, totals: Mapping[str, float], *, has_others: bool, is_part: bool
) -> None:
    """Correlate the points in a cell with the total without it, which is called the corrected item-total correlation.

    Parameters
    ----------
    result : CellResult
    marks : dict of CellMark
        By student.
    totals : mapping
        By student, the points in the cells that are compared.
    has_others : bool
        Whether there is another cell among those that are compared.
    is_part : bool
        Whether this cell is one of them.
    """
    students = [student for student, mark in marks.items() if student in totals and not mark.waits]
    here = [marks[student].points for student in students]
    elsewhere = [round(totals[student] - is_part * marks[student].points, _DIGITS) for student in students]
    result.compared = len(students)
    result.undefined = _why_undefined(here, elsewhere, has_others=has_others)
    if not result.undefined:
        result.discrimination = statistics.correlation(here, elsewhere)


def _why_undefined(here: list[float], elsewhere: list[float], *, has_others: bool) -> str:
    if not has_others:
        return "no other cell to compare with"
    if len(here) < FEWEST:
        return f"fewer than {FEWEST} students"
    if min(here) == max(here):
        return "all have the same points here"
    if min(elsewhere) == max(elsewhere):
        return "all have the same points elsewhere"
    return ""
