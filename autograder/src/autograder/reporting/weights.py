"""What other points for the questions would do to the marks of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.reporting.items import CellResult
from autograder.reporting.summary import Summary

_DIGITS = 6


@dataclass(frozen=True)
class Weights:
    """The numbers that the marks of a class follow from.

    A student keeps the share of each cell's points, and being late costs the same share of the total.

    Attributes
    ----------
    assignment : str
    cells : list of CellResult
        The graded cells that are worth something.
    won : list of list of float
        By student, the points in each of these cells.
    rest : list of float
        By student, the points in cells that are worth nothing.
    kept : list of float
        By student, the share of the total that being late leaves.
    """

    assignment: str
    cells: Sequence[CellResult]
    won: Sequence[Sequence[float]]
    rest: Sequence[float]
    kept: Sequence[float]

    @property
    def points(self) -> list[float]:
        """The points of each cell as they are now."""
        return [cell.max_score for cell in self.cells]

    @property
    def names(self) -> list[str]:
        """The name of each cell, with that of its notebook before it."""
        return [f"{cell.notebook}/{cell.grade_id}" for cell in self.cells]

    def totals(self, points: Sequence[float]) -> list[float]:
        """Return the marks of the students if the cells had these points."""
        return [
            kept * (rest + sum(own / now * new for own, now, new in zip(won, self.points, points, strict=True)))
            for won, rest, kept in zip(self.won, self.rest, self.kept, strict=True)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return what the script of the report computes the same from."""
        numbers = {"points": self.points, "won": self.won, "rest": self.rest, "kept": self.kept}
        return {"assignment": self.assignment, "names": self.names, **numbers}


def read_weights(summary: Summary) -> Weights:
    """Return the numbers of everybody with marks, the cells in the order of their names."""
    cells = sorted(summary.cells, key=lambda cell: (cell.notebook, cell.grade_id))
    won, rest, kept = [], [], []
    for student in summary.marked:
        points = [student.cells.get((cell.notebook, cell.grade_id), 0) for cell in cells]
        before = student.score + student.late_penalty
        won.append([round(n, _DIGITS) for n in points])
        rest.append(round(before - sum(points), _DIGITS))
        kept.append(round(student.score / before, _DIGITS) if before else 1)
    return Weights(summary.assignment, cells, won, rest, kept)
