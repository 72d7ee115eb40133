"""What lesson 04_random_search asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from coffee_shop.practice import number, your_turn
from coffee_shop.recipe_book import DIALS, load_recipe_book


@your_turn("04_random_search", "Distributions instead of lists")
def check_distribution(distribution: Any) -> str:
    """Check a log-uniform distribution from 0.000001 to 0.01."""
    draw = getattr(distribution, "rvs", None)
    assert callable(draw), f"Expected a distribution with `rvs`, such as those of `stats`, found {distribution!r}."
    drawn = np.array([float(np.squeeze(draw(random_state=np.random.RandomState(seed)))) for seed in range(800)])
    low, high = drawn.min(), drawn.max()
    assert low > 0, f"Expected draws above 0, found one of {low:.3g}."
    inside = low > 0.99e-6 and high < 1.01e-2
    assert inside, f"Expected draws between 0.000001 and 0.01, found some from {low:.2g} to {high:.2g}."
    shares = np.histogram(np.log10(drawn), bins=[-6.01, -5, -4, -3, -1.99])[0] / len(drawn)
    told = ", ".join(f"{share:.0%}" for share in shares)
    assert abs(shares - 0.25).max() < 0.1, f"Expected a quarter of the draws in each factor of ten, found {told}."
    return "A quarter of the draws in each factor of ten."


@your_turn("04_random_search", "Spend a budget")
def check_draws(draws: Any) -> str:
    """Check how many recipes can be drawn in 600 seconds, at 2 seconds a training, 5 folds and a refit."""
    found = number(draws, "my_draws")
    assert found != 60, "Expected 59 draws, found 60: they take all 300 trainings, and none is left for the refit."
    assert found != 300, "Expected a number of recipes, found 300, the number of trainings. Each recipe takes five."
    assert found % 1 == 0, f"Expected a whole number of draws, found {found:g}."
    assert found == 59, f"Expected (300 - 1) trainings divided by 5, rounded down, found {found:g}."
    return "59 draws are 295 trainings, and one for the refit."


@your_turn("04_random_search", "Spend a budget")
def check_best_percent(needed: Any) -> str:
    """Check how many draws find one of the best 1 % with 95 %."""
    found = number(needed, "my_needed")
    assert found % 1 == 0, f"Expected a whole number of draws, found {found:g}."
    assert found not in (58, 59, 60), f"Expected draws for the best 1 %, found {found:g}: those are for the best 5 %."
    miss = 0.99**found
    assert miss < 0.05, f"Expected a chance of a miss below 0.05, found {miss:.4f} with {found:g} draws."
    assert 0.99 ** (found - 1) >= 0.05, f"Expected the smallest number of draws, found {found:g}: fewer are enough."
    return "Five times as good, five times as many draws."


@your_turn("04_random_search", "Scientific, nuisance and fixed dials")
def check_isolated(best: Any) -> str:
    """Check the best score of the recipe book for each number of neurons."""
    dial = "clf__model__num_neurons"
    scores = load_recipe_book().groupby(dial)["mean_test_score"]
    found, wanted = _by_setting(best, dial, list(DIALS[dial])), scores.max()
    told = ", ".join(f"{setting:g}: {score:.4f}" for setting, score in found.items())
    assert not np.allclose(found, scores.mean()), f"Expected the best score of each setting, found the mean: {told}."
    right = np.allclose(found, wanted, atol=6e-5)
    assert right, f"Expected the best score over all other dials, no dial fixed, found {told}."
    return f"From {wanted.min():.4f} to {wanted.max():.4f}: more neurons bring little, if all other dials are tuned."


def _by_setting(best: Any, dial: str, settings: list[int]) -> pd.Series:
    """Return scores by setting, sorted by it, of a table, a dict, or a list in the order of the settings."""
    if isinstance(best, pd.DataFrame):
        table = best.set_index(dial) if dial in best else best
        best = table["mean_test_score"] if "mean_test_score" in table else table.iloc[:, 0]
    named = isinstance(best, (pd.Series, Mapping))
    try:
        found = pd.Series(best if named else list(best), dtype=float)
    except (TypeError, ValueError):
        raise AssertionError(f"Expected a score for each number of neurons, found {best!r}.") from None
    assert len(found) == len(settings), f"Expected {len(settings)} scores, one for each setting, found {len(found)}."
    if not named:
        return found.set_axis(settings)
    found = found.sort_index()
    told = ", ".join(str(setting) for setting in found.index)
    assert list(found.index) == settings, f"Expected scores of {settings} neurons, found some of {told}."
    return found
