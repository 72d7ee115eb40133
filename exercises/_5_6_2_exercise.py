# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 2: Walk every street, or stroll?
#
# Two friends look for the best cup in town. One visits every café on the map, street by street. The other
# visits four, picked at random, and sits down early. Who finds the better cup, and what did it cost? Here you
# hold that race yourself: **grid search** against **random search**, on the same customers, by the same clock.
#
# | question | you write | points |
# | :-- | :-- | --: |
# | 1 | `param_distributions`, where random search may draw from | 2 |
# | 2 | `timed_fit`, the stopwatch | 2 |
# | 3 | `grid_search` and `random_search`, the race | 3 |
# | 4 | `compare`, the result as a table | 1 |
# | 5 | `choose_strategy`, what to do with a budget | 2 |
#
# Run the cells from top to bottom; the race takes a few seconds. A test cell says ✓ when what it can show here is
# right; the rest is marked after you hand in. Look again at lesson *04_random_search* if you get stuck.
#
# Learning alone, with the whole course on your computer? Then have the exercise marked at once: save it, open a
# terminal in the folder of the course and run `autograder check exercises/_5_6_2_exercise.ipynb`.

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "e2a549cd3e8819ab3ab336eeb37d4944", "grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
import pandas as pd

from coffee_shop import plots
from coffee_shop.checking import answered, check, raises
from coffee_shop.churn import load_churn
from coffee_shop.recipe import make_pipeline

X_train, _, y_train, _ = load_churn(1200, test_size=200)
pipeline = make_pipeline(epochs=20, dropout=0.0)
param_grid = {
    "clf__model__learning_rate": [0.001, 0.003, 0.01],
    "clf__batch_size": [64, 128],
    "clf__model__num_neurons": [16, 64],
}
CV = 2

# %% [markdown]
# `X_train` and `y_train` are 1,000 customers with the churn rate of the whole table; `param_grid` spans 12 recipes.
#
# ## Question 1: distributions instead of lists
#
# Write `param_distributions` for `RandomizedSearchCV`: the same three dials as `param_grid`. The learning rate
# becomes a **continuous** distribution, log-uniform from the grid's smallest to its largest value. The other two
# may stay lists: random search draws from a list, too.
#
# **An example that is not the answer.** A uniform distribution for the dropout, and five draws from it:

# %%
from scipy import stats

stats.uniform(0.0, 0.5).rvs(5, random_state=1).round(3)

# %% [markdown]
# Uniform is right for a share such as dropout. Drawn uniformly from 0.001 to 0.01, two learning rates in three
# would lie above 0.004; drawn log-uniformly, only two in five do.
#
# <details><summary>Hint 1</summary>
#
# A log-uniform distribution gives every factor of ten the same chance. `scipy.stats` has one whose name says so.
#
# <details><summary>Hint 2</summary>
#
# Such a distribution takes the smallest and the largest value. It is an object with a method `rvs`, not a list of
# values that you have drawn already: the search draws by itself.
#
# </details></details>

# %% deletable=false nbgrader={"cell_type": "code", "checksum": "ef3971c2b75cad564a7a68905584dbee", "grade": false, "grade_id": "param_distributions", "locked": false, "schema_version": 3, "solution": true, "task": false}
param_distributions = ...
# YOUR CODE HERE

# %% [markdown]
# A right answer spreads the draws evenly over a log scale, with no gap and no crowd at the right edge:

# %%
plots.draw_draws(param_distributions, "clf__model__learning_rate")

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "8b67de7b1519a5959173df7f2488ceae", "grade": false, "grade_id": "drawn_recipes", "locked": true, "schema_version": 3, "solution": false, "task": false}
from sklearn.model_selection import ParameterSampler


def drawn_recipes(distributions, count):
    """Draw recipes as random search does, each with a seed of its own."""
    return [next(iter(ParameterSampler(distributions, 1, random_state=seed))) for seed in range(count)]


def spaces_of(distributions):
    """Return the dicts of distributions, of which there may be a list, or say kindly what is wrong with them."""
    spaces = distributions if isinstance(distributions, list) else [distributions]
    for space in spaces:
        assert isinstance(space, dict), f"Expected a dict of distributions, found a {type(space).__name__}."
    return spaces


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "4493051222af31452f2c5ce5f31580bd", "grade": true, "grade_id": "test_param_distributions_dials", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Distributions instead of lists"):
    for space in spaces_of(answered(param_distributions, "param_distributions")):
        different = sorted(map(str, set(space) ^ set(param_grid)))
        assert not different, (
            f"Expected the same dials as in `param_grid`; these stand in only one of them: {different}.")
        for dial, values in space.items():
            is_list = isinstance(values, (list, tuple, range)) or (isinstance(values, np.ndarray) and values.ndim == 1)
            assert is_list or hasattr(values, "rvs"), (
                f"Expected a distribution or a list of values for {dial}, found a {type(values).__name__}.")

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "fe95c0ba311353143a0f20841022fc30", "grade": true, "grade_id": "test_param_distributions_learning_rate", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Distributions instead of lists"):
    for space in spaces_of(answered(param_distributions, "param_distributions")):
        assert "clf__model__learning_rate" in space, "Expected the learning rate among the dials, it is missing."
        rates = space["clf__model__learning_rate"]
        assert hasattr(rates, "rvs"), f"Expected a distribution with a method `rvs`, found a {type(rates).__name__}."

# %% [markdown]
# ## Question 2: the stopwatch
#
# Write `timed_fit(search, X, y)`: fit the search, once, and return the fitted search and the seconds it took.
#
# Seconds on the wall are meant, waiting included, by a clock that never jumps: a computer sets its time of day
# now and then, and a race must not end before it began.
#
# **An example that is not the answer.** Two clocks of Python. One of them stands still while nothing is computed:

# %%
import time

before = time.process_time(), time.perf_counter()
time.sleep(0.2)
after = time.process_time(), time.perf_counter()
print("process_time: {:.2f} s   perf_counter: {:.2f} s".format(*np.subtract(after, before)))


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Read the clock, fit, read the clock again. The difference is the time that passed.
#
# <details><summary>Hint 2</summary>
#
# `time.time` is the time of day and may jump; `time.process_time` stands still while the process waits. Python's
# documentation of `time` lists two clocks that are monotonic and run on.
#
# </details></details>

# %% deletable=false nbgrader={"cell_type": "code", "checksum": "5d011a9f93ded95116592fef61e7af60", "grade": false, "grade_id": "timed_fit", "locked": false, "schema_version": 3, "solution": true, "task": false}
def timed_fit(search, X, y):
    """Fit a search and return it, fitted, with the wall-clock seconds that this took.

    Parameters
    ----------
    search : object with a method ``fit(X, y)``
    X, y : the data
    """
    # YOUR CODE HERE


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "98b00b6edf842fd662a413931129ba91", "grade": false, "grade_id": "trial", "locked": true, "schema_version": 3, "solution": false, "task": false}
class Trial:
    """Stands in for a search, so that nothing has to be trained: `fit` does the work that the trial was made with."""

    def __init__(self, work):
        self.work, self.fits = work, 0

    def fit(self, X, y):
        self.fits += 1
        self.work(X, y)
        return self


def idle(X, y):
    """Do nothing."""


def is_number(value):
    """Return whether a value is a number; text and True are none."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "094b7e193dfb2f39ea2b7310cffa0e86", "grade": true, "grade_id": "test_timed_fit_result", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Time it fairly"):
    trial = Trial(idle)
    result = answered(timed_fit(trial, [[0], [1]], [0, 1]), "timed_fit")
    assert isinstance(result, (tuple, list)) and len(result) == 2, (
        f"Expected two things back, the search and the seconds, found a {type(result).__name__}.")
    assert result[0] is trial, f"Expected the search to come back first, found a {type(result[0]).__name__}."
    assert trial.fits, "Expected the search to be fitted, found one that is not."

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "097356dcb32176725d55e723371f362f", "grade": true, "grade_id": "test_timed_fit_clock", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Time it fairly"):
    result = answered(timed_fit(Trial(idle), [[0], [1]], [0, 1]), "timed_fit")
    assert isinstance(result, (tuple, list)) and len(result) == 2, (
        f"Expected two things back, the search and the seconds, found a {type(result).__name__}.")
    assert is_number(result[1]), f"Expected the seconds as a number, found a {type(result[1]).__name__}."
    assert result[1] >= 0, f"Expected zero seconds or more, found {result[1]:g}."

# %% [markdown]
# ## Question 3: the race
#
# Now let both run on `X_train` and `y_train`, and time them:
#
# - `grid_search` and `grid_seconds`: a fitted `GridSearchCV` on `param_grid`;
# - `random_search` and `random_seconds`: a fitted `RandomizedSearchCV` that draws **four** recipes from
#   `param_distributions`, with a fixed `random_state`, so that the race can be run again.
#
# A race is fair only under the same rules: both over `pipeline` as it is, both with `cv=CV` and `scoring="roc_auc"`.
# And only with a warm oven: before its first training TensorFlow traces a network of each width, and neither search is
# to wait for that.

# %%
from sklearn.base import clone

for width in param_grid["clf__model__num_neurons"]:
    clone(pipeline).set_params(clf__model__num_neurons=width).fit(X_train, y_train)


# %% [markdown]
# A mistake in question 1 or 2 costs nothing here. Where your `param_distributions` cannot be drawn from as they should,
# or your `timed_fit` does not give a fitted search and its seconds, a spare one stands in from here on, and says so:

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "723ccfb85648c7431f52c721caa388f2", "grade": false, "grade_id": "spares", "locked": true, "schema_version": 3, "solution": false, "task": false}
def can_be_drawn_from(distributions):
    """Return whether a race can be run with these distributions."""
    recipes = drawn_recipes(distributions, 30)
    drawn = {dial: {recipe[dial] for recipe in recipes} for dial in param_grid}
    rates, *counts = drawn["clf__model__learning_rate"], drawn["clf__batch_size"], drawn["clf__model__num_neurons"]
    whole = all(isinstance(value, (int, np.integer)) and value > 0 for values in counts for value in values)
    several = len(rates) > 20 and min(map(len, counts)) > 1
    return whole and several and min(rates) > 0.0005 and max(rates) < 0.02 and set(recipes[0]) == set(param_grid)


def gives_seconds(timed_fit):
    """Return whether this gives a fitted search and its seconds."""
    trial = Trial(idle)
    search, seconds = timed_fit(trial, [[0], [1]], [0, 1])
    return search is trial and trial.fits == 1 and is_number(seconds) and 0 <= seconds < 1


def works(test, answer):
    """Return whether an answer passes a test; what stops does not."""
    try:
        return test(answer)
    except Exception:
        return False


def spare_timed_fit(search, X, y):
    """Fit a search, and add up the seconds that it has noted itself."""
    search.fit(X, y)
    each = search.cv_results_["mean_fit_time"] + search.cv_results_["mean_score_time"]
    return search, float(np.sum(each) * search.n_splits_ + search.refit_time_)


if not works(can_be_drawn_from, param_distributions):
    print("Your `param_distributions` cannot be used in the race; a list of many learning rates stands in for them.")
    param_distributions = {**param_grid, "clf__model__learning_rate": np.geomspace(0.00101, 0.0099, 97).tolist()}
if not works(gives_seconds, timed_fit):
    print("Your `timed_fit` cannot be used in the race; a spare one stands in for it.")
    timed_fit = spare_timed_fit

# %% [markdown]
# **An example that is not the answer.** The same kind of search over a logistic regression, which is done at once:

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

numbers = X_train[["tenure", "MonthlyCharges"]] / [12, 100]
example = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0]}, cv=3, scoring="roc_auc", error_score="raise")
example.fit(numbers, y_train)
pd.DataFrame(example.cv_results_)[["param_C", "mean_fit_time", "mean_test_score"]]

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `RandomizedSearchCV` is called like `GridSearchCV`, with distributions in place of the grid; `n_iter` says how many
# recipes it draws.
#
# <details><summary>Hint 2</summary>
#
# `timed_fit` returns two things, and Python unpacks them: `a, b = f(...)`.
#
# <details><summary>Hint 3</summary>
#
# With `error_score="raise"` a recipe that cannot be trained stops the search with its own error, instead of
# hiding as `nan` among the scores.
#
# </details></details></details>

# %% deletable=false nbgrader={"cell_type": "code", "checksum": "d10219e11294f4be5e86836b92b80c90", "grade": false, "grade_id": "run_searches", "locked": false, "schema_version": 3, "solution": true, "task": false}
grid_search, grid_seconds = ..., ...
random_search, random_seconds = ..., ...
# YOUR CODE HERE

# %% [markdown]
# In a right answer the short line ends early, and not far below the long one:

# %%
plots.draw_race({"grid": grid_search, "random": random_search})

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "c67d1705e607c8c2aa95e07c284833d4", "grade": true, "grade_id": "test_run_searches_rules", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Run the race"):
    for name, search in {"grid_search": grid_search, "random_search": random_search}.items():
        assert hasattr(answered(search, name), "best_score_"), f"Expected `{name}` to be a fitted search, it is not."
    drawn = len(random_search.cv_results_["params"])
    assert drawn == 4, f"Expected random search to draw four recipes, found {drawn}."

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "0f5b5f953364c30021681c7af3cd3262", "grade": true, "grade_id": "test_run_searches_runtimes", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Run the race"):
    for name, search in {"grid_search": grid_search, "random_search": random_search}.items():
        assert hasattr(answered(search, name), "cv_results_"), f"Expected `{name}` to be a fitted search, it is not."
    for name, seconds in {"grid_seconds": grid_seconds, "random_seconds": random_seconds}.items():
        assert is_number(answered(seconds, name)), (
            f"Expected `{name}` to be a number, found a {type(seconds).__name__}.")
        assert seconds > 0, f"Expected `{name}` to be more than zero, found {seconds:g}."

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "0b4cd0caea9e1729cb6920580a3c45da", "grade": true, "grade_id": "test_run_searches_scores", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Run the race"):
    for name, search in {"grid_search": grid_search, "random_search": random_search}.items():
        assert hasattr(answered(search, name), "best_score_"), f"Expected `{name}` to be a fitted search, it is not."
        best = search.best_score_
        assert np.isfinite(best), f"Expected a finite best score of `{name}`, found {best:g}."

# %% [markdown]
# ## Question 4: the result as a table
#
# Write `compare(runs)` for `runs = {name: (fitted search, seconds)}`. It returns a DataFrame with one row a name
# (the index) and the columns
#
# | column | what it holds |
# | :-- | :-- |
# | `candidates` | recipes tried |
# | `fits` | trainings: recipes × folds, and one more if the search refits its winner |
# | `seconds` | as given |
# | `seconds_per_fit` | seconds for one training |
# | `best_score` | the search's best score |
#
# with the **fastest** search first. Then use it: `comparison = compare({"grid": ..., "random": ...})`. In a right
# answer `comparison` begins like this:
#
# | | candidates | fits |
# | :-- | --: | --: |
# | random | 4 | 9 |
# | grid | 12 | 25 |
#
# **An example that is not the answer.** A table with one row a name from a dict of dicts:

# %%
cups = {"espresso": {"grams": 18, "seconds": 27}, "filter": {"grams": 30, "seconds": 180}}
pd.DataFrame.from_dict(cups, orient="index")


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A fitted search knows what it did: `cv_results_["params"]` lists its recipes, `n_splits_` is the number of folds,
# `refit` says whether the winner was trained once more.
#
# <details><summary>Hint 2</summary>
#
# Build one dict a search, make the table from them, and end with `sort_values`.
#
# </details></details>

# %% deletable=false nbgrader={"cell_type": "code", "checksum": "3ff829406d80679dde94f2c648bf4193", "grade": false, "grade_id": "compare", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare(runs):
    """Return a table of searches, the fastest first.

    Parameters
    ----------
    runs : dict
        ``{name: (fitted search, seconds)}``.
    """
    # YOUR CODE HERE


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "f9db8b6ea040e90151ebaec6209e3bb2", "grade": false, "grade_id": "table_of", "locked": true, "schema_version": 3, "solution": false, "task": false}
COLUMNS = ["candidates", "fits", "seconds", "seconds_per_fit", "best_score"]


def table_of(found):
    """Return a table with the names as its index, or say kindly what is wrong with it."""
    assert isinstance(found, pd.DataFrame), f"Expected a DataFrame, found a {type(found).__name__}."
    missing = [column for column in COLUMNS if column not in found]
    assert not missing, f"Expected five columns, these are missing: {missing}."
    return found.set_index("name") if "name" in found else found


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "681c6d0e27920ac4bbbc0903ccf4957e", "grade": true, "grade_id": "test_compare", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Compare the two"):
    table = table_of(answered(compare({"example": (example, 1.4)}), "compare"))
    assert list(table.index) == ["example"], f"Expected one row a name, the index, found the rows {list(table.index)}."

# %% [markdown]
# ## Question 5: what to do with a budget
#
# The shop opens soon and the clock runs. Write `choose_strategy`: given how many recipes the whole grid has, the
# number of folds, the seconds of one training and a budget in seconds, say what to do.
#
# - `("grid", n_combinations)` if the whole grid **and one refit** fit the budget (using it up is fine);
# - otherwise `("random", n)` with the largest number of recipes that fits, again with one refit;
# - `ValueError` if not even one recipe fits.
#
# **An example that is not the answer.** What a grid of 3,125 recipes costs with three folds at half a second each:

# %%
hours = (3125 * 3 + 1) * 0.5 / 3600
print(f"{hours:.1f} hours")


# %% [markdown]
# What a right answer gives:
#
# | call | result |
# | :-- | :-- |
# | `choose_strategy(12, cv=2, seconds_per_fit=0.5, budget_seconds=60)` | `("grid", 12)` |
# | `choose_strategy(3125, cv=2, seconds_per_fit=0.5, budget_seconds=60)` | `("random", 59)` |
# | `choose_strategy(12, cv=2, seconds_per_fit=0.5, budget_seconds=1)` | `ValueError` |
#
# <details><summary>Hint 1</summary>
#
# First turn the budget into a number of trainings. One of them is spoken for: the refit.
#
# <details><summary>Hint 2</summary>
#
# What is left is shared out among the folds: a recipe costs `cv` trainings. Half a recipe is none; `//` divides
# and rounds down.
#
# </details></details>

# %% deletable=false nbgrader={"cell_type": "code", "checksum": "938a85287d353552faf4b19aed02d75d", "grade": false, "grade_id": "choose_strategy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def choose_strategy(n_combinations, cv, seconds_per_fit, budget_seconds):
    """Return ``("grid", n)`` or ``("random", n)``: what a budget allows, and with how many candidates.

    Parameters
    ----------
    n_combinations : int
        Recipes in the whole grid.
    cv : int
        Number of folds.
    seconds_per_fit, budget_seconds : float
    """
    # YOUR CODE HERE


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "f55dc7023c10679901aab912a4ac2130", "grade": false, "grade_id": "strategy_of", "locked": true, "schema_version": 3, "solution": false, "task": false}
def strategy_of(*call):
    """Return the strategy and the number that `choose_strategy` gives, or say kindly what is wrong with them."""
    found = answered(choose_strategy(*call), "choose_strategy")
    assert isinstance(found, (tuple, list)) and len(found) == 2, (
        f"Expected two things back, a name and a number, found a {type(found).__name__}.")
    name, n = found
    assert isinstance(name, str), f"Expected the name of a strategy first, found a {type(name).__name__}."
    assert isinstance(n, (int, np.integer)) and not isinstance(n, bool), (
        f"Expected a whole number of recipes, found a {type(n).__name__}.")
    return name, int(n)


# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "cb2ba84f0e075804c5701071d7092d75", "grade": true, "grade_id": "test_choose_strategy_grid", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Spend a budget"):
    answered(choose_strategy, "choose_strategy")
    found = strategy_of(12, 2, 0.5, 60)
    assert found == ("grid", 12), f"Expected a generous budget to pay for the whole grid, found {found}."

# %% deletable=false editable=false nbgrader={"cell_type": "code", "checksum": "19b8fd32059b28aaa292e4d7b1b9c621", "grade": true, "grade_id": "test_choose_strategy_random", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from coffee_shop.checking import answered, check, raises

with check("04_random_search", "Spend a budget"):
    answered(choose_strategy, "choose_strategy")
    found = strategy_of(3125, 2, 0.5, 60)
    assert found[0] == "random", f"Expected random search where the grid is too dear, found {found}."

# %% [markdown]
# ## What you take away
#
# - Random search draws from distributions: a continuous dial gets a new value with every draw.
# - A fair race has one clock, the same folds and the same metric.
# - Seconds per training are the same for both; random search is faster because it trains less often.
# - A budget in seconds is a number of trainings, and that chooses the strategy.
#
# **For discussion** (no points): why did random search get so close?

# %% [markdown]
# *Write your thoughts here. Nobody marks them.*

# %% [markdown]
# <details><summary>One answer</summary>
#
# Many recipes are nearly as good as the best one: the score depends mostly on the learning rate, and a wide range of
# rates does well. Four draws try four different learning rates, more than the grid's three, and one of them is very
# likely to lie in that range.
#
# </details>
