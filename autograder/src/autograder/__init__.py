"""Grade nbgrader courses: fast, in a sandbox, with nbgrader's own marks.

What is listed in ``__all__`` is the public surface. Every other name is private and may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course.coursedir import Course, CourseError
    from autograder.execution.executor import KernelLost, RunResult
    from autograder.execution.notebook import run_notebook
    from autograder.grading import GradedSubmission, grade
    from autograder.reporting.marks import Mark, read_marks

_PLACES = {
    "Course": "course.coursedir",
    "CourseError": "course.coursedir",
    "GradedSubmission": "grading",
    "KernelLost": "execution.executor",
    "Mark": "reporting.marks",
    "RunResult": "execution.executor",
    "grade": "grading",
    "read_marks": "reporting.marks",
    "run_notebook": "execution.notebook",
}

__all__ = [
    "Course",
    "CourseError",
    "GradedSubmission",
    "KernelLost",
    "Mark",
    "RunResult",
    "grade",
    "read_marks",
    "run_notebook",
]


def __getattr__(name: str) -> object:
    # Imported on first use: the processes of the sandbox import this package too, without nbgrader.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
