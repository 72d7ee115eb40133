"""A platform opens the service by LTI 1.3 and gets scores back; whatever is not right about a launch is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.grading import grade
from autograder.removal import find_traces, remove
from autograder.service.app import make_app
from autograder.service.handin import HandInService
from autograder.service.lti.launch import LaunchError, Launches
from autograder.service.lti.people import Members
from autograder.service.lti.settings import Platform, read_platforms
from autograder.service.tokens import STUDENT, Person, Tokens
from tests.engine.lti_platform import AGS, CLAIM, CLIENT, DEPLOYMENT, ISSUER, ROLE, Login, running_platform
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.engine.service_support import serving
from tests.support import run_autograder

ANN = "ann@example.edu"
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def platform():
    with running_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="module")
def course(tmp_path_factory, platform, listener) -> Course:
    course = make_course(tmp_path_factory.mktemp("lti") / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(platform.settings(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    return Course(course.root)


@pytest.fixture(scope="module")
def tool(course, listener):
    with serving(make_app(HandInService(course)), listener) as address:
        yield address


@pytest.fixture
def login(platform, tool):
    return Login(platform)


def open_link(platform, **changes: object):
    """Open the service from a platform, and return the answer to the launch, and the browser."""
    login = Login(platform)
    return login.launch(platform.sign(platform.claims(login.sent["nonce"], **changes))), login.browser


def test_a_login_goes_to_the_platform_with_what_it_has_asked_for(platform, tool, login):
    assert login.answer.status_code == 302
    assert login.answer.headers["location"].startswith(f"{platform.address}/login?")
    assert {name: login.sent[name] for name in ("scope", "response_type", "response_mode", "prompt", "client_id")} == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT,
    }
    assert (login.sent["redirect_uri"], login.sent["login_hint"]) == (f"{tool}/lti/launch", "7")
    cookie = login.answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=none"))
    again = Login(platform, "POST", client_id=None)
    assert again.answer.status_code == 302
    assert again.sent["nonce"] != login.sent["nonce"]


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example.com"}, {"client_id": "other"}, {"iss": None}])
def test_a_platform_that_is_not_registered_cannot_begin_a_login(platform, tool, changes):
    login = Login(platform, **changes)
    assert login.answer.status_code == 403
    assert "not registered" in login.answer.text
    assert not login.cookie


def test_a_student_is_logged_in_and_sees_the_assignment(platform, tool, course):
    answer, browser = open_link(platform)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/assignments/{ASSIGNMENT}"
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "ann@example.edu" in page.text
    assert Person(STUDENT, ANN) in Tokens(course).read()
    assert browser.get(f"/class/{ASSIGNMENT}").status_code == 403


def test_an_instructor_sees_the_class(platform, tool):
    roles = [f"{ROLE}Instructor", f"{ROLE}Learner"]
    answer, browser = open_link(platform, sub="lms-1", email="prof@example.edu", **{f"{CLAIM}roles": roles})
    assert answer.headers["location"] == f"/class/{ASSIGNMENT}"
    assert browser.get(answer.headers["location"]).status_code == 200


_LONG = 10**7  # s; longer than any run of the tests takes, in which these times are computed once
BAD = {
    "issuer": {"iss": "https://evil.example.com"},
    "no issuer": {"iss": None},
    "audience": {"aud": "client-2"},
    "audience in a list": {"aud": ["client-2", "client-3"]},
    "authorised party": {"aud": [CLIENT, "client-2"], "azp": "client-2"},
    "several audiences and no party": {"aud": [CLIENT, "client-2"]},
    "expired": {"exp": int(time.time()) - _LONG},
    "no end": {"exp": None},
    "not issued yet": {"iat": int(time.time()) + _LONG},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "nonce that is a list": {"nonce": ["x"]},
    "nobody": {"sub": None},
    "a number for a person": {"sub": 7},
    "deployment": {f"{CLAIM}deployment_id": "deployment-2"},
    "no deployment": {f"{CLAIM}deployment_id": None},
    "deployment that is a list": {f"{CLAIM}deployment_id": ["deployment-1"]},
    "another message": {f"{CLAIM}message_type": "LtiDeepLinkingRequest"},
    "another version": {f"{CLAIM}version": "1.1"},
    "no role": {f"{CLAIM}roles": []},
    "role of the whole system": {
        f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"]
    },
    "no address": {"email": None},
    "address that is a path": {"email": "../ann"},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_a_launch_with_something_wrong_is_refused(platform, tool, course, changes):
    before = (Members(course).read(), Tokens(course).read())
    answer, _ = open_link(platform, **changes)
    assert answer.status_code == 403
    assert "autograder_token" not in answer.headers.get("set-cookie", "")
    assert (Members(course).read(), Tokens(course).read()) == before


def test_only_the_platforms_own_signature_counts(platform, tool, login):
    claims = platform.claims(login.sent["nonce"])
    public = platform.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = platform.sign(claims)
    head, body, signature = good.split(".")
    changed = jwt.utils.base64url_encode(json.dumps(claims | {"email": "bob@example.edu"}).encode()).decode()
    for forged in (
        platform.sign(claims, OTHER_KEY),
        platform.sign(claims, OTHER_KEY, kid="another"),
        jwt.encode(claims, None, "none", {"kid": "k"}),
        hs256_with(public, claims),
        f"{head}.{changed}.{signature}",
        f"{head}.{body}.",
        "junk",
        "",
    ):
        answer = login.launch(forged)
        assert answer.status_code == 403, forged
        assert "autograder_token" not in answer.headers.get("set-cookie", "")
    assert login.launch(good).status_code == 303  # none of them has used it up


def test_a_new_key_of_the_platform_is_found_and_made_up_ones_do_not_keep_it_busy(platform):
    launches = Launches({(ISSUER, CLIENT): platform_of(platform)})

    def open_with(**signing: object) -> None:
        _, state, nonce = launches.begin(ISSUER, CLIENT)
        launches.finish(state, state, platform.sign(platform.claims(nonce), **signing))

    open_with()
    before, platform.kid, platform.key = (platform.kid, platform.key), "new", OTHER_KEY
    open_with()
    platform.kid, platform.key = before
    asked = platform.asked_for_keys
    for number in range(30):
        with pytest.raises(LaunchError, match="no such key"):
            open_with(kid=f"made up {number}")
    assert platform.asked_for_keys - asked <= 10


def platform_of(simulated) -> Platform:
    address = simulated.address
    return Platform(ISSUER, CLIENT, (DEPLOYMENT,), f"{address}/login", f"{address}/token", f"{address}/keys")


def hs256_with(public: bytes, claims: dict) -> str:
    """Return a token that is signed with the public key as if that were a password; PyJWT itself makes none."""
    encode = jwt.utils.base64url_encode
    text = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "k"}, claims))
    return f"{text.decode()}.{encode(hmac.digest(public, text, hashlib.sha256)).decode()}"


def test_a_launch_works_once(platform, tool, login):
    id_token = platform.sign(platform.claims(login.sent["nonce"]))
    assert login.launch(id_token).status_code == 303
    again = login.launch(id_token)
    assert again.status_code == 403
    assert "used already" in again.text
    other = Login(platform)
    assert other.launch(id_token).status_code == 403  # with a state that is good, but another login's nonce


def test_a_launch_belongs_to_the_browser_that_began_it(platform, tool, login):
    id_token = platform.sign(platform.claims(login.sent["nonce"]))
    other = Login(platform)
    made = jwt.encode({"iss": ISSUER, "client_id": CLIENT, "nonce": login.sent["nonce"], "exp": 9e9}, "x" * 32, "HS256")
    for state, cookie in (
        (None, ""),
        (None, other.cookie),
        (other.sent["state"], None),
        ("", ""),
        ("", "autograder_lti="),
        (made, f"autograder_lti={made}"),
    ):
        assert login.launch(id_token, state=state, cookie=cookie).status_code == 403
    assert login.launch(id_token).status_code == 303


def test_an_id_belongs_to_the_first_who_came_with_it(platform, tool):
    assert open_link(platform, sub="lms-20", email="dee@example.edu")[0].status_code == 303
    taken, browser = open_link(platform, sub="lms-21", email="dee@example.edu")
    assert taken.status_code == 403
    assert "Somebody else is dee@example.edu" in taken.text
    assert "Your token" in browser.get("/").text
    moved, _ = open_link(platform, sub="lms-20", email="eve@example.edu")
    assert moved.status_code == 403
    assert "You were dee@example.edu" in moved.text


def test_a_link_without_an_assignment_leads_to_the_only_one_and_one_to_another_leads_home(platform, tool):
    assert open_link(platform, **{f"{CLAIM}custom": None})[0].headers["location"] == f"/assignments/{ASSIGNMENT}"
    for name in ("ps9", "../class/ps1", "//evil.example.com"):
        answer, _ = open_link(platform, **{f"{CLAIM}custom": {"assignment": name}})
        assert answer.headers["location"] == "/"


def answer_why(folder: Path) -> None:
    """Answer the questions that a person has to mark."""
    for path in folder.glob("*.ipynb"):
        notebooks.write(notebooks.fill(notebooks.read(path), {"why": "Because of arithmetic."}), path)


def test_scores_go_to_the_platform(platform, tool, course):
    for student, number in ((ANN, "lms-7"), ("bob@example.edu", "lms-8")):
        assert open_link(platform, sub=number, email=student)[0].status_code == 303
        answer_why(hand_in(course, student))
    no_scores = {f"{AGS}claim/endpoint": {"scope": [], "lineitem": f"{platform.address}/items/1?type=1"}}
    assert open_link(platform, sub="lms-9", email="cy@example.edu", **no_scores)[0].status_code == 303
    hand_in(course, "cy@example.edu", double="return 7")
    hand_in(course, "dan")
    list(grade(course, ASSIGNMENT, [ANN, "bob@example.edu", "cy@example.edu", "dan"]))
    with course.gradebook() as book:
        for name in ("p1", "p2"):
            mark = book.find_grade("why", name, ASSIGNMENT, "bob@example.edu")
            mark.manual_score, mark.needs_manual_grade = 0.5, False
        book.db.commit()

    run = run_autograder("scores", "--course", course.root)
    assert run.returncode == 1
    assert run.stdout == f"Sent 2 of 4 marks of {ASSIGNMENT}.\n"
    reason = "has not opened the assignment from a platform that takes scores"
    assert run.stderr.splitlines() == [f"cy@example.edu: {reason}", f"dan: {reason}"]
    assert platform.tokens_given == 1
    sent = {score["userId"]: (item, score) for item, score in platform.scores}
    assert {number: (item, one["scoreGiven"], one["scoreMaximum"]) for number, (item, one) in sent.items()} == {
        "lms-7": ("1", 8, 10),
        "lms-8": ("1", 9, 10),
    }
    assert [sent[number][1]["gradingProgress"] for number in ("lms-7", "lms-8")] == ["PendingManual", "FullyGraded"]
    assert all(
        one["activityProgress"] == "Completed" and one["timestamp"].endswith("+00:00") for _, one in sent.values()
    )

    platform.refuse_scores = 422
    run = run_autograder("scores", "--course", course.root)
    platform.refuse_scores = 0
    assert run.returncode == 1
    assert run.stdout == f"Sent 0 of 4 marks of {ASSIGNMENT}.\n"
    assert "422" in run.stderr.splitlines()[0]


def test_who_is_removed_is_forgotten(platform, tool, course):
    open_link(platform, sub="lms-30", email="max@example.edu")
    hand_in(course, "max@example.edu")
    remove(course, {"max@example.edu": find_traces(course)["max@example.edu"]})
    assert "max@example.edu" not in {one.id for one in Members(course).read()}
    assert Person(STUDENT, "max@example.edu") not in Tokens(course).read()


def test_the_private_key_stays_here(course, tool, login):
    path = course.root / "lti_key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    (key,) = login.browser.get("/lti/keys").json()["keys"]
    assert set(key) <= {"kty", "key_ops", "n", "e", "alg", "use", "kid"}


def test_without_platforms_there_is_no_lti(tmp_path):
    course = make_course(tmp_path / "course")
    assert not [route.path for route in make_app(HandInService(course)).routes if "/lti" in getattr(route, "path", "")]
    assert not (course.root / "lti_key.pem").exists()


GOOD = {
    "issuer": ISSUER,
    "client_id": CLIENT,
    "deployments": ["1"],
    "login": "https://lms.example.edu/login",
    "token": "https://lms.example.edu/token",
    "keys": "https://lms.example.edu/keys",
}


@pytest.mark.parametrize(
    ("changes", "address", "message"),
    [
        ({}, "grader.example.edu", r"c\.LTI\.address has to be an address that begins with https://"),
        ({}, "http://grader.example.edu", r"c\.LTI\.address has to be"),
        (
            {"keys": "http://lms.example.edu/keys"},
            "https://x.example",
            r"keys of number 1 of c\.LTI\.platforms has to be",
        ),
        ({"deployments": []}, "https://x.example", "deployments of number 1"),
        ({"deployments": "1"}, "https://x.example", "deployments of number 1"),
        (
            {"name": "Canvas"},
            "https://x.example",
            "has to have exactly: client_id, deployments, issuer, keys, login, token",
        ),
    ],
)
def test_a_mistake_in_the_settings_is_one_line(tmp_path, changes, address, message):
    course = make_course(tmp_path / "course")
    course.config.LTI.address, course.config.LTI.platforms = address, [GOOD | changes]
    with pytest.raises(CourseError, match=message):
        read_platforms(course.config)
