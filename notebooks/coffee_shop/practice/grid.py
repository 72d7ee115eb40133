"""What lesson 03_grid_search asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid

from coffee_shop.practice import number, your_turn

_WANTED = {"clf__batch_size": [32], "clf__epochs": [5, 10], "clf__model__dropout": [0.0, 0.25, 0.5]}


@your_turn("03_grid_search", "Write the map down")
def check_grid(grid: Any, pipeline: Any) -> str:
    """Check a grid that pins the batch size and lists epochs and dropout."""
    maps = [grid] if isinstance(grid, Mapping) else grid
    right_kind = isinstance(maps, (list, tuple)) and all(isinstance(one, Mapping) for one in maps)
    assert right_kind, f"Expected a dict with a list for each address, found {type(grid).__name__}."
    for name in sorted({name for one in maps for name in one}):
        assert name in pipeline.get_params(), (
            f"Expected addresses that the pipeline knows, found “{name}”. Compare with {', '.join(_WANTED)}."
        )
    for name, values in [item for one in maps for item in one.items()]:
        assert np.ndim(values) == 1, (
            f"Expected a list of settings for {name}, found {values!r}. A dial that is pinned has a list of one."
        )
    found = {_recipe(recipe) for recipe in ParameterGrid(maps)}
    for name, settings in _WANTED.items():
        tried = {dict(recipe)[name] for recipe in found if name in dict(recipe)}
        told = sorted(tried, key=str)
        assert tried == set(settings), f"Expected {name} to be tried at {settings}, found {told}."
    strange = found - {_recipe(recipe) for recipe in ParameterGrid(_WANTED)}
    if strange:
        names = ", ".join(sorted(name for name, _ in strange.pop()))
        raise AssertionError(f"Expected recipes with those three dials and no other, found one with {names}.")
    assert len(found) == 6, f"Expected 1 × 2 × 3 recipes, found {len(found)}."
    return "Six recipes: the pinned dial costs nothing."


@your_turn("03_grid_search", "From coarse to fine")
def check_half_step(half_step: Any) -> str:
    """Check the setting half way from 0.01 to 0.04, by factors."""
    found = number(half_step, "my_half_step")
    assert not math.isclose(found, 0.025), (
        "Expected half way by factors, found 0.025, which is half way by differences."
    )
    assert math.isclose(found, 0.02, rel_tol=0.01), f"Expected the root of 0.01 × 0.04, found {found:g}."
    return "0.01, 0.02, 0.04: twice, and twice again."


@your_turn("03_grid_search", "Luck or a difference")
def check_differences(differences: Any, one: Any, other: Any) -> str:
    """Check the paired differences of two recipes."""
    found, wanted = np.asarray(differences, float).ravel(), np.subtract(one, other)
    assert len(found) == 3, f"Expected three differences, one for each fold, found {len(found)} number(s)."
    if not np.allclose(found, wanted, atol=1e-4):
        found = -found if np.allclose(-found, wanted, atol=1e-4) else found
    assert np.allclose(found, wanted, atol=1e-4), (
        f"Expected one score minus the other on each fold, that is {np.round(wanted, 4).tolist()}, "
        f"found {np.round(found, 4).tolist()}."
    )
    return "Every fold prefers the first, by about the same: a difference, although the scores spread ten times as far."


def _recipe(recipe: Mapping[str, Any]) -> frozenset:
    return frozenset((name, float(value) if isinstance(value, Real) else repr(value)) for name, value in recipe.items())
