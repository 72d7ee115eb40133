"""Train networks of one shape on one traced training: the same training, many times as fast.

Before its first step TensorFlow traces the training into a graph, and Keras has it done for every network anew,
however alike; then it goes back to Python after every batch. In a search over small networks both cost more than the
arithmetic. So networks of one shape are trained on a twin, traced once, which takes many epochs at a time: the twin
takes on a network's numbers, the optimizer's and the random state's among them, and gives them back when trained.
"""

from __future__ import annotations

import json
from collections import OrderedDict

import keras
import numpy as np
import tensorflow as tf

KEPT = 8  # random search may never ask for the same dropout twice
Rows = tuple[np.ndarray, ...]  # of a network's input, of labels, of weights if there are any
AT_ONCE = 50  # epochs; in between a training can be interrupted
_idle: OrderedDict[str, tuple[keras.Model, Twin]] = OrderedDict()


def fit(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    batch_size: int | None = 32,
    validation_split: float = 0.0,
    **kwargs,
) -> keras.callbacks.History:
    """Train a compiled model as ``model.fit`` would; only the shuffled rows come in another order.

    Parameters
    ----------
    model : keras.Model
        Built, compiled, without layers or losses that its ``get_config`` does not describe.
    x, y : ndarray, shapes (n, features) and (n,) or (n, 1)
    sample_weight : ndarray of shape (n,), optional
    batch_size : int or None
        Rows a step; None means Keras' 32.
    validation_split, **kwargs
        As in ``keras.Model.fit``. Callbacks see the twin as their model, and an epoch as one batch; with callbacks or
        ``verbose`` epochs are trained one by one, which takes several times as long.

    Returns
    -------
    keras.callbacks.History
    """
    rows, held = _as_rows(x, y, sample_weight), _as_rows(*kwargs.pop("validation_data", None) or ())
    if validation_split:
        learned = round(len(x) * (1 - validation_split))
        rows, held = (tuple(array[part] for array in rows) for part in (slice(learned), slice(learned, None)))
    seed = keras.random.SeedGenerator()
    key = _shape_of(model)
    body, twin = _idle.pop(key, None) or _twin_of(model)
    twin.seed.state.assign(seed.state)
    twin.batch_size.assign(batch_size or 32)
    _copy(model.variables, body.variables)
    _copy(model.optimizer.variables, twin.optimizer.variables)
    kwargs = {"epochs": 1, "initial_epoch": 0, "verbose": "auto", **kwargs, "shuffle": False}
    if any(value for name, value in kwargs.items() if name not in ("epochs", "initial_epoch")):
        history = twin.fit(tf.data.Dataset.from_tensors(rows), validation_data=held or None, **kwargs)
    else:
        history = twin.fit_quietly(rows, held, kwargs["epochs"], kwargs["initial_epoch"])
    _copy(body.variables, model.variables)
    _copy(twin.optimizer.variables, model.optimizer.variables)
    _idle[key] = body, twin  # only after a whole training: an interrupted one may have left anything behind
    if len(_idle) > KEPT:
        _idle.popitem(last=False)
    return history


class Twin(keras.Model):
    """A functional model whose training step is an epoch: all rows, shuffled, in batches."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed = keras.random.SeedGenerator()
        self.batch_size = tf.Variable(32)

    def train_step(self, data):
        """Take one of Keras' own training steps for each batch; return the metrics over all of them."""
        order = keras.random.shuffle(tf.range(tf.shape(data[0])[0]), seed=self.seed)
        step = super().train_step

        def take(start):
            rows = order[start : start + self.batch_size]
            step(tuple(tf.gather(array, rows) for array in data))
            return (start + self.batch_size,)

        tf.while_loop(lambda start: start < tf.size(order), take, [tf.constant(0)])
        return self.get_metrics_result()

    def fit_quietly(self, rows: Rows, held: Rows, epochs: int, initial_epoch: int) -> keras.callbacks.History:
        """Train as ``fit`` would with nobody looking on: no callbacks, and nothing is printed."""
        history = keras.callbacks.History()
        history.set_model(self)
        history.on_train_begin()
        train = self._train.get_concrete_function(_shapes_of(rows), _shapes_of(held), tf.TensorSpec((), "int32"))
        names = [prefix + name for prefix in (["", "val_"] if held else [""]) for name in self.get_metrics_result()]
        rows, held = (tuple(map(tf.constant, arrays)) for arrays in (rows, held))
        for start in range(initial_epoch, epochs, AT_ONCE):
            told = train(rows, held, tf.constant(min(AT_ONCE, epochs - start))).numpy()
            for epoch, values in enumerate(told.tolist(), start):
                history.on_epoch_end(epoch, dict(sorted(zip(names, values, strict=True))))
        return history

    @tf.function(autograph=False)
    def _train(self, rows, held, epochs):
        """Train for so many epochs; return all metrics after each, on the rows and on those held out."""

        def train_epoch(epoch, told):
            self.reset_metrics()
            metrics = [*self.train_step(rows).values()]
            if held:
                self.reset_metrics()
                metrics += self.test_step(held).values()
            return epoch + 1, told.write(epoch, metrics)

        begin = [tf.constant(0), tf.TensorArray("float32", epochs)]
        return tf.while_loop(lambda epoch, _: epoch < epochs, train_epoch, begin)[1].stack()


def _as_rows(*arrays: np.ndarray | None) -> Rows:
    """Return inputs, labels and weights as a twin takes them, labels as columns."""
    floats = [np.asarray(array, "float32") for array in arrays if array is not None]
    return tuple(array.reshape(len(array), -1) if place == 1 else array for place, array in enumerate(floats))


def _shapes_of(rows: Rows) -> tuple[tf.TensorSpec, ...]:
    return tuple(tf.TensorSpec((None, *array.shape[1:])) for array in rows)  # folds differ in their length


def _shape_of(model: keras.Model) -> str:
    """Return all that is written into the traced graph: the configuration but the numbers that are variables."""
    compiled = model.get_compile_config()
    optimizer = compiled["optimizer"]["config"]
    del optimizer["name"]  # counted up: adam, adam_1, ...
    if isinstance(optimizer["learning_rate"], float):
        del optimizer["learning_rate"]
    return json.dumps([model.get_config(), compiled], sort_keys=True, default=str)


def _twin_of(model: keras.Model) -> tuple[keras.Model, Twin]:
    body = keras.models.clone_model(model)
    twin = Twin(body.inputs[0], body.outputs[0])
    twin.compile_from_config(model.get_compile_config())
    return body, twin


def _copy(source: list[keras.Variable], target: list[keras.Variable]) -> None:
    for old, new in zip(target, source, strict=True):
        old.assign(new)
