"""``python -m tests.attacks`` prints the attacks as a table in Markdown."""

from tests.attacks.suite import CASES

print("| submission | what it tries | what holds |")
print("| :-- | :-- | :-- |")
for case in CASES:
    print(f"| `{case.name}` | {case.tries} | {case.holds} |")
