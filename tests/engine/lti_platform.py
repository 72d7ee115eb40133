"""A small LTI 1.3 platform, as an LMS is one: keys, logins, launches, tokens and scores, over HTTP."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from jwt.algorithms import RSAAlgorithm
from markupsafe import escape

from tests.engine.service_support import client, serving

ISSUER, CLIENT, DEPLOYMENT = "https://lms.example.edu", "client-1", "deployment-1"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
TOKEN_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Platform:
    """A platform with one registration of a tool. Its methods are what a browser sees of it."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = "k"
        self.address = self.tool = ""
        self.scores: list[tuple[str, dict]] = []
        self.refuse_scores = 0  # the status with which it refuses them
        self.tokens_given = self.asked_for_keys = 0

    def settings(self, tool: str) -> str:
        """Return the lines of settings with which a tool at this address knows the platform."""
        self.tool = tool
        known = {
            "issuer": ISSUER,
            "client_id": CLIENT,
            "deployments": [DEPLOYMENT],
            **{name: f"{self.address}/{name}" for name in ("login", "token", "keys")},
        }
        return f"c.LTI.address = {tool!r}\nc.LTI.platforms = [{known!r}]\n"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/keys")
        def keys() -> dict:
            self.asked_for_keys += 1
            return {
                "keys": [RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {"kid": self.kid, "alg": "RS256"}]
            }

        @app.get("/course", response_class=HTMLResponse)
        def course() -> str:
            hidden = {"iss": ISSUER, "login_hint": "7", "target_link_uri": self.tool, "client_id": CLIENT}
            return _form(f"{self.tool}/lti/login", hidden)

        @app.get("/login", response_class=HTMLResponse)
        def login(nonce: str, state: str, redirect_uri: str) -> str:
            return _form(redirect_uri, {"id_token": self.sign(self.claims(nonce)), "state": state})

        @app.post("/token")
        async def token(request: Request) -> dict:
            form = dict(parse_qsl((await request.body()).decode()))
            assert form["grant_type"] == "client_credentials"
            assert form["client_assertion_type"] == TOKEN_TYPE
            tool_key = jwt.PyJWKClient(f"{self.tool}/lti/keys").get_signing_key_from_jwt(form["client_assertion"])
            claims = jwt.decode(form["client_assertion"], tool_key.key, ["RS256"], audience=f"{self.address}/token")
            assert claims["iss"] == claims["sub"] == CLIENT
            assert claims["jti"]
            assert form["scope"] == f"{AGS}scope/score"
            self.tokens_given += 1
            return {"access_token": "let-me-score", "token_type": "bearer", "expires_in": 3600, "scope": form["scope"]}

        @app.post("/items/{item}/scores")
        async def score(item: str, request: Request) -> dict:
            assert request.headers["content-type"] == "application/vnd.ims.lis.v1.score+json"
            assert request.query_params["type"] == "1"
            if request.headers.get("authorization") != "Bearer let-me-score":
                raise HTTPException(401)
            if self.refuse_scores:
                raise HTTPException(self.refuse_scores)
            self.scores.append((item, await request.json()))
            return {}

        return app

    def claims(self, nonce: str, /, **changes: object) -> dict:
        """Return what a good launch of a student says, with these changes; None takes a claim away."""
        now = int(time.time())
        good = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "lms-7",
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
            "email": "ann@example.edu",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}roles": [f"{ROLE}Learner"],
            f"{CLAIM}custom": {"assignment": "ps1"},
            f"{AGS}claim/endpoint": {
                "scope": [f"{AGS}scope/score"],
                "lineitem": f"{self.address}/items/1?type=1",
            },
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def sign(self, claims: dict, key: object = None, kid: str | None = None) -> str:
        return jwt.encode(claims, key or self.key, "RS256", {"kid": kid or self.kid})


def _form(address: str, hidden: dict[str, str]) -> str:
    """Return a page with a form for another site, which a person sends with a button."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return f'<form method="post" action="{address}">{fields}<button>Go on</button></form>'


@contextlib.contextmanager
def running_platform() -> Iterator[Platform]:
    platform = Platform()
    with serving(platform.app()) as platform.address:
        yield platform


class Login:
    """A login that a platform has begun at the tool, as the browser sees it."""

    def __init__(self, platform: Platform, method: str = "GET", **changes: str | None):
        asked = {
            "iss": ISSUER,
            "login_hint": "7",
            "target_link_uri": "https://elsewhere.example.com",
            "client_id": CLIENT,
            "lti_message_hint": "m",
            **changes,
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        self.browser = client(platform.tool)
        kind = {"params": asked} if method == "GET" else {"data": asked}
        self.answer = self.browser.request(method, "/lti/login", **kind)
        query = parse_qs(urlsplit(self.answer.headers.get("location", "")).query)
        self.sent = {name: value[0] for name, value in query.items()}
        # It is for HTTPS only. A browser would not send it to the tests' address, so it is sent by hand.
        self.cookie = self.answer.headers.get("set-cookie", "").partition(";")[0]

    def launch(self, id_token: str, *, state: str | None = None, cookie: str | None = None) -> httpx.Response:
        """Return the answer to the form with which the platform has the browser open the tool."""
        form = {"id_token": id_token, "state": self.sent["state"] if state is None else state}
        return self.browser.post(
            "/lti/launch", data=form, headers={"Cookie": self.cookie if cookie is None else cookie}
        )
