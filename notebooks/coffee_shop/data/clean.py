"""Make churn.csv.gz from the table as it was published: ``python clean.py churn.csv``.

The original is ``evalml/demos/data/churn.csv`` in the wheel of evalml 0.84.0; README.md beside this file has
its origin, licence and checksums.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import pandas as pd

ORIGINAL_SHA256 = "88be4b93fbe0cc83421af1c503794c97c342eca914c1576db7c276e61d61358a"
CLEANED = Path(__file__).with_name("churn.csv.gz")


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the table without identifiers and blanks, with the target as 0 and 1."""
    customers = raw.drop(columns="customerID")
    # The eleven blanks belong to customers in their first month, who have not been billed yet.
    customers["TotalCharges"] = pd.to_numeric(customers["TotalCharges"].str.strip().replace("", "0"))
    customers["SeniorCitizen"] = customers["SeniorCitizen"].map({0: "No", 1: "Yes"})
    customers["Churn"] = customers["Churn"].map({"No": 0, "Yes": 1})
    return customers


def main(original: Path) -> None:
    """Write ``churn.csv.gz`` beside this file, the same bytes every time."""
    found = hashlib.sha256(original.read_bytes()).hexdigest()
    if found != ORIGINAL_SHA256:
        raise SystemExit(f"{original} is not the published table: its SHA-256 is {found}")
    text = clean(pd.read_csv(original)).to_csv(index=False, lineterminator="\n")
    CLEANED.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(hashlib.sha256(CLEANED.read_bytes()).hexdigest(), CLEANED.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
