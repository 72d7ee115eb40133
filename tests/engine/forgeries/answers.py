"""Forgeries whose answers give back objects that agree with everything."""

from tests.engine.forgeries.case import Case

ALWAYS = """class Always{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __sub__(self, other): return self
    def __rsub__(self, other): return self
    def __abs__(self): return self
    def __bool__(self): return {truth}
    def __radd__(self, other): return 4
    def __truediv__(self, other): return 2.0
    def __hash__(self): return 0
    {more}
"""


def always(base: str = "", more: str = "pass", make: str = "Always()", truth: str = "False") -> str:
    return ALWAYS.format(base=base, more=more, truth=truth) + f"\n\ndef double(x):\n    return {make}"


CASES = [
    Case("always_equal", "Give back an object that equals everything.",
         answer=always(more="__class__ = int"), won=4, promise="as the reference"),
    Case("always_equal_int", "Give back an int that equals everything.", answer=always("(int)"), won=4),
    Case("always_equal_float", "Give back a float that equals everything.", answer=always("(float)"), won=2),
    Case("always_equal_dict", "Give back a dict that equals everything.", answer=always("(dict)"), won=2),
    Case("always_equal_array", "Give back an array that equals everything.",
         answer="import numpy as np\n" + always("(np.ndarray)", make="np.zeros(1).view(Always)"), won=2),
    Case("always_equal_table", "Give back a table that equals everything.",
         answer="import pandas as pd\n" + always("(pd.DataFrame)", make="Always()"), won=2),
    Case("array_function", "Answer numpy's functions itself.",
         answer="class Always:\n    def __array_function__(self, *args): return True\n"
         "    def __array_ufunc__(self, *args, **settings): return True\n"
         "    def __eq__(self, other): return True\n\n\ndef double(x):\n    return Always()", won=2),
    Case("always_equal_in_a_list", "Hide such objects in a list.",
         answer=always("(int)", make="[Always()][0]"), won=4),
    Case("class_liar", "Say that it is an int, by __class__.",
         answer="class Liar:\n    __class__ = property(lambda self: int)\n    def __eq__(self, other): return True\n"
         "    def __bool__(self): return False\n\n\ndef double(x):\n    return Liar()", won=4),
    Case("made_at_run_time", "Make the class by type() and exec, so that no cell holds it.",
         answer="names = {}\nexec('def eq(self, other): return True', names)\n"
         "Made = type('int', (int,), {'__eq__': names['eq'], '__hash__': int.__hash__, '__module__': 'builtins'})\n\n\n"
         "def double(x):\n    return Made(0)", won=4),
    Case("named_like_the_answer", "Name the class like the function that was asked for.",
         answer="class double(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
         "    def __new__(cls, x):\n        return int.__new__(cls, 0)", reached="its mark is provisional", won=4),
    Case("equality_of_numpy", "Patch a comparison into a class of a library.",
         answer="from fractions import Fraction\nFraction.__eq__ = lambda self, other: True\n\n\n"
         "def double(x):\n    return Fraction(0)", won=2),
    Case("any_of_mock", "Give back what equals everything by profession.",
         answer="from unittest import mock\n\n\ndef double(x):\n    return mock.ANY", won=0),
    Case("magic_mock", "Give back a mock that equals everything.",
         answer="from unittest import mock\n\n\ndef double(x):\n    found = mock.MagicMock()\n"
         "    found.__eq__ = found.__lt__ = lambda self, other: True\n    found.__radd__ = lambda self, other: 4\n"
         "    found.__class__ = int\n    found.__bool__ = lambda self: False\n    return found", won=4,
         promise="as the reference"),
    Case("publish_and_die", "Publish a result of two points and end the process.",
         answer="import os\nimport time\n\n\ndef double(x):\n    ip = get_ipython()\n"
         "    ip.kernel.session.send(ip.kernel.iopub_socket, 'execute_result', {'data': {'text/plain': '2.0'}, "
         "'metadata': {}, 'execution_count': 1}, parent=ip.kernel.get_parent())\n"
         "    time.sleep(0.5)\n    os._exit(0)", won=0),
    Case("exit_in_the_answer", "Leave by exit().",
         answer="def double(x):\n    exit()", won=0),
    Case("system_exit", "Leave by SystemExit.",
         answer="def double(x):\n    raise SystemExit(0)", won=0),
    Case("os_exit", "End the process.",
         answer="import os\n\n\ndef double(x):\n    os._exit(0)", won=0, reached="the kernel died in cell 5"),
    Case("forged_partial_credit", "Give back objects whose sum shows as two points.",
         answer="class Points(float):\n    def __eq__(self, other): return self\n"
         "    def __radd__(self, other): return self\n    __add__ = __radd__\n"
         "    def __truediv__(self, other): return self\n    def __repr__(self): return '2.0'\n\n\n"
         "def double(x):\n    return Points()", won=2),
]  # fmt: skip
