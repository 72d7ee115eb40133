"""What ``make bench`` has measured, as a page of the docs: ``python -m tests.speed_page`` writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


_FORMATS = ("{:.1f}", "{:.2f}", "{:.2f}", "{:.2f}", "{:.2f}", "{:.0f} MiB")


def page(told: dict[str, Any]) -> str:
    """Return the page in Markdown, from the contents of ``bench.json``."""
    rows = [f"| {' | '.join(row(same, told['cores']))} |" for same in zip(*told["runs"], strict=True)]
    return _TEXT.format(**{**told, "runs": len(told["runs"])}, rows="\n".join(rows))


def row(runs: Sequence[dict[str, Any]], cores: int) -> list[str]:
    """Return what a table says of one class, given how it was measured in each run: medians."""
    first = runs[0]
    figures = map(median, zip(*(_figures(one, cores) for one in runs), strict=True))
    shown = [form.format(value) for form, value in zip(_FORMATS, figures, strict=True)]
    return [first["course"], first["who"], str(first["notebooks"]), *shown]


def _figures(one: dict[str, Any], cores: int) -> tuple[float, ...]:
    """Return seconds, then for each notebook: seconds, of a core, in cells, around them; and memory a core in MiB."""
    workers = cores if one["who"] == "autograder" else 1
    each, inside = one["seconds"] / one["notebooks"], one["cells"] / one["notebooks"]
    return one["seconds"], each, workers * each, inside, workers * each - inside, one["memory"] / workers / 2**20


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    write()
