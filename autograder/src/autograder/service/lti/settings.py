"""Which platforms may open the service, and how their people are known in the course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from traitlets import Dict, Enum, List, Unicode
from traitlets.config import Config, Configurable

from autograder.course.coursedir import CourseError

_ADDRESSES = ("login", "token", "keys")
_KEYS = {"issuer", "client_id", "deployments", *_ADDRESSES}
_LOCAL = ("localhost", "127.0.0.1")


class LTI(Configurable):
    """The platforms of ``autograder serve``."""

    address = Unicode(help="Address at which browsers reach the service, such as https://grader.example.edu.").tag(
        config=True
    )
    platforms = List(
        Dict(),
        help="Of each platform its issuer, client_id, deployments (a list), and the addresses login, token and keys.",
    ).tag(config=True)
    student = Enum(
        ["email", "sourcedid", "username", "sub"],
        "email",
        help="What of a person is the id in the course: the address, the id of the institution, the custom parameter "
        "`username`, or the platform's own number.",
    ).tag(config=True)


@dataclass(frozen=True)
class Platform:
    """One registration of the service at a platform.

    Attributes
    ----------
    issuer, client_id : str
        Together they name the registration.
    deployments : tuple of str
        The ids of the deployments that may open the service.
    login, token, keys : str
        Addresses: where a login goes on, where tokens for scores are given, and where the platform's public keys are.
    """

    issuer: str
    client_id: str
    deployments: tuple[str, ...]
    login: str
    token: str
    keys: str


def read_platforms(config: Config) -> dict[tuple[str, str], Platform]:
    """Return the platforms in the settings, by issuer and client id.

    Raises
    ------
    CourseError
        If one of them has a mistake.
    """
    settings = LTI(config=config)
    if settings.platforms:
        _require_address("c.LTI.address", settings.address)
    found = [_read(number, one) for number, one in enumerate(settings.platforms, start=1)]
    return {(one.issuer, one.client_id): one for one in found}


def _read(number: int, given: dict[str, Any]) -> Platform:
    place = f"number {number} of c.LTI.platforms"
    if set(given) != _KEYS:
        raise CourseError(f"{place} has to have exactly: {', '.join(sorted(_KEYS))}")
    for name in _ADDRESSES:
        _require_address(f"{name} of {place}", given[name])
    deployments = given["deployments"]
    if not isinstance(deployments, list) or not deployments:
        raise CourseError(f"deployments of {place} has to be a list of one id or more")
    return Platform(**{**given, "deployments": tuple(map(str, deployments))})


def _require_address(what: str, address: object) -> None:
    parts = urlsplit(address if isinstance(address, str) else "")
    if parts.scheme != "https" and parts.hostname not in _LOCAL or not parts.hostname:
        raise CourseError(f"{what} has to be an address that begins with https://")
