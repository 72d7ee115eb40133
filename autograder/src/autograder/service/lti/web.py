"""The addresses that a platform sends browsers to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from autograder.exchange.roster import why_no_id
from autograder.service import access
from autograder.service.handin import HandInService
from autograder.service.lti.key import ToolKey
from autograder.service.lti.launch import Launch, LaunchError, Launches
from autograder.service.lti.people import Member, Members, TakenError
from autograder.service.lti.settings import LTI, read_platforms
from autograder.service.tokens import INSTRUCTOR, STUDENT, Person
from autograder.service.uploads import read_form

_COOKIE = "autograder_lti"
_LOGIN = 10_000  # bytes
_LAUNCH = 100_000
_SEE_OTHER = 303


def make_router(service: HandInService) -> APIRouter:
    """Return the addresses below ``/lti``.

    Raises
    ------
    CourseError
        If the settings or the service's key have a mistake.
    """
    settings = LTI(config=service.course.config)
    launches = Launches(read_platforms(service.course.config))
    key, members = ToolKey(service.course), Members(service.course)
    router = APIRouter(prefix="/lti")

    @router.get("/keys")
    def keys() -> dict[str, Any]:
        return key.public()

    @router.api_route("/login", methods=["GET", "POST"])
    async def login(request: Request) -> Response:
        given = dict(request.query_params)
        if request.method == "POST":
            given = await read_form(request, service.settings, _LOGIN)
        try:
            platform, state, nonce = launches.begin(given.get("iss", ""), given.get("client_id", ""))
        except LaunchError as error:
            raise HTTPException(403, str(error)) from error
        asked: dict[str, str] = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": platform.client_id,
            "redirect_uri": f"{settings.address.rstrip('/')}/lti/launch",
            "state": state,
            "nonce": nonce,
            **{name: given[name] for name in ("login_hint", "lti_message_hint") if name in given},
        }
        response = RedirectResponse(f"{platform.login}{'&' if '?' in platform.login else '?'}{urlencode(asked)}", 302)
        # The launch is a form that the platform's site sends: only such a cookie comes along.
        response.set_cookie(_COOKIE, state, path="/lti", httponly=True, secure=True, samesite="none")
        return response

    @router.post("/launch")
    async def launch(request: Request) -> Response:
        given = await read_form(request, service.settings, _LAUNCH)
        cookie = request.cookies.get(_COOKIE, "")
        try:
            opened = await run_in_threadpool(launches.finish, given.get("state", ""), cookie, given.get("id_token", ""))
            person = _person(opened, settings)
            token, place = await run_in_threadpool(_let_in, service, members, opened, person)
        except (LaunchError, TakenError) as error:
            raise HTTPException(403, str(error)) from error
        response = RedirectResponse(place, _SEE_OTHER)
        response.delete_cookie(_COOKIE, path="/lti", httponly=True, secure=True, samesite="none")
        access.log_in(response, request, token)
        return response

    return router


def _person(launch: Launch, settings: LTI) -> Person:
    """Return who somebody is in the course."""
    name = launch.names[settings.student]
    if reason := why_no_id(name):
        raise LaunchError(f"The platform's {settings.student} of you cannot be an id here: {reason}.")
    return Person(INSTRUCTOR if launch.is_instructor else STUDENT, name)


def _let_in(service: HandInService, members: Members, launch: Launch, person: Person) -> tuple[str, str]:
    """Remember a person, and return the person's token, and the page that the link is for."""
    assignments = service.assignments()
    name = launch.assignment or (next(iter(assignments)) if len(assignments) == 1 else "")
    known = name in assignments
    items = {name: launch.line_item} if known and launch.line_item and person.role == STUDENT else {}
    platform = launch.platform
    members.enter(Member(platform.issuer, platform.client_id, launch.subject, person.role, person.id, items))
    service.tokens.issue([person])
    page = "assignments" if person.role == STUDENT else "class"
    return service.tokens.read()[person], f"/{page}/{quote(name)}" if known else "/"
