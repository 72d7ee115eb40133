"""Distributions of shares in ten parts, as histograms show them."""

from __future__ import annotations

from collections.abc import Iterable

TENTHS = 10
_DIGITS = 9  # without rounding, a share that is a sum such as seven times 0.1 falls into the tenth below its own


def count_tenths(shares: Iterable[float]) -> list[int]:
    """Return how many of these shares are in each tenth from 0 to 1; the last one holds those of 1 and above."""
    counts = [0] * TENTHS
    for share in shares:
        place = int(round(share * TENTHS, _DIGITS))
        counts[min(max(place, 0), TENTHS - 1)] += 1
    return counts
