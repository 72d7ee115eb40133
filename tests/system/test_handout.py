"""The package for students: all that they need, and nothing that is to stay secret."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.authoring.masters import Masters, read_titled_cells
from autograder.course.settings import load_settings_file
from tests.support import ROOT

SCRIPT = ROOT / ".ci" / "handout.py"
UV = Path(sys.executable).with_name("uv")
LONG = 30  # characters of a line that says something
FEW = 3  # lines that two people may write without knowing of each other
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository as git has it")


def run_script(script: Path, *arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("handout")
    run = run_script(SCRIPT, folder / "course.zip")
    assert run.returncode == 0, run.stderr
    with zipfile.ZipFile(folder / "course.zip") as file:
        file.extractall(folder)
    return folder / "course"


def texts(folder: Path) -> dict[str, str]:
    """The texts of all files, those of notebooks cell by cell."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".gz", ".png", ".webp"):
            found[path.relative_to(folder).as_posix()] = text_of(path)
    return found


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def lines_of(*sources: str) -> set[str]:
    """Return the lines that say something; what they import does not."""
    lines = {line.strip() for source in sources for line in source.splitlines()}
    return {line for line in lines if len(line) >= LONG and not line.startswith(("import ", "from "))}


def test_everything_that_a_student_needs_is_there(package):
    names = texts(package).keys()
    tracked = subprocess.run(["git", "ls-files", "notebooks", "exercises"], cwd=ROOT, capture_output=True, text=True)
    wanted = {
        name for name in tracked.stdout.split() if "/site/" not in name and not name.endswith((".gz", ".png", ".webp"))
    }
    assert wanted <= names
    assert {"README.md", "LICENSE", "pyproject.toml", "uv.lock", "environment.yml"} <= names
    assert (package / "notebooks" / "coffee_shop" / "data" / "churn.csv.gz").is_file()


def test_nothing_that_is_to_stay_secret_is_there(package):
    there = texts(package)
    assert not [
        name for name in there if re.search("solution|hidden|sample_class|^tests|answers/|^autograder/docs", name)
    ]
    masters = Masters(load_settings_file(ROOT / "autograder" / "course_settings.py"))
    known = lines_of(*(text_of(path) for path in (ROOT / "exercises").iterdir()))  # what is given, tests read as well
    secret = set()
    for name in masters.names():
        secret |= lines_of(*read_titled_cells(masters.hidden_tests(name)).values())
    for path in (ROOT / "autograder" / "sample_class").glob("*/*.py"):
        secret |= lines_of(path.read_text())
    assert len(secret - known) > 500
    for name, text in there.items():
        found = lines_of(text) & (secret - known)
        assert len(found) < FEW, (name, found)
    answers = lines_of(*(text for name in masters.names() for text in masters.reference_answers(name).values())) - known
    assert len(answers) > 20
    assert not lines_of(*(text for name, text in there.items() if name.startswith("exercises/"))) & answers


def test_links_of_lessons_and_of_the_first_page_lead_to_what_is_there(package):
    pages = [package / "README.md", *(package / "notebooks").glob("*.ipynb"), *(package / "exercises").iterdir()]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text_of(page))]
    files = [(page, link) for page, link in links if "." in link]  # others are code, such as [1](x)
    assert len(files) > 10
    assert not [f"{page.name}: {link}" for page, link in files if not (page.parent / link).exists()]


def test_the_lock_file_is_that_of_the_package(package):
    assert (package / "uv.lock").read_bytes() == (ROOT / "uv.lock").read_bytes()
    shown = subprocess.run(
        [UV, "tree", "--frozen", "--no-dev", "--depth", "1"], cwd=package, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert "nbgrader-autograder" in shown.stdout


def test_the_same_files_give_the_same_package(package):
    folder = package.parent
    assert run_script(SCRIPT, folder / "again" / "course.zip").returncode == 0
    assert (folder / "again" / "course.zip").read_bytes() == (folder / "course.zip").read_bytes()


# In a small repository


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with the script, one exercise, and what is to stay at home."""
    for name in (".ci/students.md", "exercises/one.py", "solutions/one.py", "notebooks/01.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text\n")
    shutil.copy(SCRIPT, tmp_path / ".ci")
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        return file.namelist()


def test_a_draft_stays_at_home_and_is_named(repository):
    (repository / "exercises" / "draft.py").write_text("answer = 42\n")
    run = run_script(repository / ".ci" / "handout.py")
    assert run.returncode == 0, run.stderr
    package = repository / "build" / "handout" / "art-of-fine-tuning.zip"
    assert names_in(package) == [
        f"art-of-fine-tuning/{name}" for name in ("exercises/one.py", "notebooks/01.ipynb", "README.md")
    ]
    assert run.stdout.splitlines()[-1] == "Left out, for git does not track them: exercises/draft.py"


@pytest.mark.parametrize("mark", ["### BEGIN SOLUTION", "    ### BEGIN HIDDEN TESTS"])
def test_an_exercise_with_a_secret_in_it_is_refused(repository, mark):
    (repository / "exercises" / "one.py").write_text(f"{mark}\nanswer = 42\n")
    run = run_script(repository / ".ci" / "handout.py", repository / "x.zip")
    assert run.returncode == 1
    assert run.stderr == "not written, for these hold solutions or hidden tests: exercises/one.py\n"
    assert not (repository / "x.zip").exists()


def test_without_git_nothing_is_written(repository):
    shutil.rmtree(repository / ".git")
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(repository.parent)}
    run = subprocess.run([sys.executable, repository / ".ci" / "handout.py"], env=env, capture_output=True, text=True)
    assert run.returncode == 1
    assert "the package is made of what git tracks, and git says: fatal: not a git repository" in run.stderr
    assert not (repository / "build").exists()
