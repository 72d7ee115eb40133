"""What the prose of 04_random_search says in numbers, and what must be true for it."""

FACTS = {
    "A 3 × 3 grid of two dials has nine tries, but only **three** settings of each dial": (
        "(len(grid_tries), len({x for x, _ in grid_tries})) == (3 * 3, 3)"
    ),
    "six tries of the grid are wasted": "9 - 3 == 6",
    "the random draws see nine places": "len(set(rng.random(9))) == 9",
    "The curve of dropout is flat": (
        "np.ptp(curves['dropout'](np.linspace(0, 1, 50))) < np.ptp(curves['learning rate'](np.linspace(0, 1, 50))) / 10"
    ),
    "the score of the book, averaged over all other dials": (
        "np.allclose([curves['learning rate'](place) for place in (0, 0.25, 1)],"
        " [book[book['clf__model__learning_rate'] == rate]['mean_test_score'].mean() for rate in (0.0001, 0.0003, 0.01)])"
    ),
    "here learning rate, neurons and dropout": "all(len(scores) == 5**3 for scores in groups.values())",
    "here 10 epochs": "set(ten_epochs['clf__epochs']) == {10}",
    "with a learning rate of 0.0003": (
        "all(look == value for look, value in zip([search_book([{'clf__model__learning_rate': 0.0003, 'clf__batch_size':"
        " size}]).best_score_ for size in groups], alone[list(groups)], strict=True))"
    ),
    "The smaller the batch, the better; so it seems": "alone.sort_index().is_monotonic_decreasing and alone[16] > alone[256] + 0.015",
    "the solid line joins the best of each batch size. It is nearly flat": (
        "np.ptp([max(scores) for scores in groups.values()]) < 0.001"
    ),
    "the batch size decides which learning rate is right": (
        "(lambda best: best[256] > 3 * best[16])(ten_epochs.loc[ten_epochs.groupby('clf__batch_size')['mean_test_score']"
        ".idxmax()].set_index('clf__batch_size')['clf__model__learning_rate'])"
    ),
    "the best of many tends to beat the best of few": "(lambda runs: runs.after(50).mean() > runs.after(10).mean())(random_runs)",
    "So each width is trained once before the clock starts": (
        "{recipe['clf__model__num_neurons'] for recipe in grid_search.cv_results_['params']} == set(widths)"
    ),
    "most of the rise comes early": (
        "(lambda rise: rise[20] - rise[5] > rise[59] - rise[20])(np.median(random_runs.best, axis=0))"
    ),
    "a single training can cost many times as much as another, with more epochs or smaller batches": (
        "book['mean_fit_time'].max() > 20 * book['mean_fit_time'].min()"
        " and book.groupby('clf__epochs')['mean_fit_time'].mean().is_monotonic_increasing"
        " and book.groupby('clf__batch_size')['mean_fit_time'].mean().is_monotonic_decreasing"
    ),
    "costs about the same in both searches, on average": (
        "abs(grid_runs.seconds.mean() / 3 / book['mean_fit_time'].mean() - 1) < 0.1"
    ),
    "On average the two winners differ by less than the difference itself changes from fold to fold": (
        "abs(difference.mean()) < np.ptp(difference)"
    ),
    "Random search got as far with a third of the trainings": (
        "3 * (trainings - 1) == len(grid_search.cv_results_['params']) * grid_search.n_splits_"
        " and grid_search.best_score_ - random_search.best_score_ < 0.001"
    ),
    "Roughly 250 draws for each factor of ten": (
        "abs(np.histogram(np.log10(rates), bins=[-5, -4, -3, -2, -1])[0] - 250).max() < 50"
    ),
    "nearly all would lie in the last one": "(uniform > 0.01).mean() > 0.85",
    "a grid of 18 recipes": "len(grid_search.cv_results_['params']) == 18",
    "a third of the tries": "len(random_search.cv_results_['params']) * 3 == 18",
    "The learning rate that it found stands on none of the grid's lists": (
        "random_search.best_params_['clf__model__learning_rate'] not in grid['clf__model__learning_rate']"
    ),
    "how many draws do you need to hit at least one of them with a probability of 95 %": (
        "int(np.argmax(misses < 0.05)) + 1 == 59"
    ),
    "all 3,125 recipes": "len(book) == 3125",
    "500 random searches (500 explorers), each with 60 draws": "random_runs.scores.shape == (500, 60)",
    "The theory holds": "abs(shares['found'] - shares['theory']).max() < 0.06 and len(shares) == 5",
    "Even its best recipe scores below the median of the whole book": (
        "score[slow].quantile(0.95) < score[slow].max() < score.median() and slow.sum() == 125"
    ),
    "three settings for each of five dials are too many: 243 recipes": "3**5 == 243 > 60",
    "draws a grid that fits, 54 recipes: three settings for three of the dials, two for another, one for the last": (
        "grid_runs.scores.shape == (300, 54) and 3 * 3 * 3 * 2 * 1 == 54"
    ),
    "over the learning rates, epochs and dropouts of the recipe book": (
        "cups_distributions['clf__model__learning_rate'].support() == (min(DIALS['clf__model__learning_rate']),"
        " max(DIALS['clf__model__learning_rate'])) and cups_distributions['clf__epochs'] == list(DIALS['clf__epochs'])"
    ),
    "Make twenty random draws there": "len(twenty['cups']) == len(twenty['customers']) == 20",
    "how many draws you need to hit a recipe this good with a probability of 95 %": (
        "(1 - share_of_good) ** needed <= 0.05 < (1 - share_of_good) ** (needed - 1)"
    ),
    "On the customers a handful is enough": "1 - (1 - np.mean(behind_best['customers'] < 0.01)) ** 5 > 0.95",
    "on the cups it takes several times as many": (
        "np.mean(behind_best['cups'] < 0.01) < np.mean(behind_best['customers'] < 0.01) / 2"
    ),
    "Twenty draws measure such a share only roughly": (
        "np.std(np.random.default_rng(0).binomial(20, share_of_good, 1000) / 20) > share_of_good / 4"
    ),
    "In the median random search is ahead by a few ten-thousandths": (
        "0 < ends['random'].median() - ends['grid'].median() < 0.0005"
    ),
    "among the unlucky ones the grid searches are further behind": (
        "ends['random'].quantile(0.1) - ends['grid'].quantile(0.1)"
        " > 2 * (ends['random'].median() - ends['grid'].median())"
    ),
    "the picture is much the same": (
        "0 < np.median(random_runs.best_at([20])) - np.median(grid_runs.best_at([20])) < 0.0005"
    ),
    "The learning rate leads": "strongest[0] == 'clf__model__learning_rate'",
    "dropout alone explains nearly nothing": "share['clf__model__dropout'] < 0.01",
    "Each of four dials adds a large piece, mostly together with the others: four dials matter, one is idle": (
        "sum(np.diff([0, *joint]) > 0.1) == 4 and 0.9 < joint[3]"
        " and sum(share[dial] > 0.02 for dial in share) == 4 and sum(share.values()) < 0.5"
    ),
    "two thirds of the grid are wasted": "abs(1 - 3**4 / 3**5 - 2 / 3) < 1e-9",
    "every draw tries a new setting of every dial that has a range": (
        "len(set(random_search.cv_results_['param_clf__model__learning_rate'])) == len(results)"
        " > len(set(random_search.cv_results_['param_clf__batch_size']))"
    ),
    "of the best 5 % of all recipes": "abs(len(top) / len(book) - 0.05) < 0.001",
    "more than nine in ten of the best recipes": "reached.sum() < 0.1 * len(top)",
    "and it hardly matters": "score.max() - on_grid.best_score_ < 0.001",
    "Several circles in one square": (
        "len({(recipe['clf__epochs'], recipe['clf__model__learning_rate']) for recipe in tried['grid'][:27]}) == 9"
        " and len(tried['grid']) == 54"
    ),
    "About sixty draws find one of the best five in a hundred": "0.95**60 < 0.05 < 0.95**58",
    "sixteen draws of two dials, on a map of sixteen squares": "all(len(points) == 16 == 4 * 4 for points in sixteen.values())",
    "looks random, but fills the space evenly": "squares_hit(sixteen['quasi-random']) == 16 and 9 < by_chance < 12",
    "for a learning rate from 0.0001 to 0.01, that is `10 ** (-4 + 2 * u)`": (
        "np.allclose([10 ** (-4 + 2 * u) for u in (0, 1)], [0.0001, 0.01])"
    ),
}
