"""What a lesson's kernel tells the site, and how an executed lesson is marked up for the scripts."""

from __future__ import annotations

import base64
import json
import random
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coffee_shop import maps, plots
from coffee_shop.quiz import predict, questions, quiz, reveal
from coffee_shop.recipe_book import DIALS
from coffee_shop.widgets import turn
from notebooks.site.build import assemble
from notebooks.site.execute import execute, lessons
from notebooks.site.live import PLACES, enliven, quizzes
from notebooks.site.recorder import SLIDER, describe_slider
from tests.site.test_site import FIRST, write

NEURONS = "clf__model__num_neurons"


def draw(colour, size):
    """Draw a picture that is another one for each setting."""
    figure, axes = plots.new_axes(1, 1)
    axes.scatter([0], [0], s=100 * size, color=colour)
    return plots.show(figure, f"A {colour} dot of size {size:g}, drawn for a test, with {random.random()}.")


def draw_treasure(step, neurons):
    recipes = {"grid": [{NEURONS: 16}, {maps.RATE: 0.01}, {}, {maps.RATE: 0.0001}], "again": [{}] * 4}
    searches = {name: [recipe for recipe in tries if NEURONS not in recipe] for name, tries in recipes.items()}
    return maps.draw_tries(searches, step, frozen={NEURONS: neurons})


def new_sliders() -> dict[str, turn]:
    """Return a slider of each kind."""
    return {
        "frames": turn(draw, colour=["red", "blue"], size=[1, 2.5, 4]),
        "map": turn(draw_treasure, step=[1, 2, 4], neurons=DIALS[NEURONS][:3], start={"step": 4}),
    }


def bundle_of(shown) -> dict:
    """Return a widget's output as an executed notebook holds it, with what the recorder adds to a slider."""
    data = shown._repr_mimebundle_()
    data, metadata = data if isinstance(data, tuple) else (data, {})
    data = {kind: content for kind, content in data.items() if "widget" not in kind}
    if "image/png" in data:
        data[SLIDER] = describe_slider(shown)
    return new_output("execute_result", data, metadata=metadata)


def asks(function, *question) -> nbformat.NotebookNode:
    """Return the executed cell of a question."""
    shown = function(*question) if function is not reveal else reveal(*question, truth=25.04)
    source = f"{function.__name__}({json.dumps(question)[1:-1]})"
    return new_code_cell(source, outputs=[bundle_of(shown)])


def says(text: str, **properties) -> nbformat.NotebookNode:
    """Return an executed cell that prints."""
    return new_code_cell(f"print({text!r})", outputs=[new_output("stream", text=text)], **properties)


def test_every_picture_of_a_slider_is_recorded_in_the_order_of_its_settings():
    """Fails if the first dial changes fastest, if a picture is missing, or if random numbers of a lesson change."""
    slider = new_sliders()["frames"]
    random.seed(7)
    np.random.seed(7)
    described = describe_slider(slider)
    assert (random.random(), np.random.random()) == (random.Random(7).random(), np.random.RandomState(7).random())
    assert [dial["labels"] for dial in described["dials"]] == [["red", "blue"], ["1", "2.5", "4"]]
    assert [(dial["name"], dial["start"]) for dial in described["dials"]] == [("colour", 1), ("size", 1)]
    expected = [f"A {colour} dot of size {size}," for colour in ("red", "blue") for size in ("1", "2.5", "4")]
    assert [text.rpartition(" drawn")[0] for text in described["texts"]] == expected
    assert len(set(described["frames"])) == 6
    assert base64.b64decode(described["frames"][3]).startswith(b"\x89PNG")
    assert described["width"] == slider.picture.width


def test_a_treasure_map_is_recorded_as_numbers():
    """Fails if squares are counted by columns, or if a frozen dial is not frozen for scores and tries."""
    treasure = describe_slider(new_sliders()["map"])["map"]
    assert treasure["steps"] == [1, 2, 4]
    assert len(treasure["runs"]) == 3
    for run, neurons in zip(treasure["runs"], DIALS[NEURONS][:3], strict=True):
        table = maps.read_map(frozen={NEURONS: neurons})
        assert run["scores"] == pytest.approx(table.to_numpy().ravel(), abs=1e-5)
        rates = [DIALS[maps.RATE].index(rate) for rate in (0.01, 0.001, 0.0001)]
        assert [square % 5 for square in run["searches"][0]["squares"]] == rates
    best = [max(run["searches"][0]["scores"]) for run in treasure["runs"]]
    assert len(set(best)) == 3


def test_colours_of_a_recorded_map_have_the_limits_of_the_picture(monkeypatch):
    drawn, fill = [], plots.fill_map
    monkeypatch.setattr(plots, "fill_map", lambda *args, **told: drawn.append(args[2]) or fill(*args, **told))
    slider = new_sliders()["map"]
    assert describe_slider(slider)["map"]["limits"] == list(drawn[0])


def test_a_map_whose_step_is_not_the_number_of_tries_is_refused():
    slider = turn(lambda step: maps.draw_tries({"grid": [{}, {}]}, 3 - step), step=[1, 2])
    with pytest.raises(ValueError, match="'step' must be the number of tries"):
        describe_slider(slider)


def test_a_lesson_is_recorded_while_it_runs_and_shows_no_sign_of_it(tmp_path):
    """Fails if the recorder does not get into the kernel, leaves a name there, or shifts the numbers of cells."""
    source = "from coffee_shop import plots\nfrom coffee_shop.widgets import turn\n"
    source += "turn(lambda n: plots.show(plots.new_axes(n, 1)[0], f'{n} inches wide, a picture'), n=[1, 2, 3])"
    path = write(tmp_path / "notebooks" / "01_oven.ipynb", source, "n = 5; [x for x in dir() if not x.startswith('_')]")
    write(tmp_path / "exercises" / "_1_1_1_exercise.ipynb")
    run = execute([path, *tmp_path.glob("exercises/*")], tmp_path / "executed")["01_oven"]
    assert run.trouble == ""
    slider, names = run.notebook.cells[1:]
    assert (slider.execution_count, names.execution_count) == (1, 2)
    assert eval(names.outputs[0].data["text/plain"]) == ["In", "Out", "exit", "get_ipython", "n", "open", "plots",
                                                         "quit", "turn"]  # fmt: skip
    assemble(tmp_path / "executed", tmp_path / "pages", tmp_path)
    page = nbformat.read(tmp_path / "pages" / "notebooks" / "01_oven.ipynb", as_version=4)
    data, picture = page.cells[1].outputs
    assert '<div class="slider">' in data.data["text/html"]
    assert SLIDER not in picture.data
    frames = sorted((tmp_path / "pages" / "_static" / "sliders" / "01_oven-1").iterdir())
    assert [frame.name for frame in frames] == ["0.png", "1.png", "2.png"]
    assert frames[1].read_bytes() == base64.b64decode(picture.data["image/png"])


def folds_of(*cells) -> list[str]:
    """Return the name of the fold of each code cell, or nothing where its output is open."""
    notebook = new_notebook(cells=list(cells))
    enliven(notebook, "02_the_dials")
    return [" ".join(cell.metadata.get("tags", [])) for cell in cells if cell.cell_type == "code"]


def test_outputs_between_a_prediction_and_its_truth_are_folded():
    rate, batch = ("02_the_dials", "tiny-rate"), ("02_the_dials", "hasty-or-careful")
    cells = [says("a"), asks(predict, *rate), says("b"), new_markdown_cell("# On"), new_code_cell("c = 1"), says("d")]
    cells += [asks(reveal, *rate), says("e"), asks(predict, *batch), says("f"), asks(reveal, *batch), says("g")]
    one, two = "fold-1", "fold-2"
    assert folds_of(*cells) == ["", "", one, "", one, one, "", "", two, two, ""]


def test_predictions_that_follow_on_each_other_open_together():
    rate, batch = ("02_the_dials", "tiny-rate"), ("02_the_dials", "hasty-or-careful")
    cells = [asks(predict, *rate), asks(predict, *batch), says("b"), asks(reveal, *rate), asks(reveal, *batch)]
    assert folds_of(*cells) == ["", "", "fold-1", "fold-1", "fold-1"]


@pytest.mark.parametrize("end", ["## Next", "**Your turn.** Do it."])
def test_a_quiz_folds_what_follows_only_if_the_lesson_says_predict_first(end):
    def folds_after(prose: str) -> list[str]:
        asked = asks(quiz, "02_the_dials", "hyperparameter")
        return folds_of(new_markdown_cell(prose), asked, says("a"), new_markdown_cell(end), says("b"))

    assert folds_after("**Predict\nfirst**: which?") == ["", "fold-1", ""]
    assert folds_after("Which?") == ["", "", ""]


def test_questions_have_the_names_under_which_a_scorecard_notes_them():
    cells = [asks(quiz, "02_the_dials", "dropout"), asks(predict, "02_the_dials", "one-step")]
    cells += [asks(reveal, "02_the_dials", "one-step"), asks(reveal, "06_stopping_early", "cost")]
    enliven(new_notebook(cells=cells), "02_the_dials")
    pages = [cell.outputs[0].data["text/html"] for cell in cells]
    assert '<div class="quiz" data-question="quiz 02_the_dials dropout">' in pages[0]
    assert '<div class="quiz" data-question="prediction 02_the_dials one-step">' in pages[1]
    assert 'data-question="prediction 02_the_dials one-step" data-truth="Yes, exactly one"' in pages[2]
    assert 'data-truth="25"' in pages[3]


def test_what_is_put_into_lessons_has_its_place_there():
    """Fails if a cell that a block follows is renamed, or if a lesson asks fewer quizzes than the score counts."""
    cells = [cell for path in lessons() for cell in nbformat.read(path, as_version=4).cells]
    assert PLACES.keys() <= {cell.id for cell in cells}
    asked = [re.findall(r'\bquiz\("(\w+)", "([\w-]+)"\)', cell.source) for cell in cells if cell.cell_type == "code"]
    found = {name for names in asked for name in names}
    assert len(found) == quizzes()
    assert all(questions()[lesson][name]["kind"] == "quiz" for lesson, name in found)


def test_data_in_a_page_cannot_end_their_element():
    slider = turn(lambda n: plots.show(plots.new_axes(1, 1)[0], f"{n}: </script><b>picture</b>"), n=[1, 2])
    cell = new_code_cell("", outputs=[bundle_of(slider)])
    cell.outputs[0].data[SLIDER].pop("frames")
    enliven(new_notebook(cells=[new_markdown_cell(FIRST), cell]), "01_oven")
    html = cell.outputs[0].data["text/html"]
    assert html.count("</script>") == 1
    assert "</script><b>" in json.loads(re.search(r">({.*})</script>", html)[1])["texts"][0]
