"""Forgeries that change what a test's words mean."""

from tests.engine.forgeries.case import Case

CASES = [
    Case("redefined_checker", "Bind assert_equal and the other names of the test to something friendly.",
         "class about:\n"
         "    def __enter__(self): pass\n"
         "    def __exit__(self, *args): return True\n"
         "assert_equal = lambda *args, **settings: None\n"
         "close = lambda *args: True", won=2),
    Case("redefined_numpy", "Bind np to an object whose every function is true.",
         "class np:\n    allclose = staticmethod(lambda *args: True)\n"
         "assert_equal = close = lambda *args: True", won=2),
    Case("shadowed_builtins", "Define abs, all, isinstance and sum in the notebook.",
         "abs = lambda x: 0\nall = lambda x: True\nisinstance = lambda *args: True\nsum = lambda x: 4", won=2),
    Case("patched_builtins", "Replace abs, all, isinstance and sum among the builtins.",
         "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.all = lambda x: True\nbuiltins.sum = lambda x: 4",
         won=2),
    Case("replaced_builtins", "Give the notebook builtins of its own.",
         "import builtins\nown = dict(vars(builtins))\nown['abs'] = lambda x: 0\nown['sum'] = lambda x: 4\n"
         "__builtins__ = own", won=0),
    Case("patched_assertion_error", "Replace AssertionError by a class that nothing raises.",
         "import builtins\nclass Quiet(BaseException): pass\nbuiltins.AssertionError = Quiet", won=0),
    Case("patched_checker", "Replace the checkers of numpy.testing.",
         "import numpy.testing\nnumpy.testing.assert_equal = print\n"
         "assert_equal.__code__ = (lambda *a, **k: None).__code__\n"
         "np.allclose = lambda *args: True\nclose = lambda *args: True", won=2),
    Case("patched_numpy", "Replace numpy's allclose by any that is true.",
         "np.allclose = np.array_equal = lambda *args, **settings: True", won=0),
    Case("patched_time", "Let the clock stand still.",
         "import time\ntime.perf_counter = time.time = lambda: 0.0", won=0),
    Case("patched_exit_of_about", "Have the context manager swallow errors.",
         "about.__exit__ = lambda self, *args: True", won=2),
    Case("patched_while_the_test_runs", "Replace builtins from within the answer.",
         answer="import builtins\n\n\ndef double(x):\n    builtins.all = lambda x: True\n"
         "    return {0: 0, 3: 6}.get(x, 1)", fair=0.5, won=2.5),
    Case("patched_in_a_thread", "Keep replacing builtins from a thread.",
         "import builtins, threading, time\n"
         "def keep():\n"
         "    while True:\n"
         "        builtins.abs = lambda x: 0\n"
         "        builtins.all = lambda x: True\n"
         "        time.sleep(0.0001)\n"
         "threading.Thread(target=keep, daemon=True).start()", won=0),
    Case("namespace_of_its_own", "Run the notebook in a dict that finds better values.",
         "class Names(dict):\n    def __getitem__(self, name):\n"
         "        return (lambda x: 2 * x) if name == 'double' else dict.__getitem__(self, name)\n"
         "ip = get_ipython()\nip.user_ns = Names(ip.user_ns)", won=0),
]  # fmt: skip
