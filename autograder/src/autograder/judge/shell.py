"""Run cells in this process, without Jupyter's sockets, and keep what they show."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder.judge.namespace import LiveNamespace
from autograder.judge.stream import Stream

Output = dict[str, Any]
_HERE = str(Path(__file__).parent)
_REHEARSALS = 10  # after so many calls Python has adapted the code that runs a cell, which it would do in every judge


class CellShell(InteractiveShell):
    """An IPython shell that keeps the outputs of the cell that it runs.

    Attributes
    ----------
    outputs : list of dict
        As nbformat has them.
    """

    outputs: list[Output]
    kernel = None  # pandas shows wide tables as in a notebook if a shell has this
    displayhook_class = Type(__name__ + "._Results")  # type: ignore[assignment]
    display_pub_class = Type(__name__ + "._Displays")  # type: ignore[assignment]

    def run(self, source: str) -> list[Output]:
        """Run a cell as a notebook does and return its outputs."""
        self.outputs = []
        with (
            contextlib.redirect_stdout(Stream(partial(self.print, "stdout"))),
            contextlib.redirect_stderr(Stream(partial(self.print, "stderr"))),
        ):
            # Without a history: what the names here hold, a test may show or pass on.
            result = self.run_cell(source, store_history=False)  # type: ignore[no-untyped-call]
        error = result.error_before_exec or result.error_in_exec
        if error is not None and not any(output["output_type"] == "error" for output in self.outputs):
            self._showtraceback(type(error), error, [type(error).__name__])  # IPython shows some of them otherwise
        return self.outputs

    def should_run_async(self, raw_cell: str, **details: Any) -> bool:
        """Return whether a cell awaits something outside of its functions. IPython compiles every cell to find out."""
        return ("await" in raw_cell or "async" in raw_cell) and super().should_run_async(raw_cell, **details)

    def _get_exc_info(self, exc_tuple: Any = None) -> Any:
        """Return what a traceback is made of, without the lines of the judge itself."""
        kind, value, trace = super()._get_exc_info(exc_tuple)  # type: ignore[no-untyped-call]
        _hide_own_frames(value)
        return kind, value, value.__traceback__ if value is not None else trace

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        try:
            text = str(evalue)
        except Exception:
            text = ""
        self.outputs.append({"output_type": "error", "ename": etype.__name__, "evalue": text, "traceback": stb})

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no window."""

    def print(self, name: str, text: str) -> None:
        """Add a text to the stream of this name."""
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") == name:
            last["text"] += text
        elif text:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})


def _hide_own_frames(error: BaseException | None) -> None:
    """Take the frames of this package out of the tracebacks of an error and of those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kept = [
            trace for trace in _chain(error.__traceback__) if not trace.tb_frame.f_code.co_filename.startswith(_HERE)
        ]
        for trace, after in zip(kept, [*kept[1:], None], strict=True):
            trace.tb_next = after
        error.__traceback__ = kept[0] if kept else None
        error = error.__cause__ or error.__context__


def _chain(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        following = trace.tb_next
        yield trace
        trace = following


class _Results(DisplayHook):
    def write_output_prompt(self) -> None:
        """Show no prompt."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Keep a cell's result."""
        shell = CellShell.instance()
        number = shell.execution_count
        shell.outputs.append(
            {
                "output_type": "execute_result",
                "data": format_dict,
                "metadata": md_dict or {},
                "execution_count": number,
            }
        )


class _Displays(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, source: Any = None, **settings: Any) -> None:
        """Keep what a cell displays."""
        CellShell.instance().outputs.append({"output_type": "display_data", "data": data, "metadata": metadata or {}})


class _Main:
    """What ``__main__`` is for the cells: a module whose names are a `LiveNamespace`."""

    __name__ = "__main__"


class PreparedShell:
    """A shell, and the names that its cells see; the fork server makes it, and every judge activates its copy.

    Attributes
    ----------
    shell : CellShell
    namespace : LiveNamespace
    """

    def __init__(self) -> None:
        before = sys.modules["__main__"]
        self.namespace = LiveNamespace(__name__="__main__", __doc__=None)
        self._module = _Main()
        self._module.__dict__ = self.namespace
        config = Config({"HistoryManager": {"enabled": False}})  # no database, and no thread that writes to it
        shell: Any = CellShell.instance(user_module=self._module, user_ns=self.namespace, config=config)
        self.shell: CellShell = shell
        # What the first cells would make otherwise.
        shell.transform_cell("x = 1")
        shell.display_formatter.format([1])
        for _ in range(_REHEARSALS):
            self.shell.run("print()")
        CellShell.clear_instance()
        sys.modules["__main__"] = before

    def activate(self) -> None:
        """Have this be the shell of this process."""
        for kind in CellShell._walk_mro():
            kind._instance = self.shell  # type: ignore[assignment]
        sys.modules["__main__"] = self._module  # type: ignore[assignment]
