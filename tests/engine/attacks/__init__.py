"""Submissions that try to do harm, and what must hold."""
