"""The treasure map: the recipe book as a heat map, and where searches have dug on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from IPython.display import Image
from matplotlib.axes import Axes

from coffee_shop import plots
from coffee_shop.recipe_book import DEFAULTS, DIALS, load_recipe_book, search_book

RATE, EPOCHS = "clf__model__learning_rate", "clf__epochs"
# Where the first, second, ... try in one square stands, in squares off its middle: so that none hides another.
_PLACES = sorted(product((-0.36, -0.18, 0, 0.18, 0.36), (-0.3, 0, 0.3)), key=lambda place: np.hypot(*place))


def read_map(across: str = RATE, up: str = EPOCHS, frozen: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return the best mean ROC AUC in the recipe book for each pair of settings of two dials.

    Parameters
    ----------
    across, up : str
        Two different dials of the book.
    frozen : dict, optional
        Settings of other dials. The dials that are neither on the map nor frozen are at their best in each square.

    Returns
    -------
    DataFrame, shape (5, 5)
        Settings of ``up`` by settings of ``across``.

    Raises
    ------
    ValueError
        If the two dials are one, or are frozen, or the book has no such dial or setting.
    """
    frozen = dict(frozen or {})
    if across == up or {across, up} & frozen.keys():
        raise ValueError(f"a map needs two different dials that turn, got {across!r}, {up!r} and frozen {frozen}")
    search_book([{across: DEFAULTS.get(across), up: DEFAULTS.get(up), **frozen}])  # refuses what is not in the book
    book = load_recipe_book()
    for dial, setting in frozen.items():
        book = book[book[dial] == setting]
    table = book.pivot_table(index=up, columns=across, values="mean_test_score", aggfunc="max")
    return table.rename_axis(index=_plain(up), columns=_plain(across))


def read_curve(dial: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return how the mean ROC AUC of the recipe book depends on one dial, averaged over all others.

    The function takes places in [0, 1], from the lowest setting to the highest, and draws straight lines between the
    settings of the book.

    Raises
    ------
    ValueError
        If the book has no such dial.
    """
    search_book([{dial: DEFAULTS.get(dial)}])  # refuses what is not in the book
    scores = load_recipe_book().groupby(dial)["mean_test_score"].mean()
    places = np.linspace(0, 1, len(scores))
    return lambda x: np.interp(x, places, scores)


def draw_tries(
    searches: Mapping[str, Sequence[Mapping[str, float]]],
    step: int,
    *,
    across: str = RATE,
    up: str = EPOCHS,
    frozen: Mapping[str, float] | None = None,
) -> Image:
    """Draw a treasure map for each search, with its first ``step`` tries on it.

    The colour of a square is the best that lies in it. A circle is a try, the filled one the last; the star is the
    best so far.

    Parameters
    ----------
    searches : dict of str to sequence of dict
        The recipes that each search tried, in order, as `search_book` takes them.
    step : int
        How many of them have been tried, at least 1; a search that ends earlier stands still.
    across, up, frozen
        As for `read_map`. A frozen dial is frozen for the searches, too.

    Raises
    ------
    ValueError
        As `read_map` and `search_book`, and if ``step`` is below 1 or there is no search.
    """
    if step < 1 or not searches:
        raise ValueError(f"expected a step of at least 1 and at least one search, got {step} and {list(searches)}")
    table = read_map(across, up, frozen)
    # The same for every map; the worst quarter of the book would take most colours for itself.
    limits = tuple(load_recipe_book()["mean_test_score"].quantile([0.25, 1]))
    alone = len(searches) == 1
    figure, panels = plots.new_panels(
        len(searches), 4.4 if alone else 3.0, 3.8 if alone else 3.4, columns=min(2, len(searches))
    )
    told = []
    for axes, (name, tries) in zip(panels, searches.items(), strict=True):
        squares = plots.fill_map(axes, table, limits, told=False)
        tried = [{**DEFAULTS, **recipe, **(frozen or {})} for recipe in tries[:step]]
        found = search_book(tried)
        places = [(DIALS[across].index(recipe[across]), DIALS[up].index(recipe[up])) for recipe in tried]
        _mark(axes, places, found.best_index_)
        told.append(f"{name}: {len(tried)} tries in {len(set(places))} squares, best {found.best_score_:.4f}")
        axes.tick_params(axis="x", rotation=45)
        axes.set_title(told[-1].replace(": ", ":\n").replace(", ", ",\n"), fontsize="medium")
    place = {} if alone else {"location": "bottom", "aspect": 40}
    plots.tint(figure.colorbar(squares, ax=figure.axes, label="ROC AUC", extend="min", **place).ax)
    return plots.show(figure, f"Treasure map, {_plain(across)} across, {_plain(up)} up. {'; '.join(told)}.")


def _mark(axes: Axes, places: Sequence[tuple[int, int]], best: int) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    points = []
    for x, y in places:
        right, above = _PLACES[taken[x, y] % len(_PLACES)]
        taken[x, y] += 1
        points.append((x + right, y + above))
    white = {"edgecolors": "black", "linewidths": 0.8, "zorder": 2}
    axes.scatter(*zip(*points, strict=True), s=26, color="white", **white)
    axes.scatter(*points[-1], s=42, color=plots.COLOURS[4], **white)
    axes.scatter(*points[best], s=130, marker="*", color="white", **white)


def _plain(dial: str) -> str:
    return dial.rpartition("__")[2].replace("_", " ").replace("num ", "")
