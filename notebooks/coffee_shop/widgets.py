"""Pictures with dials: sliders where a kernel runs, one still picture where none does."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
from IPython.display import Image

# The class that Jupyter gives a widget whose kernel has gone. No code could tell the reader then; a style sheet can.
GONE = """<style>
.coffee-shop-live.jupyter-widgets-disconnected::after {
  content: "The kernel has gone, and nothing here answers. Run the cells again, from the top."; order: -1;
  padding: 4px 0; font-weight: bold; }
</style>"""

# ipywidgets gives the handle of a slider no name, and as its value the place in the list, such as 2 for the third. A
# screen reader must say the dial and its setting. The handler runs when the style arrives, that is, with each picture.
_SPOKEN = """<style onload="
const box = this.closest('.coffee-shop-live');
const name = () => {
  for (const slider of box.querySelectorAll('.widget-slider')) {
    const handle = slider.querySelector('[role=slider]');
    const setting = slider.querySelector('.widget-readout').textContent;
    handle.setAttribute('aria-label', slider.querySelector('.widget-label').textContent);
    if (handle.getAttribute('aria-valuetext') !== setting) handle.setAttribute('aria-valuetext', setting);
  }
};
if (!box.spoken) {
  box.spoken = new MutationObserver(name);
  box.spoken.observe(box, {attributeFilter: ['aria-valuetext'], childList: true, subtree: true});
}
name();
"></style>"""


class turn(widgets.VBox):
    """A picture under sliders: turn a dial and it is drawn anew.

    On a page without a kernel, and on paper, the picture stands alone, as first drawn. As the last expression of a
    cell it shows itself.

    Parameters
    ----------
    draw : callable
        ``draw(**values)`` gets the value of each dial by name and returns a picture made by ``plots.show``.
    start : dict, optional
        Value of a dial at first; the middle one of its list by default.
    **dials : sequence
        At least two different values for each dial, in the order of the slider.

    Attributes
    ----------
    dials : dict of str to ipywidgets.SelectionSlider
        By name.
    picture : IPython.display.Image
        What is shown now.

    Raises
    ------
    ValueError
        If there is no dial, a dial is no list of different values, or ``start`` names what is not there.
    TypeError
        If ``draw`` returns anything but a picture.
    """

    def __init__(
        self, draw: Callable[..., Image], /, *, start: Mapping[str, Any] | None = None, **dials: Sequence[Any]
    ):
        start = dict(start or {})
        if not dials:
            raise ValueError("turn needs at least one dial, as in turn(draw, learning_rate=[0.01, 0.1])")
        if unknown := sorted(start.keys() - dials.keys()):
            raise ValueError(f"start names {unknown}, but the dials are {sorted(dials)}")
        self._draw = draw
        self.dials = {name: _slider(name, values, start) for name, values in dials.items()}
        self._frame = widgets.HTML()
        self._redraw()
        for slider in self.dials.values():
            slider.observe(self._turned, "value")
        super().__init__([*self.dials.values(), self._frame])
        self.add_class("coffee-shop-live")

    def _redraw(self) -> None:
        picture = self._draw(**{name: slider.value for name, slider in self.dials.items()})
        if not isinstance(picture, Image):
            raise TypeError(f"draw must return a picture made by plots.show, got {type(picture).__name__}")
        self.picture = picture
        png = base64.b64encode(picture.data).decode()
        alt = html.escape(picture.metadata.get("alt", ""))
        style = f"width: {picture.width}px; max-width: 100%" if picture.width else "max-width: 100%"
        self._frame.value = f'{GONE}{_SPOKEN}<img src="data:image/png;base64,{png}" alt="{alt}" style="{style}">'

    def _turned(self, _) -> None:
        try:
            self._redraw()
        except Exception as error:  # nobody sees what an event handler raises
            told = html.escape(f"{type(error).__name__}: {error}")
            self._frame.value = f'{GONE}<div role="alert">✗ This setting cannot be drawn. <code>{told}</code></div>'

    def _repr_mimebundle_(self, **kwargs):
        still, metadata = self.picture._repr_mimebundle_()
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, **still, "text/plain": self.picture.metadata.get("alt", "a picture")}, metadata


def _slider(name: str, values: Sequence[Any], start: Mapping[str, Any]) -> widgets.SelectionSlider:
    try:
        settings = [value.item() if hasattr(value, "item") else value for value in values]
    except TypeError:
        raise ValueError(f"dial {name!r} must be a list of values, got {values!r}") from None
    if isinstance(values, str) or len(settings) < 2 or any(settings.count(value) > 1 for value in settings):
        raise ValueError(f"dial {name!r} must be a list of at least two different values, got {values!r}")
    first = start.get(name, settings[len(settings) // 2])
    if first not in settings:
        raise ValueError(f"start[{name!r}] must be one of {settings}, got {first!r}")
    return widgets.SelectionSlider(
        options=[(_label(value), value) for value in settings],
        value=first,
        description=name.replace("_", " "),
        continuous_update=False,
        style={"description_width": "130px"},
        layout=widgets.Layout(width="min(100%, 480px)"),
    )


def _label(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
