"""Exercises in JupyterLab, and the gradebook in formgrader, as a person sees them."""

from __future__ import annotations

import json
import shutil
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from autograder.course import notebooks
from tests.course.repository import MASTERS
from tests.engine.servers import TOKEN, jupyter
from tests.site.test_site import write
from tests.support import ROOT

NAME = "_5_6_1_exercise"
DIALS = """import matplotlib.pyplot as plt
from coffee_shop import plots
from coffee_shop.widgets import turn

def draw(learning_rate, batch_size):
    figure, axes = plt.subplots()
    return plots.show(figure, f"{learning_rate} and {batch_size}")

turn(draw, learning_rate=[0.001, 0.01, 0.1], batch_size=[16, 32])"""
QUESTIONS = """from coffee_shop.quiz import Number, Quiz

display(Quiz("Which?", {"this": "No.", "that": "Yes."}, "that", ("lesson", "which")))
display(Number("How many?", ("lesson", "many")))"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab in a folder with an unsolved and a solved exercise."""
    root = tmp_path_factory.mktemp("lab")
    for suffix in notebooks.SUFFIXES:
        shutil.copy(MASTERS.exercises / f"{NAME}{suffix}", root)
    released = notebooks.read(root / f"{NAME}.ipynb")
    notebooks.write(notebooks.fill(released, MASTERS.reference_answers("_5_6_1")), root / "solved.ipynb")
    write(root / "widgets.ipynb", DIALS, QUESTIONS)
    with jupyter("jupyterlab", root) as address:
        yield address


@pytest.fixture
def page(browser) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


def open_notebook(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/{name}?token=test&reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first).to_be_visible()


def validate(page: Page):
    page.get_by_text("Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Validation Results")
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
    expect(page.locator(".jp-Notebook h1")).to_contain_text("Exercise 1")


@pytest.fixture
def widgets(page, lab) -> Page:
    """The notebook with dials and questions, run."""
    open_notebook(page, lab, "widgets.ipynb")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.get_by_alt_text("0.01 and 32")).to_be_visible()
    expect(page.locator(".coffee-shop-quiz")).to_have_count(2)
    return page


def test_a_dial_has_a_name_and_says_its_setting_and_keys_turn_it(widgets):
    dial = widgets.get_by_role("slider", name="learning rate")
    expect(dial).to_have_attribute("aria-valuetext", "0.01")
    dial.focus()
    widgets.keyboard.press("ArrowRight")
    expect(dial).to_have_attribute("aria-valuetext", "0.1")
    expect(widgets.get_by_alt_text("0.1 and 32")).to_be_visible()
    expect(dial).to_have_attribute("aria-valuetext", "0.1")
    for part in (".coffee-shop-live", ".coffee-shop-quiz"):
        assert Axe().run(widgets, context=[part]).response["violations"] == []


def asked(address: str, what: str) -> dict:
    """Return what a Jupyter server answers to a question in JSON."""
    with urllib.request.urlopen(f"{address}/{what}?token={TOKEN}", timeout=60) as answer:
        return json.load(answer)


def test_a_learner_sees_the_first_lesson_with_its_picture_one_kernel_and_no_question(page, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "settings"))  # of somebody who has answered nothing yet
    for name in ("01_welcome.ipynb", "site/static/souffle.svg"):
        (tmp_path / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "notebooks" / name, tmp_path / "notebooks" / name)
    with jupyter("jupyterlab", tmp_path) as address:
        page.goto(f"{address}/?token={TOKEN}")
        expect(page.locator(".jp-Notebook h1")).to_contain_text("Welcome")
        expect(page.get_by_alt_text("A soufflé, well risen")).to_be_in_viewport(ratio=1)
        expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first).to_be_visible()
        expect(page.get_by_text("Jupyter news")).to_have_count(0)
        news = asked(address, "lab/api/settings/@jupyterlab/apputils-extension:notification")
        assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
        assert set(asked(address, "api/kernelspecs")["kernelspecs"]) == {"python3"}


def test_jupyterlab_elsewhere_begins_as_it_does_and_has_all_kernels(lab):
    with urllib.request.urlopen(f"{lab}/?token={TOKEN}", timeout=60) as answer:
        assert answer.geturl().partition("?")[0] == f"{lab}/lab"
    assert {"python3-fork", "python3-sandbox"} < set(asked(lab, "api/kernelspecs")["kernelspecs"])


def test_formgrader_shows_the_graded_class(page, graded):
    course, _ = graded
    with jupyter("jupyterlab", course.root) as address:
        page.goto(f"{address}/formgrader?token=test")
        expect(page.locator("table")).to_contain_text("5_6")
        page.goto(f"{address}/formgrader/gradebook/5_6/{NAME}")
        expect(page.locator("table")).to_contain_text("Submission #1")
        page.goto(f"{address}/formgrader/manage_students/ada")
        row = page.locator("tr").filter(has_text="5_6")
        expect(row).to_contain_text("30")
