"""Which modules are imported once for a class, and that no notebook can tell."""

from __future__ import annotations

import nbformat
import pytest
from traitlets.config import Config

from autograder.course import notebooks
from autograder.course.modules import imported_modules, needs_own_imports, with_modules
from tests.engine.kernel_support import run_cells
from tests.engine.plain_course import ASSIGNMENT, make_class
from tests.support import run_autograder

PLAIN = "import pandas as pd\nfrom matplotlib import pyplot as plt\nimport os, math"


def make(root, *cells, hidden="", files=()):
    for name, sources in (("release", cells), ("source", [*cells, hidden])):
        folder = root / name / "ps1"
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebooks.write(nb, folder / "p.ipynb")
        for file in files:
            (folder / file).touch()
    return imported_modules(root, Config(), "ps1")


def test_what_the_released_cells_import_is_imported(tmp_path):
    found = make(tmp_path, PLAIN, "%matplotlib inline\n!ls\nimport numpy.testing as nt", "this is = no Python")
    assert found == ["matplotlib", "matplotlib.pyplot", "numpy.testing", "pandas"]


@pytest.mark.parametrize(
    "cell",
    ["import os, json, this", "import no_such_module_here", "from . import pandas", "def f():\n    import pandas",
     "try:\n    import pandas\nexcept ImportError:\n    pass", "from tests import support", "import autograder"],
)  # fmt: skip
def test_what_a_notebook_could_tell_or_need_not_import_is_left_out(tmp_path, cell):
    assert make(tmp_path, cell) == []


def test_a_name_of_a_module_that_is_no_module_itself_is_left_out(tmp_path):
    assert make(tmp_path, "from numpy import array\nfrom numpy import *") == ["numpy"]


@pytest.mark.parametrize("file", ["pandas.py", "matplotlibrc"])
def test_a_file_beside_the_notebook_that_the_import_would_find_is_found(tmp_path, file):
    left_out = "pandas" if file == "pandas.py" else "matplotlib"
    found = make(tmp_path, PLAIN, files=[file])
    assert found
    assert not any(name.startswith(left_out) for name in found)


@pytest.mark.parametrize(
    "text",
    ["os.environ['KERAS_BACKEND'] = 'jax'", "%env PANDAS=1", "import sys; sys.path.append('lib')",
     "assert 'pandas' not in sys.modules", "importlib.reload(pandas)", "from sys import modules", "os.chdir('data')",
     "%cd data"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["released", "hidden"])
def test_nothing_is_imported_for_an_assignment_that_changes_imports(tmp_path, text, where):
    assert make(tmp_path, PLAIN, *[text] * (where == "released"), hidden=text) == []


FILTER = "import warnings\nwarnings.filterwarnings('error')"


def test_nothing_is_imported_if_something_is_set_before_that_an_import_adds_to(tmp_path):
    """NumPy and others put their own filter of warnings in front when they are imported."""
    assert make(tmp_path / "before", f"{FILTER}\nimport numpy") == []
    assert make(tmp_path / "apart", FILTER, "import numpy") == []
    assert make(tmp_path / "logging", "logging.basicConfig(level='DEBUG')", "import numpy") == []
    assert make(tmp_path / "after", "import numpy", FILTER, "import os") == ["numpy"]


def test_a_script_of_the_assignment_is_looked_at_as_well(tmp_path):
    (tmp_path / "source" / "ps1").mkdir(parents=True)
    (tmp_path / "source" / "ps1" / "helper.py").write_text("import os\nos.environ['A'] = 'b'\n")
    assert make(tmp_path, "import helper", PLAIN) == []


def test_the_imports_of_hidden_tests_and_solutions_are_no_part_of_it(tmp_path):
    assert make(tmp_path, PLAIN, hidden="import networkx") == make(tmp_path, PLAIN)


def test_settings_win(tmp_path):
    make(tmp_path, PLAIN)
    assert with_modules(tmp_path, Config(), "ps1").ForkProvisioner.modules[-1] == "pandas"
    assert with_modules(tmp_path, Config()).ForkProvisioner.modules[-1] == "pandas"
    for chosen in ([], ["numpy"]):
        config = Config({"ForkProvisioner": {"modules": chosen}})
        assert with_modules(tmp_path, config, "ps1").ForkProvisioner.modules == chosen


def test_a_course_that_was_not_released_or_cannot_be_read_has_no_modules(tmp_path):
    assert with_modules(tmp_path, Config()).ForkProvisioner.modules == []
    assert imported_modules(tmp_path, Config(), "ps1") == []
    (tmp_path / "release" / "ps1").mkdir(parents=True)
    (tmp_path / "release" / "ps1" / "p.ipynb").write_text("[1", encoding="utf-8")
    assert imported_modules(tmp_path, Config(), "ps1") == []


LOOK = "import sys; print('numpy' in sys.modules)"


def test_a_module_that_starts_a_thread_is_left_to_the_notebooks(tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "module_with_a_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    (tmp_path / "work").mkdir()
    settings = {"sandbox": "none", "modules": ["module_with_a_thread", "numpy"]}
    look = f"{LOOK}; print('module_with_a_thread' in sys.modules)"
    stopped, (seen, imported) = run_cells(
        tmp_path / "work", look, "import module_with_a_thread; print('ran')", ForkProvisioner=settings
    )
    assert (stopped, seen, imported) == ("", "True\nFalse\n", "ran\n")


def test_a_students_file_of_the_same_name_is_imported(tmp_path):
    (tmp_path / "numpy.py").write_text("mine = 1\n")
    settings = {"sandbox": "none", "modules": ["numpy"]}
    _, (seen, mine) = run_cells(tmp_path, LOOK, "import numpy; print(numpy.mine)", ForkProvisioner=settings)
    assert (seen, mine) == ("False\n", "1\n")


@pytest.mark.parametrize(
    ("file", "text"),
    [("helper.py", "import os\nos.environ['A'] = 'b'"), ("matplotlibrc", ""), ("p.ipynb", "os.environ['A'] = 'b'"),
     ("p.ipynb", f"{FILTER}\nimport matplotlib")],
)  # fmt: skip
def test_a_notebook_that_may_notice_imports_modules_itself(tmp_path, file, text):
    if file.endswith(".ipynb"):
        notebooks.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id="x")]), tmp_path / file)
    else:
        (tmp_path / file).write_text(text)
    settings = {"sandbox": "none", "modules": ["matplotlib"], "careful": True}
    look = "import sys; print('matplotlib' in sys.modules)"
    assert run_cells(tmp_path, look, ForkProvisioner=settings)[1] == ["False\n"]
    assert run_cells(tmp_path, look, ForkProvisioner={**settings, "careful": False})[1] == ["True\n"]
    (tmp_path / file).unlink()
    assert run_cells(tmp_path, look, ForkProvisioner=settings)[1] == ["True\n"]


def test_a_submission_of_many_or_large_files_is_not_searched(tmp_path):
    assert not needs_own_imports(tmp_path, ["numpy"], careful=True)
    (tmp_path / "large.py").write_bytes(b"#" * 10_000_001)
    assert needs_own_imports(tmp_path, ["numpy"], careful=True)
    (tmp_path / "large.py").unlink()
    for number in range(100):
        (tmp_path / f"{number}.py").touch()
    assert needs_own_imports(tmp_path, ["numpy"], careful=True)


def test_a_run_says_what_is_imported_once(tmp_path):
    course = make_class(tmp_path / "course", {"ann": "return 2 * x"})
    path = course.folder("release", ".", ASSIGNMENT) / "p1.ipynb"
    nb = notebooks.read(path)
    nb.cells.insert(0, nbformat.v4.new_code_cell("import numpy.testing", id="imports"))
    notebooks.write(nb, path)
    run = run_autograder("grade", "--course", course.root)
    assert "Imported once, before the notebooks run: numpy.testing\n" in run.stderr
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}}
