"""``autograder watch``: look at what was handed in, grade what is new in a process of its own, log one line a run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import click

from autograder.course.coursedir import Course, CourseBusy, CourseError
from autograder.course.text import printable
from autograder.gradebook.journal import lock
from autograder.session import Request, assignment_name, choose_sandbox, require_assignments
from autograder.watching.arrivals import Arrivals, HandIn
from autograder.watching.run import Run, by_assignment, grade_hand_ins

# A run is a fork of this process: it starts without seconds of imports, reads the settings as they are now, and gives
# all of its memory back when it ends. A fork has one thread only, and this process has no other.
_FORK = multiprocessing.get_context("fork")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Watch:
    """What was asked for besides the `Request`.

    Attributes
    ----------
    interval : float
        Seconds between two looks.
    release_feedback : bool
        Whether to release the feedback of who was graded, to nbgrader's exchange.
    log : Path
        The file that gets one line for each run.
    """

    interval: float
    release_feedback: bool
    log: Path


def watch(request: Request, wanted: Watch) -> None:
    """Grade what arrives in ``submitted/``, until this process gets SIGTERM, SIGINT or SIGHUP.

    Raises
    ------
    CourseError
        If the course cannot be graded here, or if another process watches it.
    OperationalError
        If the gradebook cannot be used at the start.
    OSError
        If the log cannot be written.
    """
    course = Course(request.folder, request.db_url)
    choose_sandbox(course, request)
    if request.assignment:
        assignment_name(course, request.assignment)
    require_assignments(course)
    if wanted.release_feedback and not course.directory().course_id:
        raise CourseError("feedback cannot be released: set c.CourseDirectory.course_id in nbgrader_config.py")
    with lock(course, course.scratch, "watching"):
        wanted.log.open("a").close()
        _end_on_signals()
        where = course.folder("submitted", "*", request.assignment or "*")
        click.echo(printable(f"Watching {where}, a look every {wanted.interval:g} s. Log: {wanted.log}"), err=True)
        _look_again_and_again(course, request, wanted)


def _look_again_and_again(course: Course, request: Request, wanted: Watch) -> None:
    arrivals = Arrivals(course, request.assignment)
    while True:
        hand_ins = arrivals.look()
        if hand_ins and (runs := _run_in_fork(request, hand_ins, wanted)) is not None:
            arrivals.settle(hand_ins, [HandIn(run.assignment, student) for run in runs for student in run.left])
            _write(wanted.log, runs)
        time.sleep(wanted.interval)


def _run_in_fork(request: Request, hand_ins: list[HandIn], wanted: Watch) -> list[Run] | None:
    """Return what became of these hand-ins, or None if they have to wait.

    Another process grades in the course just now, or the machine is short of processes.
    """
    ours, theirs = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(request, hand_ins, wanted, theirs))
    try:
        process.start()
    except OSError as error:
        click.echo(f"No run could be started: {error}", err=True)
        return None
    finally:
        theirs.close()
    with ours:
        try:
            result: list[Run] | None = ours.recv()
        except EOFError:
            process.join()
            reason = f"the run ended with exit status {process.exitcode}"
            result = [
                Run(assignment, failed=dict.fromkeys(students, reason))
                for assignment, students in by_assignment(hand_ins).items()
            ]
    process.join()
    return result


def _run(request: Request, hand_ins: list[HandIn], wanted: Watch, result: Connection) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)
    try:
        result.send(grade_hand_ins(request, hand_ins, release_feedback=wanted.release_feedback))
    except CourseBusy:
        result.send(None)


def _end_on_signals() -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background of a script, or with nohup
            signal.signal(number, _stop)


def _stop(*_: object) -> None:
    # Not by an exception: Python ignores one that is raised while it deletes an object.
    for process in multiprocessing.active_children():
        process.kill()  # its kernels end with it, and the submissions that they ran stay due
    os.write(2, b"Stopped. What was recorded is kept.\n")
    os._exit(0)


def _write(log: Path, runs: Iterable[Run]) -> None:
    for run in runs:
        if not (run.graded or run.failed):
            continue
        line = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S UTC} {run}"
        click.echo(line)
        try:
            with log.open("a", encoding="utf-8") as file:  # anew for each line: somebody may have moved it away
                file.write(f"{line}\n")
        except OSError as error:  # a full disk, say; what is recorded does not depend on it
            click.echo(f"The log could not be written: {error}", err=True)
