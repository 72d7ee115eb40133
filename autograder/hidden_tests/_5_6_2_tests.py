"""Hidden tests of exercise _5_6_2; each cell is appended to the test cell of the same grade id."""

# %% test_param_distributions_dials
recipes = drawn_recipes(param_distributions, 60)
for dial in ["clf__batch_size", "clf__model__num_neurons"]:
    values = [recipe[dial] for recipe in recipes]
    assert all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in values), (
        f"Expected whole numbers to be drawn for {dial}, found {type(values[0]).__name__}, such as {values[0]!s:.20}.")
    assert min(values) > 0, f"Expected positive numbers to be drawn for {dial}, found {min(values)}."
    assert len(set(values)) >= 2, (
        f"Expected at least two different values to draw from for {dial}, found {values[0]} only.")

# %% test_param_distributions_learning_rate
dial = "clf__model__learning_rate"
count = 1000
rates = [space[dial] for space in spaces_of(param_distributions)]
if len(rates) == 1 and hasattr(rates[0], "dist"):  # one of SciPy's: it draws any number at once
    drawn = rates[0].rvs(size=count, random_state=0)
else:
    drawn = [recipe[dial] for recipe in drawn_recipes([{dial: values} for values in rates], count)]
drawn = np.sort(np.ravel(drawn).astype(float))
low, high = 0.001, 0.01
assert len(np.unique(drawn)) > 0.9 * count, (
    f"Expected a continuous distribution, found only {len(np.unique(drawn))} different values in {count} draws.")
assert low / 2 < drawn[0] < low * 1.1 and high / 1.1 < drawn[-1] < high * 2, (
    "Expected draws from the grid's smallest to its largest learning rate, "
    f"found draws from {drawn[0]:.3g} to {drawn[-1]:.3g}.")
middle = np.median(drawn)
assert abs(np.log(middle) - np.log(drawn[0] * drawn[-1]) / 2) < 0.15 * np.log(drawn[-1] / drawn[0]), (
    f"Expected as many draws below the middle of the log scale as above it, but half of them lie above {middle:.3g}.")
quarters = np.histogram(np.log(drawn), bins=4, range=(np.log(drawn[0]), np.log(drawn[-1])))[0]
assert quarters.min() > 0.75 * count / 4, (
    f"Expected every quarter of the log scale to be drawn equally often, found {quarters.tolist()} draws.")

# %% test_timed_fit_result
seen = []
trial = Trial(lambda X, y: seen.append((X, y)))
features, labels = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])
search, seconds = timed_fit(trial, features, labels)
assert search is trial, "Expected the search that was given to come back, found another one."
assert len(seen) == 1, f"Expected the search to be fitted once, found that it was fitted {len(seen)} times."
assert np.array_equal(seen[0][0], features) and np.array_equal(seen[0][1], labels), (
    "Expected the search to be fitted on the X and y that were given, found other data.")
assert is_number(seconds), f"Expected the seconds as a number, found a {type(seconds).__name__}."

# %% test_timed_fit_clock
import datetime
import time as clock

# While the trial works, the time of day is set back by an hour, wherever a program can read it from.
HOUR = 3600
jumped = []
Day, Stamp, Moment = datetime.datetime, pd.Timestamp, np.datetime64
now, now_ns = clock.time, clock.time_ns


class JumpingDay(Day):
    @classmethod
    def now(cls, tz=None):
        return Day.now(tz) - datetime.timedelta(hours=len(jumped))

    @classmethod
    def utcnow(cls):
        return JumpingDay.now(datetime.UTC).replace(tzinfo=None)

    today = now


class JumpingStamp:
    def __new__(cls, *given, **more):
        return Stamp(*given, **more) - pd.Timedelta(hours=len(jumped) * (given[:1] in [("now",), ("today",)]))

    def now(tz=None):
        return Stamp.now(tz) - pd.Timedelta(hours=len(jumped))

    def utcnow():
        return Stamp.now("UTC") - pd.Timedelta(hours=len(jumped))

    today = now


def jumping_moment(*given):
    return Moment(*given) - np.timedelta64(HOUR * len(jumped) * (given[:1] in [("now",), ("today",)]), "s")


jumping = {
    now: lambda: now() - HOUR * len(jumped),
    now_ns: lambda: now_ns() - HOUR * 10**9 * len(jumped),
    Day: JumpingDay,
    Stamp: JumpingStamp,
    Moment: jumping_moment,
}
if hasattr(clock, "clock_gettime"):
    read, read_ns = clock.clock_gettime, clock.clock_gettime_ns
    jumping[read] = lambda which: read(which) - HOUR * len(jumped) * (which == clock.CLOCK_REALTIME)
    jumping[read_ns] = lambda which: read_ns(which) - HOUR * 10**9 * len(jumped) * (which == clock.CLOCK_REALTIME)
stand_ins = {id(real): stand_in for real, stand_in in jumping.items()}
places = [vars(clock), vars(datetime), vars(pd), vars(np), globals(), getattr(timed_fit, "__globals__", globals())]
places = list({id(place): place for place in places}.values())
kept = [(place, name, value) for place in places for name, value in place.items() if id(value) in stand_ins]
defaults = getattr(timed_fit, "__defaults__", None)
slept = []


def nap(seconds):
    def work(X, y):
        start = clock.perf_counter()
        clock.sleep(seconds)
        slept.append(clock.perf_counter() - start)
        jumped.append(True)

    return work


def time_it(seconds):
    start = clock.perf_counter()
    try:
        for place, name, value in kept:
            place[name] = stand_ins[id(value)]
        if defaults:
            timed_fit.__defaults__ = tuple(stand_ins.get(id(value), value) for value in defaults)
        result = timed_fit(Trial(nap(seconds)), [[0], [1]], [0, 1])
    finally:
        for place, name, value in kept:
            place[name] = value
        if defaults:
            timed_fit.__defaults__ = defaults
    return float(result[1]), clock.perf_counter() - start


for seconds in [0.2, 0.05]:
    found, outside = time_it(seconds)
    assert -60 < found < 1800, (
        "Expected a clock that nobody can set; when the time of day was set back by an hour meanwhile, "
        f"it gave {found:.0f} s.")
    assert 0.9 * slept[-1] <= found <= 1.1 * outside, (
        f"Expected the seconds that passed on the wall, between {slept[-1]:.2f} and {outside:.2f}, found {found:.2f}.")

# %% test_run_searches_rules
from coffee_shop.churn import load_churn as load
from coffee_shop.recipe import make_pipeline as make
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ParameterGrid, StratifiedKFold, check_cv

customers, _, churned, _ = load(1200, test_size=200)
recipe = make(epochs=20, dropout=0.0)
grid = {
    "clf__model__learning_rate": [0.001, 0.003, 0.01],
    "clf__batch_size": [64, 128],
    "clf__model__num_neurons": [16, 64],
}
searches = {"grid_search": grid_search, "random_search": random_search}
for (name, search), kind in zip(searches.items(), ["GridSearchCV", "RandomizedSearchCV"]):
    kinds = [base.__name__ for base in type(search).__mro__]
    assert kind in kinds, f"Expected `{name}` to be a {kind}, found a {kinds[0]}."
tried = grid_search.cv_results_["params"]
every = [{dial: values[dial] for dial in grid} for values in ParameterGrid(grid)]
assert len(tried) == len(every) and all(values in tried for values in every), (
    f"Expected grid search to try the {len(every)} recipes of `param_grid`, found {len(tried)}, or other values.")
seed = random_search.random_state
assert seed is not None, "Expected a fixed `random_state` of the random search, found None."
drawn = random_search.cv_results_["params"]
assert set(drawn[0]) == set(grid), f"Expected random search to turn the three dials, found {sorted(drawn[0])}."
rates = [values["clf__model__learning_rate"] for values in drawn]
assert not set(rates) <= set(grid["clf__model__learning_rate"]), (
    "Expected random search to draw from `param_distributions`, found the grid's own learning rates.")
could = drawn_recipes(random_search.param_distributions, 60)
for dial in grid:
    different = len({values[dial] for values in could})
    assert different > 1, f"Expected random search to turn the dial {dial}, found a single value to draw from."

folds = {}
for name, search in searches.items():
    splits = int(search.n_splits_)
    assert splits == 2, f"Expected 2 folds for `{name}`, found {splits}."
    given = search.estimator.get_params()
    for dial in ["clf__epochs", "clf__model__dropout", "clf__model__num_layers", "clf__model__l2", "clf__random_state"]:
        assert dial in given and given[dial] == recipe.get_params()[dial], (
            f"Expected `{name}` to search over `pipeline` as it was given, found another setting of {dial}.")
    splitter = check_cv(search.cv, churned, classifier=True)
    folds[name] = list(splitter.split(customers, churned)) or list(StratifiedKFold(2).split(customers, churned))
same = all(np.array_equal(a, b) for one, two in zip(*folds.values()) for a, b in zip(one, two))
assert same, "Expected the same folds for both searches, found that they were not split in the same way."
# One training again, by the rules: what a search has noted must be the ROC AUC of just that.
for name, search in searches.items():
    best, (train, held_out) = int(search.best_index_), folds[name][0]
    metric = search.refit if isinstance(search.refit, str) else "score"
    noted = float(search.cv_results_[f"split0_test_{metric}"][best])
    network = clone(recipe).set_params(**search.cv_results_["params"][best])
    network.fit(customers.iloc[train], churned.iloc[train])
    expected = roc_auc_score(churned.iloc[held_out], network.predict_proba(customers.iloc[held_out])[:, 1])
    assert abs(noted - expected) < 5e-4, (
        f"Expected `{name}` to note the ROC AUC of `pipeline` on `X_train` and `y_train`, {expected:.4f} for its best "
        f"recipe in the first fold, found {noted:.4f}: other customers, other folds, another pipeline or metric.")

# %% test_run_searches_runtimes
from joblib import effective_n_jobs


def seconds_of_training(search):
    results = search.cv_results_
    tried = np.sum(results["mean_fit_time"] + results["mean_score_time"]) * search.n_splits_
    return tried + getattr(search, "refit_time_", 0.0)


def seconds_without_tracing(search):
    # Of the two folds of a recipe the slower one may have waited for TensorFlow to trace a network of another width.
    results = search.cv_results_
    return np.sum(results["mean_fit_time"] - results["std_fit_time"]) * search.n_splits_


searches = {"grid": (grid_search, grid_seconds), "random": (random_search, random_seconds)}
workers = {name: effective_n_jobs(search.n_jobs) for name, (search, _) in searches.items()}
alone = max(workers.values()) == 1
for name, (search, seconds) in searches.items():
    own = seconds_of_training(search)
    # With workers the wall shows less than the sum, or more: starting them takes its time.
    assert 0.8 * own / workers[name] <= seconds <= (3 if alone else 30) * own, (
        f"Expected `{name}_seconds` to agree with the {own:.1f} s that its `cv_results_` add up to, "
        f"found {seconds:.3g}.")
if alone:  # every worker traces for itself, and the search that comes first waits for that
    spent = {name: seconds_without_tracing(search) for name, (search, _) in searches.items()}
    assert spent["random"] < spent["grid"], (
        f"Expected random search to be faster than grid search, found {random_seconds:.1f} s and {grid_seconds:.1f} s.")
    each = {name: spent[name] / len(search.cv_results_["params"]) for name, (search, _) in searches.items()}
    assert 0.1 < each["random"] / each["grid"] < 10, (
        "Expected a training to take about as long in both searches, "
        f"found {each['random']:.2g} s in random and {each['grid']:.2g} s in grid search for each recipe.")

# %% test_run_searches_scores
gap = abs(grid_search.best_score_ - random_search.best_score_)
assert gap <= 0.05, f"Expected the two best scores within 0.05 of each other, found them {gap:.3f} apart."

# %% test_compare
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

flags = np.arange(60) % 2
features = flags[:, None] + 0.0
ways = ["prior", "stratified", "uniform", "most_frequent"]


def search_by_grid(count, cv, refit):
    return GridSearchCV(DummyClassifier(random_state=count), {"strategy": ways[:count]}, cv=cv, refit=refit)


quick = RandomizedSearchCV(DummyClassifier(), {"strategy": ways[:3]}, n_iter=3, cv=2, random_state=0, refit=False)
# The order of the seconds is that of no other column, nor that of the names, nor the one in which they are given.
runs = {
    "mocha": (search_by_grid(4, 3, True), 5.0),
    "brew": (quick, 2.0),
    "filter": (search_by_grid(2, 5, False), 9.0),
    "latte": (search_by_grid(1, 4, True), 3.0),
}
for search, _ in runs.values():
    search.fit(features, flags)
table = table_of(answered(compare(runs), "compare"))
names = ["brew", "latte", "mocha", "filter"]
assert list(table.index) == names, (
    f"Expected one row a name, the fastest search first: {names}, found the rows {list(table.index)}.")
expected = {
    "candidates": [3, 1, 4, 2],
    "fits": [6, 5, 13, 10],
    "seconds": [2.0, 3.0, 5.0, 9.0],
    "seconds_per_fit": [2 / 6, 3 / 5, 5 / 13, 9 / 10],
    "best_score": [runs[name][0].best_score_ for name in names],
}
for column, values in expected.items():
    found = pd.to_numeric(table[column], errors="coerce").tolist()
    assert np.allclose(found, values), (
        f"Expected the column {column} to hold what the table above says, for searches with and without refit; "
        f"found {np.round(found, 3).tolist()}.")
raced = {"grid": (grid_search, grid_seconds), "random": (random_search, random_seconds)}
if all(hasattr(search, "best_score_") and is_number(seconds) for search, seconds in raced.values()):
    try:
        table = table_of(answered(comparison, "comparison"))
    except NameError:
        raise AssertionError("Expected the table of your two searches as `comparison`, found no such name.") from None
    names = sorted(raced, key=lambda name: raced[name][1])
    assert list(table.index) == names, f"Expected `comparison` to have the rows {names}, found {list(table.index)}."
    for name, (search, seconds) in raced.items():
        count = len(search.cv_results_["params"])
        fits = count * int(search.n_splits_) + (search.refit is not False)
        values = [count, fits, seconds, seconds / fits, search.best_score_]
        found = [float(table.loc[name, column]) for column in COLUMNS]
        assert np.allclose(found, values), (
            f"Expected `comparison` to be what `compare` makes of your two searches, found other numbers for {name}.")

# %% test_choose_strategy_grid
for call, expected in [((12, 3, 0.5, 18.5), 12), ((1, 5, 0.25, 1.5), 1), ((20, 2, 2.0, 1000.0), 20)]:
    found = strategy_of(*call)
    assert found == ("grid", expected), (
        f"Expected the whole grid and one refit to fit the budget of choose_strategy{call}, found {found}.")
name, _ = choose_strategy(12, 3, 0.5, 18.25)
assert name == "random", f"Expected the refit to count: choose_strategy(12, 3, 0.5, 18.25) gave {name!r}."

# %% test_choose_strategy_random
for call, expected in [((12, 3, 0.5, 18.25), 11), ((100, 5, 2.0, 12.0), 1), ((100, 5, 2.0, 21.75), 1),
                       ((3125, 2, 0.25, 100.25), 200), ((40, 10, 0.125, 41.5), 33)]:
    kind, n = strategy_of(*call)
    assert kind == "random", f"Expected random search for choose_strategy{call}, found {kind}."
    fits = (n * call[1] + 1) * call[2]
    assert n == expected, (
        f"Expected the most recipes whose trainings and one refit fit {call[3]} s; {n} of them take {fits} s.")
raises(ValueError, lambda: choose_strategy(100, 5, 2.0, 11.75), "a budget too small for one recipe and its refit")
raises(ValueError, lambda: choose_strategy(1, 2, 0.5, 1.25), "a budget too small for a grid of one recipe")
raises(ValueError, lambda: choose_strategy(12, 2, 0.5, 0), "no budget at all")
