"""The data and the recipe: real, stratified, tunable, reproducible."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, check_cv

from coffee_shop.churn import CATEGORICAL, DATA, NUMERIC, load_churn, load_customers
from coffee_shop.data.clean import ORIGINAL_SHA256
from coffee_shop.recipe import make_pipeline


@pytest.fixture(scope="module")
def small():
    X, _, y, _ = load_churn(700, test_size=100)
    return X, y


@pytest.fixture(scope="module")
def quick():
    return make_pipeline(epochs=2, batch_size=256, num_neurons=8)


def test_table_is_whole_and_clean():
    customers = load_customers()
    assert customers.shape == (7043, 20)
    assert not customers.isna().any().any()
    assert sorted(customers.columns) == sorted([*NUMERIC, *CATEGORICAL, "Churn"])
    assert round(100 * customers["Churn"].mean(), 1) == 26.5
    assert (customers.loc[customers["tenure"] == 0, "TotalCharges"] == 0).all()


def test_checksums_beside_the_data_are_true():
    told = (DATA / "README.md").read_text()
    assert hashlib.sha256((DATA / "churn.csv.gz").read_bytes()).hexdigest() in told
    assert ORIGINAL_SHA256 in told


def test_split_is_stratified_and_disjoint():
    X_train, X_test, y_train, y_test = load_churn()
    assert len(X_train) + len(X_test) == 7043
    assert abs(y_train.mean() - y_test.mean()) < 0.001
    assert not set(X_train.index) & set(X_test.index)


def test_subset_has_the_size_and_the_rate_asked_for():
    X_train, X_test, y_train, y_test = load_churn(1000, test_size=250)
    assert (len(X_train), len(X_test)) == (750, 250)
    assert abs(y_train.mean() - 0.265) < 0.01


@pytest.mark.parametrize("n", [0, 9, 7044])
def test_impossible_subset_is_refused(n):
    with pytest.raises(ValueError, match="between 10 and 7043"):
        load_churn(n)


def test_default_recipe_is_good_on_customers_never_seen():
    X_train, X_test, y_train, y_test = load_churn()
    pipeline = make_pipeline().fit(X_train, y_train)
    assert roc_auc_score(y_test, pipeline.predict_proba(X_test)[:, 1]) >= 0.83


def test_search_stratifies_and_scores(small, quick):
    X, y = small
    assert is_classifier(quick)
    assert isinstance(check_cv(3, y, classifier=is_classifier(quick)), StratifiedKFold)
    grid = {"clf__model__learning_rate": [0.01, 0.05], "clf__model__l2": [1e-4]}
    search = GridSearchCV(quick, grid, cv=2, scoring="roc_auc", error_score="raise", n_jobs=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("dial", "value"),
    [
        ("clf__model__learning_rate", 0.1),
        ("clf__batch_size", 64),
        ("clf__model__num_neurons", 3),
        ("clf__model__num_layers", 2),
        ("clf__model__dropout", 0.5),
        ("clf__model__l2", 0.1),
        ("clf__epochs", 4),
    ],
)
def test_every_dial_reaches_the_network(small, quick, dial, value):
    X, y = small
    assert dial in quick.get_params()
    turned = clone(quick).set_params(**{dial: value}).fit(X, y)
    assert not np.allclose(turned.predict_proba(X), clone(quick).fit(X, y).predict_proba(X))


def test_same_seed_same_model_and_pickle_keeps_it(small, quick):
    X, y = small
    one, two = clone(quick).fit(X, y), clone(quick).fit(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    np.testing.assert_allclose(pickle.loads(pickle.dumps(one)).predict_proba(X), one.predict_proba(X), atol=1e-6)


def test_one_customer_with_a_contract_never_seen_gets_a_prediction(small, quick):
    X, y = small
    fitted = clone(quick).fit(X, y)
    stranger = X.head(1).assign(Contract="Ten years")
    assert fitted.predict_proba(stranger).shape == (1, 2)
    assert fitted.predict(stranger).shape == (1,)


def test_a_seeded_fit_leaves_unseeded_training_alone():
    code = """
        import numpy as np
        from coffee_shop.recipe import build_model, make_pipeline
        from coffee_shop.churn import load_churn
        X, _, y, _ = load_churn(400, test_size=100)
        make_pipeline(epochs=1, num_neurons=2).fit(X, y)
        build_model({"n_features_in_": 3}, dropout=0.5).fit(np.zeros((9, 3)), np.zeros(9), verbose=0)
    """
    # In a process of its own: TensorFlow settles this once and for all.
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
