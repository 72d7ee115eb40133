"""Answers to exercise _5_6_2."""

from tests.course.answers import Case, share_notebooks

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


# Takes most of the time and tells nothing about the other answers.
_NO_RACE = {"run_searches": "grid_search = grid_seconds = random_search = random_seconds = ..."}


def _without_race(cases: list[Case]) -> list[Case]:
    """Leave the race unanswered in cases of one other answer each."""
    return [Case(case.name, case.answers, case.loses, *case.answers) for case in cases]


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
    Case("exponents_for_rates", _distributions("uniform(-2, 1)"), (RATES,)),
    Case("float_neurons", {"param_distributions": _distributions()["param_distributions"].replace(
         "[16, 64]", "uniform(16, 48)")}, (DIALS,)),
    Case("question_one_unanswered", {"param_distributions": "param_distributions = ..."}, (DIALS, RATES)),
    Case("only_the_seconds_and_a_race", _timed("start = time.monotonic(); search.fit(X, y); "
         "return time.monotonic() - start"), (RESULT, CLOCK)),
    Case("draws_from_the_grid", _race(drawn="param_grid"), (RULES,)),
    Case("fewer_customers", {"run_searches": _race()["run_searches"].replace(
         "X_train, y_train", "X_train[:600], y_train[:600]")}, (RULES,)),
    Case("fewer_customers_for_one", {"run_searches": _race()["run_searches"].replace(
         "**rules).fit(X_train, y_train)\nrandom", "**rules).fit(X_train.iloc[::2], y_train.iloc[::2])\nrandom")},
         (RULES,)),
    Case("other_epochs", {"run_searches": "pipeline = make_pipeline(epochs=20, dropout=0.0)\n"
         + _race()["run_searches"]}, (RULES,)),
    Case("other_values_of_a_grid_of_twelve", {"run_searches": _race()["run_searches"].replace(
         "pipeline, param_grid,", "pipeline, {**param_grid, 'clf__batch_size': [32, 128]},")}, (RULES,)),
    Case("other_folds_for_one", _race(random="n_iter=4, random_state=0, **{**rules, 'cv': StratifiedKFold(2, "
         "shuffle=True, random_state=1)}"), (RULES,)),
    Case("scorer_of_hard_labels", {"run_searches": "from sklearn.metrics import make_scorer, roc_auc_score\n"
         + _race()["run_searches"].replace('scoring="roc_auc"', "scoring=make_scorer(roc_auc_score)")}, (RULES,)),
    Case("pinned_dials", _race(drawn="{**fair, 'clf__batch_size': [64]}"), (RULES,)),
    Case("seconds_as_text", _race(after="random_seconds = f'{random_seconds} s'"), (RUNTIMES,)),
    Case("comparison_typed_in", {"compare": _compare()["compare"].replace("comparison = compare(", "compare(")
         + "\ncomparison = pd.DataFrame({'candidates': [4, 12], 'fits': [9, 25], 'seconds': [2.0, 5.0], "
         "'seconds_per_fit': [0.2, 0.2], 'best_score': [0.83, 0.83]}, index=['random', 'grid'])"}, (TABLE,)),
    Case("comparison_of_one", {"compare": _compare()["compare"].replace(
         '"random": (random_search, random_seconds)', "")}, (TABLE,)),
    Case("a_dial_forgotten", {"param_distributions": _distributions(sizes="[64]")["param_distributions"]
         .replace('    "clf__batch_size": [64],\n', "")}, (DIALS,)),
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
    Case("neurons_below_zero", {"param_distributions": _distributions()["param_distributions"].replace(
         "[16, 64]", "[-16, 64]")}, (DIALS,)),
    Case("neurons_as_text", {"param_distributions": _distributions()["param_distributions"].replace(
         "[16, 64]", "['16', '64']")}, (DIALS,)),
    Case("neurons_as_floats", {"param_distributions": _distributions()["param_distributions"].replace(
         "[16, 64]", "[16.0, 64.0]")}, (DIALS,)),
    Case("the_same_size_twice", _distributions(sizes="[64, 64]"), (DIALS,)),
    Case("one_more_dial", {"param_distributions": _distributions()["param_distributions"].replace(
         "}}"[:1], "    'clf__epochs': [10, 20],\n}")}, (DIALS,)),
    Case("names_without_the_step", {"param_distributions": _distributions()["param_distributions"].replace(
         "clf__", "")}, (DIALS, RATES)),
    Case("the_grid_itself", {"param_distributions": "param_distributions = param_grid"}, (RATES,)),
    Case("a_list_of_recipes", {"param_distributions": "param_distributions = list(param_grid.values())"},
         (DIALS, RATES)),
    Case("a_text_for_the_rates", _distributions("'loguniform'"), (DIALS, RATES)),
    Case("bounds_swapped_in_logs", _distributions("loguniform(0.01, 0.1)"), (RATES,)),
    Case("normal_rates", _distributions("__import__('scipy').stats.norm(0.005, 0.002)"), (RATES,)),
    Case("one_rate_frozen", _distributions("__import__('scipy').stats.uniform(0.003, 0.0)"), (RATES,)),
    Case("rounded_rates", _distributions("type('R', (), {'rvs': lambda self, random_state=None: "
         "round(float(loguniform(0.001, 0.01).rvs(random_state=random_state)), 3)})()"), (RATES,)),
    Case("squared_uniform_rates", _distributions("type('R', (), {'rvs': lambda self, random_state=None: "
         "float(uniform(0.0316, 0.0684).rvs(random_state=random_state)) ** 2})()"), (RATES,)),
    Case("time_in_nanoseconds", _timed("t = time.time_ns(); search.fit(X, y)\n"
         "    return search, (time.time_ns() - t) / 1e9"),
         (CLOCK,)),
    Case("datetime_now", {"timed_fit": "from datetime import datetime\n\ndef timed_fit(search, X, y):\n"
         "    start = datetime.now()\n    search.fit(X, y)\n"
         "    return search, (datetime.now() - start).total_seconds()\n"}, (CLOCK,)),
    Case("datetime_by_module", {"timed_fit": "import datetime as dt\n\ndef timed_fit(search, X, y):\n"
         "    start = dt.datetime.now(dt.timezone.utc)\n    search.fit(X, y)\n"
         "    return search, (dt.datetime.now(dt.timezone.utc) - start).total_seconds()\n"}, (CLOCK,)),
    Case("datetime_today", {"timed_fit": "from datetime import datetime\n\ndef timed_fit(search, X, y):\n"
         "    start = datetime.today()\n    search.fit(X, y)\n"
         "    return search, (datetime.today() - start).total_seconds()\n"}, (CLOCK,)),
    Case("pandas_clock", _timed("start = pd.Timestamp.now(); search.fit(X, y)\n"
         "    return search, (pd.Timestamp.now() - start).total_seconds()"), (CLOCK,)),
    Case("pandas_now_by_text", _timed("start = pd.Timestamp('now'); search.fit(X, y)\n"
         "    return search, (pd.Timestamp('now') - start).total_seconds()"), (CLOCK,)),
    Case("numpy_clock", _timed("start = np.datetime64('now', 'us'); search.fit(X, y)\n"
         "    return search, (np.datetime64('now', 'us') - start) / np.timedelta64(1, 's')"), (CLOCK,)),
    Case("real_time_clock", _timed("start = time.clock_gettime(time.CLOCK_REALTIME); search.fit(X, y)\n"
         "    return search, time.clock_gettime(time.CLOCK_REALTIME) - start"), (CLOCK,)),
    Case("time_of_day_as_a_default", {"timed_fit": "def timed_fit(search, X, y, now=time.time):\n"
         "    start = now()\n    search.fit(X, y)\n    return search, now() - start\n"}, (CLOCK,)),
    Case("thread_time", _timed("t = time.thread_time(); search.fit(X, y); return search, time.thread_time() - t"),
         (CLOCK,)),
    Case("whole_seconds", _timed("start = time.perf_counter(); search.fit(X, y)\n"
         "    return search, round(time.perf_counter() - start)"), (CLOCK,)),
    Case("since_the_cell_ran", {"timed_fit": "begin = time.perf_counter()\n\ndef timed_fit(search, X, y):\n"
         "    search.fit(X, y)\n    return search, time.perf_counter() - begin\n"}, (CLOCK,)),
    Case("the_first_time_for_ever", {"timed_fit": "known = []\n\ndef timed_fit(search, X, y):\n"
         "    start = time.perf_counter()\n    search.fit(X, y)\n    known.append(time.perf_counter() - start)\n"
         "    return search, max(known)\n"}, (CLOCK,)),
    Case("fitted_twice", _timed("search.fit(X, y); start = time.perf_counter(); search.fit(X, y)\n"
         "    return search, time.perf_counter() - start"), (RESULT,)),
    Case("fitted_on_the_notebooks_data", _timed("start = time.perf_counter(); search.fit(X_train, y_train)\n"
         "    return search, time.perf_counter() - start"), (RESULT,)),
    Case("seconds_of_text", _timed("start = time.perf_counter(); search.fit(X, y)\n"
         "    return search, f'{time.perf_counter() - start:.2f}'"), (RESULT, CLOCK)),
    Case("seconds_first", _timed("start = time.perf_counter(); search.fit(X, y)\n"
         "    return time.perf_counter() - start, search"), (RESULT, CLOCK)),
    Case("a_copy_comes_back", _timed("import copy; other = copy.copy(search); start = time.perf_counter()\n"
         "    other.fit(X, y); return other, time.perf_counter() - start"), (RESULT,)),
    Case("sorted_by_name", _compare(finish='table.set_index("name").sort_index()'), (TABLE,)),
    Case("sorted_by_candidates", _compare(finish='table.set_index("name").sort_values("candidates")'), (TABLE,)),
    Case("sorted_by_fits", _compare(finish='table.set_index("name").sort_values("fits")'), (TABLE,)),
    Case("sorted_by_seconds_per_fit", _compare(finish='table.set_index("name").sort_values("seconds_per_fit")'),
         (TABLE,)),
    Case("sorted_by_score", _compare(finish='table.set_index("name").sort_values("best_score")'), (TABLE,)),
    Case("reversed", _compare(finish='table.set_index("name")[::-1]'), (TABLE,)),
    Case("a_column_forgotten", _compare(finish='table.set_index("name").drop(columns="fits")'), (TABLE,)),
    Case("names_nowhere", _compare(finish='table.drop(columns="name").sort_values("seconds")'), (TABLE,)),
    Case("names_as_columns", _compare(finish='table.set_index("name").sort_values("seconds").T'), (TABLE,)),
    Case("seconds_rounded", _compare(each="round(seconds / fits)"), (TABLE,)),
    Case("always_two_folds", _compare(fits="candidates * CV + int(search.refit is not False)"), (TABLE,)),
    Case("worst_for_best", _compare(best='search.cv_results_["mean_test_score"].min()'), (TABLE,)),
    Case("own_grid_search_always", _compare(best="grid_search.best_score_"), (TABLE,)),
    Case("text_in_the_table", _compare(seconds="f'{seconds:.1f} s'"), (TABLE,)),
    Case("float_number", _strategy("n = (budget_seconds / seconds_per_fit - 1) // cv\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (RANDOM,)),
    Case("float_numbers_always", _strategy("n = float((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', float(n_combinations)) if n >= n_combinations else ('random', n)"), (GRID, RANDOM)),
    Case("what_is_affordable_for_the_grid", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n    return ('grid' if n >= n_combinations else 'random', n)"), (GRID,)),
    Case("always_grid", _strategy("if (cv + 1) * seconds_per_fit > budget_seconds: raise ValueError\n"
         "    return 'grid', n_combinations"), (GRID, RANDOM)),
    Case("folds_not_paid", _strategy("n = int(budget_seconds / seconds_per_fit - 1)\n    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (GRID, RANDOM)),
    Case("rounded_up", _strategy("n = round((budget_seconds / seconds_per_fit - 1) / cv)\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (GRID, RANDOM)),
    Case("a_refit_a_recipe", _strategy("n = int(budget_seconds / seconds_per_fit // (cv + 1))\n"
         "    if n < 1: raise ValueError\n"
         "    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"), (GRID, RANDOM)),
    Case("another_error", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    assert n >= 1\n    return ('grid', n_combinations) if n >= n_combinations else ('random', n)"),
         (RANDOM,)),
    Case("only_the_name", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n    return 'grid' if n >= n_combinations else 'random'"), (GRID, RANDOM)),
    Case("number_first", _strategy("n = int((budget_seconds / seconds_per_fit - 1) // cv)\n"
         "    if n < 1: raise ValueError\n"
         "    return (n_combinations, 'grid') if n >= n_combinations else (n, 'random')"), (GRID, RANDOM)),
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
    Case("a_callable_scorer_and_no_refit", {"run_searches": '''
from sklearn.metrics import roc_auc_score

def area(fitted, X, y):
    return roc_auc_score(y, fitted.predict_proba(X)[:, 1])

''' + _race(random="n_iter=4, random_state=3, **{**rules, 'refit': False}")["run_searches"].replace(
        'scoring="roc_auc"', "scoring=area")}),
    Case("shuffled_in_the_same_way", {"run_searches": _race()["run_searches"].replace(
        "cv=CV", "cv=StratifiedKFold(CV, shuffle=True, random_state=4)")}),
    Case("several_metrics_and_a_clone", {"run_searches": "from sklearn.base import clone\n" + _race(
        random="n_iter=4, random_state=0, **rules")["run_searches"].replace(
        'scoring="roc_auc"', 'scoring=["accuracy", "roc_auc"], refit="roc_auc"').replace(
         "(pipeline,", "(clone(pipeline),")}),
    *_without_race([
    Case("a_distribution_of_ones_own", {"param_distributions": '''
class Rates:
    def rvs(self, random_state=None):
        return 10 ** random_state.uniform(-3, -2)

param_distributions = {**param_grid, "clf__model__learning_rate": Rates()}
'''}),
    Case("a_list_of_distributions", {"param_distributions": '''
from scipy.stats import loguniform

low, middle, high = np.geomspace(0.001, 0.01, 3)
param_distributions = [
    {**param_grid, "clf__model__learning_rate": loguniform(low, middle)},
    {**param_grid, "clf__model__learning_rate": loguniform(middle, high), "clf__batch_size": (64, 128)},
]
'''}),
    Case("an_integer_distribution_and_an_array", _distributions(
        "__import__('scipy').stats.loguniform(a=1e-3, b=1e-2)", "2 ** np.arange(6, 8)")),
    Case("a_callable_object", {"timed_fit": '''
class Stopwatch:
    def __call__(self, search, X, y):
        begin = time.monotonic_ns()
        try:
            search.fit(X, y)
        finally:
            self.seconds = (time.monotonic_ns() - begin) * 1e-9
        return search, self.seconds

timed_fit = Stopwatch()
'''}),
    Case("timeit", {"timed_fit": '''
import timeit

def timed_fit(search, X, y):
    seconds = timeit.timeit(lambda: search.fit(X, y), number=1)
    return search, seconds
'''}),
    Case("a_context_manager", {"timed_fit": '''
from contextlib import contextmanager
from datetime import datetime, timedelta

@contextmanager
def stopwatch(out):
    print("started at", datetime.now())
    start = timedelta(seconds=time.perf_counter())
    yield
    out.append((timedelta(seconds=time.perf_counter()) - start).total_seconds())

def timed_fit(search, X, y):
    out = []
    with stopwatch(out):
        search.fit(X=X, y=y)
    return (search, *out)
'''}),
    Case("a_monotonic_clock_by_its_number", _timed(
         "start = time.clock_gettime(time.CLOCK_MONOTONIC); search.fit(X, y)\n"
         "    return [search, np.float32(time.clock_gettime(time.CLOCK_MONOTONIC) - start)]")),
    Case("a_named_tuple", {"timed_fit": """
from collections import namedtuple

Timed = namedtuple("Timed", "search seconds")

def timed_fit(search, X, y):
    before = time.monotonic()
    fitted = search.fit(X, y)
    return Timed(search=fitted, seconds=time.monotonic() - before)
"""}),
    Case("counts_of_numpy_and_rates_by_keyword", {"param_distributions": """
import scipy.stats

rates = param_grid["clf__model__learning_rate"]
param_distributions = dict(param_grid)
param_distributions["clf__model__learning_rate"] = scipy.stats.loguniform(a=min(rates), b=max(rates))
param_distributions["clf__model__num_neurons"] = np.geomspace(16, 64, 5).astype(int)
"""}),
    Case("one_series_a_search", {"compare": """
def compare(runs):
    rows = []
    for name, (search, seconds) in runs.items():
        n, k = len(search.cv_results_["params"]), search.n_splits_
        fits = n * k + (0 if search.refit is False else 1)
        rows.append(pd.Series([n, fits, seconds, seconds / fits, search.best_score_], name=name, dtype=object,
                              index=["candidates", "fits", "seconds", "seconds_per_fit", "best_score"]))
    return pd.concat(rows, axis=1).T.sort_values(by="seconds", ascending=True)

comparison = compare({"random": (random_search, random_seconds), "grid": (grid_search, grid_seconds)})
"""}),
    Case("names_in_a_column", _compare(finish='table.sort_values("seconds", ignore_index=True)')),
    Case("one_row_after_another", {"compare": '''
def compare(runs):
    table = pd.DataFrame(columns=["candidates", "fits", "seconds", "seconds_per_fit", "best_score"])
    for name in sorted(runs, key=lambda name: runs[name][1]):
        search, seconds = runs[name]
        n = len(search.cv_results_["mean_fit_time"])
        fits = n * search.n_splits_
        if search.refit:
            fits += 1
        table.loc[name] = [n, fits, seconds, seconds / fits, search.best_score_]
    return table

comparison = compare(dict(grid=(grid_search, grid_seconds), random=(random_search, random_seconds)))
'''}),
    Case("fractions", {"choose_strategy": """
from fractions import Fraction

def choose_strategy(n_combinations, cv, seconds_per_fit, budget_seconds):
    trainings = Fraction(budget_seconds) / Fraction(seconds_per_fit) - 1
    affordable = trainings // cv
    if affordable <= 0:
        raise ValueError("not even one")
    return ("grid", n_combinations) if affordable >= n_combinations else ("random", int(affordable))
"""}),
    Case("divmod", _strategy('''trainings = int(budget_seconds // seconds_per_fit)
    n, left = divmod(trainings - 1, cv)
    n = min(n, n_combinations)
    if n <= 0:
        raise ValueError(f"{budget_seconds} s buy nothing")
    return ("grid" if n == n_combinations else "random"), n''')),
    Case("numpy_floor", _strategy('''each = cv * seconds_per_fit
    n = np.floor((budget_seconds - seconds_per_fit) / each).astype(int)
    if not n > 0:
        raise ValueError("too little")
    return ("random", n) if n < n_combinations else ("grid", n_combinations)''')),
    Case("counting_loop", _strategy('''cost = lambda n: (n * cv + 1) * seconds_per_fit
    if cost(1) > budget_seconds:
        raise ValueError("too short")
    if cost(n_combinations) <= budget_seconds:
        return ["grid", np.int64(n_combinations)]
    n = 1
    while cost(n + 1) <= budget_seconds:
        n += 1
    return ["random", np.int64(n)]''')),
    ]),
]  # fmt: skip

CASES = WRONG + RIGHT
HANDED_IN = share_notebooks(CASES, _NO_RACE, {"run_searches": RACE})
