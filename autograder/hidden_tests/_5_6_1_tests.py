"""Hidden tests of exercise _5_6_1; each cell is appended to the test cell of the same grade id."""

# %% test_param_grid_dials
required = {"clf__model__learning_rate", "clf__batch_size", "clf__model__num_neurons"}
missing = sorted(required - set(param_grid))
assert not missing, f"Expected the learning rate, the batch size and the neurons to be tuned, missing: {missing}."


def are_equal(one, other):
    # A setting may be anything: a dict of weights, a list of callbacks, an array.
    return one is other or (type(one) is type(other) and bool(np.all(np.asarray(one == other))))


for dial in param_grid:
    values = values_of(dial)
    repeated = [value for i, value in enumerate(values) if any(are_equal(value, other) for other in values[:i])]
    assert not repeated, f"Expected different values of {dial}, but one is repeated: {str(repeated[0])[:60]}."

# %% test_param_grid_learning_rate
assert all(0 < rate < 1 for rate in rates), f"Expected learning rates between 0 and 1, found {list(map(float, rates))}."
steps = np.diff(np.log10(np.unique(np.asarray(rates, float))))
assert np.ptp(steps) <= 0.2 * steps.mean(), (
    "Expected learning rates evenly spaced on a log scale: neighbours should differ by one and the same factor, "
    f"found the factors {np.round(10**steps, 2).tolist()}."
)
assert steps.sum() >= 1.999, (
    f"Expected the largest learning rate to be at least 100 times the smallest, found {10 ** steps.sum():.3g} times."
)
lesson = {
    "clf__model__learning_rate": [0.01, 0.001, 0.0001],
    "clf__batch_size": [16, 32, 64],
    "clf__model__num_neurons": [64, 128],
}
copied = set(param_grid) == set(lesson) and all(list(param_grid[dial]) == values for dial, values in lesson.items())
assert not copied, "Expected a map of your own, found exactly the three lists that the lesson shows."


# %% test_param_grid_sizes
def is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


assert all(map(is_whole, batch_sizes)), f"Expected whole numbers as batch sizes, found {list(map(float, batch_sizes))}."
assert all(map(is_whole, neurons)), f"Expected whole numbers of neurons, found {list(map(float, neurons))}."
assert all(8 <= size <= 512 and size & (size - 1) == 0 for size in map(int, batch_sizes)), (
    f"Expected batch sizes that are powers of two from 8 to 512, found {list(map(int, batch_sizes))}."
)
assert all(n > 0 for n in neurons), f"Expected positive numbers of neurons, found {list(map(int, neurons))}."

# %% test_param_grid_combinations
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

recipes = ParameterGrid(param_grid)
assert len(recipes) > 1, "Expected a grid with several combinations, found only one."
try:
    clone(pipeline).set_params(**recipes[0])
except Exception as error:
    raise AssertionError(f"Expected dials that the pipeline takes, found: {str(error)[:140]}.") from None

# %% test_count_fits_grid
import copy


def count(grid, *settings, **more):
    before = copy.deepcopy(grid)
    found = answered(count_fits(grid, *settings, **more), "count_fits")
    assert isinstance(found, (int, np.integer)) and not isinstance(found, bool), (
        f"Expected a whole number of trainings, found a {type(found).__name__}."
    )
    assert str(grid) == str(before), "Expected `count_fits` to leave the grid as it was, found it changed."
    return int(found)


found = count({"a": [1, 2, 3], "b": ["x", "y"], "c": np.array([0.1, 0.2])}, 4, False)
assert found == 48, f"Expected every combination once per fold (arrays are lists of values too), found {found}."
found = count({"a": [1]}, cv=2)
assert found == 3, f"Expected one recipe to be trained once per fold and once more for the refit, found {found} fits."
found = count({"a": [1, 2]})
assert found == 7, f"Expected three folds and a refit when nothing else is asked for, found {found} fits."
found = count({"a": (None, 5), "b": range(5)}, cv=10, refit=True)
assert found == 101, f"Expected tuples and ranges to count as lists of values do, found {found} fits."

# %% test_count_fits_list


def count(*settings, **more):
    return answered(count_fits(*settings, **more), "count_fits")


grids = [{"a": [1, 2], "b": [1, 2, 3]}, {"a": [1, 2]}, {"c": [1]}]
found = count(grids, cv=3, refit=False)
assert found == 27, f"Expected a list of grids to be counted grid by grid, found {found} fits."
found = count([{"a": [1, 2, 3]}, {"a": [2, 3, 4]}, {"a": [3]}], cv=2)
assert found == 15, f"Expected a recipe that stands in several grids to be tried in each of them, found {found} fits."
found = count(grids[:1], cv=3)
assert found == 19, f"Expected a list with one grid to count like that grid and a single refit in all, found {found}."

# %% test_count_fits_errors
for folds in (1, 0, -3):
    raises(ValueError, lambda: count_fits({"a": [1, 2]}, cv=folds), f"{folds} folds")
    raises(ValueError, lambda: count_fits({"a": [1, 2]}, folds, False), f"{folds} folds without a refit")
    raises(ValueError, lambda: count_fits([{"a": [1]}, {"b": [1, 2]}], cv=folds), f"{folds} folds for a list of grids")
raises(ValueError, lambda: count_fits({"a": []}), "a dial without values")
raises(ValueError, lambda: count_fits({"a": [1, 2], "b": []}), "a dial without values after a full one")
raises(ValueError, lambda: count_fits({"a": [], "b": [1, 2]}, refit=False), "a dial without values before a full one")
raises(ValueError, lambda: count_fits([]), "an empty list of grids")
for refit in (True, False):
    answered(count_fits({"a": [1, 2]}, cv=2, refit=refit), "count_fits")


# %% test_refine_grid_inside
def assert_values(values, best, expected, case):
    before = list(values)
    found = finer_values(values, best)
    assert list(values) == before, "Expected the coarse grid to stay as it was, found its values in another order."
    assert are_numbers(found), f"{case}: found values that are no numbers."
    assert np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-5, atol=1e-12), (
        f"{case}: found {[float(f'{value:.6g}') for value in found]}."
    )
    return found


def assert_whole(values, best, expected, case):
    found = assert_values(values, best, expected, case)
    assert all(isinstance(value, (int, np.integer)) for value in found), (
        f"{case}: found numbers with a fraction, {[float(value) for value in found]}."
    )


unsorted = "Expected geometric half steps, in increasing order, for unsorted values with one common factor"
assert_values([1e-2, 1e-4, 1e-3], 1e-3, [10**-3.5, 1e-3, 10**-2.5], unsorted)
assert_values([0.27, 0.01, 0.03, 0.81, 0.09], 0.09, [0.03 * 3**0.5, 0.09, 0.09 * 3**0.5], unsorted)
close = "Expected ratios that agree within 5 % to count as geometric steps"
assert_values(np.array([1.0, 2.0, 4.1]), 2.0, [2**0.5, 2, 8.2**0.5], close)
assert_values([0.5, 2.5, 12.9], 2.5, [1.25**0.5, 2.5, (2.5 * 12.9) ** 0.5], close)
differ = "Expected arithmetic half steps where neighbouring ratios differ by more than 5 %"
assert_values([0.1, 0.2, 0.5], 0.2, [0.15, 0.2, 0.35], differ)
assert_values([1.0, 2.0, 4.4], 2.0, [1.5, 2.0, 3.2], differ)
assert_values([0.1, 0.2, 0.4, 0.9], 0.2, [0.15, 0.2, 0.3], differ)
assert_values([0.3, 0.8, 0.4, 0.5], 0.5, [0.45, 0.5, 0.65], differ)
zero = "Expected arithmetic half steps where a value is zero"
assert_values([0.0, 0.2, 0.4], 0.2, [0.1, 0.2, 0.3], zero)
assert_values([0.0, 0.1, 0.2, 0.6], 0.2, [0.15, 0.2, 0.4], zero)
whole = "Expected whole numbers to be rounded to whole numbers"
assert_whole(np.array([32, 64, 128]), 64, [45, 64, 91], whole)
assert_whole([10, 20, 40, 80, 160], 40, [28, 40, 57], whole)
assert_whole([11, 3, 5], 5, [4, 5, 8], whole)
assert_values([1.0, 2.0, 4.0], 2.0, [2**0.5, 2.0, 8**0.5], "Expected only integers to be rounded")
numbers = np.array([0.25, 0.5, 1.0], "float32")
assert_values(numbers, numbers[1], [0.125**0.5, 0.5, 0.5**0.5], "Expected numbers of NumPy to be refined as others are")

# %% test_refine_grid_edge
def assert_edge(values, best, expected, case):
    found = finer_values(values, best)
    assert are_numbers(found), f"{case}: found values that are no numbers."
    assert np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-5, atol=1e-12), (
        f"{case}: found {[float(f'{value:.6g}') for value in found]}."
    )


beyond = "Expected the half step to be mirrored beyond the {} edge"
assert_edge([1e-4, 1e-3, 1e-2], 1e-2, [10**-2.5, 1e-2, 10**-1.5], beyond.format("upper"))
assert_edge([1e-4, 1e-3, 1e-2], 1e-4, [10**-4.5, 1e-4, 10**-3.5], beyond.format("lower"))
assert_edge([3.0, 0.75, 48.0, 12.0], 48.0, [24.0, 48.0, 96.0], beyond.format("upper"))
assert_edge([3.0, 0.75, 48.0, 12.0], 0.75, [0.375, 0.75, 1.5], beyond.format("lower"))
assert_edge([0.1, 0.2, 0.5], 0.5, [0.35, 0.5, 0.65], beyond.format("upper"))
assert_edge([0.1, 0.2, 0.5], 0.1, [0.05, 0.1, 0.15], beyond.format("lower"))
assert_edge([0.6, 0.1, 0.2, 0.5], 0.6, [0.55, 0.6, 0.65], beyond.format("upper"))
two = "Expected two positive values to count as geometric steps"
assert_edge([3, 27], 27, [9, 27, 81], two)
assert_edge([0.04, 0.16], 0.04, [0.02, 0.04, 0.08], two)
assert_edge([0.0, 0.2, 0.4], 0.0, [0.0, 0.1], "Expected values below zero to be dropped")
assert_edge([0.5, 0.0], 0.0, [0.0, 0.25], "Expected values below zero to be dropped")
assert_edge([0.0, 0.5], 0.5, [0.25, 0.5, 0.75], "Expected two values to have arithmetic steps where one is zero")
assert_edge([2, 3], 2, [2], "Expected whole numbers to be rounded and repeats to be dropped")
assert_edge([2, 3], 3, [2, 3, 4], "Expected whole numbers to be rounded")
assert_edge([0, 4, 8], 8, [6, 8, 10], "Expected arithmetic steps at an edge where a value is zero")
assert_edge([0, 4, 8], 0, [0, 2], "Expected values below zero to be dropped")

# %% test_refine_grid_pinned
coarse = {
    "shuffle": [True, False],
    "verbose": np.array([False, True]),
    "activation": ["relu", "tanh"],
    "layers": [3],
    "dropout": (0.3,),
    "rate": [0.4, 0.1, 0.2],
}
best = {"shuffle": True, "verbose": np.True_, "activation": "relu", "layers": 3, "dropout": 0.3, "rate": 0.2}
before = str(coarse), str(best)
finer = finer_grid(coarse, best)
for dial in ["shuffle", "verbose", "activation", "layers", "dropout"]:
    assert finer[dial] == [best[dial]], (
        f"Expected {dial} to be pinned to its best value, found {len(finer[dial])} values: {str(finer[dial])[:60]}."
    )
assert len(finer["rate"]) == 3, (
    f"Expected a numeric dial beside pinned ones to be refined, found {len(finer['rate'])} values."
)
assert (str(coarse), str(best)) == before, "Expected the coarse grid and the best recipe to stay as they were."
finer = finer_grid({"shuffle": [False, True]}, {"shuffle": False})
assert finer == {"shuffle": [False]}, f"Expected False to be pinned as True is, found {str(finer['shuffle'])[:60]}."
raises(ValueError, lambda: refine_grid({"rate": [0.1, 0.2]}, {"rate": 0.15}), "a best value that is not on the grid")
raises(ValueError, lambda: refine_grid({"act": ["relu", "tanh"]}, {"act": "elu"}), "a best string off the grid")
raises(ValueError, lambda: refine_grid({"layers": [2]}, {"layers": 3}), "a best value that a dial with one value lacks")
raises(ValueError, lambda: refine_grid({"rate": [0.1, 0.2]}, {}), "a dial that best_params does not mention")
raises(ValueError, lambda: refine_grid({"layers": [2]}, {}), "a dial with one value that best_params does not mention")
raises(ValueError, lambda: refine_grid({"a": ["x", "y"], "b": [1]}, {"a": "x"}), "a last dial without a best value")
