"""What ``make bench`` has measured, as a page of the docs: ``python -m tests.speed_page`` writes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from autograder.layout import BUNDLED

MEASURED = BUNDLED.root / "bench.json"
PAGE = BUNDLED.root / "autograder" / "speed.md"
_TEXT = """# How fast it is

Made by `make bench` from what it has measured on one machine with {cores} cores: medians of {runs} runs, in each of
which all of this was graded one after the other. *nbgrader* is its own `nbgrader autograde`.

| course | grader | notebooks | seconds | seconds a notebook | of a core | in cells | around them | memory a core |
| :-- | :-- | --: | --: | --: | --: | --: | --: | --: |
{rows}

*plain* is a course whose one notebook fits one small Keras model; *exercises* are the three exercises of this
repository, solved, whose cells train for seconds whoever grades. *one by one* is `autograder grade` with one notebook
at a time: what cells take undisturbed. *of a core* is a notebook's share of the cores' time, *in cells* the part that
its cells take, as the kernel tells it; nbgrader's import TensorFlow, ours have it. *memory* is the peak of all
processes together, the one that grades included and shared pages counted once.

- As many notebooks a second as nbgrader, times: **{throughput_ratio:.1f}** on the plain course,
  {throughput_ratio_exercises:.1f} on the exercises.
- The seconds of the largest plain class, as a share of 1.25 × time in cells ÷ cores: **{time_vs_limit:.2f}** by the
  cells of that class, in which a core has another notebook to prepare beside them, and
  {time_vs_limit_undisturbed:.2f} by cells undisturbed.
"""


def page(told: dict[str, Any]) -> str:
    """Return the page in Markdown, from the contents of ``bench.json``."""
    rows = "\n".join(_row(told["cores"], same) for same in zip(*told["runs"], strict=True))
    return _TEXT.format(**{**told, "runs": len(told["runs"])}, rows=rows)


def _row(cores: int, runs: Iterable[dict[str, Any]]) -> str:
    """Return one class's row, given how it was measured in each run."""
    runs = list(runs)
    first = runs[0]
    workers = cores if first["who"] == "autograder" else 1

    def middle(value: Callable[[dict[str, Any]], float]) -> float:
        return median(value(one) for one in runs)

    each = middle(lambda one: one["seconds"] / one["notebooks"])
    inside = middle(lambda one: one["cells"] / one["notebooks"])
    around = middle(lambda one: (workers * one["seconds"] - one["cells"]) / one["notebooks"])
    cells = [first["course"], first["who"], first["notebooks"], f"{middle(lambda one: one['seconds']):.1f}"]
    cells += [f"{value:.2f}" for value in (each, workers * each, inside, around)]
    cells.append(f"{middle(lambda one: one['memory']) / workers / 2**20:.0f} MiB")
    return f"| {' | '.join(map(str, cells))} |"


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    write()
