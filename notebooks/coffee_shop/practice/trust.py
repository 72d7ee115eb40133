"""What lesson 08b_trust asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from coffee_shop.checking import answered
from coffee_shop.practice import number, your_turn


@your_turn("08b_trust", "Swap the brain, keep the body")
def check_trained(trained: Any, model: Any) -> str:
    """Check how many numbers of a network are trained when all its layers but the last one are frozen."""
    found = number(trained, "my_trained")
    wanted = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    whole = model.count_params()
    assert found != whole, f"Expected the numbers of the last layer only, found all {whole}: the others are frozen."
    assert found != wanted - 1, f"Expected the bias of the neuron to be trained as well, found {found:g}."
    assert found == wanted, f"Expected a weight for each of the 16 neurons, and a bias, found {found:g}."
    return f"{wanted} of {whole} numbers: {wanted - 1} weights and a bias."


@your_turn("08b_trust", "Parts of your own")
def check_settings(settings: Callable[[Any], Any], pinch: type) -> str:
    """Check a function that returns what a layer's configuration has to hold, for a layer that takes an amount."""
    assert callable(settings), f"Expected the function `my_settings`, found {settings!r}."
    for amount in (0.25, -3.0):
        given = answered(settings(pinch(amount)), "my_settings")
        assert isinstance(given, Mapping), f"Expected a dictionary, found {type(given).__name__}."
        assert "amount" in given, f"Expected the argument “amount” by its name, found {sorted(map(str, given))}."
        try:
            again = pinch(**{str(name): value for name, value in given.items()})
        except Exception as error:
            raise AssertionError(f"Expected arguments of a `Pinch`, found {dict(given)}: {error}") from None
        assert again.amount == amount, f"Expected an amount of {amount:g} to come back, found {again.amount!r}."
    return "Name and argument are both in the file: a Pinch comes back as it was."


@your_turn("08b_trust", "A registry")
def check_roll_back(roll_back: Callable[[list[str]], Any]) -> str:
    """Check a function that takes the last of the promoted versions away, unless it is the only one."""
    assert callable(roll_back), f"Expected the function `my_roll_back`, found {roll_back!r}."
    for promoted, wanted in [
        (["1", "2"], ["1"]),
        (["1", "2", "1", "3"], ["1", "2", "1"]),
        (["1", "3", "2"], ["1", "3"]),
        (["2", "1", "2"], ["2", "1"]),
        (["1"], ["1"]),
    ]:
        given = answered(roll_back(list(promoted)), "my_roll_back")
        assert isinstance(given, (list, tuple)), f"Expected a list, found {type(given).__name__}."
        assert list(given) == wanted, f"Expected {wanted} after rolling back from {promoted}, found {list(given)}."
    return "The version before is in use again, and a shop always has one."
