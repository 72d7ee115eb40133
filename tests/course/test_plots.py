"""Pictures are there for every kind of answer, and for none."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb, to_rgba

from coffee_shop import plots

GRID = {"clf__model__learning_rate": [0.001, 0.01], "clf__batch_size": [16, 32], "clf__model__num_neurons": [8, 64]}


def alt(picture) -> str:
    return picture.alt


@pytest.mark.parametrize("answer", [..., None, {}, {"clf__batch_size": [1]}, {**GRID, "clf__batch_size": "many"}, 3])
def test_what_is_no_grid_gives_an_empty_map(answer):
    assert "Map of 0 settings" in alt(plots.draw_grid(answer))


def test_a_grid_is_drawn_whatever_else_it_tunes():
    assert "Map of 8 settings" in alt(plots.draw_grid({**GRID, "clf__model__dropout": [0.0, 0.5]}))


def test_a_title_counts_the_dials_that_are_not_drawn_as_well(monkeypatch):
    titles = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: titles.append(figure.axes[0].get_title()))
    plots.draw_grid(GRID)
    plots.draw_grid({**GRID, "clf__model__dropout": [0.0, 0.25, 0.5]})
    plots.draw_grid({**GRID, "clf__model__dropout": ...})
    plots.draw_grid(...)
    assert titles == [
        "8 settings of these three dials",
        "8 settings of these three dials, 24 recipes with the others",
        "8 settings of these three dials",
        "",
    ]


@pytest.mark.parametrize("answer", [..., None, {}, {"rate": 3}])
def test_what_cannot_be_drawn_from_gives_no_draws(answer):
    assert alt(plots.draw_draws(answer, "rate")).startswith("0 values")


def test_draws_of_a_list_are_drawn():
    assert alt(plots.draw_draws({"rate": [0.1, 0.2]}, "rate", n=2)).startswith("2 values")


def test_unfinished_race_and_unfrozen_model_are_pictures_too():
    assert "no search yet" in alt(plots.draw_race({"grid": ..., "random": ...}))
    assert "nothing frozen yet" in alt(plots.draw_sizes(None))


def test_sizes_count_what_lies_in_folders(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "part").write_bytes(b"x" * 2048)
    (tmp_path / "model" / "other").write_bytes(b"x" * 1024)
    assert "saved_model 3 kB" in alt(plots.draw_sizes({"saved_model": tmp_path / "model"}))


def _luminance(colour: str) -> float:
    channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def _contrast(colour: str, other: str) -> float:
    """The ratio of the luminances of two colours, as WCAG 2 defines it."""
    dark, light = sorted([_luminance(colour), _luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_text_and_lines_stand_out_from_the_paper():
    assert _contrast("#808080", "#FFFFFF") == pytest.approx(3.95, abs=0.01)  # too little for text
    assert _contrast(plots._INK, plots._PAPER) >= 4.5
    assert [colour for colour in plots.COLOURS if _contrast(colour, plots._PAPER) < 3] == []


def test_a_picture_brings_its_own_paper():
    figure, axes = plots.new_axes()
    axes.plot([1, 2])
    pixels = plt.imread(io.BytesIO(plots.show(figure, "a line").data))
    assert np.allclose(pixels[[0, 0, -1, -1], [0, -1, 0, -1]], to_rgba(plots._PAPER))


def test_losses_with_the_same_limits_can_be_compared():
    narrow, wide = ({"loss": [0.5, 0.4]}, {"loss": [0.5, 0.9]})
    assert plots.draw_losses(narrow, "loss", limits=(0, 1)).data != plots.draw_losses(narrow, "loss").data
    assert "ends at 0.90" in alt(plots.draw_losses(wide, "loss", limits=(0, 1)))


def test_stretches_tell_from_which_epoch_to_which_each_line_goes():
    whole, end = pd.Series([0.5, 0.4, 0.3]), pd.Series([0.4, 0.3], index=[1, 2])
    told = alt(plots.draw_stretches({"in one go": whole, "resumed": end}, "loss"))
    assert told == (
        "loss by epoch: in one go from epoch 1 to 3, where it is 0.300; resumed from epoch 2 to 3, where it is 0.300."
    )


def test_a_way_tells_its_places_and_what_is_done_between_them():
    told = alt(plots.draw_way({"kitchen": ["training"], "folder": ["graph", "weights"]}, ["exports"]))
    assert told == "2 boxes, joined by arrows named exports. kitchen: training; folder: graph, weights."


def test_a_descent_that_leaves_the_valley_is_drawn_as_far_as_it_can_be_seen():
    told = alt(plots.draw_descent(np.square, [-0.9, 1.1, -1.4]))
    assert "from a weight of -0.9 to one of -1.4" in told


def test_strips_tell_their_reach():
    assert "few 1 to 3, many 2 to 2.5" in alt(plots.draw_strips({"few": [1, 3, 2], "many": [2.5, 2]}, "noise"))


def test_the_dial_that_moves_most_is_told_last_and_drawn_on_top():
    told = alt(plots.draw_turns({"rate": {0.1: 0.5, 1.0: 0.9}, "batch": {8: 0.7, 16: 0.71}}, "score"))
    assert "batch 0.700 to 0.710, rate 0.500 to 0.900" in told


def test_histograms_tell_the_mean_of_each_group():
    assert "left on average 0.75" in alt(plots.draw_histograms({"stayed": [0.1], "left": [0.5, 1.0]}, "probability"))


def test_images_are_drawn_side_by_side():
    one, two = (plots.draw_images(dict.fromkeys(names, np.eye(3))) for names in ("a", "ab"))
    assert alt(two) == "Small grey images: a, b."
    assert two.width > one.width


def test_maps_tell_their_best_square():
    table = pd.DataFrame([[0.5, 0.6], [0.7, 0.8]], index=[16, 32], columns=[0.01, 0.1])
    told = alt(plots.draw_maps({"wide": table.rename_axis(index="batch size", columns="learning rate")}))
    assert "wide: 0.800 at learning rate 0.1 and batch size 32" in told


@pytest.mark.parametrize("ranks", [True, False])
def test_bands_tell_the_median_at_their_end(ranks):
    curves = {"grid": np.array([[np.nan, 3], [5, 2], [4, 1]]), "random": np.array([[9, 7.0]])}
    assert "grid 2, random 7" in alt(plots.draw_bands(curves, [1, 2], "tries", "rank", ranks=ranks))


def test_shadows_count_the_settings_of_each_dial():
    tries = {"grid": np.array([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]])}
    assert "grid: 4 tries, 2 settings of each" in alt(plots.draw_shadows(tries, "one", "other"))


def test_marginals_count_the_places_that_are_seen_of_a_dial():
    points = np.array([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1]])
    told = alt(plots.draw_marginals({"grid": points}, {"rate": np.square, "dropout": np.zeros_like}))
    assert "Tries of rate and dropout" in told
    assert "grid: 3 tries at 2 places of rate" in told


def test_an_isolation_plot_tells_the_best_of_each_setting_and_what_was_left_alone():
    told = alt(plots.draw_isolation({16: [0.7, 0.8], 256: [0.75]}, {256: 0.6, 16: 0.7}, "batch size", "score"))
    assert "score by batch size. 16: 0.8000 at its best, 0.7000 alone; 256: 0.7500 at its best, 0.6000 alone" in told


def test_rounds_tell_recipes_and_epochs_of_each():
    told = alt(plots.draw_rounds({"bold": [(9, 1), (3, 3)], "careful": [(3, 3)]}))
    assert "bold: 9 for 1 epochs, 3 for 3 epochs; careful: 3 for 3 epochs" in told


def test_a_belief_tells_where_the_next_try_is():
    x = np.array([0.001, 0.01, 0.1])
    told = alt(plots.draw_belief(x, x, x, np.array([0.1, 0.3, 0.2]), {0.001: 0.7, 0.1: 0.8}, "learning rate"))
    assert "after 2 tries; the next one is at 0.01" in told


def test_trials_tell_which_was_best():
    assert "of 3 tries in order, the first 2 random; best is try 3" in alt(
        plots.draw_trials([0.1, 0.01, 0.02], [0.7, 0.8, 0.9], 2, "rate")
    )


def test_piles_tell_where_their_ratio_is_largest():
    x, good, others = np.array([0.001, 0.01, 0.1]), np.array([1, 4, 1]), np.array([1, 1, 5])
    assert "largest at 0.01." in alt(plots.draw_piles(x, {"good": good, "others": others}, good / others, "rate"))


def test_pruned_trainings_are_counted():
    curves = {0: [0.5, 0.6, 0.7], 1: [0.4], 2: [0.5, 0.55]}
    assert "of 3 trainings, 2 of which were stopped early" in alt(plots.draw_pruned(curves, 3, "score"))
