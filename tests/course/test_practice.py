"""A check of the lessons' own tasks ticks every right answer, however unusual, and has a kind word for a wrong one."""

from __future__ import annotations

import decimal
import importlib
import io
import json
import linecache
import math
import re
from fractions import Fraction
from pkgutil import iter_modules
from urllib.error import HTTPError, URLError

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.visualization import matplotlib as visual
from scipy import stats
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, RepeatedStratifiedKFold, StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import coffee_shop.practice
from autograder.course import notebooks
from coffee_shop.recipe_book import load_recipe_book
from tests.course.turns import ANSWERS, solved
from tests.support import ROOT

MODULES = [
    importlib.import_module(f"coffee_shop.practice.{one.name}") for one in iter_modules(coffee_shop.practice.__path__)
]
CHECKS = {name: value for module in MODULES for name, value in vars(module).items() if name.startswith("check_")}
LESSONS = {path.stem: notebooks.read(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
rng = np.random.default_rng(0)


# What the checks get from the lesson beside the answer.
def pipeline():
    from coffee_shop.recipe import make_pipeline

    return make_pipeline(learning_rate=0.001, batch_size=64, epochs=10, num_neurons=64)


def taste(batch_size, learning_rate):
    """Return the last loss of a training that is the better the longer the steps, up to a rate of 0.03."""
    off = abs(np.log10(0.03 * batch_size / 512) - np.log10(learning_rate))
    return {"val_loss": [0.7, np.nan if learning_rate > 1 else 0.44 + 0.02 * off**2]}


def saved_model():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    model.fit(CUSTOMERS, np.array([0, 1, 0, 1]), verbose=0)
    return model


def frozen_body():
    import keras

    hidden = keras.layers.Dense(16, trainable=False)
    return keras.Sequential([keras.Input((3,)), hidden, keras.layers.Dense(1)])


def popped(promoted):
    if len(promoted) > 1:
        promoted.pop()
    return promoted


class Pinch:
    """All that the check asks of the lesson's layer."""

    def __init__(self, amount=1.0, name="pinch"):
        self.amount, self.name = amount, name


CUSTOMERS = rng.normal(size=(4, 3)).astype("float32")
NOISE, COIN = rng.normal(size=(100, 2000)), rng.integers(2, size=100)
LEFT = pd.Series(rng.random(1200) < 0.265, dtype=int)
FIRST, SECOND = np.array([0.846, 0.818, 0.862]), np.array([0.842, 0.815, 0.857])
UNEVEN = [0.52, 0.47, 0.45, 0.46, 0.455, 0.43, 0.44, 0.46, 0.47, 0.48]
WAITS = list(rng.lognormal(-6, 0.4, 300))
LOG = pd.DataFrame({"loss": [0.5, 0.44, 0.42, 0.41], "val_loss": [0.48, 0.46, 0.4574, 0.4581]})
EXACT = rng.random((5, 10)).astype("float32")
ROWS = [{"tenure": 1}, {"tenure": 2}]


def study():
    made = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    made.optimize(lambda trial: 0.8 + trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True), n_trials=5)
    return made


def three_dials():
    made = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    dials = {"learning_rate": [0.001, 0.01], "batch_size": [16, 32, 64], "neurons": [64, 128]}
    made.optimize(lambda trial: sum(trial.suggest_categorical(*dial) for dial in dials.items()), n_trials=12)
    return made


def drawn_by(name, *params, **settings):
    """Return a function that draws two dials of a study with one of Optuna's functions."""

    def my_picture(study):
        return getattr(visual, name)(study, params=list(params), **settings)

    return my_picture


def ask(path, request):
    """Answer as the server of lesson 9 does."""
    if path not in ("/v1/models/churn:predict", "/v1/models/churn/versions/1:predict"):
        raise HTTPError(path, 404, "", {}, io.BytesIO(b'{"error": "nobody of that name"}'))
    request = json.loads(json.dumps(request))
    if "instances" in request and all("tenure" in row for row in request["instances"]):
        return {"predictions": [0.1 * row["tenure"] for row in request["instances"]]}
    if "inputs" in request:
        return {"outputs": [0.1 * tenure for tenure in request["inputs"]["tenure"]]}
    raise HTTPError(path, 400, "", {}, io.BytesIO(b'{"error": "column tenure is missing"}'))


def closed(path, request):
    raise URLError("connection refused")


HELPERS = {
    "check_recipe": lambda: (pipeline(),),
    "check_catching_up": lambda: (taste,),
    "check_grid": lambda: (pipeline(),),
    "check_differences": lambda: (FIRST, SECOND),
    "check_best_rate": lambda: (study(),),
    "check_contour": lambda: (three_dials(),),
    "check_patience": lambda: (UNEVEN,),
    "check_inside": lambda: (NOISE, COIN),
    "check_folds": lambda: (LEFT,),
    "check_thawed": lambda: (saved_model(), CUSTOMERS),
    "check_threshold": lambda: (LOG,),
    "check_trained": lambda: (frozen_body(),),
    "check_settings": lambda: (Pinch,),
    "check_order": lambda: (ask,),
    "check_bytes": lambda: (1000,),
    "check_session": lambda: (EXACT,),
    "check_slow": lambda: (WAITS,),
    "check_address": lambda: (ask, {"instances": ROWS[:1]}),
    "check_ranges": lambda: (pipeline(),),
}


class OwnDistribution:
    """All that scikit-learn asks of a distribution."""

    def rvs(self, random_state=None):
        return 10 ** np.random.RandomState(random_state.randint(1000)).uniform(-6, -2)


def listed(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [trial.suggest_int(f"neurons_{i}", 16, 128) for i in range(layers)]}


def renamed_tuple_of_powers(trial):
    n = trial.suggest_categorical("n", [1, 2, 3])
    return {"layers": n, "widths": tuple(trial.suggest_categorical(str(i), [16, 32, 64, 128]) for i in range(n))}


def grown_in_a_loop(trial):
    layers, widths = trial.suggest_int("layers", 1, 3), []
    while len(widths) < layers:
        widths.append(trial.suggest_int(f"units of layer {len(widths)}", 16, 128, log=True))
    return {"layers": layers, "widths": np.array(widths)}


def one_name_for_all(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [trial.suggest_int("neurons", 16, 128) for _ in range(layers)]}


def always_three(trial):
    return {"layers": trial.suggest_int("layers", 1, 3), "widths": [trial.suggest_int(f"n{i}", 16, 128) for i in "abc"]}


def asks_three_takes_some(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [trial.suggest_int(f"n{i}", 16, 128) for i in range(3)][:layers]}


def not_from_the_trial(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [int(w) for w in np.random.default_rng().integers(16, 129, layers)]}


def fractions_of_neurons(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [trial.suggest_float(f"n{i}", 16, 128) for i in range(layers)]}


def too_wide(trial):
    layers = trial.suggest_int("layers", 1, 3)
    return {"layers": layers, "widths": [trial.suggest_int(f"n{i}", 129, 256) for i in range(layers)]}


def early_stopping(**settings):
    import keras

    return keras.callbacks.EarlyStopping(**settings)


def thawed(tmp, **settings):
    import keras

    path = tmp / "model.keras"
    saved_model().save(path)
    return keras.models.load_model(path, **settings)


def other_answers():
    model = saved_model()
    model.set_weights([2 * part for part in model.get_weights()])
    return model


def three(*steps):
    return Pipeline([(f"step {i}", step) for i, step in enumerate(steps)])


BOOK = load_recipe_book()
NEURONS = "clf__model__num_neurons"
BEST = BOOK.groupby(NEURONS)["mean_test_score"].max()

# For each check: right answers by name, and wrong ones with a part of what is said to them.
RIGHT = {
    "check_eggs": {"plain": 4, "a float": 4.0, "of NumPy": np.int64(4)},
    "check_dials": {
        "in another order": ["epochs", "batch size", "learning rate"],
        "a set": {"learning rate", "batch size", "epochs"},
        "with underscores": ("learning_rate", "batch_size", "epochs"),
        "sliced from an array": np.array(["learning rate", "epochs", "batch size"]),
        "one named twice": ["epochs", "epochs", "batch size", "Learning rate"],
    },
    "check_recipe": {
        "made anew": lambda: pipeline().set_params(clf__model__learning_rate=0.01),
        "a clone": lambda: clone(pipeline()).set_params(clf__model__learning_rate=10 * 0.001),
        "by 10 ** -2": lambda: pipeline().set_params(clf__model__learning_rate=10**-2),
    },
    "check_rates": {
        "listed": [0.0001, 0.001, 0.01, 0.1],
        "of NumPy": np.geomspace(0.0001, 0.1, 4),
        "by powers": [10**power for power in (-4, -3, -2, -1)],
        "from large to small": (0.1, 0.01, 0.001, 0.0001),
        "a series": pd.Series(np.logspace(-4, -1, 4)),
        "a generator": lambda: (0.0001 * 10**i for i in range(4)),
        "fractions": [Fraction(1, 10**i) for i in range(1, 5)],
    },
    "check_steps": {"plain": 21, "a float": 21.0, "of NumPy": np.ceil(1000 / 48), "rounded down twice": -(-1000 // 48)},
    "check_catching_up": {"ten times": 0.01, "more": 0.03, "a fraction": Fraction(1, 50)},
    "check_grid": {
        "a dict": {"clf__batch_size": [32], "clf__epochs": [5, 10], "clf__model__dropout": [0.0, 0.25, 0.5]},
        "whole noughts, arrays, tuples": {
            "clf__model__dropout": np.linspace(0, 0.5, 3),
            "clf__epochs": (10, 5),
            "clf__batch_size": np.array([32]),
        },
        "a range": {"clf__epochs": range(5, 11, 5), "clf__batch_size": [32], "clf__model__dropout": [0.5, 0, 0.25]},
        "a list of one": [{"clf__batch_size": [32], "clf__epochs": [5, 10], "clf__model__dropout": [0, 0.25, 0.5]}],
        "two maps": [
            {"clf__batch_size": [32], "clf__epochs": [epochs], "clf__model__dropout": [0, 0.25, 0.5]}
            for epochs in (5, 10)
        ],
    },
    "check_half_step": {
        "plain": 0.02,
        "a root": np.sqrt(0.01 * 0.04),
        "decimal": decimal.Decimal("0.02"),
        "2e-2": 2e-2,
    },
    "check_differences": {
        "subtracted": FIRST - SECOND,
        "the other way round": SECOND - FIRST,
        "a list": [0.004, 0.003, 0.005],
        "a series": pd.Series(FIRST - SECOND, index=["a", "b", "c"]),
        "a column": (FIRST - SECOND)[:, np.newaxis],
        "rounded": (FIRST - SECOND).round(4).tolist(),
    },
    "check_distribution": {
        "log-uniform": stats.loguniform(1e-6, 1e-2),
        "its other name": stats.reciprocal(1e-6, 1e-2),
        "by hand": OwnDistribution(),
    },
    "check_draws": {"plain": 59, "a float": 59.0, "of NumPy": np.floor(299 / 5)},
    "check_best_percent": {"plain": 299, "of NumPy": np.ceil(np.log(0.05) / np.log(0.99)), "a float": 299.0},
    "check_promise": {"a capital": "B", "a small letter": "b", "with a blank": " B "},
    "check_best_rate": {
        "of the study": lambda: study().best_params["learning_rate"],
        "of the trial": lambda: study().best_trial.params["learning_rate"],
        "of the table": lambda: study().trials_dataframe().sort_values("value")["params_learning_rate"].iloc[-1],
        "rounded": lambda: float(f"{study().best_params['learning_rate']:.3g}"),
    },
    "check_contour": {
        "as told": drawn_by("plot_contour", "learning_rate", "batch_size"),
        "the other way round": drawn_by("plot_contour", "batch_size", "learning_rate", target_name="ROC AUC"),
        "the figure": lambda study: visual.plot_contour(study, params=["learning_rate", "batch_size"]).figure,
        "out of the axes of all pairs": lambda study: visual.plot_contour(study)[1][0],
    },
    "check_isolated": {
        "a series": BEST.copy(),
        "from the best to the worst": BEST.sort_values(),
        "a dict": BEST.to_dict(),
        "a list": [*BEST],
        "an array, rounded": BEST.to_numpy().round(4),
        "a pivot table": BOOK.pivot_table(index=NEURONS, values="mean_test_score", aggfunc="max"),
        "a table with all columns": BOOK.loc[BOOK.groupby(NEURONS)["mean_test_score"].idxmax()],
        "no index": BOOK.groupby(NEURONS, as_index=False)["mean_test_score"].max(),
    },
    "check_conditional": {one.__name__: one for one in (listed, renamed_tuple_of_powers, grown_in_a_loop)},
    "check_patience": {"plain": 3, "a float": 3.0, "of NumPy": np.int32(3)},
    "check_stop": {
        "by default": lambda: early_stopping(patience=3, restore_best_weights=True),
        "in full": lambda: early_stopping(
            monitor="val_loss", mode="min", patience=3, restore_best_weights=True, min_delta=0.0001
        ),
        "patience as a float": lambda: early_stopping(patience=3.0, restore_best_weights=True),
    },
    "check_rounds": {
        "pairs": [(27, 2), (9, 6), (3, 18), (1, 54)],
        "lists": [[27, 2], [9, 6], [3, 18], [1, 54]],
        "an array": np.array([(27 // 3**k, 2 * 3**k) for k in range(4)]),
        "divided": [(27 / 3**k, 2 * 3**k) for k in range(4)],
        "zipped": lambda: zip([27, 9, 3, 1], [2, 6, 18, 54], strict=True),
        "by number": lambda: {27: 2, 9: 6, 3: 18, 1: 54}.items(),
    },
    "check_inside": {
        "as told": three(StandardScaler(), SelectKBest(k=20), LogisticRegression()),
        "chosen first": three(SelectKBest(k=20), StandardScaler(), LogisticRegression()),
        "nested": three(three(StandardScaler(), SelectKBest(k=20)), LogisticRegression(max_iter=500)),
    },
    "check_folds": {
        "as told": StratifiedKFold(5, shuffle=True, random_state=0),
        "by name, another seed": StratifiedKFold(n_splits=5, shuffle=True, random_state=42),
        "repeated once": RepeatedStratifiedKFold(n_splits=5, n_repeats=1, random_state=0),
    },
    "check_line": {"plain": 0.25, "divided": 2 / 8, "a fraction": Fraction(1, 4), "of NumPy": np.float32(0.25)},
    "check_thawed": {"loaded": lambda tmp: thawed(tmp), "without safe mode": lambda tmp: thawed(tmp, safe_mode=False)},
    "check_distance": {
        "NumPy": lambda before, after: np.abs(after - before).max(),
        "a norm": lambda before, after: np.linalg.norm(np.ravel(after - before), ord=np.inf),
        "the other way round": lambda before, after: float(np.max(abs(before - after))),
        "both ends": lambda before, after: max((after - before).max(), (before - after).max()),
        "pandas told to keep nan": lambda before, after: pd.Series(np.ravel(before - after)).abs().max(skipna=False),
    },
    "check_counter": {"plain": 50, "a float": 50.0, "a variable": lambda: __import__("tensorflow").Variable(50)},
    "check_threshold": {
        "pandas": LOG["val_loss"].min(),
        "sorted": sorted(LOG["val_loss"])[0],
        "of NumPy": np.float32(LOG["val_loss"].min()),
        "copied": 0.4574,
    },
    "check_trained": {"plain": 17, "a float": 17.0, "of NumPy": np.prod((16, 1)) + 1},
    "check_settings": {
        "a dict": lambda pinch: {"amount": pinch.amount},
        "another word for it": lambda pinch: dict(amount=pinch.amount),
        "as a float": lambda pinch: {"amount": float(pinch.amount)},
        "with its name": lambda pinch: {"amount": pinch.amount, "name": pinch.name},
    },
    "check_roll_back": {
        "a slice": lambda promoted: promoted[:-1] or promoted,
        "by cases": lambda promoted: promoted if len(promoted) == 1 else promoted[:-1],
        "in place": popped,
        "a tuple": lambda promoted: tuple(promoted[: max(1, len(promoted) - 1)]),
    },
    "check_order": {
        "rows": {"instances": ROWS},
        "columns": {"inputs": {"tenure": [1, 2]}},
        "with a name of the signature": {"signature_name": "serving_default", "instances": ROWS},
    },
    "check_address": {
        "as told": "/v1/models/churn/versions/1:predict",
        "without the stroke": "v1/models/churn/versions/1:predict",
        "with the host": "http://127.0.0.1:8501/v1/models/churn/versions/1:predict",
        "put together": f"/v1/models/churn/versions/{1}:predict",
    },
    "check_psi": {
        "NumPy": lambda before, now: np.sum((now - before) * np.log(now / before)),
        "the other way round": lambda before, now: ((before - now) * np.log(before / now)).sum(),
        "two logarithms": lambda before, now: float((now - before) @ (np.log(now) - np.log(before))),
        "two divergences": lambda before, now: stats.entropy(now, before) + stats.entropy(before, now),
        "in a loop": lambda before, now: sum((n - b) * math.log(n / b) for b, n in zip(before, now, strict=True)),
    },
    "check_bytes": {
        "a tuple": (4000, 1000),
        "a list of floats": [32 / 8 * 1000, 1000.0],
        "an array": 1000 * np.array([32, 8]) // 8,
        "a series": pd.Series([4000, 1000]),
    },
    "check_session": {
        "the list": [EXACT + 1e-7],
        "the array": EXACT + 1e-7,
        "a table": pd.DataFrame(EXACT),
        "one image at a time": [list(row) for row in EXACT],
    },
    "check_slow": {
        "NumPy": 1000 * np.percentile(WAITS, 99),
        "a quantile": 1000 * np.quantile(WAITS, 0.99, method="higher"),
        "sorted": 1000 * sorted(WAITS)[296],
        "pandas": 1000 * pd.Series(WAITS).quantile(0.99),
    },
    "check_searches": {
        "as told": dict(
            zip(
                [
                    "two dials, four settings each, a second a training",
                    "six dials, forty trainings, ten machines at once",
                    "four dials, a night for each training, one machine",
                ],
                ["grid", "random", "Bayesian"],
                strict=True,
            )
        ),
        "in full": dict(
            zip(
                [
                    "two dials, four settings each, a second a training",
                    "six dials, forty trainings, ten machines at once",
                    "four dials, a night for each training, one machine",
                ],
                ["Grid search", "random search", "bayesian optimisation"],
                strict=True,
            )
        ),
    },
    "check_ranges": {
        "two dials": {"clf__model__learning_rate": stats.loguniform(1e-3, 1e-1), "clf__batch_size": [16, 32]},
        "lists only": {"clf__model__learning_rate": [0.1, 0.01], "clf__epochs": range(5, 10)},
        "arrays": {"clf__model__learning_rate": np.geomspace(1e-4, 1e-1, 7), "clf__epochs": stats.randint(5, 50)},
        "a list of one": [{"clf__model__learning_rate": [0.1, 0.001], "clf__epochs": [5, 50]}],
        "all three": {
            "clf__model__learning_rate": OwnDistribution(),
            "clf__model__num_neurons": [4, 8],
            "clf__epochs": [5],
        },
    },
    "check_filters": {"plain": 320, "counted": np.prod((3, 3, 1, 32)) + 32, "a float": 320.0},
}
WRONG = {
    "check_counter": {
        "forgotten": (30, "optimizer remembers"),
        "as before": (20, "20 steps before"),
        "epochs": (5, "found 5"),
    },
    "check_threshold": {
        "the last one": (0.4581, "the last one"),
        "the training's": (0.41, "a training loss"),
        "the first": (0.48, "smallest validation loss"),
        "an epoch": (3, "found 3"),
        "a word": ("smallest", "Expected a number"),
    },
    "check_trained": {
        "all": (3 * 16 + 16 + 16 + 1, "frozen"),
        "without the bias": (16, "bias"),
        "two layers": (2, "found 2"),
        "a word": ("few", "Expected a number"),
    },
    "check_roll_back": {
        "nobody left": (lambda promoted: promoted[:-1], "Expected ['1'] after rolling back from ['1'], found []"),
        "the version": (lambda promoted: promoted[-2], "found str"),
        "the first": (lambda promoted: promoted[:1], "found ['1']"),
        "by number": (lambda promoted: [v for v in promoted if v != max(promoted)] or promoted, "Expected ['1', '3']"),
        "all of the last": (lambda promoted: [v for v in promoted if v != promoted[-1]] or promoted, "['2', '1']"),
        "appended": (lambda promoted: promoted + promoted[-2:-1], "found ['1', '2', '1']"),
        "a list": (["1"], "Expected the function"),
    },
    "check_psi": {
        "one divergence": (lambda before, now: stats.entropy(now, before), "quarter and three"),
        "the signs": (lambda before, now: np.sum((before - now) * np.log(now / before)), "below nought"),
        "another base": (lambda before, now: np.sum((now - before) * np.log10(now / before)), "found 0.1193"),
        "not added": (lambda before, now: (now - before) * np.log(now / before), "added up"),
        "the mean": (lambda before, now: np.mean((now - before) * np.log(now / before)), "found 0.1373"),
        "a distance": (lambda before, now: np.abs(now - before).sum(), "found 0.5"),
        "a number": (0.1, "Expected the function"),
    },
    "check_bytes": {
        "bits": ((32000, 8000), "which are bits"),
        "swapped": ((1000, 4000), "with 32 bits first"),
        "kilobytes": ((4, 1), "four bytes a weight"),
        "one number": (4000, "Expected two numbers"),
        "three": ((4000, 2000, 1000), "found 3"),
        "a word": (("many", "few"), "Expected a number"),
    },
    "check_session": {
        "other images": ([EXACT[::-1]], "other images?"),
        "some images": ([EXACT[:3]], "found 3"),
        "digits only": ([EXACT.argmax(axis=1)], "shape (5,)"),
        "a word": ("session", "found str"),
        "an input": ({"image": EXACT}, "found dict"),
    },
    "check_settings": {
        "nothing": (lambda pinch: {}, "“amount”"),
        "a fixed number": (lambda pinch: {"amount": 0.25}, "found 0.25"),
        "another name": (lambda pinch: {"my_amount": pinch.amount}, "“amount”"),
        "one too many": (lambda pinch: {"amount": pinch.amount, "salt": 1}, "salt"),
        "a set": (lambda pinch: {pinch.amount}, "found set"),
        "the amount": (lambda pinch: pinch.amount, "found float"),
        "no function": ({"amount": 0.25}, "Expected the function"),
    },
    "check_contour": {
        "slices": (drawn_by("plot_slice", "learning_rate", "batch_size"), "found several pictures"),
        "one slice": (drawn_by("plot_slice", "learning_rate"), "found 'Objective Value' and 'learning_rate'"),
        "another dial": (drawn_by("plot_contour", "learning_rate", "neurons"), "'learning_rate' and 'neurons'"),
        "all pairs": (lambda study: visual.plot_contour(study), "found several pictures"),
        "the picture itself": (3, "Expected the function"),
        "a dial that is not there": (drawn_by("plot_contour", "learning_rate", "flour"), "flour"),
    },
    "check_isolated": {
        "the mean": (BOOK.groupby(NEURONS)["mean_test_score"].mean(), "found the mean"),
        "the best recipe": (BEST.max(), "a score for each number of neurons"),
        "its place": (BOOK.groupby(NEURONS)["mean_test_score"].idxmax(), "no dial fixed"),
        "ten epochs only": (
            BOOK[BOOK["clf__epochs"] == 10].groupby(NEURONS)["mean_test_score"].max(),
            "no dial fixed",
        ),
        "another dial": (BOOK.groupby("clf__batch_size")["mean_test_score"].max().rename({256: 250}), "found some of"),
        "batch sizes": (BOOK.groupby("clf__batch_size")["mean_test_score"].max(), "no dial fixed"),
        "three of them": (BEST[:3], "found 3"),
        "words": (["a", "b", "c", "d", "e"], "a score for each"),
    },
    "check_eggs": {"too few": (3, "found 3"), "a text": ("4", "Expected a number")},
    "check_dials": {
        "with the weights": (["learning rate", "weights", "epochs", "batch size"], "training finds them"),
        "with the loss": (["loss"], "measured, not set"),
        "two only": (["learning rate", "epochs"], "found 2"),
        "another word": (["learning rate", "epochs", "batch size", "eggs"], "“eggs”"),
        "a text": ("learning rate, epochs, batch size", "Expected a list"),
    },
    "check_recipe": {
        "as it was": (pipeline, "found 0.001"),
        "two dials turned": (
            lambda: pipeline().set_params(clf__model__learning_rate=0.01, clf__epochs=5),
            "as it was, 10, found 5",
        ),
        "by default": (lambda: pipeline().set_params(clf__model__learning_rate=0.01, clf__model__l2=0.1), "l2"),
        "a number": (0.01, "make_pipeline"),
        "no network": (lambda: three(StandardScaler(), LogisticRegression()), "without a learning rate"),
    },
    "check_rates": {
        "by differences": (np.linspace(0.0001, 0.1, 4), "same factor"),
        "three": ([0.0001, 0.01, 0.1], "found 3"),
        "from nought": ([0, 0.001, 0.01, 0.1], "above 0"),
        "elsewhere": ([0.001, 0.01, 0.1, 1.0], "from 0.0001 to 0.1"),
        "texts": (["0.0001", "0.001", "0.01", "0.1"], "Expected a number"),
        "one number": (0.01, "Expected a list"),
        "powers only": ([-4, -3, -2, -1], "above 0"),
    },
    "check_steps": {
        "rounded down": (20, "40 customers"),
        "not rounded": (1000 / 48, "whole number"),
        "wrong": (48, "found 48"),
    },
    "check_catching_up": {
        "as before": (0.001, "half of the way"),
        "smaller": (0.0001, "half of the way"),
        "nought": (0, "above 0"),
        "wild": (5.0, "breaks down"),
        "a word": ("large", "Expected a number"),
    },
    "check_grid": {
        "no list": (
            {"clf__batch_size": 32, "clf__epochs": [5, 10], "clf__model__dropout": [0, 0.25, 0.5]},
            "list of one",
        ),
        "a wrong address": ({"clf__dropout": [0, 0.25, 0.5]}, "“clf__dropout”"),
        "not pinned": ({"clf__epochs": [5, 10], "clf__model__dropout": [0, 0.25, 0.5]}, "clf__batch_size to be tried"),
        "two sizes": (
            {"clf__batch_size": [32, 64], "clf__epochs": [5, 10], "clf__model__dropout": [0, 0.25, 0.5]},
            "[32.0, 64.0]",
        ),
        "maps that do not meet": (
            [{"clf__batch_size": [32]}, {"clf__epochs": [5, 10]}, {"clf__model__dropout": [0, 0.25, 0.5]}],
            "found one with clf__",
        ),
        "another dial": (
            {
                "clf__batch_size": [32],
                "clf__epochs": [5, 10],
                "clf__model__dropout": [0, 0.25, 0.5],
                "clf__verbose": [0],
            },
            "found one with",
        ),
        "no dict": ("clf__epochs", "Expected a dict"),
        "a class of weights": (
            {
                "clf__batch_size": [32],
                "clf__epochs": [5, 10],
                "clf__model__dropout": [0, 0.25, 0.5],
                "clf__class_weight": [{0: 1, 1: 3}],
            },
            "found one with",
        ),
    },
    "check_half_step": {
        "the mean": (0.025, "by differences"),
        "elsewhere": (0.2, "root"),
        "a text": ("0.02", "a number"),
    },
    "check_differences": {
        "of the means": ((FIRST - SECOND).mean(), "one for each fold"),
        "the sums": (FIRST + SECOND, "Expected one score minus the other"),
        "the spreads": ([FIRST.std(), SECOND.std(), 0], "Expected one score minus the other"),
    },
    "check_distribution": {
        "uniform": (stats.uniform(1e-6, 1e-2), "factor of ten"),
        "a list": ([1e-6, 1e-4, 1e-2], "with `rvs`"),
        "too wide": (stats.loguniform(1e-8, 1e-1), "between"),
        "too narrow": (stats.loguniform(1e-4, 1e-2), "factor of ten"),
        "of the powers": (stats.uniform(-6, 4), "above 0"),
    },
    "check_draws": {
        "no refit": (60, "refit"),
        "trainings": (300, "number of trainings"),
        "not rounded": (59.8, "whole"),
        "wrong": (10, "found 10"),
    },
    "check_best_percent": {
        "of five": (59, "best 5 %"),
        "one too few": (298, "0.05"),
        "more than needed": (300, "smallest"),
        "not rounded": (298.07, "whole"),
        "a hundred": (100, "below 0.05"),
    },
    "check_promise": {
        "the sure one": ("A", "next to nothing"),
        "neither": ("C", 'Expected "A" or "B"'),
        "a number": (0.83, "Expected"),
    },
    "check_best_rate": {
        "all dials": (lambda: study().best_params, "dict"),
        "the score": (lambda: study().best_value, "best score"),
        "the first": (lambda: study().trials[0].params["learning_rate"], "of the best trial"),
    },
    "check_conditional": {
        "one name": (one_name_for_all, "a name of its own"),
        "always three": (always_three, "found 3"),
        "asks three": (asks_three_takes_some, "to be asked for"),
        "of NumPy": (not_from_the_trial, "nothing of"),
        "fractions": (fractions_of_neurons, "whole numbers"),
        "too wide": (too_wide, "16 to 128"),
        "no function": (3, "Expected the function"),
        "no dict": (lambda trial: [64], "TypeError"),
    },
    "check_patience": {
        "too little": (2, "ends after epoch 5"),
        "more than needed": (4, "3 is enough"),
        "nought": (0, "above 0"),
        "half": (2.5, "whole"),
    },
    "check_stop": {
        "weights of the last epoch": (lambda: early_stopping(patience=3), "restore_best_weights=False"),
        "no patience": (lambda: early_stopping(restore_best_weights=True), "found 0"),
        "training loss": (lambda: early_stopping(monitor="loss", patience=3, restore_best_weights=True), "`loss`"),
        "the class": (lambda: type(early_stopping()), "the class"),
        "a number": (3, "found int"),
    },
    "check_rounds": {
        "epochs left": ([(27, 2), (9, 2)], "Expected (9, 6)"),
        "halved": ([(27, 2), (13, 4)], "Expected (9, 6)"),
        "cut short": ([(27, 2), (9, 6), (3, 18)], "play on"),
        "elsewhere": ([(9, 6)], "first round"),
        "numbers": ([27, 9, 3, 1], "Expected a list of pairs"),
        "nothing": ([], "first round"),
    },
    "check_inside": {
        "no scaler": (three(SelectKBest(k=20), LogisticRegression()), "StandardScaler"),
        "no choice": (three(StandardScaler(), LogisticRegression()), "found 2000"),
        "all ten": (three(StandardScaler(), SelectKBest(), LogisticRegression()), "found 10"),
        "a score": (0.4, "found float"),
        "another scaler": (three(MinMaxScaler(), SelectKBest(k=20), LogisticRegression()), "StandardScaler"),
    },
    "check_folds": {
        "not stratified": (KFold(5, shuffle=True, random_state=0), "same churn rate"),
        "not shuffled": (StratifiedKFold(5), "shuffle=True"),
        "others each time": (StratifiedKFold(5, shuffle=True), "random_state"),
        "three": (StratifiedKFold(3, shuffle=True, random_state=0), "found 3"),
        "drawn anew": (StratifiedShuffleSplit(5, random_state=0), "exactly once"),
        "the class": (StratifiedKFold, "the class"),
        "a number": (5, "splitter"),
    },
    "check_line": {
        "turned round": (4, "turn the fraction"),
        "of the lesson": (0.2, "found 0.2"),
        "half": (0.5, "found 0.5"),
    },
    "check_thawed": {
        "another": (other_answers, "differ by"),
        "nothing loaded": ("model.keras", "found str"),
        "no optimizer": (lambda tmp: thawed(tmp, compile=False), "found 0"),
    },
    "check_distance": {
        "the mean": (lambda before, after: np.mean(after - before), "rise of 0.2"),
        "the mean distance": (lambda before, after: np.abs(after - before).mean(), "rise of 0.2"),
        "the largest rise": (lambda before, after: (after - before).max(), "fall of 0.3"),
        "skips nan": (lambda before, after: np.nanmax(np.abs(after - before)), "must not be skipped"),
        "nothing": (lambda before, after: np.abs(after - before), "Expected a number"),
        "no function": (0.3, "Expected the function"),
    },
    "check_order": {
        "no word for it": (ROWS, "Expected a dict"),
        "one only": ({"instances": ROWS[:1]}, "found 1"),
        "a column missing": ({"instances": [{}, {}]}, "status 400: “column tenure is missing”"),
        "another word": ({"rows": ROWS}, "status 400"),
        "numbers of NumPy": ({"instances": [{"tenure": np.int64(1)}] * 2}, "TypeError"),
    },
    "check_address": {
        "the highest": ("/v1/models/churn:predict", "names version 1"),
        "no question": ("/v1/models/churn/versions/1", "“:predict”"),
        "the other": ("/v1/models/churn/versions/2:predict", "names version 1"),
        "another shop": ("/v1/models/tea/versions/1:predict", "status 404"),
        "a number": (1, "as a text"),
    },
    "check_slow": {
        "seconds": (np.percentile(WAITS, 99), "in seconds"),
        "the median": (1000 * np.median(WAITS), "one in a hundred"),
        "the 95th": (1000 * np.percentile(WAITS, 95), "one in a hundred"),
    },
    "check_searches": {
        "a grid of six": (
            {
                "two dials, four settings each, a second a training": "grid",
                "six dials, forty trainings, ten machines at once": "grid",
                "four dials, a night for each training, one machine": "Bayesian",
            },
            "need not wait",
        ),
        "another word": ({"two dials, four settings each, a second a training": "halving"}, "Expected “grid”"),
        "a list": (["grid", "random", "Bayesian"], "Expected the dict"),
        "a job lost": ({"two dials, four settings each, a second a training": "grid"}, "to stay in the dict"),
    },
    "check_ranges": {
        "no rate": ({"clf__epochs": [5, 10]}, "learning rate among"),
        "a narrow rate": ({"clf__model__learning_rate": [0.01, 0.02], "clf__epochs": [5]}, "factor of ten"),
        "searched above": ({"clf__model__learning_rate": [0.01, 0.1], "clf__model__num_neurons": [4]}, "not searched"),
        "a wrong address": ({"learning_rate": [0.01, 0.1], "clf__epochs": [5]}, "“learning_rate”"),
        "no range": ({"clf__model__learning_rate": 0.01, "clf__epochs": [5]}, "a distribution or a list"),
        "nothing": ({}, "no dial"),
        "a text": ("learning rate", "Expected a dict"),
    },
    "check_filters": {"no bias": (288, "bias for each"), "one": (10, "found 10"), "a text": ("320", "a number")},
}


ASK_FOR_A_FUNCTION = (
    "check_distance",
    "check_conditional",
    "check_contour",
    "check_psi",
    "check_settings",
    "check_roll_back",
)


def said(capsys, name: str, answer, tmp_path) -> str:
    """Return what a check says to an answer; one that is a function without a task is called for it first."""
    made = callable(answer) and getattr(answer, "__name__", "") in ("<lambda>", "pipeline", "other_answers")
    if made and name not in ASK_FOR_A_FUNCTION:
        answer = answer(tmp_path) if answer.__code__.co_argcount else answer()
    CHECKS[name](answer, *HELPERS.get(name, tuple)())
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in RIGHT.items() for case in cases])
def test_a_right_answer_gets_a_tick(name, case, capsys, tmp_path):
    told = said(capsys, name, RIGHT[name][case], tmp_path)
    assert told.startswith("✓ "), told


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in WRONG.items() for case in cases])
def test_a_wrong_answer_is_told_what_is_expected(name, case, capsys, tmp_path):
    answer, part = WRONG[name][case]
    told = said(capsys, name, answer, tmp_path)
    assert told.startswith("✗ "), told
    assert part in told
    assert "Look again at lesson" in told


@pytest.mark.parametrize("name", CHECKS)
def test_an_untouched_answer_is_not_done_yet(name, capsys, tmp_path):
    told = said(capsys, name, ..., tmp_path)
    assert re.fullmatch(r"○ Not done yet: `my_\w+` is still `\.\.\.`\.", told), told


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("check_distance", lambda before, after: ...),
        ("check_distance", lambda before, after: None),
        ("check_conditional", lambda trial: {"layers": trial.suggest_int("layers", 1, 3), "widths": ...}),
        ("check_contour", lambda study: ...),
        ("check_contour", lambda study: None),
        ("check_searches", {"two dials, four settings each, a second a training": ...}),
        ("check_rounds", [(27, 2), ...]),
    ],
)
def test_a_gap_inside_an_answer_is_not_done_yet(name, answer, capsys):
    CHECKS[name](answer, *HELPERS.get(name, tuple)())
    assert capsys.readouterr().out.startswith("○ Not done yet: ")


def test_a_closed_shop_is_named(capsys):
    CHECKS["check_order"]({"instances": ROWS}, closed)
    assert "Open the shop" in capsys.readouterr().out


def test_an_answer_that_stops_is_told_where(capsys):
    names: dict = {}
    exec(compile("def mine(before, after): return 1 / 0", "/tmp/ipykernel_1/1.py", "exec"), names)
    linecache.cache["/tmp/ipykernel_1/1.py"] = (0, None, ["def mine(before, after): return 1 / 0"], "")
    CHECKS["check_distance"](names["mine"])
    assert "Your code stopped with ZeroDivisionError: division by zero (in `mine`" in capsys.readouterr().out


def test_what_is_said_fits_the_page(capsys):
    CHECKS["check_grid"]({"clf__batch_size": 32}, pipeline())
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_every_check_has_right_and_wrong_answers_that_are_named():
    assert RIGHT.keys() == WRONG.keys() == CHECKS.keys()
    assert min(len(cases) for cases in [*RIGHT.values(), *WRONG.values()]) >= 2


def turns_of(lesson: str) -> dict[str, str]:
    """Return the cells in which a lesson leaves a gap, by id."""
    cells = {cell.id: cell.source for cell in LESSONS[lesson].cells if cell.cell_type == "code"}
    return {name: source for name, source in cells.items() if re.search(r"^check_\w+\(my_", source, re.MULTILINE)}


def test_every_lesson_has_two_tasks_or_more_and_every_check_a_task():
    turns = {lesson: turns_of(lesson) for lesson in LESSONS}
    assert {lesson: turned.keys() for lesson, turned in turns.items()} == {
        lesson: answers.keys() for lesson, answers in ANSWERS.items()
    }
    assert min(len(turned) for turned in turns.values()) >= 2
    called = [
        name
        for turned in turns.values()
        for source in turned.values()
        for name in re.findall(r"^(check_\w+)\(", source, re.MULTILINE)
    ]
    assert sorted(called) == sorted(CHECKS)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_task_says_whose_turn_it_is_before_the_gap(lesson):
    cells = LESSONS[lesson].cells
    for before, cell in zip(cells, cells[1:], strict=False):
        if cell.id in ANSWERS[lesson]:
            assert before.cell_type == "markdown"
            assert "**Your turn.**" in before.source or cell.id == "how-to-work-with-it-2"
            assert solved(cell.source, ANSWERS[lesson][cell.id]) != cell.source


def test_every_check_points_to_a_section_that_is_there():
    for module in MODULES:
        source = (
            ROOT / "notebooks" / "coffee_shop" / "practice" / f"{module.__name__.rpartition('.')[2]}.py"
        ).read_text("utf-8")
        for lesson, section in re.findall(r'@your_turn\("([^"]+)", "([^"]+)"\)', source):
            assert f"## {section}\n" in "\n".join(cell.source + "\n" for cell in LESSONS[lesson].cells)
