"""What one attack is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Otherwise:
    """What comes of an attack under Landlock, if it is not what comes of it in namespaces; see `Case`."""

    holds: str
    score: float
    note: str
    reached: str
    promise: str = ""


@dataclass(frozen=True)
class Case:
    """One submission that tries to do harm.

    Attributes
    ----------
    name : str
        Whose submission it is.
    tries : str
        What it tries.
    holds : str
        What must hold.
    code : str
        A cell of its own, between a right answer with its test and another. It may use what `prelude` gives. It calls
        ``reached`` when it makes its attempt, and ``breach`` if it has got what it wants.
    score : float
        Points that the submission earns: 2 for what ran before, 4 if what comes after has run as well.
    note : str
        What a note for the instructor says, as a regular expression.
    reached : str
        What shows that the attack was carried out and did not fail for a reason of its own: a regular expression that
        is found in the outputs or notes. By default it is what ``reached`` shows.
    works : bool
        Whether the attack works without a sandbox, and is harmless enough to show it.
    make : callable
        Adds files to the submission's folder, or changes its notebook.
    landlock : Otherwise
        What comes of it under Landlock, if that is something else.
    promise : str
        Which promise of `tests.system.promise_table` it shows, if that page is to name it.
    """

    name: str
    tries: str
    holds: str
    code: str = ""
    score: float = 4
    note: str = ""
    reached: str = ""
    works: bool = False
    make: Callable[[Path], None] | None = None
    landlock: Otherwise | None = None
    promise: str = ""

    def within(self, sandbox: str) -> Case:
        """Return the attack with what comes of it in this sandbox."""
        return replace(self, **asdict(self.landlock)) if sandbox == "landlock" and self.landlock else self

    @property
    def evidence(self) -> str:
        """The regular expression that ``reached`` gives, or is by default."""
        return self.reached or rf"ATTEMPT {self.name}\b"


# What comes of filling the disk, where no file system can be full.
FILES_TOO_LARGE = Otherwise(
    "It is ended, with the reason; what ran before keeps its marks.",
    score=2,
    note="its files add up to more than 32 MiB",
    reached="its files add up to more than 32 MiB",
    promise="measured disk",
)
REFUSED = Otherwise("It may write nothing there.", score=4, note="", reached="Permission denied")
TRACE = "attempt.txt"


def prelude(**known: str | int) -> str:
    """Return code that names what an attacker may well know, and functions that show what an attack has come to.

    ``reached`` prints that the attack makes its attempt; ``leave_trace`` writes it to a file, for an attack after which
    nothing that is printed arrives. ``attempt`` carries out an action, and calls ``reached`` and ``breach`` for it. An
    error that is a mistake in the attack itself is no attempt.
    """
    names = "\n".join(f"{name} = {value!r}" for name, value in known.items())
    return (
        "import os, pathlib, signal, socket, subprocess, sys, threading, time\n"
        f"{names}\n"
        "def reached():\n"
        "    print('ATTEMPT', NAME, flush=True)\n"
        "def leave_trace():\n"
        f"    pathlib.Path({TRACE!r}).write_text(f'ATTEMPT {{NAME}}')\n"
        "def breach(what):\n"
        "    print('BREACH', str(what)[:200])\n"
        "def attempt(action):\n"
        "    try:\n"
        "        breach(action())\n"
        "    except (NameError, TypeError, AttributeError, ImportError):\n"
        "        raise\n"
        "    except Exception as error:\n"
        "        print('failed:', str(error)[:200])\n"
        "    reached()\n"
    )
