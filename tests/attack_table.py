"""Every attack and forgery that the tests make, as a page of the docs: ``python -m tests.attack_table`` writes it."""

from __future__ import annotations

from autograder.layout import BUNDLED
from tests.attacks.suite import CASES as ATTACKS
from tests.forgeries.suite import CASES as FORGERIES

PAGE = BUNDLED.root / "autograder" / "attacks.md"
_INTRODUCTION = """# Attacks

Made by `python -m tests.attack_table` from the submissions that the tests hand in, grade in one class with honest
neighbours, and look around after: `tests/attacks` and `tests/forgeries`.
"""


def page() -> str:
    """Return the page in Markdown."""
    attacks = [f"| `{case.name}` | {case.tries} | {case.holds} |" for case in ATTACKS]
    forgeries = [f"| `{case.name}` | {case.tries} | {case.holds} |" for case in FORGERIES]
    head = ["| submission | what it tries | what holds |", "| :-- | :-- | :-- |"]
    return "\n".join(
        [
            _INTRODUCTION,
            f"## {len(ATTACKS)} that want to do harm\n",
            *head,
            *attacks,
            f"\n## {len(FORGERIES)} that want points for nothing\n",
            *head,
            *forgeries,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
