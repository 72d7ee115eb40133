"""The laboratory's scripts compute what Python computes: scores, curves, searches and beliefs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from coffee_shop.recipe_book import DIALS, load_recipe_book, search_book
from notebooks.site.build import HERE
from notebooks.site.laboratory import SCRIPTS, fold_spread, recipe_book_script

RECIPES = list(product(*DIALS.values()))
PLACES = np.array(list(product(range(5), repeat=5)))
FREE = [None] * 5
HELD = [0, None, 3, None, None]
TRIES = """([search, held, settings, race]) =>
    [...laboratory.triesOf(search, laboratory.newSpace(recipeBook, held), settings, race)]"""


@pytest.fixture(scope="module")
def run(browser) -> Iterator[Callable]:
    """Run JavaScript, with an argument, where all scripts but the last are loaded: that one needs the page."""
    page = browser.new_page()
    page.add_script_tag(content=recipe_book_script())
    for script in SCRIPTS[1:-1]:
        page.add_script_tag(path=HERE / "static" / script)
    yield page.evaluate
    page.close()


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """The mean scores of the book, in the order of `RECIPES`."""
    return search_book([dict(zip(DIALS, recipe, strict=True)) for recipe in RECIPES]).cv_results_["mean_test_score"]


def tries(run: Callable, search: str, race: int = 1, held: list = FREE, **settings) -> list[int]:
    return run(TRIES, [search, held, {"budget": 48, "startUp": 10, "seed": 0, **settings}, race])


def allowed(held: list) -> list[int]:
    """Return the recipes with the settings of the held dials."""
    fits = [all(place in (None, at) for place, at in zip(held, places, strict=True)) for places in PLACES]
    return np.flatnonzero(fits).tolist()


class Sfc32:
    """The generator of the page: Chris Doty-Humphrey's sfc32, written from its description."""

    def __init__(self, *seeds: int):
        self.state = [*seeds, 1]
        for _ in range(15):
            self.next()

    def next(self) -> float:
        a, b, c, counter = self.state
        total = (a + b + counter) % 2**32
        rotated = (c << 21 | c >> 11) % 2**32
        self.state = [b ^ b >> 9, (c + (c << 3)) % 2**32, (rotated + total) % 2**32, (counter + 1) % 2**32]
        return total / 2**32

    def draw(self, items: list, count: int) -> list:
        left = list(items)
        for i in range(count):
            j = i + math.floor(self.next() * (len(left) - i))
            left[i], left[j] = left[j], left[i]
        return left[:count]


def test_the_scores_are_those_of_the_recipe_book(run, scores):
    """Fails if a score is rounded, or recipes stand in another order than their settings."""
    assert run("recipeBook.scores") == scores.tolist()
    assert run("recipeBook.dials.map(dial => dial.settings)") == [list(settings) for settings in DIALS.values()]
    assert run("recipeBook.dials.map(dial => dial.name)") == [
        "learning rate", "batch size", "epochs", "neurons", "dropout"
    ]  # fmt: skip
    places = "recipeBook.scores.map((_, recipe) => [0, 1, 2, 3, 4].map(dial => laboratory.placeOf(recipe, dial)))"
    assert run(places) == PLACES.tolist()
    assert run("places => places.map(laboratory.recipeOf)", PLACES.tolist()) == list(range(3125))


def test_what_a_lead_changes_from_fold_to_fold(run):
    """Fails if the folds are not paired: then the spread is that of how hard they are, ten times as large."""
    book = load_recipe_book().sort_values("mean_test_score", ascending=False)
    folds = book[["split0_test_score", "split1_test_score", "split2_test_score"]].to_numpy()[:1000]
    assert run("recipeBook.foldSpread") == pytest.approx(np.median((folds[0] - folds).std(axis=1)), abs=5e-5)
    assert fold_spread(book) < np.median(folds.std(axis=1)) / 3


@pytest.mark.parametrize("held", [FREE, HELD, [1, 1, 1, 1, 1]], ids=str)
def test_a_space_has_the_recipes_with_the_held_settings(run, scores, held):
    """Fails if a held dial turns, or another one is held."""
    space = run("held => laboratory.newSpace(recipeBook, held)", held)
    assert (space["recipes"], space["best"]) == (allowed(held), scores[allowed(held)].max())


def test_random_numbers_are_those_of_the_generator(run):
    """Fails if a browser's numbers are others: a shared race would be another one."""
    numbers = run("{ const next = laboratory.newGenerator(7, 1, 2); Array.from({length: 1000}, next) }")
    generator = Sfc32(7, 1, 2)
    assert numbers == [generator.next() for _ in range(1000)]


def test_random_search_draws_what_python_draws_with_the_same_generator(run):
    """Fails if a recipe comes twice, or one that a held dial forbids."""
    for held, race in [(FREE, 1), (FREE, 2), (HELD, 9)]:
        generator = Sfc32(3, race, 1)
        expected = generator.draw(allowed(held), 48)
        assert tries(run, "random", race, held, seed=3) == expected
        assert len(set(expected)) == 48


def test_grid_search_tries_every_combination_of_the_largest_grid(run):
    """Fails if a grid is smaller than it could be, or misses or repeats a combination."""
    sizes = [math.prod(counts) for counts in product(range(1, 6), repeat=5)]
    for race, budget in enumerate([1, 3, 7, 48, 60, 150], start=1):
        places = PLACES[tries(run, "grid", race, budget=budget)]
        assert len(places) == max(size for size in sizes if size <= budget)
        assert len(np.unique(places, axis=0)) == len(places) == math.prod(len(set(dial)) for dial in places.T)


def test_a_grid_keeps_held_dials_and_is_as_even_as_can_be(run):
    """Fails if 48 is split as 4 · 4 · 3 · 1 · 1, or if a held dial has two settings."""
    counts = [sorted(len(set(dial)) for dial in PLACES[tries(run, "grid", race)].T) for race in range(1, 20)]
    assert counts == [[2, 2, 2, 2, 3]] * 19
    assert set(tries(run, "grid", held=HELD)) <= set(allowed(HELD))
    assert len(tries(run, "grid", held=[1, 1, 1, 1, 1])) == 1


def test_each_race_differs_and_the_same_one_comes_back(run):
    """Fails if all races are one, or if chance comes from elsewhere than the seed."""
    for search in ["grid", "random", "bayesian"]:
        assert tries(run, search, 4, budget=12) == tries(run, search, 4, budget=12)
        assert tries(run, search, 4, budget=12) != tries(run, search, 5, budget=12)
        assert tries(run, search, 4, budget=12) != tries(run, search, 4, budget=12, seed=1)


def test_curves_are_those_of_numpy(run, scores):
    """Fails if a curve falls, if the band holds more or less than eight in ten, or if a short race ends it."""
    drawn = np.random.default_rng(0).choice(scores, (37, 20))
    curves = run("rows => rows.map(row => Array.from(laboratory.bestSoFar(row)))", drawn.tolist())
    best = np.maximum.accumulate(drawn, axis=1)
    assert curves == best.tolist()
    summary = run("([curves, tries]) => laboratory.summarise(curves, tries)", [curves, 22])
    best = np.pad(best, ((0, 0), (0, 2)), mode="edge")
    expected = {"mean": best.mean(axis=0), "median": np.median(best, axis=0)}
    expected |= {name: np.quantile(best, share, axis=0) for name, share in [("low", 0.1), ("high", 0.9)]}
    for name, values in expected.items():
        assert summary[name] == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("held", [FREE, HELD], ids=str)
def test_the_exact_best_of_random_draws(run, scores, held):
    """Fails if draws may come twice, or if the distribution is off by one rank."""
    ordered = np.sort(scores[allowed(held)])
    for draws in [1, 2, 10, 48, len(ordered)]:
        subsets = [math.comb(i, draws) for i in range(len(ordered) + 1)]  # that have their best among the lowest i
        chances = np.array([(b - a) / subsets[-1] for a, b in zip(subsets, subsets[1:], strict=False)])
        half = next(i for i, below in enumerate(subsets) if 2 * below >= subsets[-1]) - 1
        best = run("([sorted, draws]) => laboratory.exactBest(sorted, draws)", [ordered.tolist(), draws])
        assert best["mean"] == pytest.approx(chances @ ordered, abs=1e-12)
        assert best["median"] == ordered[half]


def test_the_mean_of_many_races_comes_to_the_exact_one(run):
    """Fails if random search favours some recipes: 3,000 races tell a mean by a fiftieth of their spread."""
    source = """() => {
        const space = laboratory.newSpace(recipeBook, [null, null, null, null, null]);
        const curves = [];
        for (const _ of laboratory.runRaces("random", space, {budget: 30, races: 3000, seed: 0}, curves));
        return [1, 5, 30].map(tries => ({
            found: laboratory.momentsOf(curves.map(curve => curve[tries - 1])),
            exact: laboratory.exactBest(space.sorted, tries).mean,
        }));
    }"""
    for one in run(source):
        assert one["found"]["mean"] == pytest.approx(one["exact"], abs=4 * one["found"]["std"] / math.sqrt(3000))


def model_of(noted: list[int], scores: np.ndarray) -> GaussianProcessRegressor:
    kernel = Matern(length_scale=1.0, nu=2.5)
    model = GaussianProcessRegressor(kernel, alpha=0.001, optimizer=None, normalize_y=True)
    return model.fit(PLACES[noted] / 4, scores[noted])


def improvement(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    return (mean - best) * norm.cdf((mean - best) / std) + std * norm.pdf((mean - best) / std)


@pytest.mark.parametrize("notes", [1, 2, 12, 60])
def test_beliefs_are_those_of_scikit_learn_and_scipy(run, scores, notes):
    """Fails with another kernel, length scale, noise or scaling, or with a cdf that is good to seven digits only."""
    noted = np.random.default_rng(notes).permutation(3125)[:notes].tolist()
    source = """noted => laboratory.believe(
        laboratory.newSpace(recipeBook, [null, null, null, null, null]), noted, recipeBook.scores.map((_, i) => i))"""
    believed = run(source, noted)
    mean, std = model_of(noted, scores).predict(PLACES / 4, return_std=True)
    assert [one["mean"] for one in believed] == pytest.approx(mean, abs=1e-9)
    assert [one["std"] for one in believed] == pytest.approx(std, abs=1e-9)
    promise = improvement(mean, std, scores[noted].max())
    promise[noted] = 0  # a recipe is not tried twice
    assert [one["promise"] for one in believed] == pytest.approx(promise, abs=1e-9)


def test_the_normal_distribution_is_that_of_scipy(run):
    """Fails if a tail is wrong: there the search decides between recipes that promise little."""
    z = np.linspace(-12, 12, 481)
    assert run("zs => zs.map(laboratory.normalCdf)", z.tolist()) == pytest.approx(norm.cdf(z), rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("held", [FREE, HELD], ids=str)
def test_bayesian_optimisation_goes_where_the_expected_improvement_is_largest(run, scores, held):
    """Fails if a try has not the largest one, if a recipe is tried twice, or if the start-up is not that of random."""
    tried = tries(run, "bayesian", 2, held, budget=16, startUp=4)
    assert tried[:4] == tries(run, "random", 2, held, budget=16)[:4]
    assert len(set(tried)) == 16
    for step in range(4, 16):
        left = [recipe for recipe in allowed(held) if recipe not in tried[:step]]
        mean, std = model_of(tried[:step], scores).predict(PLACES[left] / 4, return_std=True)
        promise = improvement(mean, std, scores[tried[:step]].max())
        assert promise[left.index(tried[step])] == pytest.approx(promise.max(), rel=1e-6)


def test_squares_of_a_map_are_those_of_the_book(run, scores):
    """Fails if the two dials are swapped, or if a square knows scores of recipes that nobody tried."""
    noted = [0, 1, 626, 3124]
    source = """noted => laboratory.readSquares(
        laboratory.newSpace(recipeBook, [null, null, null, null, null]), noted, 0, 2)"""
    squares = run(source, noted)
    for square, (epochs, rate) in zip(squares, product(range(5), repeat=2), strict=True):
        inside = (PLACES[:, 0] == rate) & (PLACES[:, 2] == epochs)
        found = [scores[recipe] for recipe in noted if inside[recipe]]
        assert (square["tries"], square["found"]) == (len(found), max(found, default=None))
        assert square["mean"] == pytest.approx(scores[inside].mean(), abs=1e-12)
        assert square["lies"] == scores[inside].max()
