"""Answers to exercise _5_6_2."""

from tests.answers import Case

DIALS, RATES = "test_param_distributions_dials", "test_param_distributions_learning_rate"
RESULT, CLOCK = "test_timed_fit_result", "test_timed_fit_clock"
RULES, RUNTIMES, SCORES = "test_run_searches_rules", "test_run_searches_runtimes", "test_run_searches_scores"
TABLE = "test_compare"
GRID, RANDOM = "test_choose_strategy_grid", "test_choose_strategy_random"

RACE = (RULES, RUNTIMES, SCORES)

_DISTRIBUTIONS = '''
from scipy.stats import loguniform, uniform, reciprocal

param_distributions = {{
    "clf__model__learning_rate": {rates},
    "clf__batch_size": {sizes},
    "clf__model__num_neurons": [16, 64],
}}
'''
_RACE = '''
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from scipy.stats import loguniform

fair = {{
    "clf__model__learning_rate": loguniform(0.001, 0.01),
    "clf__batch_size": [64, 128],
    "clf__model__num_neurons": [16, 64],
}}
rules = dict(cv=CV, scoring="roc_auc", error_score="raise")
start = time.perf_counter()
grid_search = GridSearchCV(pipeline, param_grid, {grid}).fit(X_train, y_train)
grid_seconds = time.perf_counter() - start
start = time.perf_counter()
random_search = RandomizedSearchCV(pipeline, {drawn}, {random}).fit(X_train, y_train)
random_seconds = time.perf_counter() - start
{after}
'''
_COMPARE = '''
def compare(runs):
    rows = []
    for name, (search, seconds) in runs.items():
        candidates = len(search.cv_results_["params"])
        fits = {fits}
        rows.append([name, candidates, fits, {seconds}, {each}, {best}])
    table = pd.DataFrame(rows, columns=["name", "candidates", "fits", "seconds", "seconds_per_fit", "best_score"])
    return {finish}


comparison = compare({{"grid": (grid_search, grid_seconds), "random": (random_search, random_seconds)}})
'''
_STRATEGY = '''
def choose_strategy(n_combinations, cv, seconds_per_fit, budget_seconds):
    {}
'''


def _without_race(cases: list[Case]) -> list[Case]:
    """Leave the race unanswered, which takes most of the time and tells nothing about these answers."""
    unanswered = {"run_searches": "grid_search = grid_seconds = random_search = random_seconds = ..."}
    return [Case(case.name, {**case.answers, **unanswered}, (*case.loses, *RACE)) for case in cases]


def _distributions(rates: str = "loguniform(0.001, 0.01)", sizes: str = "[64, 128]") -> dict[str, str]:
    return {"param_distributions": _DISTRIBUTIONS.format(rates=rates, sizes=sizes)}


def _timed(body: str) -> dict[str, str]:
    return {"timed_fit": f"def timed_fit(search, X, y):\n    {body}\n"}


def _race(
    grid: str = "**rules", random: str = "n_iter=4, random_state=0, **rules", drawn: str = "fair", after: str = ""
) -> dict[str, str]:
    return {"run_searches": _RACE.format(grid=grid, random=random, drawn=drawn, after=after)}


def _compare(**changes: str) -> dict[str, str]:
    parts = {
        "fits": "candidates * search.n_splits_ + int(search.refit is not False)",
        "seconds": "seconds",
        "each": "seconds / fits",
        "best": "search.best_score_",
        "finish": 'table.set_index("name").sort_values("seconds")',
        **changes,
    }
    return {"compare": _COMPARE.format(**parts)}


def _strategy(body: str) -> dict[str, str]:
    return {"choose_strategy": _STRATEGY.format(body)}


WRONG = [
    Case("exponents_for_rates", _distributions("uniform(-2, 1)"), (RATES, SCORES)),
    Case("a_dial_forgotten", {"param_distributions": _distributions(sizes="[64]")["param_distributions"]
         .replace('    "clf__batch_size": [64],\n', "")}, (DIALS, RULES)),
    Case("three_draws", _race(random="n_iter=3, random_state=0, **rules"), (RULES,)),
    Case("no_random_state", _race(random="n_iter=4, **rules"), (RULES,)),
    Case("more_folds_for_one", _race(random="n_iter=4, random_state=0, **{**rules, 'cv': 3}"), (RULES,)),
    Case("another_metric", _race(grid="cv=CV, scoring='accuracy', error_score='raise'"), (RULES,)),
    Case("grid_twice", _race(after="random_search, random_seconds = grid_search, grid_seconds"), (RULES, RUNTIMES)),
    Case("forged_fast", _race(after="random_seconds = 0.001"), (RUNTIMES,)),
    Case("forged_slow", _race(after="grid_seconds = 1e6"), (RUNTIMES,)),
    Case("swapped", _race(after="grid_seconds, random_seconds = random_seconds, grid_seconds"), (RUNTIMES,)),
    Case("rates_that_do_not_learn", _race(drawn="{**fair, 'clf__model__learning_rate': loguniform(1e-9, 1e-8)}"),
         (SCORES,)),
    Case("no_comparison", {"compare": _compare()["compare"].replace("comparison = compare(", "compare(")}, (TABLE,)),
    *_without_race([
    Case("uniform_rates", _distributions("uniform(0.001, 0.009)"), (RATES,)),
    Case("list_of_rates", _distributions("[0.001, 0.002, 0.005, 0.01]"), (RATES,)),
    Case("rates_drawn_already", _distributions("loguniform(0.001, 0.01).rvs(20, random_state=0)"), (RATES,)),
    Case("rates_too_narrow", _distributions("loguniform(0.002, 0.005)"), (RATES,)),
    Case("rates_too_wide", _distributions("loguniform(0.0001, 1.0)"), (RATES,)),
    Case("a_dial_pinned", _distributions(sizes="[64]"), (DIALS,)),
    Case("a_value_for_a_list", _distributions(sizes="64"), (DIALS,)),
    Case("process_time", _timed(
        "start = time.process_time(); search.fit(X, y); return search, time.process_time() - start"), (CLOCK,)),
    Case("time_of_day", _timed("t = time.time(); search.fit(X, y); return search, time.time() - t"), (CLOCK,)),
    Case("time_of_day_by_name", {"timed_fit": "from time import time as now\n\n"
         "def timed_fit(search, X, y):\n    t = now(); search.fit(X, y); return search, now() - t\n"}, (CLOCK,)),
    Case("milliseconds", _timed("start = time.perf_counter(); search.fit(X, y)\n"
         "    return search, 1000 * (time.perf_counter() - start)"), (CLOCK,)),
    Case("clock_stopped_before_the_fit", _timed("start = time.perf_counter(); s = time.perf_counter() - start\n"
         "    return search.fit(X, y), s"), (CLOCK,)),
    Case("not_fitted", _timed("start = time.perf_counter(); return search, time.perf_counter() - start"),
         (RESULT, CLOCK)),
    Case("only_the_seconds", _timed("start = time.perf_counter(); search.fit(X, y); "
         "return time.perf_counter() - start"), (RESULT, CLOCK)),
    Case("refit_forgotten", _compare(fits="candidates * search.n_splits_"), (TABLE,)),
    Case("refit_always_counted", _compare(fits="candidates * search.n_splits_ + 1"), (TABLE,)),
    Case("folds_forgotten", _compare(fits="candidates + 1"), (TABLE,)),
    Case("seconds_per_candidate", _compare(each="seconds / candidates"), (TABLE,)),
    Case("slowest_first", _compare(finish='table.set_index("name").sort_values("seconds")[::-1]'), (TABLE,)),
    Case("as_they_came", _compare(finish='table.set_index("name")'), (TABLE,)),
    Case("mean_for_best", _compare(best='search.cv_results_["mean_test_score"].mean()'), (TABLE,)),
    Case("a_dict_for_a_table", _compare(finish='table.set_index("name").to_dict()'), (TABLE,)),
    Case("refit_not_paid", _strategy("n = int(budget_seconds / seconds_per_fit / cv)\n    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (GRID, RANDOM)),
    Case("one_too_many", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n + 1)"), (RANDOM,)),
    Case("nothing_raised", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (RANDOM,)),
    Case("budget_not_used_up", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n > n_combinations else ('random', n)"), (GRID,)),
    Case("always_random", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n    return 'random', n"), (GRID,)),
    ]),
]  # fmt: skip

RIGHT = [
    Case("two_workers_random_first", {"run_searches": '''
from sklearn.model_selection import RandomizedSearchCV

random_search = RandomizedSearchCV(
    pipeline, param_distributions, n_iter=4, random_state=7, cv=CV, scoring="roc_auc", n_jobs=2)
random_search, random_seconds = timed_fit(random_search, X_train, y_train)
grid_search = GridSearchCV(pipeline, param_grid, cv=CV, scoring="roc_auc", n_jobs=2)
grid_search, grid_seconds = timed_fit(grid_search, X_train, y_train)
'''}),
    Case("random_first_with_widths_of_its_own", {"run_searches": '''
from scipy.stats import loguniform, randint
from sklearn.model_selection import RandomizedSearchCV

own = {**param_distributions, "clf__model__num_neurons": randint(20, 60)}
random_search = RandomizedSearchCV(pipeline, own, n_iter=4, random_state=7, cv=CV, scoring="roc_auc")
random_search, random_seconds = timed_fit(random_search, X_train, y_train)
grid_search, grid_seconds = timed_fit(GridSearchCV(pipeline, param_grid, cv=CV, scoring="roc_auc"), X_train, y_train)
'''}),
    Case("another_seed_and_folds_as_an_object", _race(
        grid="cv=StratifiedKFold(2), scoring='roc_auc'",
        random="n_iter=4, random_state=np.random.RandomState(42), cv=StratifiedKFold(2), scoring='roc_auc'",
    )),
    Case("everything_a_distribution_and_a_monotonic_clock", {"param_distributions": '''
from scipy import stats

param_distributions = dict(
    clf__model__num_neurons=stats.randint(16, 65),
    clf__batch_size=np.array([64, 128]),
    clf__model__learning_rate=stats.reciprocal(1e-3, 1e-2),
)
''', **_timed("start = time.monotonic(); search.fit(X, y); return search, time.monotonic() - start")}),
    Case("a_little_wider_and_names_in_a_column", {
        **_distributions("loguniform(0.0008, 0.012)", "range(64, 129, 64)"),
        **_timed("from timeit import default_timer as now; t = now()\n    return [search.fit(X, y), now() - t]"),
        **_compare(finish='table.assign(score_per_fit=table["best_score"] / table["fits"]).sort_values("seconds")'),
    }),
    Case("nanoseconds_and_numpy_integers", {**_timed(
        "start = time.perf_counter_ns(); search = search.fit(X, y)\n"
        "    return search, np.float64((time.perf_counter_ns() - start) / 1e9)"), "compare": '''
def compare(runs):
    columns = {}
    for name, (search, seconds) in runs.items():
        n = np.int64(search.cv_results_["mean_test_score"].size)
        fits = n * search.n_splits_ + (1 if search.refit else 0)
        columns[name] = pd.Series({"candidates": n, "fits": fits, "seconds": seconds,
                                   "seconds_per_fit": seconds / fits, "best_score": search.best_score_})
    table = pd.DataFrame(columns).T
    return table.loc[table["seconds"].sort_values().index]

comparison = compare({"random": (random_search, random_seconds), "grid": (grid_search, grid_seconds)})
'''}),
    Case("counting_loop", _strategy('''cost = lambda n: (n * cv + 1) * seconds_per_fit
    if cost(1) > budget_seconds:
        raise ValueError("too short")
    if cost(n_combinations) <= budget_seconds:
        return ["grid", np.int64(n_combinations)]
    n = 1
    while cost(n + 1) <= budget_seconds:
        n += 1
    return ["random", np.int64(n)]''')),
]  # fmt: skip

CASES = WRONG + RIGHT
