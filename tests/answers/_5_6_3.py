"""Answers to exercise _5_6_3, one question at a time: the others are left unanswered to save their time."""

from tests.answers import Case

TESTS = {
    "select_best": ("test_select_best",),
    "freeze": ("test_freeze_files", "test_freeze_other_models"),
    "thaw": ("test_thaw_models", "test_thaw_weights"),
    "round_trip_errors": ("test_round_trip_errors",),
    "resume_training": ("test_resume_steps", "test_resume_state"),
    "save_recipe": ("test_recipe_round_trip", "test_recipe_damage"),
}
_UNANSWERED = {
    "select_best": "def select_best(search): pass",
    "freeze": "def freeze(model, folder): pass",
    "thaw": "def thaw(paths, rebuild): pass",
    "round_trip_errors": "def round_trip_errors(model, thawed, X): pass",
    "resume_training": "def resume_training(path, X, y, epochs): pass",
    "save_recipe": "def save_recipe(fitted_pipeline, folder): pass\ndef load_recipe(folder): pass",
}
FILES, OTHERS = TESTS["freeze"]
MODELS, WEIGHTS = TESTS["thaw"]
STEPS, STATE = TESTS["resume_training"]
ROUND_TRIP, DAMAGE = TESTS["save_recipe"]


def _only(question: str, name: str, source: str, *loses: str) -> Case:
    """Answer one question, which loses these tests; the tests of all others are lost with their answers."""
    others = [test for other, tests in TESTS.items() if other != question for test in tests]
    return Case(name, {**_UNANSWERED, question: source}, (*loses, *others))


def _select(name: str, expression: str, *loses: str) -> Case:
    return _only("select_best", name, f"def select_best(search):\n    return {expression}", *loses)


_FREEZE = '''
def freeze(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    paths = {{key: folder / name for key, name in {{
        "keras": "best_churn_model.keras",
        "saved_model": "best_churn_model",
        "weights": "best_churn_model.weights.h5",
    }}.items()}}
    {body}
    return paths
'''
_WRITE = """model.save(paths["keras"])
    model.export(paths["saved_model"], verbose=False)
    model.save_weights(paths["weights"])"""


def _freeze(name: str, *loses: str, body: str = _WRITE, edit: tuple[str, str] = ("", "")) -> Case:
    return _only("freeze", name, _FREEZE.format(body=body).replace(*edit), *loses)


_THAW = '''
import tensorflow as tf

def thaw(paths, rebuild):
    whole = keras.models.load_model(paths["keras"])
    served = tf.saved_model.load(str(paths["saved_model"]))
    body = rebuild()
    body.load_weights(paths["weights"])
    return {{"keras": {keras}, "saved_model": {saved_model}, "weights": {weights}}}
'''


def _thaw(name: str, *loses: str, edit: tuple[str, str] = ("", ""), **functions: str) -> Case:
    parts = {
        "keras": "lambda X: whole.predict(X, verbose=0)",
        "saved_model": "lambda X: served.serve(X).numpy()",
        "weights": "lambda X: body.predict(X, verbose=0)",
        **functions,
    }
    return _only("thaw", name, _THAW.format(**parts).replace(*edit), *loses)


def _errors(name: str, expression: str, *loses: str) -> Case:
    source = f"def round_trip_errors(model, thawed, X):\n    return {{k: {expression} for k, f in thawed.items()}}"
    return _only("round_trip_errors", name, source, *loses)


def _resume(name: str, body: str, *loses: str) -> Case:
    return _only("resume_training", name, f"def resume_training(path, X, y, epochs):\n    {body}", *loses)


_RECIPE = '''
import skops.io

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")
    fitted_pipeline["clf"].model_.save(folder / "network.keras")

def load_recipe(folder):
    try:
        prep = skops.io.load(folder / "prep.skops")
    except Exception as error:
        raise ValueError("prep.skops is missing or damaged") from error
    try:
        network = keras.models.load_model(folder / "network.keras")
    except Exception as error:
        raise ValueError("network.keras is missing or damaged") from error
    return lambda rows: network.predict(prep.transform(rows).astype("float32"), verbose=0)
'''


def _recipe(name: str, *loses: str, edits: tuple[tuple[str, str], ...] = (), source: str = _RECIPE) -> Case:
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    return _only("save_recipe", name, source, *loses)


WRONG = [
    _select("pipeline_for_model", "search.best_estimator_, search.best_params_, search.best_score_",
            "test_select_best"),
    _select("classifier_for_model", "search.best_estimator_['clf'], search.best_params_, search.best_score_",
            "test_select_best"),
    _select("score_and_params_swapped",
            "search.best_estimator_['clf'].model_, search.best_score_, search.best_params_", "test_select_best"),
    _select("fastest_for_best", "(search.best_estimator_['clf'].model_, "
            "search.cv_results_['params'][search.cv_results_['rank_test_score'].argmax()], search.best_score_)",
            "test_select_best"),
    _select("fresh_model", "build_model({'n_features_in_': prepared_test.shape[1]}), search.best_params_, "
            "search.best_score_", "test_select_best"),
    _select("score_of_training", "(search.best_estimator_['clf'].model_, search.best_params_, "
            "search.score(X_train, y_train))", "test_select_best"),
    _freeze("save_for_export", FILES, OTHERS, edit=("model.export(paths[\"saved_model\"], verbose=False)",
            "model.save(paths['saved_model'])")),
    _freeze("saved_model_is_an_empty_folder", FILES, OTHERS, edit=(
            "model.export(paths[\"saved_model\"], verbose=False)", "paths['saved_model'].mkdir(exist_ok=True)")),
    _freeze("folder_not_made", FILES, OTHERS, edit=("folder.mkdir(parents=True, exist_ok=True)", "pass")),
    _freeze("only_one_level_made", OTHERS, edit=("parents=True, ", "")),
    _freeze("one_place_for_all", FILES, OTHERS, edit=("folder.mkdir(", "folder = freezer / 'same'; folder.mkdir(")),
    _freeze("nothing_written", FILES, OTHERS, body="pass"),
    _freeze("another_name", FILES, OTHERS, edit=("best_churn_model.keras", "model.keras")),
    _freeze("always_the_small_model", OTHERS, body=_WRITE.replace("model.", "small.")
            .replace('"saved_small.', '"saved_model.')),
    _freeze("architecture_for_weights", FILES, OTHERS, edit=('model.save_weights(paths["weights"])',
            'paths["weights"].mkdir()')),
    _thaw("closes_over_the_notebook", MODELS, keras="lambda X: small(X).numpy()",
          saved_model="lambda X: small(X).numpy()"),
    _thaw("load_model_for_all", MODELS, WEIGHTS, edit=("tf.saved_model.load(str(", "keras.models.load_model((")),
    _thaw("weights_not_loaded", WEIGHTS, edit=('body.load_weights(paths["weights"])', "pass")),
    _thaw("flat_probabilities", MODELS, WEIGHTS, keras="lambda X: whole(X).numpy().ravel()",
          weights="lambda X: body(X).numpy()[:, 0]"),
    _thaw("models_for_functions", MODELS, keras="whole.get_config()"),
    _thaw("a_fixed_architecture", WEIGHTS, edit=("body = rebuild()",
          "body = build_model({'n_features_in_': 46}, num_neurons=8) if 'small' in str(paths['keras']) "
          "else keras.models.clone_model(rebuild()); body.load_weights = lambda p: None")),
    _thaw("classes_for_probabilities", MODELS, keras="lambda X: (whole(X).numpy() > 0.5).astype('float32')"),
    _errors("mean_for_maximum", "float(np.mean(np.abs(f(X) - model(X).numpy())))", "test_round_trip_errors"),
    _errors("signed", "float(np.max(f(X) - model(X).numpy()))", "test_round_trip_errors"),
    _errors("nan_hidden", "float(np.nanmax(np.abs(f(X) - model(X).numpy())))", "test_round_trip_errors"),
    _errors("squared", "float(np.max((f(X) - model(X).numpy()) ** 2))", "test_round_trip_errors"),
    _errors("first_customer_only", "float(np.abs(f(X) - model(X).numpy())[0, 0])", "test_round_trip_errors"),
    _resume("compiled_again", "model = keras.models.load_model(path); "
            "model.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n"
            "    model.fit(X, y, epochs=epochs, verbose=0); return model", STEPS, STATE),
    _resume("only_loaded", "return keras.models.load_model(path)", STEPS, STATE),
    _resume("from_scratch", "model = keras.models.clone_model(keras.models.load_model(path)); "
            "model.compile('adam', 'binary_crossentropy')\n    model.fit(X, y, epochs=epochs, verbose=0); return model",
            STEPS, STATE),
    _resume("one_epoch_always", "model = keras.models.load_model(path); model.fit(X, y, verbose=0); return model",
            STEPS, STATE),
    _resume("one_epoch_more", "model = keras.models.load_model(path); "
            "model.fit(X, y, epochs=epochs + 1, verbose=0); return model", STEPS, STATE),
    _resume("counter_set_by_hand", "old = keras.models.load_model(path); model = keras.models.load_model(path)\n"
            "    model.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n"
            "    model.fit(X, y, epochs=epochs, verbose=0)\n"
            "    model.optimizer.iterations.assign_add(old.optimizer.iterations); return model", STATE),
    _resume("another_learning_rate", "model = keras.models.load_model(path); model.optimizer.learning_rate = 0.1\n"
            "    model.fit(X, y, epochs=epochs, verbose=0); return model", STATE),
    _recipe("without_the_scaler", ROUND_TRIP, edits=(
        ("prep.transform(rows)", "pd.get_dummies(rows).reindex(columns=range(46), fill_value=0).to_numpy()"),)),
    _recipe("prep_of_the_notebook", ROUND_TRIP, DAMAGE, edits=(
        ('prep = skops.io.load(folder / "prep.skops")', "prep = search.best_estimator_['prep']"),
        ('skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")', "pass"),
        ("network.keras is missing or damaged", "it is broken"))),
    _recipe("joblib", DAMAGE, edits=(
        ("import skops.io", "import joblib"),
        ('skops.io.dump(fitted_pipeline["prep"], ', 'joblib.dump(fitted_pipeline["prep"], '),
        ("skops.io.load(", "joblib.load("))),
    _recipe("pickle", DAMAGE, source='''
import pickle

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.pkl").write_bytes(pickle.dumps(fitted_pipeline))

def load_recipe(folder):
    try:
        return pickle.loads((folder / "recipe.pkl").read_bytes())
    except Exception as error:
        raise ValueError("recipe.pkl is missing or damaged") from error
'''),
    _recipe("error_without_a_name", DAMAGE, edits=(("network.keras is missing or damaged", "something is broken"),)),
    _recipe("damage_swallowed", DAMAGE, edits=(
        ('raise ValueError("network.keras is missing or damaged") from error',
         "network = build_model({'n_features_in_': 46})"),)),
    _recipe("fitted_on_loading", ROUND_TRIP, DAMAGE, edits=(
        ('prep = skops.io.load(folder / "prep.skops")',
         "from coffee_shop.recipe import make_prep; prep = make_prep().fit(X_test[:100])"),)),
    _recipe("classes_for_probabilities_of_raw_rows", ROUND_TRIP, edits=(
        ("return lambda rows: network", "return lambda rows: 0.5 < network"),)),
]  # fmt: skip

RIGHT = [
    Case("another_kitchen", {
        "select_best": '''
def select_best(search):
    clf = search.best_estimator_.named_steps["clf"]
    scores = search.cv_results_["mean_test_score"]
    best = int(np.argmax(scores))
    return [clf.model_, dict(search.cv_results_["params"][best]), np.float32(scores[best])]
''',
        "freeze": '''
import os

def freeze(model, folder):
    os.makedirs(folder, exist_ok=True)
    stem = os.path.join(folder, "best_churn_model")
    keras.saving.save_model(model, stem + ".keras", overwrite=True)
    model.save_weights(stem + ".weights.h5")
    model.export(stem, format="tf_saved_model", verbose=False)
    return {"weights": stem + ".weights.h5", "keras": stem + ".keras", "saved_model": stem}
''',
        "thaw": '''
def thaw(paths, rebuild):
    layer = keras.layers.TFSMLayer(paths["saved_model"], call_endpoint="serve")
    fresh = rebuild()
    fresh.load_weights(str(paths["weights"]))
    def served(X):
        return np.vstack([np.asarray(layer(X[i:i + 4])) for i in range(0, len(X), 4)])
    return dict(
        weights=lambda X: fresh.predict(X, verbose=0, batch_size=3),
        saved_model=served,
        keras=keras.saving.load_model(paths["keras"]).predict,
    )
''',
        "round_trip_errors": '''
def round_trip_errors(model, thawed, X):
    errors = {}
    for name in sorted(thawed):
        difference = np.asarray(thawed[name](X)) - model.predict(X, verbose=0)
        errors[name] = np.abs(difference).max()
    return errors
''',
        "resume_training": '''
def resume_training(path, X, y, epochs):
    model = keras.saving.load_model(str(path))
    model.fit(np.asarray(X), np.asarray(y), epochs=epochs, batch_size=8, shuffle=False, verbose=0)
    return model
''',
        "save_recipe": '''
import json

def save_recipe(fitted_pipeline, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    scaler = fitted_pipeline["prep"].named_transformers_["scale"]
    onehot = fitted_pipeline["prep"].named_transformers_["onehot"]
    numbers = {
        "mean": dict(zip(scaler.feature_names_in_, scaler.mean_.tolist())),
        "scale": dict(zip(scaler.feature_names_in_, scaler.scale_.tolist())),
        "categories": {name: list(values) for name, values in zip(onehot.feature_names_in_, onehot.categories_)},
    }
    (Path(folder) / "prep.json").write_text(json.dumps(numbers))
    (Path(folder) / "README.md").write_text("A recipe for churn.")
    fitted_pipeline["clf"].model_.save(Path(folder) / "net.keras")


class Recipe:
    def __init__(self, numbers, net):
        self.numbers, self.net = numbers, net

    def predict_proba(self, rows):
        columns = [(rows[c] - m) / self.numbers["scale"][c] for c, m in self.numbers["mean"].items()]
        columns += [rows[c] == v for c, values in self.numbers["categories"].items() for v in values]
        p = self.net(np.column_stack(columns).astype("float32")).numpy()
        return np.hstack([1 - p, p])


def load_recipe(folder):
    for name in ["prep.json", "net.keras"]:
        try:
            if name == "prep.json":
                numbers = json.loads((Path(folder) / name).read_text())
            else:
                net = keras.saving.load_model(Path(folder) / name)
        except Exception as error:
            raise RuntimeError(f"cannot read {name}: {error}")
    return Recipe(numbers, net)
''',
    }),
    Case("served_recipe", {"save_recipe": '''
import tensorflow as tf

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")
    fitted_pipeline["clf"].model_.export(str(folder / "network"), verbose=False)

def load_recipe(folder):
    try:
        name = "prep.skops"
        prep = skops.io.load(folder / name)
        name = "network"
        network = tf.saved_model.load(str(folder / name))
    except Exception as error:
        raise OSError(f"{folder / name}: {error}") from None
    return lambda rows: network.serve(prep.transform(rows).astype("float32")).numpy()[:, 0]
'''}),
    Case("checksums_guard_a_pickle", {"save_recipe": '''
import hashlib, json, pickle

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    fitted_pipeline["clf"].model_.save(folder / "network.keras")
    (folder / "prep.bin").write_bytes(pickle.dumps(fitted_pipeline["prep"]))
    sums = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in ["network.keras", "prep.bin"]}
    (folder / "sums.json").write_text(json.dumps(sums))

def load_recipe(folder):
    try:
        sums = json.loads((folder / "sums.json").read_text())
    except Exception as error:
        raise ValueError("sums.json is damaged") from error
    for name, digest in sums.items():
        if not (folder / name).exists() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} is not the file that was saved")
    prep = pickle.loads((folder / "prep.bin").read_bytes())
    network = keras.models.load_model(folder / "network.keras")
    return lambda rows: network.predict(prep.transform(rows).astype("float32"), verbose=0)
'''}),
    Case("trained_in_single_steps", {"resume_training": '''
def resume_training(path, X, y, epochs):
    model = keras.models.load_model(path)
    for _ in range(epochs):
        model.fit(X, y, batch_size=1, verbose=0)
    return model
'''}),
    Case("predictions_in_batches", {"thaw": _THAW.format(
        keras="lambda X: whole.predict_on_batch(X)",
        saved_model="lambda X: served.signatures['serving_default'](tf.constant(X))"
                    "[list(served.signatures['serving_default'].structured_outputs)[0]].numpy()",
        weights="lambda X: np.concatenate([body(X[i : i + 1]).numpy() for i in range(len(X))])",
    ), "round_trip_errors": '''
def round_trip_errors(model, thawed, X):
    truth = np.asarray(model(X))
    return {name: np.float64(np.linalg.norm((f(X) - truth).ravel(), ord=np.inf)) for name, f in thawed.items()}
'''}),
]  # fmt: skip

CASES = WRONG + RIGHT
