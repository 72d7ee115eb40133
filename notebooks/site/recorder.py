"""What a lesson's kernel tells the site: every picture of its sliders, and the network that lesson 9 serves.

This module runs in the kernel. Lessons know nothing of it: IPython asks it for one more form of a slider, which is kept
with the slider's output.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any

SLIDER = "application/vnd.art-of-fine-tuning.slider+json"
NETWORK = "application/vnd.art-of-fine-tuning.network+json"
_SERVING = "09_serving"
_SERVED = "winner", "guests", "expected", "threshold"  # its variables that the network is described from
_STEP = "step"  # the dial of a treasure map that says how many tries are on it


def install(lesson: str) -> None:
    """Have this kernel tell what the site needs of a lesson.

    Parameters
    ----------
    lesson : str
        Name of the lesson's notebook, without its suffix.
    """
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type_by_name("coffee_shop.widgets", "turn", _with_every_picture)
    if lesson != _SERVING:
        return

    def tell_network(_) -> None:
        if all(name in shell.user_ns for name in _SERVED):
            shell.events.unregister("post_run_cell", tell_network)
            display({NETWORK: describe_network(*(shell.user_ns[name] for name in _SERVED))}, raw=True)

    shell.events.register("post_run_cell", tell_network)


def _with_every_picture(slider) -> tuple[dict[str, Any], dict[str, Any]]:
    bundle, metadata = slider._repr_mimebundle_()
    return {**bundle, SLIDER: describe_slider(slider)}, metadata


def describe_slider(slider) -> dict[str, Any]:
    """Return every picture of a slider, in the order of its dials' settings, the last dial's changing fastest.

    Parameters
    ----------
    slider : coffee_shop.widgets.turn

    Returns
    -------
    dict
        ``dials``, each with ``name``, ``labels`` of its settings and ``start``, the place of the first one; ``width``
        in pixels. Then either ``frames``, pictures as Base64 of PNG files, with an alternative text each in ``texts``;
        or ``map``, the numbers that treasure maps are drawn from.
    """
    dials = [
        {"name": dial.description, "labels": [label for label, _ in dial.options], "start": dial.index}
        for dial in slider.dials.values()
    ]
    described = {"dials": dials, "width": slider.picture.width}
    with _same_random_numbers(), _recorded_maps() as recorded:
        slider._draw(**{name: dial.value for name, dial in slider.dials.items()})
        if recorded:
            return described | {"map": _describe_maps(slider, recorded)}
        pictures = [slider._draw(**values) for values in _settings(slider)]
    frames = [base64.b64encode(picture.data).decode() for picture in pictures]
    return described | {"frames": frames, "texts": [picture.metadata["alt"] for picture in pictures]}


def _settings(slider, **fixed: Any) -> Iterator[dict[str, Any]]:
    """Give each combination of the dials' settings; a dial that is ``fixed`` has this one only."""
    settings = {name: [value for _, value in dial.options] for name, dial in slider.dials.items()}
    settings |= {name: [value] for name, value in fixed.items()}
    for values in product(*settings.values()):
        yield dict(zip(settings, values, strict=True))


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Leave Python's and NumPy's random numbers as they were, so that the lesson goes on as it does without a site."""
    import numpy as np

    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


@contextmanager
def _recorded_maps() -> Iterator[list[dict[str, Any]]]:
    """Give a list that gets the arguments of each treasure map that is asked for; none is drawn."""
    from coffee_shop import maps

    recorded: list[dict[str, Any]] = []

    def record(searches, step, *, across=maps.RATE, up=maps.EPOCHS, frozen=None) -> None:
        recorded.append({"searches": searches, "step": step, "across": across, "up": up, "frozen": dict(frozen or {})})

    draw_tries, maps.draw_tries = maps.draw_tries, record
    try:
        yield recorded
    finally:
        maps.draw_tries = draw_tries


def _describe_maps(slider, recorded: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the tries of all treasure maps of a slider, and the scores of their squares.

    The dial ``step`` only says how many tries of a search are shown, so one step stands for all.
    """
    from coffee_shop.recipe_book import DIALS, load_recipe_book
    from notebooks.site.laboratory import plain_name

    recorded.clear()
    steps = [value for _, value in slider.dials[_STEP].options]
    for values in _settings(slider, **{_STEP: steps[-1]}):
        slider._draw(**values)
        if recorded[-1]["step"] != steps[-1]:
            raise ValueError(f"the dial {_STEP!r} must be the number of tries on the map, got {recorded[-1]['step']}")
    first = recorded[0]
    low, high = load_recipe_book()["mean_test_score"].quantile([0.25, 1])
    axes = {axis: {"name": plain_name(first[axis]), "settings": DIALS[first[axis]]} for axis in ("across", "up")}
    return {"steps": steps, "limits": [low, high], **axes, "runs": [_describe_run(**one) for one in recorded]}


def _describe_run(searches, step: int, across: str, up: str, frozen: Mapping[str, float]) -> dict[str, Any]:
    """Return the scores of a map's squares, row by row, and of each search the squares and the scores of its tries."""
    from coffee_shop.maps import read_map
    from coffee_shop.recipe_book import DEFAULTS, DIALS, look_up

    told = []
    for name, tries in searches.items():
        recipes = [{**DEFAULTS, **recipe, **frozen} for recipe in tries[:step]]
        columns, rows = ([DIALS[dial].index(recipe[dial]) for recipe in recipes] for dial in (across, up))
        squares = [len(DIALS[across]) * row + column for column, row in zip(columns, rows, strict=True)]
        scores = [float(look_up(recipe)) for recipe in recipes]
        told.append({"name": name, "squares": squares, "scores": scores})
    return {"scores": read_map(across, up, frozen).to_numpy().round(5).ravel().tolist(), "searches": told}


def describe_network(winner, guests, expected, threshold: float) -> dict[str, Any]:
    """Return a fitted recipe in numbers, a customer to begin with, and the answers of TensorFlow.

    Parameters
    ----------
    winner : sklearn.pipeline.Pipeline
        Made by ``coffee_shop.recipe.make_pipeline``.
    guests : DataFrame, shape (n, 19)
        Raw customers; the page begins with the third one.
    expected : ndarray, shape (n,)
        The chances of leaving that ``winner`` gives them.
    threshold : float
        From which chance on a customer is called.

    Returns
    -------
    dict
        ``numbers`` with mean, scale and range of each column of numbers; ``words`` with the known words of each column;
        ``layers`` with the weights of each; ``customer`` and ``threshold``. ``guests`` and ``expected`` are for tests.
    """
    prep = winner["prep"].named_transformers_
    scaler, encoder = prep["scale"], prep["onehot"]
    seen = guests[scaler.feature_names_in_]
    columns = zip(scaler.feature_names_in_, scaler.mean_, scaler.scale_, seen.min(), seen.max(), strict=True)
    return {
        "numbers": [
            {"name": name, "mean": float(mean), "scale": float(scale), "low": float(low), "high": float(high)}
            for name, mean, scale, low, high in columns
        ],
        "words": [
            {"name": name, "known": known.tolist()}
            for name, known in zip(encoder.feature_names_in_, encoder.categories_, strict=True)
        ],
        "layers": [_weights(layer) for layer in winner["clf"].model_.layers if layer.get_weights()],
        "customer": guests.iloc[2].to_dict(),
        "threshold": threshold,
        "guests": guests.to_dict("records"),
        "expected": expected.tolist(),
    }


def _weights(layer) -> dict[str, Any]:
    """Return the weights of a dense layer: ``kernel``, a row for each input, and ``bias``."""
    kernel, bias = (array.astype(str).astype(float) for array in layer.get_weights())  # float32, in its shortest form
    return {"kernel": kernel.tolist(), "bias": bias.tolist()}
