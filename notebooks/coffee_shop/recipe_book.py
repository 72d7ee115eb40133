"""The recipe book: 3,125 recipes, five dials with five settings each, all tasted once, searched in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from coffee_shop.churn import DATA

BOOK = DATA / "recipe_book.csv.gz"
DIALS = {
    "clf__model__learning_rate": (0.0001, 0.0003, 0.001, 0.003, 0.01),
    "clf__batch_size": (16, 32, 64, 128, 256),
    "clf__epochs": (2, 5, 10, 20, 40),
    "clf__model__num_neurons": (16, 32, 64, 128, 256),
    "clf__model__dropout": (0.0, 0.15, 0.3, 0.45, 0.6),
}
# Where a search leaves a dial alone: the settings of `make_pipeline`, and the nearest one where it lies between two.
DEFAULTS = {
    "clf__model__learning_rate": 0.001,
    "clf__batch_size": 64,
    "clf__epochs": 10,
    "clf__model__num_neurons": 64,
    "clf__model__dropout": 0.15,
}
SPLITS = ["split0_test_score", "split1_test_score", "split2_test_score"]


def load_recipe_book() -> pd.DataFrame:
    """Return every recipe with its scores, 3,125 rows.

    The columns are the five dials of `DIALS`, the ROC AUC on each of three held-out folds
    (``split0_test_score``, ...), ``mean_test_score`` and ``std_test_score`` over the folds, and ``mean_fit_time``,
    the seconds of processor time that one training took. How it was made: ``data/README.md``.
    """
    return _book().reset_index()


@dataclass(frozen=True)
class BookSearch:
    """A finished search, with the attributes of a fitted ``GridSearchCV`` that need no model.

    Attributes
    ----------
    cv_results_ : dict of ndarray, shapes (candidates,)
        ``params``, ``param_…``, ``split…_test_score``, ``mean_test_score``, ``std_test_score``,
        ``rank_test_score`` and ``mean_fit_time`` in seconds.
    best_index_ : int
    best_params_ : dict
    best_score_ : float
    n_splits_ : int
    """

    cv_results_: dict[str, np.ndarray]
    best_index_: int
    n_splits_: int = len(SPLITS)

    @property
    def best_params_(self) -> dict:
        return self.cv_results_["params"][self.best_index_]

    @property
    def best_score_(self) -> float:
        return float(self.cv_results_["mean_test_score"][self.best_index_])


def search_book(candidates: Iterable[Mapping[str, float]]) -> BookSearch:
    """Look candidates up in the recipe book, as a search would train them.

    Parameters
    ----------
    candidates : iterable of dict
        Settings by dial, such as a ``ParameterGrid`` or a ``ParameterSampler`` over `DIALS`. A dial that is not
        named stays at its setting in `DEFAULTS`.

    Raises
    ------
    ValueError
        If there are no candidates, or one asks for a dial or a setting that is not in the book.
    """
    params = [dict(candidate) for candidate in candidates]
    if not params:
        raise ValueError("candidates is empty: a search needs at least one")
    for candidate in params:
        _refuse_unknown(candidate)
    found = _book().loc[[tuple((DEFAULTS | candidate).values()) for candidate in params]]
    results = {name: found[name].to_numpy() for name in found.columns}
    results["rank_test_score"] = rankdata(-found["mean_test_score"], method="min").astype(int)
    for dial in params[0]:
        results[f"param_{dial}"] = np.array([candidate.get(dial) for candidate in params])
    results["params"] = params
    return BookSearch(results, int(results["rank_test_score"].argmin()))


def look_up(recipe: Mapping[str, float]) -> float:
    """Return the mean ROC AUC of one recipe: the short way where a search asks for one after the other.

    Parameters
    ----------
    recipe : dict
        A setting for each dial of `DIALS`.

    Raises
    ------
    ValueError
        If a dial is missing, or the recipe asks for a dial or a setting that is not in the book.
    """
    _refuse_unknown(recipe)
    missing = [dial for dial in DIALS if dial not in recipe]
    if missing:
        raise ValueError(f"a recipe needs a setting for every dial, {', '.join(missing)} is missing")
    return _means()[tuple(recipe[dial] for dial in DIALS)]


def _refuse_unknown(candidate: Mapping[str, float]) -> None:
    for dial, setting in candidate.items():
        if dial not in DIALS:
            raise ValueError(f"the recipe book has no dial {dial!r}; it has: {', '.join(DIALS)}")
        if setting not in DIALS[dial]:
            raise ValueError(f"the recipe book has no {dial} = {setting!r}; it has: {DIALS[dial]}")


@cache
def _book() -> pd.DataFrame:
    book = pd.read_csv(BOOK).set_index(list(DIALS))
    scores = book[SPLITS]
    return book.assign(mean_test_score=scores.mean(axis=1), std_test_score=scores.std(axis=1, ddof=0)).sort_index()


@cache
def _means() -> dict[tuple[float, ...], float]:
    return _book()["mean_test_score"].to_dict()
