"""Hidden tests of exercise _5_6_2; each cell is appended to the test cell of the same grade id."""

# %% test_param_distributions_dials
from sklearn.model_selection import ParameterSampler

for dial, values in param_distributions.items():
    assert hasattr(values, "rvs") or np.ndim(values) == 1, (
        f"Expected a distribution or a list of values for {dial}, found {values!r}.")
    if dial != "clf__model__learning_rate" and not hasattr(values, "rvs"):
        assert len(values) >= 2, f"Expected at least two values to draw from for {dial}, found {len(values)}."
for recipe in ParameterSampler(param_distributions, 4, random_state=0):
    pipeline.set_params(**{dial: recipe[dial] for dial in param_grid})
    assert int(recipe["clf__batch_size"]) == recipe["clf__batch_size"] > 0, (
        f"Expected whole, positive batch sizes to be drawn, found {recipe['clf__batch_size']}.")

# %% test_param_distributions_learning_rate
drawn = np.sort(np.ravel(rates.rvs(size=4000, random_state=0)))
low, high = min(param_grid["clf__model__learning_rate"]), max(param_grid["clf__model__learning_rate"])
assert len(np.unique(drawn)) > 3000, (
    f"Expected a continuous distribution, found one with only {len(np.unique(drawn))} different values in 4000 draws.")
assert low / 2 < drawn[0] < low * 1.1 and high / 1.1 < drawn[-1] < high * 2, (
    "Expected draws from the grid's smallest to its largest learning rate, "
    f"found draws from {drawn[0]:.3g} to {drawn[-1]:.3g}.")
middle = np.median(drawn)
assert abs(np.log(middle) - np.log(drawn[0] * drawn[-1]) / 2) < 0.15 * np.log(drawn[-1] / drawn[0]), (
    f"Expected as many draws below the middle of the log scale as above it, but half of them lie above {middle:.3g}.")
quarters = np.histogram(np.log(drawn), bins=4, range=(np.log(drawn[0]), np.log(drawn[-1])))[0]
assert quarters.min() > 0.8 * len(drawn) / 4, (
    f"Expected every quarter of the log scale to be drawn equally often, found {quarters.tolist()} draws.")

# %% test_timed_fit_result
class Recorder:
    def fit(self, X, y):
        self.seen = X, y
        return self


data = object(), object()
search, seconds = timed_fit(Recorder(), *data)
assert getattr(search, "seen", None) == data, "Expected the search to be fitted on the X and y that were given."
assert np.ndim(seconds) == 0 and float(seconds) == seconds, f"Expected the seconds as a number, found {seconds!r}."

# %% test_timed_fit_clock
import time as clock

time_of_day = clock.time
jumped = []


class Sleeper:
    def fit(self, X, y):
        start = clock.perf_counter()
        clock.sleep(0.25)
        self.slept = clock.perf_counter() - start
        jumped.append(True)
        return self


def jumping_time():
    return time_of_day() - (3600 if jumped else 0)


names = [name for name, value in timed_fit.__globals__.items() if value is time_of_day]
start = clock.perf_counter()
try:
    clock.time = jumping_time
    timed_fit.__globals__.update(dict.fromkeys(names, jumping_time))
    fitted, seconds = timed_fit(Sleeper(), None, None)
finally:
    clock.time = time_of_day
    timed_fit.__globals__.update(dict.fromkeys(names, time_of_day))
outside = clock.perf_counter() - start
assert seconds >= 0, f"Expected a clock that never jumps; when the time of day was set back, it gave {seconds:.0f} s."
assert 0.9 * fitted.slept <= seconds <= 1.1 * outside, (
    f"Expected the seconds that passed on the wall, between {fitted.slept:.2f} and {outside:.2f}, found {seconds:.2f}.")

# %% test_run_searches_rules
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

assert isinstance(grid_search, GridSearchCV), f"Expected a GridSearchCV, found a {type(grid_search).__name__}."
assert isinstance(random_search, RandomizedSearchCV), (
    f"Expected a RandomizedSearchCV, found a {type(random_search).__name__}.")
tried = len(grid_search.cv_results_["params"])
assert tried == 12, f"Expected grid search to try all 12 recipes of `param_grid`, found {tried}."
assert random_search.random_state is not None, "Expected a fixed `random_state` of the random search, found None."
for name, search in {"grid_search": grid_search, "random_search": random_search}.items():
    assert search.n_splits_ == CV, f"Expected {CV} folds for `{name}`, found {search.n_splits_}."
    assert "roc_auc" in str(search.scorer_), f"Expected `{name}` to be scored by ROC AUC, found {search.scoring}."
    assert set(search.cv_results_["params"][0]) == set(param_grid), (
        f"Expected `{name}` to turn the three dials of `param_grid`, found {sorted(search.cv_results_['params'][0])}.")
    trained = getattr(search, "n_features_in_", X_train.shape[1])
    assert trained == X_train.shape[1], f"Expected `{name}` to be fitted on `X_train`, found {trained} features."

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

flags = np.arange(24) % 2
features = flags[:, None] + 0.0
slow = GridSearchCV(DummyClassifier(), {"strategy": ["prior", "stratified", "uniform"]}, cv=4, refit=False)
quick = RandomizedSearchCV(DummyClassifier(), {"strategy": ["prior", "most_frequent"]}, n_iter=2, cv=3, random_state=0)
runs = {"slow": (slow.fit(features, flags), 6.0), "quick": (quick.fit(features, flags), 3.5)}
table = answered(compare(runs), "compare")
table = table.set_index("name") if "name" in table else table
assert list(table.index) == ["quick", "slow"], (
    f"Expected one row a name, the fastest search first, found the rows {list(table.index)}.")
expected = {
    "candidates": [2, 3],
    "fits": [7, 12],
    "seconds": [3.5, 6.0],
    "seconds_per_fit": [0.5, 0.5],
    "best_score": [quick.best_score_, slow.best_score_],
}
for column, values in expected.items():
    found = table[column].astype(float).tolist()
    assert np.allclose(found, values), (
        f"Expected the column {column} to hold what the table above says, for a search with and one without refit; "
        f"found {np.round(found, 3).tolist()}.")
if hasattr(grid_search, "best_score_") and hasattr(random_search, "best_score_"):
    raced = comparison.set_index("name") if "name" in comparison else comparison
    assert set(raced.index) == {"grid", "random"}, (
        f"Expected `comparison` to have the rows grid and random, found {list(raced.index)}.")
    assert np.isclose(raced.loc["grid", "best_score"], grid_search.best_score_), (
        "Expected `comparison` to show the best score of your grid search, found another one.")

# %% test_choose_strategy_grid
for call, expected in [((12, 3, 0.5, 18.5), 12), ((1, 5, 0.25, 1.5), 1), ((20, 2, 2.0, 1000.0), 20)]:
    found = tuple(answered(choose_strategy(*call), "choose_strategy"))
    assert found == ("grid", expected), (
        f"Expected the whole grid and one refit to fit the budget of choose_strategy{call}, found {found}.")
found = choose_strategy(12, 3, 0.5, 18.25)
assert found[0] == "random", f"Expected the refit to count: choose_strategy(12, 3, 0.5, 18.25) gave {tuple(found)}."

# %% test_choose_strategy_random
for call, expected in [((12, 3, 0.5, 18.25), 11), ((100, 5, 2.0, 12.0), 1), ((100, 5, 2.0, 21.75), 1),
                       ((3125, 2, 0.25, 100.25), 200)]:
    kind, n = answered(choose_strategy(*call), "choose_strategy")
    assert kind == "random", f"Expected random search for choose_strategy{call}, found {kind}."
    fits = (n * call[1] + 1) * call[2]
    assert n == expected, (
        f"Expected the most candidates whose trainings and one refit fit {call[3]} s; {n} of them take {fits} s.")
raises(ValueError, lambda: choose_strategy(100, 5, 2.0, 11.75), "a budget too small for one candidate and its refit")
raises(ValueError, lambda: choose_strategy(1, 2, 0.5, 1.25), "a budget too small for a grid of one candidate")
