"""Who sends a request: the person whose token is in its header or in its cookie."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response

from autograder.service.tokens import Person, Tokens

_COOKIE = "autograder_token"
_BEARER = "Bearer "
# Where a browser says that a request comes from. One from another site must not act with the cookie of this one.
_OWN_SITE = ("same-origin", "none")


def caller(request: Request) -> Person:
    """Return who sends a request of a program.

    Raises
    ------
    HTTPException
        If its header ``Authorization`` holds no token of the course.
    """
    header = request.headers.get("authorization", "")
    person = _tokens(request).find(header.removeprefix(_BEARER)) if header.startswith(_BEARER) else None
    if person is None:
        raise HTTPException(
            401, "Send your token in a header: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )
    return person


def visitor(request: Request) -> Person | None:
    """Return who looks at a page; None if nobody is logged in."""
    token = request.cookies.get(_COOKIE)
    return _tokens(request).find(token) if token else None


def require_visitor(request: Request) -> Person:
    """Return who sends a form, or looks at a page that is not for everybody.

    Raises
    ------
    HTTPException
        If nobody is logged in.
    """
    person = visitor(request)
    if person is None:
        raise HTTPException(401, "Log in first.")
    return person


def require_own_form(request: Request) -> None:
    """Refuse a form that another site has a browser send.

    Raises
    ------
    HTTPException
        If it is one.
    """
    if request.headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        raise HTTPException(403, "This form was sent from another site.")


def require_role(person: Person, role: str) -> None:
    """Refuse what is for others.

    Raises
    ------
    HTTPException
        If the person has another role.
    """
    if person.role != role:
        raise HTTPException(403, f"This is for {role}s only.")


def log_in(response: Response, request: Request, token: str) -> None:
    """Have the browser keep a token until it is closed. Scripts cannot read it, and other sites cannot send it."""
    response.set_cookie(_COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https")


def log_out(response: Response) -> None:
    """Have the browser forget the token."""
    response.delete_cookie(_COOKIE)


def _tokens(request: Request) -> Tokens:
    tokens: Tokens = request.app.state.service.tokens
    return tokens
