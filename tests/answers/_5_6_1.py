"""Answers to exercise _5_6_1."""

from tests.answers import Case

_COUNT = '''
from sklearn.model_selection import ParameterGrid

def count_fits(param_grid, cv=3, refit=True):
    {}
'''

_REFINE = '''
import math

def count_of(values):
    return len(values)

def refine_grid(param_grid, best_params):
    finer = {{}}
    for dial, values in param_grid.items():
        values = list(values)
        if dial not in best_params or best_params[dial] not in values:
            raise ValueError(dial)
        best = best_params[dial]
        if len(values) < 2 or isinstance(best, (bool, str)):
            finer[dial] = [best]
            continue
        whole = all(isinstance(v, (int, np.integer)) for v in values)
        {prepare}
        i = values.index(best)
        ratios = [b / a for a, b in zip(values, values[1:])] if values[0] > 0 else []
        geometric = {geometric}
        there, back = (math.log, math.exp) if geometric else (float, float)
        points = [there(v) for v in values]
        down = (points[i] - points[i - 1]) / 2 if i else (points[1] - points[0]) / 2
        up = (points[i + 1] - points[i]) / 2 if i + 1 < len(points) else down
        new = [back(points[i] - down), best, back(points[i] + up)]
        {finish}
        finer[dial] = new
    return finer
'''
_GOOD = {
    "prepare": "values = sorted(values)",
    "geometric": "bool(ratios) and max(ratios) / min(ratios) <= 1.05",
    "finish": "new = [v for v in dict.fromkeys(round(v) if whole else v for v in new) if v >= 0]",
}


def _grid(**dials: str) -> dict[str, str]:
    """Return an answer to `param_grid`: source by dial, the reference's values where nothing else is said."""
    text = {
        "clf__model__learning_rate": "[0.01, 0.001, 0.0001]",
        "clf__batch_size": "[16, 32]",
        "clf__model__num_neurons": "[64, 128]",
        **dials,
    }
    lines = ", ".join(f"{dial!r}: {values}" for dial, values in text.items() if values)
    return {"param_grid": f"param_grid = {{{lines}}}"}


def _count(body: str) -> dict[str, str]:
    return {"count_fits": _COUNT.format(body)}


def _refine(**changes: str) -> dict[str, str]:
    return {"refine_grid": _REFINE.format(**{**_GOOD, **changes})}


DIALS, RATES = "test_param_grid_dials", "test_param_grid_learning_rate"
SIZES, COMBINATIONS = "test_param_grid_sizes", "test_param_grid_combinations"
ONE_GRID, GRIDS, ERRORS = "test_count_fits_grid", "test_count_fits_list", "test_count_fits_errors"
INSIDE, EDGE, PINNED = "test_refine_grid_inside", "test_refine_grid_edge", "test_refine_grid_pinned"

WRONG = [
    Case("linear_rates", _grid(clf__model__learning_rate="[0.001, 0.005, 0.01, 0.1]"), (RATES,)),
    Case("linspace_rates", _grid(clf__model__learning_rate="list(np.linspace(0.0001, 0.01, 3))"), (RATES,)),
    Case("two_rates", _grid(clf__model__learning_rate="[0.01, 0.0001]"), (RATES,)),
    Case("rates_too_close", _grid(clf__model__learning_rate="[0.001, 0.002, 0.004]"), (RATES,)),
    Case("rate_of_one", _grid(clf__model__learning_rate="[1.0, 0.1, 0.01]"), (RATES,)),
    Case("negative_rate", _grid(clf__model__learning_rate="[-0.01, 0.001, 0.1]"), (RATES,)),
    Case("rate_twice", _grid(clf__model__learning_rate="[0.01, 0.01, 0.001, 0.0001]"), (DIALS, RATES)),
    Case("without_the_step", {"param_grid": "param_grid = {'learning_rate': [0.01, 0.001, 0.0001], "
         "'batch_size': [16, 32], 'num_neurons': [64, 128]}"}, (DIALS, RATES, SIZES, COMBINATIONS)),
    Case("unknown_dial", _grid(clf__model__neurons="[1, 2]"), (DIALS,)),
    Case("no_batch_size", _grid(clf__batch_size=""), (DIALS, SIZES)),
    Case("batch_size_of_three", _grid(clf__batch_size="[30, 60]"), (SIZES,)),
    Case("batch_size_too_large", _grid(clf__batch_size="[512, 1024]"), (SIZES,)),
    Case("float_batch_size", _grid(clf__batch_size="[16.0, 32.0]"), (SIZES,)),
    Case("one_number_of_neurons", _grid(clf__model__num_neurons="[64]"), (DIALS, SIZES)),
    Case("no_neurons", _grid(clf__model__num_neurons="[0, 64]"), (SIZES,)),
    Case("too_many_recipes", _grid(clf__batch_size="[16, 32, 64]", clf__model__dropout="[0.0, 0.2]"), (COMBINATIONS,)),
    Case("a_value_for_a_list", _grid(clf__model__dropout="0.2"), (DIALS, COMBINATIONS)),
    Case("refit_forgotten", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return r * cv"), (ONE_GRID, GRIDS)),
    Case("refit_always", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return r * cv + 1"), (ONE_GRID, GRIDS)),
    Case("refit_per_fold", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return (r + refit) * cv"), (ONE_GRID, GRIDS)),
    Case("sum_for_product", _count("if cv < 2 or not param_grid: raise ValueError\n"
         "    grids = param_grid if isinstance(param_grid, list) else [param_grid]\n"
         "    if not all(len(v) for g in grids for v in g.values()): raise ValueError\n"
         "    return sum(len(v) for g in grids for v in g.values()) * cv + refit"), (ONE_GRID, GRIDS)),
    Case("refit_per_grid", _count("grids = param_grid if isinstance(param_grid, list) else [param_grid]\n"
         "    if cv < 2 or not param_grid: raise ValueError\n"
         "    return sum(len(ParameterGrid(g)) * cv + refit for g in grids)"), (GRIDS,)),
    Case("only_dicts", _count("if cv < 2 or not param_grid: raise ValueError\n"
         "    n = int(np.prod([len(v) for v in param_grid.values()]))\n"
         "    if n == 0: raise ValueError\n    return n * cv + refit"), (GRIDS,)),
    Case("no_errors", _count("return len(ParameterGrid(param_grid)) * cv + refit"), (ERRORS,)),
    Case("assert_for_error", _count("assert cv >= 2 and param_grid\n"
         "    return len(ParameterGrid(param_grid)) * cv + refit"), (ERRORS,)),
    Case("a_constant", _count("return 19"), (ONE_GRID, GRIDS, ERRORS)),
    Case("always_arithmetic", _refine(geometric="False"), (INSIDE, EDGE)),
    Case("always_geometric", _refine(geometric="values[0] > 0"), (INSIDE,)),
    Case("unsorted", _refine(prepare="pass"), (INSIDE,)),
    Case("box_never_left", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole else v for v in new) "
         "if v >= 0 and min(values) <= v <= max(values)]"), (EDGE,)),
    Case("negative_values_kept", _refine(finish="new = list(dict.fromkeys(round(v) for v in new)) if whole else new"),
         (EDGE,)),
    Case("whole_numbers_not_rounded", _refine(finish="new = [v for v in new if v >= 0]"), (INSIDE, EDGE)),
    Case("repeats_kept", _refine(finish="new = [round(v) if whole else v for v in new if v >= 0]"), (EDGE,)),
    Case("neighbours_for_midpoints", _refine(finish="new = values[max(i - 1, 0) : i + 2]"), (INSIDE, EDGE)),
    Case("booleans_refined", {"refine_grid": _REFINE.format(**_GOOD).replace("(bool, str)", "str")}, (PINNED,)),
    Case("nothing_raised", {"refine_grid": _REFINE.format(**_GOOD).replace("raise ValueError(dial)", "continue")},
         (PINNED,)),
    Case("key_error", {"refine_grid": _REFINE.format(**_GOOD).replace("dial not in best_params or ", "")}, (PINNED,)),
]  # fmt: skip

RIGHT = [
    Case("numpy_arrays", _grid(
        clf__model__learning_rate="np.logspace(-4, -2, 3)",
        clf__batch_size="2 ** np.arange(4, 6)",
        clf__model__num_neurons="np.array([64, 128])",
    )),
    Case("more_dials", _grid(clf__model__dropout="[0.0, 0.3]")),
    Case("another_order_and_tuples", {"param_grid":
        "param_grid = dict(clf__model__num_neurons=(8, 7), clf__batch_size=(512, 8), "
        "clf__model__learning_rate=(3e-5, 3e-2, 3e-3, 3e-4))"}),
    Case("float32_rates", _grid(clf__model__learning_rate="list(np.geomspace(1e-4, 1e-2, 3).astype('float32'))")),
    Case("one_three_ten", _grid(clf__model__learning_rate="[1e-4, 3e-4, 1e-3, 3e-3, 1e-2]")),
    Case("a_range", _grid(clf__model__num_neurons="range(16, 18)")),
    Case("itertools_count", {"count_fits": '''
import itertools

def count_fits(param_grid, cv=3, refit=True):
    grids = [param_grid] if isinstance(param_grid, dict) else list(param_grid)
    recipes = sum(len(list(itertools.product(*grid.values()))) for grid in grids if grid)
    if cv < 2 or recipes == 0:
        raise ValueError("nothing to count")
    return np.int64(recipes * cv + int(refit))
'''}),
    Case("another_way_to_refine", _refine()),
    Case("numpy_refinement", {"refine_grid": '''
def refine_grid(param_grid, best_params):
    out = {}
    for name in param_grid:
        coarse = np.array(param_grid[name])
        if name not in best_params:
            raise ValueError("no best value of " + name)
        best = best_params[name]
        if best not in coarse.tolist():
            raise ValueError(f"{best} is not on the grid")
        if len(coarse) == 1 or coarse.dtype.kind not in "iuf":
            out[name] = [best]
            continue
        coarse.sort()
        log = coarse.min() > 0 and np.allclose(coarse[1:] / coarse[:-1], coarse[1] / coarse[0], rtol=0.05)
        x = np.log(coarse) if log else coarse.astype(float)
        at = coarse.tolist().index(best)
        half = np.diff(x) / 2
        left = half[at - 1] if at > 0 else half[0]
        right = half[at] if at < len(half) else half[-1]
        new = np.array([x[at] - left, x[at], x[at] + right])
        new = np.exp(new) if log else new
        if coarse.dtype.kind in "iu":
            new = np.unique(np.rint(new).astype(int))
        out[name] = new[new >= 0]
    return out
'''}),
]  # fmt: skip

CASES = WRONG + RIGHT
