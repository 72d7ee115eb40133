"""What the prose of 10_recap says in numbers, and what must be true for it."""

FACTS = {
    "which has never seen the training data": "reply['coffee_shop imported'] is False",
    "Either can happen": "abs(search.best_score_ - honest) < 0.08",
    "and 500 customers are few": "len(X_test) == 500",
    "believed when it has been measured": "abs(reply['churn'] - in_memory) < 1e-5",
    "Sixty draws come into the best twentieth": "1 - (1 - 1 / 20) ** 60 == 1 - 0.95**60",
    "More than nine times in ten": "1 - 0.95**60 > 0.9",
    "1,797 handwritten digits, eight by eight pixels": "digits.images.shape == (1797, 8, 8)",
    "a margin of two around them": "images.shape[1:] == (8 + 2 * 2, 8 + 2 * 2, 1)",
    "Nine numbers, used everywhere": "edge.size == 9",
    "with about as many weights": (
        "abs(networks['dense'].count_params() / networks['convolutional'].count_params() - 1) < 0.05"
    ),
    "Both read digits they have not seen": "shifted.loc[0].min() > 0.9",
    "a digit that has moved is another digit": "shifted['dense'][1] < shifted['dense'][0] - 0.2",
    "hardly notices": "shifted['convolutional'][2] > shifted['dense'][2] + 0.3",
}
