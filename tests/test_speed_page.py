"""The page of speed in the docs is made from what was measured."""

from __future__ import annotations

import json

from autograder.layout import BUNDLED
from tests.speed_page import MEASURED, PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(json.loads(MEASURED.read_text(encoding="utf-8")))


def test_the_readme_says_no_more():
    assert "more than ten times as" in (BUNDLED.root / "README.md").read_text(encoding="utf-8")
    assert json.loads(MEASURED.read_text(encoding="utf-8"))["throughput_ratio"] > 10
