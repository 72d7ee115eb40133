"""Checks that speak kindly: what was expected, what was found, where to look again.

A test cell holds one idea::

    with check("03_grid_search", "Count the fits"):
        assert answered(count_fits(grid), "count_fits") == 36, "Three dials and ..."

Whatever goes wrong inside becomes one `NotYet`, two sentences long, instead of a traceback from deep inside.
"""

from __future__ import annotations

import re
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coffee_shop.quiet import silent_stderr

_WIDTH = 80  # nbgrader's validator cuts longer lines
_NOTED_LINE = re.compile(r"in (.+), line \d+: (.+)")


class NotYet(AssertionError):
    """A check that an answer does not meet yet; its text is written for the student."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in place of a traceback."""
        return textwrap.wrap(f"✗ {self}", _WIDTH)


def answered(value: Any, name: str) -> Any:
    """Return ``value``, or say kindly that ``name`` has not been answered.

    Raises
    ------
    NotYet
        If ``value`` is None or the ``...`` of an untouched cell.
    """
    if value is Ellipsis:
        raise NotYet(f"Not answered yet: `{name}` is still `...`.")
    if value is None:
        raise NotYet(f"Not answered yet: `{name}` gives nothing so far; a function has to `return` its result.")
    return value


def raises(error: type[Exception], call: Callable[[], Any], what: str) -> Exception:
    """Return the ``error`` that ``call()`` raises; ``what`` names the case in the message.

    Raises
    ------
    NotYet
        If it raises nothing or another error.
    """
    try:
        result = call()
    except error as raised:
        return raised
    except Exception as other:
        raise NotYet(f"Expected {error.__name__} for {what}, found {type(other).__name__}: {other}.") from None
    if result is None:
        raise NotYet(f"Not answered yet: {what} raises no {error.__name__} so far.")
    raise NotYet(f"Expected {error.__name__} for {what}, found no error.")


class check:
    """Context manager around the checks of one idea; it points to the lesson that explains it.

    Parameters
    ----------
    lesson : str
        Name of the lesson's notebook, without its suffix.
    section : str
        Heading of the section to look at again.

    Raises
    ------
    NotYet
        When the block fails, for whatever reason but an interrupt.
    """

    def __init__(self, lesson: str, section: str):
        self.pointer = f"Look again at lesson {lesson}, section “{section}”."

    def __enter__(self) -> None:
        # A warning on the error stream would cost the cell its points.
        self._silence = silent_stderr()
        self._silence.__enter__()

    def __exit__(self, kind, error, trace) -> None:
        self._silence.__exit__(None, None, None)
        if isinstance(error, KeyboardInterrupt):
            return
        if error is not None:
            raise NotYet(f"{_explain(error)} {self.pointer}") from None
        print("✓ Good so far.")


def _explain(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, NotYet) or (isinstance(error, AssertionError) and str(error) and _is_ours(frames[-1])):
        return str(error)
    if isinstance(error, NameError) and len(frames) == 1:  # not inside an answer
        return (
            f"`{error.name}` is not defined: the cell that defines it has not run yet, or it stopped with an error. "
            "After a restart, run all cells above first."
        )
    if isinstance(error, NotImplementedError):
        return "Not answered yet."
    what = f"{type(error).__name__}: {_brief(error)}"
    where = _where(error, frames)
    return f"Your code stopped with {what}{where}." if where else f"The test cannot use your answer. {what}."


def _brief(error: BaseException) -> str:
    return textwrap.shorten(str(error) or "no message", 300, placeholder=" …").rstrip(".")


def _where(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    """Return the student's own line that failed, never one of the test cell.

    Where the answer ran in another process than the test, `autograder` has noted the line with the error.
    """
    noted = [found for note in getattr(error, "__notes__", ()) if (found := _NOTED_LINE.fullmatch(note))]
    own = [f for f in frames[1:] if _is_in_cell(f) and f.filename != frames[0].filename and f.line]
    lines = [found.groups() for found in noted] or [(frame.name, frame.line) for frame in own]
    return " (in `{}`, at `{}`)".format(*lines[-1]) if lines else ""


def _is_ours(frame: traceback.FrameSummary) -> bool:
    """Return whether a line is of a notebook or of this package, and not of a library."""
    return _is_in_cell(frame) or Path(frame.filename).is_relative_to(Path(__file__).parent)


def _is_in_cell(frame: traceback.FrameSummary) -> bool:
    return "ipykernel_" in frame.filename or frame.filename.startswith("<ipython-input")
