"""The cups of coffee: a small table on which tuning pays, offline, split for training and testing."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from coffee_shop.churn import DATA

NUMERIC = ["temperature", "grind", "time", "dose", "hardness"]
CATEGORICAL = ["roast"]
TARGET = "liked"


def load_all_cups() -> pd.DataFrame:
    """Return all 3,000 cups: six columns of features, ``chance`` and ``liked`` (1 means the guest liked the cup).

    ``temperature`` is in °C, ``grind`` in micrometres, ``time`` in seconds, ``dose`` in grams a litre, ``hardness`` of
    the water in milligrams a litre, ``roast`` is a word. The table is made, not measured: ``chance`` is the probability
    with which its guest likes a cup. How it was made, and its licence: ``data/README.md``.
    """
    return pd.read_csv(DATA / "cups.csv.gz")


def load_cups() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Return ``X_train, X_test, y_train, y_test``, stratified on the target.

    Returns
    -------
    X_train, X_test : DataFrame, shapes (2400, 6) and (600, 6)
    y_train, y_test : Series of 0 and 1, shapes (2400,) and (600,)
    """
    cups = load_all_cups()
    X, y = cups[[*NUMERIC, *CATEGORICAL]], cups[TARGET]
    return tuple(train_test_split(X, y, test_size=600, stratify=y, random_state=0))


def chances(X: pd.DataFrame) -> pd.Series:
    """Return the true probability for each of these cups, shape (n,). On average no model can rank cups better.

    Parameters
    ----------
    X : DataFrame
        Rows of what `load_cups` returns.
    """
    return load_all_cups().loc[X.index, "chance"]
