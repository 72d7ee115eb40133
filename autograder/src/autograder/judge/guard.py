"""Keep what a submission has sent from being run in the judge: its values and files are to be looked at only.

The submission's code never runs in this process, so nothing can take the audit hook away again.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

_LIBRARY = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
# These run text that may be the submission's, such as the examples of a docstring.
_RUN_TEXT = tuple(f"{os.sep}{name}.py" for name in ("bdb", "code", "doctest", "pdb", "profile", "cProfile", "runpy",
                                                    "timeit", "trace"))  # fmt: skip
_OTHER_PROGRAMS = frozenset(
    ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn")
)
_BYTECODE = (".pyc", ".pth", ".so", ".pyd", ".dll", ".dylib")


class Guard:
    """Ends the judging of a test that would run what the submission has sent.

    Parameters
    ----------
    give_up : callable
        Gets the reason and returns what is to be raised.

    Attributes
    ----------
    active : bool
        Whether a test runs.
    """

    def __init__(self, give_up: Callable[[str], BaseException]):
        self.active = False
        self._give_up = give_up
        self._received: set[str] = set()

    def install(self) -> None:
        """Watch this process from now on."""
        sys.addaudithook(self._look)
        sys.meta_path.insert(0, self)

    def receive(self, path: str) -> bool:
        """Note that a file comes from the submission; return whether it may be written."""
        parts = os.path.normpath(path).split(os.sep)
        self._received.add(os.path.abspath(path))
        return "__pycache__" not in parts and not path.endswith(_BYTECODE)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Leave every import to Python's own finders, unless they would find a file of the submission's."""
        if self._received:
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.origin and os.path.abspath(spec.origin) in self._received:
                raise self._give_up(f"the test imports `{name}`, which is a file of the submission's")
        return None

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "compile":
            self._look_at_compiler(arguments[1], sys._getframe(1).f_code.co_filename)
        elif event == "exec":
            self._refuse_received(getattr(arguments[0], "co_filename", ""))
        elif event in _OTHER_PROGRAMS:
            raise self._give_up(f"the test starts another program ({event})")
        elif event in ("pickle.find_class", "ctypes.dlopen") or (event == "marshal.loads" and not _called_by_import()):
            raise self._give_up(f"the test loads code ({event})")

    def _look_at_compiler(self, filename: Any, caller: str) -> None:
        self._refuse_received(filename)
        is_library = caller.startswith((*_LIBRARY, "<frozen ")) and not caller.endswith(_RUN_TEXT)
        if not is_library or _is_evaluated_by_pandas():
            raise self._give_up("the test runs text as code")

    def _refuse_received(self, filename: Any) -> None:
        if isinstance(filename, str) and os.path.abspath(filename) in self._received:
            name = os.path.basename(filename)[:100]
            raise self._give_up(f"the test runs {name}, which is a file of the submission's")


def _is_evaluated_by_pandas() -> bool:
    """Return whether a text is compiled for ``DataFrame.query`` or ``eval``, whose text can reach all that is there."""
    frame = sys._getframe(3)
    while frame is not None:
        if os.path.join("pandas", "core", "computation") in frame.f_code.co_filename:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _called_by_import() -> bool:
    """Return whether Python's import has caused the event that an audit hook looks at."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen ")
