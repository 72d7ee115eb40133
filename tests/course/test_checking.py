"""Checks speak kindly, whatever goes wrong inside them."""

from __future__ import annotations

import linecache
import logging
import os
import re
import sys
import warnings

import pytest

from coffee_shop.checking import NotYet, answered, check, raises
from coffee_shop.quiet import silent_stderr

HERE = check("03_grid_search", "Count the fits")


def cell(source, number, **names):
    """Run a cell as a notebook's kernel does, and return what it defines."""
    name = f"/tmp/ipykernel_1/{number}.py"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), names)
    return names


def message_of(test, answer=""):
    """What is said when a test cell fails that uses what the cell of an answer defines."""
    source = "with check('03_grid_search', 'Count the fits'):\n    " + test
    with pytest.raises(NotYet) as caught:
        cell(source, 2, check=check, answered=answered, raises=raises, **cell(answer, 1))
    return str(caught.value)


FUNCTION = "def f(n=0):\n    {}"


@pytest.mark.parametrize(
    ("test", "answer", "says"),
    [
        ("answered(x, 'x')", "x = ...", "Not answered yet: `x`"),
        ("answered(f(), 'f')", "def f(): pass", "Not answered yet: `f`"),
        ("f()", FUNCTION.format("raise NotImplementedError"), "Not answered yet"),
        ("assert 1 == 2, 'Expected 3, found 4.'", "", "Expected 3, found 4."),
        ("f()", FUNCTION.format("return 1 / n"), "ZeroDivisionError: division by zero (in `f`, at `return"),
        ("f()", FUNCTION.format("raise SystemExit"), "Your code stopped with SystemExit"),
        ("f()", FUNCTION.format("return math.inf"), "Your code stopped with NameError"),
        ("f()", FUNCTION.format("assert n"), "Your code stopped with AssertionError: no message (in `f`, at `asse"),
        ("len(x)", "x = 3", "The test cannot use your answer. TypeError: object of type 'int' has no len()."),
        ("never(1)", "", "`never` is not defined: the cell that defines it has not run yet, or it stopped"),
        ("raises(ValueError, lambda: 1, 'a zero')", "", "Expected ValueError for a zero, found no error"),
        ("raises(ValueError, f, 'a zero')", "def f(): pass", "Not answered yet"),
        ("raises(ValueError, f, 'a zero')", FUNCTION.format("return {}['a']"), "found KeyError"),
        (
            "f()",
            "import numpy as np\n" + FUNCTION.format("np.testing.assert_equal(n, 1)"),
            "Your code stopped with AssertionError: Items are not equal: ACTUAL: 0 DESIRED: 1 (in `f`, at `np.testing",
        ),
    ],
)
def test_everything_becomes_a_kind_message_with_a_pointer(test, answer, says):
    text = message_of(test, answer)
    assert says in text
    assert text.endswith("Look again at lesson 03_grid_search, section “Count the fits”.")


def test_a_line_that_ran_in_another_process_is_told_as_well():
    error = ValueError("no")
    error.add_note("in outer, line 3: return inner(n)")
    error.add_note("in inner, line 7: raise ValueError('no')")
    with pytest.raises(NotYet, match=re.escape("ValueError: no (in `inner`, at `raise ValueError('no')`).")), HERE:
        raise error


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
