"""What the prose of 03_grid_search says in numbers, and what must be true for it."""

FACTS = {
    "Three dials today": "len(grid) == 3",
    "Fewer: 2¹⁰ is 1,024": "2**10 == 1024 < 5**5",
    "and the recipes add up instead of multiplying": "len(ParameterGrid(maps_at_once)) == 2 + 3",
    "The two maps look alike": "map_of(64).stack().corr(map_of(128).stack()) > 0.8",
    "a small learning rate with large batches is too slow for five epochs": (
        "map_of(64).loc[64, 0.0001] < min(map_of(64).loc[16, 0.0001], map_of(64)[0.001].min()) - 0.01"
        " and pipeline['clf'].epochs == 5"
    ),
    "Half way from 1 to 100 is then 10, not 50.5": "math.sqrt(1 * 100) == 10 and (1 + 100) / 2 == 50.5",
    "With temperatures 160, 180 and 200": "half_step == (180 - 160) / 2 == 10",
    "The learning rates are a factor of 10 apart, so half a step is √10; the widths a factor of 2": (
        "abs(fine['clf__model__learning_rate'][2] / fine['clf__model__learning_rate'][1] - math.sqrt(10)) < 1e-9"
    ),
    "Nine recipes": "len(second.cv_results_['params']) == 9",
    "What the finer map wins is a small part of the spread": "second.best_score_ - search.best_score_ < spread / 4",
    "all 5⁵ recipes of five dials have been tasted, each in three folds": "len(book) == 5**5 and folds == 3",
    "It missed those, but by a hair": "book['mean_test_score'].max() - found.best_score_ < 0.001",
    "a high plain with a steep coast": (
        "book['mean_test_score'].max() - book['mean_test_score'].median() < 0.01"
        " and book['mean_test_score'].min() < book['mean_test_score'].median() - 0.2"
    ),
    "many epochs make up for a small learning rate, and few epochs want a large one": (
        "(lambda table: table.loc[40].idxmax() < table.loc[2].idxmax())(maps.read_map(frozen={'clf__batch_size': 64,"
        " 'clf__model__num_neurons': 64, 'clf__model__dropout': 0.3}))"
    ),
    "Nine squares with even spaces": "len(squares) == 9",
    "after three tries it has seen one row": "len({square[EPOCHS] for square in squares[:3]}) == 1",
    "Both train the same six networks": "len(ours) * 2 == len(plain) * 2 == 6",
    "The scores agree within their spread": "apart < ours['std_test_score'].mean()",
    "only the waiting": "times[0] > 2 * times[1]",
}
