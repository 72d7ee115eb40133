"""What one forgery is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode


@dataclass(frozen=True)
class Case:
    """One submission that tries to win the points of a wrong answer.

    Attributes
    ----------
    name : str
        Whose submission it is.
    tries : str
        What it tries.
    code : str
        A cell of its own, before the answer.
    answer : str
        What stands in the cell that is to define ``double``.
    reached : str
        What shows that the forgery was carried out: a regular expression that is found in the outputs or notes. By
        default files show it, see `evidence`.
    leaves : str
        A further file that the notebook writes if the forgery was carried out.
    fair : float
        Points that the answer earns without forging, for it is right now and then.
    won : float
        Points that it would win if tests ran in its own process, of 2 for each of the three tests of ``double``.
    make : callable
        Changes the notebook.
    promise : str
        Which promise of `tests.system.promise_table` it shows, if that page is to name it.
    """

    name: str
    tries: str
    code: str = ""
    answer: str = "def double(x):\n    return 0"
    reached: str = ""
    leaves: str = ""
    fair: float = 0
    won: float = 6
    make: Callable[[NotebookNode], None] | None = None
    promise: str = ""

    @property
    def evidence(self) -> set[str]:
        """Files that the forger leaves: its own cell has run to its end, and tests have called the forged answer.

        `tests.engine.forgeries.suite` has both of them write one.
        """
        if self.reached:
            return set()
        parts = {"cell": bool(self.code), "answer": self.answer != Case.answer, self.leaves: bool(self.leaves)}
        return {part for part, is_forged in parts.items() if is_forged}
