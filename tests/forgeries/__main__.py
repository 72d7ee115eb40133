"""``python -m tests.forgeries`` prints the forgeries as a table in Markdown."""

from tests.forgeries.suite import CASES

print("| submission | what it tries | what holds | points it would win |")
print("| :-- | :-- | :-- | --: |")
for case in CASES:
    print(f"| `{case.name}` | {case.tries} | {case.holds} | {case.won - case.fair:g} |")
