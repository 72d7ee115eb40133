"""Keep Python from returning the memory of its call stack to the system again and again.

Since 3.11 CPython keeps the frames of running functions in chunks of 16 KiB. It takes a chunk from the system when a
call does not fit in the last one, and returns it when that call returns. Where a loop calls functions at the very end
of a chunk, every call costs two system calls and a page fault: 70,000 times while a large library is imported, 7,000
times in a small notebook. That is a quarter of the time that such a library takes to import.

The trick is a function whose frame claims to need half a megabyte. CPython takes a chunk that is large enough for it,
of the next larger power of two; as the frame itself uses nothing of that, all calls below it fit in the same chunk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_SLOTS = 2**16  # size of the frame, in words of 8 bytes


def call_with_large_frame_stack(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Return ``function(*args, **kwargs)``; all that it calls in this thread shares one chunk of half a megabyte."""
    return function(*args, **kwargs)


call_with_large_frame_stack.__code__ = call_with_large_frame_stack.__code__.replace(co_stacksize=_SLOTS)
