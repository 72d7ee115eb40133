"""What the prose of 10_recap says in numbers, and what must be true for it."""

FACTS = {
    "which has never seen the training data": "reply['coffee_shop imported'] is False",
    "Either can happen": "abs(search.best_score_ - test_score) < 0.08",
    "because 500 customers are few": "len(X_test) == 500",
    "only when you have measured it": "abs(reply['churn'] - in_memory) < 1e-5",
    "569 tumours by 30 measurements, and whether each was benign": (
        "tumours.shape == (569, 30) and load_breast_cancer().target_names[1] == 'benign'"
    ),
    "with nothing but the libraries": "not Classifier.__mro__[1].__module__.startswith('coffee_shop')",
    "A few thousandths, about as much as the differences scatter": (
        "abs((by_fold - baseline).mean()) < 3 * (by_fold - baseline).std() < 0.03"
    ),
    "The two scores are close again": (
        "(lambda network, baseline: abs(network - baseline) < 0.01)"
        "(*(roc_auc_score(y_judge, model.predict_proba(judge)[:, 1]) for model in (own, simple)))"
    ),
    "**Freeze** the whole recipe in one file": (
        "thawed_apart < 1e-5 and [type(layer).__name__ for layer in thawed.layers] == ['Normalization', 'Sequential']"
    ),
    "Eleven tries, each with its dials, its score, what it cost and what it was made from": (
        "len(written) == 11 and {'clf__batch_size', 'roc_auc', 'seconds', 'data', 'keras'} <= set(written)"
    ),
    "change one value, and the checksum changes": (
        "(lambda changed: checksum(changed) != checksum(learn) == checksum(learn.copy()) and (changed != learn).sum().sum() == 1)"
        "(learn.assign(**{'mean area': learn['mean area'] + [1e-6, *[0] * (len(learn) - 1)]}))"
    ),
    "one of sixty draws is in the best twentieth": "1 - (1 - 1 / 20) ** 60 == 1 - 0.95**60",
    "More than nine times in ten": "1 - 0.95**60 > 0.9",
    "1,797 handwritten digits, eight by eight pixels": "digits.images.shape == (1797, 8, 8)",
    "a margin of two around them": "images.shape[1:] == (8 + 2 * 2, 8 + 2 * 2, 1)",
    "Nine numbers, used everywhere": "edge.size == 9",
    "with about as many weights": (
        "abs(networks['dense'].count_params() / networks['convolutional'].count_params() - 1) < 0.05"
    ),
    "All three read digits they have not seen": "shifted.loc[0].min() > 0.9",
    "a digit that has moved is another digit": "shifted['dense'][1] < shifted['dense'][0] - 0.2",
    "hardly notices": "shifted['convolutional'][2] > max(shifted['dense'][2] + 0.3, 0.9)",
    "the answers of the **filters** move along with it, and are otherwise the same": (
        "(lambda answers: np.allclose(np.roll(answers(test_X[:9]), 1, axis=2)[:, :, 2:-1],"
        " answers(np.roll(test_X[:9], 1, axis=2))[:, :, 2:-1], atol=1e-5)"
        " and not np.allclose(answers(test_X[:9]), answers(np.roll(test_X[:9], 1, axis=2)), atol=0.1))"
        "(lambda pictures: networks['convolutional'].layers[0](pictures).numpy())"
    ),
    "Without pooling, the layer behind the filters gives each place a meaning of its own again": (
        "[type(layer).__name__ for layer in networks['without pooling'].layers[:2]]"
        " == [type(layer).__name__ for layer in networks['convolutional'].layers[:2]]"
        " and (shifted['without pooling'][1:] < shifted['convolutional'][1:] - 0.3).all()"
    ),
    "reads moved digits hardly better than the dense one": (
        "(shifted['without pooling'][1:] < shifted['dense'][1:] + 0.25).all()"
    ),
    "13 draws of three folds and one refit are 40 trainings": "13 * 3 + 1 == 40",
    "2⁶ is 64 combinations, 193 trainings with three folds and a refit": "2**6 == 64 and 64 * 3 + 1 == 193",
    "a third fold confirms a lead of 0.002 on two others nearly three times in four": (
        "(lambda lead: 0.7 < np.mean([(two * third > 0)[(abs(two) > 0.0015) & (abs(two) < 0.0025)].mean()"
        " for two, third in [(lead[:, 1:].mean(axis=1), lead[:, 0]), (lead[:, ::2].mean(axis=1), lead[:, 1]),"
        " (lead[:, :2].mean(axis=1), lead[:, 2])]]) < 0.76)"
        "((lambda book: book.sample(200_000, replace=True, random_state=0).to_numpy()"
        " - book.sample(200_000, replace=True, random_state=1).to_numpy())"
        "(__import__('coffee_shop.recipe_book').recipe_book.load_recipe_book().filter(like='split')))"
    ),
    "It has 32 filters of 3 × 3 on images with one channel, and each filter has a bias": (
        "networks['convolutional'].layers[0].count_params() == 32 * (3 * 3 * 1 + 1)"
    ),
}
