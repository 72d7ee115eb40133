"""The cups: made by the script beside them, split fairly, and a table on which tuning pays."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from coffee_shop.churn import DATA
from coffee_shop.cups import CATEGORICAL, NUMERIC, TARGET, chances, load_all_cups, load_cups
from coffee_shop.data import brew


def test_table_is_what_its_script_makes(tmp_path, monkeypatch):
    kept = (DATA / "cups.csv.gz").read_bytes()
    assert hashlib.sha256(kept).hexdigest() in (DATA / "README.md").read_text(encoding="utf-8")
    monkeypatch.setattr(brew, "CUPS", tmp_path / "cups.csv.gz")
    brew.main()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "cups.csv.gz"), load_all_cups())


def test_columns_are_those_that_are_documented():
    cups = load_all_cups()
    assert [*cups.columns] == [*NUMERIC, *CATEGORICAL, "chance", TARGET]
    assert set(cups["roast"]) == {"light", "medium", "dark"}
    assert not cups.isna().any().any()
    told = (DATA / "README.md").read_text(encoding="utf-8")
    assert all(f"`{column}`" in told for column in cups)


def test_split_is_stratified_disjoint_and_without_the_chance():
    X_train, X_test, y_train, y_test = load_cups()
    assert (X_train.shape, X_test.shape) == ((2400, 6), (600, 6))
    assert abs(y_train.mean() - y_test.mean()) < 0.001
    assert not set(X_train.index) & set(X_test.index)
    assert "chance" not in X_train


def test_guests_like_a_cup_with_its_chance():
    cups = load_all_cups()
    for low in np.arange(0, 1, 0.2):
        group = cups[cups["chance"].between(low, low + 0.2)]
        error = 4 * np.sqrt(group["chance"].mean() * (1 - group["chance"].mean()) / len(group))
        assert abs(group["liked"].mean() - group["chance"].mean()) < error


def test_chances_belong_to_the_cups_that_are_asked_for():
    X_train, X_test, _, y_test = load_cups()
    assert roc_auc_score(y_test, chances(X_test)) > 0.94
    some = X_train.sample(50, random_state=0)
    assert np.allclose(chances(some), brew.chance(some), atol=1e-4)


def test_too_much_and_too_little_are_both_bad():
    cup = {"temperature": 91.0, "grind": 524.0, "time": 95.0, "dose": 60.0, "hardness": 80.0, "roast": "medium"}
    for dial, (low, high) in {"temperature": (60, 120), "grind": (200, 1400), "time": (20, 450)}.items():
        poor, good, poor_too = brew.chance(pd.DataFrame([cup | {dial: low}, cup, cup | {dial: high}]))
        assert max(poor, poor_too) < 0.1 < 0.9 < good
