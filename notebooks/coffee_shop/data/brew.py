"""Make cups.csv.gz, a table of cups of coffee and whether a guest liked them: ``python brew.py``.

The table is made, not measured, so that the best score that any model can reach on it is known. README.md beside this
file has its licence and checksum.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

CUPS = Path(__file__).with_name("cups.csv.gz")
N_CUPS, SEED = 3000, 0
STEEPNESS = 2.4  # how soon a guest turns away, outside of the sweet spot


def brew(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return ``n`` cups, brewed at random: six features as they are in the table."""
    return pd.DataFrame(
        {
            "temperature": rng.uniform(84, 98, n).round(1),
            "grind": np.exp(rng.uniform(np.log(250), np.log(1100), n)).round(),
            "time": np.exp(rng.uniform(np.log(30), np.log(300), n)).round(),
            "dose": rng.uniform(45, 75, n).round(1),
            "hardness": rng.uniform(20, 180, n).round(),
            "roast": rng.choice(["light", "medium", "dark"], n),
        }
    )


def chance(cups: pd.DataFrame) -> pd.Series:
    """Return the probability that a guest likes each cup, shape (n,).

    Guests like a cup if about 20 % of the coffee has gone into the water, and the water holds about 1.2 % of coffee.
    That is close to the middle of the brewing control chart (E. E. Lockhart, The Soluble Solids in Beverage Coffee as
    an Index to Cup Quality, 1957). Hot water, long brewing, a fine grind and a dark roast extract more. How much
    more is invented.
    """
    roast = cups["roast"].map({"light": -1.2, "medium": 0.0, "dark": 1.2})
    heat = 0.22 * (cups["temperature"] - 91)
    extracted = 20 + 3.2 * np.log(cups["time"] / 95) - 4.2 * np.log(cups["grind"] / 524) + heat + roast
    strength = cups["dose"] * extracted / 1000
    distance = ((extracted - 20) / 2.2) ** 2 + ((strength - 1.2) / 0.18) ** 2
    return 1 / (1 + np.exp(-STEEPNESS * (1.35 - distance).clip(lower=-2.5)))


def main() -> None:
    """Write ``cups.csv.gz`` beside this file, the same bytes every time."""
    rng = np.random.default_rng(SEED)
    cups = brew(N_CUPS, rng)
    cups["chance"] = chance(cups).round(4)
    cups["liked"] = (rng.random(N_CUPS) < cups["chance"]).astype(int)
    text = cups.to_csv(index=False, lineterminator="\n")
    CUPS.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(hashlib.sha256(CUPS.read_bytes()).hexdigest(), CUPS.name)


if __name__ == "__main__":
    main()
