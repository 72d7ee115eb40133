"""Forgeries that lie to the judge: messages in the place of those that the kernel would send, and odd results.

The judge asks the submission's process, so that can answer what it likes. Each case here replaces one kind of message.
"""

from __future__ import annotations

from tests.engine.forgeries.case import Case

# Finds out by its keys which message is sent, replaces it, and leaves a file to show that it has done so.
_FORGER = """\
from pathlib import Path
from autograder.judge import link
send = link.Link.send
def forge(self, data, blobs):
    if {key!r} in data:
        Path('attempt').touch()
        data, blobs = {message}
    send(self, data, blobs)
link.Link.send = forge"""

# What a call of `double` gives back: by name, the message and its bytes.
_RESULTS = {
    "true": "{**data, 'value': True}, blobs",
    "nothing": "{**data, 'value': None}, blobs",
    "no_value": "{}, []",
    "no_object": "[], []",
    "text": "'6', []",
    "unknown_kind": "{**data, 'value': {'t': 'equal', 'v': 6}}, blobs",
    "kind_that_is_no_text": "{**data, 'value': {'t': ['int'], 'v': 6}}, blobs",
    "kind_without_a_value": "{**data, 'value': {'t': 'list'}}, blobs",
    "list_of_itself": "{**data, 'value': {'t': 'list', 'n': 0, 'v': [{'t': 'same', 'n': 0}]}}, blobs",
    "set_of_itself": "{**data, 'value': {'t': 'set', 'n': 0, 'v': [{'t': 'same', 'n': 0}]}}, blobs",
    "number_of_nothing": "{**data, 'value': {'t': 'same', 'n': 99}}, blobs",
    "known_of_nothing": "{**data, 'value': {'t': 'known', 'n': 99}}, blobs",
    "deep_nest": "{**data, 'value': eval('[' * 80 + ']' * 80)}, blobs",
    "deep_nest_of_lists": "{**data, 'value': __import__('functools').reduce("
    "lambda inner, _: {'t': 'list', 'v': [inner]}, range(500), 0)}, blobs",
    "long_integer": "{**data, 'value': {'t': 'int', 'v': '0x' + 'f' * 10**6}}, blobs",
    "large_decimal": "{**data, 'value': {'t': 'Decimal', 'v': '1E999999999'}}, blobs",
    "signalling_nan": "{**data, 'value': {'t': 'Decimal', 'v': 'sNaN'}}, blobs",
    "large_range": "{**data, 'value': {'t': 'range', 'n': 0, 'v': [0, 10**15, 1]}}, blobs",
    "large_array": "{**data, 'value': {'t': 'ndarray', 'n': 0, 'd': '<f8', 's': [10**9, 10**9], 'b': 0}}, [b'']",
    "array_of_objects": "{**data, 'value': {'t': 'ndarray', 'n': 0, 'd': '|O', 's': [1], 'b': 0}}, [b'12345678']",
    "array_of_negative_size": "{**data, 'value': {'t': 'ndarray', 'n': 0, 'd': '<f8', 's': [-1], 'b': 0}}, [b'']",
    "array_without_bytes": "{**data, 'value': {'t': 'ndarray', 'n': 0, 'd': '<f8', 's': [1], 'b': 7}}, []",
    "module_that_runs": "{**data, 'value': {'t': 'module', 'v': 'antigravity'}}, blobs",
    "module_of_the_judge": "{**data, 'value': {'t': 'module', 'v': 'autograder.judge.questions'}}, blobs",
    "type_of_no_value": "{**data, 'value': {'t': 'type', 'v': 'object'}}, blobs",
    "exception_as_a_value": "{**data, 'value': {'t': 'exception', 'c': 'AssertionError', 'v': []}}, blobs",
    "given_class": "{**data, 'value': {'t': 'given', 'c': 'about', 'v': {'t': 'dict', 'v': []}}}, blobs",
    "given_class_that_is_none": "{**data, 'value': {'t': 'given', 'c': 'int', 'v': {'t': 'dict', 'v': []}}}, blobs",
    "fields_with_a_class": "{**data, 'value': {'t': 'given', 'c': 'about', "
    "'v': {'t': 'dict', 'v': [['__class__', 3]]}}}, blobs",
    "named_tuple": "{**data, 'value': {'t': 'named', 'c': 'Equal', 'f': ['a'], 'v': [6]}}, blobs",
    "named_tuple_of_code": "{**data, 'value': {'t': 'named', 'c': 'E', 'f': ['a=print(1)'], 'v': [6]}}, blobs",
    "named_tuple_of_special_names": "{**data, 'value': {'t': 'named', 'c': 'E', 'f': ['__eq__'], 'v': [6]}}, blobs",
    "pickle": "{**data, 'value': {'t': 'pickle', 'n': 0, 'b': 0}}, [b'cos\\nsystem\\n(S\"true\"\\ntR.']",
    "callback": "{**data, 'value': {'t': 'callback', 'h': 1}}, blobs",
    "own_object_of_the_judge": "{**data, 'value': {'t': 'yours', 'h': 1}}, blobs",
    "function_of_no_number": "{**data, 'value': {'t': 'function', 'h': 'one', 'name': 'f'}}, blobs",
    "class_of_odd_bases": "{**data, 'value': {'t': 'class', 'h': 5, 'name': 'E', 'doc': '', 'operators': ['__eq__'], "
    "'bases': [{'t': 'type', 'v': 'bool'}], 'plain': True}}, blobs",
    "class_of_no_name": "{**data, 'value': {'t': 'class', 'h': 5, 'name': None, 'operators': 3, 'bases': []}}, blobs",
    "instance": "{**data, 'value': {'t': 'instance', 'h': 5, 'class': {'t': 'class', 'h': 6, 'name': 'E', "
    "'doc': '', 'operators': ['__eq__', '__lt__', '__bool__'], 'bases': [], 'plain': True}}}, blobs",
    "iterator": "{**data, 'value': {'t': 'iterator', 'h': 5}}, blobs",
    "opaque": "{**data, 'value': {'t': 'opaque', 'h': 5, 'name': 'x'}}, blobs",
    "system_exit": "{**data, 'raise': {'mro': ['SystemExit'], 'args': {'t': 'list', 'v': []}, "
    "'fields': {'t': 'dict', 'v': []}}}, blobs",
    "interrupt": "{**data, 'raise': {'mro': ['KeyboardInterrupt'], 'args': {'t': 'list', 'v': []}, "
    "'fields': {'t': 'dict', 'v': []}}}, blobs",
    "end_of_a_generator": "{**data, 'raise': {'mro': ['StopIteration'], 'args': {'t': 'list', 'v': []}, "
    "'fields': {'t': 'dict', 'v': []}}}, blobs",
    "exception_that_is_none": "{**data, 'raise': {'mro': ['print'], 'args': {'t': 'list', 'v': []}, "
    "'fields': {'t': 'dict', 'v': []}}}, blobs",
    "exception_without_arguments": "{**data, 'raise': {'mro': []}}, blobs",
    "exception_with_a_context": "{**data, 'raise': {'mro': ['ValueError'], 'args': {'t': 'list', 'v': []}, "
    "'fields': {'t': 'dict', 'v': [['__traceback__', 3], ['__cause__', 4]]}, 'where': [None, 7]}}, blobs",
    "changed_argument": "{**data, 'changed': [{'n': 0, 'v': 3, 'b': 0}]}, blobs",
    "changed_argument_of_nobody": "{**data, 'changed': [{'n': 77, 'v': 3, 'b': 0}]}, blobs",
    "refreshed_object_of_nobody": "{**data, 'refreshed': [{'h': 77, 'v': 3, 'b': 0}]}, blobs",
    "module_in_a_file": "{**data, 'value': 0, 'files': ['numpy.py', 'random.py']}, [b'x = 1', b'x = 1']",
    "bytecode_in_a_file": "{**data, 'value': 0, 'files': ['__pycache__/m.cpython-311.pyc']}, [b'x']",
    "file_elsewhere": "{**data, 'value': 0, 'files': ['../../out', '/tmp/out', '/etc/out']}, [b'x', b'x', b'x']",
    "file_of_no_name": "{**data, 'value': 0, 'files': [None, 3, '']}, [b'x', b'x', b'x']",
    "flood_of_text": "{**data, 'value': 0, 'printed': [['stdout', 'x' * 10**7]] * 3}, blobs",
    "printed_points": "{**data, 'value': 0, 'printed': [['execute_result', '2.0'], ['stdout', '2.0']]}, blobs",
    "printed_nonsense": "{**data, 'value': 0, 'printed': [3, None]}, blobs",
    "refusal": "{'refused': 'no'}, []",
    "question": "{'ask': 'call', 'h': 1, 'value': {'t': 'list', 'v': []}}, []",
    "question_of_nothing": "{'ask': 'begin'}, []",
    "end": "{'ask': 'end'}, []",
    "many_bytes": "data, [b'x'] * 200_000",
    "connection_closed": "self.close() or data, blobs",
    "no_answer": "__import__('time').sleep(60) or data, blobs",
}
# What the kernel says when a test begins.
_BEGINNINGS = {
    "names_of_the_instructor": "{**data, 'names': ['assert_equal', 'close', 'np', 'about', 'time']}, blobs",
    "names_of_builtins": "{**data, 'names': ['all', 'isinstance', 'sum', 'range', 'double']}, blobs",
    "names_that_are_none": "{**data, 'names': [None, 3, ['x']]}, blobs",
    "no_names": "{**data, 'names': []}, blobs",
    "no_drift": "{**data, 'drift': []}, blobs",
    "drift_of_all": "{**data, 'drift': ['np', 'assert_equal', 'close', 'about']}, blobs",
    "no_beginning": "{}, []",
}
_TRUE_VALUES = (
    "np.ma.masked", "np.ma.array([6], mask=[True])", "np.array([])", "np.empty((0, 3))", "np.nan", "pd.NA", "pd.NaT",
    "pd.Series(dtype=float)", "pd.DataFrame()", "unittest.mock.ANY", "unittest.mock.sentinel.x", "NotImplemented",
    "...", "memoryview(b'')", "range(10**18)", "decimal.Decimal('1E999999')", "np.array(None, dtype=object)",
    "np.void(b'6')",
    "np.str_('6')", "type('I', (int,), {'__eq__': lambda *_: True, '__hash__': int.__hash__})(6)", "complex('nan')",
    "iter([6])", "(n for n in [6])", "lambda: 6", "print", "int", "re.compile('6')", "np.dtype('f8')", "np.random",
    "collections.UserList([6])", "types.SimpleNamespace(x=6)", "weakref.ref(double)", "open('attempt', 'w')",
    "np.array([6]).view(np.recarray)", "np.matrix([[6]])", "pd.Categorical([6])", "fractions.Fraction(0)",
)  # fmt: skip
_IMPORTS = """\
import collections, decimal, fractions, re, types, unittest.mock, weakref
import numpy as np
import pandas as pd
"""


def _messages(key: str, title: str, messages: dict[str, str]) -> list[Case]:
    return [
        Case(f"{key}_{name}", f"{title}: {name.replace('_', ' ')}.", _FORGER.format(key=key, message=message),
             leaves="attempt", won=0)
        for name, message in messages.items()
    ]  # fmt: skip


CASES = [
    *_messages("value", "Send the judge another result", _RESULTS),
    *_messages("drift", "Send the judge another beginning of a test", _BEGINNINGS),
    *(
        Case(f"result_{number}", f"Give back what may equal anything: {value}.", won=0,
             answer=f"{_IMPORTS}def double(x):\n    return {value}")
        for number, value in enumerate(_TRUE_VALUES)
    ),
]  # fmt: skip
