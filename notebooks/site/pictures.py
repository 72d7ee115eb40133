"""Take the pictures of the site anew: ``python -m notebooks.site.pictures``. It needs Chromium, and the built site.

They are the card that is shown where somebody shares a link, and for the README a lesson and a race in the laboratory.
"""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from notebooks.site.browser import chromium
from notebooks.site.build import HERE, ROOT, SITE
from notebooks.site.laboratory import PAGE

CARD = HERE / "static" / "card.png"
LESSON = ROOT / "notebooks" / "images" / "site.webp"
RACE = ROOT / "notebooks" / "images" / "laboratory.webp"
_TRIES = 30
_FRAME, _LAST = 300, 3000  # milliseconds
_SLOW = 120_000  # milliseconds, for all races on a busy machine


def card(browser: Browser) -> None:
    """Take the picture of card.html."""
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    page.goto((HERE / "static" / "card.html").as_uri())
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.quantize(64).save(CARD, optimize=True)


def lesson(browser: Browser) -> None:
    """Take a picture of the top of a lesson."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page.goto((SITE / "notebooks" / "03_grid_search.html").as_uri())
    page.get_by_label("Done").check()
    Image.open(io.BytesIO(page.screenshot())).save(LESSON, quality=80, method=6)


def race(browser: Browser) -> None:
    """Record one race of three searches, try by try."""
    page = browser.new_page(viewport={"width": 1000, "height": 800}, color_scheme="light")
    page.goto(f"{(SITE / f'{PAGE}.html').as_uri()}#budget={_TRIES}&races=20&held0=0&held2=0&across=1&up=3")
    expect(page.locator("#verdict")).not_to_be_empty(timeout=_SLOW)
    expect(page.locator("#progress")).to_be_empty(timeout=_SLOW)
    frames = [_frame(page, number) for number in range(1, _TRIES + 1)]
    times = [_FRAME] * (_TRIES - 1) + [_LAST]
    frames[0].save(RACE, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=60, method=6)


def _frame(page: Page, number: int) -> Image.Image:
    page.locator("#step").fill(str(number))
    expect(page.locator("#step-now")).to_have_text(str(number))
    return Image.open(io.BytesIO(page.locator(".maps").first.screenshot()))


def main() -> None:
    """Take all pictures, and say how large they are."""
    with chromium() as browser:
        for take in (card, lesson, race):
            take(browser)
    for path in (CARD, LESSON, RACE):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
