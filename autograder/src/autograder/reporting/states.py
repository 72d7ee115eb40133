"""How far a submission is: graded, waiting for a person, failed, due, or not handed in at all."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from autograder.gradebook.journal import Entry


class State(StrEnum):
    """How far a submission, or one notebook of it, is.

    Attributes
    ----------
    GRADED
        Its marks stand.
    WAITING
        Some of its points are for a person to give or to confirm. Questions that are worth nothing do not count.
    FAILED
        It could not be run, not to its end, or its marks could not be recorded.
    DUE
        It was handed in, and is still to be graded.
    NOT_HANDED_IN
        There is nothing to grade.
    """

    GRADED = "graded"
    WAITING = "waiting for a person"
    FAILED = "failed"
    DUE = "due"
    NOT_HANDED_IN = "not handed in"


_MOST_URGENT_FIRST = (State.FAILED, State.WAITING, State.DUE)


def notebook_state(name: str, entry: Entry | None, *, waits: bool) -> State:
    """Return the state of a notebook that has marks in the gradebook.

    Parameters
    ----------
    name : str
        The name of the notebook.
    entry : Entry, optional
        The journal's entry of the submission. Where nbgrader itself has graded it, there is none.
    waits : bool
        Whether some of its points wait for a person.
    """
    if entry is not None:
        if name in entry.stopped:
            return State.FAILED
        if name not in entry.fingerprints:
            return State.DUE
        if name not in entry.seconds:  # the gradebook has no points for it, as nbgrader does
            return State.NOT_HANDED_IN
    return State.WAITING if waits else State.GRADED


def submission_state(states: Iterable[State]) -> State:
    """Return the state of a submission from those of its notebooks that have marks: the one to look at first."""
    handed_in = set(states) - {State.NOT_HANDED_IN}
    if not handed_in:
        return State.NOT_HANDED_IN
    return next((state for state in _MOST_URGENT_FIRST if state in handed_in), State.GRADED)
