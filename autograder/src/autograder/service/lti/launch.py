"""Check that a launch is what a platform has sent, for this login of this browser, and for the first time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from autograder.service.lti.settings import Platform

_LOGIN = 600  # s, from the beginning of a login to its launch
_CLOCKS = 30  # s, by which the clocks of platform and service may differ
_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_SCORES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_NEW_KEYS = RateLimitItemPerHour(10)
_LONGEST = 1000  # characters of an id


class LaunchError(Exception):
    """A login or a launch was refused. The message says why."""


@dataclass(frozen=True)
class Launch:
    """What a platform says about a person who opens the service.

    Attributes
    ----------
    platform : Platform
    subject : str
        The person's number at the platform.
    names : dict
        By kind, as in `LTI.student`, what else names the person.
    is_instructor : bool
    assignment : str
        The custom parameter ``assignment``; empty without one.
    line_item : str
        The address of the column that takes scores; empty if there is none.
    """

    platform: Platform
    subject: str
    names: Mapping[str, str]
    is_instructor: bool
    assignment: str
    line_item: str


class Launches:
    """Begins logins and checks launches.

    Parameters
    ----------
    platforms : mapping of Platform
        By issuer and client id.
    """

    def __init__(self, platforms: Mapping[tuple[str, str], Platform]):
        self._platforms = platforms
        self._keys = {name: jwt.PyJWKClient(one.keys, timeout=10) for name, one in platforms.items()}
        self._secret = secrets.token_bytes(32)  # of this process: a login that a restart interrupts begins anew
        self._used: dict[str, float] = {}
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()

    def begin(self, issuer: str, client_id: str) -> tuple[Platform, str, str]:
        """Begin a login, and return the platform, a state and a nonce.

        The state is to come back with the launch, from the same browser; the nonce in what the platform signs.

        Parameters
        ----------
        issuer : str
        client_id : str
            Empty if the platform does not say it. Then it has to have one registration only.

        Raises
        ------
        LaunchError
            If the platform is unknown.
        """
        found = [one for one in self._platforms.values() if one.issuer == issuer and client_id in ("", one.client_id)]
        if len(found) != 1:
            raise LaunchError("This platform is not registered here.")
        nonce = secrets.token_urlsafe(32)
        claims = {"iss": issuer, "client_id": found[0].client_id, "nonce": nonce, "exp": time.time() + _LOGIN}
        return found[0], jwt.encode(claims, self._secret, "HS256"), nonce

    def finish(self, state: str, cookie: str, id_token: str) -> Launch:
        """Return what a launch says, if all of it holds.

        Parameters
        ----------
        state, id_token : str
            What the launch sends.
        cookie : str
            The state that the browser keeps.

        Raises
        ------
        LaunchError
            If anything does not hold.
        """
        if not cookie or not secrets.compare_digest(state.encode(), cookie.encode()):
            raise LaunchError("This launch belongs to no login of this browser. Allow cookies, and open it again.")
        try:
            login = jwt.decode(state, self._secret, ["HS256"], {"require": ["exp"]})
        except jwt.InvalidTokenError as error:
            raise LaunchError("This login is too old. Open it again.") from error
        platform = self._platforms[login["iss"], login["client_id"]]
        claims = self._verify(platform, id_token)
        if claims["nonce"] != login["nonce"]:
            raise LaunchError("This launch belongs to another login.")
        self._use(login["nonce"], login["exp"])
        return _read(platform, claims)

    def _verify(self, platform: Platform, id_token: str) -> dict[str, Any]:
        """Return the claims of a token that this platform has signed, for this service, and that is valid now."""
        try:
            claims = jwt.decode(
                id_token,
                self._find_key(platform, id_token).key,
                ["RS256"],
                {"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
                audience=platform.client_id,
                issuer=platform.issuer,
                leeway=_CLOCKS,
            )
        except jwt.PyJWTError as error:
            raise LaunchError(f"The platform's message does not hold: {error}.") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", platform.client_id if not several else None) != platform.client_id:
            raise LaunchError("The platform's message is for another service.")
        if claims.get(f"{_CLAIM}deployment_id") not in platform.deployments:
            raise LaunchError("This deployment is not registered here.")
        return claims

    def _find_key(self, platform: Platform, id_token: str) -> jwt.PyJWK:
        """Return the key of the platform that a token names.

        A platform that has a new key is asked for it, but only some times: anybody can make up the name of a key.
        """
        client = self._keys[platform.issuer, platform.client_id]
        name = str(jwt.get_unverified_header(id_token).get("kid"))
        key = client.match_kid(client.get_signing_keys(), name)
        if key is None and self._limiter.hit(_NEW_KEYS, platform.keys):
            key = client.match_kid(client.get_signing_keys(refresh=True), name)
        if key is None:
            raise LaunchError("The platform has no such key.")
        return key

    def _use(self, nonce: str, until: float) -> None:
        """Remember a nonce as long as its login is valid, and refuse it the second time."""
        with self._lock:
            self._used = {one: end for one, end in self._used.items() if end > time.time()}
            if nonce in self._used:
                raise LaunchError("This launch was used already. Open it again.")
            self._used[nonce] = until


def _read(platform: Platform, claims: Mapping[str, Any]) -> Launch:
    """Return what the claims of a valid message say."""
    kind = (claims.get(f"{_CLAIM}message_type"), claims.get(f"{_CLAIM}version"))
    if kind != ("LtiResourceLinkRequest", "1.3.0"):
        raise LaunchError("The platform asks for something else than to open a link by LTI 1.3.")
    roles = claims.get(f"{_CLAIM}roles")
    roles = roles if isinstance(roles, list) else []
    is_instructor = f"{_ROLE}Instructor" in roles
    if not is_instructor and f"{_ROLE}Learner" not in roles:
        raise LaunchError("The platform says neither that you are a student nor that you are an instructor.")
    custom, service = _dict(claims, f"{_CLAIM}custom"), _dict(claims, _SCORES)
    may_score = SCORE_SCOPE in (service.get("scope") or [])
    return Launch(
        platform,
        _text(claims, "sub"),
        {
            "sub": _text(claims, "sub"),
            "email": _text(claims, "email"),
            "sourcedid": _text(_dict(claims, f"{_CLAIM}lis"), "person_sourcedid"),
            "username": _text(custom, "username"),
        },
        is_instructor,
        _text(custom, "assignment"),
        _text(service, "lineitem") if may_score else "",
    )


def _dict(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = claims.get(name)
    return found if isinstance(found, dict) else {}


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) and len(found) <= _LONGEST else ""
