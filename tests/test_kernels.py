"""Warm kernels are like cold ones to whoever works in them, and nobody survives its master."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from traitlets.config import Config

from autograder.kernels.provisioner import WarmKernelManager, WarmKernels
from autograder.run import KERNEL_MANAGER, run_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
WARM = Config({"WarmProvisioner": {"modules": ["numpy", "no_such_module"]}})


def run(folder, *sources, config=WARM):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    assert run_notebook(nb, folder, config) == ""
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in nb.cells]


def test_grading_uses_warm_kernels():
    assert KERNEL_MANAGER is WarmKernelManager


def test_modules_are_there_already_and_the_rest_is_not(tmp_path):
    (shown,) = run(tmp_path, "import sys; print('numpy' in sys.modules, 'sqlite3.dump' in sys.modules, sys.argv[1:2])")
    assert shown == "True False ['-f']\n"


def test_two_notebooks_do_not_see_each_other(tmp_path):
    run(tmp_path, "import builtins, numpy; builtins.secret = numpy.secret = 42; import os; os.environ['SECRET'] = '42'")
    look = "print(hasattr(builtins, 'secret'), hasattr(numpy, 'secret'), 'SECRET' in os.environ)"
    (seen,) = run(tmp_path, f"import builtins, numpy, os\n{look}")
    assert seen == "False False False\n"


def test_every_kernel_has_a_folder_and_randomness_of_its_own(tmp_path):
    draw = "import os, random, numpy\nprint(os.getcwd(), random.random(), numpy.random.rand())"
    (tmp_path / "other").mkdir()
    (one,), (two,) = run(tmp_path, draw), run(tmp_path / "other", draw)
    assert one.split()[0] == str(tmp_path)
    assert two.split()[0] == str(tmp_path / "other")
    assert not set(one.split()[1:]) & set(two.split()[1:])


def test_subprocesses_files_and_magics_work(tmp_path):
    shown = run(
        tmp_path,
        "!echo from the shell",
        "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True))",
        "%matplotlib inline\nimport matplotlib\nprint(matplotlib.get_backend())",
    )
    assert shown[0].strip() == "from the shell"
    assert shown[1].strip() == "42"
    assert shown[2].strip() == "inline"


def test_temporary_folders_go_with_the_kernel(tmp_path):
    (shown,) = run(tmp_path, "import tempfile; folder = tempfile.TemporaryDirectory(); print(folder.name)")
    assert shown.strip()
    assert wait_until(lambda: not os.path.exists(shown.strip()))


def test_tensorflow_trains_in_a_forked_kernel(tmp_path):
    config = Config({"WarmProvisioner": {"modules": ["tensorflow", "keras"]}})
    (shown,) = run(
        tmp_path,
        "import keras, numpy as np\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.ones((8, 2)), np.ones(8), verbose=0)\n"
        "model.save('model.keras')\n"
        "print(keras.models.load_model('model.keras').predict(np.ones((3, 2)), verbose=0).shape)",
        config=config,
    )
    assert shown.splitlines()[-1] == "(3, 1)"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition) -> bool:
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_kernel_reports_its_end_and_stopping_ends_all(tmp_path):
    kernels = WarmKernels(())
    started = [kernels.start_kernel(str(tmp_path / "none.json"), str(tmp_path), dict(os.environ)) for _ in range(2)]
    started[0].kill()
    assert started[0].wait(timeout=10) == -signal.SIGKILL
    kernels.stop()
    assert wait_until(lambda: not any(alive(kernel.pid) for kernel in started))


def test_kernels_end_with_the_process_that_asked_for_them(tmp_path):
    code = (
        "import os, sys, time\n"
        "from autograder.kernels.provisioner import WarmKernels\n"
        "kernel = WarmKernels(()).start_kernel('none.json', os.getcwd(), dict(os.environ))\n"
        "print(kernel.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    master = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    pid = int(master.stdout.readline())
    master.kill()
    master.wait()
    assert wait_until(lambda: not alive(pid))
