# %% [markdown]
# # Exercise 1: Draw the map before you walk it
#
# The coffee shop opens on Monday and the recipe is not settled. Before you brew a single cup you decide
# **which** recipes to try, **how many** cups that will cost, and **where to look next** once the first round
# has a winner. You train nothing here: all of it is planning, and it is done in seconds.
#
# | question | you write | points |
# | :-- | :-- | --: |
# | 1 | `param_grid`, the map of recipes | 4 |
# | 2 | `count_fits`, the price of a search | 3 |
# | 3 | `refine_grid`, the next, finer map | 3 |
#
# Run the cells from top to bottom. A test cell says ✓ when what it can show here is right; the rest, such as the
# spacing of the learning rates, is marked after you hand in. A test cell that is not happy says what it expected,
# what it found and where to read. Look again at lessons *02_the_dials* and *03_grid_search* if you get stuck.
#
# Learning alone, with the whole course on your computer? Then have the exercise marked at once: save it, open a
# terminal in the folder of the course and run `autograder check exercises/_5_6_1_exercise.ipynb`.

# %% locked="setup"
import numpy as np
import pandas as pd

from coffee_shop import plots
from coffee_shop.checking import answered, check, raises
from coffee_shop.churn import load_churn
from coffee_shop.recipe import make_pipeline

X_train, _, y_train, _ = load_churn()
pipeline = make_pipeline()

# %% [markdown]
# ## Question 1: the map
#
# Write `param_grid`, a dict for `GridSearchCV(pipeline, param_grid)`.
#
# - Tune at least the learning rate, the batch size and the number of neurons: `clf__model__learning_rate`,
#   `clf__batch_size` and `clf__model__num_neurons`. More dials are welcome.
# - Every dial gets a list of at least two different values. Rates and sizes are numbers, not text.
# - **Learning rates**: at least three, between 0 and 1, evenly spaced *on a log scale*, the largest at least
#   a hundred times the smallest.
# - **Batch sizes**: powers of two from 8 to 512. **Neurons**: whole, positive numbers.
# - No more than 24 combinations in all: tasting takes time.
# - Draw a map of your own: exactly the three lists that lesson 3 shows earn no point for the learning rates.
#
# **An example that is not the answer.** A map for two other dials, 3 × 2 = 6 recipes:

# %%
example_grid = {"clf__model__dropout": [0.0, 0.2, 0.4], "clf__epochs": [5, 10]}
pd.DataFrame([(a, b) for a in example_grid["clf__model__dropout"] for b in example_grid["clf__epochs"]],
             columns=["dropout", "epochs"])

# %% [markdown]
# Every key starts with the pipeline step it belongs to, `clf`, then two underscores. What starts with
# `clf__model__` goes on to the function that builds the network. All the dials there are:

# %%
sorted(name for name in pipeline.get_params() if name.startswith("clf__model__"))

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A dict has keys and values: each key is the name of a dial as a string, each value a list of settings.
#
# <details><summary>Hint 2</summary>
#
# Evenly spaced on a log scale means: each value is the one before times the same factor. `np.logspace` and
# `np.geomspace` make such lists.
#
# <details><summary>Hint 3</summary>
#
# The number of combinations is the product of the lengths of the lists. If it is too large, drop a value
# from the longest list.
#
# </details></details></details>

# %% answer="param_grid"
param_grid = ...
### BEGIN SOLUTION
param_grid = {
    "clf__model__learning_rate": [0.03, 0.003, 0.0003],
    "clf__batch_size": [32, 64],
    "clf__model__num_neurons": [16, 64, 256],
}
### END SOLUTION

# %% [markdown]
# A right answer gives columns of equal distance from left to right, one row for each batch size and one kind
# of marker for each number of neurons. With linear spacing the columns would crowd together on the right.

# %%
plots.draw_grid(param_grid)

# %% locked="values_of"
def values_of(dial):
    """Return the values that `param_grid` has for a dial, as a list, or say kindly what is wrong with them."""
    assert isinstance(param_grid, dict), f"Expected `param_grid` to be a dict, found a {type(param_grid).__name__}."
    assert dial in param_grid, f"Expected {dial} among the dials of `param_grid`, it is missing."
    values = param_grid[dial]
    assert isinstance(values, (list, tuple, range)) or (isinstance(values, np.ndarray) and values.ndim == 1), (
        f"Expected a list of values for {dial}, even of a single one, found a {type(values).__name__}.")
    return list(values)


def are_numbers(values):
    """Return whether all values are numbers; text such as "0.01" and True are none."""
    return all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values)

# %% test="test_param_grid_dials" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Write the map down"):
    assert isinstance(answered(param_grid, "param_grid"), dict), (
        f"Expected `param_grid` to be a dict, found a {type(param_grid).__name__}.")
    unknown = [key for key in param_grid if key not in pipeline.get_params()]
    assert not unknown, f"Expected the names of the pipeline's dials as keys, found {unknown}."
    for dial in param_grid:
        count = len(values_of(dial))
        assert count >= 2, f"Expected at least two values of {dial}, found {count}."

# %% test="test_param_grid_learning_rate" points=1
from coffee_shop.checking import answered, check, raises

with check("02_the_dials", "Learning rate"):
    answered(param_grid, "param_grid")
    rates = values_of("clf__model__learning_rate")
    assert are_numbers(rates), f"Expected learning rates that are numbers, found {rates}."
    different = len(set(rates))
    assert different >= 3, f"Expected at least three different learning rates, found {different}."

# %% test="test_param_grid_sizes" points=1
from coffee_shop.checking import answered, check, raises

with check("02_the_dials", "Batch size"):
    answered(param_grid, "param_grid")
    batch_sizes, neurons = values_of("clf__batch_size"), values_of("clf__model__num_neurons")
    assert are_numbers(batch_sizes), f"Expected batch sizes that are numbers, found {batch_sizes}."
    assert are_numbers(neurons), f"Expected numbers of neurons that are numbers, found {neurons}."

# %% test="test_param_grid_combinations" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Count the fits"):
    assert isinstance(answered(param_grid, "param_grid"), dict), (
        f"Expected `param_grid` to be a dict, found a {type(param_grid).__name__}.")
    combinations = np.prod([len(values_of(dial)) for dial in param_grid])
    assert combinations <= 24, f"Expected at most 24 combinations, found {combinations:g}."

# %% [markdown]
# ## Question 2: the price
#
# Cross-validation trains every recipe once per fold; with `refit=True` the winner is trained once more, on
# everything. Write `count_fits`, which says how many trainings a search costs *before* you start it.
#
# - `GridSearchCV` also takes a **list of grids** and tries each of them in full; count those too.
# - Fewer than two folds, or a grid without a single recipe, is a mistake of the caller: raise `ValueError`.
#
# **An example that is not the answer.** Five dials with five settings each, as a product:

# %%
recipes = np.prod([5, 5, 5, 5, 5])
print(f"{recipes:,} recipes, before the first fold")

# %% [markdown]
# What a right answer gives:
#
# | call | result |
# | :-- | --: |
# | `count_fits({"dropout": [0.0, 0.2, 0.4], "epochs": [5, 10]})` | 19 |
# | `count_fits({"dropout": [0.0, 0.2, 0.4], "epochs": [5, 10]}, cv=5, refit=False)` | 30 |
# | `count_fits([{"dropout": [0.0, 0.2]}, {"epochs": [5, 10, 20]}], cv=2)` | 11 |
#
# <details><summary>Hint 1</summary>
#
# Three things multiply or add: the number of recipes, the number of folds, and the one last training.
#
# <details><summary>Hint 2</summary>
#
# scikit-learn has a class that lists the recipes of a grid, or of a list of grids, exactly as `GridSearchCV`
# does: `sklearn.model_selection.ParameterGrid`. It has a length.
#
# <details><summary>Hint 3</summary>
#
# `if ...: raise ValueError("...")` belongs at the top, before anything is counted. `ParameterGrid([])` has
# length 0, and `ParameterGrid` raises a `ValueError` of its own for a dial without any value.
#
# </details></details></details>

# %% answer="count_fits"
def count_fits(param_grid, cv=3, refit=True):
    """Return how many times a grid search trains the model.

    Parameters
    ----------
    param_grid : dict of lists, or list of such dicts
    cv : int
        Number of folds, at least two.
    refit : bool
        Whether the winner is trained once more on all the data.
    """
    ### BEGIN SOLUTION
    from sklearn.model_selection import ParameterGrid

    recipes = len(ParameterGrid(param_grid)) if param_grid else 0
    if cv < 2 or recipes == 0:
        raise ValueError(f"need two folds and one recipe at least, got {cv} and {recipes}")
    return recipes * cv + bool(refit)
    ### END SOLUTION

# %% test="test_count_fits_grid" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Count the fits"):
    small = {"dropout": [0.0, 0.2, 0.4], "epochs": [5, 10]}
    found = answered(count_fits(small), "count_fits")
    assert found == 19, f"Expected 19 trainings for 3 × 2 recipes, 3 folds and one refit, found {found}."
    found = answered(count_fits(small, cv=5, refit=False), "count_fits")
    assert found == 30, f"Expected 30 trainings for 3 × 2 recipes and 5 folds without refit, found {found}."

# %% test="test_count_fits_list" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Several maps at once"):
    found = answered(count_fits([{"dropout": [0.0, 0.2]}, {"epochs": [5, 10, 20]}], cv=2), "count_fits")
    assert found == 11, f"Expected 11 trainings for grids of 2 and 3 recipes, 2 folds and one refit, found {found}."

# %% test="test_count_fits_errors" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Count the fits"):
    raises(ValueError, lambda: count_fits({"dropout": [0.0, 0.2]}, cv=1), "a single fold")

# %% [markdown]
# ## Question 3: the finer map
#
# A first, coarse search has found a winner. The next search looks around it, in half steps. Write
# `refine_grid`, which turns the coarse grid and the best recipe into the finer grid.
#
# For each dial with numbers and at least two values, put the values in increasing order. Then:
#
# - **Which steps?** If all values are positive and neighbouring ratios agree within 5 %, the steps are
#   *geometric* (two positive values count as that). Otherwise they are *arithmetic*.
# - **New values**: the best one and, on each side, the midpoint towards its neighbour: the square root of the
#   product for geometric steps, the mean for arithmetic ones.
# - **At an edge** there is no neighbour on one side. Take the half step of the other side and mirror it
#   beyond the edge: the search can leave the box.
# - Increasing order. If all coarse values are integers (`16`, not `16.0`), round the new ones to integers and drop
#   repeats. Drop values below zero.
#
# Booleans, strings and dials with a single value stay as they are: `[best]`. A best value that is not on the
# grid, or a dial that `best_params` does not mention, is a `ValueError`. The coarse grid stays as it was.
#
# | what counts | an example | is |
# | :-- | :-- | :-- |
# | ratios agree within 5 % | 1, 2, 4.1: the ratios are 2 and 2.05 | geometric |
# | they do not | 0.1, 0.2, 0.5: the ratios are 2 and 2.5 | arithmetic |
# | one value is not positive | 0.0, 0.2, 0.4 | arithmetic |
# | two positive values | 16, 64 | geometric |
# | an edge: mirror the half step | 16, 64, best 64: half a step is the factor 2 | 32, 64, 128 |
# | integers: round, drop repeats | 1, 2, best 1: 0.71, 1, 1.41 | 1 |
# | below zero: drop | 0.0, 0.2, best 0.0: −0.1, 0.0, 0.1 | 0.0, 0.1 |
#
# **An example that is not the answer.** The midpoint of 0.001 and 0.1 in either sense:

# %%
print("arithmetic:", (0.001 + 0.1) / 2, "  geometric:", np.sqrt(0.001 * 0.1))

# %% [markdown]
# What a right answer gives:
#
# | coarse values | best | finer values |
# | :-- | --: | :-- |
# | 0.0001, 0.001, 0.01 | 0.01 | about 0.00316, 0.01, 0.0316 |
# | 16, 32, 64 | 32 | 23, 32, 45 |
# | 0.0, 0.2, 0.4 | 0.2 | 0.1, 0.2, 0.3 |
# | "relu", "tanh" | "tanh" | "tanh" |
#
# <details><summary>Hint 1</summary>
#
# Work on one dial at a time: first decide whether it is pinned, then which kind of steps it has, then compute
# two new values. A small helper function for one list of values keeps this readable.
#
# <details><summary>Hint 2</summary>
#
# Geometric steps are arithmetic steps of the logarithms. With `np.log` before and `np.exp` after, one piece
# of code serves both kinds.
#
# <details><summary>Hint 3</summary>
#
# Let `values` be the sorted values and `i` the place of the best one. The half step down is
# `(values[i] - values[i - 1]) / 2`, the half step up `(values[i + 1] - values[i]) / 2`. Where one of them does
# not exist, use the other one. Mind that `isinstance(True, int)` is `True` in Python.
#
# </details></details></details>

# %% answer="refine_grid"
def refine_grid(param_grid, best_params):
    """Return a finer grid around the best recipe of a coarse one.

    Parameters
    ----------
    param_grid : dict of lists
        The coarse grid.
    best_params : dict
        One value for every dial of the grid, as in `GridSearchCV.best_params_`.
    """
    ### BEGIN SOLUTION
    return {dial: _refine(dial, list(values), best_params) for dial, values in param_grid.items()}


def _refine(dial, values, best_params):
    if dial not in best_params or best_params[dial] not in values:
        raise ValueError(f"the best value of {dial} is not on the grid")
    best = best_params[dial]
    numeric = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in values)
    if len(values) < 2 or not numeric:
        return [best]
    values = np.sort(np.asarray(values))
    fine = _half_steps(values, list(values).index(best))
    fine[1] = best
    if np.issubdtype(values.dtype, np.integer):
        fine = dict.fromkeys(round(v) for v in fine)
    return [v for v in fine if v >= 0]


def _half_steps(values, i):
    ratios = values[1:] / values[:-1] if values[0] > 0 else np.array([])
    if len(ratios) and ratios.max() <= 1.05 * ratios.min():
        return [float(v) for v in np.exp(_half_steps_on_a_line(np.log(values), i))]
    return [float(v) for v in _half_steps_on_a_line(values, i)]


def _half_steps_on_a_line(values, i):
    down = (values[i] - values[i - 1]) / 2 if i > 0 else (values[1] - values[0]) / 2
    up = (values[i + 1] - values[i]) / 2 if i + 1 < len(values) else down
    return [values[i] - down, values[i], values[i] + up]
    ### END SOLUTION

# %%
plots.draw_grid(refine_grid({
    "clf__model__learning_rate": [0.0001, 0.001, 0.01],
    "clf__batch_size": [16, 32, 64],
    "clf__model__num_neurons": [64, 128],
}, {
    "clf__model__learning_rate": 0.01,
    "clf__batch_size": 32,
    "clf__model__num_neurons": 128,
}))

# %% locked="finer_values"
def finer_grid(coarse, best):
    """Return what `refine_grid` makes of a grid, with a list for each dial, or say kindly what is wrong with it."""
    finer = answered(refine_grid(coarse, best), "refine_grid")
    assert isinstance(finer, dict), f"Expected a dict of lists, found a {type(finer).__name__}."
    assert set(finer) == set(coarse), f"Expected the dials {sorted(coarse)}, found {sorted(map(str, finer))}."
    for dial, values in finer.items():
        assert isinstance(values, (list, tuple, np.ndarray)), (
            f"Expected a list of values for {dial}, found a {type(values).__name__}.")
    return {dial: list(values) for dial, values in finer.items()}


def finer_values(values, best):
    """Return what `refine_grid` makes of a single dial with these values."""
    return finer_grid({"dial": values}, {"dial": best})["dial"]

# %% test="test_refine_grid_inside" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "From coarse to fine"):
    answered(refine_grid, "refine_grid")
    finer = finer_values([16, 32, 64], 32)
    assert finer == [23, 32, 45], f"Expected [23, 32, 45] around 32 in [16, 32, 64], found {finer}."

# %% test="test_refine_grid_edge" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "Leave the box"):
    answered(refine_grid, "refine_grid")
    finer = finer_values([1e-4, 1e-3, 1e-2], 1e-2)
    assert len(finer) == 3, f"Expected three values at the edge of a grid, found {len(finer)}."

# %% test="test_refine_grid_pinned" points=1
from coffee_shop.checking import answered, check, raises

with check("03_grid_search", "From coarse to fine"):
    answered(refine_grid, "refine_grid")
    finer = finer_grid({"activation": ["relu", "tanh"], "layers": [2]}, {"activation": "tanh", "layers": 2})
    assert finer == {"activation": ["tanh"], "layers": [2]}, (
        f"Expected strings and dials with one value to be pinned to the best value, found {finer}.")

# %% [markdown]
# ## What you take away
#
# - A grid is a product: every new dial multiplies the bill.
# - Learning rates are spaced by factors, not by differences.
# - The price of a search is known before it starts: recipes × folds, and one refit.
# - Search coarse first, then fine around the winner, and let the finer map leave the box.
#
# **For discussion** (no points): which of your three dials would you drop first if the time were halved, and
# why?

# %% [markdown]
# *Write your thoughts here. Nobody marks them.*

# %% [markdown]
# <details><summary>One answer</summary>
#
# The batch size. It changes mostly how long a training takes and how noisy it is; a learning rate that suits
# one batch size usually nearly suits the next one. The learning rate stays: it decides whether the model learns.
#
# </details>
