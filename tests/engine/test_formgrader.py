"""Formgrader's autograde button uses the engine, and its pages run nothing that a student wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder.course import notebooks
from autograder.jupyter.formgrader import EngineAPI
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.engine.servers import TOKEN, jupyter
from tests.support import open_grader


@pytest.fixture
def course(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    hand_in(course, "bob", double="return 7")
    return course


@pytest.fixture
def api(course):
    return EngineAPI(course.directory(), config=course.config)


def test_api_grades_as_nbgraders_own_would(course, api):
    assert api.autograde(ASSIGNMENT, "bob") == {"success": True, "log": ""}
    assert course.scores(ASSIGNMENT) == {"bob": {"p1": 2, "p2": 2}}
    submission = next(row for row in api.get_submissions(ASSIGNMENT) if row["student"] == "bob")
    assert (submission["autograded"], submission["score"], submission["max_score"]) == (True, 4, 10)


def test_api_regrades_when_it_is_told_to(course, api):
    def recording() -> str:
        with open_grader(course, ASSIGNMENT) as run:
            return run.entries()["ann"].id

    api.autograde(ASSIGNMENT, "ann")
    first = recording()
    api.autograde(ASSIGNMENT, "ann", force=False)
    assert recording() == first
    api.autograde(ASSIGNMENT, "ann")
    assert recording() != first


def test_api_says_what_was_noted_and_what_went_wrong(course, api):
    hand_in(course, "ann", double="import os; os._exit(3)")
    assert "the kernel died" in api.autograde(ASSIGNMENT, "ann")["log"]
    with open_grader(course, ASSIGNMENT):
        refused = api.autograde(ASSIGNMENT, "ann")
    assert not refused["success"]
    assert "is grading in" in refused["error"]
    unknown = api.autograde(ASSIGNMENT, "bob", create=False)
    assert not unknown["success"]
    assert "No such student: bob" in unknown["error"]


def ask(url: str, method: str = "GET") -> str:
    request = urllib.request.Request(url, method=method, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read().decode()


def test_button_and_pages_in_a_running_server(course):
    nb = notebooks.read(course.folder("submitted", "ann", ASSIGNMENT) / "p1.ipynb")
    nb = notebooks.fill(nb, {"why": "<img src=x onerror=alert(1)> <script>alert(2)</script>"})
    nb.cells.append(nbformat.v4.new_markdown_cell("[x](javascript:alert(3))"))
    notebooks.write(nb, course.folder("submitted", "ann", ASSIGNMENT) / "p1.ipynb")
    with jupyter("jupyter_server", course.root) as address:
        answer = json.loads(ask(f"{address}/formgrader/api/submission/{ASSIGNMENT}/ann/autograde", "POST"))
        assert answer == {"success": True, "log": ""}
        with course.gradebook() as gradebook:
            submission = gradebook.find_submission_notebook("p1", ASSIGNMENT, "ann").id
        page = ask(f"{address}/formgrader/submissions/{submission}/")
    assert "autograder_journal" in (course.root / "gradebook.db").read_bytes().decode("latin-1")
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("input", id="test_double")  # where a person gives points
    assert not [script for script in soup.find_all("script") if "alert(" in script.get_text()]
    assert not soup.find_all(attrs={"onerror": True})
    assert not [link for link in soup.find_all("a", href=True) if link["href"].startswith("javascript")]
    assert "double(10)" in soup.get_text()  # the instructor sees hidden tests
    policy = soup.head.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    allowed = policy.partition("script-src")[2].partition(";")[0]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in allowed
    own = [script.get_text() for script in soup.find_all("script", type="text/javascript") if not script.get("src")]
    own += [element["onclick"] for element in soup.find_all(onclick=True)]
    assert own
    for code in own:
        assert base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() in allowed


def test_strangers_cannot_press_the_button(course):
    with jupyter("jupyter_server", course.root) as address:
        button = f"{address}/formgrader/api/submission/{ASSIGNMENT}/ann/autograde"
        request = urllib.request.Request(button, method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 403
    assert not course.folder("autograded", "ann", ASSIGNMENT).exists()
