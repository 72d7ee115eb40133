"""The tables of promises in the docs are made from the tests that show them."""

from __future__ import annotations

import pytest

from tests.system import promise_table
from tests.system.promise_table import PAGE, PROMISES, page, promises_of, shown_by

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    assert page(TEXT) == TEXT


@pytest.mark.parametrize(
    "line", ["| It gains no rights. | `devices`", "| It can learn which TCP ports", "| Honest work gets nbgrader's"]
)
def test_an_outdated_table_is_noticed(line):
    assert TEXT.count(line) == 1
    assert page(TEXT.replace(line, "| It is fast. | `nothing`")) == TEXT


def test_a_table_without_its_place_is_noticed():
    with pytest.raises(AssertionError, match="no place for the promises of marks"):
        page(TEXT.replace("<!-- promises: marks -->", ""))


def test_every_promise_is_shown():
    promised = PROMISES["sandbox"].keys() | PROMISES["marks"].keys()
    assert [name for name in promised if not shown_by()[name]] == []


def test_tests_name_the_promises_that_they_show():
    source = "@pytest.mark.promise('a', 'b')\n@pytest.mark.slow\ndef test_one(): pass\ndef test_two(): pass"
    assert list(promises_of(source)) == [("test_one", "a"), ("test_one", "b")]


def test_a_promise_that_there_is_not_is_noticed(monkeypatch):
    monkeypatch.setattr(promise_table, "_tests", lambda: [("test_one", "gold")])
    with pytest.raises(KeyError, match="gold"):
        shown_by()
