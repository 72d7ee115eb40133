"""Spell-check the prose, in British English: ``python .ci/spelling.py``.

codespell knows common misspellings and which words Americans write otherwise; its list of those is turned round. What
is right nevertheless is listed in pyproject.toml.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import codespell_lib
import jupytext

ROOT = Path(__file__).resolve().parents[1]
_PAGES = ("*.md", ".github/**/*.md", "autograder/*.md", "autograder/docs/*.md", "notebooks/**/*.md")
# Links' targets and tags, too; and what is elsewhere has its title as its authors spell it.
_CODE = re.compile(r"```.*?```|`[^`\n]*`|\[[^]\n]*\]\(https?://[^)]*\)|\]\([^)]*\)|<[^>]*>", re.DOTALL)


def prose(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield each text for people, by its path, without the code in it."""
    for path in [path for pattern in _PAGES for path in root.glob(pattern)]:
        yield path.relative_to(root), path.read_text(encoding="utf-8")
    for path in [*(root / "notebooks").glob("*.ipynb"), *(root / "solutions").glob("*.py")]:
        cells = jupytext.read(path, fmt="py:percent" if path.suffix == ".py" else None).cells
        yield path.relative_to(root), "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def spell_check(root: Path = ROOT) -> int:
    """Print the words that are wrong, each with its place, and return codespell's exit status, 0 if there is none."""
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch):
        for path, text in prose(root):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text), encoding="utf-8")
        american = Path(codespell_lib.__file__).parent / "data" / "dictionary_en-GB_to_en-US.txt"
        pairs = [line.split("->") for line in american.read_text(encoding="utf-8").split()]
        Path(".british").write_text("".join(f"{us}->{gb}\n" for gb, us in pairs), encoding="utf-8")
        return codespell_lib.main("--toml", str(ROOT / "pyproject.toml"), "-D-", "-D.british", ".")


if __name__ == "__main__":
    sys.exit(spell_check())
