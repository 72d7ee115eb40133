"""A kernel that grades shows what a kernel of Jupyter's shows, which nbclient runs over ZeroMQ's sockets."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from traitlets.config import Config

from autograder.execution.cells import CellsExecute, ForkExecute, JupyterExecute

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

NOTEBOOKS = {
    "results": [
        "1 + 1",
        "x = 5\nx",
        "'a'; 'b'",
        "None",
        "_",
        "__, _1, Out[1], In[1]",
        "x = 1;",
        "x + 1;",
        "",
        "# only a comment",
        "def f():\n    'doc'\nf?",
        "get_ipython().execution_count",
    ],
    "streams": [
        "print('one')\nprint('two', end='')",
        "import sys\nprint('e', file=sys.stderr)\nprint('o')\n3",
        "sys.stdout.write('no end')",
        "sys.stdout.flush()\nprint(sys.stdout.isatty(), sys.stdout.encoding)",
        "import logging\nlogging.warning('w')",
        "import warnings\nwarnings.warn('careful')",
        "print('a\\rb')",
        "print('\\x1b[31mred\\x1b[0m')",
        "print('x' * 10**5)",
    ],
    "programs": [
        "import subprocess\nsubprocess.run(['echo', 'from a program']);",
        "!echo from the shell; sleep 0.5",
        "import os, time\nos.system('echo from system'); time.sleep(0.5);",
        "os.write(1, b'from a descriptor\\n'); time.sleep(0.5);",
        "out = !echo kept\nout",
        "%%bash\necho from bash\necho wrong >&2",
        "%%script python3 -\nprint('script')",
        "subprocess.run('echo wrong >&2', shell=True);",
    ],
    "children": [
        "import multiprocessing, os\ncontext = multiprocessing.get_context('fork')",
        "def work():\n    print('child', flush=True)\n"
        "p = context.Process(target=work); p.start(); p.join(); p.exitcode",
        "if os.fork() == 0:\n    print('forked')\n    os._exit(0)\nos.wait()[1]",
        "print('parent')",
        "with context.Pool(1) as pool: squares = pool.map(abs, [-1, -2])\nsquares",
    ],
    "errors": [
        "1 / 0",
        "assert 1 == 2, 'not equal'",
        "raise ValueError('é' * 3)",
        "def f(:\n    pass",
        "undefined",
        "import no_such_module",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e",
        "%no_such_magic",
        "raise SystemExit",
        "import sys; sys.exit(3)",
        "raise KeyboardInterrupt",
        "int('x')",
        "print('goes on')",
        "input()",
        "import getpass\ngetpass.getpass()",
        "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
    ],
    "displays": [
        "from IPython.display import HTML, Markdown, clear_output, display, update_display, Image, SVG, JSON",
        "display(1, 'two', [3])",
        "HTML('<b>bold</b>')",
        "display(Markdown('*m*'), metadata={'a': 1})",
        "handle = display('first', display_id=True)\nhandle.update('second')",
        "handle.update('third')",
        "update_display('fourth', display_id=handle.display_id)\n0",
        "print('gone')\nclear_output()\nprint('stays')",
        "print('gone')\nclear_output(wait=True)\nprint('later')",
        "Image(data=b'\\x89PNG\\r\\n', format='png')",
        "JSON({'k': [1, 2]})",
        "SVG('<svg></svg>')",
        "class R:\n    def _repr_html_(self): return '<i>r</i>'\n    def __repr__(self): return 'r'\nR()",
        "class B:\n    def __repr__(self): raise ValueError('bad')\nB()",
    ],
    "figures": [
        "import matplotlib.pyplot as plt",
        "plt.plot([1, 2])\nplt.title('t');",
        "plt.plot([2, 1])\nplt.show()\n7",
        "%matplotlib inline\nplt.bar([1], [2])",
        "fig, ax = plt.subplots()\nplt.close(fig)\nlen(plt.get_fignums())",
    ],
    "async": [
        "import asyncio\nawait asyncio.sleep(0.01)\n4",
        "async def late():\n    await asyncio.sleep(0.01)\n    return 5",
        "await late()",
        "task = asyncio.create_task(late())\ntask.done()",
        "await task",
        "async for i in (j async for j in __import__('builtins').aiter([])): pass",
        "asyncio.run(late())",
        "loop = asyncio.get_running_loop()\nloop.is_running()",
        "await asyncio.gather(late(), late())",
        "raise_later = asyncio.create_task(asyncio.sleep(0))\nawait raise_later\nraise ValueError('async')",
    ],
    "state": [
        "import contextvars\nvar = contextvars.ContextVar('v', default=0)\nvar.set(1).var is var",
        "var.get()",
        "import threading, time\nthreading.Thread(target=print, args=('from a thread',)).start()\ntime.sleep(0.3)",
        "__name__, __doc__, __builtins__ is not None",
        "import sys\nsys.modules['__main__'].__dict__ is globals()",
        "sorted(n for n in dir() if not n.startswith('_'))",
        "import os\n%cd -q /\nos.getcwd()",
        "%cd -q -\n_dh[0] == os.getcwd()",
        "type(get_ipython()).__name__, 'IPKernelApp' in get_ipython().config, get_ipython().kernel is not None",
        "%history -n -l 3",
        "%who_ls",
        "%reset -f",
        "sorted(n for n in dir() if not n.startswith('_'))",
    ],
    "magics": [
        "%%capture out\nprint('hidden')",
        "out.stdout",
        "%time 1",
        "%%time\nx = 2",
        "%env NBGRADER_EXECUTION",
        "%pwd\n0",
        "%%writefile made.py\nmade = 1\nprint('ran')",
        "%run made.py",
        "made",
        "import made",
        "%load_ext autoreload\n%autoreload 2",
        "x = 3\n%store x\n%store -r x\nx",
        "%%html\n<p>p</p>",
        "%%javascript\n1",
        "%precision 2\n3.14159",
        "%xmode Plain\n1/0",
        "%config InlineBackend.figure_format",
        "%lsmagic\n0",
        "%pinfo print",
        "%alias_magic t time",
        "%rerun 1",
    ],
    "widgets": [
        "import ipywidgets as widgets\nout = widgets.Output()\nout",
        "with out: print('inside')",
        "with out: raise ValueError('inside')",
        "out.append_stdout('more')",
        "[o['output_type'] for o in out.outputs]",
        "slider = widgets.IntSlider(3)\nslider",
        "slider.value = 5\nslider.value",
        "out.clear_output()\nout.outputs",
    ],
    "comms": [
        "from comm import create_comm\nc = create_comm(target_name='t', data={'state': {'a': 1}})\nlen(c.comm_id)",
        "c.send({'method': 'update', 'state': {'a': 2}}, buffers=[b'12'])",
        "c.close()",
        "print('after')",
    ],
}


def run(execute: CellsExecute, folder: Path, cells: list[str]) -> list[object]:
    """Return what a notebook of these cells holds afterwards, without what differs from run to run."""
    folder.mkdir()
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    execute.preprocess(nb, {"metadata": {"path": str(folder)}})
    assert not execute.stopped
    return [(cell.source, cell.execution_count, *_outputs(cell, folder)) for cell in nb.cells] + [
        re.sub(r"[0-9a-f]{32}", "ID", str(nb.metadata))
    ]


def _outputs(cell: nbformat.NotebookNode, folder: Path) -> list[object]:
    """Return the outputs of a cell; how a stream is cut into pieces depends on the time."""
    joined: list[dict[str, object]] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
            joined[-1]["text"] += output.text
        else:
            joined.append(dict(output))
    texts = [str(output) for output in joined]
    for pattern, same in _CHANGING:
        texts = [re.sub(pattern, same, text.replace(str(folder), "FOLDER")) for text in texts]
    return texts


_CHANGING = [
    (r"ipykernel_\d+", "ipykernel_N"),
    (r"0x[0-9a-f]+", "0xN"),
    (r"pid=\d+", "pid=N"),
    (r"[0-9a-f]{32}", "ID"),
    (r"[\d.e+]+ (.?s|min)\b", "TIME"),
    (r"\[Process[^\]]*\]|ForkPoolWorker-\d+", "PROCESS"),
    (r"[\w.]{0,50}(GradingKernel|IPythonKernel)", "KERNEL"),
]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_shows_the_same(name, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel would not capture what programs print
    if name == "widgets":
        pytest.importorskip("ipywidgets")
    config = Config({"Execute": {"timeout": 60}, "ForkProvisioner": {"sandbox": "none"}})
    spec = KernelSpecManager().get_kernel_spec("python3")
    expected = run(JupyterExecute(config), tmp_path / "jupyter", NOTEBOOKS[name])
    found = run(ForkExecute(config, spec, None), tmp_path / "fork", NOTEBOOKS[name])
    assert found == expected
