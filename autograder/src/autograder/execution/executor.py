"""What runs the notebooks of a submission: the interface that every executor has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from nbformat import NotebookNode
from traitlets.config import Config

from autograder.judge.client import Finding
from autograder.judge.table import Table


class KernelLost(Exception):
    """A kernel did not start, or it ended through no fault of its notebook: the notebook can be run again."""


class RunResult(NamedTuple):
    """How one notebook ran.

    Attributes
    ----------
    seconds : float
        How long its cells took.
    stopped : str
        What ended the run before the last cell, or why the files that it wrote were not kept. Empty if neither.
    notes : list of str
        What the instructor should know about how the tests were decided.
    findings : dict of Finding
        By grade id, what came of the tests that a judge got.
    provisional : sequence of str
        The grade ids of the tests whose points a person is to look at.
    """

    seconds: float
    stopped: str
    notes: list[str]
    findings: Mapping[str, Finding] = {}
    provisional: Sequence[str] = ()


class Executor(Protocol):
    """Runs the notebooks of submissions, several submissions at a time.

    ``tests/engine/test_executor_conformance.py`` tests what every executor has to do.

    Attributes
    ----------
    capacity : int
        How many submissions are given to it at a time.
    """

    capacity: int

    def run(
        self,
        notebooks: Mapping[str, NotebookNode],
        tables: Mapping[str, Table],
        folder: Path,
        config: Config,
    ) -> dict[str, RunResult]:
        """Run the notebooks of one submission in place, one after the other, and return how each of them ran.

        It is called from several threads at once. What goes wrong through a fault of the submission raises nothing:
        the cells that did not run get an error output, and the result says why.

        Parameters
        ----------
        notebooks : mapping of NotebookNode
            By name. Their cells get outputs.
        tables : mapping of Table
            By the same names, which tests a judge decides; all tests of a notebook without a table run in its kernel.
        folder : Path
            The working directory of the kernels. Files that the notebooks write are there afterwards.
        config : Config
            The settings of the course.

        Raises
        ------
        KernelLost
            If a kernel was lost through no fault of its notebook. The submission can be run again, from a new copy.
        """
