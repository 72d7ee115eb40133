# Linear rates, a clock that may jump, no seed, a refit that is never counted, and no error for an empty purse.

# %% param_distributions
from scipy.stats import uniform

param_distributions = {
    "clf__model__learning_rate": uniform(0.001, 0.009),
    "clf__batch_size": [64, 128],
    "clf__model__num_neurons": [16, 64],
}

# %% timed_fit
def timed_fit(search, X, y):
    start = time.time()
    search.fit(X, y)
    return search, time.time() - start

# %% run_searches
from sklearn.model_selection import RandomizedSearchCV

grid_search, grid_seconds = timed_fit(GridSearchCV(pipeline, param_grid, cv=CV, scoring="roc_auc"), X_train, y_train)
random_search, random_seconds = timed_fit(
    RandomizedSearchCV(pipeline, param_distributions, n_iter=4, cv=CV, scoring="roc_auc"), X_train, y_train
)

# %% compare
def compare(runs):
    table = pd.DataFrame({name: {
        "candidates": len(search.cv_results_["params"]),
        "fits": len(search.cv_results_["params"]) * search.n_splits_,
        "seconds": seconds,
        "seconds_per_fit": seconds / len(search.cv_results_["params"]) / search.n_splits_,
        "best_score": search.best_score_,
    } for name, (search, seconds) in runs.items()}).T
    return table.sort_values("seconds")

comparison = compare({"grid": (grid_search, grid_seconds), "random": (random_search, random_seconds)})
comparison

# %% choose_strategy
def choose_strategy(n_combinations, cv, seconds_per_fit, budget_seconds):
    n = int((budget_seconds / seconds_per_fit - 1) / cv)
    return ("grid", n_combinations) if n >= n_combinations else ("random", n)
