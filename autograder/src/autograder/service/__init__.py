"""A small web service: students hand in notebooks and see the visible tests; instructors see the class."""
