"""Measure every page of the built site and write the table in figures.md: ``python -m notebooks.site.figures``.

It needs Chromium, and for Lighthouse Node.js with npx, which fetches it once. Build the site first.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from rich.progress import track

from notebooks.site.browser import CHROMIUM, chromium, served
from notebooks.site.build import SITE

LIGHTHOUSE = "lighthouse@12.2.3"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
SIZES = ((390, 844), (1280, 900))
THEMES = ("light", "dark")
TABLE = Path(__file__).with_name("figures.md")
_HEAD = """| page | requests | to others | kB | kB packed | first paint, ms | axe | perf. | access. | practice | SEO |
| :-- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"""
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_NO_PICTURES = ("document", "stylesheet", "script", "font")


@dataclass(frozen=True)
class Load:
    """What a page asks for before its pictures, and how soon something is seen."""

    requests: int
    to_others: int
    size: int
    packed: int
    first_paint: float


def pages(site: Path) -> list[str]:
    """Return the pages of a site by their paths in it, the front page first."""
    found = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    return sorted(found, key=lambda name: (name != "index.html", name))


def load(page: Page, address: str) -> Load:
    """Open an address with an empty cache, and return what that takes."""
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address, wait_until="load")
    page.wait_for_load_state("networkidle")
    bodies = [answer.body() for answer in answers if answer.request.resource_type in _NO_PICTURES]
    return Load(
        requests=len(answers),
        to_others=sum(urlsplit(answer.url).netloc != urlsplit(address).netloc for answer in answers),
        size=sum(map(len, bodies)),
        packed=sum(len(gzip.compress(body)) for body in bodies),
        first_paint=page.evaluate(_FIRST_PAINT),
    )


def violations(browser: Browser, address: str) -> Iterator[str]:
    """Yield what axe-core finds wrong with a page, in both themes, on a phone and on a desk."""
    for width, height in SIZES:
        # Without motion a colour is there at once when the theme changes.
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page.goto(address)
        page.wait_for_load_state("networkidle")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            # Otherwise axe-core also describes all that is well, which takes a quarter of its time.
            for found in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]:
                nodes = ", ".join(str(node["target"]) for node in found["nodes"][:3])
                yield f"{theme}, {width} px: {found['id']} ({found['impact']}): {nodes}"
        page.close()


def lighthouse(address: str) -> dict[str, int]:
    """Return Lighthouse's scores of a page on a phone, out of 100, by category."""
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json", "--output-path=stdout"]
    command += [f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless=new --no-sandbox"]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CHROME_PATH": str(CHROMIUM)})
    if run.returncode:
        raise RuntimeError(f"Lighthouse failed on {address}: {run.stderr[-2000:]}")
    found = json.loads(run.stdout)["categories"]
    return {name: round(100 * found[name]["score"]) for name in CATEGORIES}


def row(browser: Browser, address: str, name: str) -> str:
    """Return a page's row of the table; what axe finds is printed as well."""
    page = browser.new_page()
    seen = load(page, f"{address}/{name}")
    page.close()
    wrong = list(violations(browser, f"{address}/{name}"))
    for one in wrong:
        print(f"{name}: {one}")
    scores = " | ".join(map(str, lighthouse(f"{address}/{name}").values()))
    sizes = f"{seen.requests} | {seen.to_others} | {seen.size / 1000:.0f} | {seen.packed / 1000:.0f}"
    return f"| {name} | {sizes} | {seen.first_paint:.0f} | {len(wrong)} | {scores} |"


def main() -> None:
    """Measure all pages, and write the table in place of the one that is there."""
    with chromium() as browser, served(SITE) as address:
        rows = [row(browser, address, name) for name in track(pages(SITE), "Measuring")]
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(text[: text.index(_HEAD)] + "\n".join([_HEAD, *rows]) + "\n", encoding="utf-8")
    print(f"{TABLE.name} has the figures of {len(rows)} pages.")


if __name__ == "__main__":
    main()
