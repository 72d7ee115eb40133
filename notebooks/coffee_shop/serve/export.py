"""Write a fitted recipe as a numbered SavedModel that takes raw customers, preprocessing included.

This server and TensorFlow Serving both read it: neither knows scikit-learn, so scaling and one-hot encoding
become part of the graph.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from coffee_shop.quiet import silent_stderr

with silent_stderr():  # TensorFlow greets on the error stream, whatever its log level
    import keras
    import tensorflow as tf

Block = Callable[[dict[str, tf.Tensor]], tf.Tensor]


def export_for_serving(pipeline: Pipeline, folder: str | Path, version: int) -> Path:
    """Write ``folder/version``, a SavedModel from raw columns to churn probabilities; return its path.

    It takes one named input a column, each of shape (n,): float32 for numbers, text for categories. It gives one
    output, ``churn``, of shape (n,). A text that training never saw counts as no category at all, as it does in the
    pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; its steps are ``prep``, as `coffee_shop.recipe.make_prep` returns it, and ``clf``.
    folder : path
        The model's folder, which holds its versions; the name of the folder is the name of the model. Made if missing.
    version : int
        From 1 up. Servers answer with the highest.

    Raises
    ------
    FileExistsError
        If that version is there already: clients may rely on it.
    NotFittedError
        If the pipeline has not been fitted.
    TypeError, ValueError
        If ``version`` is no positive whole number, or the preprocessing has a part that is not known here.
    """
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"a version is a whole number from 1 up, got {version!r}")
    target = Path(folder) / str(version)
    if target.exists():
        raise FileExistsError(f"{target} is there already; a version is never changed, export the next one")
    archive = _archive(pipeline)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A server may be watching the folder: what it sees appear has to be whole.
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as scratch:
        written = Path(scratch) / "model"
        with silent_stderr():
            archive.write_out(written, verbose=False)
        return written.rename(target)


def _archive(pipeline: Pipeline) -> keras.export.ExportArchive:
    check_is_fitted(pipeline["clf"], "model_")
    network = pipeline["clf"].model_
    inputs, blocks = _in_graph(pipeline["prep"])

    def answer(rows: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        prepared = tf.concat([block(rows) for block in blocks], axis=1)
        return {"churn": network(prepared, training=False)[:, 0]}

    # Keras' archive records the variables that the function uses. In a tf.Module of our own TensorFlow in Python would
    # find them too, but TensorFlow Serving and LiteRT would not.
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serving_default", answer, input_signature=[inputs])
    return archive


def _in_graph(prep: ColumnTransformer) -> tuple[dict[str, tf.TensorSpec], list[Block]]:
    """Return the inputs by column, and a function for each step that computes its block of features."""
    inputs, blocks = {}, []
    for name, step, columns in prep.transformers_:
        if step == "drop":
            continue
        if isinstance(step, StandardScaler):
            dtype, block = tf.float32, _scaled(step, columns)
        elif isinstance(step, OneHotEncoder):
            dtype, block = tf.string, _one_hot(step, columns)
        else:
            raise TypeError(f"the step {name!r} of the preprocessing, {step!r}, cannot be put into a graph here")
        inputs |= {column: tf.TensorSpec([None], dtype, name=column) for column in columns}
        blocks.append(block)
    return inputs, blocks


def _scaled(scaler: StandardScaler, columns: list[str]) -> Block:
    mean = np.float32(scaler.mean_ if scaler.with_mean else 0)
    scale = np.float32(scaler.scale_ if scaler.with_std else 1)
    return lambda rows: (tf.stack([rows[column] for column in columns], axis=1) - mean) / scale


def _one_hot(encoder: OneHotEncoder, columns: list[str]) -> Block:
    learned = dict(zip(columns, encoder.categories_, strict=True))
    whole = encoder.drop is encoder.min_frequency is encoder.max_categories is None
    texts_only = all(isinstance(text, str) for texts in learned.values() for text in texts)
    if encoder.handle_unknown != "ignore" or not whole or not texts_only:
        raise ValueError(f"only texts, all kept and unknown ones ignored, can be put into a graph here, got {encoder}")
    return lambda rows: tf.concat(
        [tf.cast(rows[column][:, None] == tf.constant(list(texts)), tf.float32) for column, texts in learned.items()],
        axis=1,
    )
