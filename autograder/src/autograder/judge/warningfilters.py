"""What a test has set about warnings, for the answers that it calls: filters, and NumPy's errors in arithmetic."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

_Filter = list[Any]  # action, text, module and name of the kind of warning, module, line: as JSON has it


class WarningSettings:
    """How warnings are treated in this process now."""

    def __init__(self) -> None:
        self._filters, self._errors = _read_filters(), _read_numpy_errors()

    def changes(self) -> dict[str, Any]:
        """Return what has been set since, as JSON-like data; nothing if nothing has."""
        found: dict[str, Any] = {}
        if (filters := _read_filters()) != self._filters:
            # New filters come first, and one that is set again moves there.
            new = next(count for count in range(len(filters) + 1) if _is_part(filters[count:], self._filters))
            found["warning_filters"] = filters[:new]
        if errors := {name: do for name, do in _read_numpy_errors().items() if do != self._errors.get(name)}:
            found["numpy_errors"] = errors
        return found


@contextlib.contextmanager
def changed_settings(changes: dict[str, Any]) -> Iterator[None]:
    """Treat warnings as `WarningSettings.changes` says, as well as it was said here."""
    with contextlib.ExitStack() as undo:
        if found := [made for parts in changes.get("warning_filters", ()) if (made := _make_filter(*parts))]:
            undo.enter_context(warnings.catch_warnings())
            filters: Any = warnings.filters
            filters[:] = [*found, *(one for one in filters if one not in found)]
            warnings._filters_mutated()  # type: ignore[attr-defined]
        if "numpy_errors" in changes and "numpy" in sys.modules:
            undo.enter_context(sys.modules["numpy"].errstate(**changes["numpy_errors"]))
        yield


def _read_filters() -> list[_Filter]:
    filters: Any = warnings.filters
    return [
        [action, _pattern(text), kind.__module__, kind.__name__, _pattern(module), line]
        for action, text, kind, module, line in filters
    ]


def _pattern(text: str | re.Pattern[str] | None) -> str | None:
    return text.pattern if isinstance(text, re.Pattern) else text


def _make_filter(action: str, text: str | None, of: str, name: str, module: str | None, line: int) -> Any:
    """Return a filter as Python keeps it; None if the kind of warning is not known in this process."""
    kind = getattr(sys.modules.get(of), name, None)
    if not isinstance(kind, type) or not issubclass(kind, Warning):
        return None
    return action, text and re.compile(text, re.IGNORECASE), kind, module and re.compile(module), line


def _is_part(some: list[_Filter], all_: list[_Filter]) -> bool:
    """Return whether a list has some of the items of another one, in the same order."""
    rest = iter(all_)
    return all(one in rest for one in some)


def _read_numpy_errors() -> dict[str, str]:
    numpy = sys.modules.get("numpy")
    found: dict[str, str] = numpy.geterr() if numpy and hasattr(numpy, "geterr") else {}
    return found
