"""What the prose of 05_bayesian_optimisation says in numbers, and what must be true for it."""

FACTS = {
    "networks that have only three epochs": "short['clf'].epochs == 3",
    "Three notes": "len(list(tasted)[:3]) == 3 and len(tasted) == 3 + 5",
    "later it closes around the hill": (
        "believe(tasted)[1][np.argmax(believe(tasted)[0])] < believe(dict(list(tasted.items())[:3]))[1].max() / 5"
    ),
    "18 recipes, and so are the dials": "len(study.trials) == 18",
    "Optuna's default scout, called TPE": (
        "type(optuna.create_study().sampler) is optuna.samplers.TPESampler"
        " and optuna.samplers.TPESampler()._n_startup_trials == 10"
    ),
    "With a budget of 18, six random ones are plenty": "N_RANDOM == 6",
    "Here the good pile is the best quarter": "4 <= good.sum() <= 6",
    "Optuna takes fewer": "optuna.samplers._tpe.sampler.default_gamma(18) < good.sum()",
    "we can run a hundred": "all(len(group) == 100 for group in walks.values())",
    "In the first ten tries the scout is an explorer": "10 < TRIES",
    "where the scout is after 50": "TRIES == 50",
    "Against seconds of training the scout's lead is smaller": (
        "np.median(seconds['Bayesian (TPE)'].sum(axis=1)) > 1.1 * np.median(seconds['random'].sum(axis=1))"
    ),
    "What scores well here is often trained for long": (
        "book.groupby('clf__epochs')['mean_test_score'].mean().is_monotonic_increasing"
    ),
    "she needs fewer tries than the explorer to get as far, and the explorer fewer than the digger": (
        "np.median(ranks['Bayesian (TPE)'][:, -1]) < np.median(ranks['random'][:, -1])"
        " < np.median(ranks['grid'][:, -1])"
    ),
    "the medians differ by far less than the spread over the folds": (
        "max(np.median(c[:, -1]) for c in best.values()) - min(np.median(c[:, -1]) for c in best.values())"
        " < book['std_test_score'].median() / 10"
    ),
    "adds six tries": "len(notes) == 2 * 6",
    "Two scouts, one notebook": "notes['user_attrs_worker'].nunique() == 2",
}
