"""Give marks to the platforms that students came from: LTI's Assignment and Grade Services."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import httpx

from autograder.course.coursedir import Course
from autograder.course.text import first_line
from autograder.exchange.marked import Marked, read_marked
from autograder.exchange.problems import Problem
from autograder.service.lti.key import ToolKey
from autograder.service.lti.launch import SCORE_SCOPE
from autograder.service.lti.people import Member, Members
from autograder.service.lti.settings import Platform, read_platforms
from autograder.service.tokens import STUDENT

_TIMEOUT = 30  # s, for one answer of a platform
_SOON = 60  # s before its end, when a token is replaced
_SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ScoreSender:
    """Sends the scores of an assignment. Use it in a ``with`` block.

    Parameters
    ----------
    course : Course
    assignment : str

    Attributes
    ----------
    students : list of Marked
        Everybody with marks.

    Raises
    ------
    CourseError
        If the settings or the service's key have a mistake.
    OperationalError
        If the gradebook cannot be read.
    """

    def __init__(self, course: Course, assignment: str):
        self._assignment = assignment
        self._platforms, self._key = read_platforms(course.config), ToolKey(course)
        self._members = {one.id: one for one in Members(course).read() if one.role == STUDENT}
        self._tokens: dict[Platform, tuple[str, float]] = {}
        self.students = [one for one in read_marked(course, assignment) if one.is_graded]

    def __enter__(self) -> ScoreSender:
        self._client = httpx.Client(timeout=_TIMEOUT)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self) -> Iterator[Problem | None]:
        """Send everybody's score, and yield for each student None, or what was wrong.

        A score that was sent before is sent again: the platform keeps the newest.
        """
        for student in self.students:
            try:
                self._send(student)
            except (httpx.HTTPError, ValueError, LookupError) as error:
                yield Problem(student.id, first_line(error))
            else:
                yield None

    def _send(self, student: Marked) -> None:
        member = self._members.get(student.id)
        if member is None or self._assignment not in member.line_items:
            raise ValueError("has not opened the assignment from a platform that takes scores")
        platform = self._platforms.get((member.issuer, member.client_id))
        if platform is None:
            raise ValueError(f"came from {member.issuer}, which is not in c.LTI.platforms")
        answer = self._client.post(
            _scores_of(member.line_items[self._assignment]),
            json=_score(student, member),
            headers={"Authorization": f"Bearer {self._token(platform)}", "Content-Type": _SCORE_TYPE},
        )
        answer.raise_for_status()

    def _token(self, platform: Platform) -> str:
        """Return a token with which the platform takes scores."""
        token, until = self._tokens.get(platform, ("", 0.0))
        if until > time.time() + _SOON:
            return token
        now = int(time.time())
        claims = {"iss": platform.client_id, "sub": platform.client_id, "aud": platform.token}
        claims |= {"iat": now, "exp": now + 300, "jti": secrets.token_urlsafe(16)}  # type: ignore[dict-item]
        asked = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._key.sign(claims),
            "scope": SCORE_SCOPE,
        }
        answer = self._client.post(platform.token, data=asked)
        answer.raise_for_status()
        given = answer.json()
        token = str(given["access_token"])
        self._tokens[platform] = (token, now + float(given.get("expires_in", 0)))
        return token


def _scores_of(line_item: str) -> str:
    """Return the address of a line item's scores: the item's own may have a query."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores"))


def _score(student: Marked, member: Member) -> dict[str, object]:
    waits = student.result.needs_manual_grade
    return {
        "userId": member.subject,
        "scoreGiven": float(student.score),
        "scoreMaximum": student.result.max_score,
        "activityProgress": "Completed",
        "gradingProgress": "PendingManual" if waits else "FullyGraded",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
