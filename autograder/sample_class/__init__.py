"""A class to try the grader on: right, half right, blank, broken and dishonest submissions, made afresh."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder import notebooks
from autograder.build import read_titled_cells, reference_answers
from autograder.course import Course
from autograder.layout import Layout, assignment_name, notebook_name

HERE = Path(__file__).parent
ONE, TWO, THREE = "_5_6_1", "_5_6_2", "_5_6_3"


def hand_in(layout: Layout, course: Course) -> list[str]:
    """Write the sample class's submissions into the course and return the students' names."""
    desk = _Desk(layout, course)
    for student, submit in STUDENTS.items():
        folder = course.folder("submitted", student, assignment_name(ONE))
        folder.mkdir(parents=True, exist_ok=True)
        submit(desk, folder)
    return list(STUDENTS)


class _Desk:
    """Where students get exercises from: as released, solved, or with answers of their own."""

    def __init__(self, layout: Layout, course: Course):
        self._layout = layout
        self._release = course.folder("release", ".", assignment_name(ONE))

    def blank(self, exercise: str) -> NotebookNode:
        return notebooks.read(self._release / f"{notebook_name(exercise)}.ipynb")

    def solved(self, exercise: str) -> NotebookNode:
        return notebooks.fill(self.blank(exercise), reference_answers(self._layout, exercise))

    def answered_by(self, student: str, exercise: str) -> NotebookNode:
        return notebooks.fill(self.blank(exercise), read_titled_cells(HERE / student / f"{exercise}.py"))


def _save(nb: NotebookNode, folder: Path, exercise: str, suffix: str = ".ipynb") -> None:
    notebooks.write(nb, folder / f"{notebook_name(exercise)}{suffix}")


def _all_right(desk: _Desk, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(desk.solved(exercise), folder, exercise)


def _right_as_scripts(desk: _Desk, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(desk.solved(exercise), folder, exercise, ".py")


def _half_right(desk: _Desk, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(desk.answered_by("chloe", exercise), folder, exercise)


def _blank(desk: _Desk, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(desk.blank(exercise), folder, exercise)


def _only_the_first(desk: _Desk, folder: Path) -> None:
    _save(desk.solved(ONE), folder, ONE)


def _cut_off(desk: _Desk, folder: Path) -> None:
    text = notebooks.text_of(desk.solved(ONE), ".ipynb")
    (folder / f"{notebook_name(ONE)}.ipynb").write_text(text[: len(text) // 2], encoding="utf-8")
    _save(desk.solved(THREE), folder, THREE)


def _renamed(desk: _Desk, folder: Path) -> None:
    notebooks.write(desk.solved(ONE), folder / "final version (2).ipynb")


def _cells_lost_and_copied(desk: _Desk, folder: Path) -> None:
    nb = desk.solved(ONE)
    cells = [cell for cell in nb.cells if notebooks.grade_id(cell) != "test_refine_grid_edge"]
    copy = nbformat.from_dict(next(c for c in cells if notebooks.grade_id(c) == "test_count_fits_list"))
    copy.id = "copied"
    nb.cells = [*cells, copy]
    _save(nb, folder, ONE)


def _only_a_link(desk: _Desk, folder: Path) -> None:
    link = folder / f"{notebook_name(ONE)}.ipynb"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.parents[1] / "ada" / folder.name / link.name)


def _another_kernel(desk: _Desk, folder: Path) -> None:
    nb = desk.solved(ONE)
    nb.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    _save(nb, folder, ONE)


def _wrong_exercise(desk: _Desk, folder: Path) -> None:
    _save(desk.solved(ONE), folder, TWO)


def _nothing(desk: _Desk, folder: Path) -> None:
    (folder / "notes.txt").write_text("I forgot to save.\n", encoding="utf-8")


def _dishonest(desk: _Desk, folder: Path) -> None:
    nb = desk.blank(ONE)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
            cell.metadata.nbgrader["points"] = 100
            cell.source = "pass"
    (folder / f"{notebook_name(ONE)}.ipynb").write_text(json.dumps(nb), encoding="utf-8")


STUDENTS = {
    "ada": _all_right,
    "ben": _right_as_scripts,
    "chloe": _half_right,
    "dmitri": _blank,
    "elif": _only_the_first,
    "farid": _cut_off,
    "grace": _renamed,
    "hugo": _cells_lost_and_copied,
    "ines": _only_a_link,
    "jonas": _another_kernel,
    "kim": _wrong_exercise,
    "lena": _nothing,
    "mallory": _dishonest,
}
