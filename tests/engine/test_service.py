"""Students hand in over the web and see visible tests only; nobody gets at anything that is another's."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from autograder.course.coursedir import Course, CourseError
from autograder.grading import grade
from autograder.removal import find_traces, remove
from autograder.service.handin import HandInService
from autograder.service.queue import CheckQueue, QueueFullError
from autograder.service.records import HandIn, Records
from autograder.service.tokens import FILE, STUDENT, Person, Tokens
from tests.engine.plain_course import ASSIGNMENT, make_course
from tests.engine.service_support import (
    CLASS,
    HAND_INS,
    browser,
    client,
    files,
    instructor_token,
    notebook,
    running,
    student_token,
    verdict_of,
)
from tests.support import AUTOGRADER, run_autograder

LARGEST = 100_000
SETTINGS = f"c.Service.largest_upload = {LARGEST}\nc.Service.uploads_per_hour = 1000\n"


def new_course(folder: Path, settings: str = SETTINGS) -> Course:
    course = make_course(folder)
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(settings)
    course.scratch.mkdir(exist_ok=True)
    return Course(folder)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    return new_course(tmp_path_factory.mktemp("served") / "course")


@pytest.fixture(scope="module")
def address(course):
    """The address of a service that takes notebooks in and runs none: most tests need no more."""
    with running(idle(course, longest=10_000)) as address:
        yield address


@pytest.fixture(scope="module")
def live_course(tmp_path_factory) -> Course:
    return new_course(tmp_path_factory.mktemp("live") / "course")


@pytest.fixture(scope="module")
def live(live_course):
    """The address of a service that runs what is handed in."""
    with running(HandInService(live_course)) as address:
        yield address


@pytest.fixture
def ann(course, address):
    return client(address, student_token(course, "ann"))


def idle(course: Course, longest: int = 10) -> HandInService:
    """Return a service that runs no notebook, so that all of them wait."""
    service = HandInService(course)
    service.queue = CheckQueue(lambda _: None, longest, workers=0)
    return service


def outcomes(verdict: dict) -> dict[str, str]:
    assert verdict["tests"], verdict["notes"]
    return {test["name"]: test["outcome"] for test in verdict["tests"]}


def test_a_student_sees_the_visible_tests_and_the_gradebook_gets_the_marks_later(live_course, live):
    bea = client(live, student_token(live_course, "bea"))
    before = (live_course.root / "gradebook.db").read_bytes()
    answer = bea.post(
        HAND_INS, content=notebook(live_course, double="return 2")
    )  # right for 1, wrong for what is hidden
    assert answer.status_code == 202
    assert (answer.json()["student"], answer.json()["notebook"], answer.json()["verdict"]) == ("bea", "p1", None)
    verdict = verdict_of(bea)
    assert outcomes(verdict) == {"test_double": "passed", "test_triple": "failed", "why": "later"}
    assert [test["hidden_tests"] for test in verdict["tests"]] == [True, True, False]
    assert (live_course.root / "gradebook.db").read_bytes() == before

    prof = client(live, instructor_token(live_course))
    (row,) = [row for row in prof.get(CLASS).json()["rows"] if row["student"] == "bea"]
    assert (row["points"], row["is_due"], row["visible"]) == ({}, True, {"p1": "1 of 2"})
    assert all(one.recorded for one in grade(live_course, ASSIGNMENT, ["bea"]))
    (row,) = [row for row in prof.get(CLASS).json()["rows"] if row["student"] == "bea"]
    assert (row["points"], row["is_due"]) == ({"p1": 0, "p2": 0}, False)
    bea.post(HAND_INS, content=notebook(live_course))
    assert outcomes(verdict_of(bea))["test_double"] == "passed"
    (row,) = [row for row in prof.get(CLASS).json()["rows"] if row["student"] == "bea"]
    assert row["is_due"]


@pytest.mark.parametrize(
    "answer",
    [
        "raise ValueError(get_ipython().user_ns['In'][-1])",
        "import pathlib; raise ValueError([path.read_text() for path in pathlib.Path().rglob('*.*')])",
    ],
    ids=["the test that runs", "files"],
)
def test_a_notebook_gets_no_hidden_test_to_see(live_course, live, answer):
    ann = client(live, student_token(live_course, "ann"))
    ann.post(HAND_INS, content=notebook(live_course, double=answer))
    verdict = verdict_of(ann)
    assert outcomes(verdict)["test_double"] == "failed"
    message = verdict["tests"][0]["message"]
    assert "ValueError" in message
    assert "double(10)" not in json.dumps(verdict)
    assert "HIDDEN" not in json.dumps(verdict)


def test_a_test_that_is_all_hidden_is_decided_later(tmp_path):
    course = new_course(tmp_path / "course")
    with course.gradebook() as book:
        cell = book.find_source_cell("test_double", "p1", ASSIGNMENT)
        cell.source = "### BEGIN HIDDEN TESTS\nassert double(10) == 20\n### END HIDDEN TESTS"
        book.db.commit()
    with running(HandInService(course)) as address:
        ann = client(address, student_token(course, "ann"))
        ann.post(HAND_INS, content=notebook(course, double="return 7"))
        assert outcomes(verdict_of(ann))["test_double"] == "later"


def test_pages_lead_from_the_token_to_the_results(live_course, live):
    cara = browser(live, student_token(live_course, "cara"))
    form = BeautifulSoup(cara.get("/").text, "html.parser").find("form", enctype="multipart/form-data")
    sent = cara.post(form["action"], files={form.find(type="file")["name"]: ("p1.ipynb", notebook(live_course))})
    assert sent.status_code == 303
    verdict_of(client(live, student_token(live_course, "cara")))
    page = BeautifulSoup(cara.get(sent.headers["location"]).text, "html.parser")
    cells = [cell.get_text() for cell in page.find("th", string="test_double").parent.find_all("td")]
    assert cells[:2] == ["passed; hidden tests follow", "2"]
    assert "1 of 2 visible tests passed" in page.get_text()
    cara.post("/logout")
    assert "Your token" in cara.get("/").text


def test_the_instructor_sees_the_class_in_a_table(course, address):
    student_token(course, "dan")
    prof = browser(address, instructor_token(course))
    link = BeautifulSoup(prof.get("/").text, "html.parser").find("a", string=ASSIGNMENT)
    page = BeautifulSoup(prof.get(link["href"]).text, "html.parser")
    assert page.find("th", string="dan")
    assert page.find("th", string="p1 (5)")


def test_what_a_student_writes_is_escaped_and_no_page_has_a_script(live_course, live):
    evil = "<script>alert(1)</script>\\x1b[31m\\u202e"
    eve = browser(live, student_token(live_course, "eve<b>".replace("<b>", "&b")))
    program = client(live, student_token(live_course, "eve&b"))
    program.post(HAND_INS, content=notebook(live_course, double=f'raise ValueError("{evil}")'))
    verdict = verdict_of(program)
    assert "<script>alert(1)</script>" in verdict["tests"][0]["message"]
    answer = eve.get(f"/assignments/{ASSIGNMENT}")
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert "\x1b" not in answer.text
    assert "\u202e" not in answer.text
    assert "eve&amp;b" in answer.text
    assert "eve&amp;b" in browser(live, instructor_token(live_course)).get(f"/class/{ASSIGNMENT}").text
    refused = eve.post(f"/assignments/{ASSIGNMENT}", files={"notebook": ("<img src=x>.ipynb", b"{}")})
    assert refused.status_code == 422
    assert "<img" not in refused.text


@pytest.mark.parametrize("path", ["/", "/style.css", "/class/ps1", "/nowhere", HAND_INS, "/login"])
def test_every_answer_forbids_scripts_and_frames(address, path):
    answer = client(address).get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer 0123456789abcdef0123456789abcdef01234567"},
        {"Authorization": "Basic YW5uOmFubg=="},
        {"Authorization": "Bearer \u00e9".encode("latin-1")},
    ],
    ids=["none", "empty", "unknown", "of another kind", "no ASCII"],
)
def test_without_a_token_of_the_course_there_is_nothing(course, address, headers):
    before = files(course.root)
    stranger = client(address)
    for path in ("/api/assignments", HAND_INS, CLASS):
        assert stranger.get(path, headers=headers).status_code == 401
    assert stranger.post(HAND_INS, headers=headers, content=notebook(course)).status_code == 401
    assert stranger.post(f"/assignments/{ASSIGNMENT}", files={"notebook": ("p1.ipynb", b"{}")}).status_code == 401
    assert stranger.post("/login", data={"token": "wrong"}).status_code == 401
    assert "set-cookie" not in stranger.post("/login", data={"token": "wrong"}).headers
    assert files(course.root) == before


def test_a_role_opens_its_own_doors_only(course, address, ann):
    assert ann.get(CLASS).status_code == 403
    assert browser(address, student_token(course, "ann")).get(f"/class/{ASSIGNMENT}").status_code == 403
    prof = client(address, instructor_token(course))
    assert prof.post(HAND_INS, content=notebook(course)).status_code == 403


def test_a_token_that_was_replaced_or_deleted_ends_at_once(course, address):
    old = student_token(course, "fay")
    visitor = browser(address, old)
    assert client(address, old).get(HAND_INS).status_code == 200
    Tokens(course).issue([Person(STUDENT, "fay")], renew=True)
    assert client(address, old).get(HAND_INS).status_code == 401
    assert "Your token" in visitor.get("/").text
    new = student_token(course, "fay")
    assert new != old
    assert client(address, new).get(HAND_INS).status_code == 200
    Tokens(course).revoke([Person(STUDENT, "fay")])
    assert client(address, new).get(HAND_INS).status_code == 401


def test_nobody_sees_or_changes_what_is_another_students(course, address):
    gus, hal = (client(address, student_token(course, name)) for name in ("gus", "hal"))
    gus.post(HAND_INS, content=notebook(course))
    theirs = files(course.root / "submitted" / "gus")
    assert hal.get(HAND_INS).json() == []
    for path in (HAND_INS + "?student=gus", HAND_INS.replace(ASSIGNMENT, f"../../gus/{ASSIGNMENT}")):
        hal.post(path, content=notebook(course, double="return 9"))
    form = {"student": "gus", "id": "gus"}
    page = browser(address, student_token(course, "hal"))
    page.post(f"/assignments/{ASSIGNMENT}", data=form, files={"notebook": ("p1.ipynb", notebook(course))})
    assert files(course.root / "submitted" / "gus") == theirs
    assert [one["student"] for one in hal.get(HAND_INS).json()] == ["hal"]


@pytest.mark.parametrize(
    "name",
    ["../../../gradebook.ipynb", "/etc/passwd", "..\\..\\x.ipynb", "p2.ipynb\0.py", "timestamp.txt", ".", "n" * 5000],
)
def test_the_name_of_a_file_leads_nowhere(course, address, name):
    before = files(course.root)
    ida = client(address, student_token(course, "ida"))
    assert ida.post(HAND_INS, params={"name": name}, content=notebook(course)).status_code == 202
    page = browser(address, student_token(course, "ida"))
    sent = page.post(f"/assignments/{ASSIGNMENT}", files={"notebook": (name, notebook(course))})
    assert sent.status_code in (303, 400)  # 400: it cannot be the name of any file
    new = {path for path, data in files(course.root).items() if before.get(path) != data}
    assert new <= {f"submitted/ida/{ASSIGNMENT}/p1.ipynb", f"submitted/ida/{ASSIGNMENT}/timestamp.txt", FILE}


@pytest.mark.parametrize("name", ["..%2F..%2Fsource", "..", "%2e%2e", "ps1%00", "ps2", "*", "ps1%2F..%2Fps1"])
def test_only_an_assignment_that_was_released_takes_anything(course, ann, name):
    before = files(course.root)
    assert ann.post(f"/api/assignments/{name}/hand-ins", content=notebook(course)).status_code in (404, 405)
    assert files(course.root) == before


def test_an_assignment_that_is_not_released_is_not_shown(tmp_path):
    course = new_course(tmp_path / "course")
    shutil.rmtree(course.folder("release", ".", ASSIGNMENT))
    with running(idle(course)) as address:
        ann = client(address, student_token(course, "ann"))
        assert ann.get("/api/assignments").json() == []
        assert ann.get(HAND_INS).status_code == 404


BAD = {
    "nothing": b"",
    "no JSON": b"print(1)",
    "no UTF-8": b"\xff\xfe\x00",
    "no notebook": b"[1, 2]",
    "no cells": b'{"cells": []}',
    "deep": b"[" * 90_000,
    "deep and closed": b'{"cells": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "deep metadata": b'{"cells": [], "metadata": ' + b'{"a":' * 15_000 + b"1" + b"}" * 15_000 + b"}",
    "cells that are numbers": b'{"cells": [1]}',
    "too many cells": json.dumps({"cells": [{"cell_type": "raw", "source": ""}] * 2001}).encode(),
    "another's": json.dumps({"cells": [{"cell_type": "code", "source": "1"}]}).encode(),
    "a large number": b'{"cells": ' + b"9" * 50_000 + b"}",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_notebook_of_the_assignment_is_refused_with_a_reason(course, ann, body):
    before = files(course.root)
    answer = ann.post(HAND_INS, content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("This ")
    assert str(course.root) not in answer.text
    assert files(course.root) == before
    assert list(Records(course).incoming.glob("*.ipynb")) == []


def test_a_script_is_not_taken(course, ann):
    script = b"# %%\ndef double(x):\n    return 2 * x\n"
    assert ann.post(HAND_INS, params={"name": "p1.py"}, content=script).status_code == 422


def raw(address: str, *parts: bytes) -> bytes:
    """Send these bytes, as far as the server takes them, and return the first line of the answer."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return connection.recv(1000).partition(b"\r\n")[0]


def head(token: str, *lines: str, path: str = HAND_INS) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *lines, "", ""]).encode()


def test_a_body_is_refused_as_soon_as_it_says_that_it_is_too_large(course, address):
    token = student_token(course, "ann")
    assert b" 413 " in raw(address, head(token, "Content-Length: 100000000000"))
    form = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 100000000000")
    assert b" 413 " in raw(address, head(token, *form))


def test_a_body_without_a_length_is_refused_once_it_is_too_large(course, address):
    token = student_token(course, "ann")
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    head_ = head(token, "Transfer-Encoding: chunked")
    assert b" 413 " in raw(address, head_, chunk * (LARGEST // 0x4000 + 1))  # the end is never sent
    assert b" 202 " in raw(address, head_, b"%x\r\n%s\r\n0\r\n\r\n" % (len(data := notebook(course)), data))


def test_a_form_is_refused_once_it_is_too_large(course, address):
    page = browser(address, student_token(course, "ann"))
    path = f"/assignments/{ASSIGNMENT}"
    assert page.post(path, files={"notebook": ("p1.ipynb", b" " * (LARGEST + 1))}).status_code == 413
    assert page.post(path, files={"notebook": ("p1.ipynb", b" " * (3 * LARGEST))}).status_code == 413
    many = [("notebook", (f"{number}.ipynb", b"{}")) for number in range(5)]
    assert page.post(path, files=many).status_code == 400
    assert page.post(path, data={"notebook": "text"}).status_code == 422
    assert page.post(path, content=b"junk", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert client(address).post("/login", data={"token": "x" * 20_000}).status_code == 413


def test_a_body_that_does_not_end_is_given_up(tmp_path):
    course = new_course(tmp_path / "course", "c.Service.upload_time = 1\n")
    with running(idle(course)) as address:
        token = student_token(course, "ann")
        assert b" 408 " in raw(address, head(token, "Content-Length: 1000"), b"{")
        form = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 1000")
        assert b" 408 " in raw(address, head(token, *form), b"--x\r\n")


def test_who_hands_in_too_often_has_to_wait_and_nobody_else(tmp_path):
    course = new_course(tmp_path / "course", "c.Service.uploads_per_hour = 2\n")
    with running(idle(course)) as address:
        ann, bob = (client(address, student_token(course, name)) for name in ("ann", "bob"))
        assert [ann.post(HAND_INS, content=b"{}").status_code for _ in range(3)] == [422, 422, 429]
        refused = ann.post(HAND_INS, content=notebook(course))
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert bob.post(HAND_INS, content=notebook(course)).status_code == 202


def test_a_full_queue_takes_nothing_until_there_is_room(tmp_path):
    course = new_course(tmp_path / "course")
    with running(idle(course, longest=2)) as address:
        people = [client(address, student_token(course, name)) for name in ("ann", "bob", "cy")]
        answers = [one.post(HAND_INS, content=notebook(course)) for one in people]
        assert [one.status_code for one in answers] == [202, 202, 503]
        assert [one.json()["place"] for one in answers[:2]] == [0, 1]
        assert answers[2].headers["retry-after"]
        assert not (course.root / "submitted" / "cy").exists()
        # That is said before the notebook is sent, and so it is to who has no token.
        assert b" 503 " in raw(address, head(student_token(course, "cy"), "Content-Length: 1000"))
        assert b" 401 " in raw(address, head("unknown", "Content-Length: 1000"))


def test_a_later_hand_in_takes_the_place_of_an_earlier_one():
    runs, go = [], threading.Event()

    def check(hand_in: HandIn) -> None:
        assert go.wait(60)
        runs.append(hand_in)
        done.release()

    done = threading.Semaphore(0)
    queue = CheckQueue(check, 3, workers=1)
    first, old, other, new = (HandIn(student, "a", "n", time) for student, time in ("x1", "y2", "z3", "y4"))
    queue.start([first])
    while queue._waiting:  # until the worker has taken the first
        pass
    for hand_in in (old, other, new):
        queue.put(lambda hand_in=hand_in: hand_in)
    assert [queue.place(one) for one in (first, new, other)] == [0, 0, 1]
    queue.put(lambda: HandIn("w", "a", "n", "5"))
    with pytest.raises(QueueFullError):
        queue.put(lambda: HandIn("v", "a", "n", "6"))
    go.set()
    for _ in range(4):
        assert done.acquire(timeout=60)
    assert [(one.student, one.received) for one in runs] == [("x", "1"), ("y", "4"), ("z", "3"), ("w", "5")]
    queue.stop()


def test_a_restart_loses_nothing(tmp_path):
    course = new_course(tmp_path / "course")
    token = student_token(course, "ann")
    with running(idle(course)) as address:
        client(address, token).post(HAND_INS, content=notebook(course))
    (Records(course).incoming / "left.ipynb").write_text("half of an upload")
    with running(HandInService(Course(course.root))) as address:
        assert outcomes(verdict_of(client(address, token)))["test_double"] == "passed"
    assert not (Records(course).incoming / "left.ipynb").exists()


def test_the_command_serves_until_it_is_stopped(tmp_path):
    course = new_course(tmp_path / "course")
    token = student_token(course, "ann")
    command = [*AUTOGRADER, "serve", "--course", course.root, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = next(
                found[0] for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            assert client(address, token).post(HAND_INS, content=notebook(course)).status_code == 202
            assert outcomes(verdict_of(client(address, token)))["test_double"] == "passed"
        finally:
            process.terminate()
            rest = process.stderr.read()
    assert "Finished server process" in rest
    assert "Traceback" not in rest


def test_a_verdict_of_an_earlier_notebook_is_not_shown_for_a_later_one(course):
    records = Records(course)

    def hand_in() -> HandIn:
        file = records.incoming / "new.ipynb"
        file.write_bytes(notebook(course))
        return records.accept("jo", ASSIGNMENT, "p1", file)

    first, second = hand_in(), hand_in()
    records.conclude(first, {"tests": [], "notes": ["old"]})
    assert records.of("jo") == [second]
    records.conclude(second, {"tests": [], "notes": ["new"]})
    assert records.of("jo")[0].verdict == {"tests": [], "notes": ["new"]}


def test_a_notebook_that_harms_itself_stops_no_other(live_course, live):
    kim, lea = (client(live, student_token(live_course, name)) for name in ("kim", "lea"))
    kim.post(HAND_INS, content=notebook(live_course, double="import os; os._exit(3)"))
    lea.post(HAND_INS, content=notebook(live_course))
    assert outcomes(verdict_of(kim))["test_double"] == "failed"
    assert outcomes(verdict_of(lea))["test_double"] == "passed"


def test_what_fails_in_the_service_is_said_without_details(course, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("autograder.service.handin.check_file", fail)
    with running(HandInService(course)) as address:
        ann = client(address, student_token(course, "ann"))
        ann.post(HAND_INS, content=notebook(course))
        verdict = verdict_of(ann)
        assert verdict == {
            "tests": [],
            "notes": ["The tests could not be run: tell your instructor, or hand in again later"],
        }
        monkeypatch.setattr(HandInService, "assignments", fail)
        for path in ("/", "/api/assignments"):
            answer = browser(address, student_token(course, "ann")).get(path, headers=dict(ann.headers))
            assert answer.status_code == 500
            assert "secret" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_another_site_cannot_send_a_form_and_scripts_cannot_read_the_cookie(course, address):
    page = browser(address, student_token(course, "ann"))
    for path in (f"/assignments/{ASSIGNMENT}", "/logout", "/login"):
        for site in ("cross-site", "same-site"):
            assert page.post(path, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert page.post("/logout", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    cookie = client(address).post("/login", data={"token": student_token(course, "ann")}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    login = {"data": {"token": student_token(course, "ann")}, "headers": {"X-Forwarded-Proto": "https"}}
    assert "Secure" in client(address).post("/login", **login).headers["set-cookie"]
    assert page.get(HAND_INS).status_code == 401  # a cookie opens pages only


def test_who_is_removed_leaves_nothing_behind(course, address):
    max_ = client(address, student_token(course, "max"))
    max_.post(HAND_INS, content=notebook(course))
    assert Records(course).of("max")
    remove(course, {"max": find_traces(course)["max"]})
    assert Records(course).of("max") == []
    assert max_.get(HAND_INS).status_code == 401


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,token\n", "the first line of"),
        ("role,id,token\nadmin,x,0123456789012345678901234\n", "line 2: the role has to be student or instructor"),
        ("role,id,token\nstudent,../x,0123456789012345678901234\n", "line 2: this cannot be an id"),
        ("role,id,token\nstudent,x,123\n", "line 2: a token has 20 characters or more"),
        ("role,id,token\nstudent,x\n", "line 2: a token has 20 characters or more"),
        (
            "role,id,token\nstudent,x,01234567890123456789\nstudent,y,01234567890123456789\n",
            "two people have the same token",
        ),
    ],
)
def test_a_mistake_in_the_file_of_tokens_is_one_line(tmp_path, text, message):
    course = new_course(tmp_path / "course")
    (course.root / FILE).write_text(text)
    with pytest.raises(CourseError, match=message):
        Tokens(course).read()


def test_the_command_says_in_one_line_what_is_wrong(tmp_path):
    course = new_course(tmp_path / "course")
    (course.root / FILE).write_text("id,token\n")
    run = run_autograder("serve", "--course", course.root)
    assert run.returncode == 1
    assert run.stderr == f"Error: the first line of {course.root / FILE} has to be: role,id,token\n"


def test_everybody_gets_a_token_once(tmp_path):
    course = new_course(tmp_path / "course")
    with course.gradebook() as book:
        book.add_student("ann")
    (course.root / "submitted" / "bob" / ASSIGNMENT).mkdir(parents=True)
    run = run_autograder("tokens", "--course", course.root)
    assert run.stdout.split("\n") == ["instructor instructor", "student ann", "student bob", ""]
    before = (course.root / FILE).read_bytes()
    assert (course.root / FILE).stat().st_mode & 0o777 == 0o600
    assert "New tokens: 0" in run_autograder("tokens", "--course", course.root).stderr
    assert (course.root / FILE).read_bytes() == before
    run_autograder("tokens", "--course", course.root, "--student", "ann", "--student", "cy", "--renew")
    lines, old = (course.root / FILE).read_bytes().splitlines(), before.splitlines()
    assert [line for line in lines if line in old] == [old[0], old[1], old[3]]
    assert len(lines) == 5
    assert "cannot be an id" in run_autograder("tokens", "--course", course.root, "--student", "../x").stderr
    assert run_autograder("tokens", "--course", course.root, "--renew").returncode == 2
