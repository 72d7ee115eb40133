"""Honest work in ordinary course styles, which is to win here what it wins with nbgrader."""
