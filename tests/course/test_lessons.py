"""Every lesson runs from top to bottom, is stored clean, tells no number that is not true, and leads where it says."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter

import pytest
from nbformat.v4 import new_code_cell

from autograder.course import notebooks
from coffee_shop.quiz import questions
from tests.course.executed import facts_of, run_if_changed, run_lesson, shown_by_lesson
from tests.course.turns import ANSWERS, solved
from tests.support import ROOT

FOLDER = ROOT / "notebooks"
LESSONS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}
TWICE = ROOT / "build" / "tests" / "twice"
WIDTH = 85  # characters that a page of the site shows without being scrolled sideways
# What the lessons name to read on: papers where they stay, and documentation.
READING = re.compile(
    r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|doi\.org/10\.\d{4,9}/[\w.:-]+|jmlr\.org/papers/v\d+/[\w-]+\.html"
    r"|proceedings\.mlr\.press/v\d+/\w+\.html|github\.com/google-research/tuning_playbook"
    r"|(scikit-learn\.org/stable|keras\.io|inria\.github\.io|skops\.readthedocs\.io|www\.tensorflow\.org)/[\w/-]+(\.html)?)"
)
LONG_NUMBER = re.compile(r"\d+\.\d{3,}")
# A reader's pace. Adults read 238 words of English a minute (Brysbaert 2019, https://doi.org/10.1016/j.jml.2019.104047);
# here many read in a second language, and stop to think.
WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_QUESTION, MINUTES_A_TURN = 150, 4, 45, 2
# Numbers that are names, not measurements.
NAMES = (
    r"\]\(\w+\.ipynb\) \| \d+ \||\*\*Time\*\*: \d+ minutes|CVE-[\d-]+|Keras \d|TensorFlow \d|"
    r"[Ee]xercises? \d|[Ll]esson \d+\w?|\d\d\w?_\w+|L2"
)


def cells_of(name, kind):
    return [cell.source for cell in notebooks.read(LESSONS[name]).cells if cell.cell_type == kind]


def shown_code_of(name):
    """The sources of the code cells that a page shows: what only asks a question is left out."""
    cells = [cell for cell in notebooks.read(LESSONS[name]).cells if cell.cell_type == "code"]
    return [cell.source for cell in cells if "remove-input" not in cell.metadata.get("tags", [])]


def text_of(name):
    return "\n".join(cells_of(name, "markdown"))


def quizzes_of(name):
    """The text of the quizzes and predictions: questions, options and what is said to each."""
    parts = []
    for asked in questions()[name].values():
        parts += [asked["question"], *(text for option in asked.get("options", []) for text in option)]
    return " ".join(parts)


def numbers_in(text):
    return {number.replace(",", "") for number in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])", text)}


def prose_of(name):
    """The text without what is code, a link's target, a tag or a name."""
    text = re.sub(r"```.*?```", "", text_of(name), flags=re.DOTALL)
    return re.sub(rf"{NAMES}|`[^`]*`|\]\([^)]*\)|<[^>]*>", " ", text)


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_without_errors_and_warnings(name, golden):
    run = shown_by_lesson(name, golden)
    assert run.trouble == ""
    assert any(cell.get("outputs") for cell in run.notebook.cells)


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_untouched_and_says_what_is_not_done_yet(name, golden):
    said = {
        cell.id: "".join(output.get("text", "") for output in cell.outputs)
        for cell in shown_by_lesson(name, golden).notebook.cells
        if cell.id in ANSWERS[name]
    }
    wrong = {"how-to-work-with-it-2"}  # shows the red word on purpose
    assert all(told.startswith("○ Not done yet: ") for turn, told in said.items() if turn not in wrong), said
    assert all(said[turn].startswith("✗ Expected 4 eggs") for turn in wrong & said.keys())
    assert said.keys() == ANSWERS[name].keys()


def test_what_is_stored_of_a_lesson_is_what_it_shows(golden, tmp_path):
    """The shortest lesson runs each time. Fails if something that an output follows from does not count."""
    stored, shown = shown_by_lesson("01_welcome", golden), run_lesson("01_welcome", tmp_path)
    assert (shown.trouble, shown.untrue) == (stored.trouble, stored.untrue)
    for one, other in zip(shown.notebook.cells, stored.notebook.cells, strict=True):
        (text, numbers), (stored_text, stored_numbers) = apart(one), apart(other)
        assert text == stored_text
        assert numbers == pytest.approx(stored_numbers, abs=0.003)


def apart(cell):
    """Return the text of a cell without what another processor or Python may change, and its long numbers."""
    text = json.dumps(cell, sort_keys=True)
    text = re.sub(r'"image/png": "[^"]*"', '"image/png": ""', text)  # its colour stands for each pixel of a picture
    text = re.sub(r"'python': '[\d.]+'", "'python': ''", text)
    return LONG_NUMBER.sub("#", text), [float(number) for number in LONG_NUMBER.findall(text)]


def with_every_cell_twice(name):
    """Write the code of a lesson with each cell twice in a row and every turn taken, and return its path."""
    lesson, path = notebooks.read(LESSONS[name]), TWICE / f"{name}.ipynb"
    cells = []
    for cell in lesson.cells:
        if cell.cell_type == "code":
            source = solved(cell.source, ANSWERS[name].get(cell.id, {}))
            cells += [new_code_cell(source, id=cell.id), new_code_cell(source, id=f"{cell.id}-again")]
    lesson.cells = cells
    notebooks.write(lesson, path)
    return path


def run_of(path):
    """What became of a notebook: its trouble, and by the ids of the cells with a turn what these said."""
    run = run_if_changed(path, path.parent / "executed")
    said = {
        cell.id: "".join(output.get("text", "") for output in cell.outputs)
        for cell in run.notebook.cells
        if cell.id.removesuffix("-again") in ANSWERS[path.stem]
    }
    return {"trouble": run.trouble, "said": said}


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_with_every_cell_run_twice_and_every_turn_taken(name, golden):
    path = with_every_cell_twice(name)
    found = golden(
        f"twice_{name}", lambda: run_of(path), [path, FOLDER / "coffee_shop", ROOT / "uv.lock"], libraries=()
    )
    assert found["trouble"] == ""
    assert len(found["said"]) == 2 * len(ANSWERS[name])
    assert all(told.startswith("✓ ") for told in found["said"].values()), found["said"]


def names_set(source):
    """The names that a cell sets for others, those of comprehensions and functions aside."""
    inner = ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    nodes, found = [ast.parse(source)], set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, inner):
            nodes += ast.iter_child_nodes(node)
    return found


def names_used(source):
    """The names that a cell takes from others."""
    nodes = list(ast.walk(ast.parse(source)))
    own = {node.arg for node in nodes if isinstance(node, ast.arg)} | names_set(source)
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {node.id for node in nodes if isinstance(node, ast.Name)} - own


def ambiguous(cells):
    """The names that two cells set and a third one uses: it would find another value if run out of order."""
    setters = Counter(name for cell in cells for name in names_set(cell))
    return {name for name, count in setters.items() if count > 1 and any(name in names_used(cell) for cell in cells)}


@pytest.mark.parametrize("name", LESSONS)
def test_a_cell_finds_what_it_uses_in_whatever_order_the_others_have_run(name):
    assert ambiguous(cells_of(name, "code")) == set()


def test_a_name_that_means_two_things_is_noticed():
    assert ambiguous(["x = 1", "for x in range(3):\n    pass", "print(x)"]) == {"x"}
    assert ambiguous(["x = 1\nprint(x)", "x = 2\nprint(x)", "[x for x in range(3)]"]) == set()


@pytest.mark.parametrize("name", LESSONS)
def test_what_the_prose_claims_is_true(name, golden):
    prose = re.sub(r"\s+", " ", f"{text_of(name)} {quizzes_of(name)}")
    assert [phrase for phrase in facts_of(name) if phrase not in prose] == []
    assert shown_by_lesson(name, golden).untrue == "[]", "not true"


@pytest.mark.parametrize("name", LESSONS)
def test_every_number_in_the_prose_is_set_or_checked(name):
    told = [*cells_of(name, "code"), *facts_of(name), quizzes_of(name)]
    known = numbers_in("\n".join(told))
    assert sorted(numbers_in(prose_of(name)) - known) == []


@pytest.mark.parametrize("name", LESSONS)
def test_every_picture_has_alternative_text(name, golden):
    for cell in shown_by_lesson(name, golden).notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 20


@pytest.mark.parametrize("name", LESSONS)
def test_code_fits_the_page(name):
    assert [line for source in shown_code_of(name) for line in source.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("name", LESSONS)
def test_results_are_shown_as_a_reader_writes_them(name, golden):
    for cell in shown_by_lesson(name, golden).notebook.cells:
        for output in cell.get("outputs", []):
            shown = "".join(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
            assert "np.float64(" not in shown


def test_lesson_10_tells_the_story_once_without_the_coffee_shop():
    cells = notebooks.read(LESSONS["10_recap"]).cells
    story = [
        cell.source for cell in cells if cell.id.startswith("without-the-coffee-shop") and cell.cell_type == "code"
    ]
    assert len(story) > 4
    assert not [source for source in story if "coffee_shop" in source or "plots." in source]


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_is_stored_clean(name):
    nb = notebooks.read(LESSONS[name])
    assert LESSONS[name].read_text(encoding="utf-8") == notebooks.text_of(nb, ".ipynb")
    assert all(not cell.outputs and cell.execution_count is None for cell in nb.cells if cell.cell_type == "code")


def reading_of(name):
    """The lines of a lesson's last list, and the addresses in those that are well formed: title, address, reason."""
    lines = text_of(name).partition("## Read on\n\n")[2].splitlines()
    found = (re.fullmatch(r"- \[[^\]]+\]\(([^)]+)\): .+\.", line) for line in lines)
    return lines, [line[1] for line in found if line]


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_names_papers_and_documentation_to_read_on(name):
    lines, addresses = reading_of(name)
    assert 3 <= len(addresses) == len(lines)
    assert [address for address in addresses if not READING.fullmatch(address)] == []


def test_no_two_lessons_name_the_same_to_read_on():
    addresses = [address for name in LESSONS for address in reading_of(name)[1]]
    assert len(set(addresses)) == len(addresses) >= 30


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_says_what_it_is_for_asks_and_ends_with_what_to_keep(name):
    for part in ("**You will**", "**You need**", "**Time**", "## Take away"):
        assert part in text_of(name)
    assert "quiz(" in "\n".join(cells_of(name, "code"))


def test_every_check_points_to_a_section_that_is_there(masters):
    sections = {name: set(re.findall(r"^## (.+)$", text_of(name), flags=re.MULTILINE)) for name in LESSONS}
    pointers = set()
    for master in map(masters.path, masters.names()):
        pointers |= set(re.findall(r'with check\("([^"]+)", "([^"]+)"\)', master.read_text(encoding="utf-8")))
    assert pointers
    assert not {(lesson, section) for lesson, section in pointers if section not in sections.get(lesson, ())}


@pytest.mark.parametrize("kind", ["ipynb", "py"])
def test_each_exercise_is_linked_as_notebook_and_as_script(kind, masters):
    exercises = {f"../exercises/{name}_exercise.{kind}" for name in masters.names()}
    assert len(exercises) == 3
    for lesson in ("01_welcome", "10_recap"):
        assert exercises <= set(re.findall(r"\]\(([^)]+)\)", text_of(lesson)))
    for lesson, number in {"03_grid_search": 1, "04_random_search": 2, "08b_trust": 3}.items():
        assert f"](../exercises/_5_6_{number}_exercise.{kind})" in text_of(lesson)


OUTLINE = {  # what the course promises to cover, and the lesson's section that does
    "hyperparameters are set, weights are learned": ("01_welcome", None),
    "the sweet spot": ("02_the_dials", "The sweet spot"),
    "learning rate": ("02_the_dials", "Learning rate"),
    "batch size": ("02_the_dials", "Batch size"),
    "epochs": ("02_the_dials", "Epochs"),
    "neurons and layers": ("02_the_dials", "Neurons and layers"),
    "dropout and regularisation": ("02_the_dials", "Dropout and regularisation"),
    "a baseline before tuning": ("03_grid_search", "The baseline"),
    "luck or a difference": ("03_grid_search", "Luck or a difference"),
    "grid search": ("03_grid_search", "Dig"),
    "random search": ("04_random_search", "Run the race"),
    "Bayesian optimisation": ("05_bayesian_optimisation", None),
    "stopping early": ("06_stopping_early", None),
    "what is saved": ("08_saving", "What is inside"),
    "three formats": ("08_saving", "Three ways to freeze"),
    "saving and loading": ("08_saving", "Thaw in another kitchen"),
    "swap the brain, keep the body": ("08b_trust", "Swap the brain, keep the body"),
    "real-world deployment": ("09_serving", None),
    "convolutional networks next": ("10_recap", None),
    "from building to mastering": ("10_recap", "From building to mastering"),
}


@pytest.mark.parametrize("promise", OUTLINE)
def test_outline_is_covered(promise):
    lesson, section = OUTLINE[promise]
    assert lesson in LESSONS
    assert section is None or f"## {section}\n" in text_of(lesson)


def test_the_type_of_flour_is_a_dial_and_no_ingredient():
    told = re.sub(r"\s+", " ", text_of("01_welcome"))
    ingredients, dials = re.search(r"A soufflé is (.+?)\. .+?decided elsewhere: (.+?)\.", told).groups()
    assert "flour" in dials
    assert "flour" not in ingredients


def test_the_winner_of_a_search_is_saved_and_loaded_as_the_outline_has_it():
    code = cells_of("08_saving", "code")
    searched, saved = (next(i for i, cell in enumerate(code) if word in cell) for word in ("GridSearchCV(", ".save("))
    assert searched < saved
    assert 'model.save(pantry / "best_churn_model.keras")' in code[saved]
    assert "from tensorflow.keras.models import load_model" in code[saved]
    assert 'search.best_estimator_["clf"].model_' in code[searched]


def test_the_kitchen_is_warm_before_the_race_is_timed():
    code = cells_of("04_random_search", "code")
    warmed = next(i for i, cell in enumerate(code) if re.search(r"for width in widths:\n.*\.fit\(", cell))
    timed = next(i for i, cell in enumerate(code) if "GridSearchCV(" in cell)
    assert warmed < timed
    assert '"clf__model__num_neurons": widths' in code[timed]


def test_facts_belong_to_lessons():
    assert {path.stem for path in (ROOT / "tests" / "course" / "facts").glob("[0-9]*.py")} == set(LESSONS)
    assert all(facts_of(name) for name in LESSONS)


def minutes_of(name):
    """How long a lesson takes: its prose and code are read, its questions answered and its turns taken."""
    lines = sum(bool(line.strip()) for source in shown_code_of(name) for line in source.splitlines())
    asked = len(re.findall(r"^(?:quiz|predict)\(", "\n".join(cells_of(name, "code")), flags=re.MULTILINE))
    answering = asked * SECONDS_A_QUESTION / 60 + len(ANSWERS[name]) * MINUTES_A_TURN
    return len(text_of(name).split()) / WORDS_A_MINUTE + lines * SECONDS_A_LINE / 60 + answering


@pytest.mark.parametrize("name", LESSONS)
def test_the_time_of_a_lesson_is_that_of_a_reader(name):
    assert abs(int(re.search(r"\*\*Time\*\*: (\d+) minutes", text_of(name))[1]) - minutes_of(name)) <= 5


def test_the_first_lesson_tells_how_long_each_takes():
    table = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.ipynb\) \| (\d+) \|", text_of("01_welcome"), flags=re.MULTILINE))
    assert table == {name: re.search(r"\*\*Time\*\*: (\d+) minutes", text_of(name))[1] for name in LESSONS}
