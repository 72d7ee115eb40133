"""What lesson 07_choosing_a_winner asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from coffee_shop.practice import number, your_turn


@your_turn("07_choosing_a_winner", "Keep the preprocessing inside")
def check_inside(pipeline: Any, noise: np.ndarray, coin: np.ndarray) -> str:
    """Check a pipeline that scales and chooses 20 features inside the folds."""
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import Pipeline

    whole = isinstance(pipeline, Pipeline)
    assert whole, f"Expected a `Pipeline` of scaler, choice and classifier, found {type(pipeline).__name__}."
    fitted = clone(pipeline).fit(5 * noise + 3, coin)
    reached = np.asarray(fitted[:-1].transform(5 * noise + 3))
    assert reached.shape[1] == 20, f"Expected 20 features to reach the classifier, found {reached.shape[1]}."
    mean, spread = abs(reached.mean(axis=0)).max(), abs(reached.std(axis=0) - 1).max()
    assert max(mean, spread) < 0.01, (
        f"Expected a `StandardScaler` in it too, found features with means up to {mean:.2g} and spreads other than 1."
    )
    score = cross_val_score(pipeline, noise, coin, cv=5, scoring="roc_auc", error_score="raise").mean()
    assert score < 0.7, f"Expected about 0.5 on pure noise, found {score:.2f}: something still looks at the judges."
    return f"ROC AUC {score:.2f} on pure noise: nothing leaks."


@your_turn("07_choosing_a_winner", "Stratify")
def check_folds(folds: Any, y: Any) -> str:
    """Check five stratified folds that are shuffled the same way each time."""
    y = np.asarray(y)
    assert hasattr(folds, "split"), f"Expected a splitter such as `StratifiedKFold(...)`, found {folds!r}."
    assert not isinstance(folds, type), (
        "Expected a splitter, found the class: write brackets with its settings behind it."
    )
    first, again = ([judge for _, judge in folds.split(np.zeros((len(y), 1)), y)] for _ in range(2))
    assert len(first) == 5, f"Expected 5 folds, found {len(first)}."
    once = sorted(np.concatenate(first)) == list(range(len(y)))
    assert once, "Expected every customer to be a judge exactly once, found some more often, or never."
    rates = [y[judge].mean() for judge in first]
    told = ", ".join(f"{rate:.2f}" for rate in rates)
    assert max(rates) - min(rates) < 0.01, f"Expected the same churn rate in every fold, found {told}."
    left = [np.isin(np.flatnonzero(y), judge).nonzero()[0] for judge in first]
    mixed = any(np.ptp(places) >= len(places) for places in left)
    assert mixed, "Expected shuffled folds, found the customers in the order of the table: `shuffle=True`."
    same = all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert same, "Expected the same folds each time, found others: set `random_state`."
    return "Five fair folds, and the same five tomorrow."


@your_turn("07_choosing_a_winner", "Draw the line")
def check_line(line: Any) -> str:
    """Check from which probability a call pays that costs 2 and may save 8."""
    found = number(line, "my_line")
    assert found != 4, "Expected a probability, found 4: turn the fraction round."
    assert 0 <= found <= 1, f"Expected a probability between 0 and 1, found {found:g}."
    assert abs(found - 0.25) < 0.001, f"Expected the cost of a call divided by what it saves, found {found:g}."
    return "At 0.25 the call costs 2 and saves 8 × 0.25 = 2."
