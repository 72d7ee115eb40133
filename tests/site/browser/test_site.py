"""The site in a browser: every page, picture, link, the search and the dark mode, and nothing from the network."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import expect

from notebooks.site.build import exercises
from notebooks.site.execute import lessons
from notebooks.site.laboratory import PAGE as LABORATORY
from tests.site.browser.conftest import leaves

PHONE = {"width": 390, "height": 844}
ALL_PAGES = ["index", LABORATORY, *(f"{path.parent.name}/{path.stem}" for path in [*lessons(), *exercises()])]


@pytest.fixture(scope="session")
def served(site):
    """The address of the site on a plain web server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_a_page_that_asks_for_the_network_is_noticed(page, site, tmp_path):
    (tmp_path / "page.html").write_text('<script src="http://example.invalid/script.js"></script>')
    page.goto((tmp_path / "page.html").as_uri())
    assert "http://example.invalid/script.js" in page.complaints
    page.complaints.clear()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_page_shows_its_title_and_pictures(page, served, name):
    page.goto(f"{served}/{name}.html")
    expect(page.locator("article h1")).to_be_visible()
    for picture in page.locator("article img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
        assert len(picture.get_attribute("alt")) > 20


@pytest.mark.parametrize("name", ALL_PAGES)
def test_page_fits_a_phone(page, served, name):
    page.set_viewport_size(PHONE)
    page.goto(f"{served}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


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
    expect(word).to_contain_text("Not answered yet: param_grid")
    word.get_by_role("link").click()
    expect(page.locator("article h1")).to_contain_text("Grid search")


def test_notebook_to_download_is_the_one_without_outputs(site):
    for source in [*lessons(), *exercises()]:
        assert (site / "_sources" / source.parent.name / source.name).read_bytes() == source.read_bytes()
