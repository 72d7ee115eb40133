"""Answers to exercise _5_6_3. Most are about one question; what no case of a notebook answers stays unanswered."""

from tests.course.answers import Case, share_notebooks

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
    """Answer one question, which loses these tests."""
    return Case(name, {question: source}, loses, question)


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
    _select("ignores_its_argument", "(globals()['search'].best_estimator_['clf'].model_, "
            "globals()['search'].best_params_, globals()['search'].best_score_)", "test_select_best"),
    _select("first_recipe", "search.best_estimator_['clf'].model_, search.cv_results_['params'][0], search.best_score_",
            "test_select_best"),
    _select("first_score", "(search.best_estimator_['clf'].model_, search.best_params_, "
            "search.cv_results_['mean_test_score'][0])", "test_select_best"),
    _only("select_best", "trains_the_winner_on", """
def select_best(search):
    model = search.best_estimator_["clf"].model_
    model.fit(prepared_train, y_train, epochs=1, verbose=0)
    return model, search.best_params_, search.best_score_
""", "test_select_best"),
    _only("select_best", "compiles_the_winner_again", """
def select_best(search):
    model = search.best_estimator_["clf"].model_
    model.compile("adam", "binary_crossentropy")
    return model, search.best_params_, search.best_score_
""", "test_select_best"),
    _only("select_best", "a_clone_without_weights", """
def select_best(search):
    model = keras.models.clone_model(search.best_estimator_["clf"].model_)
    return model, search.best_params_, search.best_score_
""", "test_select_best"),
    _select("score_as_text", "(search.best_estimator_['clf'].model_, search.best_params_, "
            "f'{search.best_score_:.4f}')", "test_select_best"),
    _select("parameters_as_text", "search.best_estimator_['clf'].model_, str(search.best_params_), search.best_score_",
            "test_select_best"),
    _select("score_rounded", "(search.best_estimator_['clf'].model_, search.best_params_, "
            "round(search.best_score_, 2))",
            "test_select_best"),
    _select("two_things_only", "search.best_estimator_['clf'].model_, search.best_params_", "test_select_best"),
    _select("prediction_for_model", "search.predict_proba, search.best_params_, search.best_score_",
            "test_select_best"),
    _freeze("fails_where_the_folder_exists", FILES, edit=("folder.mkdir(parents=True, exist_ok=True)",
            "folder.mkdir(parents=True)")),
    _freeze("skips_where_the_folder_exists", FILES, body="if not paths['keras'].exists():\n        "
            + _WRITE.replace("\n    ", "\n        ")),
    _freeze("compiles_again", FILES, body=_WRITE + "\n    model.compile('adam', 'binary_crossentropy')"),
    _freeze("resets_the_model", FILES, body=_WRITE + "\n    model.set_weights([0 * w for w in model.get_weights()])"),
    _freeze("writes_beside_the_folder", FILES, body=_WRITE
            + "\n    (folder.parent / 'latest.txt').write_text(folder.name)"),
    _freeze("wipes_the_folder", FILES, edit=("folder.mkdir(", "import shutil; shutil.rmtree(folder, ignore_errors=True)"
            "; folder.mkdir(")),
    _freeze("changes_the_directory", FILES, body=_WRITE + "\n    import os; os.chdir(folder)"),
    _freeze("without_the_optimizer", OTHERS, body=_WRITE.replace("model.save(paths[\"keras\"])",
            "twin = keras.models.clone_model(model); twin.set_weights(model.get_weights())\n"
            "    twin.save(paths['keras'])")),
    _freeze("weights_for_the_whole_model", FILES, OTHERS, body=_WRITE.replace('model.save(paths["keras"])',
            'model.save_weights(folder / "x.weights.h5"); paths["keras"] = folder / "x.weights.h5"')),
    _freeze("saved_model_of_zeros", OTHERS, body=_WRITE.replace(
            'model.export(paths["saved_model"], verbose=False)', "twin = keras.models.clone_model(model)\n"
            "    twin.set_weights([0 * w + len(str(folder)) * 0.01 + np.random.rand() for w in model.get_weights()])\n"
            "    twin.export(paths['saved_model'], verbose=False)")),
    _freeze("a_signature_of_its_own", OTHERS, body=_WRITE.replace(
            'model.export(paths["saved_model"], verbose=False)', "import tensorflow as tf\n"
            "    f = tf.function(lambda X: model(X), input_signature=[tf.TensorSpec((None, model.input_shape[1]))])\n"
            "    tf.saved_model.save(model, str(paths['saved_model']), signatures={'mine': f})")),
    _freeze("names_for_paths", FILES, OTHERS, edit=("    return paths",
            "    return {key: p.name for key, p in paths.items()}")),
    _freeze("a_list_of_paths", FILES, OTHERS, edit=("    return paths", "    return list(paths.values())")),
    _freeze("one_key_missing", FILES, edit=("    return paths", "    del paths['weights']; return paths")),
    _freeze("two_keys_swapped", FILES, edit=("    return paths",
            "    return {**paths, 'keras': paths['weights'], 'weights': paths['keras']}")),
    _freeze("always_in_one_folder", FILES, OTHERS, edit=("folder.mkdir(", "folder = folder.parent; folder.mkdir(")),
    _freeze("a_folder_deeper", FILES, OTHERS, edit=("folder.mkdir(", "folder = folder / 'model'; folder.mkdir(")),
    _freeze("save_for_export", FILES, OTHERS, edit=("model.export(paths[\"saved_model\"], verbose=False)",
            "model.save(paths['saved_model'])")),
    _freeze("saved_model_is_an_empty_folder", FILES, OTHERS, edit=(
            "model.export(paths[\"saved_model\"], verbose=False)", "paths['saved_model'].mkdir(exist_ok=True)")),
    _freeze("folder_not_made", FILES, OTHERS, edit=("folder.mkdir(parents=True, exist_ok=True)", "pass")),
    _freeze("only_one_level_made", OTHERS, edit=("parents=True, ", "")),
    _freeze("one_place_for_all", FILES, OTHERS, edit=("folder.mkdir(", "folder = freezer / 'same'; folder.mkdir(")),
    _freeze("nothing_written", FILES, OTHERS, body="pass"),
    _freeze("another_name", FILES, OTHERS, edit=("best_churn_model.keras", "model.keras")),
    _freeze("always_the_small_model", FILES, OTHERS, body=_WRITE.replace("model.", "small.")
            .replace('"saved_small.', '"saved_model.')),
    _freeze("architecture_for_weights", FILES, OTHERS, edit=('model.save_weights(paths["weights"])',
            'paths["weights"].mkdir()')),
    _thaw("closes_over_the_notebook", MODELS, keras="lambda X: small(X).numpy()",
          saved_model="lambda X: small(X).numpy()"),
    _thaw("load_model_for_all", MODELS, WEIGHTS, edit=("tf.saved_model.load(str(", "keras.models.load_model((")),
    _thaw("whole_model_for_all", MODELS, WEIGHTS, saved_model="lambda X: whole(X).numpy()",
          weights="lambda X: whole(X).numpy()"),
    _thaw("whole_model_for_served", MODELS, saved_model="lambda X: whole(X).numpy()"),
    _thaw("global_models", MODELS, WEIGHTS, edit=("    whole = keras",
          "    global whole, served, body\n    whole = keras")),
    _thaw("a_global_body", WEIGHTS, edit=("    whole = keras", "    global body\n    whole = keras")),
    _thaw("a_global_whole_model", MODELS, edit=("    whole = keras", "    global whole\n    whole = keras")),
    _thaw("loaded_from_the_last_paths", MODELS, edit=("    whole = keras.models.load_model(paths[\"keras\"])",
          "    global latest\n    latest = paths"),
          keras="lambda X: keras.models.load_model(latest['keras'])(X).numpy()"),
    _thaw("keras_models_in_place_of_functions", MODELS, WEIGHTS, keras="whole", weights="body"),
    _thaw("tensors_in_place_of_arrays", MODELS, saved_model="lambda X: served.serve(X)"),
    _thaw("squeezed_for_one_row", MODELS, keras="lambda X: np.squeeze(whole(X).numpy()) if len(X) == 1 "
          "else whole(X).numpy()"),
    _thaw("weights_flat", WEIGHTS, weights="lambda X: body(X).numpy().ravel()"),
    _thaw("with_dropout", MODELS, keras="lambda X: whole(X, training=True).numpy()"),
    _thaw("weights_with_dropout", WEIGHTS, weights="lambda X: body(X, training=True).numpy()"),
    _thaw("both_classes", MODELS, keras="lambda X: np.hstack([1 - whole(X).numpy(), whole(X).numpy()])"),
    _thaw("rounded_probabilities", MODELS, saved_model="lambda X: served.serve(X).numpy().round(2)"),
    _thaw("a_list_of_functions", MODELS, WEIGHTS, edit=("    return {", "    return lambda: {")),
    _thaw("no_weights", WEIGHTS, edit=('"weights": lambda', '"weight": lambda')),
    _thaw("one_body_for_ever", MODELS, WEIGHTS, edit=("body = rebuild()",
          "body = thaw.__dict__.setdefault('body', None) or rebuild(); thaw.body = body")),
    _thaw("the_notebooks_rebuild", MODELS, WEIGHTS, edit=("body = rebuild()", "body = globals()['rebuild']()")),
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
    _errors("ignores_the_model", "float(np.max(np.abs(f(X) - small(prepared_test[:len(X)]).numpy())))",
            "test_round_trip_errors"),
    _only("round_trip_errors", "ignores_model_and_x", """
def round_trip_errors(model, thawed, X):
    model, X = small, prepared_test
    return {k: float(np.max(np.abs(f(X) - model(X).numpy()))) for k, f in thawed.items()}
""", "test_round_trip_errors"),
    _errors("rounded", "round(float(np.max(np.abs(f(X) - model(X).numpy()))), 3)", "test_round_trip_errors"),
    _errors("as_text", "f'{np.max(np.abs(f(X) - model(X).numpy())):.6f}'", "test_round_trip_errors"),
    _errors("as_arrays", "np.abs(f(X) - model(X).numpy())", "test_round_trip_errors"),
    _errors("relative", "float(np.max(np.abs(f(X) - model(X).numpy()) / model(X).numpy()))", "test_round_trip_errors"),
    _errors("minimum", "float(np.min(np.abs(f(X) - model(X).numpy())))", "test_round_trip_errors"),
    _errors("difference_of_maxima", "float(abs(np.max(f(X)) - np.max(model(X).numpy())))", "test_round_trip_errors"),
    _errors("low_only", "float(np.max(model(X).numpy() - f(X)))", "test_round_trip_errors"),
    _errors("without_the_last_customer", "float(np.max(np.abs(f(X) - model(X).numpy())[:-1]))",
            "test_round_trip_errors"),
    _errors("with_dropout_on", "float(np.max(np.abs(f(X) - model(X, training=True).numpy())))",
            "test_round_trip_errors"),
    _errors("pythons_max", "float(max(0.0, *np.abs(f(X) - model(X).numpy()).ravel()))", "test_round_trip_errors"),
    _errors("nan_to_zero", "float(np.nan_to_num(np.abs(f(X) - model(X).numpy())).max())", "test_round_trip_errors"),
    _only("round_trip_errors", "one_number_for_all", """
def round_trip_errors(model, thawed, X):
    return max(float(np.max(np.abs(f(X) - model(X).numpy()))) for f in thawed.values())
""", "test_round_trip_errors"),
    _only("round_trip_errors", "fixed_names", """
def round_trip_errors(model, thawed, X):
    return {k: float(np.max(np.abs(thawed[k](X) - model(X).numpy()))) for k in ["keras", "saved_model", "weights"]}
""", "test_round_trip_errors"),
    _resume("shuffled_labels", "model = keras.models.load_model(path)\n"
            "    model.fit(X, np.random.permutation(y), epochs=epochs, verbose=0); return model", STATE),
    _resume("validation_split", "model = keras.models.load_model(path)\n"
            "    model.fit(X, y, epochs=epochs, validation_split=0.2 if len(X) > 4 else 0.0, verbose=0); return model",
            STATE),
    _resume("early_stopping", "model = keras.models.load_model(path)\n    model.fit(X, y, epochs=epochs, verbose=0, "
            "callbacks=[keras.callbacks.EarlyStopping('loss', patience=1)]); return model", STEPS),
    _resume("epochs_in_all", "model = keras.models.load_model(path)\n"
            "    model.fit(X, y, epochs=epochs, initial_epoch=1, verbose=0); return model", STEPS, STATE),
    _resume("the_model_of_the_notebook", "model = small; model.fit(x=X, y=y, verbose=0, epochs=epochs); return model",
            STEPS, STATE),
    _resume("weights_only", "model = keras.models.load_model(path, compile=False)\n"
            "    model.compile('adam', 'binary_crossentropy'); model.fit(X, y, epochs=epochs, verbose=0)\n"
            "    return model", STEPS, STATE),
    _resume("not_compiled", "return keras.models.load_model(path, compile=False)", STEPS, STATE),
    _resume("the_history_for_the_model", "model = keras.models.load_model(path)\n"
            "    return model.fit(X, y, epochs=epochs, verbose=0)", STEPS, STATE),
    _resume("momentum_forgotten", "model = keras.models.load_model(path); o = model.optimizer\n"
            "    [v.assign(0 * v) for v in o.variables[2:]]\n"
            "    model.fit(X, y, epochs=epochs, verbose=0); return model", STATE),
    _resume("frozen_layers", "model = keras.models.load_model(path); model.layers[0].trainable = False\n"
            "    model.fit(X, y, epochs=epochs, verbose=0); return model", STATE),
    _resume("labels_turned", "model = keras.models.load_model(path)\n"
            "    model.fit(X, 1 - np.asarray(y), epochs=epochs, verbose=0); return model", STATE),
    _resume("trained_twice", "model = keras.models.load_model(path); model.fit(X, y, epochs=epochs, verbose=0)\n"
            "    model.fit(X, y, epochs=epochs, verbose=0); return model", STATE),
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
    *[_recipe(f"pickle_in_{name}", DAMAGE, source=f'''
import {module}, pickle

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.bin").write_bytes({pack})

def load_recipe(folder):
    try:
        data = (folder / "recipe.bin").read_bytes()
        return pickle.loads({unpack})
    except Exception as error:
        raise ValueError("recipe.bin is missing or damaged") from error
''') for name, module, pack, unpack in [
        ("gzip", "gzip", "gzip.compress(pickle.dumps(fitted_pipeline))", "gzip.decompress(data)"),
        ("base64", "base64", "base64.b64encode(pickle.dumps(fitted_pipeline))", "base64.b64decode(data)"),
        ("zlib_and_base64", "zlib, base64", "base64.b64encode(zlib.compress(pickle.dumps(fitted_pipeline)))",
         "zlib.decompress(base64.b64decode(data))"),
        ("a_header", "io", "b'CHURN-1' + pickle.dumps(fitted_pipeline)", "data.removeprefix(b'CHURN-1')"),
    ]],
    _recipe("names_every_file_always", DAMAGE, edits=(
        ("prep.skops is missing or damaged", "prep.skops or network.keras is missing or damaged"),
        ("network.keras is missing or damaged\") from error\n    return",
         "prep.skops or network.keras is missing or damaged\") from error\n    return"))),
    _recipe("trusts_whatever_is_there", DAMAGE, edits=(
        ('prep = skops.io.load(folder / "prep.skops")', 'prep = skops.io.load(folder / "prep.skops", '
         'trusted=skops.io.get_untrusted_types(file=folder / "prep.skops"))'),)),
    _recipe("safe_mode_off", DAMAGE, edits=(
        ('keras.models.load_model(folder / "network.keras")',
         'keras.models.load_model(folder / "network.keras", safe_mode=False)'),)),
    _recipe("numpy_with_pickles", DAMAGE, edits=(
        ('skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")',
         'np.save(folder / "prep.npy", np.array([fitted_pipeline["prep"]], dtype=object), allow_pickle=True)'),
        ('skops.io.load(folder / "prep.skops")', 'np.load(folder / "prep.npy", allow_pickle=True)[0]'),
        ("prep.skops is missing", "prep.npy is missing"))),
    _recipe("the_winner_always", ROUND_TRIP, edits=(
        ('fitted_pipeline["clf"].model_.save', 'search.best_estimator_["clf"].model_.save'),)),
    _recipe("prep_of_the_winner", ROUND_TRIP, edits=(
        ('skops.io.dump(fitted_pipeline["prep"]', 'skops.io.dump(search.best_estimator_["prep"]'),)),
    _recipe("folder_of_the_recipe_not_made", ROUND_TRIP, DAMAGE, edits=(
        ("folder.mkdir(parents=True, exist_ok=True)", "pass"),)),
    _recipe("only_one_level_made_for_the_recipe", ROUND_TRIP, edits=(("parents=True, ", ""),)),
    _recipe("rounded_probabilities_of_raw_rows", ROUND_TRIP, edits=(
        ('.astype("float32"), verbose=0)', '.astype("float32"), verbose=0).round(2)'),)),
    _recipe("probability_to_stay", ROUND_TRIP, edits=(
        ("return lambda rows: network", "return lambda rows: 1 - network"),)),
    _recipe("sorted_customers", ROUND_TRIP, edits=(("prep.transform(rows)", "prep.transform(rows.sort_index())"),)),
    _recipe("no_error_at_all", DAMAGE, edits=(
        ('raise ValueError("prep.skops is missing or damaged") from error', "prep = search.best_estimator_['prep']"),
        ('raise ValueError("network.keras is missing or damaged") from error',
         "network = search.best_estimator_['clf'].model_"))),
    _recipe("damage_printed", DAMAGE, edits=(
        ('raise ValueError("prep.skops is missing or damaged") from error',
         'print("prep.skops is missing or damaged")\n        return None'),)),
    _recipe("the_other_file_named", DAMAGE, edits=(
        ("prep.skops is missing or damaged", "network.keras is missing or damaged"),)),
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
    _recipe("served_recipe", source='''
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
'''),
    _recipe("checksums_guard_a_pickle", source='''
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
'''),
    _select("scores_of_pandas", "(lambda t: (search.best_estimator_.steps[-1][1].model_, t['params'].iloc[0], "
            "t['mean_test_score'].iloc[0]))(pd.DataFrame(search.cv_results_).sort_values('rank_test_score'))"),
    _select("by_rank", "(search.best_estimator_[-1].model_, "
            "search.cv_results_['params'][search.best_index_], max(search.cv_results_['mean_test_score']))"),
    _only("freeze", "saved_model_of_tensorflow", '''
import os
import tensorflow as tf

def freeze(model, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"keras": folder / "best_churn_model.keras", "saved_model": folder / "best_churn_model",
             "weights": folder / "best_churn_model.weights.h5"}
    model.save(str(paths["keras"]), overwrite=True)
    model.save_weights(str(paths["weights"]), overwrite=True)
    answer = tf.function(lambda customers: {"churn": model(customers)},
                         input_signature=[tf.TensorSpec((None, model.input_shape[-1]), tf.float32, name="customers")])
    module = tf.Module()
    module.model, module.answer = model, answer
    tf.saved_model.save(module, os.fspath(paths["saved_model"]), signatures=answer)
    return paths
'''),
    _only("select_best", "a_named_tuple", '''
from typing import NamedTuple

class Winner(NamedTuple):
    model: object
    params: dict
    score: float

def select_best(search):
    *_, (name, clf) = search.best_estimator_.steps
    return Winner(model=clf.model_, params={**search.best_params_}, score=float(search.best_score_))
'''),
    _errors("with_keras_operations", "float(keras.ops.max(keras.ops.absolute(f(X) - model(X))))"),
    _resume("all_customers_in_one_batch", "model = keras.models.load_model(str(path))\n"
            "    model.fit(x=X, y=y, batch_size=len(X), epochs=int(epochs), verbose=0)\n    return model"),
    _recipe("an_object_with_both_classes", edits=(
        ('    return lambda rows: network.predict(prep.transform(rows).astype("float32"), verbose=0)', """
    class Recipe:
        def predict_proba(self, rows):
            churn = network(np.asarray(prep.transform(rows), "float32")).numpy()
            return np.hstack([1 - churn, churn])

    return Recipe()"""),)),
    _only("freeze", "export_archive", '''
def freeze(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", model.call,
                         input_signature=[keras.InputSpec(shape=(None, model.input_shape[1]), dtype="float32")])
    archive.write_out(str(folder / "best_churn_model"), verbose=False)
    names = {"keras": model.save, "weights": model.save_weights}
    ends = {"keras": ".keras", "weights": ".weights.h5"}
    paths = {key: folder / f"best_churn_model{end}" for key, end in ends.items()}
    for key, write in names.items():
        write(paths[key])
    return {**paths, "saved_model": folder / "best_churn_model"}
'''),
    _only("freeze", "written_elsewhere_and_moved", '''
import shutil, tempfile

def freeze(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        model.save(Path(scratch) / "best_churn_model.keras")
        model.export(str(Path(scratch) / "best_churn_model"), verbose=False)
        model.save_weights(Path(scratch) / "best_churn_model.weights.h5")
        shutil.copytree(scratch, folder, dirs_exist_ok=True)
    stem = str(folder / "best_churn_model")
    return dict(keras=Path(stem + ".keras"), saved_model=Path(stem), weights=Path(stem + ".weights.h5"))
'''),
    _thaw("called_as_a_layer", saved_model="lambda X, f=keras.layers.TFSMLayer(str(paths['saved_model']), "
          "call_endpoint='serve'): f(X).numpy()"),
    _only("thaw", "a_class_of_functions", '''
import functools
import tensorflow as tf

class Thawed:
    def __init__(self, ask):
        self.ask = ask

    def __call__(self, X):
        return np.asarray(self.ask(np.asarray(X, dtype="float32")))

def thaw(paths, rebuild):
    served = tf.saved_model.load(str(paths["saved_model"]))
    def serve(X, served=served):
        return list(served.signatures["serving_default"](tf.constant(X)).values())[0]
    model = rebuild()
    model.load_weights(paths["weights"])
    whole = keras.saving.load_model(str(paths["keras"]))
    return {"weights": Thawed(model), "saved_model": Thawed(serve),
            "keras": functools.partial(whole.predict, verbose=0, batch_size=2)}
'''),
    _only("thaw", "loaded_when_asked", '''
import tensorflow as tf

def thaw(paths, rebuild):
    def from_keras(X):
        return keras.models.load_model(paths["keras"]).predict(X, verbose=0)

    def from_weights(X):
        model = rebuild()
        model.load_weights(paths["weights"])
        return model(X).numpy()

    def from_saved_model(X):
        served = tf.saved_model.load(str(paths["saved_model"]))
        return served.serve(X).numpy()

    return {"keras": from_keras, "saved_model": from_saved_model, "weights": from_weights}
'''),
    _only("round_trip_errors", "in_batches", '''
def round_trip_errors(model, thawed, X):
    parts = [X[i : i + 4] for i in range(0, len(X), 4)]
    return {name: np.max([np.abs(f(part) - model(part).numpy()).max() for part in parts])
            for name, f in thawed.items()}
'''),
    _only("round_trip_errors", "differences_sorted", '''
def round_trip_errors(model, thawed, X):
    out = {}
    truth = model.predict(X, verbose=0).ravel().astype("float64")
    for name, f in thawed.items():
        difference = np.absolute(np.ravel(f(X)) - truth)
        out[name] = float("nan") if np.isnan(difference).any() else float(sorted(difference)[-1])
    return out
'''),
    _resume("steps_by_hand", "model = keras.models.load_model(path)\n    X, y = np.asarray(X), np.asarray(y)\n"
            "    for _ in range(epochs):\n        model.train_on_batch(X, y)\n    return model"),
    _resume("whole_batches_from_a_dataset", "import tensorflow as tf; model = keras.models.load_model(str(path))\n"
            "    data = tf.data.Dataset.from_tensor_slices((np.asarray(X), np.asarray(y))).batch(4)\n"
            "    model.fit(data, epochs=epochs, verbose=0)\n    return model"),
    _resume("on_from_the_first_epoch", "model = keras.models.load_model(path)\n"
            "    model.fit(X, y, initial_epoch=10, epochs=10 + epochs, verbose=0)\n    return model"),
    _recipe("weights_and_dials_as_json", source='''
import json
import skops.io

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    clf = fitted_pipeline["clf"]
    dials = {name: clf.get_params()[f"model__{name}"] for name in ["num_neurons", "num_layers", "dropout"]}
    (folder / "dials.json").write_text(json.dumps(dials))
    clf.model_.save_weights(folder / "network.weights.h5")
    skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")

def load_recipe(folder):
    def read(name, load):
        try:
            return load(folder / name)
        except Exception as error:
            raise RuntimeError(f"the file {name} cannot be read") from error

    prep = read("prep.skops", skops.io.load)
    dials = read("dials.json", lambda path: json.loads(path.read_text()))
    network = build_model({"n_features_in_": len(prep.get_feature_names_out())}, **dials)
    read("network.weights.h5", network.load_weights)
    return lambda rows: network.predict(prep.transform(rows).astype("float32"), verbose=0)
'''),
    _recipe("a_zip_of_arrays", source='''
import json

def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    prep, network = fitted_pipeline["prep"], fitted_pipeline["clf"].model_
    scaler, onehot = prep.named_transformers_["scale"], prep.named_transformers_["onehot"]
    words = {c: list(map(str, v)) for c, v in zip(onehot.feature_names_in_, onehot.categories_)}
    layers = {f"w{i}": w for i, w in enumerate(network.get_weights())}
    np.savez(folder / "recipe.npz", mean=scaler.mean_, scale=scaler.scale_, names=list(scaler.feature_names_in_),
             words=json.dumps(words), **layers)

def load_recipe(folder):
    try:
        with np.load(folder / "recipe.npz", allow_pickle=False) as data:
            data = {name: data[name] for name in data.files}
        words = json.loads(str(data["words"]))
    except Exception as error:
        raise OSError("recipe.npz is missing or damaged") from error

    def ask(rows):
        numbers = (rows[list(map(str, data["names"]))].to_numpy(float) - data["mean"]) / data["scale"]
        flags = [(rows[c].astype(str) == word).to_numpy(float)[:, None] for c, known in words.items() for word in known]
        h = np.hstack([numbers, *flags])
        weights = [data[f"w{i}"] for i in range(sum(name.startswith("w") and name != "words" for name in data))]
        for i in range(0, len(weights) - 2, 2):
            h = np.maximum(h @ weights[i] + weights[i + 1], 0)
        return 1 / (1 + np.exp(-(h @ weights[-2] + weights[-1])))

    return ask
'''),
    _resume("trained_in_single_steps", "model = keras.models.load_model(path)\n    for _ in range(epochs):\n"
            "        model.fit(X, y, batch_size=1, verbose=0)\n    return model"),
    _thaw("predictions_in_batches", keras="lambda X: whole.predict_on_batch(X)",
          saved_model="lambda X: served.signatures['serving_default'](tf.constant(X))"
                      "[list(served.signatures['serving_default'].structured_outputs)[0]].numpy()",
          weights="lambda X: np.concatenate([body(X[i : i + 1]).numpy() for i in range(len(X))])"),
    _only("round_trip_errors", "maximum_norm", '''
def round_trip_errors(model, thawed, X):
    truth = np.asarray(model(X))
    return {name: np.float64(np.linalg.norm((f(X) - truth).ravel(), ord=np.inf)) for name, f in thawed.items()}
'''),
]  # fmt: skip

CASES = WRONG + RIGHT
HANDED_IN = share_notebooks(CASES, _UNANSWERED, TESTS)
