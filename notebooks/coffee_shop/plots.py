"""Pictures for lessons and exercises: readable on light and dark pages, without colour alone, with alt text."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.model_selection import ParameterGrid, ParameterSampler

_INK = "#808080"  # the same contrast against white and against black
_MARKERS = "os^DvP*X"
# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), the colours that stand out on both backgrounds.
COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2"]

_STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _INK,
    "grid.alpha": 0.3,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def show(figure: Figure, alt: str) -> Image:
    """Return the figure as a picture with alternative text, and close it."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)
    return Image(png.getvalue(), format="png", alt=alt, width=int(figure.get_figwidth() * 100))


def new_axes(width: float = 6.4, height: float = 3.6) -> tuple[Figure, Axes]:
    """Return an empty figure and its axes in the course's style; sizes in inches."""
    with plt.rc_context(_STYLE):
        return plt.subplots(figsize=(width, height))


def _legend(axes: Axes, **place: object) -> None:
    axes.legend(frameon=False, labelcolor=_INK, **place)


def draw_grid(param_grid: object) -> Image:
    """Draw a grid as a map: learning rate across, batch size up, one marker for each number of neurons.

    Anything that is no such grid yet gives an empty map.
    """
    figure, axes = new_axes()
    recipes = _recipes(param_grid)
    widths = sorted({neurons for _, _, neurons in recipes})
    for i, width in enumerate(widths):
        points = [(rate, batch) for rate, batch, neurons in recipes if neurons == width]
        axes.scatter(
            *zip(*points, strict=True),
            s=240 / (i + 1) ** 1.2,
            marker=_MARKERS[i % len(_MARKERS)],
            facecolors="none",
            edgecolors=COLOURS[i % len(COLOURS)],
            linewidths=2,
            label=f"{width:g} neurons",
        )
    axes.set(xlabel="learning rate", ylabel="batch size", xscale="log", title=f"{len(recipes)} settings of three dials")
    if recipes:
        sizes = sorted({batch for _, batch, _ in recipes})
        axes.set_yscale("log", base=2)
        axes.set_yticks(sizes, labels=[f"{size:g}" for size in sizes])
        _legend(axes, loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        axes.text(0.5, 0.5, "no grid to draw yet", ha="center", color=_INK, transform=axes.transAxes)
    return show(figure, f"Map of {len(recipes)} settings of learning rate, batch size and neurons.")


def _recipes(param_grid: object) -> list[tuple[float, int, int]]:
    dials = ["clf__model__learning_rate", "clf__batch_size", "clf__model__num_neurons"]
    if not isinstance(param_grid, Mapping) or not all(dial in param_grid for dial in dials):
        return []
    try:
        shown = {dial: list(param_grid[dial]) for dial in dials}
        return [tuple(float(recipe[dial]) for dial in dials) for recipe in ParameterGrid(shown)]
    except (TypeError, ValueError):
        return []


def draw_draws(param_distributions: object, dial: str, n: int = 60) -> Image:
    """Draw ``n`` values of one dial as random search would, on a log scale; nothing where none can be drawn."""
    figure, axes = new_axes(height=1.6)
    draws: list[float] = []
    with contextlib.suppress(Exception):  # whatever stands there is no distribution yet
        draws = [recipe[dial] for recipe in ParameterSampler({dial: param_distributions[dial]}, n, random_state=0)]
        axes.scatter(draws, [0] * n, marker="|", s=600, color=COLOURS[0])
    axes.set(xscale="log", xlabel=dial, yticks=[], title=f"{len(draws)} draws")
    return show(figure, f"{len(draws)} values drawn for {dial}, on a log scale.")


def draw_race(searches: Mapping[str, object]) -> Image:
    """Draw the best score so far against the seconds spent, a line for each fitted search."""
    figure, axes = new_axes()
    fitted = {name: search for name, search in searches.items() if hasattr(search, "cv_results_")}
    for i, (name, search) in enumerate(fitted.items()):
        results = search.cv_results_
        seconds = np.cumsum((results["mean_fit_time"] + results["mean_score_time"]) * search.n_splits_)
        best = np.maximum.accumulate(results["mean_test_score"])
        axes.step(
            seconds, best, where="post", marker=_MARKERS[i], linestyle=["-", "--"][i % 2], color=COLOURS[i], label=name
        )
    axes.set(xlabel="seconds of training", ylabel="best score so far", title=f"{len(fitted)} searches")
    if fitted:
        _legend(axes)
    return show(figure, f"Best score so far against seconds of training for: {', '.join(fitted) or 'no search yet'}.")


def draw_losses(losses: Mapping[str, Sequence[float]], label: str) -> Image:
    """Draw a line of losses by epoch for each name; ``label`` says what they are the losses of."""
    figure, axes = new_axes()
    for i, (name, values) in enumerate(losses.items()):
        axes.plot(
            range(1, len(values) + 1),
            values,
            color=COLOURS[i % len(COLOURS)],
            linestyle=["-", "--", ":"][i % 3],
            marker=_MARKERS[i],
            markevery=max(1, len(values) // 8),
            label=name,
        )
    axes.set(xlabel="epoch", ylabel=label)
    _legend(axes)
    ends = ", ".join(f"{name} ends at {values[-1]:.2f}" for name, values in losses.items())
    return show(figure, f"Curves of {label} by epoch: {ends}.")


def draw_sizes(paths: object) -> Image:
    """Draw how much room each frozen format takes; nothing where there are no paths yet."""
    figure, axes = new_axes(height=2)
    sizes = {name: _size(Path(path)) / 1024 for name, path in paths.items()} if isinstance(paths, Mapping) else {}
    bars = axes.barh(list(sizes), list(sizes.values()), color=COLOURS[1])
    axes.bar_label(bars, fmt="%.0f kB", padding=4, color=_INK)
    axes.set(xlabel="size in kB", title=f"{len(sizes)} formats")
    axes.margins(x=0.15)
    told = ", ".join(f"{name} {size:.0f} kB" for name, size in sizes.items())
    return show(figure, f"Size of each format: {told or 'nothing frozen yet'}.")


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())
