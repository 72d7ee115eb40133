"""`make update`: what is new comes, and nothing that the owner of a clone has written is lost."""

from __future__ import annotations

import runpy
import subprocess

import pytest

from tests.support import ROOT

update = runpy.run_path(str(ROOT / ".ci" / "update.py"))["update"]
LESSON, OTHER = "notebooks/01_wëlcome.ipynb", "notebooks/02_the_dials.ipynb"


def git(folder, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def publish(folder, **files):
    """Commit files in a repository, by name and text; no text removes one."""
    for name, text in files.items():
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "news")


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    git(folder, "init")
    publish(folder, **{LESSON: "old", OTHER: "old", ".gitignore": "/kept/\n"})
    return folder


@pytest.fixture
def clone(published, tmp_path):
    git(tmp_path, "clone", published, "clone")
    return tmp_path / "clone"


def kept(clone):
    return {path.name: path.read_text() for path in (clone / "kept").rglob("*") if path.is_file()}


def status(clone):
    run = subprocess.run(["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True)
    return run.stdout


def test_nothing_new_changes_nothing(clone):
    (clone / LESSON).write_text("mine")
    assert update(clone) == "Nothing new."
    assert (clone / LESSON).read_text() == "mine"


def test_what_is_new_comes_and_work_elsewhere_stays(published, clone):
    (clone / LESSON).write_text("mine")
    publish(published, **{OTHER: "new"})
    assert update(clone) == "Up to date."
    assert ((clone / LESSON).read_text(), (clone / OTHER).read_text()) == ("mine", "new")
    assert not kept(clone)


def test_work_in_a_lesson_that_is_new_is_kept_and_named(published, clone):
    (clone / LESSON).write_text("mine")
    (clone / OTHER).unlink()
    (clone / "notes.md").write_text("mine too")
    git(clone, "add", LESSON)
    publish(published, **{LESSON: "new", OTHER: "new", "notes.md": "new"})
    told = update(clone)
    assert [(clone / name).read_text() for name in (LESSON, OTHER, "notes.md")] == ["new"] * 3
    assert kept(clone) == {"01_wëlcome.ipynb": "mine", "notes.md": "mine too"}
    assert LESSON in told
    assert "notes.md" in told
    assert OTHER not in told
    assert status(clone) == ""


def test_work_in_a_lesson_that_is_gone_is_kept(published, clone):
    (clone / LESSON).write_text("mine")
    publish(published, **{LESSON: None})
    assert LESSON in update(clone)
    assert not (clone / LESSON).exists()
    assert kept(clone) == {"01_wëlcome.ipynb": "mine"}


def test_a_file_that_was_added_and_is_published_too_is_kept(published, clone):
    (clone / "notes.md").write_text("mine")
    git(clone, "add", "notes.md")
    publish(published, **{"notes.md": "new"})
    update(clone)
    assert (clone / "notes.md").read_text() == "new"
    assert kept(clone) == {"notes.md": "mine"}


def test_commits_of_ones_own_are_left_to_git(published, clone):
    publish(clone, **{LESSON: "mine"})
    publish(published, **{LESSON: "new"})
    with pytest.raises(SystemExit, match="git pull"):
        update(clone)
    assert (clone / LESSON).read_text() == "mine"


def test_what_is_no_clone_is_told_in_gits_words(tmp_path):
    with pytest.raises(SystemExit, match="not a git repository"):
        update(tmp_path)
