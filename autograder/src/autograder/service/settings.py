"""What the service takes from one student, and from all of them."""

from __future__ import annotations

from traitlets import Integer
from traitlets.config import Configurable


class Service(Configurable):
    """The limits of ``autograder serve``."""

    largest_upload = Integer(10_000_000, min=1000, help="Bytes that a notebook may have that is handed in.").tag(
        config=True
    )
    upload_time = Integer(60, min=1, help="Seconds that sending it may take.").tag(config=True)
    uploads_per_hour = Integer(30, min=1, help="How often a student may hand in within an hour.").tag(config=True)
    queue = Integer(
        500, min=1, help="Notebooks that may wait for their visible tests; while it is full, nobody can hand in."
    ).tag(config=True)
