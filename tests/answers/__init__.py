"""Submissions that a checker must judge rightly: wrong answers with the points they lose, unusual right ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """The reference solution with some answers replaced.

    Attributes
    ----------
    name : str
        What the student did; also the name of the folder that the submission is written to.
    answers : dict
        New source by the grade id of the answer cell.
    loses : tuple of str
        The grade ids of the test cells that must lose their points, no more and no fewer; none for a right
        answer.
    """

    name: str
    answers: dict[str, str]
    loses: tuple[str, ...] = ()
