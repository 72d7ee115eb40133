"""What a test asks of the submission's objects, compared with what it asked of the reference solution's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

_POINTS = "result: a number"


class Trace:
    """The steps of one test after the other.

    Parameters
    ----------
    give_up : callable
        Gets the reason why a test cannot be judged and returns what is to be raised.
    own_classes : callable
        Returns the names of the submission's classes that are known.

    Attributes
    ----------
    steps : set of str
        What was asked in this test, and what came of it.
    allowed : set of str, optional
        The steps of the reference solution; None if they are to be found out.
    """

    def __init__(self, give_up: Callable[[str], BaseException], own_classes: Callable[[], Collection[str]]):
        self._give_up, self._own_classes = give_up, own_classes
        self.steps: set[str] = set()
        self.allowed: set[str] | None = None
        self._in_text: set[str] = set()
        self._labels: dict[str, str] = {}
        self._noticed: set[str] = set()

    def begin(self, allowed: set[str] | None, in_text: set[str]) -> None:
        """Begin a test; ``in_text`` are the names in its text."""
        self.steps, self.allowed, self._in_text = set(), allowed, in_text
        self._labels.clear()
        self._noticed.clear()

    def allows(self, step: str) -> bool:
        """Return whether the reference solution made this step, as far as that is known."""
        return self.allowed is None or self._without_names(step) in self.allowed

    def note(self, step: str) -> None:
        """Note a step, whether the reference solution made it or not."""
        self.steps.add(self._without_names(step))

    def demand(self, step: str) -> None:
        """Note a step that the reference solution has to have made.

        Raises
        ------
        Unjudged
            If it has not.
        """
        self.note(step)
        if not self.allows(step):
            raise self._give_up(_other(step))

    def notice(self, step: str) -> None:
        """Note a step that matters if the test passes: the reference solution has to have made it as well then."""
        step = self._without_names(step)
        self.steps.add(step)
        self._noticed.add(step)

    def conclude(self, *, passed: bool, is_number: bool) -> None:
        """Look at how the test has ended: a pass has to be like that of the reference solution.

        A result that is a number is taken by nbgrader for points, so it has to be one if the reference's is.
        """
        if is_number:
            self.steps.add(_POINTS)
        if self.allowed is None or not passed:
            return
        if (_POINTS in self.allowed) != is_number:
            self._give_up("its result is a number for the submission only, or for the reference solution only")
        for step in sorted(self._noticed - self.allowed):
            self._give_up(_other(step))

    def _without_names(self, step: str) -> str:
        """Return a step with numbers for classes that the test does not name: a submission may choose their names."""
        own = set(self._own_classes()) - self._in_text

        def label(word: re.Match[str]) -> str:
            if word[0] not in own:
                return word[0]
            return self._labels.setdefault(word[0], f"class {len(self._labels) + 1}")

        return re.sub(r"\w+", label, step) if own else step


def _other(step: str) -> str:
    return f"other than for the reference solution: {step}"
