"""Grade the same submissions with `autograder grade` and with stock nbgrader, side by side: ``make bench``.

It appends to ``bench.json`` and makes from it ``autograder/docs/speed.md`` and its chart. Ratios are medians over three
runs; seconds are those of this machine on this day. On a machine that does other things as well nothing is recorded:
``python -m tests.system.bench --force`` measures there all the same.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import psutil
from rich.console import Console
from rich.table import Table

from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.kernels.cores import CORES
from tests.support import ROOT, activated
from tests.system import speed_page
from tests.system.bench_courses import KINDS

RUNS = 3
ALONE = 8  # of the Keras course graded by us with one notebook at a time, which shows what cells take undisturbed
LIMITED = "keras"  # the course whose time is compared with that of its cells
BUSY = 10  # percent of the processors' time that others may take before the measurement begins
SLACK = 1.25  # how much more than the students' own code, shared by the cores, a class may take


@dataclass(frozen=True)
class Measured:
    """One class, graded once; ``cells`` is the seconds inside the students' cells, ``memory`` the peak in bytes."""

    who: str
    course: str
    notebooks: int
    seconds: float
    cells: float
    memory: int

    @property
    def notebooks_per_second(self) -> float:
        return self.notebooks / self.seconds


def measure(who: str, name: str, course: Course) -> Measured:
    """Grade a class in processes of its own and say what it took; nbgrader writes the feedback pages as well."""
    grade = ["grade", "--course", str(course.root), "--json"]
    assignment = KINDS[name].assignment
    nbgrader = [sys.executable, "-m", "nbgrader"]
    commands = {
        "autograder": [[sys.executable, "-m", "autograder", *grade]],
        "one by one": [[sys.executable, "-c", _ONE_BY_ONE, *grade]],
        "nbgrader": [[*nbgrader, "autograde", assignment, "--create"], [*nbgrader, "generate_feedback", assignment]],
    }
    start = time.perf_counter()
    memory = max(_run(command, course.root) for command in commands[who])
    seconds = time.perf_counter() - start
    graded = sorted((course.root / "autograded").glob("*/*/*.ipynb"))
    if any(score == 0 for marks in course.scores(assignment).values() for score in marks.values()):
        raise SystemExit(f"{who} gave no points for right answers in {course.root}")
    cells = sum(_seconds_in_cells(path) for path in graded)
    return Measured(who, name, len(graded), seconds, cells, memory)


def _run(command: list[str], folder: Path) -> int:
    """Run a command and return the most memory that it and what it starts had, in bytes."""
    process = psutil.Popen(
        command,
        cwd=folder,
        env={**activated(), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = _Memory(process)
    memory.start()
    if process.wait() != 0:
        raise SystemExit(f"{' '.join(command[2:4])} failed in {folder}")
    return memory.peak


_PAUSE = 2  # s; to look more often would slow down what is measured
_ONE_BY_ONE = """
from autograder import cli
from autograder.execution.local import LocalExecutor
LocalExecutor.capacity = 1
cli.main()
"""


class _Memory(threading.Thread):
    """Watches the memory of a process and all that it starts, shared pages counted once."""

    def __init__(self, process: psutil.Popen):
        super().__init__(daemon=True)
        self._process = process
        self.peak = 0

    def run(self) -> None:
        while self._process.is_running():
            self.peak = max(self.peak, sum(_share(one) for one in _family(self._process)))
            time.sleep(_PAUSE)


def _family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _share(process: psutil.Process) -> int:
    """Return the bytes a process holds, with its part of what it shares; psutil's own sum takes ten times as long."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _seconds_in_cells(path: Path) -> float:
    times = [cell.metadata.get("execution", {}) for cell in notebooks.read(path).cells]
    ran = [(t["iopub.execute_input"], t["shell.execute_reply"]) for t in times if "shell.execute_reply" in t]
    return sum((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() for start, end in ran)


def measure_all(workshop: Path) -> Iterator[Measured]:
    """Grade every class both ways, once, and yield what each took as soon as it is known."""
    for name, kind in KINDS.items():
        course = kind.make(workshop / name, max(kind.classes))
        yield measure("nbgrader", name, _smaller(course, workshop / "stock" / name, kind.stock))
        if name == LIMITED:
            yield measure("one by one", name, _smaller(course, workshop / "alone" / name, ALONE))
        for students in kind.classes:
            yield measure("autograder", name, _smaller(course, workshop / str(students) / name, students))


def _smaller(course: Course, root: Path, students: int) -> Course:
    """Return a copy of a course in which only the first so many students have handed in."""
    shutil.copytree(course.root, root)
    for folder in sorted((root / "submitted").iterdir())[students:]:
        shutil.rmtree(folder)
    return Course(root)


def ratio(measured: list[Measured], course: str) -> float:
    """Return how many times as many notebooks a second we grade as stock nbgrader, largest class against stock's."""
    rates = {(one.who, one.notebooks): one.notebooks_per_second for one in measured if one.course == course}
    ours = max(key for key in rates if key[0] == "autograder")
    stock = next(key for key in rates if key[0] == "nbgrader")
    return rates[ours] / rates[stock]


def time_against_limit(measured: list[Measured], undisturbed: bool) -> float:
    """Return the seconds of our largest class of the Keras course as a share of the limit; up to 1 keeps it.

    The limit follows from the seconds inside the students' cells: as they were in that class, where a core has another
    notebook to prepare beside them, or as they are ``undisturbed``, when nothing else runs.
    """
    limited = [one for one in measured if one.course == LIMITED]
    largest = max(limited, key=lambda one: (one.who == "autograder", one.notebooks))
    reference = next(one for one in limited if one.who == "one by one") if undisturbed else largest
    cells = largest.notebooks * reference.cells / reference.notebooks
    return largest.seconds / (SLACK * cells / CORES)


def show(measured: list[Measured], console: Console) -> None:
    """Print a row for each class of one run."""
    table = Table("course", "grader", "notebooks", "seconds", "each", "of a core", "in cells", "around", "memory/core")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in measured:
        table.add_row(*speed_page.row([asdict(one)], CORES))
    console.print(table)


def busy(seconds: float = 5) -> float:
    """Return the percentage of the processors' time that whatever runs on this machine takes just now."""
    spent = psutil.cpu_times_percent(interval=seconds)
    return 100 - spent.idle - getattr(spent, "iowait", 0)


def refuse_if_busy(share: float) -> None:
    """Raise `click.ClickException` if the machine does so much else that the figures would tell of that."""
    if share > BUSY:
        raise click.ClickException(
            f"this machine is busy: {share:.0f} % of its processors' time is taken, and {BUSY} % may be. Nothing was "
            "measured. Wait until it is idle, or measure without recording: python -m tests.system.bench --force"
        )


def entry(runs: list[list[Measured]]) -> dict[str, Any]:
    """Return what is recorded of these runs: when, what and where it was, the ratios' medians, and all figures."""
    graded = dict.fromkeys(one.course for one in runs[0])
    return {
        "date": date.today().isoformat(),
        "commit": _commit(),
        "machine": f"{CORES} cores, {_processor()}",
        "cores": CORES,
        "feedback": True,  # whether nbgrader has written the feedback pages as well
        "ratios": {name: statistics.median(ratio(run, name) for run in runs) for name in graded},
        "time_vs_limit": statistics.median(time_against_limit(run, undisturbed=False) for run in runs),
        "time_vs_limit_undisturbed": statistics.median(time_against_limit(run, undisturbed=True) for run in runs),
        "runs": [[asdict(one) for one in run] for run in runs],
    }


def record(measured: dict[str, object], path: Path = speed_page.MEASURED) -> None:
    """Append a measurement to the history in this file."""
    history = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    path.write_text(json.dumps([*history, measured], indent=1) + "\n", encoding="utf-8")


def _commit() -> str:
    """Return the short name of the commit, with a + if files have changed since; "unknown" outside a clone."""
    return _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain") else "") or "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    """Return the name of this machine's processor, or of its architecture if nothing tells more."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@click.command()
@click.option("--force", is_flag=True, help="Measure on a busy machine too, and record nothing.")
def main(force: bool) -> None:
    """Measure, write it down and end with the two numbers that count."""
    if not force:
        refuse_if_busy(busy())
    console = Console() if sys.stdout.isatty() else Console(width=120)
    runs = []
    for number in range(1, RUNS + 1):
        with tempfile.TemporaryDirectory() as workshop, console.status(f"Run {number} of {RUNS} ..."):
            runs.append([*measure_all(Path(workshop))])
        show(runs[-1], console)
    measured = entry(runs)
    if not force:
        record(measured)
        speed_page.write()
    for name, value in measured["ratios"].items():
        console.print(f"throughput ratio vs nbgrader, {name}: {value:.1f}")
    console.print(f"time vs limit by undisturbed cells: {measured['time_vs_limit_undisturbed']:.2f}")
    console.print(f"time vs limit: {measured['time_vs_limit']:.2f}")


if __name__ == "__main__":
    main()
