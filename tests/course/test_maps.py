"""The treasure map shows what is in the recipe book, and the tries where they were made."""

from __future__ import annotations

import pytest
from sklearn.model_selection import ParameterGrid

from coffee_shop import maps
from coffee_shop.recipe_book import DEFAULTS, DIALS, load_recipe_book, search_book

RATE, EPOCHS, BATCH = "clf__model__learning_rate", "clf__epochs", "clf__batch_size"
FROZEN = {BATCH: 64, "clf__model__num_neurons": 64, "clf__model__dropout": 0.15}


def test_a_square_holds_the_best_of_its_recipes():
    table = maps.read_map()
    book = load_recipe_book()
    there = book[(book[RATE] == 0.003) & (book[EPOCHS] == 5)]
    assert len(there) == 5**3
    assert table.loc[5, 0.003] == there["mean_test_score"].max()
    assert (table.index.name, table.columns.name) == ("epochs", "learning rate")


def test_with_all_other_dials_frozen_a_square_is_one_recipe():
    table = maps.read_map(frozen=FROZEN)
    assert table.loc[10, 0.001] == search_book([{RATE: 0.001, EPOCHS: 10, **FROZEN}]).best_score_
    assert (table <= maps.read_map()).all(axis=None)


def test_other_dials_can_span_the_map():
    table = maps.read_map(across=BATCH, up="clf__model__num_neurons", frozen={EPOCHS: 5})
    assert list(table.columns) == list(DIALS[BATCH])
    assert table.index.name == "neurons"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"across": EPOCHS}, "two different dials"),
        ({"frozen": {RATE: 0.001}}, "two different dials"),
        ({"up": "clf__model__l2"}, "no dial 'clf__model__l2'"),
        ({"frozen": {BATCH: 65}}, "no clf__batch_size = 65"),
    ],
)
def test_what_is_no_map_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        maps.read_map(**arguments)


def test_tries_are_counted_by_square_and_the_best_is_told():
    tries = [{RATE: 0.0001, EPOCHS: 2}, {RATE: 0.001, EPOCHS: 10}, {RATE: 0.001, EPOCHS: 10, BATCH: 16}]
    told = maps.draw_tries({"scout": tries}, 3).alt
    assert f"scout: 3 tries in 2 squares, best {search_book(tries).best_score_:.4f}" in told
    assert "learning rate across, epochs up" in told


def test_the_map_follows_the_search_step_by_step_and_stands_still_at_its_end():
    tries = list(ParameterGrid({RATE: DIALS[RATE], EPOCHS: [2]}))
    pictures = [maps.draw_tries({"grid": tries}, step) for step in (1, 5, 9)]
    assert "1 tries in 1 squares" in pictures[0].alt
    assert pictures[1].alt == pictures[2].alt
    assert pictures[0].data != pictures[1].data == pictures[2].data


def test_a_frozen_dial_is_frozen_for_the_tries():
    tries = [{RATE: 0.001, EPOCHS: 10, BATCH: 16}]
    frozen = search_book([{**DEFAULTS, **tries[0], BATCH: 256}]).best_score_
    assert f"best {frozen:.4f}" in maps.draw_tries({"one": tries}, 1, frozen={BATCH: 256}).alt


def test_more_tries_in_a_square_than_places_are_still_drawn():
    assert "40 tries in 1 squares" in maps.draw_tries({"stubborn": [{RATE: 0.001}] * 40}, 40).alt


@pytest.mark.parametrize(
    ("searches", "step", "message"),
    [
        ({}, 1, "at least one search"),
        ({"grid": [{}]}, 0, "step of at least 1"),
        ({"grid": [{RATE: 0.5}]}, 1, "no clf__model__learning_rate = 0.5"),
        ({"grid": []}, 1, "needs at least one"),
    ],
)
def test_tries_that_cannot_be_drawn_are_refused(searches, step, message):
    with pytest.raises(ValueError, match=message):
        maps.draw_tries(searches, step)


def test_many_maps_are_no_wider_than_two():
    tries = [{RATE: 0.001, EPOCHS: 10}]
    one, two, three = (maps.draw_tries(dict.fromkeys("abc"[:n], tries), 1) for n in (1, 2, 3))
    assert one.width < two.width == three.width


def test_the_curve_of_a_dial_is_the_mean_over_all_others():
    curve = maps.read_curve(EPOCHS)
    book = load_recipe_book()
    for place, epochs in [(0, 2), (0.25, 5), (1, 40)]:
        assert curve(place) == pytest.approx(book[book[EPOCHS] == epochs]["mean_test_score"].mean())
    assert curve(0.125) == pytest.approx((curve(0) + curve(0.25)) / 2)


def test_there_is_no_curve_of_a_dial_that_is_not_in_the_book():
    with pytest.raises(ValueError, match="no dial 'clf__model__l2'"):
        maps.read_curve("clf__model__l2")
