"""What a proof has found: which mutants the tests caught, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.proving.lists import Case, Equivalent
from autograder.proving.mutants import Mutant
from autograder.proving.runs import Outcome


@dataclass(frozen=True)
class ProvedTest:
    """A test of a notebook.

    Attributes
    ----------
    name : str
    points : float
    source : str
        With its hidden tests.
    reason : str
        Why no judge decides it; empty if one does.
    """

    name: str
    points: float
    source: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What came of a mutant.

    Attributes
    ----------
    mutant : Mutant
    caught_by : sequence of str
        The tests in which it lost points.
    meant_for : sequence of str
        The tests that use what it changes.
    outcome : Outcome
    reason : str
        Why it is no mistake, as a teacher says; empty if nobody says so.
    """

    mutant: Mutant
    caught_by: Sequence[str]
    meant_for: Sequence[str]
    outcome: Outcome
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        mutant = self.mutant
        return {
            "notebook": mutant.notebook,
            "question": mutant.cell,
            "name": mutant.name,
            "hash": mutant.digest,
            "line": mutant.line,
            "diff": mutant.diff,
            "caught_by": {name: self.outcome.messages.get(name, "") for name in self.caught_by},
            "meant_for": [*self.meant_for],
            "provisional": self.outcome.provisional,
            "stopped": self.outcome.stopped,
            "equivalent": self.reason or None,
        }


@dataclass(frozen=True)
class Count:
    """How many of some mutants were caught; those that are no mistakes do not count.

    Attributes
    ----------
    notebook, name : str
        What they belong to.
    mutants, caught, equivalent : int
    """

    notebook: str
    name: str
    mutants: int
    caught: int
    equivalent: int

    @property
    def score(self) -> float | None:
        """The share that was caught; None if there are no mutants."""
        return self.caught / self.mutants if self.mutants else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {**vars(self), "score": self.score}


def count(notebook: str, name: str, verdicts: Sequence[Verdict], test: str | None = None) -> Count:
    """Count some mutants; ``test`` is the only test that is to catch them, if it is given."""
    mistakes = [one for one in verdicts if not one.reason]
    caught = [one for one in mistakes if (test in one.caught_by if test else one.caught_by)]
    return Count(notebook, name, len(mistakes), len(caught), len(verdicts) - len(mistakes))


@dataclass(frozen=True)
class NotebookProof:
    """What came of the submissions for one notebook.

    Attributes
    ----------
    name : str
    questions : sequence of str
        The grade ids of the answers that have mutants or could have some.
    tests : sequence of ProvedTest
    references : sequence of Outcome
        The reference solution, run several times.
    blank : Outcome
        The notebook as it was released.
    verdicts : sequence of Verdict
    """

    name: str
    questions: Sequence[str]
    tests: Sequence[ProvedTest]
    references: Sequence[Outcome]
    blank: Outcome
    verdicts: Sequence[Verdict]

    @property
    def max_score(self) -> float:
        """The points of all tests."""
        return sum(test.points for test in self.tests)

    @property
    def survivors(self) -> list[Verdict]:
        """The mutants that no test has caught."""
        return [one for one in self.verdicts if not one.caught_by and not one.reason]

    @property
    def equivalents(self) -> list[Verdict]:
        """The mutants that are no mistakes, as a teacher says."""
        return [one for one in self.verdicts if one.reason]

    def by_question(self) -> list[Count]:
        """Count the mutants of each answer."""
        return [
            count(self.name, name, [one for one in self.verdicts if one.mutant.cell == name]) for name in self.questions
        ]

    def by_test(self) -> list[Count]:
        """Count for each test the mutants that are meant for it."""
        return [
            count(self.name, test.name, [one for one in self.verdicts if test.name in one.meant_for], test.name)
            for test in self.tests
        ]

    def caught_alone(self, test: str) -> int:
        """Return how many mutants only this test has caught."""
        return sum([*one.caught_by] == [test] for one in self.verdicts if not one.reason)

    def problems(self) -> list[str]:
        """Return what is wrong with the tests of this notebook, a line each."""
        found = self._problems_with_reference()
        if self.blank.score:
            given = [name for name, points in self.blank.points.items() if points]
            found.append(f"the blank notebook gets {self.blank.score:g} points: {', '.join(given)}")
        found += [
            f"{one.mutant.name} is listed as no mistake, but {', '.join(one.caught_by)} catches it"
            for one in self.equivalents
            if one.caught_by
        ]
        if number := len(self.survivors):
            found.append("1 mutant loses no points" if number == 1 else f"{number} mutants lose no points")
        if self.tests and not self.verdicts:
            found.append("there is no mutant: the reference solution holds no code that could be changed")
        return [f"{self.name}: {text}" for text in found]

    def _problems_with_reference(self) -> list[str]:
        found = []
        for number, outcome in enumerate(self.references):
            lost = [test.name for test in self.tests if outcome.points[test.name] < test.points]
            if lost:
                which = "the reference solution" + (f", run {number + 1} of {len(self.references)}," if number else "")
                why = "; ".join(f"{name}: {outcome.messages.get(name, '')}" for name in lost)
                found.append(f"{which} gets {outcome.score:g} of {self.max_score:g} points: {why}")
                break
        if unsure := sorted({name for outcome in self.references for name in outcome.provisional}):
            found.append(f"the reference solution's points are provisional: {', '.join(unsure)}")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        tests = [
            {
                **row.as_dict(),
                "points": test.points,
                "caught_alone": self.caught_alone(test.name),
                "judged": not test.reason,
                "reason": test.reason or None,
            }
            for test, row in zip(self.tests, self.by_test(), strict=True)
        ]
        return {
            "notebook": self.name,
            "max_score": self.max_score,
            "reference": [outcome.score for outcome in self.references],
            "provisional": sorted({name for outcome in self.references for name in outcome.provisional}),
            "blank": self.blank.score,
            "questions": [row.as_dict() for row in self.by_question()],
            "tests": tests,
            "survivors": [one.as_dict() for one in self.survivors],
            "equivalents": [one.as_dict() for one in self.equivalents],
            "caught": [one.as_dict() for one in self.verdicts if one.caught_by and not one.reason],
        }


@dataclass(frozen=True)
class CaseResult:
    """What came of a case.

    Attributes
    ----------
    case : Case
    outcomes : sequence of Outcome
        One; of a case that must get all points, several.
    """

    case: Case
    outcomes: Sequence[Outcome]

    @property
    def outcome(self) -> Outcome:
        """The outcome that was misjudged, if there is one."""
        return next((one for one in self.outcomes if self._wrong(one)), self.outcomes[0])

    def problem(self) -> str:
        """Return in which way it was misjudged; empty if it was not."""
        wrong = self._wrong(self.outcome)
        scores = [f"{one.score:g}" for one in self.outcomes]
        if wrong and len({str(one.points) for one in self.outcomes}) > 1:
            wrong.append(f"it is flaky: its runs got {', '.join(scores)} points")
        return "; ".join(wrong)

    def _wrong(self, outcome: Outcome) -> list[str]:
        case, points = self.case, outcome.points
        wrong = [f"{name} gives {points[name]:g}, not {mark:g}" for name, mark in case.marks.items()
                 if points[name] != mark]  # fmt: skip
        if not case.lowest <= outcome.score <= case.highest:
            wrong.insert(0, f"it gets {outcome.score:g} points, not {case.lowest:g} to {case.highest:g}")
        return wrong

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        case = self.case
        return {
            "case": case.name,
            "notebook": case.notebook,
            "lowest": case.lowest,
            "highest": case.highest,
            "score": self.outcome.score,
            "scores": [one.score for one in self.outcomes],
            "points": dict(self.outcome.points),
            "problem": self.problem() or None,
        }


@dataclass(frozen=True)
class Proof:
    """What a proof of an assignment's tests has found.

    Attributes
    ----------
    course, assignment : str
    notebooks : sequence of NotebookProof
    cases : sequence of CaseResult
    unknown : sequence of Equivalent
        What is listed as no mistake, and names no mutant.
    seconds : float
        How long it all took.
    """

    course: str
    assignment: str
    notebooks: Sequence[NotebookProof]
    cases: Sequence[CaseResult] = ()
    unknown: Sequence[Equivalent] = ()
    seconds: float = 0.0

    def total(self) -> Count:
        """Count all mutants."""
        return count("", self.assignment, [one for nb in self.notebooks for one in nb.verdicts])

    def problems(self) -> list[str]:
        """Return what is wrong, a line each; nothing if the tests are proved."""
        found = [text for nb in self.notebooks for text in nb.problems()]
        if not any(nb.tests for nb in self.notebooks):
            found.append("there is no test that could be proved")
        found += [f"case {one.case.name}: {text}" for one in self.cases if (text := one.problem())]
        found += [f"{one.notebook}: {one.mutant} is listed as no mistake, but is no mutant" for one in self.unknown]
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {
            "course": self.course,
            "assignment": self.assignment,
            **{key: value for key, value in self.total().as_dict().items() if key not in ("notebook", "name")},
            "seconds": round(self.seconds, 1),
            "problems": self.problems(),
            "notebooks": [nb.as_dict() for nb in self.notebooks],
            "cases": [one.as_dict() for one in self.cases],
        }


def lost_in(outcome: Outcome, reference: Mapping[str, float]) -> list[str]:
    """Return the tests that give a submission less than the reference solution."""
    return [name for name, points in reference.items() if outcome.points[name] < points]
