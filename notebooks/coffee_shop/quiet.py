"""Keep library chatter out of the error stream, which a reader takes for trouble and nbgrader for a failure."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard warnings, log records and everything written to standard error, C++ libraries included."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    level = logging.root.manager.disable
    try:
        os.dup2(nowhere, 2)
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
