"""Only what git tracks is published: no notebook of one's own, and no answers in an exercise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest

from notebooks.site.build import assemble
from notebooks.site.tracked import Repository
from tests.site.test_site import write

LESSON, EXERCISE = Path("notebooks/01_oven.ipynb"), Path("exercises/_1_1_1_exercise.ipynb")


def git(root: Path, *command: str) -> None:
    subprocess.run(["git", "-C", root, *command], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path) -> Path:
    """A git repository with a lesson and an exercise, which are staged, and a solved notebook, which is not."""
    git(tmp_path, "init")
    for name in (LESSON, EXERCISE):
        write(tmp_path / name, "answer = ...")
    git(tmp_path, "add", ".")
    write(tmp_path / "exercises" / "solved.ipynb", "answer = 42")
    return tmp_path


def test_a_notebook_that_git_does_not_track_is_not_published(root):
    assert Repository(root).notebooks() == {LESSON: root / LESSON, EXERCISE: root / EXERCISE}
    assert Repository(root).file(Path("exercises/solved.ipynb")) is None
    assert Repository(root).remarks() == []


def test_an_exercise_that_was_solved_in_place_is_published_unsolved(root):
    write(root / EXERCISE, "answer = 42")
    repository = Repository(root)
    published = repository.notebooks()[EXERCISE]
    assert nbformat.read(published, as_version=4).cells[-1].source == "answer = ..."
    assert "42" in (root / EXERCISE).read_text()  # it stays as it is
    assert [remark.partition(" ")[0] for remark in repository.remarks()] == [EXERCISE.as_posix()]
    git(root, "add", ".")
    assert Repository(root).notebooks()[EXERCISE] == root / EXERCISE


def test_a_file_that_a_lesson_links_to_is_published_as_git_tracks_it(root):
    (root / "exercises" / "task.py").write_text("answer = ...")
    write(root / LESSON, first="# Oven\n\n**You will** x. **You need** y. **Time**: 1 minutes\n\n"
          "[task](../exercises/task.py) and [mine](../exercises/mine.py)")  # fmt: skip
    git(root, "add", ".")
    for name in ("task.py", "mine.py"):
        (root / "exercises" / name).write_text("answer = 42")
    executed = root / "executed"
    for name in Repository(root).notebooks():
        write(executed / name.name, first=nbformat.read(root / name, as_version=4).cells[0].source)
    assemble(executed, root / "pages", root)
    assert (root / "pages" / "exercises" / "task.py").read_text() == "answer = ..."
    assert not (root / "pages" / "exercises" / "mine.py").exists()


def test_without_git_all_notebooks_are_published_and_that_is_said(root):
    (root / ".git").rename(root / "no-git")
    assert Path("exercises/solved.ipynb") in Repository(root).notebooks()
    assert "your own ones, too" in Repository(root).remarks()[0]


def test_git_that_fails_stops_the_build(root):
    (root / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(RuntimeError, match="git does not say what it tracks: fatal"):
        Repository(root)
