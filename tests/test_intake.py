"""What students hand in is taken in for what it is, and what was not theirs to change is restored."""

from __future__ import annotations

import json
import os

import nbformat
import pytest

from autograder import notebooks
from autograder.build import reference_answers, template_notebook
from autograder.intake import find_links, find_notebooks, identify, restore
from autograder.layout import notebook_name

ONE = "_5_6_1"


@pytest.fixture(scope="module")
def templates(layout):
    return {notebook_name(exercise): template_notebook(layout, exercise) for exercise in layout.masters()}


@pytest.fixture(scope="module")
def template(templates):
    return templates[notebook_name(ONE)]


@pytest.fixture
def solved(layout):
    released = notebooks.read(layout.exercises / f"{notebook_name(ONE)}.ipynb")
    return notebooks.fill(released, reference_answers(layout, ONE))


def cell_of(nb, name):
    return next(cell for cell in nb.cells if notebooks.grade_id(cell) == name)


def sources(nb):
    return [(notebooks.grade_id(cell), cell.source) for cell in nb.cells if notebooks.grade_id(cell)]


def test_honest_work_is_left_alone(solved, template):
    restored, notes = restore(solved, template)
    assert notes == []
    assert cell_of(restored, "param_grid").source == cell_of(solved, "param_grid").source
    assert "HIDDEN TESTS" in cell_of(restored, "test_param_grid_dials").source
    assert [cell.source for cell in restored.cells if not notebooks.grade_id(cell)] == [
        cell.source for cell in solved.cells if not notebooks.grade_id(cell)
    ]


@pytest.mark.parametrize("suffix", notebooks.SUFFIXES)
def test_script_and_notebook_restore_to_the_same(solved, template, tmp_path, suffix):
    path = tmp_path / f"work{suffix}"
    notebooks.write(solved, path)
    restored, notes = restore(notebooks.read(path), template)
    assert notes == []
    assert sources(restored) == sources(restore(solved, template)[0])


def test_outputs_tags_and_points_of_the_student_do_not_survive(solved, template):
    cell = cell_of(solved, "test_param_grid_dials")
    cell.metadata.tags = ["skip-execution"]
    cell.metadata.nbgrader.points = 99
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1"})]
    solved.cells.append(nbformat.v4.new_code_cell("1", metadata={"tags": ["skip-execution"]}))
    restored, _ = restore(solved, template)
    mended = cell_of(restored, "test_param_grid_dials")
    assert mended.metadata == cell_of(template, "test_param_grid_dials").metadata
    assert mended.outputs == []
    assert not any("tags" in cell.metadata for cell in restored.cells)


def test_changed_test_cell_is_put_back_and_noted(solved, template):
    cell_of(solved, "test_count_fits_grid").source = "pass"
    restored, notes = restore(solved, template)
    assert sources(restored) == sources(restore(solved, template)[0])
    assert notes == ["test cell test_count_fits_grid was changed; the original was put back"]


@pytest.mark.parametrize("name", ["setup", "test_param_grid_dials", "test_count_fits_list", "which_dial_to_drop"])
def test_deleted_cell_is_put_back_where_it_was(solved, template, name):
    solved.cells = [cell for cell in solved.cells if notebooks.grade_id(cell) != name]
    restored, notes = restore(solved, template)
    assert notebooks.grade_ids(restored) == notebooks.grade_ids(template)
    assert notes == [f"cell {name} was missing and was put back"]


def test_plain_script_without_any_cell_of_ours_can_still_be_marked(layout, template):
    script = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("param_grid = {}")])
    restored, _ = restore(script, template)
    names = [notebooks.grade_id(cell) for cell in restored.cells]
    assert names[0] == "setup"
    assert names.index(None) < names.index("test_param_grid_dials")


def test_of_copies_the_last_one_counts(solved, template):
    copy = nbformat.from_dict(cell_of(solved, "param_grid"))
    copy.source = "param_grid = 'later'"
    place = solved.cells.index(cell_of(solved, "param_grid"))
    solved.cells.insert(place + 1, copy)
    restored, notes = restore(solved, template)
    assert cell_of(restored, "param_grid").source == "param_grid = 'later'"
    assert len(restored.cells) == len(solved.cells)
    assert notes == ["cell param_grid was there more than once; the last one counts"]
    nbformat.validate(restored)


def test_other_kernel_is_noted(solved, template):
    solved.metadata["kernelspec"] = {"name": "julia", "display_name": "Julia", "language": "julia"}
    restored, notes = restore(solved, template)
    assert restored.metadata.kernelspec.name == "python3"
    assert notes == ["asks for a kernel in julia; the course's kernel was used"]


def test_cells_say_more_than_the_file_name(solved, templates):
    assert identify(solved, "final (2)", templates) == notebook_name(ONE)
    assert identify(solved, notebook_name("_5_6_2"), templates) == notebook_name(ONE)
    empty = nbformat.v4.new_notebook()
    assert identify(empty, notebook_name(ONE), templates) == notebook_name(ONE)
    assert identify(empty, "holiday", templates) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cut.ipynb", '{"cells": ['),
        ("list.ipynb", "[1, 2]"),
        ("empty.ipynb", ""),
        (
            "alien.ipynb",
            json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "?"}]}),
        ),
        ("text.ipynb", "print('hello')"),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=name):
        notebooks.read(tmp_path / name)


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="binary.py"):
        notebooks.read(tmp_path / "binary.py")


def test_links_and_pipes_are_found_and_never_opened(tmp_path):
    folder = tmp_path / "work"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.ipynb").write_text("{}")
    (folder / "a.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "sub" / "b").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.ipynb")
    assert {path.name for path in find_links(folder)} == {"a.ipynb", "b", "pipe.ipynb"}
    assert find_notebooks(folder) == ([], [])
    (tmp_path / "link").symlink_to(folder)
    assert find_links(tmp_path / "link") == [tmp_path / "link"]


def test_the_newer_of_two_forms_counts(tmp_path):
    for name, time in [("x.ipynb", 2000), ("x.py", 1000)]:
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time, time))
    found, notes = find_notebooks(tmp_path)
    assert [path.name for path in found] == ["x.ipynb"]
    assert notes == ["x was handed in twice; x.ipynb is newer and counts"]


@pytest.mark.parametrize("source", ["a" + ".b" * 100_000, "(" * 5000, "x = = 1", "x\0y"])
def test_what_cannot_be_parsed_stops_nobody(source):
    assert notebooks.parse(source) is None or notebooks.parse(source).body
