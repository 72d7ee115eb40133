"""A real, headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from notebooks.site.build import build, exercises
from notebooks.site.execute import changed, execute, lessons
from notebooks.site.laboratory import PAGE
from tests.course.repository import EXECUTED, run_of_lesson
from tests.site.test_site import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items):
    """Without a browser there is nothing to test here; where CI is set there has to be one."""
    if CHROMIUM is None and "CI" not in os.environ:
        here = Path(__file__).parent
        for item in items:
            if item.path.is_relative_to(here):
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory) -> Path:
    """The page of the laboratory in a site with one small lesson, so that no lesson has to be executed."""
    root = tmp_path_factory.mktemp("laboratory")
    write(root / "notebooks" / "01_oven.ipynb")
    write(root / "exercises" / "_1_1_1_exercise.ipynb")
    for path in root.glob("*/*.ipynb"):
        (root / "executed").mkdir(exist_ok=True)
        shutil.copy(path, root / "executed")
    build(root / "executed", root / "work", root / "site", root)
    return root / "site" / f"{PAGE}.html"


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The built site."""
    runs = {path.stem: run_of_lesson(path.stem) for path in lessons()}
    runs |= execute(changed(exercises(), EXECUTED), EXECUTED, allow_errors=True)
    assert not {name: run.trouble for name, run in runs.items() if run.trouble}
    folder = tmp_path_factory.mktemp("site")
    build(EXECUTED, folder / "work", folder / "site")
    return folder / "site"


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page on which whatever goes wrong or asks for the network is noted in ``page.complaints``."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.complaints = []
    page.on("console", lambda said: said.type in ("error", "warning") and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and page.complaints.append(answer.url))
    page.on("request", lambda asked: leaves(asked.url) and page.complaints.append(asked.url))
    yield page
    page.close()
    assert not page.complaints


def leaves(url: str) -> bool:
    """Say whether an address is neither on this machine's disk nor on its own server."""
    return urlsplit(url).hostname not in (None, "127.0.0.1")
