"""Hidden tests of exercise _5_6_1; each cell is appended to the test cell of the same grade id."""

# %% test_param_grid_dials
required = {"clf__model__learning_rate", "clf__batch_size", "clf__model__num_neurons"}
missing = sorted(required - set(param_grid))
assert not missing, f"Expected the learning rate, the batch size and the neurons to be tuned, missing: {missing}."
for dial, values in param_grid.items():
    assert np.ndim(values) == 1 and not isinstance(values, (str, bytes)), (
        f"Expected a list of values for {dial}, found {values!r}."
    )
    assert len(values) >= 2, f"Expected at least two values of {dial}, found {len(values)}."
    assert len(set(values)) == len(values), f"Expected different values of {dial}, but one is repeated."

# %% test_param_grid_learning_rate
assert np.all((rates > 0) & (rates < 1)), f"Expected learning rates between 0 and 1, found {rates.tolist()}."
steps = np.diff(np.log10(rates))
assert np.all(steps > 0), "Expected different learning rates, but one is repeated."
assert np.ptp(steps) <= 0.2 * steps.mean(), (
    "Expected learning rates evenly spaced on a log scale: neighbours should differ by one and the same factor, "
    f"found the factors {np.round(10**steps, 2).tolist()}."
)
assert steps.sum() >= 1.999, (
    f"Expected the largest learning rate to be at least 100 times the smallest, found {10 ** steps.sum():.3g} times."
)


# %% test_param_grid_sizes
def is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


batch_sizes, neurons = list(param_grid["clf__batch_size"]), list(param_grid["clf__model__num_neurons"])
assert all(map(is_whole, batch_sizes + neurons)), (
    f"Expected whole numbers as batch sizes and neurons, found {batch_sizes} and {neurons}."
)
assert all(8 <= size <= 512 and size & (size - 1) == 0 for size in batch_sizes), (
    f"Expected batch sizes that are powers of two from 8 to 512, found {batch_sizes}."
)
assert all(n > 0 for n in neurons), f"Expected positive numbers of neurons, found {neurons}."

# %% test_param_grid_combinations
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

recipes = ParameterGrid(param_grid)
assert len(recipes) > 1, "Expected a grid with several combinations, found only one."
clone(pipeline).set_params(**recipes[0])  # a grid that the pipeline refuses is no grid

# %% test_count_fits_grid
found = answered(count_fits({"a": [1, 2, 3], "b": ["x", "y"], "c": np.array([0.1, 0.2])}, 4, False), "count_fits")
assert found == 48, f"Expected every combination once per fold (arrays are lists of values too), found {found}."
assert isinstance(found, (int, np.integer)) and not isinstance(found, bool), (
    f"Expected a whole number, found a {type(found).__name__}."
)
found = count_fits({"a": [1]}, cv=2)
assert found == 3, f"Expected one recipe to be trained once per fold and once more for the refit, found {found} fits."
found = count_fits({"a": [1, 2]})
assert found == 7, f"Expected three folds and a refit when nothing else is asked for, found {found} fits."

# %% test_count_fits_list
grids = [{"a": [1, 2], "b": [1, 2, 3]}, {"a": [1, 2]}, {"c": [1]}]
found = answered(count_fits(grids, cv=3, refit=False), "count_fits")
assert found == 27, (
    f"Expected a list of grids to be counted grid by grid, a recipe that stands in two grids twice, found {found} fits."
)
found = count_fits(grids[:1], cv=3)
assert found == 19, f"Expected a list with one grid to count like that grid and a single refit in all, found {found}."

# %% test_count_fits_errors
for folds in (0, -3):
    raises(ValueError, lambda: count_fits({"a": [1, 2]}, cv=folds), f"{folds} folds")
raises(ValueError, lambda: count_fits({"a": []}), "a dial without values")
raises(ValueError, lambda: count_fits({}), "an empty grid")
raises(ValueError, lambda: count_fits([]), "an empty list of grids")
answered(count_fits({"a": [1, 2]}, cv=2), "count_fits")


# %% test_refine_grid_inside
def assert_close(found, expected, case):
    found = list(answered(found, "refine_grid"))
    assert np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-6, atol=1e-12), (
        f"{case}: found {found}."
    )


assert_close(
    refine_grid({"rate": [1e-2, 1e-4, 1e-3]}, {"rate": 1e-3})["rate"],
    [10**-3.5, 1e-3, 10**-2.5],
    "Expected geometric half steps, in increasing order, for unsorted values with one common factor",
)
assert_close(
    refine_grid({"rate": np.array([1.0, 2.0, 4.1])}, {"rate": 2.0})["rate"],
    [2**0.5, 2, 8.2**0.5],
    "Expected ratios that agree within 5 % to count as geometric steps",
)
assert_close(
    refine_grid({"dropout": [0.1, 0.2, 0.5]}, {"dropout": 0.2})["dropout"],
    [0.15, 0.2, 0.35],
    "Expected arithmetic half steps where neighbouring ratios differ",
)
assert_close(
    refine_grid({"dropout": [0.0, 0.2, 0.4]}, {"dropout": 0.2})["dropout"],
    [0.1, 0.2, 0.3],
    "Expected arithmetic half steps where a value is zero",
)
assert_close(
    refine_grid({"neurons": np.array([32, 64, 128])}, {"neurons": 64})["neurons"],
    [45, 64, 91],
    "Expected whole numbers to be rounded to whole numbers",
)


# %% test_refine_grid_edge
def assert_edge(coarse, best, expected, case):
    found = list(answered(refine_grid({"dial": coarse}, {"dial": best}), "refine_grid")["dial"])
    assert np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-6, atol=1e-12), (
        f"{case}: found {found}."
    )


assert_edge(
    [1e-4, 1e-3, 1e-2], 1e-2, [10**-2.5, 1e-2, 10**-1.5], "Expected the half step to be mirrored beyond the upper edge"
)
assert_edge(
    [1e-4, 1e-3, 1e-2], 1e-4, [10**-4.5, 1e-4, 10**-3.5], "Expected the half step to be mirrored beyond the lower edge"
)
assert_edge([16, 64], 64, [32, 64, 128], "Expected two positive values to count as geometric steps")
assert_edge([0.0, 0.2, 0.4], 0.0, [0.0, 0.1], "Expected values below zero to be dropped")
assert_edge([1, 2], 1, [1], "Expected whole numbers to be rounded and repeats to be dropped")
assert_edge([0, 4, 8], 8, [6, 8, 10], "Expected arithmetic steps at an edge where a value is zero")

# %% test_refine_grid_pinned
coarse = {"shuffle": [True, False], "activation": ["relu", "tanh"], "layers": [3], "rate": [0.1, 0.2, 0.4]}
best = {"shuffle": True, "activation": "relu", "layers": 3, "rate": 0.2}
finer = refine_grid(coarse, best)
assert set(finer) == set(coarse), f"Expected every dial of the coarse grid in the finer one, found {sorted(finer)}."
for dial in ["shuffle", "activation", "layers"]:
    assert list(finer[dial]) == [best[dial]], f"Expected {dial} to be pinned to its best value, found {finer[dial]}."
assert len(finer["rate"]) == 3, f"Expected a numeric dial beside pinned ones to be refined, found {finer['rate']}."
raises(ValueError, lambda: refine_grid({"rate": [0.1, 0.2]}, {"rate": 0.15}), "a best value that is not on the grid")
raises(ValueError, lambda: refine_grid({"act": ["relu", "tanh"]}, {"act": "elu"}), "a best string off the grid")
raises(ValueError, lambda: refine_grid({"layers": [2]}, {"layers": 3}), "a best value that a dial with one value lacks")
raises(ValueError, lambda: refine_grid({"rate": [0.1, 0.2]}, {}), "a dial that best_params does not mention")
