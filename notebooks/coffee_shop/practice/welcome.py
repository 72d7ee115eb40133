"""What lesson 01_welcome asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coffee_shop.practice import number, your_turn

_DIALS = {"learning rate", "batch size", "epochs"}
_OTHERS = {
    "weights": "training finds them",
    "customers": "they are the data",
    "loss": "it is measured, not set",
}


@your_turn("01_welcome", "How to work with it")
def check_eggs(eggs: Any) -> str:
    """Check the number of eggs in a soufflé for four."""
    found = number(eggs, "my_eggs")
    assert found == 4, (
        f"Expected 4 eggs in a soufflé for four, found {found:g}. Change the number and run the cell again."
    )
    return "Four eggs for four guests."


@your_turn("01_welcome", "Ingredients, weights and dials")
def check_dials(dials: Any) -> str:
    """Check which names of a list are dials."""
    named = isinstance(dials, Iterable) and not isinstance(dials, str)
    assert named, f'Expected a list of names, such as ["loss"], found {dials!r}.'
    found = {str(name).replace("_", " ").strip().lower() for name in dials}
    for name, what in _OTHERS.items():
        assert name not in found, f"Expected dials only, found “{name}”: {what}."
    strange = sorted(found - _DIALS)
    assert not strange, f"Expected names from the list above, found “{', '.join(strange)}”."
    missing = len(_DIALS - found)
    assert not missing, f"Expected three dials, found {len(found)}: what else do you set before training?"
    return "Those three you set before training. The others are data, learned, or measured."


@your_turn("01_welcome", "A first recipe")
def check_recipe(recipe: Any, first: Any) -> str:
    """Check that a recipe is the first one with another learning rate."""
    assert hasattr(recipe, "get_params"), f"Expected a recipe made by `make_pipeline`, found {type(recipe).__name__}."
    found, wanted = (
        {name: value for name, value in pipeline.get_params().items() if name.startswith("clf__") and _plain(value)}
        for pipeline in (recipe, first)
    )
    rate = found.get("clf__model__learning_rate")
    assert rate is not None, "Expected a recipe made by `make_pipeline`, found one without a learning rate."
    assert abs(rate - 0.01) < 1e-9, f"Expected a learning rate of 0.01, ten times 0.001, found {rate:g}."
    for name, value in wanted.items():
        if name != "clf__model__learning_rate":
            short = name.rpartition("__")[2]
            assert found.get(name) == value, f"Expected {short} as it was, {value}, found {found.get(name)}."
    return "One dial turned, the others left alone: that is an experiment."


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
