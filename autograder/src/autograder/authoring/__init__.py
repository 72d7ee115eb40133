"""Make courses: weave masters and hidden tests into assignments, and start a new small course."""
