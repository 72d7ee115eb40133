"""Races over the recipe book: many searches of a kind, and how far each has come, by tries and by seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import Image
from sklearn.model_selection import ParameterGrid

from coffee_shop import plots
from coffee_shop.recipe_book import DIALS, SPLITS, load_recipe_book, search_book


@dataclass(frozen=True)
class Runs:
    """Searches of one kind, a row for each, a column for each try.

    Attributes
    ----------
    scores : ndarray, shape (searches, tries)
        The mean ROC AUC of what was tried.
    seconds : ndarray, shape (searches, tries)
        What the try took, all folds together.
    """

    scores: np.ndarray
    seconds: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """The best score so far after each try, shape (searches, tries)."""
        return np.maximum.accumulate(self.scores, axis=1)

    def after(self, tries: int) -> pd.Series:
        """Return the best score of each search after so many tries, at least 1."""
        return pd.Series(self.best[:, tries - 1])

    def best_at(self, clock: Sequence[float]) -> np.ndarray:
        """Return the best score so far at times, in seconds since the start; NaN before the first try has ended.

        The shape is (searches, len(clock)).
        """
        ended = np.array([np.searchsorted(np.cumsum(row), clock, side="right") for row in self.seconds])
        return np.take_along_axis(np.insert(self.best.astype(float), 0, np.nan, axis=1), ended, axis=1)

    def share_at_least(self, score: float, tries: int) -> float:
        """Return the share of the searches that had found a score as good after so many tries."""
        return float((self.after(tries) >= score).mean())

    def tries_to(self, score: float) -> int:
        """Return after how many tries the median of the best scores is as good.

        Raises
        ------
        ValueError
            If it never is.
        """
        medians = np.median(self.best, axis=0)
        if medians[-1] < score:
            raise ValueError(f"the median search never finds {score}: its best score is {medians[-1]:.4f}")
        return int(np.argmax(medians >= score)) + 1


def walk(searches: Iterable[Iterable[Mapping[str, float]]]) -> Runs:
    """Look up what searches would find that try these recipes in this order; all must be equally long."""
    found = [search_book(tries).cv_results_ for tries in searches]
    seconds = np.array([results["mean_fit_time"] for results in found])
    return Runs(np.array([results["mean_test_score"] for results in found]), len(SPLITS) * seconds)


def explore(tries: int, repeats: int, rng: np.random.Generator) -> Runs:
    """Let so many random searches draw recipes from the whole book, none of them twice."""
    book = load_recipe_book()
    drawn = np.array([rng.permutation(len(book))[:tries] for _ in range(repeats)])
    return Runs(book["mean_test_score"].to_numpy()[drawn], len(SPLITS) * book["mean_fit_time"].to_numpy()[drawn])


def dig(settings: Sequence[int], repeats: int, rng: np.random.Generator) -> Runs:
    """Let so many grid searches each draw a grid of its own, and try its recipes in any order.

    Parameters
    ----------
    settings : sequence of int
        How many settings the five dials have in a grid; chance says which dial has how many, and which ones.
    """
    return walk(_any_grid(settings, rng) for _ in range(repeats))


def _any_grid(settings: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    counts = zip(DIALS, rng.permutation(settings), strict=True)
    grid = {dial: rng.choice(DIALS[dial], count, replace=False) for dial, count in counts}
    return rng.permutation(list(ParameterGrid(grid)))


def halve(
    scores: pd.DataFrame, seconds: pd.DataFrame, recipes: int, repeats: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Play tournaments of random recipes: after each round the worse half goes home, the others go on.

    Parameters
    ----------
    scores, seconds : DataFrame, shape (all recipes, rounds)
        What each recipe is judged by in each round, and what it has cost from its start to the end of that round.

    Returns
    -------
    DataFrame, shape (repeats, 4)
        For each tournament the score of its winner and its seconds; then the best score of all its recipes in the
        last round, and the seconds if all had been trained to the end.
    """
    judged, price = scores.to_numpy(), seconds.to_numpy()
    rows = [_play(judged, price, rng.choice(len(judged), recipes, replace=False)) for _ in range(repeats)]
    return pd.DataFrame(rows, columns=["winner", "seconds", f"best of all {recipes}", f"seconds for all {recipes}"])


def _play(judged: np.ndarray, price: np.ndarray, field: np.ndarray) -> tuple[float, float, float, float]:
    alive, spent = field, 0.0
    for scores, further in zip(judged.T, np.diff(price, axis=1, prepend=0).T, strict=True):
        spent += further[alive].sum()
        ranked = alive[np.argsort(-scores[alive])]
        alive = ranked[: len(ranked) // 2]
    return scores[ranked[0]], spent, scores[field].max(), price[field, -1].sum()


def hyperband(longest: int, factor: int) -> dict[str, list[tuple[int, int]]]:
    """Return the tournaments of Hyperband, from many recipes with a short start to a few that all go to the end.

    Parameters
    ----------
    longest : int
        The epochs of the last round, a power of ``factor``.
    factor : int
        How many times as long a round is as the one before it; one recipe in so many goes on.

    Returns
    -------
    dict of str to list of (int, int)
        For each round of a tournament how many recipes it has, and how many epochs each of them gets.
    """
    most = round(math.log(longest, factor))  # rounds after the first, in the tournament with the shortest start
    tournaments = {}
    for after in range(most, -1, -1):
        recipes, first = math.ceil((most + 1) / (after + 1) * factor**after), longest // factor**after
        rounds = [(recipes // factor**k, first * factor**k) for k in range(after + 1)]
        tournaments[f"{recipes} recipes, {first} epoch{'s' * (first > 1)} at first"] = rounds
    return tournaments


def draw_by_tries(runs: Mapping[str, Runs], first: int = 5) -> Image:
    """Draw the best score so far against the number of tries, from the ``first`` on, as long as all are searching."""
    shortest = min(group.scores.shape[1] for group in runs.values())
    curves = {name: group.best[:, first - 1 : shortest] for name, group in runs.items()}
    return plots.draw_bands(curves, range(first, shortest + 1), "tries", "best ROC AUC so far")


def draw_by_seconds(runs: Mapping[str, Runs], seconds: tuple[float, float] = (3, 20)) -> Image:
    """Draw the best score so far against the seconds of training, from a first to a last one."""
    clock = np.linspace(*seconds, 60)
    curves = {name: group.best_at(clock) for name, group in runs.items()}
    return plots.draw_bands(curves, clock, "seconds of training", "best ROC AUC so far")
