"""The site in a browser: every page, picture, link, the search and the dark mode, and nothing from the network."""

from __future__ import annotations

from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import expect

from notebooks.site import browser as machine
from notebooks.site import figures
from notebooks.site.build import BEFORE
from notebooks.site.contents import in_reading_order, lesson_of
from notebooks.site.execute import ROOT, exercises, lessons
from notebooks.site.laboratory import PAGE as LABORATORY
from tests.site.browser.conftest import leaves

# A browser that lets progress.js keep nothing; what else is on a page must not mind.
KEEPS_NOTHING = """Object.defineProperty(window, "localStorage", { get() {
    if (document.currentScript?.src.includes("progress.js")) throw Error("refused");
    return { getItem() {}, removeItem() {}, setItem() {} };
} })"""
PHONE = {"width": 390, "height": 844}
ALL_PAGES = ["index", LABORATORY, *(f"{path.parent.name}/{path.stem}" for path in [*lessons(), *exercises()])]


@pytest.fixture(scope="session")
def served(site):
    """The address of the site on a plain web server."""
    with machine.served(site) as address:
        yield address


def test_a_page_that_asks_for_the_network_is_noticed(page, site, tmp_path):
    (tmp_path / "page.html").write_text('<script src="http://example.invalid/script.js"></script>')
    page.goto((tmp_path / "page.html").as_uri())
    assert "http://example.invalid/script.js" in page.complaints
    page.complaints.clear()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_page_shows_its_title_and_pictures(page, served, name):
    page.goto(f"{served}/{name}.html")
    expect(page.locator("article h1")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for button in page.get_by_role("button", name="Show what happens").all()[::-1]:  # each goes when it is pressed
        button.click()
    for picture in page.locator("article img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
        assert len(picture.get_attribute("alt")) > 20


@pytest.mark.parametrize("name", ALL_PAGES)
def test_page_fits_a_phone(page, served, name):
    page.set_viewport_size(PHONE)
    page.goto(f"{served}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("name", [*ALL_PAGES, "notebooks/glossary", "search"])
def test_axe_finds_nothing_wrong_in_both_themes_on_a_phone_and_on_a_desk(browser, served, name):
    assert list(figures.violations(browser, f"{served}/{name}.html")) == []


def test_what_axe_finds_is_told(browser, tmp_path):
    (tmp_path / "page.html").write_text("<html lang='en'><title>t</title><main><h1>h</h1><img src='a.png'></main>")
    found = list(figures.violations(browser, (tmp_path / "page.html").as_uri()))
    assert [one.partition(":")[0] for one in found] == [
        "light, 390 px",
        "dark, 390 px",
        "light, 1280 px",
        "dark, 1280 px",
    ]
    assert all("image-alt (critical): ['img']" in one for one in found)


@pytest.mark.parametrize("name", ALL_PAGES)
def test_page_is_light_before_its_pictures(browser, served, name):
    page = browser.new_page()
    load = figures.load(page, f"{served}/{name}.html")
    page.close()
    assert load.size <= 400_000
    assert load.to_others == 0


def test_lessons_and_exercises_follow_each_other(page, served):
    order = [f"{one.folder}/{one.name}.html" for one in in_reading_order([*lessons(), *exercises()])]
    page.goto(f"{served}/{order[0]}")
    for following in order[1:]:
        page.locator("a.right-next").click()
        assert page.url == f"{served}/{following}"


def test_a_tick_stays_and_shows_in_the_contents_and_goes_again(page, served, site):
    page.goto((site / "notebooks" / "03_grid_search.html").as_uri())
    box = page.get_by_role("checkbox", name="Done")
    box.focus()
    page.keyboard.press("Space")
    contents = page.get_by_role("navigation", name="Main")
    expect(contents.get_by_role("listitem").filter(has=page.locator(".tick"))).to_have_text("3 · Grid search ✓")
    page.goto((site / "index.html").as_uri())
    expect(page.get_by_text(f"You have done 1 of {len(ALL_PAGES) - 2}.")).to_be_visible()
    expect(page.get_by_role("row").filter(has=page.locator(".tick"))).to_contain_text("Grid search")
    page.goto((site / "notebooks" / "03_grid_search.html").as_uri())
    expect(box).to_be_checked()
    box.uncheck()
    expect(page.locator(".tick")).to_have_count(0)


def test_a_browser_that_keeps_nothing_is_offered_no_ticks(page, site):
    page.add_init_script(KEEPS_NOTHING)
    page.goto((site / "notebooks" / "03_grid_search.html").as_uri())
    expect(page.get_by_text("Lesson 3 · 50 minutes")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Done")).to_have_count(0)


def test_menus_open_and_close_by_the_keyboard(page, served):
    page.goto(f"{served}/notebooks/02_the_dials.html")
    button, item = page.get_by_role("button", name="Color mode"), page.get_by_role("button", name="Dark")
    button.focus()
    page.keyboard.press("Enter")
    expect(item).to_be_visible()
    page.keyboard.press("Escape")
    expect(item).not_to_be_visible()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Done").focus()
    expect(item).not_to_be_visible()


def test_on_paper_everything_is_open_in_dark_ink_and_nothing_is_cut_off(page, served):
    page.emulate_media(color_scheme="dark", media="print")
    page.set_viewport_size({"width": 700, "height": 1000})  # about A4
    page.goto(f"{served}/exercises/_5_6_1_exercise.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_text("Hint 3", exact=True).first).to_be_visible()
    expect(page.get_by_text("Not answered yet").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for gone in ["navigation", "button", "checkbox"]:
        expect(page.get_by_role(gone)).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    wide = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.textContent)"
    assert page.locator("article pre").evaluate_all(wide) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.get_by_text("Hint 3", exact=True).first).not_to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_describes_itself(page, site):
    page.goto((site / "notebooks" / "03_grid_search.html").as_uri())
    aim = lesson_of(ROOT / "notebooks" / "03_grid_search.ipynb").aim
    said = page.locator("meta[name=description]").get_attribute("content")
    assert said == f"You will {aim.replace('`', '')}"
    assert page.locator("meta[property='og:description']").get_attribute("content") == said
    page.get_by_role("link", name="MIT licence").click()
    expect(page.locator("body")).to_contain_text("Permission is hereby granted")


def test_every_link_leads_somewhere(page, served, site):
    links, anchors = {}, {}
    for name in ALL_PAGES:
        page.goto(f"{served}/{name}.html")
        links[page.url] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        anchors[page.url] = page.eval_on_selector_all("[id]", "marked => marked.map(one => one.id)")
    assert any("#" in link for found in links.values() for link in found)
    for link in {link for found in links.values() for link in found if not leaves(link)}:
        target, fragment = urldefrag(link)
        assert (site / unquote(urlsplit(target).path).lstrip("/")).is_file(), link
        assert not fragment or unquote(fragment) in anchors[target], link


@pytest.mark.parametrize("way", ["served", "from disk"])
def test_search_finds_a_word_and_leads_to_it(page, served, site, way):
    page.goto(f"{served}/index.html" if way == "served" else (site / "index.html").as_uri())
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("geometric")
    page.keyboard.press("Enter")
    found = page.locator("#search-results ul.search li a", has_text="Grid search")
    found.first.click()
    expect(page.locator("article h1")).to_contain_text("Grid search")


def test_dark_mode_switches_and_leaves_the_pictures_clear(page, served):
    page.goto(f"{served}/notebooks/02_the_dials.html")
    page.get_by_role("button", name="Color mode").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    brightness = "element => getComputedStyle(element).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert max(page.locator("body").evaluate(brightness)) < 64
    picture = page.locator("div.cell_output img").first
    expect(picture).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(picture).to_have_css("filter", "none")


def test_unsolved_exercise_says_so_kindly_and_points_to_the_lesson(page, served):
    page.goto(f"{served}/exercises/_5_6_1_exercise.html")
    assert not page.locator(".traceback").count()
    word = page.locator(".not-yet").first
    expect(word.get_by_text("Not answered yet: param_grid")).not_to_be_visible()
    word.get_by_text(BEFORE).click()
    expect(word.get_by_text("Not answered yet: param_grid")).to_be_visible()
    word.get_by_role("link").click()
    expect(page.locator("article h1")).to_contain_text("Grid search")


def test_notebook_to_download_is_the_one_without_outputs(site):
    for source in [*lessons(), *exercises()]:
        assert (site / "_sources" / source.parent.name / source.name).read_bytes() == source.read_bytes()
