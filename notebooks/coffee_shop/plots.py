"""Pictures for lessons and exercises: readable on light and dark pages, without colour alone, with alt text."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch
from sklearn.model_selection import ParameterGrid, ParameterSampler

# Pictures have a background of their own: no ink has enough contrast on light and on dark pages alike.
_PAPER = "#FFFFFF"
_INK = "#4D4D4D"
_MARKERS = "os^DvP*X"
# The hues of Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which the colour-blind can tell apart. The
# light ones are darker here: a line needs a contrast of 3 to its background (WCAG 2.2, 1.4.11).
COLOURS = ["#C06A00", "#2F86C6", "#009E73", "#B8578F", "#D5450B", "#00507D"]

_STYLE = {
    "figure.facecolor": _PAPER,
    "axes.facecolor": _PAPER,
    "savefig.facecolor": _PAPER,
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
    width, told = int(figure.get_figwidth() * 100), {"alt": alt}  # as metadata, for IPython 7 has no argument for it
    return Image(png.getvalue(), format="png", metadata=told, width=width)


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
    axes.set(xlabel="learning rate", ylabel="batch size", xscale="log")
    if recipes:
        axes.set_title(_count_recipes(len(recipes), param_grid))
        sizes = sorted({batch for _, batch, _ in recipes})
        axes.set_yscale("log", base=2)
        axes.set_yticks(sizes, labels=[f"{size:g}" for size in sizes])
        _legend(axes, loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        axes.text(0.5, 0.5, "no grid to draw yet", ha="center", color=_INK, transform=axes.transAxes)
    return show(figure, f"Map of {len(recipes)} settings of learning rate, batch size and neurons.")


def _count_recipes(shown: int, param_grid: Mapping) -> str:
    """Return in words how many settings of the three dials there are, and how many recipes with the other dials."""
    told = f"{shown} settings of these three dials"
    with contextlib.suppress(TypeError, ValueError):  # another dial may not be a list yet
        if (all_ := len(ParameterGrid(param_grid))) != shown:
            return f"{told}, {all_} recipes with the others"
    return told


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
    axes.set(
        xlabel="seconds of training",
        ylabel="best score so far",
        title=", ".join(f"{name}: {len(search.cv_results_['params'])} recipes" for name, search in fitted.items()),
    )
    if fitted:
        _legend(axes)
    return show(figure, f"Best score so far against seconds of training for: {', '.join(fitted) or 'no search yet'}.")


def draw_losses(
    losses: Mapping[str, Sequence[float]], label: str, *, limits: tuple[float, float] | None = None
) -> Image:
    """Draw a line of losses by epoch for each name; ``label`` says what they are the losses of.

    With the same ``limits`` of the losses shown, two pictures can be compared.
    """
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
    axes.set(xlabel="epoch", ylabel=label, ylim=limits)
    _legend(axes)
    ends = ", ".join(f"{name} ends at {values[-1]:.2f}" for name, values in losses.items())
    return show(figure, f"Curves of {label} by epoch: {ends}.")


def draw_stretches(curves: Mapping[str, pd.Series], label: str) -> Image:
    """Draw a line for the first name and points for the others, each over the epochs of its index, counted from 0."""
    figure, axes = new_axes()
    told = []
    for i, (name, values) in enumerate(curves.items()):
        epochs = values.index + 1
        style = {"linestyle": "none", "marker": _MARKERS[i - 1]} if i else {}
        axes.plot(epochs, values, label=name, color=COLOURS[i % len(COLOURS)], **style)
        told.append(f"{name} from epoch {epochs[0]} to {epochs[-1]}, where it is {values.iloc[-1]:.3f}")
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(axes)
    return show(figure, f"{label} by epoch: {'; '.join(told)}.")


def draw_way(places: Mapping[str, Sequence[str]], deeds: Sequence[str]) -> Image:
    """Draw places as boxes from left to right, each with lines of text, and arrows with deeds between them."""
    figure, axes = new_axes(height=2.2)
    axes.set(xlim=(-0.2, 3 * len(places) - 0.8), ylim=(0, 1))
    axes.set_axis_off()
    style = {"ha": "center", "va": "center", "color": _INK}
    for i, (name, lines) in enumerate(places.items()):
        box = {"boxstyle": "round,pad=0.04", "fill": False, "edgecolor": COLOURS[i % len(COLOURS)], "linewidth": 2}
        axes.add_patch(FancyBboxPatch((3 * i, 0.08), 2, 0.84, **box))
        axes.text(3 * i + 1, 0.84, name, weight="bold", size=12, **style)
        axes.text(3 * i + 1, 0.4, "\n".join(lines), size=10, linespacing=1.5, **style)
    for i, deed in enumerate(deeds):
        arrow = {"arrowstyle": "->", "color": _INK, "linewidth": 2}
        axes.annotate("", (3 * i + 2.93, 0.45), (3 * i + 2.07, 0.45), arrowprops=arrow)
        axes.text(3 * i + 2.5, 0.55, deed, size=9, **style)
    told = "; ".join(f"{name}: {', '.join(lines)}" for name, lines in places.items())
    return show(figure, f"{len(places)} boxes, joined by arrows named {' and '.join(deeds)}. {told}.")


def draw_sizes(paths: object) -> Image:
    """Draw how much room each frozen format takes; nothing where there are no paths yet."""
    figure, axes = new_axes(height=2)
    sizes = {name: _size(Path(path)) / 1024 for name, path in paths.items()} if isinstance(paths, Mapping) else {}
    bars = axes.barh(list(sizes), list(sizes.values()), color=COLOURS[1])
    axes.bar_label(bars, fmt="%.0f kB", padding=4, color=_INK)
    axes.set(xlabel="size in kB")
    axes.margins(x=0.15)
    told = ", ".join(f"{name} {size:.0f} kB" for name, size in sizes.items())
    return show(figure, f"Size of each format: {told or 'nothing frozen yet'}.")


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def new_panels(
    n: int, width: float = 3.6, height: float = 3.2, *, columns: int | None = None
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure and its ``n`` axes side by side, or in so many columns; sizes of each in inches."""
    columns = columns or n
    rows = -(-n // columns)
    with plt.rc_context(_STYLE):
        size = (width * columns, height * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for spare in axes.ravel()[n:]:
        spare.set_axis_off()
    return figure, list(axes.ravel()[:n])


def fill_map(axes: Axes, table: pd.DataFrame, limits: tuple[float, float], *, told: bool = True) -> AxesImage:
    """Fill axes with a table of scores: a square for each, its columns across and its rows upwards, labelled.

    Parameters
    ----------
    axes : Axes
    table : DataFrame, shape (rows, columns)
        The names of its index and its columns become the labels of the axes.
    limits : tuple of float
        Scores of the darkest and of the lightest colour.
    told : bool
        Write the score into each square.
    """
    squares = axes.imshow(table, origin="lower", aspect="auto", cmap="cividis", vmin=limits[0], vmax=limits[1])
    axes.set_xticks(range(table.shape[1]), labels=[f"{value:g}" for value in table.columns])
    axes.set_yticks(range(table.shape[0]), labels=[f"{value:g}" for value in table.index])
    axes.set(xlabel=table.columns.name, ylabel=table.index.name)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for (row, column), score in np.ndenumerate(table.to_numpy()) if told else ():
        ink = "white" if score < sum(limits) / 2 else "black"
        axes.text(column, row, f"{score:.3f}", ha="center", va="center", color=ink)
    return squares


def draw_maps(tables: Mapping[str, pd.DataFrame]) -> Image:
    """Draw tables of scores side by side in common colours, a square for each score; the best is lightest."""
    figure, panels = new_panels(len(tables))
    scores = np.concatenate([table.to_numpy().ravel() for table in tables.values()])
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        fill_map(axes, table, (scores.min(), scores.max()))
        axes.set_title(name)
    told = "; ".join(f"{name}: {_best_square(table)}" for name, table in tables.items())
    return show(figure, f"Maps of scores. Best of {told}.")


def _best_square(table: pd.DataFrame) -> str:
    row, column = table.stack().idxmax()
    return f"{table.to_numpy().max():.3f} at {table.columns.name} {column:g} and {table.index.name} {row:g}"


def draw_bands(
    curves: Mapping[str, np.ndarray], x: Sequence[float], xlabel: str, ylabel: str, *, ranks: bool = False
) -> Image:
    """Draw for each name the median over many repeats, and the band that holds eight in ten of them.

    Parameters
    ----------
    curves : dict of ndarray, shapes (repeats, len(x))
        NaN where there is nothing yet.
    x : sequence of float
    ranks : bool
        The values are ranks: the first on top, equal factors equally far apart.
    """
    figure, axes = new_axes()
    for i, (name, repeats) in enumerate(curves.items()):
        low, median, high = np.nanquantile(repeats, [0.1, 0.5, 0.9], axis=0)
        style = {"color": COLOURS[i], "linestyle": ["-", "--", ":"][i % 3], "marker": _MARKERS[i]}
        axes.plot(x, median, markevery=(i * len(x) // 24, max(1, len(x) // 8)), label=name, **style)
        axes.fill_between(x, low, high, color=COLOURS[i], alpha=0.2, linewidth=0)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if ranks:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.invert_yaxis()
    _legend(axes, loc="lower right")
    ends = ", ".join(f"{name} {np.nanmedian(repeats[:, -1]):.4g}" for name, repeats in curves.items())
    return show(figure, f"Medians and bands of {ylabel} against {xlabel}; at the right end: {ends}.")


def draw_shadows(tries: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Image:
    """Draw tries of two dials, arrays of shape (n, 2) with values in [0, 1], and their shadows on both axes."""
    figure, panels = new_panels(len(tries))
    told = []
    for i, (axes, (name, points)) in enumerate(zip(panels, tries.items(), strict=True)):
        x, y = np.asarray(points).T
        axes.scatter(x, y, color=COLOURS[i], marker=_MARKERS[i], s=50, zorder=2)
        axes.scatter(x, np.full(len(x), -0.08), color=COLOURS[i], marker="|", s=150)
        axes.scatter(np.full(len(y), -0.08), y, color=COLOURS[i], marker="_", s=150)
        told.append(f"{name}: {len(x)} tries, {len(set(x))} settings of each")
        axes.set(title=told[-1], xlabel=xlabel, ylabel=ylabel, xlim=(-0.12, 1), ylim=(-0.12, 1), xticks=[], yticks=[])
    return show(figure, f"Tries of two dials and their shadows on the axes. {'; '.join(told)}.")


def draw_marginals(tries: Mapping[str, np.ndarray], curves: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> Image:
    """Draw tries of two dials, and what they see of the curve of each dial alone.

    Parameters
    ----------
    tries : dict of ndarray, shapes (n, 2)
        Places of the settings, in [0, 1].
    curves : dict of callable
        By the names of the two dials, across and up: the scores at places of that dial.
    """
    (across, above), (up, beside) = curves.items()
    line = np.linspace(0, 1, 101)
    scores = np.concatenate([above(line), beside(line)])
    limits = scores.min() - 0.1 * np.ptp(scores), scores.max() + 0.1 * np.ptp(scores)
    with plt.rc_context(_STYLE):
        figure, panels = plt.subplots(
            2, 2 * len(tries), figsize=(3.2 * len(tries), 3.6), layout="constrained",
            width_ratios=[1, 3] * len(tries), height_ratios=[1, 2.4],
        )  # fmt: skip
    told = []
    for i, (name, points) in enumerate(tries.items()):
        (corner, top), (side, middle) = panels[:, 2 * i : 2 * i + 2]
        x, y = np.asarray(points).T
        dots = {"color": COLOURS[i], "marker": _MARKERS[i], "s": 36, "zorder": 3}
        corner.set_axis_off()
        top.plot(line, above(line), color=_INK)
        top.scatter(x, above(x), **dots)
        side.plot(beside(line), line, color=_INK)
        side.scatter(beside(y), y, **dots)
        middle.scatter(x, y, **dots)
        top.set(title=f"{name}: {len(set(x))} places", xlim=(0, 1), ylim=limits, xticks=[], yticks=[], ylabel="score")
        side.set(ylim=(0, 1), xlim=limits, xticks=[], yticks=[], xlabel="score", ylabel=up)
        middle.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], xlabel=across)
        told.append(f"{name}: {len(x)} tries at {len(set(x))} places of {across}")
    return show(figure, f"Tries of {across} and {up}, and the curve of each dial alone. {'; '.join(told)}.")


def draw_isolation(
    groups: Mapping[float, Sequence[float]], alone: Mapping[float, float], dial: str, label: str
) -> Image:
    """Draw an isolation plot: for each setting of a dial all its tries, and the best of them joined by a line.

    Parameters
    ----------
    groups : dict of float to sequence of float
        The scores at each setting, the other dials at any setting.
    alone : dict of float to float
        The score at each setting if the other dials are left alone; a dashed line. Tries far below it are out of sight.
    dial, label : str
        What the settings and the scores are.
    """
    figure, axes = new_axes()
    rng = np.random.default_rng(0)  # a little to the left and right, so that points do not hide each other
    for place, scores in enumerate(groups.values()):
        axes.scatter(place + rng.uniform(-0.2, 0.2, len(scores)), scores, color=_INK, alpha=0.35, s=12, linewidths=0)
    best = {setting: max(scores) for setting, scores in groups.items()}
    left = [alone[setting] for setting in groups]
    axes.plot(best.values(), color=COLOURS[2], marker="o", label="each at its best")
    axes.plot(left, color=COLOURS[0], marker="s", linestyle="--", label="other dials left alone")
    low, high = min(left), max(best.values())
    axes.set(xlabel=dial, ylabel=label, ylim=(low - 0.1 * (high - low), high + 0.15 * (high - low)))
    axes.set_xticks(range(len(groups)), labels=[f"{setting:g}" for setting in groups])
    _legend(axes, loc="lower left")
    told = "; ".join(f"{setting:g}: {best[setting]:.4f} at its best, {alone[setting]:.4f} alone" for setting in groups)
    return show(figure, f"Isolation plot of {label} by {dial}. {told}.")


def tint(axes: Axes) -> None:
    """Give axes that a library made, such as a colour bar's, the course's ink."""
    axes.tick_params(colors=_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)


def draw_descent(loss: Callable[[np.ndarray], np.ndarray], steps: Sequence[float]) -> Image:
    """Draw a valley, the loss of one weight between -1 and 1, and the steps that were taken in it."""
    figure, axes = new_axes()
    weights = np.linspace(-1, 1, 200)
    axes.plot(weights, loss(weights), color=_INK, linestyle=":")
    inside = np.array([weight for weight in steps if abs(weight) <= 1])
    axes.plot(inside, loss(inside), marker="o", color=COLOURS[0])
    axes.annotate("start", (steps[0], loss(steps[0])), xytext=(8, 4), textcoords="offset points", color=_INK)
    axes.set(xlabel="weight", ylabel="loss", title=f"{len(steps) - 1} steps, {len(steps) - len(inside)} out of sight")
    return show(figure, f"A valley of the loss, and steps from a weight of {steps[0]:g} to one of {steps[-1]:.2g}.")


def draw_strips(values: Mapping[str, Sequence[float]], label: str) -> Image:
    """Draw a row of points for each name, to compare how far they scatter; ``label`` says what is measured."""
    figure, axes = new_axes(height=0.9 + 0.55 * len(values))
    rng = np.random.default_rng(0)  # a little up and down, so that points do not hide each other
    for i, row in enumerate(values.values()):
        style = {"marker": _MARKERS[i % len(_MARKERS)], "color": COLOURS[i % len(COLOURS)]}
        axes.scatter(row, i + rng.uniform(-0.15, 0.15, len(row)), alpha=0.6, linewidths=0, **style)
    axes.set(xlabel=label, yticks=range(len(values)), yticklabels=list(values))
    axes.invert_yaxis()
    told = ", ".join(f"{name} {min(row):.3g} to {max(row):.3g}" for name, row in values.items())
    return show(figure, f"Points for {label}: {told}.")


def draw_turns(turns: Mapping[str, Mapping[float, float]], label: str) -> Image:
    """Draw how far each dial moves ``label``, the most powerful dial on top.

    Parameters
    ----------
    turns : dict of dict
        For each dial what was reached at each of its settings, numbers.
    """
    figure, axes = new_axes(height=0.9 + 0.4 * len(turns))
    ordered = sorted(turns, key=lambda dial: max(turns[dial].values()) - min(turns[dial].values()))
    for i, dial in enumerate(ordered):
        reached = list(turns[dial].values())
        axes.plot(reached, [i] * len(reached), marker=_MARKERS[i % len(_MARKERS)], color=COLOURS[i % len(COLOURS)])
        for pick, side in [(min, "right"), (max, "left")]:
            setting = pick(turns[dial], key=turns[dial].get)
            shift = -8 if side == "right" else 8
            axes.annotate(f"{setting:g}", (turns[dial][setting], i), xytext=(shift, 0), textcoords="offset points",
                          ha=side, va="center", color=_INK)  # fmt: skip
    axes.set(xlabel=label, yticks=range(len(ordered)), yticklabels=ordered)
    axes.margins(x=0.15)
    axes.grid(visible=False, axis="y")
    told = ", ".join(f"{dial} {min(turns[dial].values()):.3f} to {max(turns[dial].values()):.3f}" for dial in ordered)
    return show(figure, f"Reach of each dial in {label}: {told}.")


def draw_histograms(groups: Mapping[str, Sequence[float]], label: str) -> Image:
    """Draw how the values of each group spread over [0, 1], as shares of the group, one outline for each."""
    figure, axes = new_axes()
    bins = np.linspace(0, 1, 21)
    for i, (name, values) in enumerate(groups.items()):
        style = {"color": COLOURS[i % len(COLOURS)], "linestyle": ["-", "--", ":"][i % 3], "linewidth": 2}
        axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), histtype="step", label=name, **style)
    axes.set(xlabel=label, ylabel="share of the group")
    _legend(axes)
    told = ", ".join(f"{name} on average {np.mean(values):.2f}" for name, values in groups.items())
    return show(figure, f"Spread of the {label}: {told}.")


def draw_images(images: Mapping[str, np.ndarray]) -> Image:
    """Draw small grey images, shape (rows, columns), side by side under their names; white is the largest value."""
    figure, row = new_panels(len(images), 2.2, 2.4)
    for axes, (name, pixels) in zip(row, images.items(), strict=True):
        axes.imshow(pixels, cmap="gray")
        axes.grid(False)
        axes.set(title=name, xticks=[], yticks=[])
    return show(figure, f"Small grey images: {', '.join(images)}.")


def draw_belief(
    x: np.ndarray, mean: np.ndarray, std: np.ndarray, promise: np.ndarray, tried: Mapping[float, float], label: str
) -> Image:
    """Draw what a model believes of a function of one dial, and below it where it promises most.

    Parameters
    ----------
    x, mean, std, promise : ndarray, shape (n,)
        Settings on a log scale, the score expected there, how unsure that is, and what a try there promises.
    tried : dict of float to float
        Scores by setting.
    label : str
        What ``x`` is.
    """
    with plt.rc_context(_STYLE):
        figure, (above, below) = plt.subplots(
            2, 1, figsize=(6.4, 4.4), sharex=True, height_ratios=[3, 1], layout="constrained"
        )
    above.fill_between(x, mean - 2 * std, mean + 2 * std, color=COLOURS[1], alpha=0.3, linewidth=0, label="unsure")
    above.plot(x, mean, color=COLOURS[1], linestyle="--", label="expected")
    above.scatter(tried.keys(), tried.values(), color=COLOURS[4], zorder=3, label="tasted")
    above.set(ylabel="ROC AUC", title=f"after {len(tried)} tries")
    _legend(above, loc="lower center", ncols=3)
    below.fill_between(x, promise, color=COLOURS[2], alpha=0.5)
    chosen = x[np.argmax(promise)]
    for axes in (above, below):
        axes.axvline(chosen, color=COLOURS[2], linestyle=":")
    below.set(xscale="log", xlabel=label, ylabel="promise", yticks=[])
    return show(figure, f"Belief about the score by {label} after {len(tried)} tries; the next one is at {chosen:.2g}.")


def draw_trials(settings: Sequence[float], scores: Sequence[float], n_random: int, label: str) -> Image:
    """Draw the settings of one dial in the order they were tried, log scale; the first ``n_random`` are hollow."""
    figure, axes = new_axes()
    number = np.arange(1, len(settings) + 1)
    best = int(np.argmax(scores))
    for chosen, colour, name in [
        (number <= n_random, "none", "drawn at random"),
        (number > n_random, COLOURS[0], "chosen by the model"),
    ]:
        at = number[chosen], np.asarray(settings)[chosen]
        axes.scatter(*at, s=60, facecolors=colour, edgecolors=COLOURS[0], linewidths=1.5, label=name)
    axes.scatter(number[best], settings[best], marker="*", s=360, color=COLOURS[2], zorder=0, label="best")
    axes.set(xlabel="try", ylabel=label, yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(axes, loc="upper center", bbox_to_anchor=(0.5, 1.15), ncols=3)
    return show(
        figure, f"{label} of {len(settings)} tries in order, the first {n_random} random; best is try {best + 1}."
    )


def draw_piles(x: np.ndarray, densities: Mapping[str, np.ndarray], promise: np.ndarray, label: str) -> Image:
    """Draw a density for each pile of settings ``x``, log scale, and where ``promise`` is largest."""
    figure, axes = new_axes()
    for i, (name, density) in enumerate(densities.items()):
        axes.plot(x, density, color=COLOURS[i], linestyle=["-", "--"][i % 2], label=name)
        axes.fill_between(x, density, color=COLOURS[i], alpha=0.2, linewidth=0)
    chosen = x[np.argmax(promise)]
    axes.axvline(chosen, color=COLOURS[2], linestyle=":", label="largest ratio")
    axes.set(xscale="log", xlabel=label, ylabel="density", yticks=[])
    _legend(axes)
    return show(figure, f"Densities of {label} for {' and '.join(densities)}; their ratio is largest at {chosen:.2g}.")


def draw_pruned(curves: Mapping[int, Sequence[float]], longest: int, label: str) -> Image:
    """Draw a line by epoch for each training; those that ended before ``longest`` epochs end with a cross."""
    figure, axes = new_axes()
    for curve in curves.values():
        whole = len(curve) == longest
        axes.plot(
            range(1, len(curve) + 1), curve, color=COLOURS[0] if whole else COLOURS[1], alpha=0.9 if whole else 0.6
        )
        axes.scatter(len(curve), curve[-1], marker="o" if whole else "x", color=COLOURS[0] if whole else COLOURS[1])
    ends = [curve[-1] for curve in curves.values()]
    axes.set(xlabel="epoch", ylabel=label, ylim=(np.quantile(ends, 0.1) - 0.01, max(ends) + 0.005))
    stopped = sum(len(curve) < longest for curve in curves.values())
    axes.set_title(f"{stopped} of {len(curves)} trainings stopped early")
    return show(figure, f"{label} by epoch of {len(curves)} trainings, {stopped} of which were stopped early.")


def draw_rounds(tournaments: Mapping[str, Sequence[tuple[int, int]]]) -> Image:
    """Draw tournaments, one below the other, as shrinking bars: the area of a bar is what its round costs.

    Parameters
    ----------
    tournaments : dict of str to sequence of (int, int)
        For each round how many recipes it has, and how many epochs each of them gets.
    """
    with plt.rc_context(_STYLE):
        size = (6.4, 0.9 + 1.3 * len(tournaments))
        figure, panels = plt.subplots(
            len(tournaments), 1, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
        )
    told = []
    for axes, (name, rounds) in zip(panels[:, 0], tournaments.items(), strict=True):
        recipes, epochs = (np.array(part) for part in zip(*rounds, strict=True))
        starts = np.cumsum(epochs) - epochs
        bars = axes.bar(starts, recipes, epochs, align="edge", color=COLOURS[: len(rounds)], edgecolor="white")
        axes.bar_label(bars, labels=[f"{n} × {length}" for n, length in rounds], color=_INK)
        axes.set(title=f"{name}: {(recipes * epochs).sum()} epochs", ylabel="recipes")
        axes.margins(y=0.25)
        told.append(f"{name}: {', '.join(f'{n} for {length} epochs' for n, length in rounds)}")
    panels[-1, 0].set_xlabel("epochs of each recipe, one round after the other")
    return show(figure, f"Rounds as bars, as high as recipes are left. {'; '.join(told)}.")
