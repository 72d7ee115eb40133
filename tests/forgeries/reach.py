"""Forgeries that reach for what decides."""

from tests.forgeries.case import Case

TOLD = "It is refused while a test runs, and told."

DAMAGED = "No test is decided once Python's own numbers or types are damaged, and that is told."
_MEMORY = """import numpy as np
def write(address, value, kind='<u4'):
    place = {'data': (address, False), 'shape': (1,), 'typestr': kind, 'version': 3}
    np.asarray(type('Memory', (), {'__array_interface__': place})())[0] = value
"""

CASES = [
    Case("frame_walk", "Go up the frames to the one that runs the test and change what it finds.", TOLD,
         answer="import sys\n\n\ndef double(x):\n    frame = sys._getframe()\n    while frame:\n"
         "        outcome = frame.f_locals.get('outcome')\n        if outcome: outcome.clear()\n"
         "        frame = frame.f_back\n    return 0", won=0),
    Case("frame_walk_by_traceback", "Go up the frames of a traceback.", TOLD,
         answer="def double(x):\n    try:\n        1 / 0\n    except Exception as error:\n"
         "        frame = error.__traceback__.tb_frame\n    while frame:\n"
         "        for name, value in list(frame.f_locals.items()):\n"
         "            if name == 'steps': value.clear()\n"
         "        frame = frame.f_back\n    return 0", won=0),
    Case("gc_walk", "Look among all objects for what decides and switch it off.", TOLD,
         "import gc\n"
         "for thing in gc.get_objects():\n"
         "    if type(thing).__name__ in ('Guard', 'Seal', 'Pristine'):\n"
         "        for name in ('check', 'pass_on', '_conclude', '_describe', 'changes'):\n"
         "            if hasattr(type(thing), name): setattr(type(thing), name, lambda self, value=None, *a: value)",
         note="among all objects", won=0),
    Case("trace_from_the_answer", "Trace the frames that run the test.", TOLD,
         answer="import sys\n\n\ndef trace(frame, event, arg):\n"
         "    frame.f_locals['outcome'] = None\n    return trace\n\n\n"
         "def double(x):\n    sys.settrace(trace)\n    frame = sys._getframe()\n    while frame:\n"
         "        frame.f_trace = trace\n        frame = frame.f_back\n    return 0", won=0),
    Case("all_channels", "Write that all went well to every open file.",
         "What has not the cell's secret does not count.",
         answer="import json, os\n\n\ndef double(x):\n"
         "    for number in range(3, 60):\n        try:\n"
         "            os.write(number, json.dumps({'token': '', 'nonce': '', 'error': None}).encode())\n"
         "        except OSError: pass\n    return 0", won=0),
    Case("read_the_channel", "Read orders from every socket in a thread.", "What is not answered wins nothing.",
         "import socket, threading\n"
         "def read(number):\n"
         "    try:\n"
         "        channel = socket.socket(fileno=number)\n"
         "        if channel.family == socket.AF_UNIX and channel.type == socket.SOCK_SEQPACKET:\n"
         "            while True: print(channel.recv(100000), flush=True)\n"
         "    except OSError: pass\n"
         "for number in range(3, 60):\n"
         "    threading.Thread(target=read, args=(number,), daemon=True).start()", won=0),
    Case("imported_seal", "Import the module that seals and patch it.", "What runs is not what can be imported.",
         "try:\n    from autograder.kernels import fair, seal\n"
         "    fair.Guard.check = lambda self, value, use: value\n"
         "    seal.Seal._conclude = lambda *args: None\nexcept ImportError: pass", won=0),
    Case("comparison_in_memory", "Have whole numbers compare as the values of a class that equals everything.", DAMAGED,
         _MEMORY + "class Equal:\n    def __eq__(self, other): return True\n    __hash__ = None\n"
         "where = 25 * 8  # tp_richcompare\n"
         "same = np.asarray(type('M', (), {'__array_interface__': {'data': (id(Equal) + where, False),\n"
         "    'shape': (1,), 'typestr': '<u8', 'version': 3}})())\n"
         "int_equals = int(same[0])",
         answer="def double(x):\n    write(id(int) + where, int_equals, '<u8')\n    return 0",
         note="changed the type int in memory", won=0),
    Case("silent_seal", "Stop the process from telling how a test ends.", "What is not told wins nothing.",
         "import os\nos.closerange(3, 200)", won=0),
]  # fmt: skip
