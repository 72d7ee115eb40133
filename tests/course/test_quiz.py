"""A quiz answers the click at once, and can be read where nothing can be clicked."""

from __future__ import annotations

import pytest

from autograder.course import notebooks
from coffee_shop.quiz import quiz
from tests.support import ROOT

OPTIONS = {"`alpha`": "It is learned.", "beta > 1": "You set it, as in `fit`."}


@pytest.fixture
def asked() -> quiz:
    return quiz("Which one is a <dial>?", OPTIONS, "beta > 1")


def test_nothing_is_said_before_the_click(asked):
    assert asked.feedback.value == ""
    assert [button.description for button in asked.buttons.values()] == ["alpha", "beta > 1"]


def test_a_click_shows_the_feedback_of_that_option(asked):
    asked.buttons["`alpha`"].click()
    assert "✗ Not quite." in asked.feedback.value
    assert "It is learned." in asked.feedback.value


def test_one_may_choose_again(asked):
    asked.buttons["`alpha`"].click()
    asked.buttons["beta > 1"].click()
    assert "✓ Right." in asked.feedback.value
    assert "<code>fit</code>" in asked.feedback.value
    assert "learned" not in asked.feedback.value
    assert [button.description for button in asked.buttons.values()] == ["alpha", "✓ beta > 1"]


def test_without_a_kernel_every_option_opens_to_its_feedback(asked):
    bundle = asked._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    page = bundle["text/html"]
    assert page.count("<details>") == page.count("<summary>") == 2
    assert "<summary>beta &gt; 1</summary><p><strong>✓ Right.</strong> You set it" in page
    assert "&lt;dial&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("options", "answer", "told"),
    [
        (OPTIONS, "gamma", "gamma"),
        ({"alpha": "Yes."}, "alpha", "two options"),
        ({}, "alpha", "two options"),
        ({"alpha": "Yes.", "beta": ""}, "alpha", "feedback"),
    ],
)
def test_what_is_no_quiz_is_refused(options, answer, told):
    with pytest.raises(ValueError, match=told):
        quiz("Which?", options, answer)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_lesson_shows_the_answer_above_the_question(path):
    """The code of a quiz is folded in JupyterLab and left out of the site."""
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code" and "quiz(" in cell.source:
            assert cell.metadata == {"jupyter": {"source_hidden": True}, "tags": ["remove-input"]}, cell.id
