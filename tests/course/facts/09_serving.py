"""What the prose of 09_serving says in numbers, and what must be true for it."""

FACTS = {
    "a small search, on a thousand customers": "len(X_night) == 1000",
    "As good as equal": "float(np.abs(signature(**tensors(guests))['churn'] - expected).max()) < 1e-5",
    "An unknown word becomes all zeros": (
        "not winner['prep'].transform(guests)[-1][[name.startswith('Contract_')"
        " for name in winner['prep'].get_feature_names_out()]].any()"
    ),
    "The same answers, and `whole.save` or `whole.export`": (
        "float(np.abs(whole(columns)[:, 0] - expected).max()) < 1e-5"
        " and whole.save(models / 'whole.keras') is None and np.abs("
        "keras.models.load_model(models / 'whole.keras')(columns)[:, 0] - expected).max() < 1e-5"
    ),
    "there is time to call three customers in ten": (
        "abs((winner.predict_proba(X_night)[:, 1] > note['threshold']).mean() - 0.3) < 0.01"
    ),
    "Port 0 means any free one": "command[-1] == '0' and int(address.rpartition(':')[2]) > 0",
    "and the same chances": "np.allclose(answer['predictions'], expected[:3], atol=1e-5)",
    "This is how most models die: quietly": (
        "abs(winner.predict_proba(X_test[2:3].assign(Contract='Month to month'))[0, 1] - expected[2]) > 0.001"
    ),
    "We ask 300 times": "len(singles) == 300",
    "in a batch one errand serves a hundred": "hundred < 50 * median",
    "more than five times as many as before": "len(X_train) > 5 * len(X_night)",
    "answers with the highest number": "abs(old - new) > 1e-6",
    "the old cup is back, the very same": "back == answer",
    "are kept in 8 bits instead of 32": (
        "np.int8 in {tensor['dtype'] for tensor in phones['LiteRT, 8 bits'].get_tensor_details()}"
        " and np.int8 not in {tensor['dtype'] for tensor in phones['LiteRT'].get_tensor_details()}"
    ),
    "The plain conversion agrees to the last digits": "np.abs(changes['LiteRT']).max() < 1e-5",
    "moves the chances a little, hardly ever across the threshold": (
        "1e-5 < np.abs(changes['LiteRT, 8 bits']).max() < 0.05 and np.mean((expected > note['threshold'])"
        " != (expected + changes['LiteRT, 8 bits'] > note['threshold'])) < 0.05"
    ),
    "the file shrinks by less than you may have hoped": (
        "phone.stat().st_size / 3 < small.stat().st_size < phone.stat().st_size"
    ),
    "Its log has two lines": "len(log) == 2",
    "A copy of version 1 stays, in `models/churn` of the course's folder": (
        "kept.resolve() == Path.cwd().parent / 'models' / 'churn' / '1'"
        " and tf.saved_model.load(kept).signatures['serving_default'] is not None"
    ),
}
