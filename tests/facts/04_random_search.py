"""What the prose of 04_random_search says in numbers, and what must be true for it."""

FACTS = {
    "On a 3 × 3 map of two dials, nine tries taste only **three** settings of each": (
        "(len(grid_tries), len({x for x, _ in grid_tries})) == (3 * 3, 3)"
    ),
    "the map has wasted six tries": "9 - 3 == 6",
    "Roughly 250 draws for each factor of ten": (
        "abs(np.histogram(np.log10(rates), bins=[-5, -4, -3, -2, -1])[0] - 250).max() < 50"
    ),
    "nearly all would lie in the last one": "(uniform > 0.01).mean() > 0.85",
    "a map of 18 squares": "len(digger.cv_results_['params']) == 18",
    "a third of the tries": "len(explorer.cv_results_['params']) * 3 == 18",
    "a number that stands on nobody's list": (
        "explorer.best_params_['clf__model__learning_rate'] not in grid['clf__model__learning_rate']"
    ),
    "with probability 0.95ⁿ. **Predict first**: how many draws until you hit with 95 %": (
        "int(np.argmax(misses < 0.05)) + 1 == 59"
    ),
    "all 3,125 recipes": "len(book) == 3125",
    "500 explorers set out, each with 60 draws": "draws.shape == (500, 60)",
    "The theory holds": "abs(hits - (1 - 0.95**n)).max() < 0.06",
    "Now 300 diggers": "np.shape(dug) == (300, 60)",
    "The explorers are ahead": "np.median(best['random'][:, -1]) < np.median(best['grid'][:, -1])",
    "fewer of them are unlucky": (
        "1.5 * np.quantile(best['random'][:, 29], 0.9) < np.quantile(best['grid'][:, 29], 0.9)"
    ),
    "The learning rate leads": "strongest[0] == 'clf__model__learning_rate'",
    "dropout on its own moves nothing": "share['clf__model__dropout'] < 0.01",
    "Four dials explain more than nine tenths of it": "0.9 < joint[3] < joint[4]",
    "Of the best 5 % of all recipes": "abs(len(top) / len(book) - 0.05) < 0.001",
    "more than nine in ten of the best recipes": "reached.sum() < 0.1 * len(top)",
    "and it hardly matters": "score.max() - on_grid.best_score_ < 0.001",
    "A square opened many times": (
        "len({(recipe['clf__epochs'], recipe['clf__model__learning_rate']) for recipe in tries['grid'][:27]}) == 3"
    ),
    "About sixty draws find one of the best five in a hundred": "0.95**60 < 0.05 < 0.95**58",
}
