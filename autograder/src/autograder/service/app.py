"""The web application: pages for a browser, and the same for programs below ``/api``.

Pages go by a cookie, programs by a header; both hold the person's token. No request names a student, and no page has a
script.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from autograder.course.coursedir import CourseError
from autograder.service import access
from autograder.service.assignments import OpenAssignment
from autograder.service.handin import HandInService, RefusedError, TooManyError
from autograder.service.lti.settings import LTI
from autograder.service.marks import ClassTable, read_class
from autograder.service.pages import STYLE, render
from autograder.service.queue import QueueFullError
from autograder.service.records import HandIn
from autograder.service.tokens import INSTRUCTOR, STUDENT, Person
from autograder.service.uploads import read_form, received_notebook

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FULL = "Too many notebooks wait for their tests just now. Try again in a minute."
_SEE_OTHER = 303
_LOGIN = 10_000  # bytes
pages = APIRouter(default_response_class=HTMLResponse)
api = APIRouter(prefix="/api")


def make_app(service: HandInService) -> FastAPI:
    """Return the application of a service; it starts and stops the service with itself.

    Raises
    ------
    CourseError
        If the settings of LTI have a mistake, or need an extra that is not installed.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.queue.stop()

    # No pages that describe the application: they would load scripts from elsewhere.
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.service = service
    app.middleware("http")(_add_headers)
    app.exception_handler(AnyHTTPException)(_show_error)
    app.exception_handler(Exception)(_show_failure)
    app.include_router(pages)
    app.include_router(api)
    if LTI(config=service.course.config).platforms:
        app.include_router(_lti(service))
    return app


def _lti(service: HandInService) -> APIRouter:
    try:
        from autograder.service.lti.web import make_router
    except ModuleNotFoundError as error:
        raise CourseError(
            f"c.LTI.platforms needs the extra lti: pip install 'nbgrader-autograder[lti]' ({error})"
        ) from error
    return make_router(service)


def _service(request: Request) -> HandInService:
    service: HandInService = request.app.state.service
    return service


def _student_of_page(request: Request) -> str:
    person = access.require_visitor(request)
    access.require_role(person, STUDENT)
    return person.id


def _instructor_of_page(request: Request) -> Person:
    person = access.require_visitor(request)
    access.require_role(person, INSTRUCTOR)
    return person


def _student(request: Request) -> str:
    person = access.caller(request)
    access.require_role(person, STUDENT)
    return person.id


def _instructor(request: Request) -> Person:
    person = access.caller(request)
    access.require_role(person, INSTRUCTOR)
    return person


_Service = Annotated[HandInService, Depends(_service)]
_StudentOfPage = Annotated[str, Depends(_student_of_page)]
_Student = Annotated[str, Depends(_student)]
_OwnForm = Depends(access.require_own_form)


@pages.get("/style.css")
def _style() -> Response:
    return Response(STYLE, media_type="text/css")


@pages.get("/")
def _home(request: Request, service: _Service) -> str:
    person = access.visitor(request)
    if person is None:
        return render("login", service.course)
    if person.role == INSTRUCTOR:
        return render("instructor", service.course, assignments=service.assignments().values())
    return render(
        "student",
        service.course,
        student=person.id,
        assignments=service.assignments(person.id).values(),
        hand_ins=_by_place(service, person.id),
    )


@pages.post("/login", dependencies=[_OwnForm])
async def _login(request: Request, service: _Service) -> Response:
    token = (await read_form(request, service.settings, _LOGIN)).get("token", "").strip()
    if await run_in_threadpool(service.tokens.find, token) is None:
        page = render("login", service.course, message="This is no token of the course.")
        return HTMLResponse(page, 401)
    response = RedirectResponse("/", _SEE_OTHER)
    access.log_in(response, request, token)
    return response


@pages.post("/logout", dependencies=[_OwnForm])
def _logout() -> Response:
    response = RedirectResponse("/", _SEE_OTHER)
    access.log_out(response)
    return response


@pages.get("/assignments/{name}")
def _assignment(name: str, student: _StudentOfPage, service: _Service) -> str:
    assignment = _find(service, name, student)
    hand_ins = [one for one in _by_place(service, student) if one["assignment"] == name]
    return render("assignment", service.course, student=student, assignment=assignment, hand_ins=hand_ins)


@pages.post("/assignments/{name}", dependencies=[_OwnForm])
async def _hand_in(name: str, request: Request, student: _StudentOfPage, service: _Service) -> Response:
    await _take(request, service, student, name)
    return RedirectResponse(request.url.path, _SEE_OTHER)


@pages.get("/class/{name}", dependencies=[Depends(_instructor_of_page)])
def _class(name: str, service: _Service) -> str:
    return render("class", service.course, table=_read_class(service, name))


@api.get("/assignments")
def _list_assignments(student: _Student, service: _Service) -> list[OpenAssignment]:
    return [*service.assignments(student).values()]


@api.get("/assignments/{name}/hand-ins")
def _list_hand_ins(name: str, student: _Student, service: _Service) -> list[dict[str, Any]]:
    _find(service, name, student)
    return [one for one in _by_place(service, student) if one["assignment"] == name]


@api.post("/assignments/{name}/hand-ins", status_code=202)
async def _hand_in_by_program(name: str, request: Request, student: _Student, service: _Service) -> dict[str, Any]:
    return _with_place(service, await _take(request, service, student, name))


@api.get("/class/{name}", dependencies=[Depends(_instructor)])
def _class_for_program(name: str, service: _Service) -> dict[str, Any]:
    return asdict(_read_class(service, name))


async def _take(request: Request, service: HandInService, student: str, assignment: str) -> HandIn:
    """Take the notebook of a request in, and turn what the service refuses into what HTTP has for it."""
    try:
        await run_in_threadpool(_find, service, assignment, student)
        service.require_turn(student)
        async with received_notebook(request, service.records, service.settings) as (file, name):
            return await run_in_threadpool(service.take, student, assignment, name, file)
    except TooManyError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.seconds)}) from error
    except QueueFullError as error:
        raise HTTPException(503, _FULL, {"Retry-After": "60"}) from error
    except RefusedError as error:
        raise HTTPException(422, str(error)) from error


def _find(service: HandInService, name: str, student: str | None = None) -> OpenAssignment:
    assignment = service.assignments(student).get(name)
    if assignment is None:
        raise HTTPException(404, "There is no such assignment.")
    return assignment


def _by_place(service: HandInService, student: str) -> list[dict[str, Any]]:
    return [_with_place(service, hand_in) for hand_in in service.records.of(student)]


def _with_place(service: HandInService, hand_in: HandIn) -> dict[str, Any]:
    """Return a hand-in as plain data; while it waits, with how many notebooks come before it."""
    place = service.queue.place(hand_in) if hand_in.verdict is None else None
    return {**asdict(hand_in), "place": place}


def _read_class(service: HandInService, name: str) -> ClassTable:
    _find(service, name)
    students = [person.id for person in service.tokens.read() if person.role == STUDENT]
    return read_class(service.course, name, service.records.everybody(), students)


async def _add_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.update(_HEADERS)
    return response


async def _show_error(request: Request, error: Exception) -> Response:
    """Return an error as a page, or as JSON for a program."""
    assert isinstance(error, AnyHTTPException)
    return _error(request, error.status_code, error.detail, dict(error.headers or {}))


async def _show_failure(request: Request, _: Exception) -> Response:
    """Return that the service failed, without saying how; the log says it."""
    response = _error(request, 500, "This did not work. Tell your instructor, or try again later.", {})
    response.headers.update(_HEADERS)
    return response


def _error(request: Request, status: int, message: str, headers: dict[str, str]) -> Response:
    if request.url.path.startswith(api.prefix):
        return JSONResponse({"detail": message}, status, headers)
    page = render("error", request.app.state.service.course, message=message)
    return HTMLResponse(page, status, headers)
