"""Notice when a submission reaches for what decides on its marks: frames, tracing, all objects, code of others.

Python tells an audit hook of such steps before they are taken, and no hook can be taken away again. What libraries do
for their own ends is none of its business: only a step that the submission's own code takes, or has a module take that
hands frames out, counts. While a test runs it is refused; at other times it is told.
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from autograder.kernels.fair import Guard

_STEPS = {
    "sys._getframe": "looked at frames",
    "sys._current_frames": "looked at frames",
    "sys._current_exceptions": "looked at frames",
    "sys.settrace": "set a trace function",
    "sys.setprofile": "set a profile function",
    "gc.get_objects": "looked among all objects",
    "gc.get_referrers": "looked among all objects",
    "gc.get_referents": "looked among all objects",
    "code.__new__": "made code of its own",
    "ctypes.dlopen": "used ctypes",
    "ctypes.addressof": "used ctypes",
    "ctypes.cdata": "used ctypes",
    "ctypes.string_at": "used ctypes",
    "ctypes.call_function": "used ctypes",
}
_FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
_CODE = ("__code__", "__defaults__", "__kwdefaults__")
_MESSENGERS = tuple(f"/{name}.py" for name in ("inspect", "traceback", "logging/__init__", "bdb", "pdb", "threading"))


class Alarm:
    """An audit hook for one kernel.

    Attributes
    ----------
    running : bool
        Whether a test runs.
    told : list of str
        What it has noticed.
    recoded : list
        Functions that were given other code or defaults: function, name and what it had before.
    """

    def __init__(self, guard: Guard):
        self.running = False
        self.told: list[str] = []
        self.recoded: list[tuple[FunctionType, str, Any]] = []
        self._guard = guard

    def hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Return the hook itself."""
        steps, look, busy, whoami = _STEPS, self._look, set(), _thread.get_ident

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event in steps or event in ("object.__getattr__", "object.__setattr__", "compile", "open"):
                me = whoami()
                if me not in busy:
                    busy.add(me)
                    try:
                        look(event, args, sys._getframe(1))
                    finally:
                        busy.discard(me)

        return hook

    def _look(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        step = _STEPS.get(event, "")
        if event == "object.__setattr__" and args[1] in _CODE and type(args[0]) is FunctionType:
            step = self._recode(args[0], args[1])
        elif event == "object.__getattr__":
            own = args[1] == "__code__" and args[0].__globals__.get("__package__") == __package__
            step = "looked at frames" if args[1] in _FRAMES or own else ""
        elif event == "compile" and isinstance(args[1], str) and self._guard.is_trusted(args[1]):
            step = "compiled code that pretends to be a library's"
        elif event == "open" and str(args[0]).startswith("/proc/") and str(args[0]).endswith("/mem"):
            step = "opened the memory of a process"
        if step and self._is_theirs(frame):
            if step not in self.told:
                self.told.append(step)
            if self.running or event == "compile":
                raise RuntimeError(f"The submission {step}; that is refused here.")

    def _recode(self, function: FunctionType, name: str) -> str:
        if self._guard.is_foreign(function.__code__):
            return ""
        self.recoded.append((function, name, getattr(function, name)))
        return f"changed the code of {function.__module__}.{function.__qualname__}"

    def _is_theirs(self, frame: FrameType | None) -> bool:
        if frame is None:
            return False
        if frame.f_code.co_filename.endswith(_MESSENGERS) and frame.f_back is not None:
            frame = frame.f_back
        return self._guard.is_foreign(frame.f_code)
