"""What the prose of 03_grid_search says in numbers, and what must be true for it."""

FACTS = {
    "That is all that `make_pipeline(epochs=5)` does": (
        "(lambda course: repr(pipeline['clf']) == repr(course['clf']) and all("
        "repr(ours) == repr(theirs) for ours, theirs in zip(prep.transformers, course['prep'].transformers)))"
        "(__import__('coffee_shop.recipe').recipe.make_pipeline(epochs=5))"
    ),
    "Three dials today": "len(param_grid) == 3",
    "Fewer: 2¹⁰ is 1,024": "2**10 == 1024 < 5**5",
    "and the recipes add up instead of multiplying": "len(ParameterGrid(maps_at_once)) == 2 + 3",
    "The two maps look alike": "map_of(64).stack().corr(map_of(128).stack()) > 0.8",
    "a small learning rate with large batches is too slow for five epochs": (
        "map_of(64).loc[64, 0.0001] < min(map_of(64).loc[16, 0.0001], map_of(64)[0.001].min()) - 0.01"
        " and pipeline['clf'].epochs == 5"
    ),
    "Half way from 1 to 100 is then 10, not 50.5": "math.sqrt(1 * 100) == 10 and (1 + 100) / 2 == 50.5",
    "With temperatures 160, 180 and 200": "half_step == (180 - 160) / 2 == 10",
    "half a step is a factor of √10. The numbers of neurons are a factor of 2 apart": (
        "abs(fine['clf__model__learning_rate'][2] / fine['clf__model__learning_rate'][1] - math.sqrt(10)) < 1e-9"
        " and param_grid['clf__model__num_neurons'][1] == 2 * param_grid['clf__model__num_neurons'][0]"
    ),
    "Nine recipes": "len(second.cv_results_['params']) == 9",
    "until each has been the judge once": (
        "(lambda judges: sorted(row for judge in judges for row in judge) == list(range(len(X_train))))"
        "([judge for _, judge in"
        " __import__('sklearn.model_selection').model_selection.StratifiedKFold(3).split(X_train, y_train)])"
    ),
    "One fold is hard for all five recipes, another is easy for all five": (
        "ranked[SPLITS].head().idxmin(axis=1).nunique() == ranked[SPLITS].head().idxmax(axis=1).nunique() == 1"
    ),
    "The second recipe is behind by less than its differences scatter": (
        "0 <= paired['behind the best'].iloc[1] < paired['spread of the differences'].iloc[1]"
    ),
    "The spread of the paired differences is a small part of the spread of the scores": (
        "paired['spread of the differences'].iloc[1:6].max() < ranked['std_test_score'].iloc[:6].min() / 5"
    ),
    "What the finer grid gains is no more than what the differences scatter from fold to fold": (
        "abs(gain.mean()) < gain.std()"
    ),
    "the book's clock counts neither scoring nor tracing": (
        "'without tracing and scoring'"
        " in (__import__('coffee_shop.churn').churn.DATA / 'README.md').read_text(encoding='utf-8')"
    ),
    "The spread over the folds is many times 0.002": "book['std_test_score'].median() > 5 * 0.002",
    "at 0.002 the third fold agrees in nearly three of four pairs": (
        "0.7 < agrees.iloc[2] < 0.76 and 0.002 in agrees.index[2] and abs(agrees.index[2].mid - 0.002) < 1e-9"
    ),
    "A difference of 0.005 or more is hardly ever luck, although it is still only a part of the spread over the folds": (
        "0.005 < book['std_test_score'].median() / 2 and agrees.iloc[-1] > 0.9 and agrees.index[-1].left == 0.005"
    ),
    "a few ten-thousandths are nearly a coin toss": "0.5 < agrees.iloc[0] < 0.6",
    "less than 0.0005 | no difference": "agrees.index[0].right == 0.0005",
    "with 1,878 customers in a fold": "len(X_train) == folds * 1878",
    "on the book's folds the best of 3,125 networks reaches 0.8447": (
        "round(book['mean_test_score'].max(), 4) == 0.8447 and len(book) == 3125"
    ),
    "Not one of 3,125 networks is better": "not (book['mean_test_score'] > baseline.mean()).any()",
    "The folds disagree about which of the two is ahead": (
        "len(set(np.sign(best_network - baseline))) == 2 and abs((best_network - baseline).mean()) < 0.0005"
    ),
    "the best one is ahead of the typical one on every fold": (
        "(best_network - book[SPLITS].median().to_numpy() > 0.003).all()"
    ),
    "The folds disagree again": "len(set(np.sign(flexible_scores - baseline))) == 2",
    "3,000 cups of filter coffee": (
        "cups.load_all_cups().shape == (3000, 8) and list(X_cups) == ['temperature', 'grind', 'time', 'dose', 'hardness', 'roast']"
    ),
    "Hardly better than a coin": "(abs(ladder['baseline'] - 0.5) < 0.04).all()",
    "Far ahead on every fold": "(ladder['forest'] - ladder['baseline'] > 0.3).all()",
    "Behind the forest": "(ladder['untuned network'] < ladder['forest'] - 0.03).all()",
    "exactly as it stands above, with nothing tuned": (
        "brewing['clf'] is pipeline['clf'] and pipeline['clf'].get_params()['model__learning_rate'] == 0.001"
    ),
    "this one had five epochs at a small learning rate": "pipeline['clf'].epochs == 5",
    "would still be wrong for this share": "0.1 < np.minimum(chances, 1 - chances).mean() < 0.13",
    "On the cups knowledge brings the most, and the search adds something to it on every fold": (
        "(lambda gain, more: gain.min() > 5 * more.max() and more.min() > 0)"
        "(with_squares - ladder['baseline'], ladder['tuned network'] - with_squares)"
    ),
    "Search these two dials, with three settings each. Nine recipes": "len(third.cv_results_['params']) == 3 * 3 and len(rates_and_epochs) == 2",
    "the best square is the one in the middle, and no edge is better": (
        "third.best_params_ == {'clf__epochs': hill.index[1], 'clf__model__learning_rate': hill.columns[1]}"
    ),
    "on every fold tuning has won more than 0.1": ("(ladder['tuned network'] - ladder['untuned network'] > 0.1).all()"),
    "only little is missing to the best possible score": (
        "0 < steps.loc['best possible'].mean() - steps.loc['tuned network'].mean() < 0.02"
    ),
    "Even that score is not 1": "(steps.loc['best possible'] < 0.97).all()",
    "this one sentence of knowledge beats the untuned network by far, and the tuned network beats the sentence, by less": (
        "(with_squares - ladder['untuned network'] > 0.1).all()"
        " and ((0.005 < ladder['tuned network'] - with_squares) & (ladder['tuned network'] - with_squares < 0.05)).all()"
    ),
    "Whether the recipe with the best score is the best recipe is another question": (
        "len({book[split].idxmax() for split in SPLITS}) == 3"
    ),
    "all 5⁵ recipes of five dials have been trained and scored, each on three folds": "len(book) == 5**5 and folds == 3",
    "The grid missed those, but only just": "book['mean_test_score'].max() - found.best_score_ < 0.001",
    "a high plain with a steep coast": (
        "book['mean_test_score'].max() - book['mean_test_score'].median() < 0.01"
        " and book['mean_test_score'].min() < book['mean_test_score'].median() - 0.2"
    ),
    "many epochs make up for a small learning rate, and few epochs need a large one": (
        "(lambda table: table.loc[40].idxmax() < table.loc[2].idxmax())(maps.read_map(frozen={'clf__batch_size': 64,"
        " 'clf__model__num_neurons': 64, 'clf__model__dropout': 0.3}))"
    ),
    "Nine squares with even spaces": "len(squares) == 9",
    "after three tries it has seen one row": "len({square[EPOCHS] for square in squares[:3]}) == 1",
    "Both train the same six networks": "len(ours) * 2 == len(plain) * 2 == 6",
    "The plain classifier differs from ours by no more than one seed differs from another": (
        "from_plain < max(np.ptp(ours_by_seed, axis=0).ravel())"
    ),
    "saves only the waiting": "times[0] > 2 * times[1]",
    "Two neighbouring learning rates are 0.01 and 0.04": "abs(math.sqrt(0.01 * 0.04) - 0.02) < 1e-9",
    "Their means differ by far less than either score spreads over the folds": (
        "3 * (first_scores.mean() - second_scores.mean()) < min(first_scores.std(), second_scores.std())"
    ),
    "The fourth decimal differs": "0.00005 < baseline.mean() - best_network.mean() < 0.0005",
}
