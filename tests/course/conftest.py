"""What several tests of the course share."""

from __future__ import annotations

import pytest

from coffee_shop import scorecard
from tests.course.repository import MASTERS


@pytest.fixture(scope="session")
def masters():
    """The repository's own masters, hidden tests and exercises."""
    return MASTERS


@pytest.fixture(scope="session")
def scorecards(tmp_path_factory):
    """A folder for the scorecard of each test: commands of all tests then have the same environment variables."""
    return tmp_path_factory.mktemp("scorecards")


@pytest.fixture(autouse=True)
def scorecard_of_its_own(scorecards, monkeypatch):
    """Keep what a test answers out of the home folder, and return the file that holds it."""
    monkeypatch.setenv(scorecard.ENV, str(scorecards / "scorecard.json"))
    monkeypatch.setattr(scorecard, "_unwritten", {})
    yield scorecards / "scorecard.json"
    for file in scorecards.iterdir():
        file.unlink()
