"""Networks that share a traced training step learn what Keras would have taught them, and nothing of each other."""

from __future__ import annotations

import math
import re

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from coffee_shop import tracing
from coffee_shop.churn import load_churn
from coffee_shop.recipe import build_model, make_prep

FEATURES = 5


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, FEATURES)).astype("float32")
    return X, (X[:, 0] + X[:, 1] > 0).astype("float32")


def network(seed=0, **dials):
    keras.utils.set_random_seed(seed)
    return build_model({"n_features_in_": FEATURES}, **dials)


def numbers(model):
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


def assert_equal(one, other, **tolerance):
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.parametrize(
    "dials", [{}, {"num_layers": 2, "l2": 0.01}, {"learning_rate": 0.1, "num_neurons": 3}], ids=str
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_training_in_whole_epochs_equals_keras_own(rows, dials, weighted):
    X, y = rows
    weights = np.linspace(0, 2, len(X)) if weighted else None
    ours, kerass = network(**dials), network(**dials)
    # All rows in one batch, where the order of the rows does not matter.
    told = tracing.fit(ours, X, y, sample_weight=weights, batch_size=60, epochs=3, verbose=0)
    expected = kerass.fit(X, y, sample_weight=weights, batch_size=60, epochs=3, shuffle=False, verbose=0)
    assert_equal(ours, kerass, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(told.history["loss"], expected.history["loss"], rtol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 7, 16, 60, 1000, None])
def test_every_batch_is_a_step_of_the_optimizer(rows, batch_size):
    model = network()
    tracing.fit(model, *rows, batch_size=batch_size, epochs=2, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2 * math.ceil(60 / (batch_size or 32))


def test_each_epoch_sees_every_row_once(rows):
    model = network(learning_rate=0.0)  # standing still, so that the loss is that of the rows alone
    told = tracing.fit(model, *rows, batch_size=7, epochs=2, verbose=0).history
    np.testing.assert_allclose(told["loss"], 2 * [model.evaluate(*rows, verbose=0)], rtol=1e-5)


@pytest.mark.parametrize("held", [{}, {"validation_split": 0.25}, {"validation_data": "rows"}], ids=str)
@pytest.mark.parametrize("epochs", [1, 3, 2 * tracing.AT_ONCE + 1])
def test_nobody_looking_on_changes_nothing(rows, epochs, held):
    settings = {"batch_size": 16, "epochs": epochs, "verbose": 0, **held}
    if "validation_data" in held:
        settings["validation_data"] = rows
    quiet = network(dropout=0.3)
    told = tracing.fit(quiet, *rows, **settings)
    watched = network(dropout=0.3)
    expected = tracing.fit(watched, *rows, **settings, callbacks=[keras.callbacks.Callback()])
    assert_equal(quiet, watched, rtol=1e-5, atol=1e-6)
    assert told.epoch == expected.epoch == list(range(epochs))
    assert told.history.keys() == expected.history.keys()
    assert ("val_loss" in told.history) == bool(held)
    np.testing.assert_allclose([*told.history.values()], [*expected.history.values()], rtol=1e-5)


@pytest.mark.parametrize("callbacks", [None, [keras.callbacks.Callback()]])
def test_epochs_are_counted_as_keras_counts_them(rows, callbacks):
    model = network()
    before = numbers(model)
    assert tracing.fit(model, *rows, epochs=0, verbose=0, callbacks=callbacks).history == {}
    for old, new in zip(before, numbers(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert tracing.fit(model, *rows, epochs=5, initial_epoch=3, verbose=0, callbacks=callbacks).epoch == [3, 4]


def test_metrics_are_those_of_keras(rows):
    X, y = rows
    models = network(), network()
    for model in models:
        model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()])
        model.optimizer.build(model.trainable_variables)
    settings = {"validation_data": (X[:20], y[:20]), "batch_size": 60, "epochs": 4, "verbose": 0}
    told = tracing.fit(models[0], X, y, **settings).history
    expected = models[1].fit(X, y, shuffle=False, **settings).history
    assert [re.sub(r"_\d+", "", name) for name in told] == [re.sub(r"_\d+", "", name) for name in expected]
    assert len(told) == 6
    np.testing.assert_allclose([*told.values()], [*expected.values()], rtol=1e-4)


def test_labels_may_be_a_row_or_a_column(rows):
    X, y = rows
    row = network()
    tracing.fit(row, X, y, batch_size=16, verbose=0)
    column = network()
    tracing.fit(column, X, y[:, None], batch_size=16, verbose=0)
    assert_equal(row, column, rtol=0, atol=0)


def test_equal_seeds_give_equal_networks_whatever_was_trained_between(rows):
    one = network(seed=1, dropout=0.5)
    tracing.fit(one, *rows, batch_size=16, epochs=2, verbose=0)
    between = network(seed=2, dropout=0.5, learning_rate=0.5)
    tracing.fit(between, *rows, batch_size=8, epochs=2, verbose=0)
    other = network(seed=1, dropout=0.5)
    tracing.fit(other, *rows, batch_size=16, epochs=2, verbose=0)
    assert_equal(one, other, rtol=0, atol=0)
    assert not np.allclose(numbers(one)[0], numbers(between)[0])


def test_dropout_and_shuffling_are_drawn_anew_every_epoch(rows):
    model = network(dropout=0.5, learning_rate=0.0)
    losses = tracing.fit(model, *rows, batch_size=60, epochs=4, verbose=0).history["loss"]
    assert len(set(losses)) == 4


def test_training_goes_on_where_it_stopped(rows):
    parts, whole = network(), network()
    for _ in range(2):
        tracing.fit(parts, *rows, batch_size=60, epochs=2, verbose=0)
    tracing.fit(whole, *rows, batch_size=60, epochs=4, verbose=0)
    assert_equal(parts, whole, rtol=1e-3, atol=1e-5)


def test_early_stopping_watches_held_out_rows_and_restores_the_best(rows):
    X, y = rows
    model = network(learning_rate=0.5)
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    told = tracing.fit(model, X, 1 - y, validation_split=0.25, epochs=200, callbacks=[stop], verbose=0).history
    assert len(told["val_loss"]) < 200
    held = model.evaluate(X[45:], 1 - y[45:], verbose=0)
    assert held == pytest.approx(min(told["val_loss"]), rel=1e-3)


def test_a_training_that_was_interrupted_spoils_no_other(rows):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracing.fit(network(), *rows, epochs=9, callbacks=[Stop()], verbose=0)
    one, other = network(), network()
    tracing.fit(one, *rows, batch_size=60, verbose=0)
    other.fit(*rows, batch_size=60, shuffle=False, verbose=0)
    assert_equal(one, other, rtol=1e-3, atol=1e-5)


def test_scores_on_customers_are_those_of_plain_keras():
    X_train, X_test, y_train, y_test = load_churn(2500, test_size=1000)
    prep = make_prep().fit(X_train)
    Z_train, Z_test = (prep.transform(X).astype("float32") for X in (X_train, X_test))
    scores = {"traced": [], "plain": []}
    for seed in range(2):
        for name, train in {"traced": tracing.fit, "plain": keras.Model.fit}.items():
            keras.utils.set_random_seed(seed)
            model = build_model({"n_features_in_": Z_train.shape[1]})
            train(model, Z_train, y_train.to_numpy(), batch_size=32, epochs=4, verbose=0)
            scores[name].append(roc_auc_score(y_test, model(Z_test).numpy().ravel()))
    assert abs(np.mean(scores["traced"]) - np.mean(scores["plain"])) < 0.01
