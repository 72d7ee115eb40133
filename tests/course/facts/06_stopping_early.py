"""What the prose of 06_stopping_early says in numbers, and what must be true for it."""

FACTS = {
    "sets a fifth of the customers aside": "eager['clf'].validation_split == 1 / 5",
    "went on for five epochs after its best one, in vain": (
        "len(history['val_loss']) - 1 - np.argmin(history['val_loss']) == 5"
    ),
    "Trust, and check": "abs(home - min(history['val_loss'])) < 1e-4 < history['val_loss'][-1] - home",
    "one unlucky epoch ends a good training": (
        "waits.groupby('patience').mean()['best loss'][1] > waits.groupby('patience').mean()['best loss'][15] + 0.0005"
    ),
    "an epoch that every training pays for": "waits.groupby('patience').mean()['epochs'].is_monotonic_increasing",
    "With 18 recipes and a factor of three": "plan['recipes'].tolist() == [18, 6, 2] and budget['factor'] == 3",
    "all three have the same area": "len(plan) == 3 and (plan['recipes'] * plan['epochs']).nunique() == 1",
    "Every round costs the same": "plan['cost in epochs'].nunique() == 1",
    "compared with 18 trainings of 36 epochs": "plan['epochs'].iloc[-1] == 36",
    "The tournament needs a third of the epochs of 18 full trainings": "3 * plan['cost in epochs'].sum() == 18 * 36",
    "The seconds shrink as well": "share_of_seconds < 1",
    "the survivors of a round from the beginning": (
        "[recipe['clf__epochs'] for recipe in results['params']] == results['n_resources'].tolist()"
    ),
    "1 means the same order, 0 no connection at all, -1 the opposite order": (
        "scores[[2]].corrwith(scores[2], method='spearman').iloc[0] == 1"
    ),
    "After 36 epochs the best is worse than the best after 12": (
        "played['mean_test_score'][36] < played['mean_test_score'][12] - 0.001"
    ),
    "after 2, 5, 10 and 20 epochs agree with the order after 40": "scores.columns.tolist() == [2, 5, 10, 20, 40]",
    "**wrong way round**": "scores.corr(method='spearman').loc[2, 40] < -0.2",
    "The lines cross": (
        "(lambda sprinter, late: sprinter[2] > late[2] + 0.01 and sprinter[40] < late[40] - 0.01)"
        "(*(scores.loc[recipe] for recipe in leaders.values()))"
    ),
    "a large one is ahead at once and learns by heart later": (
        "scores.groupby('clf__model__learning_rate').mean()[2].is_monotonic_increasing"
        " and scores.groupby('clf__model__learning_rate').max()[40].idxmax() < 0.01"
    ),
    "32 recipes in each, and in every round the worse half goes home": "2**5 == 32",
    "a fast starter wins, far below the best of the field": (
        "halved['winner']['last taste'] < halved['best of all 32']['last taste'] - 0.002"
    ),
    "nearly as good as training all 32 to the end, for a fraction of the seconds": (
        "halved['winner']['best taste'] > halved['best of all 32']['best taste'] - 0.0005"
        " and halved['seconds']['best taste'] < halved['seconds for all 32']['best taste'] / 3"
    ),
    "The tournament wins": "halved['winner']['best taste'] > np.median(explorers.best_at([same_seconds]))",
    "a few recipes that all go to the end": "list(brackets.values())[-1] == [(4, longest)]",
    "most recipes go home after one epoch": "[*brackets.values()][0][:2] == [(27, 1), (9, 3)]",
    "All four cost about the same": (
        "(lambda costs: len(costs) == 4 and max(costs) < 1.1 * min(costs))"
        "([sum(recipes * epochs for recipes, epochs in rounds) for rounds in brackets.values()])"
    ),
    "four fifths to learn from": "abs(len(X_learn) / len(X_train) - 4 / 5) < 0.001",
    "cups that nobody finished": "trained < 0.75 * len(curves) * longest",
    "A large learning rate is ahead at once and falls behind later": (
        "scores.corr(method='spearman').loc[2, 40] < -0.2"
        " and scores[2].groupby('clf__model__learning_rate').mean().idxmax()"
        " > scores[40].groupby('clf__model__learning_rate').mean().idxmax()"
    ),
    "a recipe goes on at once if it is among the best third": "factor == 3",
    "some of its tournaments compare for the first time after 9 or 27 epochs": (
        "{9, 27} <= {rounds[0][1] for rounds in brackets.values()}"
    ),
    "The first trial ran to the end": "lengths[0] == longest",
    "Most of the others ended after one epoch": "np.mean(np.array(lengths[1:]) == 1) > 0.5",
}
