"""Where the course is published, if it is: read from the environment when the site is built."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

REPOSITORY = "COURSE_REPOSITORY"
SITE = "COURSE_SITE"


def repository() -> str:
    """Return the repository's address, such as https://github.com/OWNER/REPO, or nothing."""
    return _address(REPOSITORY)


def site() -> str:
    """Return the address under which the site is published, with a slash at its end, or nothing."""
    address = _address(SITE)
    return f"{address}/" if address else ""


def _address(name: str) -> str:
    address = os.environ.get(name, "").rstrip("/")
    if address and (urlsplit(address).scheme not in ("https", "http") or not urlsplit(address).hostname):
        raise ValueError(f"{name} must be an address such as https://example.org/course, not {address!r}")
    return address
