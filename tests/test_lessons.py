"""Every lesson runs from top to bottom, is stored clean, tells no number that is not true, and leads where it says."""

from __future__ import annotations

import re

import pytest

from autograder import notebooks
from autograder.layout import BUNDLED
from tests.conftest import facts_of

FOLDER = BUNDLED.root / "notebooks"
LESSONS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}
# Numbers that are names, not measurements.
NAMES = (
    r"\]\(\w+\.ipynb\) \| \d+ \||\*\*Time\*\*: \d+ minutes|CVE-[\d-]+|Keras \d|TensorFlow \d|"
    r"[Ee]xercises? \d|[Ll]esson \d+|\d\d_\w+|L2"
)


def cells_of(name, kind):
    return [cell.source for cell in notebooks.read(LESSONS[name]).cells if cell.cell_type == kind]


def text_of(name):
    return "\n".join(cells_of(name, "markdown"))


def numbers_in(text):
    return {number.replace(",", "") for number in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])", text)}


def prose_of(name):
    """The text without what is code, a link's target, a tag or a name."""
    text = re.sub(r"```.*?```", "", text_of(name), flags=re.DOTALL)
    return re.sub(rf"{NAMES}|`[^`]*`|\]\([^)]*\)|<[^>]*>", " ", text)


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_without_errors_and_warnings(executed_lessons, name):
    _, runs = executed_lessons
    assert runs[name].trouble == ""
    assert any(cell.get("outputs") for cell in runs[name].notebook.cells)


@pytest.mark.parametrize("name", LESSONS)
def test_what_the_prose_claims_is_true(executed_lessons, name):
    _, runs = executed_lessons
    prose = re.sub(r"\s+", " ", text_of(name))
    assert [phrase for phrase in facts_of(name) if phrase not in prose] == []
    assert runs[name].extra == "[]", "not true"


@pytest.mark.parametrize("name", LESSONS)
def test_every_number_in_the_prose_is_set_or_checked(name):
    known = numbers_in("\n".join(cells_of(name, "code"))) | numbers_in(" ".join(facts_of(name)))
    assert sorted(numbers_in(prose_of(name)) - known) == []


@pytest.mark.parametrize("name", LESSONS)
def test_every_picture_has_alternative_text(executed_lessons, name):
    _, runs = executed_lessons
    for cell in runs[name].notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 20


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_is_stored_clean(name):
    nb = notebooks.read(LESSONS[name])
    assert LESSONS[name].read_text(encoding="utf-8") == notebooks.text_of(nb, ".ipynb")
    assert all(not cell.outputs and cell.execution_count is None for cell in nb.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_says_what_it_is_for_asks_and_ends_with_what_to_keep(name):
    for part in ("**You will**", "**You need**", "**Time**", "## Take away"):
        assert part in text_of(name)
    assert "quiz(" in "\n".join(cells_of(name, "code"))


def test_every_check_points_to_a_section_that_is_there(layout):
    sections = {name: set(re.findall(r"^## (.+)$", text_of(name), flags=re.MULTILINE)) for name in LESSONS}
    pointers = set()
    for master in layout.masters().values():
        pointers |= set(re.findall(r'with check\("([^"]+)", "([^"]+)"\)', master.read_text(encoding="utf-8")))
    assert pointers
    assert not {(lesson, section) for lesson, section in pointers if section not in sections.get(lesson, ())}


OUTLINE = {  # what the course promises to cover, and the lesson's section that does
    "hyperparameters are set, weights are learned": ("01_welcome", None),
    "learning rate": ("02_the_dials", "Learning rate"),
    "batch size": ("02_the_dials", "Batch size"),
    "epochs": ("02_the_dials", "Epochs"),
    "neurons and layers": ("02_the_dials", "Neurons and layers"),
    "dropout and regularisation": ("02_the_dials", "Dropout and regularisation"),
    "grid search": ("03_grid_search", "Dig"),
    "random search": ("04_random_search", "Run the race"),
    "Bayesian optimisation": ("05_bayesian_optimisation", None),
    "stopping early": ("06_stopping_early", None),
    "what is saved": ("08_saving", "What is inside"),
    "three formats": ("08_saving", "Three ways to freeze"),
    "saving and loading": ("08_saving", "Thaw in another kitchen"),
    "real-world deployment": ("09_serving", None),
    "convolutional networks next": ("10_recap", None),
}


@pytest.mark.parametrize("promise", OUTLINE)
def test_outline_is_covered(promise):
    lesson, section = OUTLINE[promise]
    assert lesson in LESSONS
    assert section is None or f"## {section}\n" in text_of(lesson)


def test_facts_belong_to_lessons():
    assert {path.stem for path in (BUNDLED.root / "tests" / "facts").glob("[0-9]*.py")} == set(LESSONS)
    assert all(facts_of(name) for name in LESSONS)


def test_the_first_lesson_tells_how_long_each_takes():
    table = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.ipynb\) \| (\d+) \|", text_of("01_welcome"), flags=re.MULTILINE))
    assert table == {name: re.search(r"\*\*Time\*\*: (\d+) minutes", text_of(name))[1] for name in LESSONS}
