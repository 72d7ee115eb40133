"""List every attack and forgery of the tests in the docs: ``python -m tests.system.attack_table`` writes the page."""

from __future__ import annotations

from tests.engine.attacks.case import Case
from tests.engine.attacks.suite import CASES as ATTACKS
from tests.engine.forgeries.suite import CASES as FORGERIES
from tests.support import DOCS

PAGE = DOCS / "attacks.md"
_INTRODUCTION = """# Attacks

Made by `python -m tests.system.attack_table` from the submissions in `tests/engine/attacks` and
`tests/engine/forgeries`. The tests hand them in, grade them in one class with honest neighbours, and look at what is
left. Those that want to do harm are graded in both sandboxes.
"""


def page() -> str:
    """Return the page in Markdown."""
    attacks = [f"| `{case.name}` | {case.tries} | {_holds(case)} |" for case in ATTACKS]
    forgeries = [f"| `{case.name}` | {case.tries} |" for case in FORGERIES]
    head = ["| submission | what it tries | what holds |", "| :-- | :-- | :-- |"]
    return "\n".join(
        [
            _INTRODUCTION,
            f"## {len(ATTACKS)} that want to do harm\n",
            *head,
            *attacks,
            f"\n## {len(FORGERIES)} that want points for nothing\n",
            "None of them wins a point of a judged test, except for marks that wait for a person.\n",
            "| submission | what it tries |",
            "| :-- | :-- |",
            *forgeries,
            "",
        ]
    )


def _holds(case: Case) -> str:
    return f"{case.holds} Under Landlock: {case.landlock.holds}" if case.landlock else case.holds


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
