"""Forgeries that reach for what decides."""

from tests.engine.forgeries.case import Case

_MEMORY = """import numpy as np
def write(address, value, kind='<u4'):
    place = {'data': (address, False), 'shape': (1,), 'typestr': kind, 'version': 3}
    np.asarray(type('Memory', (), {'__array_interface__': place})())[0] = value
"""

CASES = [
    Case("frame_walk", "Go up the frames to the one that runs the test and change what it finds.",
         answer="import sys\n\n\ndef double(x):\n    frame = sys._getframe()\n    while frame:\n"
         "        outcome = frame.f_locals.get('outcome')\n        if outcome: outcome.clear()\n"
         "        frame = frame.f_back\n    return 0", won=0),
    Case("frame_walk_by_traceback", "Go up the frames of a traceback.",
         answer="def double(x):\n    try:\n        1 / 0\n    except Exception as error:\n"
         "        frame = error.__traceback__.tb_frame\n    while frame:\n"
         "        for name, value in list(frame.f_locals.items()):\n"
         "            if name == 'steps': value.clear()\n"
         "        frame = frame.f_back\n    return 0", won=0),
    Case("gc_walk", "Look among all objects for what talks to the judge, and change what it says.",
         "import gc\n"
         "for thing in gc.get_objects():\n"
         "    if type(thing).__name__ in ('Answers', 'Link'):\n"
         "        for name in ('answer', '_give', '_describe'):\n"
         "            if hasattr(type(thing), name): setattr(type(thing), name, lambda *_: ({'value': True}, []))",
         won=0),
    Case("trace_from_the_answer", "Trace the frames that run the test.",
         answer="import sys\n\n\ndef trace(frame, event, arg):\n"
         "    frame.f_locals['outcome'] = None\n    return trace\n\n\n"
         "def double(x):\n    sys.settrace(trace)\n    frame = sys._getframe()\n    while frame:\n"
         "        frame.f_trace = trace\n        frame = frame.f_back\n    return 0", won=0),
    Case("all_channels", "Write that all went well to every open file.",
         answer="import json, os\n\n\ndef double(x):\n    open('attempt', 'w').close()\n"
         "    for number in range(3, 60):\n        try:\n"
         "            os.write(number, json.dumps({'token': '', 'nonce': '', 'error': None}).encode())\n"
         "        except OSError: pass\n    return 0", won=0),
    Case("read_the_channel", "Read orders from every socket in a thread.",
         "import os, socket, threading\n"
         "def read(number):\n"
         "    try:\n"
         "        channel = socket.socket(fileno=os.dup(number))\n"
         "        if channel.family == socket.AF_UNIX and channel.type == socket.SOCK_STREAM:\n"
         "            while True: print('READ', channel.recv(100000), flush=True)\n"
         "    except OSError: pass\n"
         "for number in range(3, 60):\n"
         "    threading.Thread(target=read, args=(number,), daemon=True).start()", won=0),
    Case("patched_answers", "Import the module that answers the judge, and patch it.",
         "from autograder.judge import answers, fingerprint\n"
         "answers.Answers._changed = lambda *_: {}\n"
         "fingerprint.fingerprint = answers.fingerprint = lambda value: ''", won=0),
    Case("comparison_in_memory", "Have whole numbers compare as the values of a class that equals everything.",
         _MEMORY + "class Equal:\n    def __eq__(self, other): return True\n    __hash__ = None\n"
         "where = 25 * 8  # tp_richcompare\n"
         "same = np.asarray(type('M', (), {'__array_interface__': {'data': (id(Equal) + where, False),\n"
         "    'shape': (1,), 'typestr': '<u8', 'version': 3}})())\n"
         "int_equals = int(same[0])",
         answer="def double(x):\n    write(id(int) + where, int_equals, '<u8')\n    return 0", won=0),
    Case("closed_sockets", "Close all sockets, so that nobody is told how a test ends.",
         "import os, socket\n"
         "for number in range(3, 200):\n"
         "    try: socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_RDWR)\n"
         "    except OSError: continue", reached="the kernel (died|answered with nonsense|was ended)", won=0),
]  # fmt: skip
