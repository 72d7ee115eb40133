"""Lessons are run and built into a site, or the trouble is named."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebooks.site import addresses
from notebooks.site.build import BEFORE, assemble, build
from notebooks.site.execute import Run, changed, execute, report

FIRST = """# The oven

It is hot.

**You will** bake, and **learn**. **You
need** eggs. **Time**: 20 minutes, ten of them
waiting."""

EXTRA = {"fine": "print(len(os.getcwd()) > 0)"}


def write(path: Path, *sources: str, first: str = FIRST) -> Path:
    """Write a lesson with a first cell and code."""
    nb = new_notebook(cells=[new_markdown_cell(first), *map(new_code_cell, sources)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)
    return path


def with_outputs(path: Path, *outputs) -> None:
    nb = nbformat.read(path, as_version=4)
    nb.cells[-1].outputs = list(outputs)
    nbformat.write(nb, path)


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Lessons of every kind, and what became of them."""
    root = tmp_path_factory.mktemp("tried")
    cells = {
        "fine": ["import os", "sorted(os.listdir('.'))[0], 6 * 7"],
        "wrong": ["1 / 0", "print('not reached')"],
        "noisy": ["import sys; print('careful', file=sys.stderr)"],
        "dead": ["import os; os._exit(1)"],
    }
    paths = [write(root / f"{name}.ipynb", *sources) for name, sources in cells.items()]
    return paths, root / "executed", execute(paths, root / "executed", EXTRA)


def test_a_lesson_runs_where_it_lies_and_is_written_executed(tried):
    paths, folder, runs = tried
    assert runs["fine"].trouble == ""
    assert runs["fine"].seconds > 0
    cells = nbformat.read(folder / "fine.ipynb", as_version=4).cells
    assert cells[-1].outputs[0].data["text/plain"] == "('dead.ipynb', 42)"
    assert not nbformat.read(paths[0], as_version=4).cells[-1].outputs


def test_a_lesson_that_changes_while_it_runs_is_due_again(tmp_path):
    edits = "from pathlib import Path\np = Path('oven.ipynb')\np.write_text(p.read_text().replace('hot', 'cold'));"
    paths = [write(tmp_path / "oven.ipynb", edits), write(tmp_path / "whisk.ipynb", "1 + 1")]
    runs = execute(paths, tmp_path / "executed")
    assert [run.trouble for run in runs.values()] == ["", ""]
    assert changed(paths, tmp_path / "executed") == paths[:1]


def test_an_extra_cell_is_answered_and_not_written(tried):
    _, folder, runs = tried
    assert runs["fine"].extra == "True\n"
    assert "getcwd" not in (folder / "fine.ipynb").read_text()


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("wrong", "cell 2 stopped with ZeroDivisionError: division by zero"),
        ("noisy", "cell 2 wrote to the error stream: careful"),
        ("dead", "cell 2 did not end: Kernel died"),
    ],
)
def test_trouble_is_told_with_lesson_and_cell(tried, name, trouble):
    _, _, runs = tried
    assert runs[name].trouble.startswith(trouble)
    with pytest.raises(SystemExit, match=f"^{name}: {trouble[:6]}"):
        report({name: runs[name]})


def test_a_failing_extra_cell_is_trouble(tmp_path):
    path = write(tmp_path / "fact.ipynb", "x = 1")
    run = execute([path], tmp_path / "executed", {"fact": "assert x == 2, 'x is 2'"})["fact"]
    assert run.trouble == "cell 3 stopped with AssertionError: x is 2"


def test_where_errors_are_allowed_the_other_cells_run(tmp_path):
    path = write(tmp_path / "exercise.ipynb", "1 / 0", "6 * 7")
    run = execute([path], tmp_path / "executed", allow_errors=True)["exercise"]
    assert run.trouble == ""
    assert run.notebook.cells[-1].outputs[0].data["text/plain"] == "42"


def test_seconds_are_printed_and_a_long_lesson_is_pointed_out(capsys):
    report({"quick": Run(new_notebook(), 12.34), "slow": Run(new_notebook(), 121)})
    quick, slow = (line for line in capsys.readouterr().out.splitlines() if "quick" in line or "slow" in line)
    assert "12.3" in quick
    assert "over" not in quick
    assert "over 120 s" in slow


def test_only_what_changed_or_failed_is_due(tried):
    paths, folder, _ = tried
    assert [path.stem for path in changed(paths, folder, EXTRA)] == ["wrong", "noisy", "dead"]
    before = paths[0].read_text()
    paths[0].write_text(before.replace("6 * 7", "6 * 8"))
    assert paths[0] in changed(paths, folder, EXTRA)
    paths[0].write_text(before)
    assert paths[0] not in changed(paths, folder, EXTRA)


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with one lesson and one exercise, both executed into its folder ``executed``."""
    root = tmp_path / "repository"
    for path in (root / "notebooks" / "01_oven.ipynb", root / "exercises" / "_1_1_1_exercise.ipynb"):
        write(path, "1 + 1")
        (root / "executed").mkdir(exist_ok=True)
        shutil.copy(path, root / "executed")
    return root


def link(root: Path, target: str) -> None:
    write(root / "executed" / "01_oven.ipynb", "1 + 1", first=f"# The oven\n\n[there]({target})\n\n## Baking bread")


def test_what_a_kind_check_says_becomes_text_with_a_link(repository):
    said = "Not answered yet: `bread` is <b>. Look again at lesson 01_oven, section “Baking bread”."
    error = new_output("error", ename="NotYet", evalue=said, traceback=["deep inside"])
    with_outputs(repository / "executed" / "_1_1_1_exercise.ipynb", error)
    assemble(repository / "executed", repository / "pages", repository)
    page = (repository / "pages" / "exercises" / "_1_1_1_exercise.ipynb").read_text()
    html = nbformat.reads(page, as_version=4).cells[-1].outputs[0].data["text/html"]
    assert html.startswith(f'<details class="not-yet"><summary>{BEFORE}</summary>')
    assert "<code>bread</code> is &lt;b&gt;" in html
    assert '<a href="../notebooks/01_oven.html#baking-bread">lesson 01_oven' in html
    assert "deep inside" not in page


def test_pages_are_built_with_what_they_link_to(repository):
    link(repository, "../exercises/_1_1_1_exercise.ipynb#Baking-bread")
    write(repository / "executed" / "_1_1_1_exercise.ipynb", "1", first="# E\n\n## Baking bread\n\n[d](../data.csv)")
    (repository / "data.csv").write_text("a,b\n")
    build(repository / "executed", repository / "work", repository / "site", repository)
    page = (repository / "site" / "notebooks" / "01_oven.html").read_text()
    assert 'href="../exercises/_1_1_1_exercise.html#baking-bread"' in page
    assert list((repository / "site").rglob("data.csv"))
    assert "bake, and <strong>learn</strong>." in (repository / "site" / "index.html").read_text()
    assert '<meta content="You will bake, and learn." name="description" />' in page
    assert '<meta property="og:description" content="You will bake, and learn." />' in page
    assert 'content="Search all pages' in (repository / "site" / "search.html").read_text()
    assert '<p class="page-status">Lesson 1 · 20 minutes</p>' in page
    assert "github" not in page  # nothing leads to a repository that has no address


def built_again(repository: Path) -> list[str]:
    """Build the site once more, and return the pages that were written."""
    written = build(repository / "executed", repository / "work", repository / "site", repository)
    return [path.as_posix() for path in written if path.suffix == ".html"]


def test_a_site_is_built_anew_only_where_something_changed(repository):
    first = built_again(repository)
    assert {"index.html", "notebooks/01_oven.html", "exercises/_1_1_1_exercise.html"} < set(first)
    lesson = repository / "executed" / "01_oven.ipynb"
    ran_again = nbformat.read(lesson, as_version=4)
    ran_again.metadata["run"] = {"seconds": 12}
    nbformat.write(ran_again, lesson)
    assert built_again(repository) == []
    (repository / "site" / "index.html").unlink()
    (repository / "site" / "stranger.html").write_text("not of this site")
    assert built_again(repository) == ["index.html"]
    assert not (repository / "site" / "stranger.html").exists()
    ran_again.cells[-1].source = "2 + 2"
    nbformat.write(ran_again, lesson)
    assert built_again(repository) == ["notebooks/01_oven.html"]
    (repository / "notebooks" / "01_oven.ipynb").rename(repository / "notebooks" / "02_oven.ipynb")
    lesson.rename(lesson.with_name("02_oven.ipynb"))
    assert "notebooks/02_oven.html" in built_again(repository)
    assert not (repository / "site" / "notebooks" / "01_oven.html").exists()


def test_addresses_give_links_and_a_picture_to_share(repository, monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/somebody/somewhere")
    monkeypatch.setenv("COURSE_SITE", "https://somebody.example/course")
    built_again(repository)
    page = (repository / "site" / "notebooks" / "01_oven.html").read_text()
    assert 'href="https://github.com/somebody/somewhere"' in page
    assert "https://mybinder.org/v2/gh/somebody/somewhere/HEAD?urlpath=lab/tree/notebooks/01_oven.ipynb" in page
    picture = re.search('property="og:image" content="https://somebody.example/course/(.*?)"', page)[1]
    header = (repository / "site" / picture).read_bytes()[16:24]  # of a PNG: width and height
    assert struct.unpack(">II", header) == (1200, 630)


def test_an_address_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "OWNER/REPO")
    with pytest.raises(ValueError, match="COURSE_REPOSITORY must be an address"):
        addresses.repository()


def test_links_that_lead_nowhere_stop_the_build_and_keep_the_old_site(repository):
    (repository / "site").mkdir()
    (repository / "site" / "index.html").write_text("old")
    link(repository, "02_missing.ipynb) and [here](../exercises/_1_1_1_exercise.ipynb#Nowhere")
    for _ in range(2):  # the second time, too, although nothing has changed
        with pytest.raises(RuntimeError, match="(?s)02_missing.*Nowhere"):
            build(repository / "executed", repository / "work", repository / "site", repository)
    assert (repository / "site" / "index.html").read_text() == "old"
