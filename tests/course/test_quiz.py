"""A quiz answers the click at once, and can be read where nothing can be clicked."""

from __future__ import annotations

import re

import pytest

from autograder.course import notebooks
from coffee_shop import scorecard
from coffee_shop.quiz import Guess, Number, Quiz, predict, questions, quiz, reveal
from coffee_shop.score import add_up
from tests.support import ROOT

LESSONS = {path.stem: notebooks.read(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
ALL = [(lesson, name) for lesson, asked in questions().items() for name in asked]
HERE = ("01_welcome", "dial")
OPTIONS = {"`alpha`": "It is learned.", "beta > 1": "You set it, as in `fit`."}


@pytest.fixture
def asked() -> Quiz:
    return Quiz("Which one is a <dial>?", OPTIONS, "beta > 1", HERE)


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
        Quiz("Which?", options, answer, HERE)


def test_the_first_click_is_what_counts(asked):
    asked.buttons["beta > 1"].click()
    asked.buttons["`alpha`"].click()
    assert scorecard.recall("quiz", *HERE) == "first"


def test_a_second_click_may_mend_what_was_wrong(asked):
    asked.buttons["`alpha`"].click()
    assert scorecard.recall("quiz", *HERE) == "wrong"
    asked.buttons["beta > 1"].click()
    assert scorecard.recall("quiz", *HERE) == "later"


def test_a_prediction_is_noted_and_not_judged():
    guess = predict("02_the_dials", "hasty-or-careful")
    guess.buttons["512"].click()
    assert [button.description for button in guess.buttons.values()] == ["8", "64", "● 512"]
    assert "Noted" in guess.feedback.value
    assert not {"✓", "✗"} & set(guess.feedback.value)
    page = guess._repr_mimebundle_()["text/html"]
    assert "<li>512</li>" in page
    assert "Two steps" not in page


def told(page) -> str:
    return page._repr_mimebundle_()["text/plain"]


def test_a_prediction_is_shown_beside_the_truth():
    guess = predict("02_the_dials", "hasty-or-careful")
    assert told(reveal("02_the_dials", "hasty-or-careful")).startswith("You wrote nothing down. In truth: 64. Enough")
    guess.buttons["512"].click()
    assert told(reveal("02_the_dials", "hasty-or-careful")).startswith("You predicted: 512. In truth: 64.")
    guess.buttons["64"].click()
    assert told(reveal("02_the_dials", "hasty-or-careful")).startswith("✓ You predicted: 64. In truth: 64.")


@pytest.mark.parametrize(("typed", "number"), [("0.5", "0.5"), (" 0,5 ", "0.5"), ("1e-3", "0.001"), ("20", "20")])
def test_a_number_is_noted_as_it_is_typed(typed, number):
    asked = predict("07_choosing_a_winner", "noise")
    asked.field.value = typed
    assert f"Noted: {number}." in asked.feedback.value
    said = told(reveal("07_choosing_a_winner", "noise", 0.954))
    assert said == f"You predicted: {number}. In truth: 0.954."


@pytest.mark.parametrize("typed", ["a lot", "nan", "inf", "0.5.1"])
def test_what_is_no_number_is_not_noted(typed):
    asked = predict("07_choosing_a_winner", "noise")
    asked.field.value = typed
    assert "Type a number" in asked.feedback.value
    assert told(reveal("07_choosing_a_winner", "noise", 0.954)) == "You wrote nothing down. In truth: 0.954."


def test_answers_last_from_lesson_to_lesson(scorecard_of_its_own):
    scorecard.record("turn", "02_the_dials", "rates", True)
    scorecard.record("prediction", "07_choosing_a_winner", "noise", 0.5)
    assert scorecard.recall("turn", "02_the_dials", "rates") is True
    assert "0.5" in scorecard_of_its_own.read_text()


@pytest.mark.parametrize("damage", ["", "{", "[1]", "null"])
def test_a_damaged_scorecard_is_begun_anew(damage, scorecard_of_its_own):
    scorecard_of_its_own.write_text(damage)
    assert scorecard.recall("turn", "02_the_dials", "rates") is None
    scorecard.record("turn", "02_the_dials", "rates", True)
    assert scorecard.recall("turn", "02_the_dials", "rates") is True


def test_where_nothing_can_be_written_the_kernel_remembers(tmp_path, monkeypatch):
    for path in ("", str(tmp_path / "missing" / "card.json")):
        monkeypatch.setenv(scorecard.ENV, path)
        scorecard.record("turn", "02_the_dials", "rates", True)
        assert scorecard.recall("turn", "02_the_dials", "rates") is True


def test_the_score_adds_up_what_was_right_at_first(asked):
    before = add_up()
    assert before.loc["together"].str.startswith("0 of ").all()
    quiz(*HERE).buttons["The temperature you set"].click()
    predict("01_welcome", "stay").buttons["It stays"].click()
    quiz("02_the_dials", "dropout").buttons["None"].click()
    wrong = quiz("02_the_dials", "hyperparameter")
    for button in reversed(wrong.buttons.values()):
        button.click()
    scorecard.record("turn", "02_the_dials", "rates", True)
    score = add_up()
    assert score.loc["01_welcome"].str.split().str[0].tolist() == ["1", "0", "1"]
    assert score.loc["02_the_dials"].str.split().str[0].tolist() == ["1", "1", "0"]
    assert score.loc["together"].str.split().str[0].tolist() == ["2", "1", "1"]
    assert score.loc["together"].str.split().str[2].astype(int).min() > 20


def calls_of(lesson: str) -> list[tuple[str, str]]:
    """Return what a lesson asks, in its order: the function, and the name of the question."""
    sources = "\n".join(cell.source for cell in LESSONS[lesson].cells if cell.cell_type == "code")
    return re.findall(rf'^(quiz|predict|reveal)\("{lesson}", "([^"]+)"', sources, re.MULTILINE)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_asks_each_of_its_questions_once_and_reveals_what_was_predicted(lesson):
    calls = calls_of(lesson)
    kinds = {"quiz": ["quiz"], "prediction": ["predict", "reveal"]}
    assert {name for _, name in calls} == questions()[lesson].keys()
    for name, asked in questions()[lesson].items():
        assert [call for call, called in calls if called == name] == kinds[asked["kind"]]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_number_is_revealed_with_the_truth_and_an_option_without(lesson):
    sources = "\n".join(cell.source for cell in LESSONS[lesson].cells if cell.cell_type == "code")
    for name, asked in questions()[lesson].items():
        if asked["kind"] == "prediction":
            given = re.search(rf'reveal\("{lesson}", "{name}"(, .+)?\)$', sources, re.MULTILINE)[1]
            assert (given is None) == ("options" in asked)


@pytest.mark.parametrize(("lesson", "name"), ALL)
def test_every_question_can_be_asked(lesson, name):
    asked = questions()[lesson][name]
    if asked["kind"] == "quiz":
        assert isinstance(quiz(lesson, name), Quiz)
    else:
        assert isinstance(predict(lesson, name), Guess if "options" in asked else Number)
        Quiz(asked["question"], dict(asked.get("options", OPTIONS)), asked.get("answer", "beta > 1"), HERE)


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_notebook_holds_an_answer(lesson):
    """Not every viewer folds the code of a cell: a reader of the source must not see what is right."""
    text = (ROOT / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8")
    said = [feedback for asked in questions()[lesson].values() for _, feedback in asked.get("options", [])]
    assert not [feedback for feedback in said if feedback in text]
    assert "answer=" not in text
    assert "source_hidden" not in "".join(cell.source for cell in LESSONS[lesson].cells if "quiz(" in cell.source)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_site_shows_a_question_without_its_code(lesson):
    for cell in LESSONS[lesson].cells:
        if cell.cell_type == "code" and re.search(r"^(quiz|predict|reveal)\(", cell.source, re.MULTILINE):
            assert cell.metadata == {"tags": ["remove-input"]}, cell.id


def test_the_right_option_stands_now_here_now_there():
    chosen = [asked for lesson in questions().values() for asked in lesson.values() if "options" in asked]
    places = [[option for option, _ in asked["options"]].index(asked["answer"]) for asked in chosen]
    assert max(places.count(place) for place in set(places)) < 0.45 * len(places)


def test_a_question_says_when_the_kernel_has_gone(asked):
    assert "coffee-shop-live" in asked._dom_classes
    assert "Run the cells again" in asked.children[0].value
