"""Hidden tests of exercise _5_6_3; each cell is appended to the test cell of the same grade id.

Files are loaded from a copy in another folder, by the test itself: nothing that an answer keeps can help there.
"""

# %% test_select_best
import copy


def assert_winner(found, searched, case):
    best = searched.best_estimator_["clf"].model_
    model, params, score = found
    assert isinstance(params, dict) and params == searched.best_params_, (
        f"Expected the winner's parameters {case}, found others: {str(params)[:100]}.")
    assert isinstance(score, (float, np.floating)), f"Expected a number as the score, found a {type(score).__name__}."
    assert np.isclose(score, searched.best_score_), (
        f"Expected the winner's score of cross-validation {case}, {searched.best_score_:.4f}, found {score:.4f}.")
    probabilities = np.ravel(model(prepared_test).numpy())
    assert np.allclose(probabilities, np.ravel(best(prepared_test).numpy()), atol=1e-5), (
        f"Expected the model that won {case}, found one that predicts otherwise.")
    counted = int(model.optimizer.iterations.numpy())
    left = int(best.optimizer.iterations.numpy())
    assert counted == left, (
        f"Expected the model as the search has left it, after {left} steps of training, found it after {counted}.")


steps = int(search.best_estimator_["clf"].model_.optimizer.iterations.numpy())
assert steps == 30, f"Expected `search` to stay as it was, found its model after {steps} steps of training, not 30."
assert_winner(winner, search, "of `search`")

# The same search as if the other recipe had won: its scores have changed places, and another model belongs to it.
other = copy.copy(search)
results = {key: values if "param" in key else values[::-1] for key, values in search.cv_results_.items()}
other.cv_results_ = results
other.best_index_ = 1 - search.best_index_
other.best_params_ = results["params"][other.best_index_]
other.best_score_ = results["mean_test_score"][other.best_index_]
other.best_estimator_ = copy.copy(search.best_estimator_)
clf = copy.copy(search.best_estimator_["clf"])
clf.model_ = build_model({"n_features_in_": prepared_test.shape[1]}, num_neurons=16)
other.best_estimator_.steps = [("prep", search.best_estimator_["prep"]), ("clf", clf)]
found = answered(select_best(other), "select_best")
assert isinstance(found, (tuple, list)) and len(found) == 3, f"Expected three things, found a {type(found).__name__}."
assert_winner(found, other, "of another search, the one that is given")

# %% test_freeze_files
names = {"keras": "best_churn_model.keras", "saved_model": "best_churn_model", "weights": "best_churn_model.weights.h5"}
place = freezer / "shelf" / "visible"
for key, name in names.items():
    path = Path(paths[key])
    assert path.name == name, f"Expected the name {name} for {key!r}, found {path.name}."
    assert path.parts[-3:-1] == place.parts[-2:] and (place / name).exists(), (
        f"Expected {name} in the folder that was asked for, {place.name}, found it in {path.parent.name}.")
assert (place / names["saved_model"]).is_dir(), "Expected the SavedModel to be a folder, found a file."
assert (place / names["saved_model"] / "saved_model.pb").exists(), (
    "Expected a SavedModel in the folder, found no saved_model.pb.")
for key in ["keras", "weights"]:
    assert (place / names[key]).is_file(), f"Expected {names[key]} to be a file, found a folder."


import shutil

# Once more, another model, into a folder in which the same names and something else lie.
spot = freezer / "rack" / "spot"
shutil.copytree(place, spot, dirs_exist_ok=True)
(spot / "note.txt").write_text("Do not throw this away.", encoding="utf-8")


def content(name):
    path = spot / name
    parts = sorted((path / "variables").glob("*")) if path.is_dir() else [path]
    return [part.read_bytes() for part in parts]


second = rebuild()
second.optimizer.iterations.assign(7)
weights, before = second.get_weights(), {key: content(name) for key, name in names.items()}
where = look_around(freezer)[0]
try:
    freeze(second, spot)
except Exception as error:
    raise AssertionError(
        f"Expected `freeze` to work again where the folder exists, found {type(error).__name__}: {str(error)[:100]}."
    ) from None
now = look_around(os.path.join(where, spot.parent))[0]
go_home()
assert now == where, f"Expected the working directory to stay as it was, found it in {Path(now).name}."
beside = look_around(spot.parent)[1]
assert beside == [spot.name], f"Expected nothing to be written beside the folder {spot.name}, found {beside}."
assert "note.txt" in look_around(spot)[1], "Expected other files in the folder to stay, found that one was removed."
for key, name in names.items():
    assert content(name) != before[key], (
        f"Expected a second model to replace the first one in the same folder, found the old content of {name}.")
kept = all(np.array_equal(a, b) for a, b in zip(second.get_weights(), weights))
assert kept, "Expected the model to stay as it was, found other weights after it was frozen."
steps = int(second.optimizer.iterations.numpy()) if second.optimizer is not None else None
assert steps == 7, f"Expected the model to stay as it was, its optimizer at step 7, found it at {steps}."

# %% test_freeze_other_models
import shutil

rows = np.random.default_rng(0).normal(size=(9, 7)).astype("float32")
dials = {"num_neurons": 5, "num_layers": 2, "dropout": 0.5}
weights = {}
go_home()
for side in ["left", "right"]:
    model = fresh_model(7, **dials)
    model.optimizer.iterations.assign(11)
    weights[side] = model.get_weights()
    freeze(model, freezer / "never" / "made" / side)
    go_home()
for side in weights:
    for name in ["best_churn_model.keras", "best_churn_model.weights.h5", "best_churn_model/saved_model.pb"]:
        assert (freezer / "never" / "made" / side / name).exists(), (
            f"Expected {name} in a folder that did not exist before, found none.")


def load_whole(box):
    model = keras.models.load_model(box / "best_churn_model.keras")
    steps = int(model.optimizer.iterations.numpy()) if model.optimizer is not None else "none"
    assert steps == 11, (
        f"Expected training to go on from the .keras file: its optimizer at step 11, found its step to be {steps}.")
    return [model(rows).numpy()]


def load_served(box):
    served = tf.saved_model.load(str(box / "best_churn_model"))
    assert "serving_default" in served.signatures, "Expected a SavedModel that TensorFlow Serving takes, found none."
    answer = served.signatures["serving_default"]
    (name,) = answer.structured_input_signature[1]
    return [output.numpy() for output in answer(**{name: tf.constant(rows)}).values()]


body = build_model({"n_features_in_": 7}, **dials)


def load_weights(box):
    body.load_weights(box / "best_churn_model.weights.h5")
    return [body(rows).numpy()]


own = build_model({"n_features_in_": 7}, **dials)
loaders = {"keras": load_whole, "weights": load_weights, "saved_model": load_served}
for side in weights:
    elsewhere = freezer / "other kitchen" / side
    shutil.copytree(freezer / "never" / "made" / side, elsewhere, dirs_exist_ok=True)
    own.set_weights(weights[side])
    expected = own(rows).numpy()
    for key, load in loaders.items():
        try:
            outputs = load(elsewhere)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(
                f"Expected another kitchen to load {key!r} of the folder {side!r}, found {type(error).__name__}: "
                f"{str(error).strip()[:150]}.") from None
        assert any(output.shape == (9, 1) and np.allclose(output, expected, atol=1e-5) for output in outputs), (
            f"Expected the model from the folder {side!r} to predict as before in another kitchen, "
            f"found other probabilities in {key!r}.")

# %% test_thaw_models
dials = {"num_neurons": 4, "dropout": 0.5}
box = freezer / "strangers"
box.mkdir(parents=True, exist_ok=True)


def build():
    return fresh_model(6, **dials)


# Each file holds another model, so that it shows which of them a function asks.
strangers = {name: build_model({"n_features_in_": 6}, **dials) for name in ["keras", "saved_model", "weights", "late"]}
boxes = {"keras": box / "m.keras", "saved_model": box / "m", "weights": box / "m.weights.h5"}
strangers["keras"].save(boxes["keras"])
strangers["saved_model"].export(boxes["saved_model"], verbose=False)
strangers["weights"].save_weights(boxes["weights"])
strangers["late"].save(box / "late.keras")
rows = np.random.default_rng(1).normal(size=(11, 6)).astype("float32")
back = answered(thaw(boxes, build), "thaw")
# A second one is thawed while the first one is in use.
late = answered(thaw({**boxes, "keras": box / "late.keras", "saved_model": frozen["saved_model"]}, build), "thaw")


def assert_same(thawed, key, expected, asked, case):
    found = answer_of(thawed, key, asked)
    assert np.allclose(found, expected, atol=1e-5), (
        f"Expected {key!r} to give the probabilities of the model in that very file {case}, found others.")


for key in ["keras", "saved_model"]:
    expected = strangers[key](rows).numpy()
    assert_same(back, key, expected, rows, "also for another architecture, with a second one thawed meanwhile")
    assert_same(back, key, expected[:1], rows[:1], "for a single customer")
assert_same(late, "keras", strangers["late"](rows).numpy(), rows, "when it is thawed after another one")
expected = small(prepared_test[:5]).numpy()
assert_same(late, "saved_model", expected, prepared_test[:5], "when it is thawed after another one")

# %% test_thaw_weights
dials = {"num_neurons": 3, "num_layers": 2, "dropout": 0.5}
box = freezer / "stranger_weights"
box.mkdir(parents=True, exist_ok=True)


def build():
    return fresh_model(5, **dials)


strangers, thawed = {}, {}
for name in ["early", "late"]:
    strangers[name] = build_model({"n_features_in_": 5}, **dials)
    strangers[name].save_weights(box / f"{name}.weights.h5")
    thawed[name] = answered(thaw({**frozen, "weights": box / f"{name}.weights.h5"}, build), "thaw")
rows = np.random.default_rng(2).normal(size=(11, 5)).astype("float32")
for name, stranger in strangers.items():
    for asked in [rows, rows[:1]]:
        found = answer_of(thawed[name], "weights", asked)
        assert np.allclose(found, stranger(asked).numpy(), atol=1e-5), (
            "Expected 'weights' to give the probabilities of the model whose weights were saved, also with two of them "
            "in use, found others.")

# %% test_round_trip_errors
other = fresh_model(5, num_neurons=3, dropout=0.5)
rows = np.random.default_rng(5).normal(size=(17, 5)).astype("float32")


def plain(X):
    return other(X).numpy()


def shifted(*shifts):
    def answer(X):
        return plain(X) + sum(np.where(X[:, :1] == rows[customer, 0], shift, 0) for customer, shift in shifts)

    return answer


made_up = {
    "same": plain,
    "too low": shifted((3, -0.5), (8, 0.125)),
    "too high": shifted((11, 0.25)),
    "a little": shifted((0, -0.00037)),
    "last": shifted((16, 0.0625)),
    "broken": shifted((2, np.nan), (3, 0.5)),
}
expected = {"same": 0, "too low": 0.5, "too high": 0.25, "a little": 0.00037, "last": 0.0625, "broken": np.nan}
found = answered(round_trip_errors(other, made_up, rows), "round_trip_errors")
assert isinstance(found, dict), f"Expected a dict, one number a format, found a {type(found).__name__}."
assert set(found) == set(made_up), f"Expected one number a format, found {sorted(map(str, found))}."
for name, error in expected.items():
    value = found[name]
    assert isinstance(value, (int, float, np.number)) or np.shape(value) == (), (
        f"Expected a number for each format, found a {type(value).__name__}.")
    assert not isinstance(value, str), "Expected a number for each format, found text."
    assert np.isclose(float(value), error, rtol=1e-3, atol=2e-6, equal_nan=True), (
        f"Expected the largest absolute difference to the model's own probabilities, {error:g} for a format that is "
        f"{name!r} for one of {len(rows)} customers, found {float(value):g}.")

# %% test_resume_steps
freezer.mkdir(exist_ok=True)
paused = build_model({"n_features_in_": 6}, learning_rate=0.02, num_neurons=4)
start = 12
paused.optimizer.iterations.assign(start)
paused.save(freezer / "steps.keras")
# These customers cannot be told apart, so the loss stops falling: whoever stops early stops here.
customers, labels, epochs = np.zeros((8, 6), "float32"), np.arange(8) % 2, 13
model = answered(resume_training(freezer / "steps.keras", customers, labels, epochs), "resume_training")
steps = int(model.optimizer.iterations.numpy()) - start
assert steps > 0, (
    f"Expected the step counter to go on from {start}, found it at {start + steps}: it started over, or nothing "
    "was trained.")
assert steps % epochs == 0 and epochs <= steps <= epochs * len(customers), (
    f"Expected {epochs} epochs more, found {steps} steps more on {len(customers)} customers.")

# %% test_resume_state
freezer.mkdir(exist_ok=True)
rows = np.random.default_rng(4).normal(size=(48, 6)).astype("float32")
labels = (rows[:, 0] > 0).astype(int)
paused = build_model({"n_features_in_": 6}, learning_rate=0.02, num_neurons=4)
paused.run_eagerly = True  # so few steps are not worth a graph
# One customer is one step an epoch, whatever the batch size, and there is nothing to shuffle.
one, label = rows[:1], 1 - labels[:1]
for _ in range(5):  # they leave momentum in the optimizer, which lowers the loss of that customer, too
    paused.train_on_batch(rows, np.repeat(label, len(rows)))
paused.save(freezer / "state.keras")
model = answered(resume_training(freezer / "state.keras", one, label, 3), "resume_training")
for _ in range(3):
    paused.train_on_batch(one, label)
gap = max(float(np.abs(a - b).max()) for a, b in zip(model.get_weights(), paused.get_weights()))
assert gap < 1e-5, (
    "Expected the same weights as if the training had never been interrupted: the optimizer's momentum and learning "
    f"rate belong to what was saved. Found weights that differ by up to {gap:.2g}.")
# A model that can nearly tell the customers apart already: it learns the rest, if the labels are theirs. Tried with
# batches of every size: its error is below 0.1 on average with the right labels, and above 0.25 with shuffled ones.
hints = np.zeros((6, 4), "float32")
hints[0] = [1, -1, 1, -1]
own = build_model({"n_features_in_": 6}, learning_rate=0.1, num_neurons=4)
own.set_weights([hints, np.zeros(4), hints[:1].T, np.zeros(1)])
own.save(freezer / "labels.keras")
model = answered(resume_training(freezer / "labels.keras", rows, labels, 5), "resume_training")
own.set_weights(model.get_weights())
wrong = float(np.abs(np.ravel(own(rows).numpy()) - labels).mean())
assert wrong < 0.2, (
    "Expected training to go on with the labels that belong to the customers, found that the model forgets them: its "
    f"probabilities are {wrong:.2f} off on average.")
history = getattr(model, "history", None)
measured = list(history.history) if history is not None else []
assert not any(name.startswith("val_") for name in measured), (
    "Expected training on all customers that are given, found that some of them were held back for validation.")

# %% test_recipe_round_trip
import copy

from sklearn.base import clone
from sklearn.pipeline import Pipeline

# Another recipe: it has seen other customers, and its network is another one.
best, dials = search.best_estimator_, {"num_neurons": 5, "num_layers": 2}
prep, clf = clone(best["prep"]).fit(X_train[:300]), copy.copy(best["clf"])
clf.set_params(**{f"model__{dial}": value for dial, value in dials.items()})
clf.model_ = build_model({"n_features_in_": prepared_test.shape[1]}, **dials)
other = Pipeline([("prep", prep), ("clf", clf)])
save_recipe(other, freezer / "deep" / "other")
for folder, pipeline in {freezer / "recipe": search.best_estimator_, freezer / "deep" / "other": other}.items():
    loaded = answered(load_recipe(folder), "load_recipe")
    for rows in [X_test, X_test[:1], X_test[::-1]]:
        expected = pipeline.predict_proba(rows)[:, 1]
        found = ask_recipe(loaded, rows)
        assert np.allclose(found, expected, atol=1e-5), (
            f"Expected the probabilities of the pipeline that was saved, for {len(rows)} raw customers, found others.")

# %% test_recipe_damage
import base64
import bz2
import functools
import gzip
import io
import lzma
import pickle
import shutil
import zipfile
import zlib

import skops.io as store

whole = freezer / "damaged"
expected = search.predict_proba(X_test)[:, 1]
files = [path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.is_file()]
assert files, "Expected `save_recipe` to write files into the folder, found none."


class Trap:
    """Writes a file when it is loaded from a pickle."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def trap(path):
    return pickle.dumps(Trap(str(path)))


def wrapped(data, path):
    """Return these bytes with a pickle in them replaced by a trap, however it is wrapped; None if there is none."""
    if data[:2] == b"PK":
        return wrapped_in_zip(data, path)
    starts = [start for mark in (b"\x80\x04\x95", b"\x80\x05\x95") if (start := data.find(mark)) >= 0]
    if starts or data[:2] in (b"\x80\x02", b"\x80\x03"):
        return data[: min(starts, default=0)] + trap(path)
    for unpack, pack in [(gzip.decompress, gzip.compress), (bz2.decompress, bz2.compress),
                         (lzma.decompress, lzma.compress), (zlib.decompress, zlib.compress),
                         (functools.partial(base64.b64decode, validate=True), base64.b64encode)]:
        try:
            inside = wrapped(unpack(data), path)
        except Exception:
            continue
        if inside is not None:
            return pack(inside)
    return None


def wrapped_in_zip(data, path):
    out, found = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as changed:
        for name in archive.namelist():
            content = archive.read(name)
            inside = None if name.endswith(".h5") else wrapped(content, path)
            found = found or inside is not None
            changed.writestr(name, content if inside is None else inside)
    return out.getvalue() if found else None


def strange_skops(path):
    """Return a skops file with a function that nobody has said to trust."""
    return store.dumps(functools.partial(os.mkdir, str(path)))


def strange_network(path):
    """Return a Keras file with code in it."""
    code = keras.layers.Lambda(lambda x: x[:, :1] * 0)
    network = keras.Sequential([keras.Input((prepared_test.shape[1],)), code])
    network.save(path.parent / "strange.keras")
    return (path.parent / "strange.keras").read_bytes()


harms = {
    "missing": lambda data, path: None,
    "cut in half": lambda data, path: data[: len(data) // 2],
    "replaced by a pickle": lambda data, path: trap(path),
}
cases = [(file, name) for file in files for name in harms]
harms["replaced by a pickle in the same wrapping"] = wrapped
harms["replaced by one with a function that nobody trusts"] = lambda data, path: strange_skops(path)
harms["replaced by one with code in it"] = lambda data, path: strange_network(path)
for file in files:
    data = (whole / file).read_bytes()
    if wrapped(data, freezer) is not None and data[:1] != b"\x80":
        cases.append((file, "replaced by a pickle in the same wrapping"))
    if data[:2] == b"PK" and "schema.json" in zipfile.ZipFile(io.BytesIO(data)).namelist():
        cases.append((file, "replaced by one with a function that nobody trusts"))
    if data[:2] == b"PK" and "config.json" in zipfile.ZipFile(io.BytesIO(data)).namelist():
        cases.append((file, "replaced by one with code in it"))

parts = {file.parts[0] for file in files}
noticed, named = 0, []
for number, (file, name) in enumerate(cases):
    hurt, sprung = freezer / f"hurt_{number}", freezer / f"sprung_{number}"
    shutil.copytree(whole, hurt)
    data = harms[name]((whole / file).read_bytes(), sprung)
    (hurt / file).unlink()
    if data is not None:
        (hurt / file).write_bytes(data)
    try:
        found, error = ask_recipe(load_recipe(hurt), X_test), None
    except Exception as raised:
        found, error = None, raised
    assert sprung.name not in look_around(freezer)[1], (
        f"Expected nothing to be loaded from a bare pickle, but a pickle in the place of {file.name} ran its code.")
    if error is not None:
        noticed += 1
        text = str(error)
        named.append({part for part in parts if part in text})
        assert file.name in text or file.parts[0] in text, (
            f"Expected an error that names the file when {file.name} is {name}, found {type(error).__name__}: "
            f"{text[:150]}.")
    elif "wrapping" not in name:  # a file that nothing depends on may be lost
        assert np.shape(found) == np.shape(expected) and np.allclose(found, expected, atol=1e-5), (
            f"Expected an error when {file.name} is {name}, found a recipe that predicts other probabilities.")
    shutil.rmtree(hurt)
assert noticed, "Expected an error when a file is missing or damaged, found none for any file."
assert len(parts) == 1 or any(names != parts for names in named), (
    "Expected an error that names the file that is missing or damaged, found one that names every file each time.")
