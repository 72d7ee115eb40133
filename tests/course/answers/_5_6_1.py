"""Answers to exercise _5_6_1."""

from tests.course.answers import Case

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
        if len(values) < 2 or isinstance(best, (bool, np.bool_, str)):
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
    Case("rate_twice", _grid(clf__model__learning_rate="[0.01, 0.01, 0.001, 0.0001]"), (DIALS,)),
    Case("rates_that_are_text", _grid(clf__model__learning_rate="['1e-4', '1e-3', '1e-2']"), (RATES,)),
    Case("one_rate_that_is_text", _grid(clf__model__learning_rate="[1e-4, '1e-3', 1e-2]"), (RATES,)),
    Case("a_number_for_the_rates", _grid(clf__model__learning_rate="0.01"), (DIALS, RATES, COMBINATIONS)),
    Case("the_grid_of_the_lesson", {"param_grid": """param_grid = {
    "clf__model__learning_rate": [0.01, 0.001, 0.0001],
    "clf__batch_size": [16, 32, 64],
    "clf__model__num_neurons": [64, 128],
}"""}, (RATES,)),
    Case("rates_given_as_exponents", _grid(clf__model__learning_rate="[-4, -3, -2]"), (RATES,)),
    Case("rates_of_nan", _grid(clf__model__learning_rate="[0.01, float('nan'), 0.0001]"), (RATES,)),
    Case("two_rates_and_a_copy", _grid(clf__model__learning_rate="[0.01, 0.0001, 0.01]"), (DIALS, RATES)),
    Case("sizes_that_are_text", _grid(clf__batch_size="['16', '32']"), (SIZES,)),
    Case("neurons_that_are_text", _grid(clf__model__num_neurons="['64', '128']"), (SIZES,)),
    Case("neurons_that_are_flags", _grid(clf__model__num_neurons="[True, 64]"), (SIZES,)),
    Case("negative_batch_size", _grid(clf__batch_size="[-16, 16]"), (SIZES,)),
    Case("batch_sizes_of_ten", _grid(clf__batch_size="[10, 20]"), (SIZES,)),
    Case("batch_size_of_four", _grid(clf__batch_size="[4, 8]"), (SIZES,)),
    Case("a_number_for_the_neurons", _grid(clf__model__num_neurons="64"), (DIALS, SIZES, COMBINATIONS)),
    Case("half_a_neuron", _grid(clf__model__num_neurons="[64, 64.5]"), (SIZES,)),
    Case("the_same_size_twice", _grid(clf__batch_size="[16, 16, 32]"), (DIALS,)),
    Case("weights_twice", _grid(clf__class_weight="[{0: 1, 1: 3}, {0: 1, 1: 3}]"), (DIALS,)),
    Case("a_set_of_values", _grid(clf__batch_size="{16, 32}"), (DIALS, SIZES, COMBINATIONS)),
    Case("a_text_for_a_list", _grid(clf__optimizer="'adam'"), (DIALS, COMBINATIONS)),
    Case("a_list_of_grids", {"param_grid": "param_grid = [{'clf__batch_size': [16, 32]}]"},
         (DIALS, RATES, SIZES, COMBINATIONS)),
    Case("without_the_step", {"param_grid": "param_grid = {'learning_rate': [0.01, 0.001, 0.0001], "
         "'batch_size': [16, 32], 'num_neurons': [64, 128]}"}, (DIALS, RATES, SIZES, COMBINATIONS)),
    Case("unknown_dial", _grid(clf__model__neurons="[1, 2]"), (DIALS,)),
    Case("no_batch_size", _grid(clf__batch_size=""), (DIALS, SIZES)),
    Case("batch_size_of_three", _grid(clf__batch_size="[30, 60]"), (SIZES,)),
    Case("batch_size_too_large", _grid(clf__batch_size="[512, 1024]"), (SIZES,)),
    Case("float_batch_size", _grid(clf__batch_size="[16.0, 32.0]"), (SIZES,)),
    Case("one_number_of_neurons", _grid(clf__model__num_neurons="[64]"), (DIALS,)),
    Case("no_neurons", _grid(clf__model__num_neurons="[0, 64]"), (SIZES,)),
    Case("too_many_recipes", _grid(clf__batch_size="[16, 32, 64]", clf__model__dropout="[0.0, 0.2]"), (COMBINATIONS,)),
    Case("a_value_for_a_list", _grid(clf__model__dropout="0.2"), (DIALS, COMBINATIONS)),
    Case("empty_dial_among_full_ones", _count("recipes = 0\n"
         "    for grid in param_grid if isinstance(param_grid, list) else [param_grid]:\n"
         "        recipes += int(np.prod([len(v) for v in grid.values() if len(v)], dtype=int)) if grid else 0\n"
         "    if cv < 2 or all(not len(v) for g in ([param_grid] if isinstance(param_grid, dict) else param_grid)"
         " for v in g.values()): raise ValueError\n    return recipes * cv + refit"), (ERRORS,)),
    Case("one_fold_without_refit", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if r < 1 or cv < 1 or (cv < 2 and refit): raise ValueError\n    return r * cv + refit"), (ERRORS,)),
    Case("one_fold_for_a_list", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if r < 1 or (cv < 2 and isinstance(param_grid, dict)): raise ValueError\n"
         "    return r * cv + refit"), (ERRORS,)),
    Case("only_one_fold_refused", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if r < 1 or cv == 1: raise ValueError\n    return r * cv + refit"), (ERRORS,)),
    Case("two_folds_refused", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if r < 1 or cv <= 2: raise ValueError\n    return r * cv + refit"), (ONE_GRID, GRIDS, ERRORS)),
    Case("type_error_for_errors", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if r < 1 or cv < 2: raise TypeError\n    return r * cv + refit"), (ERRORS,)),
    Case("minus_one_for_errors", _count("r = 0 if not param_grid else len(ParameterGrid(param_grid))\n"
         "    return r * cv + refit if r and cv >= 2 else -1"), (ERRORS,)),
    Case("a_recipe_of_two_grids_once", _count("if cv < 2 or not param_grid: raise ValueError\n"
         "    return len({str(sorted(p.items())) for p in ParameterGrid(param_grid)}) * cv + refit"), (GRIDS,)),
    Case("only_the_first_grid", _count("if cv < 2 or not param_grid: raise ValueError\n"
         "    grid = param_grid[0] if isinstance(param_grid, list) else param_grid\n"
         "    return len(ParameterGrid(grid)) * cv + refit"), (GRIDS,)),
    Case("grids_multiplied", _count("if cv < 2 or not param_grid: raise ValueError\n"
         "    grids = param_grid if isinstance(param_grid, list) else [param_grid]\n"
         "    return int(np.prod([len(ParameterGrid(g)) for g in grids])) * cv + refit"), (GRIDS,)),
    Case("float_count", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return float(r * cv + refit)"), (ONE_GRID,)),
    Case("text_count", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return str(r * cv + refit)"), (ONE_GRID, GRIDS)),
    Case("printed_count", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    print(r * cv + refit)"), (ONE_GRID, GRIDS, ERRORS)),
    Case("five_folds_by_default", {"count_fits": _COUNT.format(
         "r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return r * cv + refit").replace("cv=3", "cv=5")},
         (ONE_GRID,)),
    Case("no_refit_by_default", {"count_fits": _COUNT.format(
         "r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    return r * cv + refit").replace("refit=True", "refit=False")},
         (ONE_GRID, GRIDS)),
    Case("the_grid_is_emptied", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n"
         "    isinstance(param_grid, dict) and param_grid.clear()\n    return r * cv + refit"), (ONE_GRID,)),
    Case("lists_only", _count("r = len(ParameterGrid(param_grid)) if param_grid else 0\n"
         "    if cv < 2 or r < 1: raise ValueError\n    if isinstance(param_grid, dict):\n"
         "        r = int(np.prod([len(v) if isinstance(v, list) else 1 for v in param_grid.values()]))\n"
         "    return r * cv + refit"), (ONE_GRID,)),
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
    Case("always_geometric", _refine(geometric="values[0] > 0"), (INSIDE, EDGE)),
    Case("unsorted", _refine(prepare="pass"), (INSIDE, EDGE)),
    Case("three_values_only", _refine(prepare="values = sorted(values)[:3]"), (INSIDE, EDGE)),
    Case("ratios_within_twenty_percent", _refine(geometric="bool(ratios) and max(ratios) / min(ratios) <= 1.2"),
         (INSIDE,)),
    Case("ratios_within_one_percent", _refine(geometric="bool(ratios) and max(ratios) / min(ratios) <= 1.01"),
         (INSIDE,)),
    Case("ratios_exactly_equal", _refine(geometric="len(set(ratios)) == 1"), (INSIDE,)),
    Case("the_first_two_ratios_only", _refine(
         geometric="bool(ratios) and abs(ratios[0] / ratios[:2][-1] - 1) <= 0.05"),
         (INSIDE,)),
    Case("factors_of_two_four_and_ten_only", _refine(
         geometric="bool(ratios) and all(min(abs(r / f - 1) for f in (2, 4, 10)) < 0.05 for r in ratios)"),
         (INSIDE, EDGE)),
    Case("two_values_are_arithmetic", _refine(geometric="len(ratios) > 1 and max(ratios) / min(ratios) <= 1.05"),
         (EDGE,)),
    Case("arithmetic_edges_are_not_left", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole "
         "else v for v in new) if v >= 0 and (geometric or min(values) <= v)]"), (EDGE,)),
    Case("the_mean_step_at_an_edge", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "else (points[1] - points[0]) / 2", "else (points[-1] - points[0]) / (len(points) - 1) / 2").replace(
         "else down", "else (points[-1] - points[0]) / (len(points) - 1) / 2")}, (EDGE,)),
    Case("zero_dropped", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole else v for v in new) "
         "if v > 0]"), (EDGE,)),
    Case("whole_numbers_as_floats", _refine(finish="new = [v for v in dict.fromkeys(float(round(v)) if whole else v "
         "for v in new) if v >= 0]"), (INSIDE,)),
    Case("whole_floats_rounded", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "isinstance(v, (int, np.integer))", "v == int(v)")}, (INSIDE,)),
    Case("whole_numbers_cut_off", _refine(finish="new = [v for v in dict.fromkeys(int(v) if whole else v "
         "for v in new) if v >= 0]"), (INSIDE, EDGE)),
    Case("text_for_numbers", _refine(finish="new = [str(v) for v in dict.fromkeys(round(v) if whole else v "
         "for v in new) if v >= 0]"), (INSIDE, EDGE)),
    Case("the_best_left_out", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole else v "
         "for v in new) if v >= 0 and v != best]"), (INSIDE, EDGE, PINNED)),
    Case("decreasing_order", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole else v "
         "for v in new) if v >= 0][::-1]"), (INSIDE, EDGE)),
    Case("sorted_in_place", {"refine_grid": _REFINE.format(**_GOOD).replace("values = list(values)",
         "isinstance(values, list) and values.sort(); values = list(values)")}, (INSIDE, PINNED)),
    Case("the_coarse_grid_is_changed", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "finer = {}", "finer = param_grid")}, (PINNED,)),
    Case("numpys_booleans_refined", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "(bool, np.bool_, str)", "(bool, str)")}, (PINNED,)),
    Case("missing_dial_with_one_value", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "if dial not in best_params or best_params[dial] not in values:",
         "if len(values) == 1 and dial not in best_params:\n            finer[dial] = values\n            continue\n"
         "        if dial not in best_params or best_params[dial] not in values:")}, (PINNED,)),
    Case("pinned_dials_left_out", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "finer[dial] = [best]\n            continue", "continue")}, (PINNED,)),
    Case("pinned_dials_keep_all_values", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "finer[dial] = [best]", "finer[dial] = values")}, (PINNED,)),
    Case("pinned_without_a_list", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "finer[dial] = [best]", "finer[dial] = best")}, (PINNED,)),
    Case("only_the_first_dial", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "    return finer", "        return finer")}, (PINNED,)),
    Case("index_error_off_the_grid", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "raise ValueError(dial)", "raise IndexError(dial)")}, (PINNED,)),
    Case("floats_of_python_only", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "isinstance(best, (bool, np.bool_, str))", "type(best) not in (int, float, np.int64)")}, (INSIDE,)),
    Case("box_never_left", _refine(finish="new = [v for v in dict.fromkeys(round(v) if whole else v for v in new) "
         "if v >= 0 and min(values) <= v <= max(values)]"), (EDGE,)),
    Case("negative_values_kept", _refine(finish="new = list(dict.fromkeys(round(v) for v in new)) if whole else new"),
         (EDGE,)),
    Case("whole_numbers_not_rounded", _refine(finish="new = [v for v in new if v >= 0]"), (INSIDE, EDGE)),
    Case("repeats_kept", _refine(finish="new = [round(v) if whole else v for v in new if v >= 0]"), (EDGE,)),
    Case("neighbours_for_midpoints", _refine(finish="new = values[max(i - 1, 0) : i + 2]"), (INSIDE, EDGE)),
    Case("booleans_refined", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "(bool, np.bool_, str)", "str")}, (PINNED,)),
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
    Case("a_dict_of_weights", _grid(clf__class_weight="[None, {0: 1, 1: 3}]")),
    Case("callbacks", _grid(clf__callbacks="[None, [__import__('keras').callbacks.EarlyStopping(patience=2)]]")),
    Case("metrics_of_two_lengths", _grid(clf__metrics="[['AUC'], ['AUC', 'accuracy']]")),
    Case("the_lesson_in_another_order", _grid(clf__model__learning_rate="[0.0001, 0.001, 0.01]",
         clf__batch_size="[16, 32, 64]")),
    Case("the_rates_of_the_lesson", _grid(clf__batch_size="[8, 512]")),
    Case("halves_of_decades", _grid(clf__model__learning_rate="[10 ** (-e / 2) for e in range(2, 7)]",
         clf__batch_size="[64, 32]", clf__model__num_neurons="[1, 2]")),
    Case("a_range", _grid(clf__model__num_neurons="range(16, 18)")),
    Case("a_grid_by_a_loop", {"param_grid": """
param_grid = {}
for dial, values in [("batch_size", (8, 16, 32)), ("model__num_neurons", np.arange(1, 3)),
                     ("model__learning_rate", 10.0 ** -np.arange(1, 5))]:
    param_grid["clf__" + dial] = values
"""}),
    Case("other_dials_of_every_kind", _grid(clf__shuffle="(True, False)",
         clf__model__num_neurons="[4, 5]", clf__batch_size="[128, 8]")),
    Case("a_product_by_hand", {"count_fits": """
from functools import reduce
from operator import mul

def count_fits(param_grid, cv=3, refit=True):
    if not cv > 1:
        raise ValueError("a single fold leaves nothing to test on")
    if isinstance(param_grid, dict):
        param_grid = [param_grid]
    recipes = [reduce(mul, (len(values) for values in grid.values()), 1) for grid in param_grid]
    if not recipes or 0 in recipes:
        raise ValueError("no recipe")
    return cv * sum(recipes) + (refit is True)
"""}),
    Case("itertools_count", {"count_fits": '''
import itertools

def count_fits(param_grid, cv=3, refit=True):
    grids = [param_grid] if isinstance(param_grid, dict) else list(param_grid)
    recipes = sum(len(list(itertools.product(*grid.values()))) for grid in grids if grid)
    if cv < 2 or recipes == 0:
        raise ValueError("nothing to count")
    return np.int64(recipes * cv + int(refit))
'''}),
    Case("an_empty_grid_has_one_recipe", _count("if cv < 2 or len(ParameterGrid(param_grid)) == 0:\n"
         "        raise ValueError('nothing to search')\n    return len(ParameterGrid(param_grid)) * cv + refit")),
    Case("recipes_listed", _count("if cv < 2:\n        raise ValueError(cv)\n"
         "    n = len(list(ParameterGrid(param_grid)))\n    if not n:\n        raise ValueError('no recipe')\n"
         "    return sum(cv for _ in range(n)) + (1 if refit else 0)")),
    Case("a_search_asked", {"count_fits": '''
from sklearn.model_selection import GridSearchCV, ParameterGrid

class CountError(ValueError):
    pass

def count_fits(param_grid, cv=3, refit=True):
    try:
        n = len(ParameterGrid(param_grid))
    except ValueError as error:
        raise CountError("an empty dial") from error
    if min(n, cv - 1) < 1:
        raise CountError("nothing to train")
    return n * cv if not refit else 1 + n * cv
'''}),
    Case("another_way_to_refine", _refine()),
    Case("bankers_and_tuples", _refine(finish="new = tuple(v for v in dict.fromkeys(int(v + 0.5) if whole else v "
         "for v in new) if v >= 0)")),
    Case("neighbours_agree_pairwise", _refine(geometric="values[0] > 0 and all(abs(b / a - 1) <= 0.05 "
         "for a, b in zip(ratios, ratios[1:]))")),
    Case("logarithms_of_base_ten", {"refine_grid": _REFINE.format(**_GOOD).replace("(math.log, math.exp)",
         "(math.log10, lambda e: 10.0**e)")}),
    Case("dials_in_another_order", {"refine_grid": _REFINE.format(**_GOOD).replace(
         "for dial, values in param_grid.items():",
         "for dial in sorted(param_grid):\n        values = param_grid[dial]")}),
    Case("fixed_first_then_numbers", {"refine_grid": '''
import numbers

def refine_grid(param_grid, best_params):
    def middle(a, b, geometric):
        return (a * b) ** 0.5 if geometric else a + (b - a) / 2
    finer = dict.fromkeys(param_grid)
    for dial in param_grid:
        coarse = [v.item() if isinstance(v, np.generic) else v for v in param_grid[dial]]
        try:
            at_home = coarse.index(best_params[dial])
        except (KeyError, ValueError):
            raise ValueError(f"no best value of {dial} on the grid") from None
        best = coarse[at_home]
        if len(coarse) == 1 or not all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in coarse):
            finer[dial] = [best_params[dial]]
            continue
        line = sorted(coarse)
        ratios = np.divide(line[1:], line[:-1]) if min(line) > 0 else np.array([0, 9])
        geometric = bool(np.ptp(ratios) <= 0.05 * ratios.min())
        i = line.index(best)
        low = middle(line[i - 1], best, geometric) if i else None
        high = middle(best, line[i + 1], geometric) if i + 1 < len(line) else None
        mirror = lambda v: best * best / v if geometric else 2 * best - v
        low, high = mirror(high) if low is None else low, mirror(low) if high is None else high
        new = [low, best, high]
        if all(isinstance(v, int) for v in coarse):
            new = sorted(set(map(round, new)))
        finer[dial] = np.array([v for v in new if v >= 0])
    return finer
'''}),
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

CASES = HANDED_IN = WRONG + RIGHT
