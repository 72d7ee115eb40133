"""The customers: IBM's Telco churn table, offline, split for training and testing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

DATA = Path(__file__).parent / "data"
NUMERIC = ["tenure", "MonthlyCharges", "TotalCharges"]
CATEGORICAL = [
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "PhoneService",
    "MultipleLines",
    "InternetService",
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
    "Contract",
    "PaperlessBilling",
    "PaymentMethod",
]
TARGET = "Churn"


def load_customers() -> pd.DataFrame:
    """Return all 7,043 customers: 19 columns of raw features and ``Churn`` (1 means the customer left).

    ``tenure`` is in months, the charges in US dollars; every other feature is text. Origin and licence of
    the table: ``data/README.md``.
    """
    return pd.read_csv(DATA / "churn.csv.gz")


def load_churn(
    n_customers: int | None = None, *, test_size: float | int = 0.2, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Return ``X_train, X_test, y_train, y_test``, stratified on churn.

    Parameters
    ----------
    n_customers : int, optional
        How many customers to use in all (train and test together), drawn with the churn rate of the whole
        table. Everyone by default.
    test_size : float or int
        Share, or number, of those customers that is held out, as in scikit-learn's ``train_test_split``.
    random_state : int
        Seed of the draw and of the split.

    Returns
    -------
    X_train, X_test : DataFrame, shapes (n, 19)
    y_train, y_test : Series of 0 and 1, shapes (n,)

    Raises
    ------
    ValueError
        If there are not that many customers, or too few to keep both classes in both parts.
    """
    customers = load_customers()
    if n_customers is not None:
        customers = _draw(customers, n_customers, random_state)
    X, y = customers.drop(columns=TARGET), customers[TARGET]
    return tuple(train_test_split(X, y, test_size=test_size, stratify=y, random_state=random_state))


def _draw(customers: pd.DataFrame, n: int, random_state: int) -> pd.DataFrame:
    if not 10 <= n <= len(customers):
        raise ValueError(f"n_customers must be between 10 and {len(customers)}, got {n}")
    if n == len(customers):
        return customers
    chosen, _ = train_test_split(customers, train_size=n, stratify=customers[TARGET], random_state=random_state)
    return chosen
