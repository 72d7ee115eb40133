"""What lesson 07_choosing_a_winner claims, checked in its own namespace."""

FACTS = {
    "No model can do better here than 0.5": "0.35 < inside < 0.65",
    "Nearly perfect, out of nothing": "outside > 0.9",
    "right for three customers in four": "0.7 < accuracy_score(y_test, nobody) < 0.8",
    "1.0 is a perfect ranking": "roc_auc_score(y_test, y_test) == 1.0",
    "The bottom of the valley lies well below 0.5": "best_line < 0.4 and min(costs) < costs[24]",
    "with these prices theory puts it at 1 in 5": "abs(thresholds[24] - 0.5) < 1e-9 and 1 / 5 == 0.2",
    "The first two rows overlap": "min(scores['56 neurons']) < max(scores['64 neurons'])"
    " and min(scores['64 neurons']) < max(scores['56 neurons'])",
    "is less than what separates two seeds": "apart < scatter",
    "The third lies apart": "max(scores['learning rate 0.0001']) < min(scores['64 neurons'] + scores['56 neurons'])",
    "holds 3,125 recipes": "len(book) == 3125",
    "A recipe drawn by itself is praised as much by one fold as by the others": "abs(curse.loc[1, 'optimism']) < 0.001",
    "The larger the crowd, the larger the part": "curse['optimism'].is_monotonic_increasing",
    "every fold seats 1,878 judges": "load_churn()[0].shape[0] == 3 * 1878",
}
