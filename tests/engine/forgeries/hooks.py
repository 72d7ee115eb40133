"""Forgeries that have the kernel itself lie."""

from tests.engine.forgeries.case import Case

FORGED = "{'data': {'text/plain': '2.0'}, 'metadata': {}, 'execution_count': 1}"
SEND = f"ip.kernel.session.send(ip.kernel.iopub_socket, 'execute_result', {FORGED}, parent=ip.kernel.get_parent())"

CASES = [
    Case(
        "pre_run_cell_result",
        "Show a result of two points before each cell.",
        f"ip = get_ipython()\nip.events.register('pre_run_cell', lambda info: {SEND})",
    ),
    Case(
        "post_run_cell_clear",
        "Clear the output after each cell and show a result instead.",
        "from IPython.display import clear_output\n"
        "ip = get_ipython()\n"
        "def forge(*_):\n"
        "    clear_output()\n"
        f"    {SEND}\n"
        "ip.events.register('post_run_cell', forge)",
        reached='"text/plain": "2.0"',
    ),
    Case(
        "ast_transformer",
        "Take every assertion out of the cells.",
        "import ast\n"
        "class NoAsserts(ast.NodeTransformer):\n"
        "    def visit_Module(self, node):\n"
        "        node.body = []\n"
        "        return node\n"
        "get_ipython().ast_transformers.append(NoAsserts())",
    ),
    Case(
        "input_transformer",
        "Take every line out of the cells.",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    ),
    Case(
        "patched_transform_cell",
        "Replace the method that reads a cell.",
        "from IPython.core.inputtransformer2 import TransformerManager\n"
        "TransformerManager.transform_cell = lambda self, cell: 'pass'",
    ),
    Case(
        "patched_run_cell",
        "Replace the shell's run_cell by one that runs nothing.",
        "ip = get_ipython()\n"
        "run = ip.run_cell\n"
        "ip.run_cell = lambda code, **settings: run('pass' if 'assert' in code or '/ 2' in code else code, **settings)",
    ),
    Case(
        "patched_do_execute",
        "Replace the kernel's do_execute.",
        "kernel = get_ipython().kernel\n"
        "do_execute = type(kernel).do_execute\n"
        "async def forge(self, code, *args, **kwargs):\n"
        "    return await do_execute(self, 'pass', *args, **kwargs)\n"
        "type(kernel).do_execute = forge",
    ),
    Case(
        "patched_handler",
        "Replace the kernel's handler of requests to execute.",
        "kernel = get_ipython().kernel\n"
        "handle = kernel.shell_handlers['execute_request']\n"
        "def forge(stream, ident, parent):\n"
        "    parent['content']['code'] = 'pass'\n"
        "    return handle(stream, ident, parent)\n"
        "kernel.shell_handlers['execute_request'] = forge",
    ),
    Case(
        "patched_showtraceback",
        "Show no errors.",
        "ip = get_ipython()\n"
        "ip.showtraceback = lambda *args, **settings: None\n"
        "ip._showtraceback = lambda *args, **settings: None",
        won=0,
    ),
    Case(
        "custom_exceptions",
        "Have a handler of its own for exceptions.",
        "get_ipython().set_custom_exc((Exception,), lambda *args, **settings: None)",
        won=0,
    ),
    Case(
        "patched_displayhook",
        "Show two points whatever the result is.",
        "import sys\n"
        "ip = get_ipython()\n"
        "kind = type(ip.displayhook)\n"
        "show = kind.__call__\n"
        "kind.__call__ = lambda self, result=None: show(self, 2.0)",
        won=2,
    ),
    Case(
        "formatter_of_numbers",
        "Have every number shown as two points.",
        "plain = get_ipython().display_formatter.formatters['text/plain']\n"
        "for kind in (int, float): plain.for_type(kind, lambda value, printer, cycle: printer.text('2.0'))\n"
        "try:\n"
        "    import numpy\n"
        "    plain.for_type(numpy.float64, lambda value, printer, cycle: printer.text('2.0'))\n"
        "except ImportError: pass",
        won=2,
    ),
    Case(
        "published_result",
        "Publish a result of two points from within the answer.",
        answer=f"def double(x):\n    ip = get_ipython()\n    {SEND}\n    return 0",
    ),
    Case(
        "patched_publish",
        "Turn every display into a result.",
        "ip = get_ipython()\n"
        "session = ip.kernel.session\n"
        "send = session.send\n"
        "def forge(stream, kind, content=None, *args, **settings):\n"
        "    if kind == 'error':\n"
        f"        kind, content = 'execute_result', {FORGED}\n"
        "    return send(stream, kind, content, *args, **settings)\n"
        "session.send = forge",
        won=4,
    ),
    Case(
        "excepthook",
        "Have an excepthook that swallows errors.",
        "import sys\nsys.excepthook = lambda *args: None",
        won=0,
    ),
    Case(
        "trace_function",
        "Change what the answer gives from a trace function.",
        "import sys\ndef trace(frame, event, arg):\n    return trace\nsys.settrace(trace)",
        won=0,
    ),
]
