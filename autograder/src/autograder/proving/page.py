"""A proof as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader

from autograder.course.text import printable
from autograder.proving.results import Proof
from autograder.proving.screen import by_test, percent


def write_page(proof: Proof, path: Path) -> None:
    """Write the page of a proof. It replaces the old one in one step.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(page_of(proof), encoding="utf-8", errors="backslashreplace")
    os.replace(new, path)


def page_of(proof: Proof) -> str:
    """Return a proof as a page."""
    environment = Environment(
        loader=PackageLoader("autograder", "proving"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "lines": _lines, "by_test": by_test}
    return environment.get_template("proof.html.j2").render(proof=proof)


def _lines(text: str) -> list[str]:
    return [printable(line) for line in text.split("\n")]
