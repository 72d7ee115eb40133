"""What several tests of the course share."""

from __future__ import annotations

import pytest

from coffee_shop import scorecard
from tests.course.repository import MASTERS


@pytest.fixture(scope="session")
def masters():
    """The repository's own masters, hidden tests and exercises."""
    return MASTERS


@pytest.fixture(autouse=True)
def scorecard_of_its_own(tmp_path, monkeypatch):
    """Keep what a test answers out of the home folder, and return the file that holds it."""
    monkeypatch.setenv(scorecard.ENV, str(tmp_path / "scorecard.json"))
    monkeypatch.setattr(scorecard, "_unwritten", {})
    return tmp_path / "scorecard.json"
