"""What the prose of 02_the_dials says in numbers, and what must be true for it."""

FACTS = {
    "1,500 customers of a telephone company; 26.5 % of them left": (
        "len(X_train) + len(X_valid) == 1500"
        " and round(100 * (y_train.sum() + y_valid.sum()) / (len(y_train) + len(y_valid)), 1) == 26.5"
    ),
    "The network learns from 1,000. The other 500": "(len(X_train), len(X_valid)) == (1000, 500)",
    "`build_model` takes the dials and returns a network": (
        "(lambda course, dials: build_model(**dials).get_config()"
        " == course({'n_features_in_': Z_train.shape[1]}, **dials).get_config()"
        " and build_model(**dials).get_compile_config()['optimizer']['config'].items()"
        " >= {'learning_rate': float(np.float32(0.01)), 'beta_1': 0.9}.items())"
        "(__import__('coffee_shop.recipe').recipe.build_model,"
        " {'learning_rate': 0.01, 'num_neurons': 8, 'num_layers': 2, 'dropout': 0.3, 'l2': 0.001})"
    ),
    "Both fall. The training loss falls further": (
        "history['loss'][-1] < history['loss'][0] - 0.1 and history['val_loss'][-1] < history['val_loss'][0] - 0.05"
        " and history['loss'][-1] < history['val_loss'][-1] and len(history['loss']) == 8"
    ),
    "Both take the same steps; only the order of the shuffled customers differs": (
        "(lambda slow: keras.utils.set_random_seed(0) or np.allclose("
        "slow().fit(Z_train, y_train, epochs=3, batch_size=1000, verbose=0).history['loss'],"
        " taste(epochs=3, batch_size=1000)['loss'], atol=1e-4))"
        "(build_model)"
    ),
    "where the slope at `weight` is twice": "abs((valley(0.3 + 1e-6) - valley(0.3 - 1e-6)) / 2e-6 - 2 * 0.3) < 1e-6",
    "At 0.5 one step is exactly right": "walk(0.5)[1] == 0",
    "at 1.0 the walk swings for ever between the same two places": "walk(1.0)[-2:] == [0.9, -0.9]",
    "at 1.1 it climbs out": "abs(walk(1.1)[-1]) > 1",
    "Where it began": "set(walk(0)) == {-0.9}",
    "in eight epochs it is still on its way": (
        "len(by_rate['learning rate 1e-05']) == 8"
        " and by_rate['learning rate 1e-05'][-1] > 1.2 * min(by_rate['learning rate 0.001'])"
    ),
    "not even about its training customers": (
        "taste(learning_rate=1e-5)['loss'][-1] > 1.2 * min(by_rate['learning rate 0.001'])"
    ),
    "jumps to the bottom and then overshoots": (
        "by_rate['learning rate 0.1'][-1] > min(by_rate['learning rate 0.1']) + 0.01"
    ),
    "A rate of 0.001 and one of 0.01 cannot be told apart here: the seed moves the loss as far as the rate does": (
        "abs(losses[2].mean() - losses[3].mean()) < max(np.ptp(losses[2]), np.ptp(losses[3]))"
        " and [tried[2], tried[3]] == [0.001, 0.01]"
    ),
    "a factor of a hundred is far up the wall": (
        "min(losses[0].min(), losses[5].min()) > losses[2:4].max() + np.ptp(losses[2:4])"
        " and round(tried[2] / tried[0]) == round(tried[5] / tried[3]) == 100"
    ),
    "from 0.00001 to 0.001 is as far as from 0.001 to 0.1": "abs((0.001 / 0.00001) / (0.1 / 0.001) - 1) < 1e-9",
    "Why not try 0.01, 0.02, 0.03, 0.04?": "0.04 / 0.01 == 4",
    "from, say, 0.0001 to 0.1": "len(np.geomspace(0.0001, 0.1, 4)) == 4 and round(0.1 / 0.0001) == 10**3",
    "0 means the same way, 90 means no help at all, and beyond 90": "abs(np.cos(np.radians(90))) < 1e-9",
    "Large batches agree": "np.std(off['batch size 512']) < 0.6 * np.std(off['batch size 8'])",
    "each small batch points roughly the right way, none exactly": (
        "np.mean(np.array(off['batch size 8']) < 90) > 0.7 and min(off['batch size 8']) > 20"
    ),
    "Some of the smallest batches even lead uphill": "0 < np.mean(np.array(off['batch size 8']) > 90) < 0.3",
    "Those of 512 customers nearly agree with everyone: they hold half of the customers": (
        "max(off['batch size 512']) < 30 and round(512 / len(Z_train), 1) == 0.5"
    ),
    "does the middle one of sixty batches point": (
        "all(len(one) == 60 for one in off.values()) and 62 < np.median(off['batch size 8']) < 80"
        " and 35 < np.median(off['batch size 64']) < 52 and 8 < np.median(off['batch size 512']) < 18"
    ),
    "Each stair follows an epoch that brought nothing better": (
        "all((reduced['learning_rate'][i + 1] < 0.5 * reduced['learning_rate'][i])"
        " == (reduced['val_loss'][i] > min(reduced['val_loss'][:i]) - 1e-4) for i in range(1, 9))"
        " and reduced['learning_rate'][-1] < 0.1 * reduced['learning_rate'][0]"
    ),
    "after the first one the loss falls at once": (
        "(lambda first: reduced['val_loss'][first] < reduced['val_loss'][first - 1] - 0.005)"
        "(int(np.argmax(np.array(reduced['learning_rate']) < 0.05)))"
    ),
    "the rate is so small that the network stands still": "np.ptp(reduced['val_loss'][-2:]) < 0.003",
    "Here are the three rates side by side": (
        "len(used) == len(by_rule) == 3 and all(len(rates) == 10 for rates in used.values())"
        " and np.isclose(reduced['learning_rate'][0], 0.1)"
    ),
    "the smallest takes many hasty steps, the largest only two careful ones": "steps[512] == 2 and steps[8] > 50 * steps[512]",
    "With batches of 512 the network has taken far fewer steps and is behind": (
        "by_batch['batch size 512'][-1] > 1.05 * max(by_batch['batch size 8'][-1], by_batch['batch size 64'][-1])"
    ),
    "The one in the middle": "min(by_batch, key=lambda name: by_batch[name][-1]) == 'batch size 64'",
    "Batches of 8 have taken the most, and still they end no better than batches of 64": (
        "max(steps, key=steps.get) == 8 and by_batch['batch size 8'][-1] >= by_batch['batch size 64'][-1]"
    ),
    "nothing forbids 48": "len(taste(epochs=1, batch_size=48)['loss']) == 1 and math.log2(48) % 1 > 0 == 48 % 8",
    "they jump about near the bottom, where the others glide": (
        "max(np.diff(by_batch['batch size 8'])) > 0 > max(np.diff(by_batch['batch size 512'][:6]))"
    ),
    "the best rate for few, careful steps is larger": "ends[512].idxmin() > ends[8].idxmin()",
    "A gap between the two curves is no sign of it": (
        "(lambda good: good['val_loss'][4] - good['loss'][4] > 0.02 and good['val_loss'][-1] < good['val_loss'][4])"
        "(taste(epochs=10, learning_rate=0.001))"
    ),
    "By then the curves had long parted, and that did no harm": (
        "best_epoch > 4 and long['val_loss'][2] - long['loss'][2] > 0.02"
    ),
    "The training loss keeps falling": "long['loss'][-1] < 0.5 * long['loss'][0]",
    "The validation loss turns up: what is": "long['val_loss'][-1] > 1.5 * min(long['val_loss'])",
    "All later epochs were wasted": "best_epoch < 30",
    "many times more weights than there are customers": "table['weights'].max() > 20 * len(X_train)",
    "fits *those* customers best": "table['training loss'].idxmin() == table['weights'].idxmax()",
    "hardly anything is gained beyond the middle of the table": (
        "table['validation loss'].min() > table.loc[(64, 1), 'validation loss'] - 0.02"
    ),
    "Learning by heart tends to need large weights": (
        "(lambda size: size['no safety net'] > 2 * size['l2 0.01'])({name: float(np.abs(model.layers[0].kernel).mean())"
        " for name, model in caught.items()})"
    ),
    "its training loss is higher, its validation loss lower, and the gap between the two much smaller": (
        "all(caught_losses.loc[net, 'training loss'] > caught_losses.loc['no safety net', 'training loss']"
        " and caught_losses.loc[net, 'validation loss'] < caught_losses.loc['no safety net', 'validation loss']"
        " and 1.5 * np.ptp(caught_losses.loc[net]) < np.ptp(caught_losses.loc['no safety net'])"
        " for net in ['dropout 0.5', 'l2 0.01'])"
    ),
    "lets the network learn almost nothing, even about the training customers": (
        "(lambda ignorant: 0 < ignorant - caught_losses.loc['l2 10, far too tight', 'training loss'] < 0.04"
        " and 0 < ignorant - caught_losses.loc['l2 10, far too tight', 'validation loss'] < 0.02)"
        "(log_loss(y_valid, [y_train.mean()] * len(y_valid)))"
    ),
    "Dropout and L2 do harm where they are too tight": (
        "reach['dropout'][0.9] < reach['dropout'][0.25] - 0.01 and reach['l2'][1.0] < reach['l2'][0.001] - 0.01"
    ),
    "The learning rate, by far": (
        "np.ptp(list(reach['learning_rate'].values())) > 2 * max("
        "np.ptp(list(values.values())) for dial, values in reach.items() if dial != 'learning_rate')"
    ),
    "0.5 is a coin, 1.0 is perfect": "roc_auc_score([0, 1], [1, 1]) == 0.5 and roc_auc_score([0, 1], [0, 1]) == 1.0",
    "over thousands of recipes": "5**5 > 2000",
    "Batches of 512 are behind after eight epochs with a learning rate of 0.001": (
        "taste(batch_size=512, learning_rate=0.001)['val_loss'][-1] > by_batch['batch size 64'][-1] + 0.01"
    ),
    "the loss falls slowly, then fast, then explodes": (
        "0 < smooth[20] - smooth[40] < smooth[40] - smooth[60] and smooth.iloc[-1] > 3 * smooth.min()"
    ),
    "The loss is lowest near 0.1, and explodes above 1": (
        "0.03 < sweep[smooth.idxmin()] < 0.3 and smooth[99] < 0.6 and smooth.iloc[-1] > 2"
    ),
    "There the loss rises already": "smooth[99] > smooth.min() + 0.02",
    "An epoch has 16 steps here, so this is an epoch of warm-up and nine of decay": (
        "math.ceil(len(Z_train) / 64) == 16 and schedule.warmup_steps == 16 and schedule.decay_steps == 9 * 16"
    ),
    "a better start and a steadier end than with a constant rate": (
        "by_schedule['warm-up and decay'][0] < by_schedule['constant'][0] - 0.02"
        " and np.ptp(by_schedule['warm-up and decay'][-3:]) < np.ptp(by_schedule['constant'][-3:])"
        " and by_schedule['warm-up and decay'][-1] < by_schedule['constant'][-1]"
    ),
    "to hold back the large network that learned by heart": (
        "by_optimizer['AdamW'][-1] < by_optimizer['Adam'][-1] - 0.05"
    ),
    "the number of weights grows more than a hundredfold": (
        "table.loc[(256, 2), 'weights'] > 100 * table.loc[(8, 1), 'weights']"
    ),
    "It hardly changes beyond 64 neurons": (
        "abs(table.loc[(256, 2), 'validation loss'] - table.loc[(64, 1), 'validation loss']) < 0.05"
    ),
    "five trainings that went wrong": "len(trainings) == 5",
    "both fall, slowly and steadily, and have not arrived": (
        "(np.diff(curves['A']['loss']) < 0).all() and curves['A']['val_loss'][-1] > 0.55"
    ),
    "both jump, and do not settle": (
        "(np.diff(curves['B']['val_loss']) > 0.01).sum() > 3 and (np.diff(curves['B']['val_loss']) < -0.01).sum() > 3"
    ),
    "the training loss falls, the validation loss turns up": (
        "curves['C']['loss'][-1] < 0.3 and curves['C']['val_loss'][-1] > min(curves['C']['val_loss']) + 0.1"
    ),
    "both stay high, the validation loss below the training loss": (
        "min(curves['D']['loss']) > 0.5 and (np.array(curves['D']['val_loss']) < curves['D']['loss']).mean() > 0.8"
    ),
    "the training loss falls, the validation loss rises in jumps": (
        "curves['E']['loss'][-1] < 0.35 and curves['E']['val_loss'][-1] > min(curves['E']['val_loss']) + 0.1"
        " and abs(np.diff(curves['E']['val_loss'])).max() > 1.2 * abs(np.diff(curves['C']['val_loss'])).max()"
    ),
}
