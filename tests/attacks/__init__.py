"""Submissions that try to do harm, and what must hold; ``python -m tests.attacks`` prints them as a table."""
