"""A real, headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from notebooks.site.browser import CHROMIUM, chromium
from notebooks.site.build import build
from notebooks.site.execute import exercises, lessons
from notebooks.site.laboratory import PAGE
from tests.course.executed import shown_by_exercise, shown_by_lesson
from tests.site.test_site import write

PATIENCE = 240_000  # ms, for a page; what takes seconds on an idle machine has taken minutes on a busy one


def pytest_collection_modifyitems(items):
    """Without a browser there is nothing to test here; where CI is set there has to be one."""
    if CHROMIUM is None and "CI" not in os.environ:
        here = Path(__file__).parent
        for item in items:
            if item.path.is_relative_to(here):
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium() as browser:
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE))
        yield browser


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
def site(golden, tmp_path_factory) -> Path:
    """The built site; its pictures are as large as those of the lessons, and of one colour."""
    shown = {path.name: shown_by_lesson(path.stem, golden) for path in lessons()}
    shown |= {path.name: shown_by_exercise(path.stem, golden) for path in exercises()}
    assert not {name: one.trouble for name, one in shown.items() if one.trouble}
    folder = tmp_path_factory.mktemp("site")
    (folder / "executed").mkdir()
    for name, one in shown.items():
        nbformat.write(one.notebook, folder / "executed" / name)
    build(folder / "executed", folder / "work", folder / "site")
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
    return not (urlsplit(url).hostname or "127.").startswith("127.")
