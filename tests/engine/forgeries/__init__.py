"""Submissions that try to win points for a wrong answer."""
