"""The laboratory as a visitor uses it: from disk, without a network, with a mouse or a keyboard, on a phone."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from coffee_shop.recipe_book import DIALS, load_recipe_book
from notebooks.site.build import HERE
from notebooks.site.laboratory import SCRIPTS
from tests.site.browser.test_laboratory_numbers import Sfc32

DESK, PHONE = (1280, 900), (390, 844)
CONTROLS = ["budget", "races", "startUp", "line", "seed", "held0", "held1", "held2", "held3", "held4", "step", "race",
            "across", "up", "colour", "dial"]  # fmt: skip
CHARTS = ["curves", "map-grid", "map-random", "map-bayesian", "belief", "belief-mean", "belief-std"]
FEW = "races=20&budget=15"


@pytest.fixture
def lab(page, laboratory):
    """Open the laboratory from disk, without a network, and wait for the end of all races."""
    page.context.set_offline(True)

    def open_page(settings: str = FEW, size: tuple[int, int] = DESK, theme: str = "light") -> Page:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=theme)
        page.goto("about:blank")
        page.goto(f"{laboratory.as_uri()}#{settings}")
        finish(page)
        return page

    return open_page


def finish(page: Page) -> None:
    """Wait until all races are run."""
    expect(page.locator("#verdict")).not_to_be_empty()
    expect(page.locator("#progress")).to_be_empty()


def turn(page: Page, name: str, value: object) -> None:
    """Set a control, as a visitor would."""
    control = page.locator(f"#{name}")
    if control.evaluate("control => control.tagName") == "SELECT":
        control.select_option(str(value))
    else:
        control.fill(str(value))


def row(page: Page, search: str) -> list[str]:
    """Return the numbers of a search in the table."""
    return page.locator("#numbers tr", has_text=search).locator("td").all_inner_texts()


def label(page: Page, chart: str) -> str:
    return page.locator(f"#{chart} svg").get_attribute("aria-label")


def test_the_table_has_the_numbers_of_python(lab):
    """Fails if races, tries or the band are counted otherwise than said."""
    scores = load_recipe_book().sort_values(list(DIALS))["mean_test_score"].to_numpy()
    races = [Sfc32(5, race, 1).draw(list(range(3125)), 15) for race in range(1, 21)]
    best = np.maximum.accumulate(scores[races], axis=1)[:, 11]
    low, median, high = np.quantile(best, [0.1, 0.5, 0.9])
    expected = [f"{best.mean():.4f}", f"{median:.4f}", f"{low:.4f} to {high:.4f}", str((scores > median).sum())]
    assert row(lab(f"{FEW}&seed=5&step=12"), "Random search") == expected


def test_turning_the_budget_changes_curves_numbers_and_maps(lab):
    page = lab()
    assert label(page, "curves").startswith("After 15 tries, median")
    turn(page, "budget", 9)
    finish(page)
    expect(page.locator("#curves-told")).to_contain_text("After 9 tries, median")
    expect(page.locator("#map-random-told")).to_contain_text("9 tries in")
    expect(page.locator("#step-now")).to_have_text("9")  # the last try is looked at, as before


def test_the_line_is_median_or_mean(lab):
    """Fails if the choice moves the line and not what is said of it."""
    page = lab()
    mean, median, *_ = row(page, "Grid search")
    assert f"Grid search {median}" in label(page, "curves")
    before = page.locator("#curves .line.grid").get_attribute("d")
    turn(page, "line", "mean")
    assert f"Grid search {mean}" in label(page, "curves")
    assert page.locator("#curves .line.grid").get_attribute("d") != before


def test_a_held_dial_keeps_its_setting_in_every_search(lab):
    """Fails if a search leaves the space: a square beside the column of the held setting would have a number."""
    page = lab()
    turn(page, "held0", 1)
    finish(page)
    book = load_recipe_book()
    best = book[book["clf__model__learning_rate"] == 0.0003]["mean_test_score"].max()
    expect(page.locator("#space-now")).to_have_text(f"625 recipes are left to try; the best has {best:.4f}.")
    for search in ["grid", "random", "bayesian"]:
        expect(page.locator(f"#map-{search}-told")).to_contain_text("of 5 squares")
        counts = page.locator(f"#map-{search} .inner").all_text_contents()
        assert 0 < sum(map(int, counts)) <= 15
        columns = {text.get_attribute("x") for text in page.locator(f"#map-{search} .inner").all()}
        assert len(columns) == 1


def test_all_dials_held_leave_one_recipe(lab):
    page = lab(f"{FEW}&held0=2&held1=2&held2=2&held3=2&held4=1")
    expect(page.locator("#space-now")).to_contain_text("One recipe is left to try")
    assert len({tuple(row(page, search)) for search in ["Grid", "Random", "Bayesian"]}) == 1
    expect(page.locator("#belief-early")).to_contain_text("The model needs two tries")


def test_start_up_alone_is_random_search(lab):
    page = lab(f"{FEW}&startUp=15")
    assert row(page, "Bayesian optimisation") == row(page, "Random search")
    turn(page, "startUp", 4)
    finish(page)
    assert row(page, "Bayesian optimisation") != row(page, "Random search")


def test_the_map_fills_try_by_try(lab):
    page = lab()
    for step in (1, 6, 15):
        turn(page, "step", step)
        counts = page.locator("#map-random .inner").all_text_contents()
        assert sum(map(int, counts)) == step
        assert label(page, "map-random").startswith(f"Random search: {step} {'try' if step == 1 else 'tries'} in")
    before = page.locator("#map-random").inner_html()
    turn(page, "race", 2)
    expect(page.locator("#map-bayesian-told")).not_to_be_empty()
    assert page.locator("#map-random").inner_html() != before


def test_playing_goes_to_the_last_try_and_pauses_when_asked(lab):
    page = lab("races=10&budget=4")
    play = page.locator("#play")
    # What is shown for a moment only is noted in the page: this program may be too slow to see it.
    page.evaluate(
        """() => {
            globalThis.seen = [];
            const now = document.getElementById("step-now");
            new MutationObserver(() => seen.push(now.textContent)).observe(now, { childList: true });
        }"""
    )
    play.click()
    page.wait_for_function("seen.at(-1) === '4'")
    expect(play).to_have_text("Play")
    assert page.evaluate("seen") == ["2", "3", "4"]
    turn(page, "budget", 150)
    play.click()
    page.wait_for_function("Number(seen.at(-1)) > 1")
    play.click()
    stopped = page.locator("#step-now").inner_text()
    page.wait_for_timeout(600)
    assert page.locator("#step-now").inner_text() == stopped


def test_the_belief_follows_the_dial_and_the_try(lab):
    page = lab()
    assert "neurons" not in label(page, "belief")
    turn(page, "dial", 3)
    assert "The mean is highest at neurons" in label(page, "belief")
    turn(page, "step", 3)
    expect(page.locator("#belief-told")).to_contain_text("it does not use its belief yet")
    turn(page, "step", 1)
    expect(page.locator("#beliefs")).to_be_hidden()


def test_an_experiment_sets_the_controls_and_its_expectation_holds(lab):
    """Fails if rare recipes are no clear case: a page must not promise what it does not show."""
    page = lab()
    page.get_by_role("button", name="Set up: rare recipes").click()
    finish(page)
    assert page.locator("#held0").input_value() == "0"
    assert page.locator("#budget").input_value() == "48"  # and the others as they are at first
    turn(page, "step", 15)
    expect(page.locator("#verdict")).to_contain_text("So this difference counts.")
    page.get_by_role("button", name="Set up: start-up only").click()
    expect(page.locator("#step-now")).to_have_text("12")
    finish(page)
    assert row(page, "Bayesian optimisation") == row(page, "Random search")
    page.get_by_role("button", name="Set up: the whole book").click()
    finish(page)
    expect(page.locator("#verdict")).to_contain_text("So this difference is hardly worth anything.")


def test_the_address_shares_a_race(lab):
    page = lab()
    turn(page, "seed", 8)
    turn(page, "held4", 2)
    turn(page, "step", 7)
    finish(page)
    page.wait_for_url(re.compile("seed=8.*held4=2.*step=7"))
    shown, address = label(page, "curves"), page.url.partition("#")[2]
    assert label(lab(address), "curves") == shown
    assert label(lab(FEW), "curves") != shown


def test_a_link_to_a_section_changes_no_setting(lab, laboratory):
    """Fails if the name of a section is taken for settings, or if the first settings change the address."""
    page = lab("the-race")
    assert page.url == f"{laboratory.as_uri()}#the-race"
    turn(page, "seed", 8)
    page.wait_for_url(re.compile("#seed=8$"))
    page.evaluate("location.hash = 'the-treasure-map'")
    turn(page, "step", 7)
    page.wait_for_url(re.compile("seed=8&step=7$"))
    page.get_by_role("button", name="Set up: the whole book").click()
    page.wait_for_url(laboratory.as_uri())


def test_an_address_with_nonsense_shows_the_first_settings(lab):
    page = lab("races=10&budget=no&startUp=-3&held0=9&line=up&seed=1e99&other=1")
    assert page.locator("#budget-now").inner_text() == "48"
    assert page.locator("#startUp-now").inner_text() == "1"
    assert page.locator("#held0").input_value() == ""


def test_the_page_answers_while_races_run_and_forgets_the_old_ones(lab):
    """Fails if a turn waits for all races, or if races with the old settings get into the new curves."""
    page = lab()
    expected = row(lab("races=20&budget=10"), "Bayesian optimisation")
    turn(page, "races", 500)
    turn(page, "budget", 150)
    expect(page.locator("#progress")).to_contain_text("of 500 races so far")
    turn(page, "across", 3)
    expect(page.locator("#map-grid text.title").first).to_have_text("neurons")
    expect(page.locator("#progress")).to_contain_text("of 500 races so far")
    turn(page, "races", 20)
    turn(page, "budget", 10)
    finish(page)
    assert row(page, "Bayesian optimisation") == expected


def test_a_keyboard_reaches_and_turns_everything(lab):
    page = lab()
    page.locator("article h1").click()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    wanted = [*CONTROLS, "play", "Set up: rare recipes"]
    assert [one for one in wanted if one not in reached] == []
    page.locator("#budget").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#budget-now")).to_have_text("16")
    page.locator("#up").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#map-grid")).to_contain_text("neurons")
    page.locator("#play").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#play")).to_have_text("Pause")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Play")


def test_a_focused_control_is_not_behind_the_curves(lab):
    page = lab(size=PHONE)
    for name in ["budget", "held4", "seed"]:
        page.locator(f"#{name}").focus()
        at = "control => { const { x, y, width, height } = control.getBoundingClientRect();"
        at += " return document.elementFromPoint(x + width / 2, y + height / 2) === control }"
        assert page.locator(f"#{name}").evaluate(at), name


def test_each_control_has_a_visible_label(lab):
    page = lab()
    named = page.locator("article [name]").evaluate_all("found => found.map(one => one.name)")
    assert named == CONTROLS
    for name in CONTROLS:
        expect(page.locator(f"label[for={name}]")).to_be_visible()
        assert re.search("[a-z]", page.locator(f"label[for={name}]").inner_text())


def test_each_chart_is_told_in_words_that_are_read_aloud(lab):
    """Fails if a chart has no words, or if they stay as they were when the chart changes."""
    page = lab()
    spoken = page.locator("[aria-live=polite]")
    before = {chart: label(page, chart) for chart in CHARTS}
    for text in before.values():
        said = text.partition(": ")[2] if text.startswith(("Grid", "Random", "Bayesian")) else text
        assert re.search(r"0\.\d{4}", said)
        assert any(said in one for one in spoken.all_inner_texts()), text
    turn(page, "step", 5)
    assert all(label(page, chart) != text for chart, text in before.items())
    expect(page.locator("#curves-told")).to_have_text(label(page, "curves"))


def barriers(page: Page) -> dict[str, list[str]]:
    """Return the elements that break a rule of axe, by rule."""
    options = {"resultTypes": ["violations"], "preload": False}  # a page from disk may not read its style sheets
    found = Axe().run(page, options=options).response["violations"]
    return {one["id"]: [node["html"] for node in one["nodes"]] for one in found}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_barrier(lab, size, theme):
    page = lab(size=size, theme=theme)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    assert barriers(page) == {}
    page.locator("#budget").evaluate("control => control.removeAttribute('id')")  # a barrier that it has to find
    assert "label" in barriers(page)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("settings", [FEW, "races=20&budget=150&step=80", "races=10&held0=0&held2=0&dial=3&up=3"])
def test_nothing_overlaps_and_the_page_fits(lab, size, settings):
    """Fails if two texts of a chart lie on each other or leave it, or if the page is wider than the window."""
    page = lab(settings, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    boxes = """chart => [chart.querySelector("svg"), ...chart.querySelectorAll("text:not(.inner, .star)")].map(one => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return { left, right, top, bottom, text: one.textContent };
    })"""
    for chart in page.locator(".chart").all():
        frame, *texts = chart.evaluate(boxes)
        for one in texts:
            assert one["left"] >= frame["left"] - 1, one["text"]
            assert one["right"] <= frame["right"] + 1, one["text"]
        for one, other in combinations(texts, 2):
            apart = one["right"] <= other["left"] or other["right"] <= one["left"]
            above = one["bottom"] <= other["top"] + 2 or other["bottom"] <= one["top"] + 2
            assert apart or above, (one["text"], other["text"])


def test_the_page_is_small_and_loads_only_what_it_names(laboratory):
    """Fails above 400 kB, or if a script is listed that is not there, or there and not listed."""
    static = laboratory.parent / "_static" / "laboratory"
    files = {f"laboratory/{path.name}" for path in static.iterdir()}
    assert files == {*SCRIPTS, "laboratory/laboratory.css"}
    assert sum(path.stat().st_size for path in [laboratory, *static.iterdir()]) <= 400_000
    loaded = re.findall(r'src="_static/(laboratory/[^"?]+)', laboratory.read_text(encoding="utf-8"))
    assert loaded == SCRIPTS
    assert "laboratory/" not in (laboratory.parent / "index.html").read_text(encoding="utf-8")
    source = "".join(path.read_text(encoding="utf-8") for path in HERE.rglob("*.js"))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|\bimport\b", source)


def test_the_index_leads_to_the_laboratory(page, laboratory):
    page.goto((laboratory.parent / "index.html").as_uri())
    page.locator("article").get_by_role("link", name="the laboratory").click()
    expect(page.locator("article h1")).to_contain_text("The laboratory")
    finish(page)
