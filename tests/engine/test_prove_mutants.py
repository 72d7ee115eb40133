"""Mutants of a reference answer: one small mistake each, of every kind, and none that no test could notice."""

from __future__ import annotations

import ast

import pytest

from autograder.proving.mutants import mutants_of
from autograder.proving.shown import calls_in


def changed(answer: str, *shown: str) -> dict[str, list[str]]:
    """Return the lines that mutants of an answer add, by the kind of mutant."""
    found: dict[str, list[str]] = {}
    for mutant in mutants_of("nb", "cell", answer, calls_in(shown)):
        kind = mutant.name.split(":")[2].partition("-")[0]
        added = [line[1:].strip() for line in mutant.diff.splitlines()[2:] if line.startswith("+")]
        found.setdefault(kind, []).append("; ".join(added))
    return found


@pytest.mark.parametrize(
    ("answer", "kind", "expected"),
    [
        ("y = a < b", "comparison", ["y = a <= b", "y = a >= b"]),
        ("y = a == b != c", "comparison", ["y = a != b != c", "y = a == b == c"]),
        ("y = a not in b", "comparison", ["y = a in b"]),
        ("y = a is not b", "comparison", ["y = a is b"]),
        ("y = (a) + b  # not a - b", "arithmetic", ["y = (a) - b  # not a - b"]),
        ("y = a ** b", "arithmetic", ["y = a * b"]),
        ("y = a // b", "arithmetic", ["y = a / b"]),
        ("y += 'é'", "arithmetic", ["y -= 'é'"]),
        ("y = a and b", "boolean", ["y = a", "y = b", "y = a or b"]),
        ("y = not a", "boolean", ["y = a"]),
        ("y = 1 if a else b", "boolean", ["y = 1 if not a else b"]),
        ("y = x[3:]", "constant", ["y = x[2:]", "y = x[4:]"]),
        ("y = -0.5", "constant", ["y = -0.25", "y = -1.0"]),
        ("y = True", "constant", ["y = False"]),
        ("y = range(n)", "constant", ["y = range(n - 1)"]),
        ("x.append(a)", "statement", ["pass"]),
        ("y = f(a, cv=b, n=c)", "keyword", ["y = f(a, n=c)", "y = f(a, cv=b)"]),
        ("y = f(cv=b, n=c)", "keyword", ["y = f(cv=b)", "y = f(n=c)"]),
        ("y = f(a, b)", "arguments", ["y = f(b, a)"]),
        ("raise ValueError(a)", "exception", ["raise TypeError(a)"]),
        ("raise KeyError", "exception", ["raise ValueError"]),
        ("try:\n    a()\nexcept KeyError:\n    b()", "exception", ["except ZeroDivisionError:"]),
        ("def f(a, b=c): ...", "default", ["def f(a, b): ...", "def f(a, b=None): ..."]),
        ("def f():\n    return [a]", "type", ["return tuple([a])"]),
        ("def f():\n    return a, b", "type", ["return list((a, b))"]),
        ("def f():\n    return len(a)", "type", ["return float(len(a))"]),
        ("y = list(x)", "conversion", ["y = x"]),
        ("y = x.copy()", "conversion", ["y = x"]),
        ("y = f(a + b for a in c)", "keyword", []),
        ("y = {'a': 'b'}", "text", ["y = {'ax': 'b'}", "y = {'a': 'bx'}"]),
        ("y = x['a'] == 'b'", "text", ["y = x['ax'] == 'b'", "y = x['a'] == 'bx'"]),
        ("y = f('a', sep='b')", "text", ["y = f('ax', sep='b')", "y = f('a', sep='bx')"]),
        ("print('a')\ny = f''", "text", []),
        ("def f(a='b'):\n    return 'c'", "text", ["def f(a='bx'):", "return 'cx'"]),
        ("def f(a, b):\n    return a - b", "variable", ["return b - b", "return a - a"]),
        ("def f(self, a):\n    return a", "variable", []),
        ("def f(a, b):\n    return lambda a: a", "variable", []),
    ],
)
def test_every_kind_of_mistake_is_made(answer, kind, expected):
    assert sorted(changed(answer).get(kind, [])) == sorted(expected)


FUNCTION = """def scale(values, factor=2):
    '''Multiply.'''
    found = []
    for value in values:
        found.append(value * factor)
    return found"""


def test_a_parameter_is_ignored():
    assert "factor = 2" in changed(FUNCTION)["parameter"]
    assert "values = [1]" in changed(FUNCTION, "assert scale([1], 3) == [3]")["parameter"]
    assert len(changed(FUNCTION)["parameter"]) == 1


def run(source: str, call: str) -> object:
    names: dict[str, object] = {}
    exec(source, names)
    return eval(call, names)


def mutant_of_kind(kind: str, *shown: str, number: int = 0):
    found = [one for one in mutants_of("nb", "cell", FUNCTION, calls_in(shown)) if f":{kind}" in one.name]
    return found[number].source


@pytest.mark.parametrize(("number", "second"), [(0, [2, 6]), (1, [2])])
def test_a_function_remembers_earlier_calls(number, second):
    source = mutant_of_kind("memory", number=number)
    assert run(source, "[*scale([1])]") == [2]
    assert run(source, "(scale([1]), [*scale([3])])[1]") == second


def test_only_what_visible_tests_show_is_right():
    source = mutant_of_kind("visible", "assert scale([1], 3) == [3]\nassert scale([2]) == [4]")
    assert run(source, "scale([1], factor=3)") == [3]
    assert run(source, "scale([2])") == [4]
    assert run(source, "scale([7])") == [3]


@pytest.mark.parametrize("call", ["scale(data)", "scale(*[1])", "scale()", "other([1])"])
def test_calls_that_are_not_plain_show_nothing(call):
    assert "visible" not in changed(FUNCTION, call)


@pytest.mark.parametrize("answer", ['"""Only text."""', "x = f'{a + 1}'", "def f(a: 1 + 2) -> 3 + 4: ..."])
def test_texts_for_people_and_type_hints_are_left_alone(answer):
    assert set(changed(answer)) <= {"statement"}


def test_mutants_with_the_same_code_are_made_once():
    assert sorted(changed("y = 1 + 1")["constant"]) == ["y = 0 + 1", "y = 2 + 1"]  # and not 1 + 0, 1 + 2


def test_a_mutant_with_the_code_of_the_reference_is_left_out():
    assert sorted(changed("y = 1 ** 2")["constant"]) == ["y = 0 ** 2", "y = 2 ** 2"]  # and not 1 ** 1, 1 ** 3
    assert changed("def f():\n    return None") == {}


def test_each_mutant_is_python_has_its_own_name_and_changes_no_other_line():
    answer = f"# é: every line stays\n{FUNCTION}\nshown = scale([1, 2],\n    factor=3)  # why\n"
    mutants = mutants_of("nb", "cell", answer, {})
    assert len({mutant.name for mutant in mutants}) == len({mutant.digest for mutant in mutants}) == len(mutants) > 15
    for mutant in mutants:
        ast.parse(mutant.source)
        assert (
            answer.splitlines()[mutant.line - 1] not in mutant.source.splitlines()
            or ":memory" in mutant.name
            or (":parameter" in mutant.name)
        )
        assert mutant.source.startswith("# é: every line stays\n")


def test_the_digest_stays_while_other_lines_change():
    one, two = (
        {mutant.digest: mutant.line for mutant in mutants_of("nb", "cell", answer, {}) if ":constant" in mutant.name}
        for answer in ("import a\nb = f()\ny = 1\nd = g()", "import a\nimport c\nb = f()\ny = 1\nd = g()")
    )
    assert set(one) == set(two)
    assert set(one.values()) == {3}
    assert set(two.values()) == {4}


def test_the_same_change_elsewhere_has_a_digest_of_its_own():
    mutants = mutants_of("nb", "cell", 3 * "a = f()\ny = 1\nb = g()\n", {})
    assert len({mutant.digest for mutant in mutants}) == len(mutants) == 15


def test_a_stub_is_no_statement_to_drop():
    assert changed("y = ...\ny = a") == {"statement": ["pass"]}
    assert changed("y, z = ..., ...") == {}
    assert "statement" in changed("y, z = ..., a")


def test_magics_are_no_obstacle_and_what_is_no_python_has_no_mutants():
    assert changed("%matplotlib inline\ny = a < b")["comparison"] == ["y = a <= b", "y = a >= b"]
    assert changed("y = = 1") == {}
    assert changed("") == {}


def test_a_mutant_knows_what_its_statement_binds():
    binds = {one.line: set(one.binds) for one in mutants_of("nb", "cell", f"a, b = 1, 2\n{FUNCTION}\nf(3)", {})}
    assert binds[1] == {"a", "b"}
    assert binds[6] == {"scale"}
    assert binds[8] == set()
