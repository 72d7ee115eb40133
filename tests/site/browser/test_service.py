"""Students hand in with a browser, also from an LMS on another site."""

from __future__ import annotations

import socket

import pytest
from axe_playwright_python.sync_playwright import Axe

from autograder.course.coursedir import Course
from autograder.service.app import make_app
from autograder.service.handin import HandInService
from tests.engine.lti_platform import running_platform
from tests.engine.plain_course import ASSIGNMENT, make_course
from tests.engine.service_support import instructor_token, notebook, serving, student_token


@pytest.fixture(scope="module")
def platform():
    with running_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def course(platform, tmp_path_factory):
    """A course that is served at ``platform.tool``."""
    root = tmp_path_factory.mktemp("served") / "course"
    course = make_course(root)
    course.scratch.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (root / "nbgrader_config.py").open("a") as file:
            # What the browser sees of the platform is on another site.
            file.write(platform.settings(address).replace(f"{platform.address}/login", f"{elsewhere(platform)}/login"))
        course = Course(root)
        with serving(make_app(HandInService(course)), listener):
            yield course


def elsewhere(platform) -> str:
    return platform.address.replace("127.0.0.1", "localhost")


def log_in(page, platform, token: str) -> None:
    page.goto(platform.tool)
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Log in").click()


def barriers(page) -> dict[str, list]:
    found = Axe().run(page).response["violations"]
    return {one["id"]: [node["html"] for node in one["nodes"]] for one in found}


def test_a_student_hands_in_and_sees_the_results(page, platform, course):
    log_in(page, platform, student_token(course, "ann"))
    data = notebook(course, double='raise ValueError("<b>no</b>")')
    page.get_by_label("Hand in").set_input_files({"name": "p1.ipynb", "mimeType": "text/plain", "buffer": data})
    page.get_by_role("button", name="Hand in", exact=True).click()
    page.get_by_role("row", name="test_double").wait_for()
    row = page.get_by_role("row", name="test_double")
    assert "not passed" in row.text_content()
    assert "ValueError: <b>no</b>" in row.text_content()
    assert page.get_by_text("0 of 2 visible tests passed").is_visible()
    assert not barriers(page)
    page.get_by_role("link", name="plain").click()
    assert not barriers(page)
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Your token").wait_for()
    assert not barriers(page)
    page.get_by_label("Your token").evaluate("field => field.removeAttribute('id')")  # a barrier that it has to find
    assert "label" in barriers(page)


def test_an_instructor_sees_the_class(page, platform, course):
    student_token(course, "bob")
    log_in(page, platform, instructor_token(course))
    page.get_by_role("link", name=ASSIGNMENT).click()
    page.get_by_role("rowheader", name="bob").wait_for()
    assert not barriers(page)


def test_an_lms_on_another_site_opens_the_assignment(browser, platform, course):
    page = browser.new_page()
    page.goto(f"{elsewhere(platform)}/course")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{elsewhere(platform)}/login?**")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{platform.tool}/assignments/{ASSIGNMENT}")
    assert page.get_by_text("ann@example.edu").is_visible()
    page.close()
