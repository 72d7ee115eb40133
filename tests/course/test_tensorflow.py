"""TensorFlow works in kernels that are forked from a process which has imported it."""

from __future__ import annotations

import sys

import nbformat
import pytest
from traitlets.config import Config

from autograder import run_notebook
from autograder.course.notebooks import KERNELSPEC

CODE = """
import keras, numpy as np
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile('sgd', 'mse')
model.fit(np.ones((8, 2)), np.ones(8), verbose=0)
model.save('model.keras')
print(keras.models.load_model('model.keras').predict(np.ones((3, 2)), verbose=0).shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
@pytest.mark.parametrize("sandbox", ["none", "bubblewrap", "landlock"])
def test_tensorflow_trains_in_a_forked_kernel(tmp_path, sandbox):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata={"kernelspec": KERNELSPEC})
    config = Config({"ForkProvisioner": {"modules": ["tensorflow", "keras"], "sandbox": sandbox}})
    assert run_notebook(nb, tmp_path, config).stopped == ""
    assert nb.cells[0].outputs[-1].text.splitlines()[-1] == "(3, 1)"
