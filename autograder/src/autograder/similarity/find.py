"""Compare the answers of a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.similarity.answers import Reader
from autograder.similarity.page import write_page
from autograder.similarity.pairs import Pair, compare


def find_similar(
    course: Course, assignment: str, track: Callable[[list[str]], Iterable[str]] = iter
) -> tuple[list[Pair], Path]:
    """Compare what students handed in, and write a page with the pairs that are most alike.

    Nothing is run, and nothing but the page is written.

    Parameters
    ----------
    course : Course
    assignment : str
    track : callable, optional
        Yields the students that it is given, and shows how far the reading is.

    Returns
    -------
    pairs : list of Pair
        The most alike first.
    page : Path

    Raises
    ------
    CourseError
        If there is no such assignment.
    OperationalError
        If the gradebook cannot be read.
    OSError
        If the page cannot be written.
    """
    reader = Reader(course, assignment, read_assignment(course, assignment).templates)
    works, notes, students = [], [], course.students(assignment)
    for student in track(students):
        found, said = reader.read(student)
        works += found
        notes += [f"{student}: {note}" for note in said]
    pairs = compare(works)
    page = course.root / "results" / assignment / "similarity.html"
    write_page(assignment, len({work.student for work in works}), pairs, notes, page)
    return pairs, page
