"""How a class did by the marks as they are now, and its files in ``results/`` after a change without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder.course.coursedir import Course
from autograder.grading import Grader
from autograder.reporting.files import write_results
from autograder.reporting.summary import Summary, summarize


def read_summary(
    course: Course, assignment: str, grader: Grader, failed: Mapping[str, Sequence[str]] | None = None
) -> Summary:
    """Return how the class did in an assignment, by the marks as they are now.

    Parameters
    ----------
    course : Course
    assignment : str
    grader : Grader
        Of this assignment, in its ``with`` block.
    failed : mapping, optional
        By student whose submission could not be graded just now, the reasons.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """
    everybody = course.students(assignment)
    return summarize(course, assignment, everybody, grader.due(everybody), grader.entries(), failed)


def renew_results(
    course: Course, assignment: str, grader: Grader, failed: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Write how the class did in an assignment; the parameters are those of `read_summary`.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    OSError
        If the files cannot be written.
    """
    write_results(read_summary(course, assignment, grader, failed), course.root / "results" / assignment)
