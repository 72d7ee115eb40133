"""What lesson 08_saving asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coffee_shop.checking import answered
from coffee_shop.practice import number, your_turn


@your_turn("08_saving", "What is inside")
def check_thawed(thawed: Any, model: Any, customers: np.ndarray) -> str:
    """Check that a model came from the file, answers like the saved one and can be trained on."""
    import keras

    kind = type(thawed).__name__
    assert isinstance(thawed, keras.Model), f"Expected a Keras model out of the file, found {kind}."
    assert thawed is not model, "Expected a model out of the file, found the one that was in memory all the time."
    apart = float(np.abs(np.asarray(thawed(customers)) - np.asarray(model(customers))).max())
    assert apart < 1e-6, f"Expected the answers of the saved model, found some that differ by {apart:.2g}."
    steps = int(thawed.optimizer.iterations) if getattr(thawed, "optimizer", None) else 0
    wanted = int(model.optimizer.iterations)
    assert steps == wanted, f"Expected an optimizer that has taken {wanted} steps, found {steps}."
    return f"The same answers, and its optimizer remembers {steps} steps."


@your_turn("08_saving", "Measure the round trip")
def check_distance(distance: Callable[[Any, Any], Any]) -> str:
    """Check a function that returns the largest absolute difference."""
    assert callable(distance), f"Expected the function `my_distance`, found {distance!r}."
    cases = {
        "a rise of 0.2": ([[0.1], [0.4]], [[0.3], [0.4]], 0.2),
        "a fall of 0.3 and a rise of 0.1": ([[0.5], [0.2]], [[0.2], [0.3]], 0.3),
        "a rise and a fall of 0.1 each": ([[0.5], [0.5]], [[0.4], [0.6]], 0.1),
        "no change": ([[0.5], [0.5]], [[0.5], [0.5]], 0.0),
    }
    for what, (before, after, wanted) in cases.items():
        given = distance(np.array(before), np.array(after))
        found = number(answered(given, "my_distance"), "my_distance(before, after)")
        assert abs(found - wanted) < 1e-6, f"Expected {wanted:g} for {what}, found {found:.3g}."
    found = number(distance(np.array([0.1, np.nan]), np.array([0.1, 0.5])), "my_distance(before, after)")
    assert np.isnan(found), f"Expected `nan` where an answer is `nan`, found {found:g}: an error must not be skipped."
    return "The largest difference, whatever its sign, and no `nan` slips through."


@your_turn("08_saving", "Pick up where you stopped")
def check_counter(counter: Any) -> str:
    """Check the step counter after two epochs of ten steps, a file, and three more epochs."""
    found = number(counter, "my_counter")
    assert found != 30, "Expected the steps before the file to count as well, found 30: the optimizer remembers."
    assert found != 20, "Expected 20 steps before the file and more after it, found 20."
    assert found == 50, f"Expected ten steps for each of five epochs, found {found:g}."
    return "20 steps before the file, 30 after it: the counter goes on."


@your_turn("08_saving", "Pick up where you stopped")
def check_threshold(threshold: Any, log: Any) -> str:
    """Check the smallest validation loss in the table of a training that was killed."""
    found, losses = number(threshold, "my_threshold"), log["val_loss"]
    wanted, told = "Expected the smallest validation loss so far", f"found {found:.4g}"
    if abs(found - losses.min()) > 5e-5:
        assert abs(found - losses.iloc[-1]) > 5e-5, f"{wanted}, {told}, which is the last one."
        assert abs(found - log["loss"].min()) > 5e-5, f"{wanted}, {told}, which is a training loss."
        raise AssertionError(f"{wanted}, {told}.")
    return f"Only a validation loss below {losses.min():.4f} replaces the file."
