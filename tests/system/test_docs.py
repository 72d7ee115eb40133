"""What the pages for people name is there: modules, files, tests, commands, options and settings."""

from __future__ import annotations

import re
import runpy
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

from autograder.cli import main
from autograder.sandbox.limits import OPEN_FILES
from tests.engine.attacks.suite import CASES as ATTACKS
from tests.engine.forgeries.suite import CASES as FORGERIES
from tests.engine.test_isolation import CHANNELS
from tests.support import DOCS, ROOT
from tests.system import settings_page

PAGES = [*ROOT.glob("*.md"), ROOT / "autograder" / "README.md", *DOCS.glob("*.md"), *(ROOT / ".github").rglob("*.md")]
ENGINE = ROOT / "autograder" / "src" / "autograder"
PARTS = {path.stem for path in ENGINE.iterdir() if path.suffix == ".py" or path.is_dir()} - {"__init__", "__main__"}
# Folders that a path can begin with, seen from the repository or from the engine's distribution.
TOPS = {path.name for base in (ROOT, ROOT / "autograder") for path in base.iterdir() if path.is_dir()}
PLACEHOLDER = re.compile("STUDENT|_N_")
MADE = {"course", "site", "build", "results", "models", "kept"}  # by commands


def spans(text: str) -> list[str]:
    """Return what stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def code(text: str) -> str:
    """Return all code of a page: blocks and spans, one a line."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    return "\n".join([*blocks, *spans(text)])


def missing_names(text: str) -> list[str]:
    """Return the dotted names of the engine in a page that cannot be found."""
    dotted = [name for name in spans(text) if re.fullmatch(r"(autograder\.)?[a-z_]+(\.\w+)+", name)]
    own = [name.removeprefix("autograder.") for name in dotted]
    own = [name for name in own if name.partition(".")[0] in PARTS and not name.endswith((".py", ".md", ".db"))]
    return [name for name in own if not is_there(name)]


def is_there(name: str) -> bool:
    parts, place = name.split("."), "autograder"
    while parts and is_module(f"{place}.{parts[0]}"):
        place = f"{place}.{parts.pop(0)}"
    found: object = import_module(place)
    for part in parts:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def missing_paths(text: str) -> list[str]:
    """Return the paths in a page, of files and folders of the repository, that do not exist."""
    paths = {path.rstrip("/") for path in re.findall(r"(?<![\w~/.-])[\w.][\w.-]*/[\w./-]*", code(text))}
    ours = {path for path in paths if path.partition("/")[0] in TOPS - MADE and not PLACEHOLDER.search(path)}
    return sorted(
        path for path in ours if not any((base / path).exists() for base in (ROOT, ROOT / "autograder", DOCS))
    )


def missing_links(text: str, folder: Path) -> list[str]:
    """Return the relative links in a page that lead nowhere; a link to a heading needs the heading."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if not leads_somewhere(link, folder)]


def leads_somewhere(link: str, folder: Path) -> bool:
    address = urlsplit(link)
    if address.scheme:
        return True
    target = folder / unquote(address.path) if address.path else folder
    if not address.fragment or target.suffix != ".md":
        return target.exists()
    return target.exists() and address.fragment in headings(target.read_text(encoding="utf-8"))


def headings(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def wrong_commands(text: str) -> list[str]:
    """Return the commands in a page that `autograder` or `make` does not have, with their options."""
    wrong = []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for line in code(text).splitlines():
        wrong += [f"make {name}" for name in re.findall(r"^make ([a-z-]+)", line) if name not in targets]
        wrong += [f"-m {name}" for name in re.findall(r"^python -m ([\w.]+)", line) if not is_module(name)]
        for name, rest in re.findall(r"^autograder ([a-z]+(?:-[a-z]+)*)([^#`]*)", line):
            wrong += wrong_options(name, rest)
    return wrong


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def wrong_options(name: str, rest: str) -> list[str]:
    if name not in main.commands:
        return [f"autograder {name}"]
    known = {
        option
        for parameter in main.commands[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    return [
        f"autograder {name} {option}"
        for option in re.findall(r"--[a-z]+(?:-[a-z]+)*", rest)
        if option not in {*known, "--help"}
    ]


def wrong_settings(text: str) -> list[str]:
    """Return the engine's settings in a page that do not exist."""
    known = {kind.__name__: set(kind.class_own_traits(config=True)) for kind in settings_page.SECTIONS}
    named = re.findall(r"\bc\.(\w+)\.(\w+)", text)
    return [f"{kind}.{name}" for kind, name in named if kind in known and name not in known[kind]]


@cache
def known_tests() -> set[str]:
    """Return the names of all tests, of the submissions that they hand in, and of the ways to pass a bit."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    return {name for text in texts for name in re.findall(r"def (test_\w+)", text)} | {
        case.name for case in [*ATTACKS, *FORGERIES, *CHANNELS]
    }


def unknown_tests(text: str) -> list[str]:
    """Return what a page says that it is shown by, in words that name a test, which is no test."""
    rows = [row.split("|")[-2] for row in text.splitlines() if row.startswith("| ") and "shown by" in text]
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)} | set(re.findall(r"`(test_\w+)`", text))
    return sorted(named - known_tests())


LOOKS = {
    "names": missing_names,
    "paths": missing_paths,
    "commands": wrong_commands,
    "settings": wrong_settings,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.parametrize("look", LOOKS)
def test_what_a_page_names_is_there(page, look):
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":
        text = text.partition("## Unreleased")[0]  # it also names what is gone
    assert LOOKS[look](text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    assert missing_links(page.read_text(encoding="utf-8"), page.parent) == []


@pytest.mark.parametrize("page", ["security.md", "differences.md"])
def test_a_page_of_claims_names_tests(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert "shown by" in text
    assert unknown_tests(text) == []


@pytest.mark.parametrize(
    ("look", "wrong", "right"),
    [
        (missing_names, "`grading.Grader.mark`, `intake.tasting`", "`grading.Grader.grade`, `kernels.client`, `a.b`"),
        (missing_paths, "`tests/nothing.py`, `src/autograder/gone/`", "`src/autograder/check.py`, `submitted/ANNE/`"),
        (wrong_commands, "`make coffee`, `python -m tests.nothing`", "`make lab`\n```\nautograder grade --force\n```"),
        (wrong_commands, "```\nautograder grade --exercise 1\nautograder bake\n```", "`autograder exercises --check`"),
        (wrong_settings, "`c.Limits.money` and c.Authoring.paper", "`c.Limits.time`, `c.Execute.timeout`"),
        (unknown_tests, "`test_of_nothing`\n| what | shown by |\n| a | `nothing` |", "`test_contained`, `nothing`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(look, wrong, right):
    assert len(look(wrong)) == 2
    assert look(right) == []


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.md").write_text("# One thing\n")
    text = "[a](a.md) [b](a.md#one-thing) [c](https://example.org) [d](b.md) [e](a.md#two) ![f](f.svg) `[g](g.md)`"
    assert missing_links(text, tmp_path) == ["b.md", "a.md#two", "f.svg"]


def test_the_page_of_settings_is_up_to_date():
    text = settings_page.PAGE.read_text(encoding="utf-8")
    assert settings_page.page(text) == text
    assert f"{OPEN_FILES:,} open files" in text


def test_an_outdated_page_of_settings_is_noticed():
    text = settings_page.PAGE.read_text(encoding="utf-8")
    for line in ("| `memory` | whole number | 4 GiB |", "| `modules` |"):
        assert line in text
        assert settings_page.page(text.replace(line, "| `money` | coins |")) == text


def test_every_class_with_settings_is_on_the_page():
    named = {
        name
        for path in ENGINE.rglob("*.py")
        for name, body in re.findall(r"^class (\w+)(.*?)(?=^class |\Z)", path.read_text(encoding="utf-8"), re.M | re.S)
        if ".tag(" in body
    }
    assert named == {section.__name__ for section in settings_page.SECTIONS}


def test_every_page_is_read_from_the_readme():
    readme = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in DOCS.glob("*.md")} == set(re.findall(r"\(docs/([\w.]+)\)", readme))


def test_spelling_of_the_engines_pages_is_checked(tmp_path, capfd):
    spell_check = runpy.run_path(str(ROOT / ".ci" / "spelling.py"))["spell_check"]
    (tmp_path / "autograder" / "docs").mkdir(parents=True)
    for page in ("CHANGELOG.md", "autograder/README.md", "autograder/docs/security.md"):
        (tmp_path / page).write_text("Teh color.\n")
    assert spell_check(tmp_path) != 0
    said = capfd.readouterr().out
    for page in ("CHANGELOG.md", "autograder/README.md", "autograder/docs/security.md"):
        assert f"{page}:1: Teh ==> The" in said
        assert f"{page}:1: color ==> colour" in said
