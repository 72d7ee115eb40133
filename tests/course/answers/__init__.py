"""Submissions that a checker must judge rightly: wrong answers with the points they lose, unusual right ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest


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
    question : str
        The one answer that the case is about, if the tests of all other answers do not care: see
        `share_notebooks`.
    """

    name: str
    answers: dict[str, str]
    loses: tuple[str, ...] = ()
    question: str = ""


def share_notebooks(
    cases: Iterable[Case], unanswered: Mapping[str, str], tests: Mapping[str, tuple[str, ...]]
) -> list[Case]:
    """Put cases of different questions into one notebook, so that what all notebooks begin with runs less often.

    Parameters
    ----------
    cases : iterable of Case
        Those without a ``question`` stay alone.
    unanswered : mapping of str to str
        What stands for an answer that no case of a shared notebook gives. Answers that are not in here are then those
        of the reference solution.
    tests : mapping of str to tuple of str
        The grade ids of the tests that are lost with an answer that is not given.

    Returns
    -------
    list of Case
        What is to be handed in: each is to lose what its cases lose, and the tests of what is not answered.
    """
    alone, by_question = [], defaultdict(list)
    for case in cases:
        (by_question[case.question] if case.question else alone).append(case)
    shared = []
    for row in zip_longest(*by_question.values()):
        given = [case for case in row if case is not None]
        answers = {name: source for case in given for name, source in case.answers.items()}
        missing = [question for question in unanswered if question not in answers]
        loses = [test for case in given for test in case.loses] + [test for name in missing for test in tests[name]]
        name = "+".join(case.name for case in given)
        shared.append(Case(name, {**answers, **{name: unanswered[name] for name in missing}}, tuple(loses)))
    return alone + shared
