"""What lesson 07_choosing_a_winner claims, checked in its own namespace."""

FACTS = {
    "On average no model can do better here than a ROC AUC of 0.5": "0.35 < inside < 0.65",
    "Nearly perfect, out of nothing": "outside > 0.9",
    "right for three customers in four": "0.7 < accuracy_score(y_test, nobody) < 0.8",
    "1.0 is a perfect ranking": "roc_auc_score(y_test, y_test) == 1.0",
    "The bottom of the valley lies well below 0.5": "best_threshold < 0.4 and min(costs) < costs[24]",
    "the threshold that `predict` uses": "abs(thresholds[24] - 0.5) < 1e-9",
    "Theory puts the threshold at 1 in 5: a call costs 1 and saves 5 times the probability": "1 / 5 == 0.2 < best_threshold",
    "If only every second call does, it saves half as much, and the threshold moves to 2 in 5": (
        "(lambda at: abs(at - 2 / 5) < 0.01)(next(p for p in np.linspace(0, 1, 1001) if 1 + p * 5 * 0.5 < 5 * p))"
    ),
    "Close, and a little too high where people seldom leave": (
        "(calibration['predicted, on average'] - calibration['share that left']).abs().max() < 0.05"
        " and (calibration['predicted, on average'] > calibration['share that left']).iloc[:3].all()"
    ),
    "the bottom of our valley lies above it": "best_threshold > 1 / 5",
    "Only one customer in four left": "abs(y_train.mean() - 1 / 4) < 0.05",
    "The **ranking** is the same to the second decimal": "abs(classes['ROC AUC'].diff().iloc[1]) < 0.015",
    "with weights the network predicts more than 0.4 on average, where about one customer in four left": (
        "classes.loc['balanced', 'probability, on average'] > 0.4"
        " and abs(classes.loc['no weights', 'probability, on average'] - y_train.mean()) < 0.03"
    ),
    "At a threshold of 0.5 the weights lower the cost, because they raise the probabilities": (
        "classes.loc['balanced', 'cost at 0.5'] < classes.loc['no weights', 'cost at 0.5'] - 0.05"
    ),
    "if each model has its best threshold, the cost is about the same with and without them": (
        "abs(classes['lowest cost'].diff().iloc[1]) < 0.03"
        " < classes.loc['no weights', 'cost at 0.5'] - classes.loc['balanced', 'cost at 0.5']"
    ),
    "All three rows overlap": ("max(map(min, scores.values())) < min(map(max, scores.values()))"),
    "an unlucky seed of the best recipe falls behind a lucky one of the worst": (
        "min(scores['128 neurons']) < max(scores['56 neurons'])"
        " and np.mean(scores['128 neurons']) == max(map(np.mean, scores.values()))"
        " and np.mean(scores['56 neurons']) == min(map(np.mean, scores.values()))"
    ),
    "Is a difference smaller than the scatter always luck? No.": (
        "lead('128 neurons')[0] < np.ptp(scores['64 neurons']) and lead('128 neurons')[0] > 3 * lead('128 neurons')[1]"
    ),
    "56 neurons differ from 64 by less than the standard error": (
        "abs(lead('56 neurons')[0]) < lead('56 neurons')[1] and len(scores['56 neurons']) == 8"
    ),
    "holds 3,125 recipes": "len(book) == 3125",
    "A single candidate scores as well on one fold as on the others": "abs(curse.loc[1, 'optimism']) < 0.001",
    "The more candidates there are, the more of the winner's lead was luck": "curse['optimism'].is_monotonic_increasing",
    "every fold has 1,878 customers": "load_churn()[0].shape[0] == 3 * 1878",
    "The curse is an average. In a single draw the winner may score higher on the other folds": (
        "(curse['others higher'].loc[:100] > 0).all() and curse['optimism'][1000] > 0"
    ),
    "about every second time with 10 candidates, one time in five with 100, hardly ever with 1,000": (
        "abs(curse.loc[10, 'others higher'] - 1 / 2) < 0.1"
        " and abs(curse.loc[100, 'others higher'] - 1 / 5) < 0.05"
        " and curse.loc[1000, 'others higher'] < 0.03"
    ),
    "any two of the three trainings share half of their customers": (
        "(lambda parts: all(abs(len(set(one) & set(two)) / len(one) - 1 / 2) < 0.01 for one in parts for two in parts"
        " if one is not two))([train for train, _ in StratifiedKFold(outer).split(X_train, y_train)])"
    ),
    "in eight groups of equal size": "len(share_left) == 8 and abs(share_left - predicted).max() < 0.12",
    "By more than 0.005": "np.ptp(scores['64 neurons']) > 0.005",
    "Four hundred customers, one number": "len(X_test) == 400",
    "the network with the learning rate and the epochs that the search has found": (
        "rivals['network']['clf'].get_params()['model__learning_rate'] == 0.01 and rivals['network']['clf'].epochs == 20"
    ),
    "600 of which are still untouched": "len(X_new) == 600",
    "we draw 600 from the ones that we have, with replacement": "draws.shape == (1000, len(y_new)) == (1000, 600)",
    "A draw with many hard cups lowers both scores; most of that cancels": (
        "resampled['squares'].corr(resampled['network']) > 0.5"
        " and resampled['difference'].std() < resampled[['squares', 'network']].std().min()"
    ),
    "The first row and the last enclose 95 of 100 draws": "round(0.975 - 0.025, 3) == 95 / 100",
    "their intervals overlap": "resampled['network'].quantile(0.025) < resampled['squares'].quantile(0.975)",
    "it is above zero from end to end": "resampled['difference'].quantile(0.025) > 0.005",
}
