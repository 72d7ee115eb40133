"""Pairs of students whose answers are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from autograder.similarity.answers import Work

COMMON = 10  # students with a passage from which on it is nobody's own
_FEWEST = 3  # fingerprints in common


@dataclass(frozen=True)
class Pair:
    """Two students with passages in common in one notebook.

    Attributes
    ----------
    first, second : Work
    shared : frozenset of int
        The hashes of the fingerprints that both have, and few others.
    similarity : float
        From 0 to 1: twice the number of those that both have, divided by the numbers of both. Fingerprints that many
        students have do not count.
    """

    first: Work
    second: Work
    shared: frozenset[int]
    similarity: float


def compare(works: Iterable[Work]) -> list[Pair]:
    """Return the pairs of students with passages in common that are not everybody's, the most alike first."""
    by_notebook: dict[str, list[Work]] = defaultdict(list)
    for work in works:
        by_notebook[work.notebook].append(work)
    pairs = [pair for name in sorted(by_notebook) for pair in _compare(by_notebook[name])]
    return sorted(pairs, key=lambda pair: (-pair.similarity, -len(pair.shared)))


def _compare(works: list[Work]) -> list[Pair]:
    """Compare the works of one notebook: only those are looked at together that have a fingerprint in common."""
    owners: dict[int, list[int]] = defaultdict(list)
    for number, work in enumerate(works):
        for one in work.hashes:
            owners[one].append(number)
    rare = {one: numbers for one, numbers in owners.items() if len(numbers) <= COMMON}
    shared: dict[tuple[int, int], set[int]] = defaultdict(set)
    own = [0] * len(works)
    for one, numbers in rare.items():
        for number in numbers:
            own[number] += 1
        for pair in combinations(numbers, 2):
            shared[pair].add(one)
    return [
        Pair(works[a], works[b], frozenset(those), 2 * len(those) / (own[a] + own[b]))
        for (a, b), those in shared.items()
        if len(those) >= _FEWEST
    ]
