"""Races find what the recipe book says, each search by its own tries and its own clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coffee_shop import race
from coffee_shop.recipe_book import DIALS, load_recipe_book, search_book

RATE, EPOCHS = "clf__model__learning_rate", "clf__epochs"
RUNS = race.Runs(np.array([[0.5, 0.7, 0.6], [0.6, 0.4, 0.9]]), np.array([[1, 2, 3], [2, 2, 2]]))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_best_so_far_never_falls():
    np.testing.assert_array_equal(RUNS.best, [[0.5, 0.7, 0.7], [0.6, 0.6, 0.9]])
    assert RUNS.after(2).tolist() == [0.7, 0.6]


def test_the_clock_finds_what_was_best_at_a_time():
    found = RUNS.best_at([0.5, 2, 3, 10])
    np.testing.assert_array_equal(found, [[np.nan, 0.5, 0.7, 0.7], [np.nan, 0.6, 0.6, 0.9]])


def test_searches_are_counted_that_have_found_something_as_good():
    assert [RUNS.share_at_least(0.6, tries) for tries in (1, 2)] == [0.5, 1]
    assert RUNS.share_at_least(0.65, 3) == 1
    assert RUNS.share_at_least(0.8, 3) == 0.5


def test_the_median_search_gets_there_or_says_that_it_does_not():
    assert [RUNS.tries_to(score) for score in (0.55, 0.6, 0.8)] == [1, 2, 3]
    with pytest.raises(ValueError, match=r"never finds 0\.85: its best score is 0\.8000"):
        RUNS.tries_to(0.85)


def test_a_walk_finds_what_the_book_says():
    tries = [{RATE: 0.0001, EPOCHS: 2}, {RATE: 0.001, EPOCHS: 10}]
    found = race.walk([tries, tries[::-1]])
    results = search_book(tries).cv_results_
    np.testing.assert_array_equal(found.scores[0], results["mean_test_score"])
    np.testing.assert_array_equal(found.scores[1], found.scores[0][::-1])
    np.testing.assert_allclose(found.seconds[0], 3 * results["mean_fit_time"])


def test_explorers_draw_no_recipe_twice_and_none_that_is_not_there(rng):
    book = load_recipe_book()
    everywhere = race.explore(len(book), 2, rng)
    np.testing.assert_array_equal(np.sort(everywhere.scores), np.sort([book["mean_test_score"]] * 2))
    np.testing.assert_allclose(everywhere.seconds.sum(axis=1), 3 * book["mean_fit_time"].sum())
    assert not np.array_equal(*everywhere.scores)
    assert race.explore(60, 5, rng).scores.shape == (5, 60)


def test_diggers_dig_grids_of_their_own(rng):
    grids = [race._any_grid([3, 2, 2, 2, 1], rng) for _ in range(20)]
    settings = [[{recipe[dial] for recipe in grid} for dial in DIALS] for grid in grids]
    assert all(
        sorted(map(len, one)) == [1, 2, 2, 2, 3] and len(grid) == 24 for one, grid in zip(settings, grids, strict=True)
    )
    assert len({len(one[0]) for one in settings}) == 3, "each dial has now many settings, now few"
    assert all(len({tuple(recipe.values()) for recipe in grid}) == 24 for grid in grids)
    assert race.dig([3, 2, 2, 2, 1], 4, rng).scores.shape == (4, 24)


def test_a_tournament_sends_the_worse_half_home_and_pays_for_those_who_go_on(rng):
    scores = pd.DataFrame({2: [0.8, 0.7, 0.6, 0.5], 5: [0.6, 0.7, 0.9, 0.8]})
    seconds = pd.DataFrame({2: [1.0, 1, 1, 1], 5: [3.0, 3, 3, 3]})
    played = race.halve(scores, seconds, 4, 3, rng)
    assert list(played.columns) == ["winner", "seconds", "best of all 4", "seconds for all 4"]
    assert played.to_numpy().tolist() == [[0.7, 4 * 1 + 2 * 2, 0.9, 12]] * 3


def test_hyperband_plays_from_many_short_starts_to_few_long_ones():
    assert list(race.hyperband(27, 3).values()) == [
        [(27, 1), (9, 3), (3, 9), (1, 27)],
        [(12, 3), (4, 9), (1, 27)],
        [(6, 9), (2, 27)],
        [(4, 27)],
    ]
    assert list(race.hyperband(4, 2)) == [
        "4 recipes, 1 epoch at first",
        "3 recipes, 2 epochs at first",
        "3 recipes, 4 epochs at first",
    ]
    assert list(race.hyperband(1, 3).values()) == [[(1, 1)]]


def test_races_are_drawn_as_far_as_all_have_come():
    longer = race.Runs(np.array([[0.1, 0.2, 0.3, 0.4]]), np.ones((1, 4)))
    told = race.draw_by_tries({"short": RUNS, "long": longer}, first=2).alt
    assert "against tries; at the right end: short 0.8, long 0.3" in told
    told = race.draw_by_seconds({"short": RUNS, "long": longer}, (1, 3.5)).alt
    assert "against seconds of training; at the right end: short 0.65, long 0.3" in told
