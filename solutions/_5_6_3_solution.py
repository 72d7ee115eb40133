# %% [markdown]
# # Exercise 3: Freeze-dry the winner
#
# The search is over and one recipe has won. Tonight the kitchen closes; tomorrow another kitchen, with other
# pots, is to serve the very same soufflé. So you take the winner out of the search, **freeze** it in three ways,
# **thaw** it, measure that nothing was lost, go on **training** where it stopped, and pack the **whole recipe**,
# preprocessing included.
#
# | question | you write | points |
# | :-- | :-- | --: |
# | 1 | `select_best`, the winner of a search | 1 |
# | 2 | `freeze`, three files for one model | 2 |
# | 3 | `thaw`, and the model is back | 2 |
# | 4 | `round_trip_errors`, what the journey cost | 1 |
# | 5 | `resume_training`, on from where it stopped | 2 |
# | 6 | `save_recipe` and `load_recipe`, with everything that belongs to it | 2 |
#
# Run the cells from top to bottom. A test cell says ✓ when what it can show here is right; the rest, such as other
# models than yours, is marked after you hand in. Look again at lessons *07_choosing_a_winner*, *08_saving* and
# *08b_trust* if you get stuck.
#
# Learning alone, with the whole course on your computer? Then have the exercise marked at once: save it, open a
# terminal in the folder of the course and run `autograder check exercises/_5_6_3_exercise.ipynb`.

# %% locked="setup"
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import RandomizedSearchCV

from coffee_shop import plots
from coffee_shop.checking import answered, check, raises
from coffee_shop.churn import load_churn
from coffee_shop.recipe import build_model, make_pipeline

import keras
import tensorflow as tf

# To optimise the graph of a network as small as these takes longer than to run it.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
# Otherwise TensorFlow reports on the error stream each folder that a model is written to.
tf.get_logger().setLevel("WARNING")

X_train, X_test, y_train, _ = load_churn(800, test_size=200)
search = RandomizedSearchCV(
    make_pipeline(epochs=3, num_neurons=16, dropout=0.0),
    {"clf__model__learning_rate": [0.0003, 0.03, 0.001], "clf__batch_size": [64, 128]},
    n_iter=2, cv=2, scoring="roc_auc", random_state=1, error_score="raise",
).fit(X_train, y_train)

prepared_train = search.best_estimator_["prep"].transform(X_train).astype("float32")
prepared_test = search.best_estimator_["prep"].transform(X_test).astype("float32")
home = Path.cwd()
kitchen = tempfile.TemporaryDirectory(prefix="freezer_", dir=home)  # goes when the kernel goes
freezer = Path(kitchen.name).relative_to(home)

# %% [markdown]
# `X_train` and `X_test` are raw customers, as the shop knows them. `prepared_train` and `prepared_test` are the
# same customers as a network sees them: numbers only, scaled and one-hot encoded. `freezer` is an empty folder to
# write to; it lies beside this notebook while you work.
#
# ## Question 1: the winner
#
# Write `select_best(search)`. It returns three things: the trained **Keras model** of the winner (not the pipeline
# around it), the best parameters and the best score.
#
# **An example that is not the answer.** What a fitted search remembers of every recipe, here the time it took:

# %%
pd.DataFrame(search.cv_results_)[["params", "mean_fit_time", "mean_test_score"]]

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three attributes of a fitted search begin with `best_`. One of them is the whole pipeline, trained again on
# everything.
#
# <details><summary>Hint 2</summary>
#
# `pipeline["clf"]` is the scikeras classifier in a pipeline. After training it keeps its Keras model in `model_`.
#
# </details></details>

# %% answer="select_best"
def select_best(search):
    """Return the winner of a fitted search: (keras.Model, best_params, best_score).

    Parameters
    ----------
    search : fitted GridSearchCV or RandomizedSearchCV over a pipeline with the steps ``prep`` and ``clf``
    """
    ### BEGIN SOLUTION
    return search.best_estimator_["clf"].model_, search.best_params_, search.best_score_
    ### END SOLUTION

# %%
select_best(search)

# %% test="test_select_best" points=1
from coffee_shop.checking import answered, check, raises

with check("07_choosing_a_winner", "Take the winner out of the search"):
    winner = answered(select_best(search), "select_best")
    assert isinstance(winner, (tuple, list)) and len(winner) == 3, (
        f"Expected three things back, found a {type(winner).__name__}.")
    assert hasattr(winner[0], "get_weights"), f"Expected a Keras model first, found a {type(winner[0]).__name__}."

# %% [markdown]
# ## Question 2: freeze
#
# Write `freeze(model, folder)`. It makes the folder if it is missing, writes the model into it in three formats,
# and returns where they are: `{"keras": Path, "saved_model": Path, "weights": Path}`. Where the folder exists, it
# replaces the model that lies there. The model itself, other files and the working directory stay as they were.
#
# | key | name in the folder | what it is |
# | :-- | :-- | :-- |
# | `"keras"` | `best_churn_model.keras` | everything in one file |
# | `"saved_model"` | `best_churn_model` | a folder, for servers |
# | `"weights"` | `best_churn_model.weights.h5` | the learned numbers only |
#
# Below your answer, a small model waits to be frozen.
#
# **An example that is not the answer.** A folder inside a folder that does not exist yet, made with `pathlib`:

# %%
example_folder = freezer / "shelf" / "box"
example_folder.mkdir(parents=True, exist_ok=True)
example_folder.is_dir()

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A Keras model has three methods, one for each format: `save`, `export` and `save_weights`.
#
# <details><summary>Hint 2</summary>
#
# `export` is the one that writes a SavedModel folder; `save` refuses a name without `.keras`. All paths begin with
# `folder`, or two models would overwrite each other.
#
# </details></details>

# %% answer="freeze"
def freeze(model, folder):
    """Write a model in three formats and return their paths.

    Parameters
    ----------
    model : keras.Model
    folder : pathlib.Path
        Made if it is missing.
    """
    ### BEGIN SOLUTION
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "keras": folder / "best_churn_model.keras",
        "saved_model": folder / "best_churn_model",
        "weights": folder / "best_churn_model.weights.h5",
    }
    model.save(paths["keras"])
    model.export(paths["saved_model"], verbose=False)
    model.save_weights(paths["weights"])
    return paths
    ### END SOLUTION

# %% [markdown]
# Here is a small model to freeze, and a function that builds a fresh one of the same architecture. In a right answer
# all three files have a size; the folder is the largest: it holds the computation itself.

# %% locked="pantry"
def fresh_model(n_features, **dials):
    """Return an untrained model for customers with so many features, with dials such as `num_neurons`."""
    return build_model({"n_features_in_": n_features}, **dials)


def rebuild():
    return fresh_model(prepared_train.shape[1], learning_rate=0.01, num_neurons=16)


def look_around(folder):
    """Return the working directory, and the names of what lies in a folder."""
    return os.getcwd(), sorted(os.listdir(folder))


def go_home():
    """Go back to where this notebook started."""
    os.chdir(home)


dials = {"learning_rate": 0.01, "batch_size": 64, "epochs": 2, "num_neurons": 16, "dropout": 0.0}
small = make_pipeline(**dials).fit(X_train, y_train)["clf"].model_

# %%
plots.draw_sizes(freeze(small, freezer / "look"))

# %% test="test_freeze_files" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Three ways to freeze"):
    go_home()
    paths = answered(freeze(small, freezer / "shelf" / "visible"), "freeze")
    assert isinstance(paths, dict), f"Expected a dict of paths, found a {type(paths).__name__}."
    for key in ["keras", "saved_model", "weights"]:
        assert key in paths, f"Expected the key {key!r} in what `freeze` returns, found {sorted(map(str, paths))}."
        assert isinstance(paths[key], (str, Path)), f"Expected a path for {key!r}, found a {type(paths[key]).__name__}."
        assert Path(paths[key]).exists(), f"Expected {Path(paths[key]).name} to be there, it is not."

# %% test="test_freeze_other_models" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Three ways to freeze"):
    go_home()
    other = answered(freeze(rebuild(), freezer / "other"), "freeze")
    assert isinstance(other, dict) and "keras" in other, "Expected a dict of paths, found no 'keras'."
    name = Path(other["keras"]).parent.name
    assert name == "other", f"Expected the files in the folder that was asked for, other, found them in {name}."

# %% [markdown]
# ## Question 3: thaw
#
# Write `thaw(paths, rebuild)` for paths as `freeze` returns them. It returns three **functions**,
# `{"keras": f, "saved_model": f, "weights": f}`. Each maps a float32 array (customers, features) to a NumPy array of
# churn probabilities (customers, 1). `rebuild()` gives a fresh, untrained model for the weights to go into.
#
# **An example that is not the answer.** A function that remembers a model and turns its output into NumPy:

# %%
untrained = rebuild()


def ask(X):
    return untrained(X).numpy()

ask(prepared_test[:2])

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The `.keras` file and the weights are Keras' business: `keras.models.load_model`, and the method `load_weights` of a
# model. The SavedModel folder is TensorFlow's: `tf.saved_model.load`, or `keras.layers.TFSMLayer`.
#
# <details><summary>Hint 2</summary>
#
# What `tf.saved_model.load` returns has a method `serve`, which maps an array to a tensor. `.numpy()` makes an array
# of it.
#
# <details><summary>Hint 3</summary>
#
# Load everything once, outside of the three functions; inside them there is only the prediction.
#
# </details></details></details>

# %% answer="thaw"
def thaw(paths, rebuild):
    """Load a frozen model from its three formats.

    Parameters
    ----------
    paths : dict
        As returned by `freeze`.
    rebuild : callable
        Returns a fresh model of the same architecture.
    """
    ### BEGIN SOLUTION
    whole = keras.models.load_model(paths["keras"])
    served = tf.saved_model.load(str(paths["saved_model"]))
    body = rebuild()
    body.load_weights(paths["weights"])
    return {
        "keras": lambda X: whole(X).numpy(),
        "saved_model": lambda X: served.serve(X).numpy(),
        "weights": lambda X: body(X).numpy(),
    }
    ### END SOLUTION

# %% [markdown]
# These are three files of `small`, written here and not by your `freeze`:

# %% locked="frozen"
shelf = freezer / "thaw"
shelf.mkdir(exist_ok=True)
frozen = {"keras": shelf / "small.keras", "saved_model": shelf / "small", "weights": shelf / "small.weights.h5"}
small.save(frozen["keras"])
small.export(frozen["saved_model"], verbose=False)
small.save_weights(frozen["weights"])

# %% locked="answer_of"
def answer_of(thawed, key, rows):
    """Return what a thawed model says of some customers, or say kindly what is wrong with it."""
    assert isinstance(thawed, dict), f"Expected a dict of three functions, found a {type(thawed).__name__}."
    assert key in thawed, f"Expected the key {key!r} in what `thaw` returns, found {sorted(map(str, thawed))}."
    assert callable(thawed[key]), f"Expected a function for {key!r}, found a {type(thawed[key]).__name__}."
    found = thawed[key](rows)
    assert isinstance(found, np.ndarray), f"Expected a NumPy array from {key!r}, found a {type(found).__name__}."
    shape = (len(rows), 1)
    assert found.shape == shape, f"Expected {key!r} to give the shape {shape} here, found {found.shape}."
    return found

# %% test="test_thaw_models" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Thaw in another kitchen"):
    go_home()
    thawed = answered(thaw(frozen, rebuild), "thaw")
    for key in ["keras", "saved_model"]:
        answer_of(thawed, key, prepared_test[:5])

# %% test="test_thaw_weights" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Thaw in another kitchen"):
    go_home()
    thawed = answered(thaw(frozen, rebuild), "thaw")
    answer_of(thawed, "weights", prepared_test[:5])

# %% [markdown]
# ## Question 4: what the journey cost
#
# Write `round_trip_errors(model, thawed, X)`: for each format in `thawed`, the largest absolute difference between
# its probabilities and the model's, over all customers in `X`. It returns `{format: difference}`. If a format gives
# `nan`, that must not go unnoticed.
#
# **An example that is not the answer.** The mean of signed differences hides a large error behind its opposite:

# %%
before, after = np.array([0.25, 0.5, 0.75]), np.array([0.75, 0.5, 0.25])
float((after - before).mean())

# %% [markdown]
# What a right answer gives for three formats, one exact, one 0.25 too low for one customer, one broken:
# `{"exact": 0.0, "low": 0.25, "broken": nan}`.
#
# <details><summary>Hint 1</summary>
#
# `model(X).numpy()` or `model.predict(X, verbose=0)` give the model's probabilities; compute them once.
#
# <details><summary>Hint 2</summary>
#
# `np.abs` and `np.max` do the rest. `np.max` lets a `nan` through, `np.nanmax` hides it.
#
# </details></details>

# %% answer="round_trip_errors"
def round_trip_errors(model, thawed, X):
    """Return the largest absolute difference to the model's probabilities, by format.

    Parameters
    ----------
    model : keras.Model
    thawed : dict of callables
        As returned by `thaw`.
    X : float32 array (n, features)
    """
    ### BEGIN SOLUTION
    expected = model(X).numpy()
    return {name: float(np.max(np.abs(f(X) - expected))) for name, f in thawed.items()}
    ### END SOLUTION

# %%
def too_low(X):
    return small(X).numpy() - 0.25 * np.all(prepared_test[1] == X, axis=1, keepdims=True)


exact = {"exact": lambda X: small(X).numpy(), "low": too_low}
round_trip_errors(small, exact, prepared_test)

# %% test="test_round_trip_errors" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Measure the round trip"):
    found = answered(round_trip_errors(small, exact, prepared_test), "round_trip_errors")
    assert isinstance(found, dict), f"Expected a dict, one number a format, found a {type(found).__name__}."
    assert set(found) == {"exact", "low"}, f"Expected one number a format, found {sorted(map(str, found))}."

# %% [markdown]
# ## Question 5: on from where it stopped
#
# Write `resume_training(path, X, y, epochs)`: load the `.keras` file in `path`, train it `epochs` epochs more, on all
# the customers given, and return the model. The optimizer goes on in the state it was saved with: its step counter does
# not start over, and its momentum is not forgotten.
#
# **An example that is not the answer.** The optimizer of `small` has counted its steps: 600 customers in batches of
# 64 are ten steps an epoch, and there were two epochs.

# %%
int(small.optimizer.iterations.numpy())

# %% [markdown]
# In a right answer, five more epochs with batches of 64 take that counter from 20 to 70.
#
# <details><summary>Hint 1</summary>
#
# A `.keras` file holds the optimizer and its state. What comes back from loading is compiled and ready to train.
#
# <details><summary>Hint 2</summary>
#
# Whoever calls `compile` again gets a new optimizer, and a new optimizer knows nothing.
#
# </details></details>

# %% answer="resume_training"
def resume_training(path, X, y, epochs):
    """Train a saved model further, with the optimizer state it was saved with.

    Parameters
    ----------
    path : path of a ``.keras`` file
    X, y : arrays (n, features) and (n,)
    epochs : int
        How many epochs to add.
    """
    ### BEGIN SOLUTION
    model = keras.models.load_model(path)
    model.fit(X, y, epochs=epochs, verbose=0)
    return model
    ### END SOLUTION

# %% test="test_resume_steps" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Pick up where you stopped"):
    go_home()
    small.save(freezer / "paused.keras")
    resumed = answered(resume_training(freezer / "paused.keras", prepared_train, y_train, 1), "resume_training")
    assert hasattr(resumed, "get_weights"), f"Expected a Keras model back, found a {type(resumed).__name__}."

# %% test="test_resume_state" points=1
from coffee_shop.checking import answered, check, raises

with check("08_saving", "Pick up where you stopped"):
    go_home()
    small.save(freezer / "paused.keras")
    resumed = answered(resume_training(freezer / "paused.keras", prepared_train, y_train, 1), "resume_training")
    assert hasattr(resumed, "get_weights"), f"Expected a Keras model back, found a {type(resumed).__name__}."
    assert resumed.optimizer is not None, "Expected a model that is ready to train, found one without an optimizer."

# %% [markdown]
# ## Question 6: the whole recipe
#
# A network without its preprocessing is half a recipe: it does not know what a contract is. Write
#
# - `save_recipe(fitted_pipeline, folder)`: save a fitted pipeline, steps `prep` and `clf`, into a folder (made if
#   missing);
# - `load_recipe(folder)`: return a function that maps **raw** customer rows to their churn probabilities, or an object
#   with a method `predict_proba`.
#
# Raw rows in, the same probabilities out. If a file is missing or damaged, `load_recipe` raises an error that **names
# the file**. And nothing is loaded from a bare pickle: whoever can change a pickle can run any code in your kitchen.
# `skops.io` is installed; it saves scikit-learn objects without pickle.
#
# **An example that is not the answer.** A scaler to a file and back:

# %%
import skops.io
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler().fit(X_train[["tenure"]])
skops.io.dump(scaler, freezer / "scaler.skops")
skops.io.load(freezer / "scaler.skops").mean_, scaler.mean_

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two files are enough: one for `fitted_pipeline["prep"]`, one for the Keras model in `fitted_pipeline["clf"].model_`.
#
# <details><summary>Hint 2</summary>
#
# To predict: prepare the rows with `prep.transform`, make them float32, and hand them to the model.
#
# <details><summary>Hint 3</summary>
#
# `try: ... except Exception as error: raise ValueError(f"{path} is missing or damaged") from error` turns whatever a
# library complains about into an error that names the file.
#
# </details></details></details>

# %% answer="save_recipe"
def save_recipe(fitted_pipeline, folder):
    """Save a fitted pipeline, preprocessing included, into a folder that is made if missing."""
    ### BEGIN SOLUTION
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")
    fitted_pipeline["clf"].model_.save(folder / "network.keras")
    ### END SOLUTION


def load_recipe(folder):
    """Return a function that maps raw customer rows (a DataFrame) to churn probabilities."""
    ### BEGIN SOLUTION
    prep = _load(skops.io.load, folder / "prep.skops")
    network = _load(keras.models.load_model, folder / "network.keras")
    return lambda rows: network(prep.transform(rows).astype("float32")).numpy()


def _load(load, path):
    try:
        return load(path)
    except Exception as error:
        raise ValueError(f"{path} is missing or damaged") from error
    ### END SOLUTION

# %% locked="ask_recipe"
def ask_recipe(recipe, rows):
    """Return the churn probabilities that a recipe gives for raw customers."""
    found = recipe.predict_proba(rows) if hasattr(recipe, "predict_proba") else recipe(rows)
    return np.asarray(found).reshape(len(rows), -1)[:, -1]

# %% test="test_recipe_round_trip" points=1
from coffee_shop.checking import answered, check, raises

with check("08b_trust", "The whole recipe"):
    go_home()
    save_recipe(search.best_estimator_, freezer / "recipe")
    recipe = answered(load_recipe(freezer / "recipe"), "load_recipe")
    found = ask_recipe(recipe, X_test)
    assert np.all((found >= 0) & (found <= 1)), "Expected probabilities between 0 and 1, found others."

# %% test="test_recipe_damage" points=1
from coffee_shop.checking import answered, check, raises

with check("08b_trust", "The whole recipe"):
    go_home()
    save_recipe(search.best_estimator_, freezer / "damaged")
    answered(load_recipe(freezer / "damaged"), "load_recipe")

# %% [markdown]
# ## What you take away
#
# - A search gives back a pipeline; the network is one of its parts.
# - `.keras` keeps everything, a SavedModel folder keeps what a server needs, `.weights.h5` keeps numbers for a body
#   that you have to rebuild.
# - A round trip is believed when it has been measured.
# - To resume is to load, not to compile.
# - The preprocessing belongs to the model.
#
# **For discussion** (no points): apart from weights and preprocessing, what else should travel with a churn model,
# and why?

# %% [markdown]
# *Write your thoughts here. Nobody marks them.*

# %% [markdown]
# <details><summary>One answer</summary>
#
# The threshold above which a customer is called; the versions of the libraries; a checksum of the training data; the
# metric and its value on customers never seen; who trained it and when. Without them nobody can tell whether the model
# in production is the one that was tested, or make it again.
#
# </details>
