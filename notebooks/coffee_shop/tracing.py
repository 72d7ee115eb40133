"""Train networks of one shape on one traced training step: the same training, several times as fast.

Before its first step TensorFlow traces the training into a graph, and Keras has it done for every network anew,
however alike; then it goes back to Python after every batch. In a search over small networks both cost more than the
arithmetic. So networks of one shape are trained on a twin, traced once, which takes a whole epoch at a time: the twin
takes on a network's numbers, the optimizer's and the random state's among them, and gives them back when trained.
"""

from __future__ import annotations

import json
from collections import OrderedDict

import keras
import numpy as np
import tensorflow as tf

KEPT = 8  # random search may never ask for the same dropout twice
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
        As in ``keras.Model.fit``. Callbacks see the twin as their model, and an epoch as one batch.

    Returns
    -------
    keras.callbacks.History
    """
    arrays = [np.asarray(array, "float32") for array in (x, y, sample_weight) if array is not None]
    learned = round(len(x) * (1 - validation_split))
    if validation_split:
        kwargs["validation_data"] = tuple(array[learned:] for array in arrays)
    seed = keras.random.SeedGenerator()
    key = _shape_of(model)
    body, twin = _idle.pop(key, None) or _twin_of(model)
    twin.seed.state.assign(seed.state)
    twin.batch_size.assign(batch_size or 32)
    _copy(model.variables, body.variables)
    _copy(model.optimizer.variables, twin.optimizer.variables)
    epoch = tf.data.Dataset.from_tensors(tuple(array[:learned] for array in arrays))
    history = twin.fit(epoch, **{**kwargs, "shuffle": False})
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
