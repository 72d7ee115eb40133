"""The bar counts every training of a search, and stands still as a full one."""

from __future__ import annotations

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV

from coffee_shop import progress

GRID = {"constant": [0, 1], "strategy": ["prior", "uniform", "stratified"]}
HALVING = HalvingRandomSearchCV(DummyClassifier(), GRID, n_candidates=6, cv=2, factor=3, min_resources=4)
X, y = [[0]] * 40, [0, 1] * 20


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, in order, as the HTML of a page."""
    pages = []
    for name in ("display", "update"):
        monkeypatch.setattr(progress.CountedBar, name, lambda bar: pages.append(bar._repr_html_()))
    return pages


@pytest.mark.parametrize(
    ("search", "trainings"),
    [
        (GridSearchCV(DummyClassifier(), GRID, cv=2), 6 * 2 + 1),
        (GridSearchCV(DummyClassifier(), GRID, cv=2, refit=False), 6 * 2),
        (RandomizedSearchCV(DummyClassifier(), GRID, n_iter=4, cv=3), 4 * 3 + 1),
        (HALVING, (6 + 2) * 2 + 1),
    ],
)
def test_every_training_is_counted(shown, search, trainings):
    search.set_callbacks(progress.FitBar()).fit(X, y)
    assert f"{trainings} of {trainings} trainings" in shown[-1]
    assert len(shown) == trainings + 1


def test_a_search_that_fails_leaves_the_bar_where_it_was(shown):
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior", "no such"]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="no such"):
        search.set_callbacks(progress.FitBar()).fit(X, y)
    assert "3 of 5 trainings" in shown[-1]  # the one that failed is over, too


def test_a_loop_advances_the_bar(shown):
    assert list(progress.CountedBar(3, "tries")) == [0, 1, 2]
    assert "3 of 3 tries" in shown[-1]
    assert repr(progress.CountedBar(3)).endswith("0/3")
