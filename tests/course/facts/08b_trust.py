"""What lesson 08b_trust claims, as expressions that hold in its namespace after its last cell."""

FACTS = {
    "the winner of the last lesson's search again, with its dials": "winner['clf'].model__learning_rate == 0.01"
        " and winner['clf'].model__num_neurons == 16 == model.layers[0].units"
        " and int(model.optimizer.iterations) == 2 * -(-len(X_train) // 100)",
    "this time on all customers outside the test set": "len(X_train) + len(X_test) == 7043"
        " and not set(X_train.index) & set(X_test.index)",
    "It knows thousands of customers; of the branch only 60": "sum(~fibre) > 2000 and len(few) == 60",
    "The old brain ranks well, but its probabilities are far too low": "branch.loc['old brain', 'ROC AUC'] > 0.72"
    " and branch.loc['old brain', 'mean chance'] < left.mean() / 1.5",
    "and sixty customers by heart": "roc_auc_score(y_train.iloc[few], scratch(Z_train[few])) > 0.9",
    "which gets the outputs of the 16 in the hidden layer": "tuned.layers[0].units == 16"
        " and sum(w.shape.num_elements() for w in tuned.trainable_weights) == 16 + 1",
    "The tuned one keeps the ranking and corrects the rate, and its loss is the smallest":
        "branch['log loss'].idxmin() == 'old brain, tuned'"
        " and branch.loc['old brain, tuned', 'ROC AUC'] > branch.loc['from scratch', 'ROC AUC']",
    "The probabilities of the old brain crowd at the left": "(chances['old brain'] < 0.25).mean() > 0.5",
    "sure of most customers, one way or the other": "(abs(chances['from scratch'] - 0.5) > 0.3).mean() > 0.6",
    "An argument that is missing there comes back as its default":
        "Pinch.from_config(keras.layers.Layer.get_config(Pinch(0.5))).amount == 1.0",
    "The answers are right, and a file has been written": "(pantry / 'guest.txt').exists()",
    "three customers in ten": "abs((model(Z_train).numpy() > threshold).mean() - 0.3) < 0.01",
    "Change a single byte of a copy": "checksum(damaged / 'prep.skops')"
        " != note['files']['prep.skops'] == checksum(recipe / 'prep.skops')",
    "Within each kind of contract the ranking is worse than over all customers":
        "by_group.loc[[name for name in by_group.index if name.startswith('Contract')], 'ROC AUC'].max()"
        " < note['metric']['roc_auc']",
    "so the card and the note cannot disagree":
        "all(digest in card for digest in note['files'].values()) and str(note['metric']['roc_auc']) in card",
    "two customers in ten": "abs((model(Z_train).numpy() > stricter['threshold']).mean() - 0.2) < 0.01",
    "whatever somebody changes in a folder is noticed": "read_index()['versions']['1']['note'] == checksum(registry / '1' / 'note.json')"
        " != read_index()['versions']['2']['note']",
    "The second version was a mistake: **roll back**": "read_index()['in use'] == ['1'] and (registry / '2').exists()"
        " and calls['1'] > calls['2']",
    "It keeps the ranking and corrects the rate": "branch['log loss'].idxmin() == 'old brain, tuned'",
}  # fmt: skip
