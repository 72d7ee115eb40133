"""What the prose of 09_serving says in numbers, and what must be true for it."""

FACTS = {
    "a small search, on a thousand customers": "len(X_night) == 1000",
    "The answers are equal but for rounding": "float(np.abs(signature(**tensors(guests))['churn'] - expected).max()) < 1e-5",
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
    "and gives the same probabilities": "np.allclose(answer['predictions'], expected[:3], atol=1e-5)",
    "A model can fail quietly like this": (
        "abs(winner.predict_proba(X_test[2:3].assign(Contract='Month to month'))[0, 1] - expected[2]) > 0.001"
    ),
    "so their PSI is only luck": "moves(X_test).max() < 0.05",
    "luck stays far below both; with 100 it is above 0.1 in most weeks": (
        "max(luck['1,000 customers']) < 0.06 and np.mean(np.array(luck['100 customers']) > 0.1) > 0.6"
    ),
    "one above 0.25 an alarm. With 1,000 customers": "max(luck['1,000 customers']) < 0.1 < 0.25",
    "monthly charges are higher by 15 %": "np.allclose(dearer['MonthlyCharges'] / X_test['MonthlyCharges'], 1 + 15 / 100)",
    "and the ranking is as good as before: a column that moves": (
        "watched.loc['higher prices', 'moved most'] == 'MonthlyCharges' and watched.loc['higher prices', 'its PSI']"
        " > 0.5 and abs(watched.loc['higher prices', 'ROC AUC'] - watched.loc['as before', 'ROC AUC']) < 0.005"
    ),
    "a word that training never saw has the largest PSI of all": (
        "watched['its PSI'].astype(float).idxmax() == 'another form'"
        " and watched.loc['another form', 'moved most'] == 'Contract'"
        " and abs(watched.loc['another form', 'ROC AUC'] - watched.loc['as before', 'ROC AUC']) < 0.01"
    ),
    "seen in the orders and in the chances, and the ranking suffers": (
        "watched.loc['a campaign', 'its PSI'] > 0.25 and watched.loc['a campaign', 'PSI of the chances'] > 0.06"
        " and watched.loc['a campaign', 'ROC AUC'] < watched.loc['as before', 'ROC AUC'] - 0.01"
    ),
    "most of those who come have internet over fibre": "by_fibre[comes].mean() > 0.6",
    "of those with a contract of two years, half leave": "abs(weeks['a rival'][1][long].mean() - 0.5) < 0.08",
    "**The rival** is the worst, and nothing in the orders or in the chances shows him": (
        "watched['ROC AUC'].astype(float).idxmin() == 'a rival' and watched.loc['a rival', 'ROC AUC'] < 0.7 and"
        " watched.loc['a rival'].drop('ROC AUC').equals(watched.loc['as before'].drop('ROC AUC'))"
    ),
    "It agrees with the PSI, and is as blind to the rival": (
        "ks_2samp(X_night['MonthlyCharges'], weeks['higher prices'][0]['MonthlyCharges']).pvalue < 1e-6"
        " and ks_2samp(X_night['MonthlyCharges'], X_test['MonthlyCharges']).pvalue > 0.05"
    ),
    "We ask 300 times": "len(singles) == 300",
    "a batch pays the fixed cost once for a hundred customers": "hundred < 50 * median",
    "more than five times as many as before": "len(X_train) > 5 * len(X_night)",
    "answers with the highest number": "abs(old - new) > 1e-6",
    "version 1 answers again, exactly as before": "back == answer",
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
    "Here it does not pay: a few kilobytes less": "0 < phone.stat().st_size - small.stat().st_size < 15_000",
    "pictures of eight by eight pixels that come with scikit-learn": "digits.images.shape[1:] == (8, 8)",
    "the file shrinks to about a quarter, as the arithmetic has promised": (
        "all(0.24 < read_by[name].stat().st_size / read_by['32 bits'].stat().st_size < 0.3"
        " for name in list(read_by)[1:])"
    ),
    "hardly an image is read otherwise, and as many are read right as before": (
        "compared['read otherwise'].max() < 0.02 * len(new_images) and compared['read otherwise']['32 bits'] == 0"
        " and np.ptp(compared['read right']) < 0.01"
    ),
    "move by a few hundredths at most, more with full integers than with weights alone": (
        "1e-4 < compared['largest change'].iloc[1] < compared['largest change'].iloc[2] < 0.1"
    ),
    "rounds the activations as well": (
        "np.int8 in {one['dtype'] for one in Interpreter(str(everything)).get_tensor_details()"
        " if len(one['shape']) == 4 and one['shape'][0] == 1}"
    ),
    "with the help of the package": "'tf2onnx' in sys.modules",
    "Both hold the same weights in 32 bits, and both agree with Keras to the last digits": (
        "compare(onnx_answers)['largest change'] < 1e-5 and compared['largest change']['32 bits'] < 1e-5"
        " and abs(onnx_file.stat().st_size / as_it_is.stat().st_size - 1) < 0.05"
    ),
    "`export` writes the file without a word of complaint": "(models / 'churn.onnx').exists()",
    "are TensorFlow's own, and the file only names them": "'LookupTableFindV2' in refusal",
    "Its log has two lines": "len(log) == 2",
    "A copy of version 1 stays, in `models/churn` of the course's folder": (
        "kept.resolve() == Path.cwd().parent / 'models' / 'churn' / '1'"
        " and tf.saved_model.load(kept).signatures['serving_default'] is not None"
    ),
}
