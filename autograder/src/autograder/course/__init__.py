"""A course on disk: its settings, its assignments, its notebooks."""
