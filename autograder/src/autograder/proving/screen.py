"""A proof on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from autograder.course.text import printable
from autograder.proving.results import Count, NotebookProof, Proof, Verdict
from autograder.reporting.terminal import out

_STYLES = {"-": "red", "+": "green", "@": "dim"}


def show_proof(proof: Proof) -> None:
    """Print what a proof has found: counts, survivors with their diffs, what is wrong."""
    for nb in proof.notebooks:
        if nb.tests:
            _show_questions(nb)
            _show_tests(nb)
        for test, survivors in by_test(nb.survivors):
            out.print(Text(f"{nb.name}: not caught by {printable(test)}", style="bold"), soft_wrap=True)
            for one in survivors:
                _show_mutant(one)
    _show_equivalents(proof)
    _show_cases(proof)
    for problem in proof.problems():
        out.print(Text("✗ ", style="bold red") + printable(problem), soft_wrap=True)
    total = proof.total()
    score = f"{percent(total)} of {total.mutants} mutants were caught in {proof.seconds:.0f} s."
    out.print(Text(f"{proof.assignment}: {score}" + (" The tests are proved." if not proof.problems() else "")))


def by_test(verdicts: Sequence[Verdict]) -> list[tuple[str, list[Verdict]]]:
    """Return mutants by the tests that should have caught them, which are named in one text."""
    groups: dict[str, list[Verdict]] = {}
    for one in verdicts:
        groups.setdefault(", ".join(one.meant_for) or "any test", []).append(one)
    return list(groups.items())


def percent(count: Count) -> str:
    """Return a mutation score; only where all were caught it is 100 %."""
    if count.score is None:
        return "-"
    return f"{int(1000 * count.score) / 10:g} %"


def _show_questions(nb: NotebookProof) -> None:
    table = Table(title=printable(nb.name), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("question", overflow="fold")
    for name in ("mutants", "caught", "no mistake", "score"):
        table.add_column(name, justify="right")
    for row in nb.by_question():
        table.add_row(Text(row.name), *map(str, (row.mutants, row.caught, row.equivalent)), percent(row))
    out.print(table)


def _show_tests(nb: NotebookProof) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("test", overflow="fold")
    for name in ("points", "mutants", "caught", "it alone"):
        table.add_column(name, justify="right")
    table.add_column("judged", ratio=1)
    for test, row in zip(nb.tests, nb.by_test(), strict=True):
        alone = nb.caught_alone(test.name)
        judged = Text(f"no: {printable(test.reason)}", style="yellow") if test.reason else Text("yes", style="green")
        counts = [f"{test.points:g}", str(row.mutants), str(row.caught), str(alone)]
        table.add_row(Text(test.name), *counts, judged)
    out.print(table)
    spare = [test.name for test in nb.tests if not nb.caught_alone(test.name)]
    if spare:
        text = f"No mutant needs these tests, others catch the same: {', '.join(spare)}"
        out.print(Text(printable(text), style="dim"), soft_wrap=True)


def _show_mutant(one: Verdict) -> None:
    marks = ", its points are provisional" if one.outcome.provisional else ""
    out.print(Text(f"  {one.mutant.name} ({one.mutant.digest}{marks})"), soft_wrap=True)
    for line in one.mutant.diff.splitlines()[2:]:
        out.print(Text(f"    {printable(line)}", style=_STYLES.get(line[:1], "")), soft_wrap=True)


def _show_equivalents(proof: Proof) -> None:
    for nb in proof.notebooks:
        for one in nb.equivalents:
            text = f"{nb.name}: {one.mutant.name} is no mistake: {printable(one.reason)}"
            out.print(Text(text, style="dim"), soft_wrap=True)


def _show_cases(proof: Proof) -> None:
    if proof.cases:
        right = sum(not one.problem() for one in proof.cases)
        out.print(f"{right} of {len(proof.cases)} cases got the marks that they must get.")
