"""Every slider, quiz, prediction and network of the lessons, on their pages: from disk and without a network."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from coffee_shop.quiz import questions
from notebooks.site.execute import lessons
from notebooks.site.live import EVERYWHERE, SCRIPTS, quizzes
from notebooks.site.recorder import NETWORK, SLIDER
from tests.course.executed import shown_by_lesson
from tests.golden import Golden
from tests.site.browser.test_live import unfold

LESSONS = [path.stem for path in lessons()]
# Sets the dials of a slider to each of these places, and returns what the page then says.
TURN = """async (output, places) => {
    const dials = Array.from(output.querySelectorAll("input[type=range]"));
    const told = [];
    const turn = (one) => {
        dials.forEach((dial, i) => (dial.value = one[i]));
        dials.at(-1).dispatchEvent(new Event("input"));
    };
    turn(places[0]);
    while (!output.querySelector(".picture :is(img, svg)")) await new Promise((next) => setTimeout(next, 10));
    for (const one of places) {
        turn(one);
        for (let i = 0; i < 9; i++) await null; // what is loaded already is shown at once
        const image = output.querySelector(".picture img");
        if (image) await image.decode();
        told.push(image ? image.alt : output.querySelector(".picture svg").getAttribute("aria-label"));
    }
    return told;
}"""


@pytest.fixture
def open_lesson(page, site):
    page.context.set_offline(True)

    def open_page(name: str) -> Page:
        page.goto((site / "notebooks" / f"{name}.html").as_uri())
        return page

    return open_page


def outputs_of(name: str, kind: str, golden: Golden) -> list[dict]:
    """Return the outputs of a lesson that have something of this kind for the site."""
    cells = shown_by_lesson(name, golden).notebook.cells
    return [one for cell in cells for one in cell.get("outputs", []) if kind in one.get("data", {})]


def texts_of(slider: dict) -> Iterator[str]:
    """Give what Python says of each picture of a slider, the last dial changing fastest."""
    if "texts" in slider:
        yield from slider["texts"]
        return
    treasure, labels = slider["map"], [dial["labels"] for dial in slider["dials"]]
    assert [dial["name"] for dial in slider["dials"]][0] == "step"
    for step, run in product(treasure["steps"], treasure["runs"]):
        told = []
        for search in run["searches"]:
            tried, best = search["squares"][:step], max(search["scores"][:step])
            told.append(f"{search['name']}: {len(tried)} tries in {len(set(tried))} squares, best {best:.4f}")
        yield f"Treasure map, learning rate across, epochs up. {'; '.join(told)}."
    assert len(treasure["runs"]) == np.prod([len(one) for one in labels[1:]])


def test_every_slider_shows_what_python_says_for_each_of_its_settings(open_lesson, golden):
    """Fails if a slider of a lesson is not on its page, or if one of its pictures or words is of other settings."""
    turned = 0
    for name in LESSONS:
        described = outputs_of(name, SLIDER, golden)
        page = open_lesson(name)
        unfold(page)
        places = page.locator(".cell_output:has(.slider)").all()
        assert len(places) == len(described)
        for place, output in zip(places, described, strict=True):
            slider = output.data[SLIDER]
            dials = slider["dials"]
            settings = list(product(*(range(len(dial["labels"])) for dial in dials)))
            start = settings.index(tuple(dial["start"] for dial in dials))
            expected = list(texts_of(slider))
            assert expected[start] == output.metadata["image/png"]["alt"] == place.locator("img").get_attribute("alt")
            assert place.evaluate(TURN, settings) == expected
            turned += len(settings)
            for dial, control in zip(dials, place.get_by_role("slider").all(), strict=True):
                control.press("Home")
                assert control.get_attribute("aria-valuetext") == dial["labels"][0]
                control.press("ArrowRight")
                assert control.get_attribute("aria-valuetext") == dial["labels"][1]
    assert turned > 1900


@pytest.mark.parametrize("name", LESSONS)
def test_every_quiz_is_answered_and_every_prediction_told_beside_the_truth(open_lesson, name):
    """Fails if an answer can be seen before, or if a quiz or a prediction of a lesson is none on its page."""
    page = open_lesson(name)
    for told in page.locator(".reveal, .quiz .said").all():
        expect(told).not_to_be_visible()
    asked = {key: one for key, one in questions()[name].items() if one["kind"] == "quiz"}
    for key, one in asked.items():
        form = page.locator(f'[data-question="quiz {name} {key}"]')
        verdicts = ["✓ Right." if option == one["answer"] else "✗ Not quite." for option, _ in one["options"]]
        for i in sorted(range(len(verdicts)), key=lambda i: verdicts[i][0] == "✗"):
            form.get_by_role("radio").nth(i).check()
            expect(form.locator(".said")).to_have_text(f"{verdicts[i]} {one['options'][i][1].replace('`', '')}")
    expect(page.locator(".score p")).to_have_text(
        f"Quizzes: {len(asked)} of {quizzes()} right, {len(asked)} at the first try."
    )
    unfold(page)
    for key in questions()[name].keys() - asked.keys():
        form = page.locator(f'.quiz[data-question="prediction {name} {key}"]')
        told = page.locator(f'.reveal[data-question="prediction {name} {key}"]')
        truth = told.get_attribute("data-truth")
        expect(told).to_contain_text(f"You wrote nothing down. In truth: {truth}.")
        if form.get_by_role("radio").count():
            form.get_by_label(truth, exact=True).check()
        else:
            form.get_by_role("textbox").fill(truth)
            page.keyboard.press("Tab")
        expect(told).to_contain_text(f"✓ You predicted: {truth}. In truth: {truth}.")


def test_the_network_in_the_page_answers_as_tensorflow_does(open_lesson, golden):
    """Fails if weights, preprocessing or an activation are others: the largest difference of 200 customers counts."""
    (output,) = outputs_of("09_serving", NETWORK, golden)
    guests, expected = output.data[NETWORK]["guests"], output.data[NETWORK]["expected"]
    page = open_lesson("09_serving")
    counter = page.locator(".counter")
    answers = counter.evaluate(
        "(counter, guests) => guests.map(guest => lesson.predict(lesson.dataOf(counter), guest))", guests
    )
    assert len(answers) == 200
    assert np.abs(np.array(answers) - expected).max() < 1e-5
    expect(counter.locator(".told")).to_contain_text(f"Chance of leaving: {expected[2]:.4f}")
    counter.get_by_label("Contract").select_option("Two year")
    expect(counter.locator(".told")).not_to_contain_text(f"{expected[2]:.4f}")


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_small_before_its_pictures(site, name):
    """Fails above 400 kB, what answers on the page included."""
    files = [site / "notebooks" / f"{name}.html", site / "_static" / "lesson" / "lesson.css"]
    files += [site / "_static" / script for script in EVERYWHERE + SCRIPTS]
    assert sum(path.stat().st_size for path in files) <= 400_000
