"""In a judged test a name means what the notebook has bound it to by then, and is not asked for without need."""

from __future__ import annotations

import pytest

from autograder.judge.client import Finding
from tests.engine.test_judge_questions import decide, errors


def decide_twice(folder, tests: dict[str, str], answers: str, names: str, others: str = "") -> dict[str, Finding]:
    """Find out what these answers are asked, and then decide the tests of other answers, or of the same, by that."""
    live = tuple(names.split())
    (folder / "first").mkdir()
    first = decide(folder / "first", tests, answers, live)
    return decide(folder, tests, others or answers, live, {name: finding.trace for name, finding in first.items()})


BIND = """
def helper(): return 1
def change(look):
    global helper
    old = helper
    def helper(): return 2
    return look(), restore(old)
def restore(old):
    global helper
    helper = old
def replace():
    global helper
    def helper(): return 3
class Pile:
    def __init__(self): self.items = []
    def add(self, item): self.items.append(item)
    def __len__(self): return len(self.items)
    @property
    def counted(self):
        global count, helper
        count += 1
        def helper(): return 4
        return count
pile, other, count = Pile(), Pile(), 0
def reset():
    global pile
    pile = Pile()
class Box: size = 1
import math as module
numbers, array, point = [1], np.zeros(2), Point(0, 0)
def step():
    global Box, module, numbers, point
    class Box: size = 2
    import cmath as module
    numbers, point = [1], Point(1, 0)
def fill(): array[:] = 1
"""
NAMES = "Box Pile array change count fill helper module numbers other pile point replace reset step"
BOUND_ANEW = {
    "for a moment": "def look(): return helper()\nassert change(look) == (2, None) and helper() == 1 == helper()",
    "in a call back that does not use it": "assert change(lambda: callable(helper)) == (True, None)\n"
    "assert helper() == 1",
    "asked for before": "assert helper() == 1 == helper()\nassert change(lambda: helper())[0] == 2\n"
    "assert helper() == 1",
    "array": "before = array\nassert array.sum() == 0\nfill()\nassert array.sum() == 2 == before.sum()",
    "list, object": "a, b = numbers, point\nstep()\nassert numbers == a == [1] and numbers is not a\n"
    "numbers.append(2)\nassert a == [1] and b.x == 0 and point.x == 1",
    "object": "old = pile\npile.add(1)\nassert len(pile) == 1\nreset()\nassert len(pile) == 0 and len(old) == 1",
    "by a property": "assert (count, helper(), other.counted) == (0, 1, 1)\nassert (count, helper()) == (1, 4)",
    "for good": "assert helper() == 4\nreplace()\nassert helper() == 3 == helper()",
    "after it": "assert helper() == 3 and module.__name__ == 'cmath' and math.floor(1.5) == 1 and len(pile) == 0",
}


def test_a_name_means_what_the_notebook_has_bound_it_to_last(tmp_path):
    found = decide_twice(tmp_path, BOUND_ANEW | {"wrong": "assert helper() == 4"}, BIND, NAMES)
    assert {name: finding.reason for name, finding in found.items()} == dict.fromkeys(found, "")
    assert {name: errors(one) for name, one in found.items() if errors(one)} == {"wrong": ["AssertionError"]}


def test_a_class_bound_anew_is_another_class(tmp_path):
    found = decide_twice(
        tmp_path, {"test": "old = Box\nstep()\nassert (old.size, Box.size) == (1, 2)"}, BIND, "Box step"
    )
    assert (found["test"].reason, errors(found["test"])) == ("", [])


PAINT = "light = Suit.HEARTS\ndef paint(): pass\ndef code(): return 1"
REPAINT = "light = Suit.HEARTS\ndef paint():\n    global light\n    light = Suit.SPADES\ndef code(): return 2"


@pytest.mark.promise("own names")
def test_a_name_bound_anew_changes_nothing_of_the_instructors(tmp_path):
    """What the submission binds to a name now must not be written over what that name meant before."""
    tests = {
        "bind": "assert isinstance(light, Suit)\npaint()\nassert isinstance(light, Suit)",
        "right": "assert code() == Suit.HEARTS.value",
    }
    found = decide_twice(tmp_path, tests, PAINT, "light paint code", REPAINT)
    assert (found["right"].reason, errors(found["right"])) == ("", ["AssertionError"])


COUNTING = """
from autograder.judge.answers import Answers
asked, answer = [], Answers._answer_get
def note(self, message, blobs):
    asked.append(message["name"])
    return answer(self, message, blobs)
Answers._answer_get = note
def add(a, b): return a + b
def double(x): return 2 * x
class Pile: pass
pile = Pile()
pile.size = 3
def asked_for(): return list(asked)
"""


FUNCTIONS = ["get add: function", "get double: function", "get asked_for: function"]
CALLS = ["call add: data", "call double: data", "call asked_for: data", "call asked_for: empty"]
ASKED = {
    "functions": [*FUNCTIONS, *CALLS, "call asked_for() shares an object with an earlier value"],
    "objects": [*FUNCTIONS, *CALLS, "get pile: instance of class 1", "attribute class 1.size: data"],
}


def test_names_that_stay_as_they_are_are_asked_for_once_at_most(tmp_path):
    tests = {
        "functions": "assert add(1, 2) == 3 and double(2) == 4\nassert add(2, 2) == double(2)\n"
        "assert asked_for() == []",
        "objects": "assert pile.size == 3\nassert pile.size + double(1) == 5\nassert asked_for() == ['pile']",
    }
    found = decide(tmp_path, tests, COUNTING, ("add", "asked_for", "double", "pile"), ASKED)
    assert {name: (finding.reason, errors(finding)) for name, finding in found.items()} == dict.fromkeys(
        tests, ("", [])
    )


FORGE = """
from autograder.judge.answers import Answers
def f(x): return x + 1
def forge(question, change):
    answer = getattr(Answers, question)
    def forged(self, message, blobs):
        result, out = answer(self, message, blobs)
        return change(result), out
    setattr(Answers, question, forged)
"""
MALFORMED = {
    "a call without a value": "forge('_answer_call', lambda a: {k: v for k, v in a.items() if k != 'value'})",
    "a call without names": "forge('_answer_call', lambda a: {k: v for k, v in a.items() if k != 'unchanged'})",
    "a call with a number for names": "forge('_answer_call', lambda a: a | {'unchanged': 5})",
    "a call with nonsense printed": "forge('_answer_call', lambda a: a | {'printed': [5]})",
    "a beginning with a number for an answer": "forge('_answer_begin', lambda a: a | {'told': {'f': 5}})",
    "a beginning with an empty answer": "forge('_answer_begin', lambda a: a | {'told': {'f': {}}})",
    "a beginning without answers": "forge('_answer_begin', lambda a: a | {'told': None})",
    "a beginning without names": "forge('_answer_begin', lambda a: a | {'names': None})",
    "the same as nothing": "forge('_answer_begin', lambda a: a | {'told': {'f': {'same': True}}})",
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.promise("values")
def test_a_malformed_answer_ends_the_judging_and_is_no_exception_that_a_test_could_take_for_a_pass(tmp_path, name):
    tests = {"test": "try: r = f(1)\nexcept Exception: r = 2\nassert r == 2"}
    (finding,) = decide_twice(tmp_path, tests, FORGE, "f", FORGE + MALFORMED[name]).values()
    assert finding.reason


UNLIKE = """
class Answer:
    @property
    def x(self): return 1
answer = Answer()
def g(x): return x
"""


@pytest.mark.promise("as the reference")
@pytest.mark.parametrize("between", ["", "g(1)", "answer", "answer == 2"])
def test_an_object_where_the_reference_solution_has_data_is_noticed_when_it_is_used(tmp_path, between):
    forged = f"{FORGE}forge('_answer_call', lambda a: a | {{'unchanged': ['answer', 'g']}})"
    allowed = {"test": ["get answer: data", "get g: function", "call g: data"]}
    test = {"test": f"assert answer is not None\n{between}\nassert answer.x == 1"}
    for number, more in enumerate(("", forged)):
        (tmp_path / str(number)).mkdir()
        found = decide(tmp_path / str(number), test, UNLIKE + more, ("answer", "g"), allowed)
        assert found["test"].reason == "other than for the reference solution: get answer: instance of Answer"
