"""A turned dial draws another picture; where nothing can be turned, one picture stands still."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from coffee_shop import plots
from coffee_shop.widgets import turn


def draw(learning_rate=1.0, width=8):
    figure, axes = plots.new_axes(2, 1)
    axes.plot([0, learning_rate], [0, width])
    return plots.show(figure, f'A line to "{learning_rate:g}" with width {width}.')


def shown(dialled: turn) -> str:
    """Return the HTML under the sliders."""
    return dialled.children[-1].value


def test_the_middle_of_each_list_is_drawn_first():
    dialled = turn(draw, learning_rate=[0.1, 0.2, 0.3], width=[8, 16])
    assert dialled.picture.alt == 'A line to "0.2" with width 16.'
    assert 'alt="A line to &quot;0.2&quot; with width 16."' in shown(dialled)


def test_one_may_start_elsewhere():
    dialled = turn(draw, learning_rate=[0.1, 0.2, 0.3], width=[8, 16], start={"learning_rate": 0.1})
    assert dialled.picture.alt == 'A line to "0.1" with width 16.'


def test_turning_a_dial_draws_anew():
    dialled = turn(draw, learning_rate=[0.1, 0.2, 0.3])
    before = shown(dialled)
    dialled.dials["learning_rate"].value = 0.3
    assert dialled.picture.alt == 'A line to "0.3" with width 8.'
    assert shown(dialled) != before
    dialled.dials["learning_rate"].value = 0.2
    assert shown(dialled) == before


def test_sliders_speak_plainly_and_wait_until_let_go():
    slider = turn(draw, learning_rate=np.array([0.0001, 0.001])).dials["learning_rate"]
    assert slider.description == "learning rate"
    assert [label for label, _ in slider.options] == ["0.0001", "0.001"]
    assert not slider.continuous_update


def test_without_a_kernel_there_is_the_picture_with_its_text():
    dialled = turn(draw, learning_rate=[0.1, 0.2])
    bundle, metadata = dialled._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]) == dialled.picture.data
    assert metadata["image/png"]["alt"] == dialled.picture.alt


def test_a_setting_that_cannot_be_drawn_is_said_and_forgiven():
    def fussy(rate):
        if rate > 1:
            raise RuntimeError("too <hot>")
        return draw(rate)

    dialled = turn(fussy, rate=[0.5, 2.0], start={"rate": 0.5})
    dialled.dials["rate"].value = 2.0
    assert "RuntimeError: too &lt;hot&gt;" in shown(dialled)
    dialled.dials["rate"].value = 0.5
    assert "<img" in shown(dialled)


@pytest.mark.parametrize("values", [[], [0.1], [0.1, 0.1], "fast", 0.1, None])
def test_what_is_no_dial_is_refused(values):
    with pytest.raises(ValueError, match="learning_rate"):
        turn(draw, learning_rate=values)


@pytest.mark.parametrize("start", [{"learning_rate": 0.5}, {"rate": 0.1}])
def test_what_cannot_be_started_from_is_refused(start):
    with pytest.raises(ValueError, match="start"):
        turn(draw, learning_rate=[0.1, 0.2], start=start)


def test_no_dial_is_no_turn():
    with pytest.raises(ValueError, match="at least one dial"):
        turn(draw)


def test_what_draws_no_picture_is_refused():
    with pytest.raises(TypeError, match="plots.show"):
        turn(lambda rate: None, rate=[1, 2])


def test_a_picture_says_when_the_kernel_has_gone():
    dialled = turn(draw, learning_rate=[0.1, 0.2])
    assert "coffee-shop-live" in dialled._dom_classes
    assert "The kernel has gone" in shown(dialled)
    dialled.dials["learning_rate"].value = 0.1
    assert "The kernel has gone" in shown(dialled)
