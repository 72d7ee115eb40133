"""What answers on a lesson's page, as a visitor uses it: from disk, without a network, with a mouse or a keyboard."""

from __future__ import annotations

import json
import math
import re
import shutil
from itertools import product

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page, expect

from coffee_shop.churn import CATEGORICAL, NUMERIC, load_churn
from coffee_shop.quiz import predict, questions, quiz, reveal
from notebooks.site.build import build
from notebooks.site.recorder import NETWORK, SLIDER
from tests.site.browser.test_laboratory import DESK, PHONE, barriers
from tests.site.test_live import asks, bundle_of, new_sliders, says
from tests.site.test_site import FIRST, write

LESSON = "02_the_dials"
QUIZ, GUESS, NUMBER = ("02_the_dials", "hyperparameter"), ("02_the_dials", "one-step"), ("06_stopping_early", "cost")


def new_network() -> dict:
    """Return a network with small random weights, as a lesson's kernel describes it."""
    customers, *_ = load_churn(100)
    draw = np.random.default_rng(0)
    words = [{"name": name, "known": sorted(customers[name].unique())} for name in CATEGORICAL]
    width = len(NUMERIC) + sum(len(one["known"]) for one in words)
    layers = [draw.normal(size=shape).round(3) for shape in ((width, 4), (4, 3), (3, 1))]
    return {
        "numbers": [{"name": name, "mean": 30.0, "scale": 20.0, "low": 1.0, "high": 99.5} for name in NUMERIC],
        "words": words,
        "layers": [{"kernel": kernel.tolist(), "bias": kernel[0].tolist()} for kernel in layers],
        "customer": customers.iloc[0].to_dict() | {"tenure": 12, "MonthlyCharges": 50.25, "TotalCharges": 60.0},
        "threshold": 0.4,
        "guests": [],
        "expected": [],
    }


def answer_of(network: dict, customer: dict) -> float:
    """Return the chance of leaving, computed with NumPy."""
    numbers = [(customer[one["name"]] - one["mean"]) / one["scale"] for one in network["numbers"]]
    words = [word == customer[one["name"]] for one in network["words"] for word in one["known"]]
    values = np.array([*numbers, *words], dtype=float)
    for i, layer in enumerate(network["layers"], start=1):
        values = values @ np.array(layer["kernel"]) + layer["bias"]
        values = np.maximum(values, 0) if i < len(network["layers"]) else 1 / (1 + np.exp(-values))
    return float(values[0])


@pytest.fixture(scope="module")
def network() -> dict:
    return new_network()


@pytest.fixture(scope="module")
def executed(network) -> dict[str, nbformat.NotebookNode]:
    """The cells of a small lesson with everything that answers, by what they show."""
    sliders = {name: new_code_cell("turn(draw)", outputs=[bundle_of(one)]) for name, one in new_sliders().items()}
    served = new_output("display_data", {NETWORK: network})
    return {
        "first": new_markdown_cell(FIRST),
        **sliders,
        "quiz": asks(quiz, *QUIZ),
        "guess": asks(predict, *GUESS),
        "guessed": says("It was one."),
        "reveal": asks(reveal, *GUESS),
        "number": asks(predict, *NUMBER),
        "shown": says("It was 25."),
        "truth": asks(reveal, *NUMBER),
        "trainings": says("55 trainings", id="count-the-fits-6"),
        "draws": says("59 draws", id="spend-a-budget-3"),
        "counter": new_code_cell("0.4", id="ask-for-raw-customers-5", outputs=[served]),
    }


@pytest.fixture(scope="module")
def address(tmp_path_factory, executed) -> str:
    """Where the page of the small lesson is."""
    root = tmp_path_factory.mktemp("live")
    write(root / "notebooks" / f"{LESSON}.ipynb")
    write(root / "exercises" / "_1_1_1_exercise.ipynb")
    (root / "executed").mkdir()
    lesson = new_notebook(cells=list(executed.values()), metadata={"language_info": {"name": "python"}})
    nbformat.write(lesson, root / "executed" / f"{LESSON}.ipynb")
    shutil.copy(root / "exercises" / "_1_1_1_exercise.ipynb", root / "executed")
    build(root / "executed", root / "work", root / "site", root)
    return (root / "site" / "notebooks" / f"{LESSON}.html").as_uri()


@pytest.fixture
def lesson(page, address) -> Page:
    page.context.set_offline(True)
    page.goto(address)
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def unfold(page: Page) -> None:
    while page.locator(".unfold").count():
        page.locator(".unfold").first.click()


def set_dial(page: Page, name: str, value: float) -> None:
    page.get_by_label(name, exact=True).fill(str(value))


def test_a_slider_begins_with_the_picture_of_the_lesson_and_then_shows_each_of_its_own(lesson, executed):
    """Fails if a picture belongs to other settings, if its words do not follow, or if the index is read out."""
    described = executed["frames"].outputs[0].data[SLIDER]
    output = lesson.locator(".cell_output", has=lesson.locator(".slider")).first
    assert output.locator("img").get_attribute("src").startswith("../_images/")
    colour, size = output.locator("input[type=range]").all()
    for number, (name, label) in enumerate(product(["red", "blue"], ["1", "2.5", "4"])):
        colour.press("Home" if name == "red" else "End")
        size.press("Home" if label == "1" else "ArrowRight")
        assert (colour.get_attribute("aria-valuetext"), size.get_attribute("aria-valuetext")) == (name, label)
        picture = output.locator("img:visible")
        expect(picture).to_have_attribute("alt", described["texts"][number])
        assert picture.get_attribute("src").endswith(f"/_static/sliders/{LESSON}-1/{number}.png")
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
        expect(output.locator(".spoken")).to_have_text(described["texts"][number])


def test_a_treasure_map_says_what_the_picture_of_python_says(lesson):
    """Fails if tries, squares or the best are counted otherwise than by ``maps.draw_tries``."""
    slider = new_sliders()["map"]
    output = lesson.locator(".cell_output", has=lesson.locator(".slider")).nth(1)
    for step in (4, 1, 2):
        for neurons in (16, 32, 64):
            set_dial(lesson, "step", [1, 2, 4].index(step))
            set_dial(lesson, "neurons", [16, 32, 64].index(neurons))
            slider.dials["step"].value, slider.dials["neurons"].value = step, neurons
            svg = output.locator("svg")
            expect(svg).to_have_attribute("aria-label", slider.picture.metadata["alt"])
            tries = min(step, 3) + step  # the first search ends after three
            assert svg.locator("circle").count() == tries + 2  # the last try of each is filled as well
            assert svg.locator("polygon").count() == 3  # two stars, and the end of the scale
    expect(output.locator("img")).not_to_be_visible()


def test_print_shows_the_picture_of_the_lesson_and_what_is_folded(lesson):
    lesson.get_by_label("colour", exact=True).focus()
    press(lesson, "Home")
    lesson.emulate_media(media="print")
    output = lesson.locator(".cell_output", has=lesson.locator(".slider")).first
    expect(output.locator("input").first).not_to_be_visible()
    assert output.locator("img:visible").get_attribute("src").startswith("../_images/")
    expect(lesson.get_by_text("It was one.", exact=True)).to_be_visible()
    expect(lesson.locator(".unfold").first).not_to_be_visible()


def test_without_javascript_pictures_and_outputs_stand_open(browser, address):
    page = browser.new_context(java_script_enabled=False, offline=True).new_page()
    page.goto(address)
    for text in ("It was one.", "It was 25.", "59 draws"):
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    expect(page.locator(".slider input, .unfold, .live, .score")).to_have_count(4)  # two blocks, a counter, the score
    for hidden in page.locator(".live, .score").all():
        expect(hidden).not_to_be_visible()
    expect(page.locator(".cell_output img").first).to_be_visible()
    page.locator(".quiz summary").first.click()
    expect(page.locator(".quiz details p").first).to_be_visible()
    page.context.close()


def test_a_quiz_says_at_once_what_there_is_to_say(lesson):
    asked = questions()[QUIZ[0]][QUIZ[1]]
    form = lesson.locator(".quiz").first
    for _, feedback in asked["options"]:
        expect(form).not_to_contain_text(feedback)
    for option, feedback in asked["options"]:
        form.get_by_label(option).check()
        verdict = "✓ Right." if option == asked["answer"] else "✗ Not quite."
        expect(form.locator(".said")).to_have_text(f"{verdict} {feedback}")


def test_a_quiz_is_answered_by_keyboard_without_being_judged_on_the_way(lesson):
    """Fails if an arrow key, which moves to the next option, counts as an answer."""
    form = lesson.locator(".quiz").first
    form.get_by_role("radio").first.focus()
    press(lesson, "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp")
    expect(form.locator(".said")).to_have_text("Press Enter to answer.")
    press(lesson, "Enter")
    expect(form.locator(".said")).to_contain_text("✓ Right.")
    expect(lesson.locator(".score")).to_contain_text("1 of 37 right, 1 at the first try")


def test_the_score_is_kept_and_forgotten_where_the_reader_says_so(lesson, address):
    """Fails if a wrong first answer is forgotten, or if other pages do not show the score."""
    score = lesson.locator(".score p")
    expect(score).to_have_text("Quizzes: 0 of 37 right, 0 at the first try.")
    options = lesson.locator(".quiz").first.get_by_role("radio")
    options.nth(1).check()
    expect(score).to_have_text("Quizzes: 0 of 37 right, 0 at the first try.")
    options.nth(0).check()
    expect(score).to_have_text("Quizzes: 1 of 37 right, 0 at the first try.")
    options.nth(1).check()
    lesson.goto(address.replace(f"notebooks/{LESSON}", "index"))
    expect(score).to_have_text("Quizzes: 1 of 37 right, 0 at the first try.")
    lesson.get_by_role("button", name="Forget all answers").click()
    expect(score).to_have_text("Quizzes: 0 of 37 right, 0 at the first try.")
    lesson.reload()
    expect(score).to_have_text("Quizzes: 0 of 37 right, 0 at the first try.")


def test_where_the_browser_keeps_nothing_the_page_counts_all_the_same(page, address):
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})")
    page.goto(address)
    page.locator(".quiz").first.get_by_role("radio").first.check()
    expect(page.locator(".score p")).to_have_text("Quizzes: 1 of 37 right, 1 at the first try.")
    page.complaints.clear()  # the theme misses it, too


def test_a_prediction_is_folded_noted_and_told_beside_the_truth(lesson):
    """Fails if the truth can be seen before it is asked for, or if the page forgets what was predicted."""
    told = lesson.locator(".reveal").first
    expect(lesson.get_by_text("It was one.", exact=True)).not_to_be_visible()
    expect(told).not_to_be_visible()
    lesson.get_by_label("Yes, exactly one").check()
    expect(told).not_to_be_visible()
    lesson.reload()
    expect(lesson.get_by_label("Yes, exactly one")).to_be_checked()
    lesson.locator(".unfold").first.focus()
    press(lesson, "Enter")
    expect(lesson.get_by_text("It was one.", exact=True)).to_be_visible()
    expect(told).to_contain_text("✓ You predicted: Yes, exactly one. In truth: Yes, exactly one.")
    lesson.get_by_label("No, none").check()
    expect(told).to_contain_text("You predicted: No, none. In truth: Yes, exactly one.")
    expect(told).not_to_contain_text("✓")
    expect(lesson.get_by_text("It was 25.", exact=True)).not_to_be_visible()


def test_a_number_is_predicted(lesson):
    form = lesson.locator(".quiz", has=lesson.locator("input[type=text]"))
    unfold(lesson)
    for typed, said, told in [
        ("twelve", "✗ Type a number", "You wrote nothing down. In truth: 25."),
        ("12,5", "Noted: 12.5.", "You predicted: 12.5. In truth: 25."),
        ("25", "Noted: 25.", "✓ You predicted: 25. In truth: 25."),
    ]:
        form.locator("input").fill(typed)
        press(lesson, "Tab")
        expect(form.locator(".said")).to_contain_text(said)
        expect(lesson.locator(".reveal").nth(1)).to_have_text(told)


def test_a_search_in_the_page_opens_a_fold(lesson):
    folded = lesson.locator(".folded").first
    assert folded.get_attribute("hidden") == "until-found"
    folded.dispatch_event("beforematch")
    expect(lesson.get_by_text("It was one.", exact=True)).to_be_visible()


def test_trainings_are_those_of_scikit_learn(lesson):
    """Fails if dials are added, not multiplied, or if the refit is left out."""
    told = lesson.locator("[data-formula=trainings] .told")
    expect(told).to_have_text("3 × 3 × 2 = 18 recipes, × 3 folds + 1 refit = 55 trainings.")
    names = [f"settings of the {dial}" for dial in ("learning rate", "batch size", "number of neurons")]
    for name, value in zip([*names, "folds"], [5, 10, 9, 7], strict=True):
        set_dial(lesson, name, value)
    expect(told).to_contain_text(f"= {5 * 10 * 9 * 7 + 1:,} trainings")


def test_draws_needed_are_those_of_python(lesson):
    """Fails with a draw too few or too many for any of the settings."""
    settings = [(share / 100, hit / 100) for share in range(1, 21) for hit in range(50, 100)]
    found = lesson.evaluate("settings => settings.map(([share, hit]) => lesson.drawsNeeded(share, hit))", settings)
    expected = [int(np.argmax((1 - share) ** np.arange(1, 1001) < 1 - hit)) + 1 for share, hit in settings]
    assert found == expected
    assert expected[settings.index((0.05, 0.95))] == math.ceil(math.log(0.05) / math.log(0.95)) == 59
    told = lesson.locator("[data-formula=draws] .told")
    expect(told).to_contain_text("59 draws hit at least one of the best 5 %")
    set_dial(lesson, "good enough: the best", 1)
    expect(told).to_contain_text("299 draws hit at least one of the best 1 %")


def test_the_network_answers_for_the_customer_on_the_page(lesson, network):
    """Fails if a column is not wired, or if words and numbers get into the wrong features."""
    counter, customer = lesson.locator(".counter"), dict(network["customer"])
    counter.locator("summary").click()

    def told() -> str:
        chance = answer_of(network, customer)
        return f"Chance of leaving: {chance:.4f}, {'above' if chance > 0.4 else 'not above'} the threshold of 0.4000"

    expect(counter.locator(".told")).to_contain_text(told())
    seen = {told()}
    for name in NUMERIC:
        customer[name] = 40
        counter.get_by_label(name).fill("40")
        expect(counter.locator(".told")).to_contain_text(told())
        seen.add(told())
    for one in network["words"]:
        customer[one["name"]] = next(word for word in one["known"] if word != customer[one["name"]])
        counter.get_by_label(one["name"]).select_option(customer[one["name"]])
        expect(counter.locator(".told")).to_contain_text(told())
        seen.add(told())
    assert len(seen) > 10


def test_an_unknown_word_becomes_all_zeros(lesson, network):
    customer = network["customer"] | {"Contract": "Ten years"}
    found = lesson.evaluate("([network, customer]) => lesson.predict(network, customer)", [network, customer])
    assert found == pytest.approx(answer_of(network, customer), abs=1e-12)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_barrier_and_the_page_fits(lesson, size, theme):
    lesson.set_viewport_size({"width": size[0], "height": size[1]})
    lesson.emulate_media(color_scheme=theme)
    assert barriers(lesson) == {}
    unfold(lesson)
    for dial in ("colour", "neurons"):
        set_dial(lesson, dial, 0)
    lesson.locator(".quiz").first.get_by_role("radio").first.check()
    lesson.locator(".counter summary").click()
    assert barriers(lesson) == {}
    assert lesson.evaluate("document.documentElement.scrollWidth") <= size[0]
    lesson.locator(".dial label").first.evaluate("label => label.remove()")  # a barrier that it has to find
    assert "label" in barriers(lesson)


def test_each_control_has_a_visible_label_and_is_reached_by_keyboard(lesson):
    unfold(lesson)
    controls = lesson.locator(".bd-article :is(input, select, button):visible")
    wanted = controls.evaluate_all("found => found.map(one => one.id || one.name || one.textContent)")
    for id_ in [one for one in wanted if one.startswith("dial-")]:
        label = lesson.locator(f"label[for={id_}]")
        expect(label).to_be_visible()
        assert re.search("[a-zA-Z]", label.inner_text())
    lesson.locator("article h1").click()
    reached = set()
    for _ in range(2 * len(wanted)):
        press(lesson, "Tab")
        reached.add(lesson.evaluate("(one => one.id || one.name || one.textContent)(document.activeElement)"))
    assert set(wanted) - reached == set()


def test_data_of_the_page_hold_no_answers_of_tensorflow(lesson):
    """Fails if what only tests need makes the page heavy."""
    data = lesson.locator(".counter script").text_content()
    assert "guests" not in json.loads(data)
