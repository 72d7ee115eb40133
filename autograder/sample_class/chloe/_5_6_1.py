# Linear learning rates, a refit that is never counted, and a finer grid that forgets the edges.

# %% param_grid
param_grid = {
    "clf__model__learning_rate": [0.001, 0.005, 0.01],
    "clf__batch_size": [32, 64],
    "clf__model__num_neurons": [32, 64],
}

# %% count_fits
def count_fits(param_grid, cv=3, refit=True):
    if cv < 2:
        raise ValueError("need at least two folds")
    grids = param_grid if isinstance(param_grid, list) else [param_grid]
    recipes = sum(np.prod([len(values) for values in grid.values()], dtype=int) for grid in grids if grid)
    if recipes == 0:
        raise ValueError("the grid is empty")
    return int(recipes) * cv

# %% refine_grid
def refine_grid(param_grid, best_params):
    finer = {}
    for dial, values in param_grid.items():
        if dial not in best_params or best_params[dial] not in list(values):
            raise ValueError(f"{dial} is not on the grid")
        best = best_params[dial]
        if len(values) < 2 or isinstance(best, (str, bool, np.bool_)):
            finer[dial] = [best]
            continue
        values = sorted(values)
        i = values.index(best)
        ratios = [b / a for a, b in zip(values, values[1:])] if values[0] > 0 else []
        geometric = ratios and max(ratios) <= 1.05 * min(ratios)
        near = [np.sqrt(best * v) if geometric else (best + v) / 2 for v in values[max(i - 1, 0) : i + 2] if v != best]
        new = sorted([*near, best])
        finer[dial] = [round(v) for v in new] if all(isinstance(v, int) for v in values) else new
    return finer
