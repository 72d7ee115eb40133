"""Exercises in JupyterLab, and the gradebook in formgrader, as a person sees them."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

from autograder.course import notebooks
from tests.course.repository import MASTERS
from tests.engine.servers import jupyter

NAME = "_5_6_1_exercise"
SLOW = 120_000  # ms; a kernel that imports TensorFlow on a busy machine


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab in a folder with an unsolved and a solved exercise."""
    root = tmp_path_factory.mktemp("lab")
    for suffix in notebooks.SUFFIXES:
        shutil.copy(MASTERS.exercises / f"{NAME}{suffix}", root)
    released = notebooks.read(root / f"{NAME}.ipynb")
    notebooks.write(notebooks.fill(released, MASTERS.reference_answers("_5_6_1")), root / "solved.ipynb")
    with jupyter("jupyterlab", root, "--LabApp.news_url=") as address:
        yield address


@pytest.fixture
def page(browser) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


def open_notebook(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/{name}?token=test&reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first).to_be_visible(timeout=SLOW)


def validate(page: Page):
    page.get_by_text("Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Validation Results", timeout=SLOW)
    return dialog


def test_unsolved_exercise_validates_with_a_kind_word(page, lab):
    open_notebook(page, lab, f"{NAME}.ipynb")
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Exercise 1")
    dialog = validate(page)
    expect(dialog).to_contain_text("Not answered yet: `param_grid`")
    expect(dialog).to_contain_text("Look again at lesson")
    expect(dialog).not_to_contain_text("Traceback")


def test_solved_exercise_validates(page, lab):
    open_notebook(page, lab, "solved.ipynb")
    expect(validate(page)).to_contain_text("passes all the tests")


def test_hints_open_one_at_a_time(page, lab):
    open_notebook(page, lab, f"{NAME}.ipynb")
    first = page.locator(".jp-Notebook details").first
    first.scroll_into_view_if_needed()
    expect(first.get_by_text("Hint 2", exact=True)).not_to_be_visible()
    first.locator("summary").first.click()
    expect(first.get_by_text("Hint 2", exact=True)).to_be_visible()
    expect(first.get_by_text("Hint 3", exact=True)).not_to_be_visible()


def test_script_opens_as_a_notebook(page, lab):
    page.goto(f"{lab}/lab?token=test&reset")
    page.get_by_role("listitem").filter(has_text=f"{NAME}.py").click(button="right")
    page.get_by_text("Open With", exact=True).hover()
    page.get_by_role("menuitem", name="Notebook", exact=True).click()
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Exercise 1", timeout=SLOW)


def test_formgrader_shows_the_graded_class(page, graded):
    course, _ = graded
    with jupyter("jupyterlab", course.root, "--LabApp.news_url=") as address:
        page.goto(f"{address}/formgrader?token=test")
        expect(page.locator("table")).to_contain_text("5_6", timeout=SLOW)
        page.goto(f"{address}/formgrader/gradebook/5_6/{NAME}")
        expect(page.locator("table")).to_contain_text("Submission #1", timeout=SLOW)
        page.goto(f"{address}/formgrader/manage_students/ada")
        row = page.locator("tr").filter(has_text="5_6")
        expect(row).to_contain_text("30", timeout=SLOW)
