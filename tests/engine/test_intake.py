"""What students hand in is taken in for what it is, and what was not theirs to change is restored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests

from autograder.course import notebooks
from autograder.course.assignment import Template, read_assignment
from autograder.course.files import copy_files, find_links, hash_folder
from autograder.intake.reading import Unreadable, read_submission
from autograder.intake.recognition import find_notebooks, identify
from autograder.intake.restore import restore
from autograder.intake.review import find_suspicious
from autograder.intake.submission import take_in
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course

NAMES = ["setup", "double", "test_double", "triple", "test_triple", "advice", "why"]


def cell(kind: str, name: str, source: str, **settings) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    roles = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    return new(source, metadata={"nbgrader": {**roles, **settings, "grade_id": name}})


def check_of(function: str, factor: int) -> NotebookNode:
    hidden = f"### BEGIN HIDDEN TESTS\nassert {function}(10) == {10 * factor}\n### END HIDDEN TESTS"
    source = f"assert {function}(1) == {factor}\n{hidden}"
    return cell("code", f"test_{function}", source, grade=True, locked=True, points=2)


def make_notebook(prefix: str = "") -> NotebookNode:
    """Return a notebook of an assignment; the ids of its cells begin with a prefix."""
    cells = [
        cell("code", "setup", "import math", locked=True),
        cell("code", "double", "def double(x): ...", solution=True),
        check_of("double", 2),
        cell("code", "triple", "def triple(x): ...", solution=True),
        check_of("triple", 3),
        cell("markdown", "advice", "Read this.", locked=True),
        cell("markdown", "why", "Why?", solution=True, grade=True, points=1),
    ]
    for each in cells:
        each.metadata.nbgrader.grade_id = prefix + each.metadata.nbgrader.grade_id
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    return {"one": Template(make_notebook()), "two": Template(make_notebook("other_"))}


@pytest.fixture(scope="module")
def template(templates) -> NotebookNode:
    return templates["one"].notebook


@pytest.fixture
def solved() -> NotebookNode:
    """The notebook as a student hands it in who has answered everything and added two cells."""
    released, _ = ClearHiddenTests().preprocess(make_notebook(), {})
    released.cells.insert(3, nbformat.v4.new_code_cell("double(4)"))
    released.cells.append(nbformat.v4.new_markdown_cell("That was fun."))
    answers = {"double": "def double(x):\n    return 2 * x", "triple": "def triple(x):\n    return 3 * x"}
    return notebooks.fill(released, answers)


def cell_of(nb: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in nb.cells if notebooks.grade_id(cell) == name)


def sources(nb: NotebookNode) -> list[tuple[str | None, str]]:
    return [(notebooks.grade_id(cell), cell.source) for cell in nb.cells]


def test_honest_work_is_left_alone(solved, template):
    restored, notes = restore(solved, template)
    assert notes == []
    assert "HIDDEN TESTS" in cell_of(restored, "test_double").source
    theirs = [place for place, name in enumerate(notebooks.grade_id(cell) for cell in solved.cells) if name not in
              ("test_double", "test_triple")]  # fmt: skip
    assert [sources(restored)[place] for place in theirs] == [sources(solved)[place] for place in theirs]
    nbformat.validate(restored)


@pytest.mark.parametrize("suffix", notebooks.SUFFIXES)
def test_script_and_notebook_restore_to_the_same(solved, template, tmp_path, suffix):
    path = tmp_path / f"work{suffix}"
    notebooks.write(solved, path)
    restored, notes = restore(read_submission(path), template)
    assert notes == []
    assert sources(restored) == sources(restore(solved, template)[0])
    assert notebooks.read(path).cells


def test_outputs_tags_and_points_of_the_student_do_not_survive(solved, template):
    theirs = cell_of(solved, "test_double")
    theirs.metadata.tags = ["skip-execution"]
    theirs.metadata.nbgrader.points = 99
    theirs.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1"})]
    solved.cells.append(nbformat.v4.new_code_cell("1", metadata={"tags": ["skip-execution"]}))
    restored, _ = restore(solved, template)
    mended = cell_of(restored, "test_double")
    assert mended.metadata == cell_of(template, "test_double").metadata
    assert mended.outputs == []
    assert not any("tags" in cell.metadata for cell in restored.cells)


def test_changed_test_cell_is_put_back_and_noted(solved, template):
    expected = sources(restore(solved, template)[0])
    cell_of(solved, "test_triple").source = "pass"
    restored, notes = restore(solved, template)
    assert sources(restored) == expected
    assert notes == ["test cell test_triple was changed; the original was put back"]


@pytest.mark.parametrize("name", ["setup", "test_double", "test_triple", "advice", "why"])
def test_deleted_cell_is_put_back_where_it_was(solved, template, name):
    solved.cells = [cell for cell in solved.cells if notebooks.grade_id(cell) != name]
    restored, notes = restore(solved, template)
    assert notebooks.grade_ids(restored) == NAMES
    assert notes == [f"cell {name} was missing and was put back"]


def test_plain_script_without_any_cell_of_ours_can_still_be_marked(template):
    script = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("double = 2")])
    restored, _ = restore(script, template)
    names = [notebooks.grade_id(cell) for cell in restored.cells]
    assert names[0] == "setup"
    assert names.index(None) < names.index("test_double")


def test_of_copies_the_last_one_counts(solved, template):
    copy = nbformat.from_dict(cell_of(solved, "double"))
    copy.source = "double = 'later'"
    solved.cells.insert(solved.cells.index(cell_of(solved, "double")) + 1, copy)
    restored, notes = restore(solved, template)
    assert cell_of(restored, "double").source == "double = 'later'"
    assert len(restored.cells) == len(solved.cells)
    assert notes == ["cell double was there more than once; the last one counts"]
    nbformat.validate(restored)


def test_other_kernel_is_noted(solved, template):
    solved.metadata["kernelspec"] = {"name": "julia", "display_name": "Julia", "language": "julia"}
    restored, notes = restore(solved, template)
    assert restored.metadata.kernelspec.name == "python3"
    assert notes == ["asks for a kernel in julia; the course's kernel was used"]


def test_what_is_no_text_is_replaced_and_noted(solved, template):
    cell_of(solved, "double").source = "double = '\ud800'"
    restored, notes = restore(solved, template)
    assert cell_of(restored, "double").source == "double = '\ufffd'"
    assert len(notes) == 1


def test_cells_say_more_than_the_file_name(solved, templates):
    assert identify(solved, "final (2)", templates) == "one"
    assert identify(solved, "two", templates) == "one"
    empty = nbformat.v4.new_notebook()
    assert identify(empty, "one", templates) == "one"
    assert identify(empty, "holiday", templates) is None


ALIEN = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "?"}]}
DAMAGED = {
    "cut.ipynb": b'{"cells": [',
    "list.ipynb": b"[1, 2]",
    "empty.ipynb": b"",
    "alien.ipynb": json.dumps(ALIEN).encode(),
    "text.ipynb": b"print('hello')",
    "binary.py": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("read", [read_submission, notebooks.read])
@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_notebook_is_named(tmp_path, name, read):
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(ValueError, match=f"^{name} is no notebook that can be read: ."):
        read(tmp_path / name)


def test_what_an_error_says_can_be_printed(tmp_path):
    path = tmp_path / "\x1b]0;\u202e\n.ipynb"
    path.write_text("{")
    with pytest.raises(Unreadable) as caught:
        read_submission(path)
    assert str(caught.value).startswith(r"\x1b]0;\u202e\x0a.ipynb is no notebook")


def test_mark_of_the_order_of_bytes_is_no_damage(solved, tmp_path):
    for suffix in notebooks.SUFFIXES:
        (tmp_path / f"a{suffix}").write_text("\ufeff" + notebooks.text_of(solved, suffix), encoding="utf-8")
        assert sources(read_submission(tmp_path / f"a{suffix}")) == sources(solved)


KERNELSPEC = "#   kernelspec:\n#     display_name: J\n#     language: julia\n#     name: j\n"


@pytest.mark.parametrize("header", ["", f"#!/usr/bin/env python\n# ---\n# jupyter:\n{KERNELSPEC}# ---\n\n"])
def test_prose_at_the_top_of_a_script_is_no_header(tmp_path, header):
    prose = "# %% [markdown]\n# ---\n" + "# A long story.\n" * 1000 + "# ---\n"
    (tmp_path / "a.py").write_text(f"{header}{prose}\n# %%\nx = 1\n", encoding="utf-8")
    nb = read_submission(tmp_path / "a.py")
    assert [cell.cell_type for cell in nb.cells] == ["markdown", "code"]
    assert ("kernelspec" in nb.metadata) is bool(header)


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
    assert find_notebooks(tmp_path / "link") == ([], [])
    assert find_notebooks(tmp_path / "missing") == ([], [])


@pytest.mark.parametrize(("time", "told"), [(1, "x.py is newer and"), (0, "x.ipynb"), (-1, "x.ipynb is newer and")])
def test_of_two_forms_the_newer_counts_and_the_notebook_if_none_is(solved, tmp_path, time, told):
    for suffix, seconds in ((".ipynb", 1000), (".py", 1000 + time)):
        notebooks.write(solved, tmp_path / f"x{suffix}")
        os.utime(tmp_path / f"x{suffix}", (seconds, seconds))
    found, notes = find_notebooks(tmp_path, ["x"])
    assert [path.name for path in found] == [told.split()[0]]
    assert notes == [f"x was handed in twice; {told} counts"]


@pytest.mark.parametrize("text", ["def f(): return 1\n", "# %%\nx = 1\n", "\0"])
def test_a_script_without_ids_is_a_file_like_others_beside_a_notebook(solved, tmp_path, text):
    notebooks.write(solved, tmp_path / "x.ipynb")
    for name in ("x.py", "helpers.py"):
        (tmp_path / name).write_text(text)
    os.utime(tmp_path / "x.ipynb", (1000, 1000))
    assert find_notebooks(tmp_path, ["x"]) == ([tmp_path / "x.ipynb"], [])
    (tmp_path / "x.ipynb").unlink()
    assert find_notebooks(tmp_path, ["x"]) == ([tmp_path / "x.py"], [])


def test_ends_of_lines_are_no_change(solved, template):
    for each in solved.cells:
        each.source = each.source.replace("\n", "\r\n")
    assert restore(solved, template)[1] == []


def read_json(nb: dict, folder: Path) -> NotebookNode:
    """Return a notebook as it comes out of the file that it was handed in as."""
    (folder / "handed_in.ipynb").write_text(json.dumps(nb), encoding="utf-8")
    return read_submission(folder / "handed_in.ipynb")


PICTURE = {"a.png": {"image/png": "iVBORw0KGgo="}}


def test_pictures_stay_the_instructors_and_the_students(solved, tmp_path):
    source = make_notebook()
    cell_of(source, "advice").attachments = PICTURE
    cell_of(source, "why").attachments = PICTURE
    theirs = {"mine.png": {"image/jpeg": ["AA", "=="]}, "no": {"?": "A"}, "none": 3}
    for each in (cell_of(solved, "advice"), cell_of(solved, "why"), solved.cells[-1]):
        each.attachments = theirs
    restored, _ = restore(read_json(solved, tmp_path), Template(source).notebook)
    kept = {"mine.png": {"image/jpeg": "AA=="}}
    assert cell_of(restored, "advice").attachments == PICTURE
    assert cell_of(restored, "why").attachments == PICTURE | kept
    assert restored.cells[-1].attachments == kept
    nbformat.validate(restored)


def test_metadata_of_the_students_own_stays_and_steers_nothing(solved, template, tmp_path):
    own, answer = solved.cells[3], cell_of(solved, "double")
    theirs = {"tags": ["mine", "skip-execution"], "colab": {"id": "x"}, "trusted": True}
    own.metadata |= {**theirs, "nbgrader": {"grade": True, "points": 9, "schema_version": 3, "locked": True}}
    answer.metadata |= theirs
    own.id = "own-cell"
    solved.metadata |= {"colab": {"name": "x"}, "nbgrader": {"x": 1}, "widgets": {"x": 1}}
    restored, _ = restore(read_json(solved, tmp_path), template)
    assert restored.cells[3].id == "own-cell"
    assert restored.cells[3].metadata == {"tags": ["mine"], "colab": {"id": "x"}}
    kept = cell_of(restored, "double").metadata
    assert kept == {"tags": ["mine"], "colab": {"id": "x"}} | cell_of(template, "double").metadata
    assert restored.metadata == {"kernelspec": notebooks.KERNELSPEC, "colab": {"name": "x"}}


DEEP = json.loads("[" * 400 + "]" * 400)


@pytest.mark.parametrize("metadata", [{"x": "y" * 20_000}, {"x": DEEP}, [1], {"tags": 5}, {"tags": [5]}])
def test_metadata_that_nobody_needs_costs_no_answer(solved, template, tmp_path, metadata):
    whole = json.loads(nbformat.writes(solved))
    whole["cells"][3]["metadata"] = whole["metadata"] = metadata
    restored, _ = restore(read_json(whole, tmp_path), template)
    assert sources(restored) == sources(restore(solved, template)[0])
    assert restored.cells[3].metadata == {}
    assert "x" not in restored.metadata
    nbformat.validate(restored)


@pytest.mark.parametrize("name", ["same", "", "a b", 5])
def test_ids_of_cells_are_sound_and_never_the_same(solved, template, tmp_path, name):
    whole = json.loads(nbformat.writes(solved))
    for each in whole["cells"]:
        each["id"] = name
    restored, _ = restore(read_json(whole, tmp_path), template)
    assert len({cell.id for cell in restored.cells}) == len(restored.cells)
    nbformat.validate(restored)


def test_ids_in_a_notebook_of_an_older_version_are_no_damage(solved, tmp_path):
    whole = json.loads(nbformat.writes(solved)) | {"nbformat_minor": 4}
    del whole["cells"][0]["id"]
    (tmp_path / "x.ipynb").write_text(json.dumps(whole))
    for read in (read_submission, notebooks.read):
        assert sources(read(tmp_path / "x.ipynb")) == sources(solved)


def test_kernels_find_the_notebooks_beside_them_and_no_hidden_test(tmp_path):
    course = make_course(tmp_path / "course")
    folder = hand_in(course, "ann")
    (folder / "p1.py").write_text("def helper(): ...\n")
    (folder / "own.ipynb").write_text(json.dumps(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])))
    nb = notebooks.read(folder / "p1.ipynb")
    nb.cells.append(nbformat.v4.new_code_cell("# BEGIN HIDDEN TESTS, as a student may write"))
    notebooks.write(nb, folder / "p1.ipynb")
    submission = take_in(course, read_assignment(course, ASSIGNMENT), "ann", tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"data.csv", "p1.ipynb", "p1.py", "p2.ipynb"}
    assert submission.notes == ["own.ipynb belongs to no notebook of ps1"]
    for name in ("p1", "p2"):
        there, graded = notebooks.read(tmp_path / "new" / f"{name}.ipynb"), submission.notebooks[name]
        assert cell_of(there, "double").source == cell_of(graded, "double").source
        assert notebooks.grade_ids(there) == notebooks.grade_ids(graded)
        assert "assert double(10)" not in json.dumps(there)
        assert "assert double(10)" in json.dumps(graded)


def test_a_folder_with_the_name_of_a_notebook_keeps_no_other_file_from_its_marks(tmp_path):
    course = make_course(tmp_path / "course")
    folder = hand_in(course, "ann")
    (folder / "p1.ipynb").rename(folder / "mine.ipynb")
    (folder / "p1.ipynb").mkdir()
    (folder / "p1.ipynb" / "file").write_text("")
    submission = take_in(course, read_assignment(course, ASSIGNMENT), "ann", tmp_path / "new")
    assert "p1" in submission.notebooks.keys() - submission.unreadable
    assert (tmp_path / "new" / "p1.ipynb").is_file()


def test_files_are_left_out_as_nbgrader_leaves_them_out(tmp_path):
    ignored = [".ipynb_checkpoints", "*.pyc", "__pycache__"]
    names = ["a.txt", "a.pyc", ".b.pyc", "nb.ipynb", "sub/c.txt", "__pycache__/d.txt", "sub/.ipynb_checkpoints/e.txt"]
    for name in names:
        (tmp_path / "from" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "from" / name).write_text(name)
    copy_files(tmp_path / "from", tmp_path / "to", ignored)
    copied = {str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*") if path.is_file()}
    assert copied == {"a.txt", ".b.pyc", "sub/c.txt"}
    before = hash_folder(tmp_path / "from", ignored)
    (tmp_path / "from" / "a.pyc").write_text("other")
    assert hash_folder(tmp_path / "from", ignored) == before
    (tmp_path / "from" / ".b.pyc").write_text("other")
    assert hash_folder(tmp_path / "from", ignored) != before


def test_file_that_cannot_be_copied_is_told_or_stops_the_copy(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / "from" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "from" / name).write_text(name)
    (tmp_path / "to" / "a.txt").mkdir(parents=True)
    told: list[Path] = []
    copy_files(tmp_path / "from", tmp_path / "to", [], on_error=lambda place, error: told.append(place))
    assert told == [Path("a.txt")]
    assert (tmp_path / "to" / "b.txt").read_text() == "b.txt"
    with pytest.raises(OSError, match="a.txt"):
        copy_files(tmp_path / "from", tmp_path / "to", [])


@pytest.mark.parametrize("source", ["a" + ".b" * 100_000, "(" * 5000, "x = = 1", "x\0y"])
def test_what_cannot_be_parsed_stops_nobody(source):
    assert notebooks.parse(source) is None or notebooks.parse(source).body
    assert set(find_suspicious([source, "import gc"])) >= {"gc"}


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nimport gc",
        "%%time\nimport gc",
        "!pip install \\\n  x\nimport gc",
        "if True:\n    !ls\n    import gc",
        "files = !ls\nimport gc",
        "len?\nimport gc",
        "?len\nimport gc",
        "text = ('%s'\n    % 1)\nimport gc",
    ],
)
def test_magics_hide_nothing(source):
    assert find_suspicious([source]) == ["gc"]


def test_more_code_than_is_looked_through_is_told_and_hides_no_other_cell():
    told = "more code than is looked through"
    assert find_suspicious(["x = 1\n" * 10_000, "import gc"]) == ["gc", told]
    assert find_suspicious(["x = 1\n" * 1000] * 200) == [told]
    assert find_suspicious(["x = 1\n" * 1000] * 50) == []


@pytest.mark.parametrize("warning", ["error", "always"])
def test_python_tells_the_instructor_nothing_about_a_students_code(warning):
    code = (
        "from autograder.intake.review import find_suspicious\n"
        "from autograder.course.notebooks import read_script\n"
        r"""print(find_suspicious(['"\\d"; import gc', '1if 1 else 2; import ctypes']))""" + "\n"
        r"""read_script('# %% tags="a" name="\\d"\n1')"""
    )
    # Python 3.12 shows SyntaxWarnings unasked; before, the same things are DeprecationWarnings.
    where = ":<handed in>" if warning == "error" else ""
    options = [f"-W{warning}::{kind}{where}" for kind in ("SyntaxWarning", "DeprecationWarning")]
    command = [sys.executable, *options, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout == "['ctypes', 'gc']\n", run.stderr
    assert "handed in" not in run.stderr
    assert "<unknown>" not in run.stderr
