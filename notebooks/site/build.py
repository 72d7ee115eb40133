"""Build the site from executed lessons and unsolved exercises: ``python -m notebooks.site.build``.

Only what changed is done anew: lessons that changed are run and their pages written; other files of the site stay.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from docutils.nodes import make_id
from nbformat import NotebookNode
from nbformat.v4 import new_output

from notebooks.site import addresses
from notebooks.site.contents import Exercise, Lesson, in_reading_order
from notebooks.site.execute import CORES, EXECUTED, ROOT, changed, environment, execute, report
from notebooks.site.laboratory import PAGE
from notebooks.site.lighten import lighten
from notebooks.site.live import enliven
from notebooks.site.tracked import Repository

HERE = Path(__file__).parent
SITE = ROOT / "site"
BEFORE = "What the check says before you begin"
GLOSSARY = ROOT / "notebooks" / "glossary.md"
_POINTER = re.compile(r"lesson (\w+), section “(.+?)”")
_LINK = re.compile(r"\]\(([^)#:\s]+)")
_MARKUP = re.compile(r"\[([^]]*)\]\([^)]*\)|[*`]")


def build(executed: Path, work: Path, site: Path, root: Path = ROOT) -> list[Path]:
    """Build the pages from the lessons and exercises in ``executed``.

    Parameters
    ----------
    executed : Path
        Folder with the executed notebook of each lesson and exercise.
    work : Path
        Folder for what lies between. What it holds from the last time is used where it still holds.
    site : Path
        Where the pages go, in place of those that are there.
    root : Path
        The repository that holds the lessons and exercises.

    Returns
    -------
    list of Path
        The files of the site that are new or changed, by their paths in it.

    Raises
    ------
    RuntimeError
        If Sphinx finds anything to warn of.
    """
    sources = Repository(root).notebooks()
    _begin(work, [*sources])
    if assemble(executed, work / "pages", root) or not (work / "html").exists():
        _run_sphinx(work)
    files = lighten(work / "html")
    pages = work / "pages"  # with what the sliders load
    files |= {path.relative_to(pages): path.read_bytes() for path in (pages / "_static").rglob("*") if path.is_file()}
    for name, source in sources.items():  # to download is what is stored, without outputs
        files["_sources" / name] = source.read_bytes()
    return _mirror(files, site)


def _run_sphinx(work: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-j", str(CORES), "-c", str(HERE)]
    command += ["-d", str(work / "doctrees"), str(work / "pages"), str(work / "html")]
    if (run := subprocess.run(command, cwd=ROOT, capture_output=True, text=True)).returncode:
        shutil.rmtree(work)  # Sphinx would not read, and warn of, the same page again
        raise RuntimeError(f"The site was not built:\n{run.stderr}")


def _begin(work: Path, names: list[Path]) -> None:
    """Empty the work folder if it was made with other settings, libraries or pages than there are now."""
    digest = hashlib.sha256(repr((environment(), addresses.repository(), addresses.site(), sorted(names))).encode())
    for file in sorted(path for path in HERE.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(file.read_bytes())
    mark = work / "made_with"
    if not mark.exists() or mark.read_text() != digest.hexdigest():
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        mark.write_text(digest.hexdigest())


def _mirror(files: dict[Path, bytes], folder: Path) -> list[Path]:
    """Make a folder hold these files and no others, and return those that were new or changed."""
    for path in [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder) not in files]:
        path.unlink()
    return [path for path, data in files.items() if _write(folder / path, data)]


def _write(path: Path, data: bytes) -> bool:
    """Write a file unless it is there already, and say whether it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True


def assemble(executed: Path, pages: Path, root: Path = ROOT) -> bool:
    """Lay out Sphinx' source folder as the repository is laid out, so that links between notebooks hold.

    Returns
    -------
    bool
        Whether anything is new or changed.
    """
    repository, files = Repository(root), {}
    told = in_reading_order(repository.notebooks().values())
    for one in told:
        name = Path(one.folder, f"{one.name}.ipynb")
        notebook = nbformat.read(executed / name.name, as_version=4)
        _forget_the_run(notebook)
        _soften(notebook)
        files |= {Path(path): data for path, data in enliven(notebook, one.name).items()}
        _head(notebook, one)
        files |= {name: nbformat.writes(notebook).encode(), **_linked(notebook, root / one.folder, repository)}
    text = (HERE / "index.md").read_text(encoding="utf-8")
    for mark, part in {"LESSONS": _table(told), "CONTENTS": _contents(told)}.items():
        text = text.replace(f"<!-- {mark} -->", part)
    files[Path("index.md")] = text.encode()
    files[Path(f"{PAGE}.md")] = (HERE / f"{PAGE}.md").read_bytes()
    files[Path("notebooks", GLOSSARY.name)] = _described(GLOSSARY.read_text(encoding="utf-8")).encode()
    return bool(_mirror(files, pages))


def _forget_the_run(notebook: NotebookNode) -> None:
    """Remove when and how long it ran: a notebook that shows the same makes the same page."""
    notebook.metadata.pop("run", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)


def _head(notebook: NotebookNode, told: Lesson | Exercise) -> None:
    """Say at the top of a page what it is and how long it takes, and in its head what it is about."""
    title, _, text = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f'{title}\n\n<p class="page-status">{html.escape(told.status)}</p>\n\n{text.lstrip()}'
    said = f"You will {told.aim}" if isinstance(told, Lesson) else told.introduction
    notebook.metadata["myst"] = {"html_meta": {"description": _plain(said)}}


def _described(text: str) -> str:
    """Return a page whose head describes it with its first paragraph."""
    description = json.dumps(_plain(text.split("\n\n")[1]), ensure_ascii=False)
    return f"---\nmyst:\n  html_meta:\n    description: {description}\n---\n\n{text}"


def _plain(text: str) -> str:
    """Return Markdown as plain text: without links, emphasis and code."""
    return _MARKUP.sub(lambda found: found[1] or "", text)


def _soften(notebook: NotebookNode) -> None:
    """Fold what a kind check said, in its own words and with a link to the section, instead of a traceback."""
    for cell in notebook.cells:
        for i, output in enumerate(cell.get("outputs", [])):
            if output.output_type == "error" and output.ename == "NotYet":
                said = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(output.evalue))
                said = _POINTER.sub(lambda found: f'<a href="{_address(*found.groups())}">{found[0]}</a>', said)
                page = f'<details class="not-yet"><summary>{BEFORE}</summary><p>✗ {said}</p></details>'
                cell.outputs[i] = new_output("display_data", {"text/html": page, "text/plain": output.evalue})


def _address(lesson: str, section: str) -> str:
    return f"../notebooks/{lesson}.html#{make_id(section)}"


def _linked(notebook: NotebookNode, folder: Path, repository: Repository) -> dict[Path, bytes]:
    """Return what the prose links to and is no page, such as a data set's licence."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    targets = [(folder / target).resolve() for source in cells for target in _LINK.findall(source)]
    names = [target.relative_to(repository.root.resolve()) for target in targets if target.suffix != ".ipynb"]
    return {name: file.read_bytes() for name in names if (file := repository.file(name))}


def _table(told: list[Lesson | Exercise]) -> str:
    rows = ["| no. | lesson | you will | minutes |", "| --: | :-- | :-- | --: |"]
    for one in told:
        number, minutes = (one.number, one.minutes) if isinstance(one, Lesson) else ("", "")
        rows.append(f"| {number} | [{one.title}]({one.folder}/{one.name}.ipynb) | {one.aim} | {minutes} |")
    rows.append(f"| | together | | {sum(one.minutes for one in told if isinstance(one, Lesson))} |")
    return "\n".join(rows)


def _contents(told: list[Lesson | Exercise]) -> str:
    return "\n".join(f"{one.entry} <{one.folder}/{one.name}>" for one in told)


def main() -> None:
    """Run what has changed, build the site and say where it is."""
    repository = Repository(ROOT)
    for remark in repository.remarks():
        print(remark)
    notebooks = repository.notebooks()
    lessons = [file for name, file in notebooks.items() if name.parent.name == Lesson.folder]
    exercises = [file for name, file in notebooks.items() if name.parent.name == Exercise.folder]
    if due := changed(lessons, EXECUTED):
        report(execute(due, EXECUTED))
    if due := changed(exercises, EXECUTED):
        report(execute(due, EXECUTED, allow_errors=True))
    written = build(EXECUTED, ROOT / "build" / "site", SITE)
    print(f"{sum(path.suffix == '.html' for path in written)} pages are new or changed. Open {SITE / 'index.html'}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)  # at once; kernels end when they miss their parent
