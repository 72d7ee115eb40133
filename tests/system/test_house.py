"""The house is in order: who may import whom, and what is generated agrees with its source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from autograder.course import notebooks
from autograder.course.settings import load_settings_file
from tests.course.repository import SETTINGS
from tests.support import DOCS, ROOT

ENGINE = ROOT / "autograder" / "src" / "autograder"
THIS_COURSE = re.compile(
    r"coffee_shop|_5_6_|solutions/|tensorflow|keras|\bTF_|sample_class|souffl|hidden_tests/|art-of-fine-tuning",
    re.IGNORECASE,
)
LIBRARIES = {"ai_edge_litert", "coffee_shop", "dask", "h5py", "IPython", "ipywidgets", "joblib", "jupyter_client",
             "keras", "matplotlib", "nbformat", "numpy", "onnxruntime", "optuna", "pandas", "scikeras", "scipy",
             "sklearn", "skops", "tensorflow"}  # fmt: skip


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


def of_this_course(folder: Path) -> list[str]:
    """Return each line in the files of a folder that names something of this course, with its file."""
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts and path.is_file()
    }
    return [
        f"{path.name}: {line}" for path, text in texts.items() for line in text.splitlines() if THIS_COURSE.search(line)
    ]


@pytest.mark.parametrize("folder", ["src", "share"])
def test_the_engine_names_nothing_of_this_course(folder):
    assert list((ROOT / "autograder" / folder).rglob("*.json" if folder == "share" else "*.py"))
    assert not of_this_course(ROOT / "autograder" / folder)


@pytest.mark.parametrize(
    "line", ["import coffee_shop", "TF_CPP = 1", "# for TensorFlow", '"solutions/{name}"', "exercise _5_6_1", "Soufflé"]
)
def test_a_name_of_this_course_is_noticed(line, tmp_path):
    (tmp_path / "module.py").write_text(f"fine = 1\n{line}\n", encoding="utf-8")
    assert of_this_course(tmp_path) == [f"module.py: {line}"]


def parts() -> dict[str, set[str]]:
    """Return the parts of the engine with what each may import, as the page about the architecture says."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", page, flags=re.MULTILINE)
    return {part: set(re.findall(r"`([\w.]+)`", names)) for part, names in rows}


def modules_imported(path: Path) -> set[str]:
    """Return the modules of the engine that a file of it imports, as dotted names without `autograder`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    ignored = {inner for node in for_types for statement in node.body for inner in ast.walk(statement)}
    found = set()
    for node in set(ast.walk(tree)) - ignored:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("autograder.") for name in found if name.startswith("autograder.")}


def parts_imported(part: str, may: set[str]) -> set[str]:
    """Return which of ``may`` a part imports; whatever else it imports is named by its top module."""
    place = ENGINE / part
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = {name for path in files for name in modules_imported(path)} if files else set()
    names = {name for name in names if name.partition(".")[0] != part}
    return {
        next((known for known in may if f"{name}.".startswith(f"{known}.")), name.partition(".")[0]) for name in names
    }


def test_every_part_is_on_the_page_and_no_other():
    there = {path.stem for path in ENGINE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(parts()) == there - {"__init__", "__main__"}


@pytest.mark.parametrize("part", parts())
def test_a_part_imports_what_the_page_says_and_nothing_else(part):
    assert parts_imported(part, parts()[part]) == parts()[part]


def test_an_arrow_against_the_page_is_noticed():
    assert "course" in parts_imported("intake", set())
    assert parts_imported("intake", {"course.files"}) > {"course.files"}


def test_what_opens_a_gradebook_imports_nothing_of_the_engine():
    assert not modules_imported(ENGINE / "gradebook" / "database.py")


@pytest.mark.parametrize("path", [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "exercises").iterdir()], ids=str)
def test_lessons_and_exercises_import_the_course_and_the_libraries_only(path):
    if path.is_file():
        assert imported(code_of(path)) - sys.stdlib_module_names <= LIBRARIES


# Extras of the engine, each with the one module or folder that may import what it brings.
EXTRAS = {
    "cluster": "execution/cluster.py",
    "formgrader": "jupyter/formgrader.py",
    "postgres": None,
    "serve": "service",
    "lti": "service/lti",
}
# What others import: SQLAlchemy, for a gradebook whose URL asks for it, and Starlette, for forms.
NEVER_IMPORTED = {"psycopg", "python-multipart"}


def distribution(requirement: str) -> str:
    """Return the name of the distribution that a requirement asks for, in its normal form."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def distributions_of(paths: list[Path]) -> set[str]:
    """Return the distributions whose modules these files import."""
    known = packages_distributions()
    names = {name for path in paths for name in imported(code_of(path))} - sys.stdlib_module_names
    own = {"autograder", "coffee_shop", "notebooks", "taste", "__future__"}
    unknown = names - own - set(known)
    assert not unknown, f"imported, but not installed: {unknown}"
    return {distribution(known[name][0]) for name in names - own}


def declared(folder: str) -> dict[str, set[str]]:
    """Return the distributions that a project asks for: by extra or group, the plain dependencies by an empty name."""
    table = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))
    lists = {"": table["project"]["dependencies"]}
    lists |= table["project"].get("optional-dependencies", {}) | table.get("dependency-groups", {})
    return {name: {distribution(requirement) for requirement in listed} for name, listed in lists.items()}


def test_the_engine_declares_what_it_imports_and_nothing_else():
    only_there = {
        name: [*(ENGINE / place).rglob("*.py")] or [ENGINE / place] for name, place in EXTRAS.items() if place
    }
    only_there["serve"] = [path for path in only_there["serve"] if path not in only_there["lti"]]
    everywhere = set(ENGINE.rglob("*.py")).difference(*only_there.values())
    asked = declared("autograder")
    assert distributions_of([*everywhere]) == asked[""]
    for extra, paths in only_there.items():
        comes_with = asked[""] | (asked["serve"] if extra == "lti" else set())
        assert distributions_of(paths) - comes_with == asked[extra] - NEVER_IMPORTED
    assert asked["postgres"] <= NEVER_IMPORTED
    assert set(asked) == {"", *EXTRAS}


def test_the_course_declares_what_it_imports():
    asked = declared(".")
    course = [*python_files("notebooks/coffee_shop"), *(ROOT / "notebooks").glob("*.ipynb")]
    course += [*python_files("exercises"), *python_files("solutions"), *python_files("autograder/hidden_tests")]
    everybody_has = asked[""] | asked["lab"] | asked["search"] | asked["serve"]
    assert distributions_of(course) <= everybody_has
    assert distributions_of(python_files("notebooks/site")) <= everybody_has | asked["dev"]


# What a lesson that stands alone in another environment needs besides the plain dependencies.
NEEDED = {
    "05_bayesian_optimisation": "search",
    "06_stopping_early": "search",
    "08_saving": "serve",
    "08b_trust": "serve",
    "09_serving": "serve",
}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_needs_one_extra_at_most_and_says_which(path):
    asked = declared(".")
    extra = NEEDED.get(path.stem)
    assert distributions_of([path]) <= asked[""] | asked.get(extra, set())
    assert extra is None or distributions_of([path]) & asked[extra]


def test_an_import_that_nobody_declares_is_noticed(tmp_path):
    (tmp_path / "module.py").write_text("import psutil\nfrom google.protobuf import json_format\n")
    assert distributions_of([tmp_path / "module.py"]) == {"psutil", "protobuf"}
    assert "psutil" not in declared("autograder")[""] | declared(".")[""]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("environment.yml", "keras==", "keras>="), ("binder/environment.yml", "python=3.11", "python>=3.11")],
)
def test_what_conda_and_binder_read_follows_from_pyproject_and_the_lock(name, right, wrong, tmp_path):
    subprocess.run([sys.executable, ROOT / ".ci" / "environment.py", "--check"], check=True)
    for file in (".ci/environment.py", "pyproject.toml", "uv.lock", "environment.yml", "binder/environment.yml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    text = (tmp_path / name).read_text()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong))
    run = subprocess.run(
        [sys.executable, tmp_path / ".ci" / "environment.py", "--check"], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert f"{name} is out of date" in run.stderr


def test_tools_are_pinned_and_what_others_install_is_not():
    chosen = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert all("==" in tool for tool in chosen["dependency-groups"]["dev"])
    extras = chosen["project"]["optional-dependencies"]
    asked = [*chosen["project"]["dependencies"], *(one for listed in extras.values() for one in listed)]
    pinned = [one for one in asked if re.match(r"[\w.\[\],-]+==", one)]
    assert [one for one in pinned if not one.startswith("nbgrader-autograder")] == []


def test_validate_gives_a_cell_as_long_as_grading_does(tmp_path):
    code = (
        "from nbgrader.apps import NbGrader\n"
        "app = NbGrader(); app.load_config_file()\n"
        "print(app.config.Execute.timeout)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert int(shown) == load_settings_file(SETTINGS).Execute.timeout
