"""The page of attacks in the docs is made from the attacks that are tested."""

from __future__ import annotations

from tests.system.attack_table import PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page()
