"""Submissions that try to win points for a wrong answer; ``python -m tests.forgeries`` prints them as a table."""
