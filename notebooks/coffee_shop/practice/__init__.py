"""The checks of the lessons' own tasks, "Your turn": no points, a tick or a kind word.

Each lesson has a module here. A check looks at what the student wrote and never stops the notebook: an untouched answer
is "not done yet", a wrong one is told what is expected and what was found.
"""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from coffee_shop import scorecard
from coffee_shop.checking import NotYet, answered, check

TURNS: list[tuple[str, str]] = []  # lesson and name of each check that has been imported
_UNTOUCHED = "Not answered yet: "


def your_turn(lesson: str, section: str) -> Callable[[Callable[..., str]], Callable[..., None]]:
    """Make a check of a function that raises an AssertionError at a wrong answer and returns a word about a right one.

    Parameters
    ----------
    lesson : str
        Name of the lesson's notebook, without its suffix.
    section : str
        Heading of the section to look at again.

    Returns
    -------
    callable
        A decorator. The decorated function prints what there is to say, and raises nothing.
    """

    def decorate(judge: Callable[..., str]) -> Callable[..., None]:
        name = next(iter(inspect.signature(judge).parameters))
        TURNS.append((lesson, name))

        @functools.wraps(judge)
        def checked(answer: Any, *helpers: Any) -> None:
            try:
                with redirect_stdout(io.StringIO()), check(lesson, section):
                    praise = judge(answered(_without_gaps(answer), f"my_{name}"), *helpers)
            except NotYet as told:
                print(*_lines(told), sep="\n")
            else:
                print(f"✓ {praise}")
                scorecard.record("turn", lesson, name, True)

        return checked

    return decorate


def number(value: Any, name: str) -> float:
    """Return ``value`` as a float, if it is a number of any library and no text.

    Raises
    ------
    NotYet
        If it is none.
    """
    try:
        if isinstance(value, (str, bytes, bool)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise NotYet(f"Expected a number, found `{name} = {value!r}`.") from None


def _without_gaps(answer: Any) -> Any:
    """Return the ``...`` that an answer still holds, or the answer."""
    parts: Any = ()
    if isinstance(answer, Mapping):
        parts = answer.values()
    elif isinstance(answer, (list, tuple)):
        parts = answer
    return ... if any(part is Ellipsis for part in parts) else answer


def _lines(told: NotYet) -> list[str]:
    text = str(told)
    if not text.startswith(_UNTOUCHED):
        return told._render_traceback_()
    return [f"○ Not done yet: {text.removeprefix(_UNTOUCHED).partition(' Look again')[0]}"]
