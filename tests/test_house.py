"""The house is in order: who may import whom, and what is generated agrees with its source."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograder import notebooks
from autograder.build import default_config
from autograder.layout import BUNDLED

ROOT = BUNDLED.root
LIBRARIES = {"ai_edge_litert", "coffee_shop", "dask", "h5py", "IPython", "ipywidgets", "joblib", "jupyter_client",
             "keras", "matplotlib", "nbformat", "numpy", "optuna", "pandas", "scikeras", "scipy", "sklearn", "skops",
             "tensorflow"}  # fmt: skip


def imported(source: str) -> set[str]:
    tree = ast.parse(source)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in names}


def code_of(path: Path) -> str:
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code"]
    return "\n".join(line for cell in cells for line in cell.splitlines() if not line.lstrip().startswith(("%", "!")))


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", python_files("notebooks/coffee_shop"), ids=str)
def test_coffee_shop_knows_no_autograder(path):
    assert "autograder" not in imported(code_of(path))


@pytest.mark.parametrize("path", python_files("autograder"), ids=str)
def test_autograder_knows_no_coffee_shop(path):
    woven_into_exercises = "hidden_tests" in path.parts or path.parent.parent.name == "sample_class"
    if not woven_into_exercises:
        assert not {"coffee_shop", "tensorflow", "keras"} & imported(code_of(path))


@pytest.mark.parametrize("path", [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "exercises").iterdir()], ids=str)
def test_lessons_and_exercises_import_the_course_and_the_libraries_only(path):
    if path.is_file():
        assert imported(code_of(path)) - sys.stdlib_module_names <= LIBRARIES


def test_environment_yml_follows_from_pyproject(tmp_path):
    script = ROOT / ".ci" / "environment.py"
    subprocess.run([sys.executable, script, "--check"], check=True)
    copy = tmp_path / ".ci" / "environment.py"
    copy.parent.mkdir()
    copy.write_bytes(script.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "environment.yml").write_text((ROOT / "environment.yml").read_text().replace("keras==", "keras>="))
    assert subprocess.run([sys.executable, copy, "--check"], capture_output=True).returncode == 1


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    chosen = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert all("==" in dependency for dependency in chosen)


def test_validate_gives_a_cell_as_long_as_grading_does(tmp_path):
    code = (
        "from nbgrader.apps import NbGrader\n"
        "app = NbGrader(); app.load_config_file()\n"
        "print(app.config.Execute.timeout)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert int(shown) == default_config().Execute.timeout
