"""Quizzes that answer at once, and predictions that are held beside the truth.

The questions and their answers stand in ``questions.toml``, so that no notebook shows an answer above its question.
They are buttons where a kernel runs, and text where none does.
"""

from __future__ import annotations

import html
import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from coffee_shop import scorecard
from coffee_shop.widgets import GONE

_STYLE = """<style>
.coffee-shop-quiz .widget-html-content { line-height: 1.4; padding: 4px 0; }
.coffee-shop-option { height: auto; min-height: 32px; line-height: 1.4; padding: 4px 12px; text-align: left;
                      white-space: normal; }
</style>"""


@cache
def questions() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the questions by lesson and name."""
    return tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))


def quiz(lesson: str, name: str) -> Quiz:
    """Return a question with a button for each option; a click says at once what there is to say to it.

    Parameters
    ----------
    lesson : str
        Name of the lesson's notebook, without its suffix.
    name : str
        Name of the question in that lesson.

    Raises
    ------
    KeyError
        If there is no such question.
    """
    asked = questions()[lesson][name]
    return Quiz(asked["question"], dict(asked["options"]), asked["answer"], (lesson, name))


def predict(lesson: str, name: str) -> Guess | Number:
    """Return a question whose answer is noted, and not judged before `reveal` shows it beside the truth.

    Parameters
    ----------
    lesson, name : str
        As for `quiz`. A question without options asks for a number.

    Raises
    ------
    KeyError
        If there is no such question.
    """
    asked = questions()[lesson][name]
    if "options" in asked:
        return Guess(asked["question"], list(dict(asked["options"])), (lesson, name))
    return Number(asked["question"], (lesson, name))


def reveal(lesson: str, name: str, truth: float | None = None) -> Reveal:
    """Return what was predicted, to be shown beside the truth.

    Parameters
    ----------
    lesson, name : str
        As for `predict`.
    truth : float, optional
        The number that came out, if a number was asked for.
    """
    asked, noted = questions()[lesson][name], scorecard.recall("prediction", lesson, name)
    if "options" in asked:
        right, mine = asked["answer"], noted
        word = dict(asked["options"])[right]
    else:
        right, word = f"{truth:.3g}", ""
        mine = None if noted is None else f"{noted:g}"
    said = "You wrote nothing down." if mine is None else f"You predicted: {mine}."
    sign = "✓ " if mine == right else ""
    parts = [f"{sign}{said}", f"In truth: {right}.", word]
    return Reveal([part for part in parts if part])


class Reveal:
    """What was predicted, the truth, and a word about it; as the last expression of a cell it shows itself."""

    def __init__(self, parts: list[str]):
        self._parts = parts

    def _repr_mimebundle_(self, **kwargs):
        first, *others = map(_marked, self._parts)
        page = f'<div class="reveal" role="status"><strong>{first}</strong> {" ".join(others)}</div>'
        return {"text/html": page, "text/plain": " ".join(self._parts)}


class _Question(widgets.VBox):
    """A question, what there is to click or to type, and a line below it for what is said."""

    def __init__(self, question: str, place: tuple[str, str], *fields: widgets.Widget):
        self._question, self._place = question, place
        self.feedback = widgets.HTML()
        heading = widgets.HTML(f"{_STYLE}{GONE}<strong>{_marked(question)}</strong>")
        super().__init__([heading, *fields, self.feedback])
        self.add_class("coffee-shop-quiz")
        self.add_class("coffee-shop-live")

    def _say(self, page: str) -> None:
        self.feedback.value = f'<div role="status">{page}</div>'

    def _options_as_text(self) -> list[str]:
        return []

    def _static(self) -> str:
        return f'<div class="quiz"><p><strong>{_marked(self._question)}</strong></p></div>'

    def _repr_mimebundle_(self, **kwargs):
        plain = "\n- ".join([self._question, *self._options_as_text()])
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": plain, "text/html": self._static()}


class _Choice(_Question):
    """A question with a button for each option."""

    def __init__(self, question: str, options: list[str], place: tuple[str, str]):
        if len(options) < 2:
            raise ValueError(f"a quiz needs at least two options, got {options}")
        self.buttons = {option: self._button(option) for option in options}
        super().__init__(question, place, *self.buttons.values())

    def _button(self, option: str) -> widgets.Button:
        button = widgets.Button(description=option.replace("`", ""), layout=widgets.Layout(width="fit-content"))
        button.add_class("coffee-shop-option")
        button.on_click(lambda _: self._choose(option))
        return button

    def _choose(self, chosen: str) -> None:
        for option, button in self.buttons.items():
            sign = self._sign(option) if option == chosen else ""
            button.description = sign + option.replace("`", "")

    def _options_as_text(self) -> list[str]:
        return list(self.buttons)


class Quiz(_Choice):
    """A question with a button for each option; a click shows what there is to say to that option.

    On a page without a kernel, and on paper, the same question is text, and each option opens to its feedback. As the
    last expression of a cell it shows itself.

    Parameters
    ----------
    question : str
        Text between `backticks` is set as code, here and below.
    options : dict of str to str
        Each option's text and its feedback, in the order to be shown. The feedback need not begin with "Right": that is
        said for it.
    answer : str
        The option that is right.
    place : tuple of str
        The lesson and the question's name there, under which the answer is noted.

    Attributes
    ----------
    buttons : dict of str to ipywidgets.Button
        By option.
    feedback : ipywidgets.HTML
        Empty until an option is chosen.

    Raises
    ------
    ValueError
        If there are fewer than two options, one of them has no feedback, or ``answer`` is none of them.
    """

    def __init__(self, question: str, options: Mapping[str, str], answer: str, place: tuple[str, str]):
        if options and answer not in options:
            raise ValueError(f"answer must be one of {list(options)}, got {answer!r}")
        if silent := [option for option, feedback in options.items() if not feedback]:
            raise ValueError(f"every option needs feedback, got none for {silent}")
        self._answer = answer
        self._verdicts = {
            option: ("✓ Right." if option == answer else "✗ Not quite.", feedback)
            for option, feedback in options.items()
        }
        super().__init__(question, list(options), place)

    def _sign(self, option: str) -> str:
        return f"{self._verdicts[option][0][0]} "

    def _choose(self, chosen: str) -> None:
        super()._choose(chosen)
        self._say(self._said(chosen))
        before = scorecard.recall("quiz", *self._place)
        if before in (None, "wrong"):
            right = "first" if before is None else "later"
            scorecard.record("quiz", *self._place, right if chosen == self._answer else "wrong")

    def _said(self, option: str) -> str:
        verdict, feedback = self._verdicts[option]
        return f"<strong>{verdict}</strong> {_marked(feedback)}"

    def _static(self) -> str:
        options = "".join(
            f"<details><summary>{_marked(option)}</summary><p>{self._said(option)}</p></details>"
            for option in self._verdicts
        )
        return f'<div class="quiz"><p><strong>{_marked(self._question)}</strong></p>{options}</div>'


class Guess(_Choice):
    """A question with a button for each option; a click is noted, and nothing is said about it yet."""

    def _sign(self, option: str) -> str:
        return "● "

    def _choose(self, chosen: str) -> None:
        super()._choose(chosen)
        scorecard.record("prediction", *self._place, chosen)
        self._say("Noted. Run on: you will see it again beside the truth.")

    def _static(self) -> str:
        options = "".join(f"<li>{_marked(option)}</li>" for option in self.buttons)
        return f'<div class="quiz"><p><strong>{_marked(self._question)}</strong></p><ul>{options}</ul></div>'


class Number(_Question):
    """A question with a field for a number, which is noted as soon as it is typed in.

    Attributes
    ----------
    field : ipywidgets.Text
        Where the number is typed in.
    """

    def __init__(self, question: str, place: tuple[str, str]):
        self.field = widgets.Text(placeholder="a number", continuous_update=False)
        self.field.observe(self._typed, "value")
        super().__init__(question, place, self.field)

    def _typed(self, _) -> None:
        try:
            number = float(self.field.value.strip().replace(",", "."))
            if not math.isfinite(number):
                raise ValueError
        except ValueError:
            self._say("✗ Type a number, such as 0.5 or 20.")
            return
        scorecard.record("prediction", *self._place, number)
        self._say(f"Noted: {number:g}. Run on: you will see it again beside the truth.")


def _marked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
