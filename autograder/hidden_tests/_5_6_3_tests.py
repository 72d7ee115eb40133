"""Hidden tests of exercise _5_6_3; each cell is appended to the test cell of the same grade id."""

# %% test_select_best
model, params, score = winner
found = model(prepared_test).numpy().ravel()
expected = search.predict_proba(X_test)[:, 1]
assert np.allclose(found, expected, atol=1e-5), "Expected the model that won, found one that predicts otherwise."
assert params == search.best_params_, f"Expected the winner's parameters, found {params}."
assert np.isclose(score, search.best_score_), f"Expected the winner's score of cross-validation, found {score}."

# %% test_freeze_files
names = {"keras": "best_churn_model.keras", "saved_model": "best_churn_model", "weights": "best_churn_model.weights.h5"}
for key, name in names.items():
    path = Path(paths[key])
    assert path.name == name, f"Expected the name {name} for {key!r}, found {path.name}."
    assert path.parent.resolve() == (freezer / "shelf" / "visible").resolve(), (
        f"Expected {name} in the folder that was asked for, found it in {path.parent.name}.")
assert Path(paths["saved_model"]).is_dir(), "Expected the SavedModel to be a folder, found a file."
assert (Path(paths["saved_model"]) / "saved_model.pb").exists(), (
    "Expected a SavedModel in the folder, found no saved_model.pb.")
for key in ["keras", "weights"]:
    assert Path(paths[key]).is_file(), f"Expected {names[key]} to be a file, found a folder."

# %% test_freeze_other_models
import os
import subprocess
import sys


def build(width):
    return build_model({"n_features_in_": 7}, num_neurons=width, num_layers=2)


models = {"left": build(5), "right": build(5)}
folders = {name: freezer / "never" / "made" / name for name in models}
for name, model in models.items():
    freeze(model, folders[name])
rows = np.random.default_rng(0).normal(size=(9, 7)).astype("float32")
np.save(freezer / "rows.npy", rows)
# A process of its own, so that nothing this notebook remembers can help.
script = "; ".join([
    "import sys, numpy as np",
    "from pathlib import Path",
    "from coffee_shop.recipe import build_model",
    "import keras, tensorflow as tf",
    "room = Path(sys.argv[1])",
    "rows = np.load(room / 'rows.npy')",
    "boxes = [room / 'never' / 'made' / side / 'best_churn_model' for side in ('left', 'right')]",
    "body = build_model({'n_features_in_': 7}, num_neurons=5, num_layers=2)",
    "out = [f(box) for box in boxes for f in ("
    "lambda b: keras.models.load_model(f'{b}.keras')(rows).numpy(), "
    "lambda b: (lambda served: served.serve(rows).numpy())(tf.saved_model.load(str(b))), "
    "lambda b: (body.load_weights(f'{b}.weights.h5'), body(rows).numpy())[1])]",
    "np.save(room / 'out.npy', np.array(out))",
])
environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
run = subprocess.run(
    [sys.executable, "-c", script, str(freezer)], capture_output=True, text=True, env=environment, cwd=freezer)
reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
assert run.returncode == 0, f"Expected a fresh process to load what was frozen, found: {reason[:300]}"
found = np.load(freezer / "out.npy")
for i, (side, model) in enumerate(models.items()):
    for key, output in zip(["keras", "saved_model", "weights"], found[3 * i : 3 * i + 3]):
        assert np.allclose(output, model(rows).numpy(), atol=1e-5), (
            f"Expected the model from the folder {side!r} to predict as before in a fresh process, "
            f"found other probabilities in {key!r}.")

# %% test_thaw_models
def build():
    return build_model({"n_features_in_": 6}, num_neurons=4, num_layers=2)


strangers = {}
for side in ["left", "right"]:
    box, strangers[side] = freezer / f"stranger_{side}", build()
    box.mkdir(exist_ok=True)
    strangers[side].save(box / "m.keras")
    strangers[side].export(box / "m", verbose=False)
    strangers[side].save_weights(box / "m.weights.h5")
rows = np.random.default_rng(1).normal(size=(11, 6)).astype("float32")
for side, stranger in strangers.items():
    box = freezer / f"stranger_{side}"
    back = thaw({"keras": box / "m.keras", "saved_model": box / "m", "weights": box / "m.weights.h5"}, build)
    for key in ["keras", "saved_model"]:
        found = np.asarray(back[key](rows))
        assert found.shape == (11, 1) and np.allclose(found, stranger(rows).numpy(), atol=1e-5), (
            f"Expected {key!r} to give the probabilities of the model in that very file, also for another "
            "architecture, found others.")

# %% test_thaw_weights
def build():
    return build_model({"n_features_in_": 5}, num_neurons=3, num_layers=2)


box, stranger = freezer / "stranger_weights", build()
box.mkdir(exist_ok=True)
stranger.save(box / "m.keras")
stranger.export(box / "m", verbose=False)
stranger.save_weights(box / "m.weights.h5")
rows = np.random.default_rng(2).normal(size=(11, 5)).astype("float32")
back = thaw({"keras": box / "m.keras", "saved_model": box / "m", "weights": box / "m.weights.h5"}, build)
found = np.asarray(back["weights"](rows))
assert found.shape == (11, 1) and np.allclose(found, stranger(rows).numpy(), atol=1e-5), (
    "Expected 'weights' to give the probabilities of the model whose weights were saved, found others.")

# %% test_round_trip_errors
base = small(prepared_test).numpy()
shift = np.zeros_like(base)
shift[3], shift[8] = -0.5, 0.125
broken = base.copy()
broken[2] = np.nan
made_up = {"same": lambda X: base, "shifted": lambda X: base + shift, "broken": lambda X: broken}
found = round_trip_errors(small, made_up, prepared_test)
assert set(found) == set(made_up), f"Expected one number a format, found {sorted(found)}."
assert np.isclose(float(found["same"]), 0, atol=1e-6), f"Expected 0 for equal probabilities, found {found['same']}."
assert np.isclose(float(found["shifted"]), 0.5, atol=1e-6), (
    f"Expected the largest absolute difference, too low or too high, found {found['shifted']} "
    "where one customer was 0.5 too low and one 0.125 too high.")
assert np.isnan(float(found["broken"])), f"Expected nan to show where a format gives nan, found {found['broken']}."

# %% test_resume_steps
paused = build_model({"n_features_in_": 6}, learning_rate=0.02, num_neurons=4)
rows = np.random.default_rng(3).normal(size=(8, 6)).astype("float32")
labels = np.arange(8) % 2
paused.fit(rows, labels, epochs=3, batch_size=2, verbose=0)
paused.save(freezer / "steps.keras")
start = int(paused.optimizer.iterations.numpy())
for epochs in [3, 5]:
    model = answered(resume_training(freezer / "steps.keras", rows, labels, epochs), "resume_training")
    steps = int(model.optimizer.iterations.numpy()) - start
    assert steps > 0, (
        f"Expected the step counter to go on from {start}, found it at {start + steps}: it started over, or nothing "
        "was trained.")
    assert steps % epochs == 0 and epochs <= steps <= epochs * len(rows), (
        f"Expected {epochs} epochs more, found {steps} steps more on {len(rows)} customers.")

# %% test_resume_state
paused = build_model({"n_features_in_": 6}, learning_rate=0.02, num_neurons=4)
rows = np.random.default_rng(4).normal(size=(16, 6)).astype("float32")
paused.fit(rows, np.arange(16) % 2, epochs=5, batch_size=4, verbose=0)
paused.save(freezer / "state.keras")
# One customer is one step an epoch, whatever the batch size, and there is nothing to shuffle.
one, label = rows[:1], np.array([1])
model = answered(resume_training(freezer / "state.keras", one, label, 4), "resume_training")
paused.fit(one, label, epochs=4, verbose=0)
gap = max(float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), paused.get_weights()))
assert gap < 1e-5, (
    "Expected the same weights as if the training had never been interrupted: the optimizer's momentum and learning "
    f"rate belong to what was saved. Found weights that differ by up to {gap:.2g}.")

# %% test_recipe_round_trip
import copy

from sklearn.base import clone
from sklearn.pipeline import Pipeline

prep = clone(search.best_estimator_["prep"]).fit(X_test)
clf = copy.copy(search.best_estimator_["clf"])
clf.model_ = build_model({"n_features_in_": prep.transform(X_test).shape[1]}, num_neurons=5, num_layers=2)
other = Pipeline([("prep", prep), ("clf", clf)])
save_recipe(other, freezer / "deep" / "other")
for folder, pipeline in {freezer / "recipe": search.best_estimator_, freezer / "deep" / "other": other}.items():
    loaded = answered(load_recipe(folder), "load_recipe")
    for rows in [X_test, X_test[:1]]:
        expected = pipeline.predict_proba(rows)[:, 1]
        found = ask_recipe(loaded, rows)
        assert np.allclose(found, expected, atol=1e-5), (
            f"Expected the probabilities of the pipeline that was saved, for {len(rows)} raw customers, found others.")

# %% test_recipe_damage
import os
import pickle
import shutil


class Trap:
    def __reduce__(self):
        return os.mkdir, (str(freezer / "sprung"),)


whole = freezer / "damaged"
expected = search.predict_proba(X_test)[:, 1]
files = [path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.is_file()]
assert files, "Expected `save_recipe` to write files into the folder, found none."
harm = {
    "missing": lambda path: path.unlink(),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "replaced by a pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
}
noticed = 0
for file in files:
    for name, damage in harm.items():
        hurt = freezer / "hurt"
        shutil.rmtree(hurt, ignore_errors=True)
        shutil.copytree(whole, hurt)
        damage(hurt / file)
        try:
            found = ask_recipe(load_recipe(hurt), X_test)
        except Exception as error:
            noticed += 1
            assert file.name in str(error) or file.parts[0] in str(error), (
                f"Expected an error that names the file when {file.name} is {name}, found {type(error).__name__}: "
                f"{str(error)[:150]}")
        else:  # a file that nothing depends on may be lost
            assert np.allclose(found, expected, atol=1e-5), (
                f"Expected an error when {file.name} is {name}, found a recipe that predicts other probabilities.")
        assert not (freezer / "sprung").exists(), (
            f"Expected nothing to be loaded from a bare pickle, but a pickle in the place of {file.name} ran its code.")
assert noticed, "Expected an error when a file is missing or damaged, found none for any file."
