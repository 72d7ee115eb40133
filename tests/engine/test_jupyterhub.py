"""A class behind JupyterHub: a teacher and two students, each with a server, a home and a user of their own.

They do what JupyterLab and formgrader do in their browsers, by the same requests. It goes by the example settings in
`autograder/deploy/jupyterhub`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest

from autograder.course import notebooks
from tests.engine.hub import USERS, Hub, Refused, needs_hub
from tests.engine.plain_course import ASSIGNMENT, CONFIG, NAMES, make_course
from tests.support import ROOT

pytestmark = needs_hub
EXAMPLE = ROOT / "autograder" / "deploy" / "jupyterhub"
COURSE = "my_course"
ANSWERS = {"ada": "return 2 * x", "bob": "return 7"}
SUBMISSION = {"course_id": COURSE, "assignment_id": ASSIGNMENT}


@pytest.fixture(scope="module")
def folder():
    """A folder that everybody can enter, with an exchange that everybody can write to."""
    with tempfile.TemporaryDirectory(prefix="hub-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "exchange").mkdir()
        (Path(name) / "exchange").chmod(0o777)
        yield Path(name)


@pytest.fixture(scope="module")
def hub(folder):
    """A hub with the course in the teacher's home; nothing is released."""
    shared = folder / "shared"
    shared.mkdir()
    settings = (EXAMPLE / "nbgrader_config.py").read_text().replace("/usr/local/share/nbgrader", str(folder))
    (shared / "nbgrader_config.py").write_text(settings)
    started = Hub(folder, EXAMPLE / "jupyterhub_config.py", shared)
    home = folder / "home" / "teacher"
    course = make_course(home / COURSE)
    (course.root / "nbgrader_config.py").write_text(CONFIG.replace('course_id = "plain"', f'course_id = "{COURSE}"'))
    shutil.rmtree(course.root / "release")
    (home / ".jupyter").mkdir()
    shutil.copy(EXAMPLE / "teachers_nbgrader_config.py", home / ".jupyter" / "nbgrader_config.py")
    for path in home.rglob("*"):
        os.chown(path, USERS["teacher"], USERS["teacher"])
    with started:
        started.start_servers()
        yield started


@pytest.fixture(scope="module")
def marked(hub, folder):
    """The hub after both students have fetched, answered and handed in, and the teacher has collected."""
    for step in ("assign", "release"):
        assert hub.ask("teacher", "POST", f"/formgrader/api/assignment/{ASSIGNMENT}/{step}")["success"]
    for student, double in ANSWERS.items():
        hub.ask(student, "POST", "/assignments/fetch", SUBMISSION)
        for name in NAMES:
            answer(hub, student, f"{ASSIGNMENT}/{name}.ipynb", double)
        hub.ask(student, "POST", "/assignments/submit", SUBMISSION)
    collected = hub.ask("teacher", "POST", f"/formgrader/api/assignment/{ASSIGNMENT}/collect")
    assert collected["success"], collected
    log = folder / "home" / "teacher" / COURSE / "watch.log"
    while not (log.exists() and all(student in log.read_text() for student in ANSWERS)):
        time.sleep(0.1)
    return hub


def answer(hub: Hub, student: str, path: str, double: str) -> None:
    """Write answers into a notebook that was fetched, and save it as JupyterLab does."""
    nb = notebooks.nbformat.from_dict(hub.ask(student, "GET", f"/api/contents/{path}")["content"])
    answers = {"double": f"def double(x):\n    {double}", "triple": "def triple(x):\n    return 3 * x"}
    content = notebooks.fill(nb, answers)
    hub.ask(student, "PUT", f"/api/contents/{path}", {"type": "notebook", "content": content})


def marks(hub: Hub) -> dict[str, float]:
    """Return each student's points, as formgrader shows them."""
    rows = hub.ask("teacher", "GET", f"/formgrader/api/submissions/{ASSIGNMENT}")
    return {row["student"]: row["score"] for row in rows}


def recording(folder: Path, student: str) -> str:
    """Return the engine's entry about a student's work, which is another one after each grading."""
    with sqlite3.connect(folder / "home" / "teacher" / COURSE / "gradebook.db") as connection:
        query = (
            "SELECT entry FROM autograder_journal JOIN submitted_assignment ON id = submission_id WHERE student_id = ?"
        )
        return connection.execute(query, (student,)).fetchone()[0]


def test_what_was_collected_is_graded_by_the_service_of_the_hub(marked, folder):
    assert marks(marked) == {"ada": 8, "bob": 4}
    lines = (folder / "home" / "teacher" / COURSE / "watch.log").read_text()
    assert "not graded" not in lines
    assert "not released" not in lines


@pytest.mark.parametrize(("student", "points"), [("ada", "4.0"), ("bob", "2.0")])
def test_students_find_their_own_feedback_and_no_hidden_test(marked, folder, student, points):
    marked.ask(student, "POST", "/assignments/fetch_feedback", SUBMISSION)
    pages = sorted((folder / "home" / student / ASSIGNMENT / "feedback").rglob("*.html"))
    assert [page.stem for page in pages] == list(NAMES)
    text = pages[0].read_text()
    assert f"Score: {points}" in text
    assert "HIDDEN" not in text
    assert "double(10)" not in text


def test_formgraders_button_grades_with_the_engine(marked, folder):
    before = recording(folder, "bob")
    said = marked.ask("teacher", "POST", f"/formgrader/api/submission/{ASSIGNMENT}/bob/autograde")
    assert said == {"success": True, "log": ""}
    assert recording(folder, "bob") != before  # by the engine: nbgrader itself keeps no journal
    assert marks(marked) == {"ada": 8, "bob": 4}


def test_a_new_hand_in_is_marked_when_the_teacher_collects_again(marked, folder):
    for name in NAMES:
        answer(marked, "bob", f"{ASSIGNMENT}/{name}.ipynb", "return 2 * x")
    marked.ask("bob", "POST", "/assignments/submit", SUBMISSION)
    marked.ask("teacher", "POST", f"/formgrader/api/assignment/{ASSIGNMENT}/collect")
    while marks(marked)["bob"] != 8:
        time.sleep(0.1)
    assert marks(marked) == {"ada": 8, "bob": 8}


def test_nobody_gets_at_what_is_not_theirs(marked, folder):
    for path in ("/api/contents", f"/formgrader/api/submissions/{ASSIGNMENT}"):
        for server in ("teacher", "bob"):
            with pytest.raises(Refused, match="40[34]"):
                marked.ask("ada", "GET", path, server=server)
    for place in (folder / "home" / "teacher", folder / "exchange" / COURSE / "inbound"):
        assert not place.stat().st_mode & 0o004
