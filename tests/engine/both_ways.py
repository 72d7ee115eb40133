"""Grade a course with the engine and with stock nbgrader."""

from __future__ import annotations

import shutil

from autograder.course.coursedir import Course
from tests.golden import Golden
from tests.support import grade_rows, know_tables, run_autograder, run_nbgrader


def grade_both_ways(course: Course, assignment: str, golden: Golden, name: str) -> tuple[list[list], list[list]]:
    """Return the rows that we give, and those that nbgrader itself gives, which are stored under this name."""
    copy = course.root.with_name("copy")
    shutil.copytree(course.root, copy)
    know_tables(course, assignment, golden, name)
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr

    def nbgraders() -> list[tuple]:
        run_nbgrader(Course(copy), "autograde", assignment, "--create")
        return grade_rows(Course(copy), assignment)

    inputs = [copy / part for part in ("nbgrader_config.py", "source", "submitted")]
    return [list(row) for row in grade_rows(course, assignment)], golden(name, nbgraders, inputs)
