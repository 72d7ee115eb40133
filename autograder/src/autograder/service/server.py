"""Run the service."""

from __future__ import annotations

import uvicorn

from autograder.course.coursedir import Course, CourseError
from autograder.sandbox.kinds import AUTO, find_obstacle
from autograder.service.app import make_app
from autograder.service.handin import HandInService

_PATIENCE = 5  # s, for requests that are not answered yet when the service is stopped
_CONNECTIONS = 200  # at a time; one more gets the answer 503


def serve(course: Course, host: str, port: int) -> None:
    """Serve a course until somebody stops it.

    Raises
    ------
    CourseError
        If no sandbox works here, or if the file of tokens has a mistake.
    """
    if obstacle := find_obstacle(AUTO):
        raise CourseError(f"{obstacle}. The service runs what anybody hands in, and does not do so without a sandbox")
    service = HandInService(course)
    service.tokens.read()
    uvicorn.run(
        make_app(service),
        host=host,
        port=port,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_PATIENCE,
        server_header=False,
    )
