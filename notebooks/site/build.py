"""Build the site from executed lessons and unsolved exercises: ``python -m notebooks.site.build``."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from docutils.nodes import make_id
from nbformat import NotebookNode
from nbformat.v4 import new_output

from notebooks.site.execute import CORES, EXECUTED, ROOT, changed, execute, lessons, report
from notebooks.site.laboratory import PAGE
from notebooks.site.live import enliven

HERE = Path(__file__).parent
SITE = ROOT / "site"
GLOSSARY = ROOT / "notebooks" / "glossary.md"
_POINTER = re.compile(r"lesson (\w+), section “(.+?)”")
_LINK = re.compile(r"\]\(([^)#:\s]+)")
_AIM_AND_TIME = re.compile(r"\*\*You will\*\* (.+?) \*\*You need\*\* .*\*\*Time\*\*: (\d+) minutes")


@dataclass(frozen=True)
class Lesson:
    """What the first cell of a lesson says of it."""

    name: str
    title: str
    aim: str
    minutes: int

    @property
    def number(self) -> str:
        """The lesson's number as it is told, such as 8 or 8b."""
        return self.name.split("_")[0].removeprefix("0")


def exercises(root: Path = ROOT) -> list[Path]:
    """Return the exercises as students get them."""
    return sorted((root / "exercises").glob("*.ipynb"))


def build(executed: Path, work: Path, site: Path, root: Path = ROOT) -> None:
    """Build the pages from the lessons and exercises in ``executed``.

    Parameters
    ----------
    executed : Path
        Folder with the executed notebook of each lesson and exercise.
    work : Path
        Folder for what lies between; emptied first.
    site : Path
        Where the pages go, in place of those that are there.
    root : Path
        The repository that holds the lessons and exercises.

    Raises
    ------
    RuntimeError
        If Sphinx finds anything to warn of.
    """
    shutil.rmtree(work, ignore_errors=True)
    assemble(executed, work / "pages", root)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-j", str(CORES), "-c", str(HERE)]
    command += ["-d", str(work / "doctrees"), str(work / "pages"), str(work / "html")]
    if (run := subprocess.run(command, cwd=ROOT, capture_output=True, text=True)).returncode:
        raise RuntimeError(f"The site was not built:\n{run.stderr}")
    if (pictures := work / "pages" / "_static").exists():
        shutil.copytree(pictures, work / "html" / "_static", dirs_exist_ok=True)
    for source in [*lessons(root), *exercises(root)]:  # to download is what is stored, without outputs
        shutil.copy(source, work / "html" / "_sources" / source.relative_to(root))
    shutil.rmtree(site, ignore_errors=True)
    shutil.move(work / "html", site)


def assemble(executed: Path, pages: Path, root: Path = ROOT) -> None:
    """Lay out Sphinx' source folder as the repository is laid out, so that links between notebooks hold."""
    for source in [*lessons(root), *exercises(root)]:
        notebook = nbformat.read(executed / source.name, as_version=4)
        _soften(notebook)
        for name, data in enliven(notebook, source.stem).items():
            (pages / name).parent.mkdir(parents=True, exist_ok=True)
            (pages / name).write_bytes(data)
        page = pages / source.relative_to(root)
        page.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, page)
        _copy_linked(notebook, source.parent, pages, root)
    text = (HERE / "index.md").read_text(encoding="utf-8")
    told = [lesson_of(path) for path in lessons(root)]
    tasks = [f"- [{title_of(path)}](exercises/{path.name})" for path in exercises(root)]
    parts = {"LESSONS": _table(told), "CONTENTS": _contents(told), "EXERCISES": "\n".join(tasks)}
    for mark, part in parts.items():
        text = text.replace(f"<!-- {mark} -->", part)
    (pages / "index.md").write_text(text, encoding="utf-8")
    shutil.copy(HERE / f"{PAGE}.md", pages)
    shutil.copy(GLOSSARY, pages / "notebooks")


def lesson_of(path: Path) -> Lesson:
    """Return title, aim and time of a lesson, read from its first cell.

    Raises
    ------
    ValueError
        If one of them is not there.
    """
    first = nbformat.read(path, as_version=4).cells[0].source
    found = _AIM_AND_TIME.search(" ".join(first.split()))
    if not (first.startswith("# ") and found):
        raise ValueError(f"{path.name}: the first cell must have a title, **You will**, **You need** and **Time**")
    return Lesson(path.stem, title_of(path), found[1], int(found[2]))


def title_of(path: Path) -> str:
    """Return a notebook's title, the first line of its first cell."""
    return nbformat.read(path, as_version=4).cells[0].source.partition("\n")[0].removeprefix("# ")


def _soften(notebook: NotebookNode) -> None:
    """Show what a kind check said in its own words, with a link to the section, instead of as a traceback."""
    for cell in notebook.cells:
        for i, output in enumerate(cell.get("outputs", [])):
            if output.output_type == "error" and output.ename == "NotYet":
                said = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(output.evalue))
                said = _POINTER.sub(lambda found: f'<a href="{_address(*found.groups())}">{found[0]}</a>', said)
                page = f'<p class="not-yet">✗ {said}</p>'
                cell.outputs[i] = new_output("display_data", {"text/html": page, "text/plain": output.evalue})


def _address(lesson: str, section: str) -> str:
    return f"../notebooks/{lesson}.html#{make_id(section)}"


def _copy_linked(notebook: NotebookNode, folder: Path, pages: Path, root: Path) -> None:
    """Copy what the prose links to and is no page, such as a data set's licence."""
    for cell in notebook.cells:
        for target in _LINK.findall(cell.source) if cell.cell_type == "markdown" else []:
            file = (folder / target).resolve()
            copy = pages / file.relative_to(root)
            if file.is_file() and file.suffix != ".ipynb" and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)


def _table(told: list[Lesson]) -> str:
    rows = ["| | lesson | you will | minutes |", "| --: | :-- | :-- | --: |"]
    for one in told:
        rows.append(f"| {one.number} | [{one.title}](notebooks/{one.name}.ipynb) | {one.aim} | {one.minutes} |")
    rows.append(f"| | together | | {sum(one.minutes for one in told)} |")
    return "\n".join(rows)


def _contents(told: list[Lesson]) -> str:
    return "\n".join(f"{one.number} · {one.title} <notebooks/{one.name}>" for one in told)


def main() -> None:
    """Run what has changed, build the site and say where it is."""
    if due := changed(lessons(), EXECUTED):
        report(execute(due, EXECUTED))
    if due := changed(exercises(), EXECUTED):
        report(execute(due, EXECUTED, allow_errors=True))
    build(EXECUTED, ROOT / "build" / "site", SITE)
    print(f"Open {SITE / 'index.html'}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)  # at once; kernels end when they miss their parent
