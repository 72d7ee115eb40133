"""What lesson 08_saving claims, as expressions that hold in its namespace after its last cell."""

FACTS = {
    "We save the winner of a search. Ours is small, four recipes of two epochs each":
        "len(search.cv_results_['params']) == 4 and int(model.optimizer.iterations) == 2 * 10"
        " and search.best_score_ == max(search.cv_results_['mean_test_score'])"
        " and all(map(np.array_equal, new_model.get_weights(), search.best_estimator_['clf'].model_.get_weights()))",
    "trained once more on all customers": "hasattr(search, 'refit_time_') and len(X_train) == 1000",
    "With Keras 3 both are the same function": "keras.__version__.startswith('3.')"
        " and __import__('tensorflow').keras.models.load_model is load_model is keras.models.load_model",
    "needs `build_model` and the winner's number of neurons":
        "sent[-1] == str(search.best_params_['clf__model__num_neurons']) == str(model.layers[0].units)",
    "One call saves them all, another brings them back": "new_model.count_params() == model.count_params()",
    "From the architecture alone Keras can build the model, but the result is empty": "int(empty.optimizer.iterations) == 0"
    " and float(np.abs(empty(Z_test) - model(Z_test)).max()) > 0.1",
    "about twice as large as the layers': Adam keeps two running averages for every weight, and two numbers of its own":
        "numbers == {'layers': model.count_params(), 'optimizer': 2 * model.count_params() + 2}",
    "The folder is the largest": "sum(f.stat().st_size for f in frozen['SavedModel'].rglob('*') if f.is_file())"
    " > max(frozen[name].stat().st_size for name in ('.keras', '.weights.h5'))",
    "answer for two hundred customers": "answers['.keras'].shape == (200, 1)",
    "A difference of 1e-7 appears": "1e-8 < np.finfo('float32').eps < 1e-6",
    "These are 32-bit floats, good for about seven digits": "Z_test.itemsize == 4",
    "1,000 customers in batches of 100, two epochs": "len(Z_train) == 1000 and remembered == 2 * 1000 // 100",
    "every weight is equal to the last bit": "all(map(np.array_equal, paused.get_weights(), straight.get_weights()))",
    "the step counter has gone on from 20 to 40": "(remembered, int(paused.optimizer.iterations)) == (20, 40)",
    "gets a new optimizer, which starts at zero": "int(forgetful.optimizer.iterations) == 20 and"
    " float(np.abs(forgetful(Z_test) - straight(Z_test)).max()) > 1e-4",
    "As soon as its table has six lines": "6 <= len(logs['before the crash']) < 20 and training.returncode != 0",
    "There is no `last.keras`: the script never came to its end": "not (before / 'last.keras').exists()"
        " and (before / 'backup').exists() and (after / 'last.keras').exists()",
    "when the training is over, the backup is deleted": "not (after / 'backup').exists()",
    "The training goes on with the epoch after the last complete one, and its losses are those of the undisturbed training":
        "gone_on.index[0] == len(logs['before the crash']) and list(logs['after the crash'].index) == list(range(20))"
        " and (gone_on - undisturbed).abs().max().max() < 1e-6",
    "The validation loss was smallest early": "logs['in one go']['val_loss'].idxmin() < 5",
    "After the crash a worse model took the place of the best one":
        "epoch_of(after) > len(logs['before the crash']) and epoch_of(before) == epoch_of(in_one_go)"
        " and gone_on['val_loss'].min() > logs['before the crash']['val_loss'].min()",
    "The step counter in `.weights.h5` may surprise you": "int(built.optimizer.iterations) == 20",
    "Keras skips the optimizer state, with a warning": "len(caught) == 1 and int(plain.optimizer.iterations) == 0",
}  # fmt: skip
