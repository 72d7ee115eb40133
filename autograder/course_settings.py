"""The settings that all courses of this repository share; `autograder build` makes courses that build on this file."""

from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()  # noqa: F821 - nbgrader provides it

# Masters and hidden tests, and what is made from them.
repository = Path(__file__).resolve().parents[1]
c.Authoring.masters = f"{repository}/solutions/{{name}}_solution.py"
c.Authoring.hidden_tests = f"{repository}/autograder/hidden_tests/{{name}}_tests.py"
c.Authoring.notebook = "{name}_exercise"
c.Authoring.assignments = {"5_6": "_5_6_*"}
c.Authoring.exercises = f"{repository}/exercises"

# An answer is cleared to its signature and docstring; the checks say kindly that it is missing.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}

# Seconds a single cell may take; those of the reference answers take a few.
c.Execute.timeout = 180

# Kernels are forked from a process that has imported these, and they can see where these are installed. Any notebook
# may import more of what the environment has.
c.ForkProvisioner.modules = [
    "skops.io",  # it looks through all modules that are imported before it: half a second, if TensorFlow is one
    "tensorflow",
    "keras",
    "scikeras.wrappers",
    "sklearn.model_selection",
    "matplotlib.font_manager",
    "pandas",
    "coffee_shop",
]
c.ForkProvisioner.environment = ["TF_*", "KERAS_BACKEND", "XLA_FLAGS"]
c.ForkProvisioner.variables = {
    # TensorFlow's C++ messages would land in the error stream of a cell, where nbgrader takes them for a failure.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Kernels share the cores: more threads would only wait for each other.
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}

# Feedback shows marks and messages, and keeps the hidden tests hidden.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
