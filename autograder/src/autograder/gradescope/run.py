"""What runs on Gradescope for each submission: grade it, and write ``results.json``.

If grading itself fails, nothing is written and the exit status is 1: then Gradescope says that the autograder failed,
and no student gets 0 points for it. What is printed is shown to instructors only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy.exc import OperationalError

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course, CourseError
from autograder.gradescope.results import as_results
from autograder.grading import Grader
from autograder.reporting.reading import read_cell_marks
from autograder.session import Request, assignment_name, grade_class

_STUDENT = "student"  # Gradescope knows who it is


def grade_submission(root: Path) -> None:
    """Grade what lies in ``submission/`` and write ``results/results.json``, in the folder that Gradescope gives.

    The submission is graded in a copy of the course, so that every run begins in the same state.

    Raises
    ------
    CourseError
        If it cannot be graded, for a reason that is not in the submission.
    OperationalError, OSError
        If the gradebook or a file cannot be used.
    """
    results = root / "results" / "results.json"
    results.unlink(missing_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch).resolve() / "course"
        shutil.copytree(root / "source" / "course", copy)
        course = Course(copy)
        name = assignment_name(course, None)
        shutil.copytree(root / "submission", course.folder("submitted", _STUDENT, name), symlinks=True)
        grade_class(Request(copy))
        assignment = read_assignment(course, name)
        with Grader(course, assignment) as grader:
            entry = grader.entries()[_STUDENT]
        marks = course.read_gradebook(lambda book: read_cell_marks(book, name))
        found = as_results(assignment, course.config, marks, entry)
    found["execution_time"] = round(time.monotonic() - started, 1)
    results.parent.mkdir(exist_ok=True)
    new = results.with_name(".results.json.new")
    new.write_text(json.dumps(found, indent=1), encoding="utf-8")
    os.replace(new, results)


def main() -> None:
    """Grade the submission in the folder that is the first argument."""
    try:
        grade_submission(Path(sys.argv[1]))
    except (CourseError, OperationalError, OSError) as error:
        sys.exit(f"The submission could not be graded: {error}")


if __name__ == "__main__":
    main()
