"""What lesson 02_the_dials asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coffee_shop.practice import number, your_turn


@your_turn("02_the_dials", "Learning rate")
def check_rates(rates: Any) -> str:
    """Check four learning rates from 0.0001 to 0.1, evenly spaced by factors."""
    found = np.sort(np.ravel([number(rate, "rate") for rate in _listed(rates)]))
    shown = ", ".join(f"{rate:g}" for rate in found)
    assert len(found) == 4, f"Expected four learning rates, found {len(found)}: {shown}."
    assert found[0] > 0, f"Expected learning rates above 0, found {shown}."
    ends = np.allclose(found[[0, -1]], [0.0001, 0.1], rtol=0.05)
    assert ends, f"Expected rates from 0.0001 to 0.1, found {shown}."
    factors = found[1:] / found[:-1]
    told = ", ".join(f"{factor:.3g}" for factor in factors)
    assert np.allclose(factors, 10, rtol=0.1), f"Expected the same factor between neighbours, found factors of {told}."
    return "Each is ten times the one before: four tries, three factors of ten."


@your_turn("02_the_dials", "Batch size")
def check_steps(steps: Any) -> str:
    """Check how many steps an epoch of 1,000 customers in batches of 48 has."""
    found = number(steps, "my_steps")
    assert found != 20, "Expected 21 steps, found 20: after 20 batches 40 customers are left, and they are a batch too."
    assert found % 1 == 0, f"Expected a whole number of steps, found {found:g}: the last batch is smaller, not cut."
    assert found == 21, f"Expected 1,000 divided by 48, rounded up, found {found:g}."
    return "Twenty full batches, and a last one of 40 customers."


@your_turn("02_the_dials", "Turn two dials yourself")
def check_catching_up(rate: Any, taste: Callable[..., dict[str, list[float]]]) -> str:
    """Check by training that a learning rate lets batches of 512 catch up."""
    found = number(rate, "my_rate")
    assert found > 0, f"Expected a learning rate above 0, found {found:g}."
    slow, fast = (taste(batch_size=512, learning_rate=chosen)["val_loss"][-1] for chosen in (0.001, found))
    usual = taste(batch_size=64, learning_rate=0.001)["val_loss"][-1]
    assert np.isfinite(fast), f"Expected a loss, found {fast}: with a rate of {found:g} the training breaks down."
    half = (slow + usual) / 2
    told = f"found {fast:.3f} with a rate of {found:g}"
    assert fast < half, f"Expected less than {half:.3f}, half of the way from {slow:.3f} to {usual:.3f}, {told}."
    return f"Validation loss {fast:.3f}: two careful steps an epoch can afford to be long."


def _listed(values: Any) -> list[Any]:
    try:
        return list(values)
    except TypeError:
        raise AssertionError(f"Expected a list of four rates, found {values!r}.") from None
