"""Write the tables of settings in the docs from the code: ``python -m tests.system.settings_page``."""

from __future__ import annotations

import re

from traitlets import Bool, Dict, Enum, Integer, List, TraitType
from traitlets.config import Configurable

from autograder.authoring.masters import Authoring
from autograder.kernels.provisioner import ForkProvisioner
from autograder.latedays import LateDays
from autograder.sandbox.limits import Limits
from autograder.service.lti.settings import LTI
from autograder.service.settings import Service
from tests.support import DOCS

PAGE = DOCS / "settings.md"
SECTIONS = (ForkProvisioner, Limits, Authoring, LateDays, Service, LTI)
_SIZES = ((2**30, "GiB"), (2**20, "MiB"))


def page(text: str) -> str:
    """Return the text of the page with every table made anew: each stands under the heading of its section."""
    for section in SECTIONS:
        heading = re.escape(f"### `c.{section.__name__}`")
        table = re.compile(rf"(^{heading}\n.*?\n\n)((?:\|[^\n]*\n)*\n?)", flags=re.MULTILINE | re.DOTALL)
        assert table.search(text), f"no heading for c.{section.__name__}"
        text = table.sub(lambda found, section=section: found[1] + _table(section), text, count=1)
    return text


def _table(section: type[Configurable]) -> str:
    rows = [
        f"| `{name}` | {_kind(trait)} | {_default(trait)} | {trait.help} |"
        for name, trait in sorted(section.class_own_traits(config=True).items())
    ]
    return "\n".join(["| setting | type | default | meaning |", "| :-- | :-- | :-- | :-- |", *rows, "", ""])


def _kind(trait: TraitType) -> str:
    if isinstance(trait, Enum):
        return " or ".join(f"`{value!r}`" for value in trait.values)
    if isinstance(trait, Bool):
        return "`True` or `False`"
    if isinstance(trait, List):
        return "list of dicts" if isinstance(trait._trait, Dict) else "list of text"
    if isinstance(trait, Dict):
        return "dict, text by text"
    return "whole number" if isinstance(trait, Integer) else "text"


def _default(trait: TraitType) -> str:
    value = trait.default()
    for size, unit in _SIZES:
        if isinstance(value, int) and value and value % size == 0:
            return f"{value // size} {unit}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"`{value!r}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
