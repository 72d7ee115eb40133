"""The recipe: preprocessing and a small Keras network in one scikit-learn pipeline, every dial tunable."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted

from coffee_shop.churn import CATEGORICAL, NUMERIC
from coffee_shop.quiet import silent_stderr

with silent_stderr():  # TensorFlow greets on the error stream, whatever its log level
    import keras
    from scikeras.wrappers import KerasClassifier
    from tensorflow.python.framework.config import is_op_determinism_enabled

    from coffee_shop import tracing

# scikeras makes TensorFlow deterministic while it fits. TensorFlow reads the setting once, when first asked: asked
# here it is off, and scikeras puts it back; asked by scikeras it would stay on, and training without a seed fail.
is_op_determinism_enabled()


def build_model(
    meta: dict,
    learning_rate: float = 1e-3,
    num_neurons: int = 64,
    num_layers: int = 1,
    dropout: float = 0.0,
    l2: float = 0.0,
) -> keras.Model:
    """Return a compiled network that maps prepared customers to churn probabilities.

    Parameters
    ----------
    meta : dict
        ``meta["n_features_in_"]`` is the number of features; scikeras fills it in.
    learning_rate : float
        Step size of the Adam optimizer.
    num_neurons, num_layers : int
        Width and number of the hidden layers.
    dropout : float
        Share of each hidden layer that is silenced at every training step, in [0, 1).
    l2 : float
        Strength of the L2 penalty on the hidden layers' weights.

    Returns
    -------
    keras.Model
        Input (n, features), output (n, 1) with values in [0, 1].
    """
    model = keras.Sequential([keras.Input((meta["n_features_in_"],), name="customers")], name="recipe")
    penalty = keras.regularizers.L2(l2) if l2 else None
    for i in range(1, num_layers + 1):
        model.add(keras.layers.Dense(num_neurons, activation="relu", kernel_regularizer=penalty, name=f"hidden_{i}"))
        if dropout:
            model.add(keras.layers.Dropout(dropout, name=f"dropout_{i}"))
    model.add(keras.layers.Dense(1, activation="sigmoid", name="churn"))
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="binary_crossentropy")
    # An optimizer that is built before the first step lets TensorFlow trace the training step once, not twice.
    model.optimizer.build(model.trainable_variables)
    return model


class ChurnClassifier(KerasClassifier):
    """A ``KerasClassifier`` mended where scikeras 0.13, the last one, does not fit today's scikit-learn.

    It knows the estimator tags of scikit-learn before 1.6 only; without them folds are silently not stratified
    and ``scoring="roc_auc"`` is nan. And it squeezes the probabilities of a single row to one dimension.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        return tags

    def predict_proba(self, X, **kwargs):
        """Return the probabilities of both classes, shape (n, 2), for one row too."""
        return super().predict_proba(X, **kwargs).reshape(-1, self.n_classes_)

    def _build_keras_model(self):
        with self._ways_of_build_model():
            return super()._build_keras_model()

    def _fit_keras_model(self, X, y, **kwargs):
        with self._ways_of_build_model() as applies:
            own = self.model_
            self.model_ = _Traced(own) if applies else own
            try:
                super()._fit_keras_model(X, y, **kwargs)
            finally:
                self.model_ = own

    @contextlib.contextmanager
    def _ways_of_build_model(self) -> Iterator[bool]:
        """Seed what the networks of ``build_model`` draw from; say whether the network is one of them.

        scikeras' own way of seeding, kept for other networks, makes TensorFlow forget the functions it has compiled,
        which costs more than a short training.
        """
        if self.model is not build_model or self._random_state is None:
            yield self.model is build_model
            return
        seed, self._random_state = self._random_state, None
        state = random.getstate()
        random.seed(seed)  # Keras draws its seeds from here
        try:
            yield True
        finally:
            random.setstate(state)
            self._random_state = seed

    def _predict_raw(self, X, **kwargs):
        # All customers fit into one batch; calling the model spares the tracing that `predict` pays on every fit.
        check_is_fitted(self, "model_")
        X, _ = self._validate_data(X=X, y=None)
        return self.model_(self.feature_encoder_.transform(X), training=False).numpy()


class _Traced:
    """A network that trains on a traced twin; it has what scikeras asks of a network in training."""

    def __init__(self, own: keras.Model):
        self.own = own
        self.loss = own.loss

    def fit(self, x, y, **kwargs):
        return tracing.fit(self.own, x, y, **kwargs)


def make_prep() -> ColumnTransformer:
    """Return the preprocessing: numbers scaled, texts one-hot encoded, unknown texts ignored."""
    return ColumnTransformer(
        [
            ("scale", StandardScaler(), NUMERIC),
            ("onehot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORICAL),
        ],
        verbose_feature_names_out=False,
    )


def make_pipeline(
    *,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    epochs: int = 10,
    num_neurons: int = 64,
    num_layers: int = 1,
    dropout: float = 0.1,
    l2: float = 0.0,
    random_state: int = 0,
) -> Pipeline:
    """Return the unfitted recipe: a Pipeline of ``prep`` and ``clf``.

    The arguments are starting values. Each is a parameter for a search: ``clf__model__learning_rate``,
    ``clf__model__num_neurons``, ``clf__model__num_layers``, ``clf__model__dropout``, ``clf__model__l2``,
    ``clf__batch_size``, ``clf__epochs``. With the same ``random_state`` two fits on one machine are equal.
    """
    clf = ChurnClassifier(
        model=build_model,
        model__learning_rate=learning_rate,
        model__num_neurons=num_neurons,
        model__num_layers=num_layers,
        model__dropout=dropout,
        model__l2=l2,
        batch_size=batch_size,
        epochs=epochs,
        random_state=random_state,
        verbose=0,
    )
    return Pipeline([("prep", make_prep()), ("clf", clf)])
