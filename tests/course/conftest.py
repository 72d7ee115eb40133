"""What several tests of the course share."""

from __future__ import annotations

import pytest

from tests.course.repository import MASTERS


@pytest.fixture(scope="session")
def masters():
    """The repository's own masters, hidden tests and exercises."""
    return MASTERS
