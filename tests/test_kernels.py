"""Warm kernels are like cold ones to whoever works in them, and nobody survives its master."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from traitlets.config import Config

from autograder.kernels.limits import Limits
from autograder.kernels.pool import WarmKernels
from autograder.kernels.provisioner import WarmKernelManager
from autograder.kernels.room import call_with_room
from autograder.run import KERNEL_MANAGER, run_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
MODULES = ["numpy", "no_such_module"]


@pytest.fixture(params=["none", "bubblewrap"])
def run(request, tmp_path):
    """Run cells in a kernel that works in a folder, and return what they print; with and without a sandbox."""

    def run(*sources, folder=tmp_path, modules=MODULES):
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        config = Config({"WarmProvisioner": {"modules": modules, "sandbox": request.param}})
        assert run_notebook(nb, folder, config).stopped == ""
        return ["".join(output.get("text", "") for output in cell.outputs) for cell in nb.cells]

    return run


def test_grading_uses_warm_kernels():
    assert KERNEL_MANAGER is WarmKernelManager


def test_modules_are_there_already_and_the_rest_is_not(run):
    (shown,) = run("import sys; print('numpy' in sys.modules, 'sqlite3.dump' in sys.modules, sys.argv[1:2])")
    assert shown == "True False ['-f']\n"


def test_two_notebooks_do_not_see_each_other(run):
    run("import builtins, numpy; builtins.secret = numpy.secret = 42; import os; os.environ['SECRET'] = '42'")
    (seen,) = run(
        "import builtins, numpy, os\n"
        "print(hasattr(builtins, 'secret'), hasattr(numpy, 'secret'), 'SECRET' in os.environ)"
    )
    assert seen == "False False False\n"


def test_every_kernel_has_a_folder_and_randomness_of_its_own(run, tmp_path):
    draw = "import os, random, numpy\nprint(os.getcwd(), random.random(), numpy.random.rand())"
    (tmp_path / "other").mkdir()
    (one,), (two,) = run(draw), run(draw, folder=tmp_path / "other")
    assert one.split()[0] == str(tmp_path)
    assert two.split()[0] == str(tmp_path / "other")
    assert not set(one.split()[1:]) & set(two.split()[1:])


def test_subprocesses_files_and_magics_work(run):
    shown = run(
        "!echo from the shell",
        "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True))",
        "%matplotlib inline\nimport matplotlib\nprint(matplotlib.get_backend())",
        "%%writefile seven.py\nseven = 7",
        "import seven\nprint(seven.seven)",
        "%%bash\necho $((6 * 7))",
    )
    assert [text.strip() for text in shown] == ["from the shell", "42", "inline", "Writing seven.py", "7", "42"]


def test_process_pools_threads_and_shared_memory_work(run):
    shown = run(
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "for pool in (ProcessPoolExecutor, ThreadPoolExecutor):\n"
        "    with pool(2) as workers:\n"
        "        print(list(workers.map(abs, [-1, -2])))",
        "from multiprocessing import shared_memory\n"
        "block = shared_memory.SharedMemory(create=True, size=10); block.buf[0] = 7; print(block.buf[0])\n"
        "block.close(); block.unlink()",
    )
    assert shown == ["[1, 2]\n[1, 2]\n", "7\n"]


def test_temporary_folders_go_with_the_kernel(run):
    (shown,) = run("import tempfile; folder = tempfile.TemporaryDirectory(); print(folder.name)")
    assert shown.strip()
    assert wait_until(lambda: not os.path.exists(shown.strip()))


def test_files_are_there_and_come_back(run, tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "table.csv").write_text("a,b")
    (tmp_path / "old.txt").write_text("old")
    run(
        "text = open('data/deep/table.csv').read()\nassert text == 'a,b'",
        "import os\nos.makedirs('made/here')\nopen('made/here/new.bin', 'wb').write(bytes(3))\n"
        "open('old.txt', 'w').write('new')",
    )
    assert (tmp_path / "made" / "here" / "new.bin").read_bytes() == bytes(3)
    assert (tmp_path / "old.txt").read_text() == "new"
    assert (tmp_path / "data" / "deep" / "table.csv").read_text() == "a,b"


def test_tensorflow_trains_in_a_forked_kernel(run):
    (shown,) = run(
        "import keras, numpy as np\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.ones((8, 2)), np.ones(8), verbose=0)\n"
        "model.save('model.keras')\n"
        "print(keras.models.load_model('model.keras').predict(np.ones((3, 2)), verbose=0).shape)",
        modules=["tensorflow", "keras"],
    )
    assert shown.splitlines()[-1] == "(3, 1)"


@pytest.mark.parametrize("kernel", ["warm", "sandbox"])
def test_any_jupyter_client_can_have_a_warm_kernel_by_its_name(kernel):
    manager, client = start_new_kernel(kernel_name=f"python3-{kernel}")
    try:
        reply = client.execute_interactive("import os; os.write(1, b'')", timeout=30)
        assert reply["content"]["status"] == "ok"
        manager.restart_kernel()
        client.wait_for_ready(timeout=30)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert not manager.is_alive()


def test_warm_process_starts_in_the_background_and_what_fails_there_is_told_later(tmp_path):
    kernels = WarmKernels((), boxed=False)
    kernels.warm_up({"PYTHONHOME": "/nowhere"})  # no Python starts with that
    with pytest.raises(RuntimeError, match="did not start"):
        kernels.start_kernel(order(tmp_path, "one") | {"env": {"PYTHONHOME": "/nowhere"}})
    kernels.warm_up(dict(os.environ))
    kernel = kernels.start_kernel(order(tmp_path, "two"))
    assert kernel.poll() is None
    kernels.stop()


def test_calls_have_room_for_their_frames():
    def dive(depth):
        return dive(depth - 1) if depth else 0

    def work():
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        for depth in range(100, 300):
            for _ in range(20):
                dive(depth)
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

    def in_a_thread(function, *args):  # whose frames begin in a chunk of their own
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(function, *args).result()

    assert 10 * in_a_thread(call_with_room, work) < in_a_thread(work)


def wait_until(condition) -> bool:
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.05)
    return False


def order(folder, name) -> dict:
    env, limits = dict(os.environ), Limits().as_dict()
    return {"argv": ["-f", f"{name}.json"], "cwd": str(folder), "env": env, "limits": limits, "ports": []}


def test_kernel_reports_its_end_and_stopping_ends_all(tmp_path):
    kernels = WarmKernels((), boxed=False)
    before = set(psutil.Process().children(recursive=True))
    started = [kernels.start_kernel(order(tmp_path, name)) for name in ("one", "two")]
    started[0].kill()
    assert started[0].wait(timeout=10) == -signal.SIGKILL
    kernels.stop()
    assert started[1].wait(timeout=10) == -signal.SIGKILL
    assert wait_until(lambda: set(psutil.Process().children(recursive=True)) <= before)


@pytest.mark.parametrize("sandbox", ["none", "bubblewrap"])
def test_kernels_end_with_the_process_that_asked_for_them(tmp_path, sandbox):
    (tmp_path / "master.py").write_text(
        "import sys, nbformat\n"
        "from pathlib import Path\n"
        "from traitlets.config import Config\n"
        "from autograder.run import run_notebook\n"
        'cell = nbformat.v4.new_code_cell(\'import subprocess; subprocess.run(["sleep", "98765.4321"])\')\n'
        f"config = Config({{'WarmProvisioner': {{'sandbox': '{sandbox}'}}}})\n"
        "run_notebook(nbformat.v4.new_notebook(cells=[cell]), Path(sys.argv[1]), config)\n"
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    master = subprocess.Popen([sys.executable, tmp_path / "master.py", tmp_path / "folder"], env=env)

    def sleepers():
        return [p for p in psutil.process_iter(["cmdline"]) if "98765.4321" in (p.info["cmdline"] or [])]

    assert wait_until(sleepers)
    assert not list((tmp_path / "tmp").iterdir())
    master.kill()
    master.wait()
    assert wait_until(lambda: not sleepers())
