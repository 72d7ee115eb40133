"""Checks speak kindly, whatever goes wrong inside them."""

from __future__ import annotations

import logging
import os
import sys
import warnings

import pytest

from coffee_shop.checking import NotYet, answered, check, raises
from coffee_shop.quiet import silent_stderr

HERE = check("03_grid_search", "Count the fits")


def message(block) -> str:
    with pytest.raises(NotYet) as caught, check("03_grid_search", "Count the fits"):
        block()
    return str(caught.value)


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (lambda: answered(..., "param_grid"), "Not answered yet: `param_grid`"),
        (lambda: answered(None, "count_fits"), "Not answered yet: `count_fits`"),
        (lambda: fail(NotImplementedError()), "Not answered yet"),
        (lambda: fail(AssertionError("Expected 3, found 4.")), "Expected 3, found 4."),
        (lambda: fail(ZeroDivisionError("division by zero")), "Your code stopped with ZeroDivisionError"),
        (lambda: sys.exit(0), "Your code stopped with SystemExit"),
        (lambda: raises(ValueError, lambda: 1, "a zero"), "Expected ValueError for a zero, found no error"),
        (lambda: raises(ValueError, lambda: None, "a zero"), "Not answered yet"),
        (lambda: raises(ValueError, lambda: fail(KeyError("a")), "a zero"), "found KeyError"),
    ],
)
def test_everything_becomes_a_kind_message_with_a_pointer(block, says):
    text = message(block)
    assert says in text
    assert text.endswith("Look again at lesson 03_grid_search, section “Count the fits”.")


def test_missing_name_is_not_answered_yet():
    with pytest.raises(NotYet, match="Not answered yet: `never_defined`"), check("a", "b"):
        never_defined  # noqa: B018, F821


def test_missing_name_inside_an_answer_is_named_as_an_error():
    assert "NameError" in message(lambda: fail(NameError("name 'math' is not defined", name="math")))


def test_rendering_is_short_and_narrow():
    try:
        with HERE:
            raise AssertionError("Expected a very long story " * 10)
    except NotYet as error:
        lines = error._render_traceback_()
    assert lines[0].startswith("✗ ")
    assert max(map(len, lines)) <= 80


def test_a_right_answer_passes_and_says_so(capsys):
    with check("a", "b"):
        assert answered(0, "zero") == 0
        assert isinstance(raises(ValueError, lambda: int("x"), "a word"), ValueError)
    assert "✓" in capsys.readouterr().out


def test_interrupt_is_let_through():
    with pytest.raises(KeyboardInterrupt), check("a", "b"):
        raise KeyboardInterrupt


def test_nothing_reaches_the_error_stream(capfd):
    with silent_stderr():
        warnings.warn("a warning", stacklevel=1)
        logging.getLogger("library").error("a record")
        print("a line", file=sys.stderr)
        os.write(2, b"from C++")
    assert capfd.readouterr().err == ""
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "after\n"
