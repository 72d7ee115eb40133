"""What lesson 05_bayesian_optimisation asks for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coffee_shop import plots
from coffee_shop.checking import answered
from coffee_shop.practice import number, your_turn


@your_turn("05_bayesian_optimisation", "How the scout thinks")
def check_promise(choice: Any) -> str:
    """Check which of two tries promises more."""
    found = str(choice).strip().strip("\"'").upper()
    assert found in ("A", "B"), f'Expected "A" or "B", found {choice!r}.'
    assert found == "B", (
        "Expected the larger expected improvement, found A: its guess is higher, but it is sure to win next to nothing."
    )
    return "B: the guess is lower, but it is so unsure that it may be far better."


@your_turn("05_bayesian_optimisation", "The scout in our kitchen")
def check_best_rate(rate: Any, study: Any) -> str:
    """Check the learning rate of a study's best trial."""
    assert not isinstance(rate, dict), "Expected the learning rate alone, found a dict of all dials."
    found, wanted = number(rate, "my_rate"), study.best_params["learning_rate"]
    told = f"found {found:.4g}"
    assert not np.isclose(found, study.best_value), f"Expected a learning rate, {told}, which is the best score."
    assert np.isclose(found, wanted, rtol=0.01), f"Expected the learning rate of the best trial, {told}."
    return f"{wanted:.3g}, out of the best of {len(study.trials)} trials."


@your_turn("05_bayesian_optimisation", "Optuna's own pictures")
def check_contour(picture: Callable[[Any], Any], study: Any) -> str:
    """Check a function that draws a contour plot of the learning rate and the batch size, and show what it draws."""
    assert callable(picture), f"Expected the function `my_picture`, found {picture!r}."
    with plt.rc_context(), warnings.catch_warnings():  # Optuna changes the style, and calls its pictures experimental
        warnings.simplefilter("ignore")
        drawn = answered(picture(study), "my_picture")
    axes = drawn.axes[0] if isinstance(drawn, Figure) else drawn
    kind = type(drawn).__name__
    assert not isinstance(drawn, np.ndarray), "Expected one map of two dials, found several pictures."
    assert isinstance(axes, Axes), f"Expected what `plot_contour` returns, found an object of type {kind}."
    found, wanted = {axes.get_xlabel(), axes.get_ylabel()}, {"learning_rate", "batch_size"}
    told = " and ".join(repr(name) for name in sorted(found))
    assert found == wanted, f"Expected the learning rate and the batch size along the axes, found {told}."
    display(plots.show(axes.figure, f"Contour plot of {told}, with a dot for each of {len(study.trials)} trials."))
    return "Lines of equal score, drawn from the trials that were made: far from every dot they are guesses."


@your_turn("05_bayesian_optimisation", "A dial that depends on another")
def check_conditional(dials: Callable[[Any], Any]) -> str:
    """Check a function that asks a trial for as many widths as there are layers."""
    import optuna

    assert callable(dials), f"Expected the function `my_dials`, found {dials!r}."
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    different = False
    for _ in range(30):
        trial = study.ask()
        given = dials(trial)
        widths = answered(given, "my_dials")["widths"]
        different |= _look_at(trial, given["layers"], list(answered(widths, "widths")))
    assert different, "Expected a name of its own for each layer's width, found the same width in all layers each time."
    return "As many widths as layers, and no trial is asked for a width it does not need."


def _look_at(trial: Any, layers: int, widths: list[Any]) -> bool:
    """Say whether the widths of a trial differ, or what is wrong with them."""
    assert len(widths) == layers, f"Expected a width for each of the {layers} layer(s), found {len(widths)}."
    for width in widths:
        whole = number(width, "width") % 1 == 0
        in_range = whole and 16 <= width <= 128
        assert in_range, f"Expected whole numbers from 16 to 128, found {width!r}."
    assert set(widths) <= set(trial.params.values()), (
        "Expected widths that the trial suggests, found some that Optuna knows nothing of."
    )
    asked = len(trial.params) - 1
    assert asked <= layers, f"Expected at most {layers} width(s) to be asked for, found {asked}."
    return len(set(widths)) > 1
