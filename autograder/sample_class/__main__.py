"""A class to try the grader on: right, half right, blank, broken and dishonest submissions, made afresh.

``python autograder/sample_class COURSE`` hands all of them in to a course that ``autograder build`` has made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder import Course
from autograder.authoring.masters import Masters, read_titled_cells
from autograder.course import notebooks

HERE = Path(__file__).parent
ONE, TWO, THREE = "_5_6_1", "_5_6_2", "_5_6_3"
ASSIGNMENT = "5_6"


def hand_in(course: Course) -> None:
    """Write the sample class's submissions into the course."""
    exercises = _Exercises(course)
    for student, submit in STUDENTS.items():
        folder = course.folder("submitted", student, ASSIGNMENT)
        folder.mkdir(parents=True, exist_ok=True)
        submit(exercises, folder)


class _Exercises:
    """Exercises as released, solved, or with a student's own answers."""

    def __init__(self, course: Course):
        self._masters = Masters(course.config)
        self._release = course.folder("release", ".", ASSIGNMENT)

    def blank(self, exercise: str) -> NotebookNode:
        return notebooks.read(self._release / f"{_notebook_name(exercise)}.ipynb")

    def solved(self, exercise: str) -> NotebookNode:
        return notebooks.fill(self.blank(exercise), self._masters.reference_answers(exercise))

    def answered_by(self, student: str, exercise: str) -> NotebookNode:
        return notebooks.fill(self.blank(exercise), read_titled_cells(HERE / student / f"{exercise}.py"))


def _notebook_name(exercise: str) -> str:
    return f"{exercise}_exercise"


def _save(nb: NotebookNode, folder: Path, exercise: str, suffix: str = ".ipynb") -> None:
    notebooks.write(nb, folder / f"{_notebook_name(exercise)}{suffix}")


def _all_right(exercises: _Exercises, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(exercises.solved(exercise), folder, exercise)


def _right_as_scripts(exercises: _Exercises, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(exercises.solved(exercise), folder, exercise, ".py")


def _half_right(exercises: _Exercises, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(exercises.answered_by("chloe", exercise), folder, exercise)


def _blank(exercises: _Exercises, folder: Path) -> None:
    for exercise in (ONE, TWO, THREE):
        _save(exercises.blank(exercise), folder, exercise)


def _only_the_first(exercises: _Exercises, folder: Path) -> None:
    _save(exercises.solved(ONE), folder, ONE)


def _cut_off(exercises: _Exercises, folder: Path) -> None:
    text = notebooks.text_of(exercises.solved(ONE), ".ipynb")
    (folder / f"{_notebook_name(ONE)}.ipynb").write_text(text[: len(text) // 2], encoding="utf-8")
    _save(exercises.solved(THREE), folder, THREE)


def _renamed(exercises: _Exercises, folder: Path) -> None:
    notebooks.write(exercises.solved(ONE), folder / "final version (2).ipynb")


def _cells_lost_and_copied(exercises: _Exercises, folder: Path) -> None:
    nb = exercises.solved(ONE)
    cells = [cell for cell in nb.cells if notebooks.grade_id(cell) != "test_refine_grid_edge"]
    copy = nbformat.from_dict(next(c for c in cells if notebooks.grade_id(c) == "test_count_fits_list"))
    copy.id = "copied"
    nb.cells = [*cells, copy]
    _save(nb, folder, ONE)


def _only_a_link(exercises: _Exercises, folder: Path) -> None:
    link = folder / f"{_notebook_name(ONE)}.ipynb"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.parents[1] / "ada" / folder.name / link.name)


def _another_kernel(exercises: _Exercises, folder: Path) -> None:
    nb = exercises.solved(ONE)
    nb.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    _save(nb, folder, ONE)


def _wrong_exercise(exercises: _Exercises, folder: Path) -> None:
    _save(exercises.solved(ONE), folder, TWO)


def _nothing(exercises: _Exercises, folder: Path) -> None:
    (folder / "notes.txt").write_text("I forgot to save.\n", encoding="utf-8")


def _dishonest(exercises: _Exercises, folder: Path) -> None:
    nb = exercises.blank(ONE)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
            cell.metadata.nbgrader["points"] = 100
            cell.source = "pass"
    (folder / f"{_notebook_name(ONE)}.ipynb").write_text(json.dumps(nb), encoding="utf-8")


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

if __name__ == "__main__":
    hand_in(Course(Path(sys.argv[1])))
