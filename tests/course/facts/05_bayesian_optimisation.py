"""What the prose of 05_bayesian_optimisation says in numbers, and what must be true for it."""

FACTS = {
    "networks that have only three epochs": "short['clf'].epochs == 3",
    "These three scores are the first notes": "len(list(tried)[:3]) == 3 and len(tried) == 3 + 5",
    "Later the band is narrow around the hill": (
        "surrogate(tried)[1][np.argmax(surrogate(tried)[0])] < surrogate(first)[1].max() / 5"
    ),
    "we chose the settings of that model": "surrogate(first)[1].max() > 1.2 * surrogate(first, 3.0)[1].max()",
    "here about one factor of ten": "surrogate.__defaults__ == (1.0,)",
    "the search goes back to a rate that it has tried already": "len(first) == 3 and len(far) < len(tried) == 8",
    "are those of the grid in [03_grid_search](03_grid_search.ipynb): 18 recipes": "len(study.trials) == 18",
    "The default sampler is TPE": (
        "type(optuna.create_study().sampler) is optuna.samplers.TPESampler"
        " and optuna.samplers.TPESampler()._n_startup_trials == 10"
    ),
    "With a budget of 18, six random ones are plenty": "N_RANDOM == 6",
    "Here the good pile is the best quarter": "4 <= good.sum() <= 6",
    "in version 5 `TPESampler` is *multivariate* unless a study has several objectives": (
        "optuna.__version__.startswith('5.') and optuna.samplers.TPESampler()._is_multivariate(study)"
        " and not optuna.samplers.TPESampler()._is_multivariate(optuna.create_study(directions=['maximize'] * 2))"
    ),
    "the good pile of Optuna is smaller": "optuna.samplers._tpe.sampler.default_gamma(18) < good.sum()",
    "we can run a hundred": "all(len(runs.scores) == 100 for runs in found.values())",
    "The first ten tries of TPE are random": "10 < TRIES",
    "the score of TPE after 48 tries": "TRIES == 48",
    "draws a grid that fits: three settings for one of the dials, two for each of the others, 48 recipes in all": (
        "found['grid'].scores.shape == (100, 48) and 48 == 3 * 2**4"
    ),
    "Measured in seconds of training, the lead of TPE is smaller": (
        "np.median(found['Bayesian (TPE)'].seconds.sum(axis=1)) > 1.1 * np.median(found['random'].seconds.sum(axis=1))"
    ),
    "Recipes that score well here are often trained for long": (
        "book.groupby('clf__epochs')['mean_test_score'].mean().is_monotonic_increasing"
    ),
    "it needs fewer tries than random search to get as far, and random search fewer than grid search": (
        "ends['Bayesian (TPE)'].median() > ends['random'].median() > ends['grid'].median()"
    ),
    "the medians lie closer together than a lead over a good recipe changes from one fold to the next": (
        "np.ptp(ends.median()) < scatter and scatter < book['std_test_score'].median() / 10"
    ),
    "calls that nearly a coin toss": (
        "(lambda pairs, apart: 0.5 < np.mean([(two * third > 0)[(abs(two) > apart / 2) & (abs(two) < apart)].mean()"
        " for two, third in [(pairs[:, 1:].mean(axis=1), pairs[:, 0]), (pairs[:, ::2].mean(axis=1), pairs[:, 1]),"
        " (pairs[:, :2].mean(axis=1), pairs[:, 2])]]) < 0.6)"
        "(book[SPLITS].sample(200_000, replace=True, random_state=0).to_numpy()"
        " - book[SPLITS].sample(200_000, replace=True, random_state=1).to_numpy(),"
        " np.ptp(ends.median()))"
    ),
    "adds six tries": "len(notes) == 2 * 6",
    "Two workers, one study": "notes['user_attrs_worker'].nunique() == 2",
    "The best score so far is 0.841, and there are two tries to choose from. A: the guess is 0.840, with a standard "
    "deviation of 0.001. B: the guess is 0.830, with a standard deviation of 0.030": "expected_improvement(0.830, 0.030, 0.841) > 5 * expected_improvement(0.840, 0.001, 0.841)",
    "scales the answers so that they add up to 1": "np.allclose(opinions.sum(), 1)",
    "Both say that dropout explains little": "(opinions.loc['clf__model__dropout'] < 0.1).all()",
    "One puts the epochs first, the other the neurons; the whole book": (
        "[*opinions.idxmax()] == ['clf__epochs', 'clf__model__num_neurons']"
    ),
    "puts the learning rate first": (
        "max(DIALS, key=lambda dial: book.groupby(dial)['mean_test_score'].mean().var()) == 'clf__model__learning_rate'"
    ),
    "dials that work together explain more than half of the variance": (
        "sum(book.groupby(dial)['mean_test_score'].mean().var(ddof=0) for dial in DIALS)"
        " < book['mean_test_score'].var(ddof=0) / 2"
    ),
    "draw a hundred recipes of the book each": "len(DIALS) == len(opinions) == 5",
    "Along the learning rate the scores rise steeply from the left; along the two other dials there is hardly a slope": (
        "trials.loc[trials['value'].idxmin(), 'params_learning_rate'] < 0.0003 and (lambda t: t.nsmallest(4, 'params_learning_rate')['value'].mean() < t['value'].median() - 0.003"
        " and max(np.ptp(t[t['params_learning_rate'] > 0.0005].groupby(f'params_{dial}')['value'].max())"
        " for dial in ('batch_size', 'neurons')) < 0.003)(trials)"
    ),
    "Expect** the dark points where the scores are high": (
        "trials['value'][12:].median() > trials['value'][:6].median()"
    ),
    "A network of the recipe book with *n* neurons has 48 *n* + 1 weights": (
        "(lambda build: [build({'n_features_in_': make_pipeline()['prep'].fit_transform(X_train).shape[1]},"
        " num_neurons=n).count_params() for n in (16, 256)])"
        "(__import__('coffee_shop.recipe').recipe.build_model) == [48 * 16 + 1, 48 * 256 + 1]"
    ),
    "the trials that no other trial beats in one objective without losing in the other": (
        "not any(other.values[0] >= trial.values[0] and other.values[1] <= trial.values[1] and other.values != trial.values"
        " for trial in both.best_trials for other in both.trials)"
    ),
    "Each step down this table costs more weights, and raises the score by less than the step before": (
        "(lambda scores: len(scores) == 3 and (np.diff(scores) > 0).all() and (np.diff(scores, 2) < 0).all())"
        "([score for _, score in sorted(sizes.items())])"
    ),
    "how much the last ten added to the best of the first twenty": "len(seen) == 30",
    "The next ten will bring less, on average": (
        "rise.mean() < (explorers.after(30) - explorers.after(20)).mean() < (explorers.after(20) - explorers.after(10)).mean()"
    ),
    "1,000 random searches in the recipe book": "len(rise) == 1000",
    "both numbers are far below what the lead over a good recipe changes from fold to fold": (
        "max(gain, rise.mean()) < scatter / 3"
    ),
    "a `TerminatorCallback` of `optuna.terminator`": "callable(optuna.terminator.TerminatorCallback)",
}
