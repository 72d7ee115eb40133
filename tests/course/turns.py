"""A right answer to each "Your turn" of the lessons: what to write for the gaps of its cell, one after the other."""

ANSWERS = {
    "01_welcome": {
        "how-to-work-with-it-2": {"= 3": "= 4"},
        "ingredients-weights-and-dials-your-turn-2": {"...": '["learning rate", "epochs", "batch size"]'},
        "a-first-recipe-your-turn-2": {
            "...": "make_pipeline(learning_rate=0.01, batch_size=64, epochs=10, num_neurons=64)"
        },
    },
    "02_the_dials": {
        "learning-rate-your-turn-2": {"...": "[0.0001, 0.001, 0.01, 0.1]"},
        "batch-size-your-turn-2": {"...": "math.ceil(1000 / 48)"},
        "turn-two-dials-yourself-your-turn-2": {"...": "0.01"},
    },
    "03_grid_search": {
        "write-the-map-down-your-turn-2": {
            "...": '{"clf__batch_size": [32], "clf__epochs": [5, 10], "clf__model__dropout": [0, 0.25, 0.5]}'
        },
        "from-coarse-to-fine-your-turn-2": {"...": "math.sqrt(0.01 * 0.04)"},
        "luck-or-a-difference-your-turn-2": {"...": "first_scores - second_scores"},
    },
    "04_random_search": {
        "distributions-instead-of-lists-your-turn-2": {"...": "stats.loguniform(1e-6, 1e-2)"},
        "spend-a-budget-your-turn-2": {"...": "(600 // 2 - 1) // 5"},
        "spend-a-budget-your-turn-4": {"...": "int(np.ceil(np.log(0.05) / np.log(0.99)))"},
        "scientific-nuisance-and-fixed-your-turn-2": {
            "...": 'book.groupby("clf__model__num_neurons")["mean_test_score"].max()'
        },
    },
    "05_bayesian_optimisation": {
        "how-the-scout-thinks-your-turn-2": {
            "...": '"BA"[int(expected_improvement(0.84, 0.001, 0.841) > expected_improvement(0.83, 0.03, 0.841))]'
        },
        "the-scout-in-our-kitchen-your-turn-2": {"...": 'study.best_params["learning_rate"]'},
        "optunas-own-pictures-your-turn-2": {
            "...": 'pictures.plot_contour(study, params=["learning_rate", "batch_size"])',
        },
        "conditional-your-turn-2": {
            "...": '[trial.suggest_int(f"neurons_{i}", 16, 128) for i in range(layers)]',
        },
    },
    "06_stopping_early": {
        "one-cup-early-stopping-your-turn-2": {"...": "3"},
        "one-cup-early-stopping-your-turn-4": {
            "...": "keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)"
        },
        "the-arithmetic-of-halving-your-turn-2": {"...": "[(27, 2), (9, 6), (3, 18), (1, 54)]"},
    },
    "07_choosing_a_winner": {
        "keep-the-preprocessing-inside-your-turn-2": {
            "...": 'Pipeline([("scale", StandardScaler()), ("k", SelectKBest(k=20)), ("clf", LogisticRegression())])'
        },
        "stratify-your-turn-2": {"...": "StratifiedKFold(5, shuffle=True, random_state=0)"},
        "draw-the-line-your-turn-2": {"...": "2 / 8"},
    },
    "08_saving": {
        "what-is-inside-your-turn-2": {"...": 'load_model(pantry / "best_churn_model.keras")'},
        "measure-the-round-trip-your-turn-2": {"...": "np.abs(after - before).max()"},
        "pick-up-where-you-stopped-your-turn-2": {"...": "20 + 3 * 10"},
        "pick-up-where-you-stopped-your-turn-4": {"...": 'logs["before the crash"]["val_loss"].min()'},
    },
    "08b_trust": {
        "swap-the-brain-keep-the-body-your-turn-2": {"...": "16 + 1"},
        "parts-of-your-own-your-turn-2": {"...": '{"amount": layer.amount}'},
        "a-registry-your-turn-2": {"...": "promoted[:-1] or promoted"},
    },
    "09_serving": {
        "ask-for-raw-customers-your-turn-2": {"...": '{"instances": rows[-2:]}'},
        "drift-your-turn-2": {"...": "np.sum((now - before) * np.log(now / before))"},
        "quantisation-that-pays-your-turn-2": {"...": "reader.count_params() * 4, reader.count_params()"},
        "onnx-your-turn-2": {"...": 'session.run(None, {"image": new_images})'},
        "how-fast-your-turn-2": {"...": "1000 * np.percentile(singles, 99)"},
        "a-new-version-and-back-your-turn-2": {"...": '"/v1/models/churn/versions/1:predict"'},
    },
    "10_recap": {
        "recap-ranges-your-turn-2": {
            "...": '{"clf__model__learning_rate": stats.loguniform(1e-4, 1e-2), "clf__batch_size": [16, 32]}'
        },
        "which-search-your-turn-2": {
            'a second a training": ...': 'a second a training": "grid"',
            'at once": ...': 'at once": "random"',
            'one machine": ...': 'one machine": "Bayesian"',
        },
        "the-road-to-convolutional-networks-your-turn-2": {"...": "32 * (3 * 3 + 1)"},
    },
}


def solved(source: str, answer: dict[str, str]) -> str:
    """Return the source of a cell with its gaps filled in.

    A gap in a docstring or comment would be filled too, so there must be as many as the answer knows.
    """
    for gap, written in answer.items():
        if source.count(gap) != 1:
            raise ValueError(f"{gap!r} must be there once, in {source!r}")
        source = source.replace(gap, written)
    return source
