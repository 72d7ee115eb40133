"""A service in a thread of the tests, and what students send to it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.service.app import make_app
from autograder.service.handin import HandInService
from autograder.service.tokens import INSTRUCTOR, STUDENT, Person, Tokens
from tests.engine.plain_course import ASSIGNMENT

HAND_INS = f"/api/assignments/{ASSIGNMENT}/hand-ins"
CLASS = f"/api/class/{ASSIGNMENT}"


def running(service: HandInService) -> contextlib.AbstractContextManager[str]:
    """Run a service and give its address."""
    return serving(make_app(service))


@contextlib.contextmanager
def serving(app: FastAPI, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve an application in a thread and give its address."""
    with listener or socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def client(address: str, token: str | None = None) -> httpx.Client:
    """Return a program that sends requests with a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=address, headers=headers, timeout=None, trust_env=False)


def browser(address: str, token: str) -> httpx.Client:
    """Return a browser in which the person with this token has logged in."""
    visitor = client(address)
    assert visitor.post("/login", data={"token": token}).status_code == 303
    return visitor


def student_token(course: Course, student: str) -> str:
    return _token(course, Person(STUDENT, student))


def instructor_token(course: Course) -> str:
    return _token(course, Person(INSTRUCTOR, "prof"))


def _token(course: Course, person: Person) -> str:
    tokens = Tokens(course)
    tokens.issue([person])
    return tokens.read()[person]


def notebook(course: Course, name: str = "p1", double: str = "return 2 * x") -> bytes:
    """Return a notebook of the assignment in which ``double`` has this body and nothing else is answered."""
    nb = notebooks.read(course.folder("release", ".", ASSIGNMENT) / f"{name}.ipynb")
    place = course.scratch / "answer.ipynb"
    notebooks.write(notebooks.fill(nb, {"double": f"def double(x):\n    {double}"}), place)
    data = place.read_bytes()
    place.unlink()
    return data


def verdict_of(program: httpx.Client, name: str = "p1") -> dict:
    """Wait until a notebook that was handed in has its verdict, and return that."""
    while True:
        (found,) = [one for one in program.get(HAND_INS).json() if one["notebook"] == name]
        if found["verdict"] is not None:
            return found["verdict"]
        time.sleep(0.05)


def files(folder: Path) -> dict[str, bytes]:
    """Return what is in the files of a folder, by path; what the service keeps for itself is left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".autograder" not in path.parts
    }
