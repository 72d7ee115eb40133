"""Grade on Gradescope: a package for its autograder, and what runs there."""
