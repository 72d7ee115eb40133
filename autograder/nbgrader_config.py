"""nbgrader's settings for the course in this folder; written once by `autograder build`, then yours."""

import os
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()  # noqa: F821 - nbgrader provides it

course = Path(__file__).parent

c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = course.name

# An answer is cleared to its signature and docstring; the checks say kindly that it is missing.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}

# Seconds a single cell may take; those of the reference answers take a few.
c.Execute.timeout = 180

# TensorFlow's C++ messages would land in the error stream of a cell, where nbgrader takes them for a failure.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Grading starts kernels that have imported these already, and that can see where they are installed; any notebook
# may import more of what the environment has.
c.WarmProvisioner.modules = [
    "tensorflow",
    "keras",
    "scikeras.wrappers",
    "sklearn.model_selection",
    "skops.io",
    "matplotlib.font_manager",
    "pandas",
    "coffee_shop",
]

# Feedback shows marks and messages, and keeps the hidden tests hidden.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]

# One machine, one instructor: the exchange lives beside the course.
c.Exchange.root = str(course / "exchange")
