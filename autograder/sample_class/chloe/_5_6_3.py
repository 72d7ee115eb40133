# A folder one level deep, weights that are never loaded, a mean for a maximum, a faster optimizer, a nameless error.

# %% select_best
def select_best(search):
    return search.best_estimator_["clf"].model_, search.best_params_, search.best_score_

# %% freeze
def freeze(model, folder):
    folder.mkdir(exist_ok=True)
    model.save(folder / "best_churn_model.keras")
    model.export(folder / "best_churn_model", verbose=False)
    model.save_weights(folder / "best_churn_model.weights.h5")
    return {
        "keras": folder / "best_churn_model.keras",
        "saved_model": folder / "best_churn_model",
        "weights": folder / "best_churn_model.weights.h5",
    }

# %% thaw
import tensorflow as tf

def thaw(paths, rebuild):
    whole = keras.models.load_model(paths["keras"])
    served = tf.saved_model.load(str(paths["saved_model"]))
    body = rebuild()
    return {
        "keras": lambda X: whole.predict(X, verbose=0),
        "saved_model": lambda X: served.serve(X).numpy(),
        "weights": lambda X: body.predict(X, verbose=0),
    }

# %% round_trip_errors
def round_trip_errors(model, thawed, X):
    return {name: float(np.mean(np.abs(f(X) - model(X).numpy()))) for name, f in thawed.items()}

# %% resume_training
def resume_training(path, X, y, epochs):
    model = keras.models.load_model(path)
    model.optimizer.learning_rate = 0.5
    model.fit(X, y, epochs=epochs, verbose=0)
    return model

# %% save_recipe
def save_recipe(fitted_pipeline, folder):
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted_pipeline["prep"], folder / "prep.skops")
    fitted_pipeline["clf"].model_.save(folder / "network.keras")

def load_recipe(folder):
    try:
        prep = skops.io.load(folder / "prep.skops")
        network = keras.models.load_model(folder / "network.keras")
    except Exception:
        raise ValueError("the recipe cannot be loaded")
    return lambda rows: network.predict(prep.transform(rows).astype("float32"), verbose=0)
