"""Every lesson runs from top to bottom, is stored clean, and holds the sections that the checks point to."""

from __future__ import annotations

import re

import pytest

from autograder import notebooks
from autograder.build import default_config
from autograder.layout import BUNDLED
from autograder.run import run_all, run_notebook

FOLDER = BUNDLED.root / "notebooks"
LESSONS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}


def text_of(path):
    return "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")


@pytest.fixture(scope="session")
def executed():
    """Every lesson, run in a fresh kernel in its own folder."""

    def run(name):
        nb = notebooks.read(LESSONS[name])
        assert run_notebook(nb, FOLDER, default_config()) == ""
        return nb

    return {name: future.result() for name, future in run_all(LESSONS, run, 2)}


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_without_errors_and_warnings(executed, name):
    outputs = [output for cell in executed[name].cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", LESSONS)
def test_every_picture_has_alternative_text(executed, name):
    for cell in executed[name].cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 20


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_is_stored_clean(name):
    nb = notebooks.read(LESSONS[name])
    assert LESSONS[name].read_text(encoding="utf-8") == notebooks.text_of(nb, ".ipynb")
    assert all(not cell.outputs and cell.execution_count is None for cell in nb.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_says_what_it_is_for_and_ends_with_what_to_keep(name):
    text = text_of(LESSONS[name])
    for part in ("**You will**", "**You need**", "**Time**", "## Take away", "<details>"):
        assert part in text


@pytest.mark.parametrize("name", LESSONS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(LESSONS[name])):
        assert (FOLDER / target).exists(), target


def test_every_check_points_to_a_section_that_is_there(layout):
    sections = {
        name: set(re.findall(r"^## (.+)$", text_of(path), flags=re.MULTILINE)) for name, path in LESSONS.items()
    }
    pointers = set()
    for master in layout.masters().values():
        pointers |= set(re.findall(r'with check\("([^"]+)", "([^"]+)"\)', master.read_text(encoding="utf-8")))
    assert pointers
    assert not {(lesson, section) for lesson, section in pointers if section not in sections.get(lesson, ())}
