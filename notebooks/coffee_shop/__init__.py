"""What lessons and exercises import: the data, the recipe, the pictures, the kind checks.

Importing the package is cheap; TensorFlow is imported by the modules that need it.
"""

import os

# TensorFlow's C++ greetings land in a notebook's error stream, where nbgrader takes them for a failure.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
