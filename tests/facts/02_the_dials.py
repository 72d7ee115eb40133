"""What the prose of 02_the_dials says in numbers, and what must be true for it."""

FACTS = {
    "1,500 customers of a telephone company; 26.5 % of them left": (
        "len(X_train) + len(X_valid) == 1500"
        " and round(100 * (y_train.sum() + y_valid.sum()) / (len(y_train) + len(y_valid)), 1) == 26.5"
    ),
    "The network learns from 1,000. The other 500": "(len(X_train), len(X_valid)) == (1000, 500)",
    "where the slope at `weight` is twice": "abs((valley(0.3 + 1e-6) - valley(0.3 - 1e-6)) / 2e-6 - 2 * 0.3) < 1e-6",
    "At 0.5 one step is exactly right": "walk(0.5)[1] == 0",
    "at 1.0 the walk swings for ever between the same two places": "walk(1.0)[-2:] == [0.9, -0.9]",
    "at 1.1 it climbs out": "abs(walk(1.1)[-1]) > 1",
    "Where it began": "set(walk(0)) == {-0.9}",
    "in eight epochs it is still on its way": (
        "len(by_rate['learning rate 1e-05']) == 8"
        " and by_rate['learning rate 1e-05'][-1] > 1.2 * min(by_rate['learning rate 0.001'])"
    ),
    "jumps to the bottom and then overshoots": (
        "by_rate['learning rate 0.1'][-1] > min(by_rate['learning rate 0.1']) + 0.01"
    ),
    "from 0.00001 to 0.001 is as far as from 0.001 to 0.1": "abs((0.001 / 0.00001) / (0.1 / 0.001) - 1) < 1e-9",
    "Why not try 0.01, 0.02, 0.03, 0.04?": "0.04 / 0.01 == 4",
    "from, say, 0.0001 to 0.1": "len(np.geomspace(0.0001, 0.1, 4)) == 4 and round(0.1 / 0.0001) == 10**3",
    "0 means the same way, 90 means no help at all, and beyond 90": "abs(np.cos(np.radians(90))) < 1e-9",
    "Large batches agree": "off['batch size 512'].std() < 0.6 * off['batch size 8'].std()",
    "each one points roughly the right way": "np.mean(off['batch size 8'] < 90) > 0.7",
    "many hasty steps or two careful ones": "steps[512] == 2 and steps[8] > 50 * steps[512]",
    "have taken far fewer steps and are behind": (
        "by_batch['batch size 512'][-1] > 1.05 * max(by_batch['batch size 8'][-1], by_batch['batch size 64'][-1])"
    ),
    "wavers where the others glide": (
        "max(np.diff(by_batch['batch size 8'])) > 0 > max(np.diff(by_batch['batch size 512'][:6]))"
    ),
    "the best rate for few, careful steps is larger": "ends[512].idxmin() > ends[8].idxmin()",
    "The first curve keeps falling": "long['loss'][-1] < 0.5 * long['loss'][0]",
    "The second one turns up again": "long['val_loss'][-1] > 1.5 * min(long['val_loss'])",
    "All later epochs were wasted": "best_epoch < 30",
    "many times more weights than there are customers": "table['weights'].max() > 20 * len(X_train)",
    "fits *those* customers best": "table['learned from'].idxmin() == table['weights'].idxmax()",
    "hardly anything is gained beyond the middle of the table": (
        "table['other customers'].min() > table.loc[(64, 1), 'other customers'] - 0.02"
    ),
    "both nets make it smaller": "gaps['no net'] > 1.2 * max(gaps['dropout 0.5'], gaps['l2 0.01'])",
    "The learning rate, by far": (
        "np.ptp(list(reach['learning_rate'].values())) > 2 * max("
        "np.ptp(list(values.values())) for dial, values in reach.items() if dial != 'learning_rate')"
    ),
    "0.5 is a coin, 1.0 is perfect": "roc_auc_score([0, 1], [1, 1]) == 0.5 and roc_auc_score([0, 1], [0, 1]) == 1.0",
    "over thousands of recipes": "5**5 > 2000",
}
