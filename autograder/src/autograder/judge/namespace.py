"""The names of the judge's notebook: the instructor's are there, the submission's are asked for."""

from __future__ import annotations

import builtins
from typing import Any

from autograder.judge.questions import Questions


class LiveNamespace(dict[str, Any]):
    """A namespace for code that asks a submission for the names that it does not hold itself.

    Python looks a global name up in the namespace, then in its `__missing__`, and then among the builtins, in code of
    every cell, and of every function in it, whose globals this is.
    """

    questions: Questions | None = None

    def __missing__(self, name: str) -> Any:
        """Return what the submission has bound a name to."""
        questions = self.questions
        if questions is None or name.startswith("__"):
            raise KeyError(name)
        if hasattr(builtins, name) and name not in questions.live:
            raise KeyError(name)  # a builtin that only this submission has replaced
        if not questions.has(name):
            raise KeyError(name)
        return questions.get(name)
