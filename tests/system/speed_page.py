"""What ``make bench`` has measured, as a page of the docs with a chart of all that was ever measured.

``bench.json`` is a list of measurements, the newest last. ``python -m tests.system.speed_page`` writes the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from statistics import median
from typing import Any

from tests.support import DOCS, ROOT
from tests.system.bench_courses import KINDS

MEASURED = ROOT / "bench.json"
PAGE, CHART = DOCS / "speed.md", DOCS / "speed.svg"
_TEXT = """# How fast it is

Made by `make bench` from what it has measured on {date} at commit {commit} ({machine}): medians of {runs} runs, in each
of which all of this was graded one after the other. *nbgrader* is its own `nbgrader autograde`{feedback}.

As many notebooks a second as nbgrader, times:

| course | what its notebooks are | times as many |
| :-- | :-- | --: |
{ratios}

| course | grader | notebooks | seconds | seconds a notebook | of a core | in cells | around them | memory a core |
| :-- | :-- | --: | --: | --: | --: | --: | --: | --: |
{rows}

*one by one* is `autograder grade` with one notebook at a time: what cells take undisturbed. *of a core* is a notebook's
share of the cores' time, *in cells* the part that its cells take, as the kernel tells it; nbgrader's import the
libraries, ours have them. *memory* is the peak of all processes together, the one that grades included and shared pages
counted once. The seconds include the start of the command. Each class is the first of its assignment: ours also finds
out then which tests a judge can decide, once for all students. For the six students of *exercises*, that is half of it.

The seconds of the largest class of the course *keras*, as a share of 1.25 × time in cells ÷ cores:
**{time_vs_limit:.2f}** by the cells of that class, in which a core has another notebook to prepare beside them, and
{time_vs_limit_undisturbed:.2f} by cells undisturbed.

## Over time

![{alt}](speed.svg)
"""
_COLOURS = {"light": ("#0550ae", "#79c0ff"), "data": ("#116329", "#7ee787"), "keras": ("#8250df", "#d2a8ff"),
            "exercises": ("#953800", "#ffa657")}  # fmt: skip
_WIDTH, _HEIGHT, _LEFT, _TOP, _FLOOR = 720, 320, 60, 56, 250  # of the chart and of the area with the lines, in pixels
_LINE = 16  # pixels between two labels
_DATES = 6  # at most, below the chart
_STYLE = f"""<style>
text {{ font: 13px system-ui, sans-serif; fill: #1f2328 }}
{" ".join(f".{name} {{ --colour: {light} }}" for name, (light, _) in _COLOURS.items())}
polyline {{ fill: none; stroke: var(--colour); stroke-width: 2 }} circle {{ fill: var(--colour) }}
line {{ stroke: #d1d9e0 }} .back {{ fill: #ffffff }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #f0f6fc }}
{" ".join(f".{name} {{ --colour: {dark} }}" for name, (_, dark) in _COLOURS.items())}
line {{ stroke: #3d444d }} .back {{ fill: #0d1117 }}
}}
</style>"""


_FORMATS = ("{:.1f}", "{:.2f}", "{:.2f}", "{:.2f}", "{:.2f}", "{:.0f} MiB")


def read() -> list[dict[str, Any]]:
    """Return what was measured, the newest last."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def page(history: Sequence[dict[str, Any]]) -> str:
    """Return the page in Markdown: the newest measurement, and the chart of all."""
    newest = history[-1]
    rows = [f"| {' | '.join(row(same, newest['cores']))} |" for same in zip(*newest["runs"], strict=True)]
    ratios = [f"| {name} | {KINDS[name].about} | **{ratio:.1f}** |" for name, ratio in newest["ratios"].items()]
    feedback = " and `nbgrader generate_feedback`" if newest["feedback"] else ""
    return _TEXT.format(
        **{**newest, "runs": len(newest["runs"]), "ratios": "\n".join(ratios), "feedback": feedback},
        rows="\n".join(rows),
        alt=alternative_text(history),
    )


def alternative_text(history: Sequence[dict[str, Any]]) -> str:
    """Return in words what the chart shows."""
    first, newest = history[0], history[-1]
    days = f"from {first['date']} to {newest['date']}" if len(history) > 1 else f"on {newest['date']}"
    told = []
    for name, points in _series(history).items():
        values = [f"{ratio:.1f}" for _, ratio in points]
        told.append(f"{' to '.join([values[0], *values[-1:]] if len(values) > 1 else values)} times as many on {name}")
    return f"Notebooks a second, against nbgrader's, {days}: {', '.join(told)}"


def _series(history: Sequence[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Return by course the places in the history where it was measured, and its ratios."""
    found = {
        name: [(place, entry["ratios"][name]) for place, entry in enumerate(history) if name in entry["ratios"]]
        for name in _COLOURS
    }
    return {name: points for name, points in found.items() if points}


def chart(history: Sequence[dict[str, Any]]) -> str:
    """Return an SVG picture with a line for each course: how many times as many notebooks a second as nbgrader."""
    series = _series(history)
    top = max(ratio for points in series.values() for _, ratio in points)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if top / step <= 5)
    parts = [_grid_line(value, top) for value in range(0, int(top) + 1, step)]
    labels = _apart([_down(points[-1][1], top) + 4 for points in series.values()])
    for (name, measured), label_y in zip(series.items(), labels, strict=True):
        points = [(_across(i, len(history)), _down(ratio, top)) for i, ratio in measured]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points)
        label = f'<text x="{points[-1][0] + 10:.1f}" y="{label_y:.1f}">{name} {measured[-1][1]:.1f}</text>'
        parts.append(f'<g class="{name}"><polyline points="{line}"/>{dots}{label}</g>')
    each = -(-len(history) // _DATES)  # the dates of all would overlap
    parts += [_date(entry, _across(i, len(history))) for i, entry in enumerate(history) if i % each == 0]
    title = "Notebooks a second, times as many as nbgrader"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            'aria-labelledby="title description">',
            f'<title id="title">{title}</title>',
            f'<desc id="description">{escape(alternative_text(history))}</desc>',
            _STYLE,
            f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
            f'<text x="{_LEFT}" y="28">{title}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def _apart(heights: list[float]) -> list[float]:
    """Return heights for labels, in the same sequence, of which no two overlap."""
    placed: dict[int, float] = {}
    highest = float("-inf")
    for place in sorted(range(len(heights)), key=heights.__getitem__):
        highest = placed[place] = max(heights[place], highest + _LINE)
    return [placed[place] for place in range(len(heights))]


def _across(place: int, places: int) -> float:
    """Return where the measurement of this place is; to the right of the last one is room for the names."""
    return _LEFT + 50 + place * (_WIDTH - _LEFT - 220) / max(1, places - 1)


def _down(value: float, top: float) -> float:
    return _FLOOR - value / top * (_FLOOR - _TOP)


def _grid_line(value: int, top: float) -> str:
    y = _down(value, top)
    line = f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _date(entry: dict[str, Any], x: float) -> str:
    words = f'<tspan x="{x:.1f}">{escape(entry["date"])}</tspan>'
    words += f'<tspan x="{x:.1f}" dy="18">{escape(entry["commit"])}</tspan>'
    return f'<text y="{_FLOOR + 24}" text-anchor="middle">{words}</text>'


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
    """Write the page and its chart."""
    history = read()
    PAGE.write_text(page(history), encoding="utf-8")
    CHART.write_text(chart(history), encoding="utf-8")


if __name__ == "__main__":
    write()
