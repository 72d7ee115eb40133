"""What is written for people is spelt in British English, and its links lead somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from autograder.course import notebooks
from notebooks.site.execute import exercises, lessons
from tests.support import ROOT

spell_check = runpy.run_path(str(ROOT / ".ci" / "spelling.py"))["spell_check"]
TEXTS = [ROOT / "README.md", *(ROOT / "notebooks").rglob("*.md"), *lessons(), *exercises()]


@pytest.fixture
def written(tmp_path):
    """Write a README and a lesson into a repository, and return it."""

    def write(readme: str, lesson: str) -> Path:
        (tmp_path / "README.md").write_text(readme)
        source = f"# %% [markdown]\n# {lesson}\n\n# %%\ncolor = 'teh'\n"
        (tmp_path / "solutions").mkdir()
        (tmp_path / "solutions" / "_1_1_1_solution.py").write_text(source)
        return tmp_path

    return write


def test_misspelt_and_american_words_are_named_with_their_place(written, capfd):
    assert spell_check(written("Fine.\nTeh colour.", "The color is optimized.")) != 0
    said = capfd.readouterr().out
    assert re.search(r"README.md:2: Teh ==> The", said)
    assert re.search(r"_1_1_1_solution.py:1: color ==> colour", said)
    assert re.search(r"_1_1_1_solution.py:1: optimized ==> optimised", said)


def test_code_is_no_prose(written):
    readme = (
        "Keras' `color` in [a file](color/center.md).\n```\ncenter = teh\n```\nA <span style='color: red'>rose</span>."
    )
    assert spell_check(written(readme, "The *optimizer* is `teh` word.")) == 0


def text_of(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")


def links_of(path: Path) -> list[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text_of(path), flags=re.DOTALL)
    return re.findall(r"\]\(([^)]*)\)", text) + re.findall(r"https?://[^\s)>\"]*", text)


def wrong(link: str, folder: Path) -> bool:
    """Say whether a link to the net is malformed, or a local one leads nowhere."""
    address = urlsplit(link)
    if address.scheme:
        return not (address.scheme == "https" and "." in address.netloc and re.fullmatch(r"[!-~]+[\w/)]", link))
    return not (folder / address.path).exists()


@pytest.mark.parametrize(
    "link", ["http://a.org/x", "https://localhost/x", "https://a.org/a b", "missing.md", "a/b.md#c"]
)
def test_a_wrong_link_is_noticed(link, tmp_path):
    assert wrong(link, tmp_path)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    links = links_of(path)
    assert not [link for link in links if wrong(link, path.parent)]


def test_links_are_found():
    assert "LICENSE" in links_of(ROOT / "README.md")
    assert sum(len(links_of(path)) for path in lessons()) > len(lessons())


FICTION = re.compile(r"\breal (?:customers|guests|data)\b|\b(?:customers|guests|data) are real\b")


@pytest.mark.parametrize("said", ["turn each dial on real data", "The guests are real", "a search on real\ncustomers"])
def test_a_fictional_company_called_real_is_noticed(said):
    assert FICTION.search(re.sub(r"\s+", " ", said))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_no_text_calls_the_customers_of_a_fictional_company_real(path):
    assert not FICTION.findall(re.sub(r"\s+", " ", text_of(path)))
