"""What a page does without a kernel: sliders, quizzes, folded outputs, numbers to turn and the network of lesson 9.

`enliven` marks up an executed lesson; the scripts of ``static/lesson`` bring it to life. Without JavaScript, and on
paper, a page shows what the lesson showed.
"""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from coffee_shop.quiz import questions
from notebooks.site.recorder import NETWORK, SLIDER

EVERYWHERE = ["lesson/answers.js", "lesson/score.js"]
# In the order in which a lesson loads them: each uses what those before it define.
SCRIPTS = [
    "laboratory/svg.js",
    *(
        f"lesson/{name}.js"
        for name in (
            "dials",
            "frames",
            "treasure",
            "sliders",
            "quiz",
            "folds",
            "numbers",
            "network",
            "counter",
        )
    ),
]
_BLOCKS = Path(__file__).parent / "blocks"
# What is put into a lesson, by the id of the cell whose output it follows.
PLACES = {
    "count-the-fits-6": "trainings",
    "spend-a-budget-3": "draws",
    "ask-for-raw-customers-5": "counter",
}
_ASKED = re.compile(r'\b(quiz|predict|reveal)\("(\w+)", "([\w-]+)"')
_PREDICT_FIRST = re.compile(r"\*\*Predict\s+first")
_ENDS_A_FOLD = re.compile(r"^#|\*\*Your turn")
_TRUTH = re.compile(r"In truth: (\S+)\.")


def quizzes() -> int:
    """Return how many quizzes the lessons have."""
    return sum(asked["kind"] == "quiz" for lesson in questions().values() for asked in lesson.values())


def enliven(notebook: NotebookNode, lesson: str) -> dict[str, bytes]:
    """Mark up an executed lesson for the scripts of the site.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    lesson : str
        Name of the lesson's notebook, without its suffix.

    Returns
    -------
    dict of str to bytes
        The pictures of the sliders, or the numbers that they are drawn from, by their paths in the site.
    """
    _fold(notebook)
    _name_questions(notebook)
    network = _take_network(notebook)
    files = _add_sliders(notebook, lesson)
    _add_blocks(notebook, network)
    return files


def _question(cell: NotebookNode) -> tuple[str, str, str] | None:
    """Return what a cell asks or reveals: the function, the lesson and the name of the question."""
    found = _ASKED.search(cell.source) if cell.cell_type == "code" else None
    return found.groups() if found else None


def _fold(notebook: NotebookNode) -> None:
    """Tag the outputs that tell the answer to “Predict first”, as many as open together by one name.

    A prediction's fold ends where it is revealed; a quiz's, at the next heading or turn of the reader's.
    """
    folds, announced, until_prose, predictions = 0, False, False, set()
    for cell in notebook.cells:
        kind, _, name = _question(cell) or ("", "", "")
        if cell.cell_type == "markdown":
            announced = bool(_PREDICT_FIRST.search(cell.source))
            until_prose = until_prose and not _ENDS_A_FOLD.search(cell.source)
        elif kind == "predict":
            folds += not predictions
            predictions.add(name)
        elif kind == "quiz":
            folds += announced
            until_prose = announced
        elif cell.outputs and (predictions or until_prose):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), f"fold-{folds}"]
            predictions -= {name} if kind == "reveal" else set()


def _name_questions(notebook: NotebookNode) -> None:
    """Say on the page which question is asked, under the key by which a scorecard notes it."""
    for cell in notebook.cells:
        if asked := _question(cell):
            kind = "quiz" if asked[0] == "quiz" else "prediction"
            data = {"question": f"{kind} {asked[1]} {asked[2]}"}
            for output in cell.outputs:
                if asked[0] == "reveal":
                    data["truth"] = _truth(output, *asked[1:])
                attributes = "".join(f' data-{name}="{html.escape(value)}"' for name, value in data.items())
                if page := output.get("data", {}).get("text/html"):
                    output.data["text/html"] = re.sub(r'class="(quiz|reveal)"', rf"\g<0>{attributes}", page, count=1)


def _truth(output: NotebookNode, lesson: str, name: str) -> str:
    """Return the right option of a prediction, as a page shows it, or the number that came out."""
    asked = questions()[lesson][name]
    return asked["answer"].replace("`", "") if "options" in asked else _TRUTH.search(output.data["text/plain"])[1]


def _add_sliders(notebook: NotebookNode, lesson: str) -> dict[str, bytes]:
    """Put the data of each slider before its picture, and return its files by their paths in the site."""
    files, sliders = {}, 0
    for cell in notebook.cells:
        for i, output in enumerate(cell.get("outputs", [])):
            if slider := output.get("data", {}).pop(SLIDER, None):
                sliders += 1
                folder = f"_static/sliders/{lesson}-{sliders}"
                for number, frame in enumerate(slider.pop("frames", [])):
                    files[f"{folder}/{number}.png"] = base64.b64decode(frame)
                if treasure := slider.pop("map", None):
                    files[f"{folder}/map.js"] = _map_script(f"../{folder}", treasure)
                cell.outputs.insert(i, _page(f'<div class="slider">{_data(slider | {"folder": f"../{folder}"})}</div>'))
                break
    return files


def _map_script(name: str, treasure: dict[str, Any]) -> bytes:
    """Return the numbers of treasure maps as a script: a page from disk may load a script, but no file of data."""
    data = json.dumps(treasure, separators=(",", ":"))
    return f"(globalThis.lesson.maps ??= {{}})[{json.dumps(name)}] = {data};\n".encode()


def _take_network(notebook: NotebookNode) -> dict[str, Any] | None:
    """Take the description of the network out of the outputs, where it does not show."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if network := output.get("data", {}).get(NETWORK):
                cell.outputs.remove(output)
                return {name: part for name, part in network.items() if name not in ("guests", "expected")}
    return None


def _add_blocks(notebook: NotebookNode, network: dict[str, Any] | None) -> None:
    """Put numbers to turn, and the network with a customer to change, below what a cell shows."""
    for cell in notebook.cells:
        if name := PLACES.get(cell.get("id")):
            block = (_BLOCKS / f"{name}.html").read_text(encoding="utf-8")
            cell.outputs.append(_page(block.replace("<!-- NETWORK -->", _data(network))))


def _page(content: str) -> NotebookNode:
    return new_output("display_data", {"text/html": content})


def _data(content: object) -> str:
    """Return content as a script element that only holds data; nothing in it ends the element."""
    text = json.dumps(content, separators=(",", ":")).replace("</", "<\\/")
    return f'<script type="application/json">{text}</script>'
