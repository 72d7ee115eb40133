"""Quizzes that answer at once: buttons where a kernel runs, text that opens where none does."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import ipywidgets as widgets

_STYLE = """<style>
.coffee-shop-quiz .widget-html-content { line-height: 1.4; padding: 4px 0; }
.coffee-shop-option { height: auto; min-height: 32px; line-height: 1.4; padding: 4px 12px; text-align: left;
                      white-space: normal; }
</style>"""


class quiz(widgets.VBox):
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

    def __init__(self, question: str, options: Mapping[str, str], answer: str):
        if len(options) < 2:
            raise ValueError(f"a quiz needs at least two options, got {list(options)}")
        if answer not in options:
            raise ValueError(f"answer must be one of {list(options)}, got {answer!r}")
        if silent := [option for option, feedback in options.items() if not feedback]:
            raise ValueError(f"every option needs feedback, got none for {silent}")
        self._question = question
        self._verdicts = {
            option: ("✓ Right." if option == answer else "✗ Not quite.", feedback)
            for option, feedback in options.items()
        }
        self.feedback = widgets.HTML()
        self.buttons = {option: self._button(option) for option in options}
        heading = widgets.HTML(f"{_STYLE}<strong>{_marked(question)}</strong>")
        super().__init__([heading, *self.buttons.values(), self.feedback])
        self.add_class("coffee-shop-quiz")

    def _button(self, option: str) -> widgets.Button:
        button = widgets.Button(description=option.replace("`", ""), layout=widgets.Layout(width="fit-content"))
        button.add_class("coffee-shop-option")
        button.on_click(lambda _: self._choose(option))
        return button

    def _choose(self, chosen: str) -> None:
        for option, button in self.buttons.items():
            sign = f"{self._verdicts[option][0][0]} " if option == chosen else ""
            button.description = sign + option.replace("`", "")
        self.feedback.value = f'<div role="status">{self._said(chosen)}</div>'

    def _said(self, option: str) -> str:
        verdict, feedback = self._verdicts[option]
        return f"<strong>{verdict}</strong> {_marked(feedback)}"

    def _static(self) -> str:
        options = "".join(
            f"<details><summary>{_marked(option)}</summary><p>{self._said(option)}</p></details>"
            for option in self._verdicts
        )
        return f'<div class="quiz"><p><strong>{_marked(self._question)}</strong></p>{options}</div>'

    def _repr_mimebundle_(self, **kwargs):
        plain = "\n- ".join([self._question, *self._verdicts])
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": plain, "text/html": self._static()}


def _marked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
