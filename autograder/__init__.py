"""A grading engine for nbgrader courses; ``autograder --help`` lists its commands."""
