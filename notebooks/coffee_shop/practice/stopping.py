"""What lesson 06_stopping_early asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coffee_shop.practice import number, your_turn


@your_turn("06_stopping_early", "One cup: early stopping")
def check_patience(patience: Any, losses: Sequence[float]) -> str:
    """Check the smallest patience that reaches the lowest of some validation losses."""
    found = number(patience, "my_patience")
    whole = found % 1 == 0 and found > 0
    assert whole, f"Expected a whole number of epochs above 0, found {found:g}."
    last, best = stopped(losses, int(found))
    told = f"with a patience of {found:g} the training ends after epoch {last}"
    assert best == min(losses), f"Expected the lowest loss, {min(losses)}, to be reached, found {best}: {told}."
    less = stopped(losses, int(found) - 1)[1] if found > 1 else np.inf
    assert less > best, f"Expected the smallest patience that is enough, found {found:g}: {found - 1:g} is enough."
    return f"Reached {best}, after {int(found) - 1} epochs in a row that brought nothing."


@your_turn("06_stopping_early", "One cup: early stopping")
def check_stop(stop: Any) -> str:
    """Check a callback that waits for three epochs and brings the best weights home."""
    import keras

    assert not isinstance(stop, type), "Expected a callback, found the class: write brackets with its dials behind it."
    kind = type(stop).__name__
    assert isinstance(stop, keras.callbacks.EarlyStopping), f"Expected an `EarlyStopping`, found {kind}."
    assert stop.patience == 3, f"Expected a patience of 3, found {stop.patience}."
    assert stop.monitor == "val_loss", f"Expected it to look at `val_loss`, found `{stop.monitor}`."
    assert stop.restore_best_weights, "Expected the best weights to come home, found `restore_best_weights=False`."
    return "It waits for three epochs, and brings the best weights home."


@your_turn("06_stopping_early", "The arithmetic of halving")
def check_rounds(rounds: Any) -> str:
    """Check the rounds of a tournament of 27 recipes that start with 2 epochs, with a factor of three."""
    try:
        found = [tuple(int(part) if int(part) == part else part for part in one) for one in rounds]
    except (TypeError, ValueError):
        raise AssertionError(f"Expected a list of pairs such as (27, 2), found {rounds!r}.") from None
    assert found[:1] == [(27, 2)], f"Expected the first round to be (27, 2), found {found[:1]}."
    for (recipes, epochs), after in zip(found, [*found[1:], None], strict=True):
        if after is None:
            assert recipes == 1, f"Expected the last round to have one recipe, found {recipes}: play on."
        else:
            wanted = (recipes // 3, epochs * 3)
            assert after == wanted, f"Expected {wanted} after {(recipes, epochs)}, found {after}."
    return "Four rounds of 54 epochs each: 216, against 1,458 for all 27 to the end."


def stopped(losses: Sequence[float], patience: int) -> tuple[int, float]:
    """Return after which epoch early stopping ends a training, and the best loss by then."""
    best, waited = np.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited >= patience:
            return epoch, best
    return len(losses), best
