"""What one attack is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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
        A cell of its own, between a right answer with its test and another. It may use what `prelude` gives, and calls
        ``breach`` if it has got what it wants.
    score : float
        Points that the submission earns: 2 for what ran before, 4 if what comes after has run as well.
    note : str
        What a note for the instructor says, as a regular expression.
    works : bool
        Whether the attack works without a sandbox, and is harmless enough to show it.
    make : callable
        Adds files to the submission's folder, or changes its notebook.
    """

    name: str
    tries: str
    holds: str
    code: str = ""
    score: float = 4
    note: str = ""
    works: bool = False
    make: Callable[[Path], None] | None = None


def prelude(**known: str | int) -> str:
    """Return code that names what an attacker may well know, and tells when it has got hold of something."""
    names = "\n".join(f"{name} = {value!r}" for name, value in known.items())
    return (
        "import os, pathlib, signal, socket, subprocess, sys, threading, time\n"
        f"{names}\n"
        "def breach(what):\n"
        "    print('BREACH', str(what)[:200])\n"
        "def attempt(action):\n"
        "    try:\n"
        "        breach(action())\n"
        "    except Exception as error:\n"
        "        print('failed:', str(error)[:200])\n"
    )
