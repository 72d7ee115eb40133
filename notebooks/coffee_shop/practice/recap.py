"""What lesson 10_recap asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.random import RandomState

from coffee_shop.practice import number, your_turn

_SEARCHES = {
    "two dials, four settings each, a second a training": ("grid", "all 16 recipes can be tried"),
    "six dials, forty trainings, ten machines at once": ("random", "draws need not wait for each other"),
    "four dials, a night for each training, one machine": ("bayesian", "each try should learn from those before"),
}


@your_turn("10_recap", "Which search?")
def check_searches(searches: Any) -> str:
    """Check which search goes with which job."""
    assert isinstance(searches, Mapping), f"Expected the dict of the cell, found {type(searches).__name__}."
    for job, (wanted, why) in _SEARCHES.items():
        assert job in searches, f"Expected the job “{job}” to stay in the dict."
        found = str(searches[job]).strip().lower()
        known = any(found.startswith(name) for name in ("grid", "random", "bayesian"))
        assert known, f"Expected “grid”, “random” or “Bayesian”, found {searches[job]!r}."
        assert found.startswith(wanted), f"Expected another search for “{job}”, found {searches[job]!r}: {why}."
    return "Three jobs, three searches."


@your_turn("10_recap", "Without the coffee shop")
def check_ranges(ranges: Any, recipe: Any) -> str:
    """Check the ranges of a search of one's own: the learning rate and another dial."""
    ranges = ranges[0] if isinstance(ranges, list) and len(ranges) == 1 else ranges
    assert isinstance(ranges, Mapping), f"Expected a dict with a range for each address, found {type(ranges).__name__}."
    for name, values in ranges.items():
        assert name in recipe.get_params(), f"Expected addresses that the recipe knows, found “{name}”."
        drawn = hasattr(values, "rvs") or (hasattr(values, "__len__") and not isinstance(values, str))
        assert drawn, f"Expected a distribution or a list for {name}, found {values!r}."
    rate = ranges.get("clf__model__learning_rate")
    assert rate is not None, (
        "Expected the learning rate among the dials, found " + (", ".join(ranges) or "no dial") + "."
    )
    tries = (
        [float(rate.rvs(random_state=RandomState(seed))) for seed in range(200)] if hasattr(rate, "rvs") else list(rate)
    )
    assert min(tries) > 0, f"Expected learning rates above 0, found {min(tries):g}."
    factor = max(tries) / min(tries)
    assert factor >= 9, f"Expected learning rates over a factor of ten at least, found a factor of {factor:.2g}."
    new = set(ranges) - {"clf__model__learning_rate", "clf__model__num_neurons"}
    assert new, "Expected a dial that was not searched above, such as clf__epochs, found none."
    return f"{len(ranges)} dials, ready for `RandomizedSearchCV`."


@your_turn("10_recap", "The road to convolutional networks")
def check_filters(weights: Any) -> str:
    """Check the number of weights of 32 filters, 3 by 3, on one channel."""
    found = number(weights, "my_weights")
    assert found != 288, "Expected a bias for each filter as well, found 288, which is 32 × 9."
    assert found == 320, f"Expected 32 filters of nine weights and a bias each, found {found:g}."
    return "320, for images of whatever size."
