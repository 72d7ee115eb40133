"""Whatever is handed in, it gets a mark and a reason, and everybody else is graded as if it were not there."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, run_converter
from autograder.grading import grade
from autograder.intake import submission as intake
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import open_grader, run_autograder

pytestmark = pytest.mark.timeout(600)  # seconds; there are many of them

FULL = 8  # points for code; each notebook has one more for an answer that a person grades
Make = Callable[[Path], Any]
CONTROL = "\x1b]0;owned\x07"
TURNED = "\u202e"


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "p1.ipynb").read_text(encoding="utf-8"))


def write(folder: Path, data: Any) -> None:
    (folder / "p1.ipynb").write_text(json.dumps(data), encoding="utf-8")


def change(path: str, value: Any) -> Make:
    """Return what sets one thing in ``p1.ipynb``; ``cells`` in the path stands for every cell."""

    def make(folder: Path) -> None:
        data = read(folder)
        first, *rest = path.split(".")
        places = data["cells"] if first == "cells" else [data]
        names = rest if first == "cells" else [first, *rest]
        for place in places:
            for name in names[:-1]:
                place = place.setdefault(name, {})
            place[names[-1]] = value
        write(folder, data)

    return make


def drop(name: str) -> Make:
    def make(folder: Path) -> None:
        data = read(folder)
        for cell in data["cells"]:
            cell.pop(name)
        write(folder, data)

    return make


def add(**cell: Any) -> Make:
    """Return what adds a cell of the student's own to ``p1.ipynb``."""
    whole = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "execution_count": None, "source": "1"}

    def make(folder: Path) -> None:
        data = read(folder)
        data["cells"].append(whole | cell)
        write(folder, data)

    return make


def text(content: str | bytes, name: str = "p1.ipynb") -> Make:
    """Return what writes a file instead of ``p1.ipynb``."""

    def make(folder: Path) -> None:
        (folder / "p1.ipynb").unlink()
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def time(content: str) -> Make:
    return lambda folder: (folder / "timestamp.txt").write_text(content, encoding="utf-8")


def many_cells(folder: Path) -> None:
    data = read(folder)
    data["cells"] = [data["cells"][0]] * 100_000
    write(folder, data)


def many_outputs(folder: Path) -> None:
    data = read(folder)
    data["cells"][1]["outputs"] = [{"output_type": "no such type"}] * 300_000
    write(folder, data)


def many_files(folder: Path) -> None:
    (folder / "many").mkdir()
    for number in range(10_000):
        (folder / "many" / f"{number}.txt").touch()


def many_magics(folder: Path) -> None:
    add(source="!true " + "x" * 500 + "\n" + ("!true " + "x" * 500 + "\n") * 2000)(folder)
    add(id="hint", source="!true\nimport ctypes\n")(folder)


def script(extra: str) -> Make:
    """Return what hands in ``p1`` as a script with something more at its end."""

    def make(folder: Path) -> None:
        nb = notebooks.read(folder / "p1.ipynb")
        (folder / "p1.ipynb").unlink()
        (folder / "p1.py").write_text(notebooks.text_of(nb, ".py") + extra, encoding="utf-8")

    return make


def old_format(folder: Path) -> None:
    cells = [
        {"cell_type": "code", "language": "python", "input": cell["source"], "metadata": cell["metadata"],
         "outputs": [], "collapsed": False}
        if cell["cell_type"] == "code"
        else {"cell_type": cell["cell_type"], "source": cell["source"], "metadata": cell["metadata"]}
        for cell in read(folder)["cells"]
    ]  # fmt: skip
    cells.append({"cell_type": "heading", "level": 2, "source": ["The end"], "metadata": {}})
    write(folder, {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


def notebook_is_folder(folder: Path) -> None:
    (folder / "p1.ipynb").unlink()
    (folder / "p1.ipynb" / "p1.ipynb").mkdir(parents=True)


def stamp(nanoseconds: int) -> Make:
    def make(folder: Path) -> None:
        shutil.copy(folder / "p1.ipynb", folder / "p1.py")
        for name in ("p1.ipynb", "p1.py"):
            os.utime(folder / name, ns=(nanoseconds, nanoseconds))
        (folder / "p1.py").write_text('# %% nbgrader={"grade_id": "double"}\nno notebook\n')
        os.utime(folder / "p1.py", ns=(-(2**62), -(2**62)))

    return make


def bytes_name(content: bytes, name: bytes) -> Make:
    def make(folder: Path) -> None:
        if name.endswith(b".ipynb"):
            content_of_p1 = (folder / "p1.ipynb").read_bytes()
            (folder / "p1.ipynb").unlink()
            Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(content_of_p1)
        else:
            Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(content)

    return make


def deep_folders(folder: Path) -> None:
    """Make a path that is longer than the system allows a path to be."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(18):
        os.mkdir("d" * 250, dir_fd=here)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


NEST = json.loads("[" * 250 + "]" * 250)
ODD: list[dict[str, Any]] = [
    {"metadata": {"nbgrader": {"grade_id": ["double"]}}},
    {"metadata": {"nbgrader": {"grade_id": {"a": 1}}}},
    {"metadata": {"nbgrader": {"grade_id": "a\ud800"}}},
    {"metadata": {"nbgrader": ["grade_id"]}},
    {"metadata": {"nbgrader": "grade_id"}},
    {"metadata": {"nbgrader": 7}},
    {"metadata": [1]},
    {"metadata": {"deep": NEST, "tags": [[1], "a"] * 1000}},
    {"metadata": {"a\ud800": "b\ud800"}},
    {"id": "\udfff"},
    {"id": ["id"]},
    {"source": ["x = 1\n", "x"]},
    {"source": "x = '\0'"},
    {"outputs": "none"},
    {"attachments": 7},
]


def odd_cells(folder: Path) -> None:
    for cell in ODD:
        add(**cell)(folder)


# What the notebook cannot be marked for: p1 gets no points, p2 all of them. With a piece of the note.
UNREADABLE: dict[str, tuple[Make, str]] = {
    "no_source": (drop("source"), "p1.ipynb is no notebook that can be read: cell 1 has no source"),
    "source_is_number": (change("cells.source", 5), "cell 1 has no source"),
    "source_is_list_of_numbers": (change("cells.source", [1]), "p1.ipynb is no notebook that can be read"),
    "unknown_cell_type": (change("cells.cell_type", "poem"), "cell 1 is of no known type"),
    "cell_type_is_list": (change("cells.cell_type", ["code"]), "cell 1 is of no known type"),
    "cells_are_numbers": (lambda folder: write(folder, {"cells": [1]}), "cell 1 is of no known type"),
    "cells_is_dict": (lambda folder: write(folder, {"cells": {}}), "it has no list of cells"),
    "no_cells": (lambda folder: write(folder, {"nbformat": 4, "cells": []}), "p1.ipynb holds no cells"),
    "nested_without_end": (text('{"cells":' + "[" * 100_000 + "]" * 100_000 + "}"), "recursion"),
    "no_json": (text('{"cells": ['), "p1.ipynb is no notebook that can be read"),
    "empty_file": (text(""), "p1.ipynb is no notebook that can be read"),
    "no_utf8": (text(b"\xff\xfe\x00"), "p1.ipynb is no notebook that can be read"),
    "number": (text("7"), "it is no JSON object"),
    "huge_number": (text("1" * 10_000), "p1.ipynb is no notebook that can be read"),
    "bad_worksheets": (lambda folder: write(folder, {"nbformat": 3, "worksheets": [7]}), "p1.ipynb is no notebook"),
    "many_cells": (many_cells, "it holds 100000 cells, more than 2000"),
    "large": (text(b'{"cells": []}' + b" " * 30_000_001), "it is larger than 30 MB"),
    "script_large": (script("#" * 1_000_000), "it is larger than 1 MB"),
    "script_cells": (script("# %%\n" * 10_000), "cells, more than 2000"),
    "script_lines": (script("# %%\n1\n" * 1900 + "\n" * 300_000), "it has too many lines"),
    "script_marker": (script("# %% a=" + "=x(" * 1000), "a line that begins a cell is longer than"),
    "script_header": (text("# ---\n# jupyter: [" + "1," * 10_000 + "]\n# ---\n\n# %%\n1\n", "p1.py"), "its header is"),
    "script_no_utf8": (text(b"# %%\nx = '\xff'\n", "p1.py"), "p1.py is no notebook that can be read"),
}
# What is odd and marked all the same: all points, and a note of which this is a piece.
MARKED: dict[str, tuple[Make, str]] = {
    "notebook_metadata_is_list": (change("metadata", [1]), ""),
    "minor_is_text": (change("nbformat_minor", "five"), ""),
    "odd_cells": (odd_cells, ""),
    "format_3": (old_format, ""),
    "many_outputs": (many_outputs, ""),
    "many_files": (many_files, "there are more than 2000 files"),
    "surrogate_in_source": (add(source="x = '\ud800'"), "held characters that no file can hold"),
    "surrogate_in_metadata": (change("metadata.kernelspec", {"language": "\ud800"}), r"asks for a kernel in \ud800"),
    "control_in_kernel": (change("metadata.kernelspec", {"language": CONTROL}), r"asks for a kernel in \x1b]0;owned"),
    "turned_in_kernel": (change("metadata.kernelspec", {"language": TURNED}), r"asks for a kernel in \u202e"),
    "script_nul": (script("\n# %%\nx = '\0'\n"), ""),
    "magics": (many_magics, "uses what no answer needs, have a look: ctypes"),
    "long_cell": (add(source="x = 1\n" * 5000), "more code than is looked through"),
    "time_far": (time("99999-01-01 10:00:00 UTC"), "timestamp.txt holds no time"),
    "time_last": (time("9999-12-31 23:59:59 -86399"), "timestamp.txt holds no time"),
    "stamp_last": (stamp(2**63 - 1), "p1 was handed in twice; p1.ipynb is newer and counts"),
    "name_no_utf8": (bytes_name(b"", b"\xff.ipynb"), r"\udcff.ipynb was graded as p1"),
    "file_no_utf8": (bytes_name(b"x", b"bad\xff.txt"), ""),
    "link_no_utf8": (
        lambda folder: os.symlink("nowhere", os.path.join(os.fsencode(folder), b"\xff\x1b")),
        r"\udcff\x1b is a link or no ordinary file",
    ),
    "control_in_name": (
        lambda folder: (folder / "p1.ipynb").rename(folder / f"{CONTROL}{TURNED}\nann: all points.ipynb"),
        r"\x1b]0;owned\x07\u202e\x0aann: all points.ipynb was graded as p1",
    ),
    "control_in_id": (
        lambda folder: add(metadata={"nbgrader": {"grade_id": CONTROL}})(folder)
        or add(metadata={"nbgrader": {"grade_id": CONTROL}})(folder),
        "",
    ),
    "many_copies": (
        lambda folder: write(folder, {"cells": read(folder)["cells"] + read(folder)["cells"][-5:] * 20}),
        "was there more than once; the last one counts",
    ),
    "many_links": (
        lambda folder: [os.symlink("nowhere", folder / f"link{n}") for n in range(200)],
        "and 150 more notes",
    ),
    "deep_folders": (deep_folders, "is a link or no ordinary file"),
}  # fmt: skip


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """The class after one run of the command: its course and what was printed."""
    course = make_course(tmp_path_factory.mktemp("hostile") / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.Execute.timeout = 5\n")  # IPython takes longer for so many magics
    hand_in(course, "neighbour")
    for student, (make, _) in UNREADABLE.items():
        make(hand_in(course, student))
    for student, (make, _) in MARKED.items():
        folder = hand_in(course, student)
        (folder / "p2.ipynb").unlink()
        make(folder)
    notebook_is_folder(hand_in(course, "folder"))
    (hand_in(course, "written", double="return 7") / "p1.ipynb").write_text("{")
    shutil.rmtree(hand_in(course, "nothing"))
    course.folder("submitted", "nothing", ASSIGNMENT).mkdir()
    run = run_autograder("grade", "--course", course.root, "--json")
    yield course, run
    shutil.rmtree(course.folder("submitted", "deep_folders", ASSIGNMENT))


@pytest.fixture(scope="module")
def rows(aftermath):
    _, run = aftermath
    return {row["student"]: row for row in map(json.loads, run.stdout.splitlines())}


def test_the_class_is_graded_as_a_whole(aftermath, rows):
    course, run = aftermath
    assert run.returncode == 0, run.stderr
    assert {"neighbour", "folder", "written", "nothing", *UNREADABLE, *MARKED} == set(rows)
    assert set(course.scores(ASSIGNMENT)) == set(rows)
    assert not any(row["state"] == "due" for row in rows.values())
    assert rows["neighbour"]["score"] == FULL
    assert rows["neighbour"]["notes"] == []


@pytest.mark.parametrize("student", UNREADABLE)
@pytest.mark.promise("submissions")
def test_what_cannot_be_read_has_no_points_and_a_reason(rows, student):
    row = rows[student]
    assert row["notebooks"] == {"p1": 0, "p2": FULL / 2}
    assert any(UNREADABLE[student][1] in note for note in row["notes"]), row["notes"]
    assert row["needs_manual_grade"]


@pytest.mark.parametrize("student", MARKED)
@pytest.mark.promise("submissions")
def test_what_is_odd_is_marked_all_the_same(rows, student):
    row = rows[student]
    assert row["score"] == FULL / 2, row["notes"]
    assert any(MARKED[student][1] in note for note in row["notes"]) or not MARKED[student][1], row["notes"]
    # A judge passes only so many files on; then a person looks at the marks.
    assert row["needs_manual_grade"] is (student == "many_files")


def test_notebook_that_is_a_folder_is_named(rows):
    assert rows["folder"]["score"] == FULL / 2
    assert rows["folder"]["notes"] == ["p1.ipynb is a folder, not a notebook"]


def test_notes_are_few_and_short(rows):
    assert max(len(row["notes"]) for row in rows.values()) <= 51
    assert max(len(note) for row in rows.values() for note in row["notes"]) <= 350


def test_written_answers_wait_for_a_person_where_something_was_written(aftermath):
    course, _ = aftermath

    def waits(student: str) -> dict[str, bool]:
        with course.gradebook() as gradebook:
            return {nb: gradebook.find_grade("why", nb, ASSIGNMENT, student).needs_manual_grade for nb in ("p1", "p2")}

    assert waits("written") == {"p1": True, "p2": False}
    assert waits("nothing") == {"p1": False, "p2": False}
    assert waits("neighbour") == {"p1": False, "p2": False}


@pytest.mark.promise("terminal")
def test_nothing_that_steers_a_terminal_is_printed(aftermath):
    _, run = aftermath
    for character in ("\x1b", "\x07", TURNED, "\udcff"):
        assert character not in run.stdout + run.stderr.replace("\x1b[", "")
    assert r"\x1b]0;owned" in run.stderr
    assert not [line for line in run.stderr.splitlines() if line.startswith("ann:")]
    assert "Warning" not in run.stderr


def test_files_and_later_runs_survive_strange_names(aftermath):
    course, _ = aftermath
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    folder = course.root / "results" / ASSIGNMENT
    students = json.loads((folder / "results.json").read_text(encoding="utf-8"))["students"]
    assert len(students) == len(UNREADABLE) + len(MARKED) + 4
    with (folder / "marks.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(students)
    assert r"\udcff.ipynb was graded as p1" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.promise("submissions")
def test_no_magic_of_a_student_is_expanded_by_the_grader(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course")
    many_magics(hand_in(course, "ann"))
    expanded = []
    transform = TransformerManager.transform_cell

    def watched(self, cell):
        expanded.append(cell)
        return transform(self, cell)

    monkeypatch.setattr(TransformerManager, "transform_cell", watched)
    assignment = read_assignment(course, ASSIGNMENT)
    submission = intake.take_in(course, assignment, "ann", tmp_path / "work")
    assert submission.notes == ["p1: uses what no answer needs, have a look: ctypes"]
    assert not any("!true" in cell for cell in expanded)
    TransformerManager().transform_cell("!true")
    assert expanded == ["!true"]  # so it would have been noticed


@pytest.mark.parametrize(
    "content",
    [
        b"0000-01-01 10:00:00 UTC",
        b"0001-01-01 10:00:00 +23",
        b"1800-01-01 10:00:00 UTC",
        b"99999-01-01 10:00:00 UTC",
        b"2026-03-01 10:00:00 1" + b"0" * 30,
        b"2026-03-01 10:00:00 ../../x",
        b"\x1b]0; \0\0",
        b"\xff\xfe",
        b"1" * 10_000_000,
    ],
    ids=lambda content: ascii(content[:25]),
)
def test_a_time_that_cannot_be_counts_as_in_time(tmp_path, content):
    course = make_course(tmp_path / "course")
    (hand_in(course, "ann") / "timestamp.txt").write_bytes(content)
    submission = intake.take_in(course, read_assignment(course, ASSIGNMENT), "ann", tmp_path / "work")
    assert submission.timestamp is None
    assert submission.notes == ["timestamp.txt holds no time; the submission counts as in time"]


def test_a_time_is_read_as_nbgrader_reads_it(tmp_path):
    course = make_course(tmp_path / "course")
    (hand_in(course, "ann") / "timestamp.txt").write_text("2026-03-01 10:00:00 +0100\n\n")
    submission = intake.take_in(course, read_assignment(course, ASSIGNMENT), "ann", tmp_path / "work")
    assert submission.timestamp == course.directory().get_existing_timestamp(str(tmp_path / "work"))
    assert submission.timestamp is not None
    assert submission.notes == []


def test_a_student_whose_name_no_gradebook_can_hold_is_named_and_alone_not_graded(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    folder = os.fsencode(hand_in(course, "bob").parent)
    os.rename(folder, os.path.join(os.path.dirname(folder), b"b\xff"))
    for _ in range(2):
        run = run_autograder("grade", "--course", course.root)
        assert run.returncode == 1
        assert r"b\udcff: could not be graded: ValueError: the name of the student's folder is no UTF-8" in run.stderr
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}}
    assert "ann" in (course.root / "results" / ASSIGNMENT / "marks.csv").read_text(encoding="utf-8")


def test_an_error_that_nobody_has_thought_of_costs_nobody_else_a_mark(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course")
    for student in ("ann", "bob"):
        hand_in(course, student)
    find = intake.find_notebooks

    def broken(folder: Path, names: object):
        if "bob" in str(folder):
            raise ZeroDivisionError(f"so bad {CONTROL}\nbob: all points")
        return find(folder, names)

    monkeypatch.setattr(intake, "find_notebooks", broken)
    done = {submission.student: submission for submission in grade(course, ASSIGNMENT, ["ann", "bob"])}
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 0, "p2": 0}}
    assert done["bob"].recorded
    assert done["bob"].notes == [r"the submission could not be taken in: ZeroDivisionError: so bad \x1b]0;owned\x07"]


def test_a_fault_of_the_machine_costs_no_points(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    read_text = Path.read_text

    def full(self, *arguments, **settings):
        if self.name == "p1.ipynb" and "submitted" in str(self):
            raise OSError(28, "No space left on device")
        return read_text(self, *arguments, **settings)

    monkeypatch.setattr(Path, "read_text", full)
    with open_grader(course, ASSIGNMENT) as grader:
        (ann,) = grader.grade(["ann"])
        assert not ann.recorded
        assert grader.due(["ann"]) == ["ann"]
    monkeypatch.undo()
    (ann,) = grade(course, ASSIGNMENT, ["ann"])
    assert ann.recorded
    assert course.scores(ASSIGNMENT)["ann"] == {"p1": 4, "p2": 4}


def test_programs_that_were_handed_in_can_be_run(tmp_path):
    course = make_course(tmp_path / "course")
    answer = "import subprocess; return 2 * x if subprocess.run(['./run.sh']).returncode == 5 else 0"
    folder = hand_in(course, "ann", double=answer)
    (folder / "run.sh").write_text("#!/bin/sh\nexit 5\n")
    (folder / "run.sh").chmod(0o755)
    assert hand_in(course, "bob", double=answer)
    (course.folder("submitted", "bob", ASSIGNMENT) / "run.sh").write_text("#!/bin/sh\nexit 5\n")
    list(grade(course, ASSIGNMENT, ["ann", "bob"]))
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 2, "p2": 2}}


def test_notebooks_of_like_names_are_kept_apart(tmp_path):
    names = {"p1": "_1_2_3_theory", "p2": "_1_2_3_practice"}
    course = like_names(tmp_path / "course", names)
    folder = course.folder("submitted", "ann", ASSIGNMENT)
    for name in names.values():
        nb = notebooks.read(course.folder("release", ".", ASSIGNMENT) / f"{name}.ipynb")
        double = "return 2 * x" if name == "_1_2_3_theory" else "return 0"
        answers = {"double": f"def double(x):\n    {double}", "triple": "def triple(x):\n    return 3 * x"}
        notebooks.write(notebooks.fill(nb, answers), folder / f"{name}.ipynb")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    points = {"_1_2_3_practice": 2, "_1_2_3_theory": 4}
    assert course.scores(ASSIGNMENT) == {"ann": points}
    results = course.root / "results" / ASSIGNMENT
    (row,) = json.loads((results / "results.json").read_text(encoding="utf-8"))["students"]
    assert (row["notebooks"], row["score"], row["max_score"]) == (points, 6, 10)
    with (results / "marks.csv").open(newline="", encoding="utf-8") as file:
        (cells,) = csv.DictReader(file)
    assert [cells[name] for name in (*points, "score", "max_score")] == ["2", "4", "6", "10"]
    page = (results / "report.html").read_text(encoding="utf-8")
    assert all(f"{name} / 5</th>" in page for name in points)
    assert all(name in run.stdout for name in points)


def like_names(root: Path, names: dict[str, str]) -> Course:
    """Make the plain course with other names for its notebooks."""
    pattern = make_course(root.with_name("pattern"))
    root.mkdir()
    shutil.copy(pattern.root / "nbgrader_config.py", root)
    course = Course(root)
    for old, new in names.items():
        source = pattern.folder("source", ".", ASSIGNMENT) / f"{old}.ipynb"
        notebooks.write(nbformat.read(source, 4), course.folder("source", ".", ASSIGNMENT) / f"{new}.ipynb")
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course
