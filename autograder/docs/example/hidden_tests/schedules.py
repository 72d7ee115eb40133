# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% test_step_decay
for epoch, every, expected in [(4, 5, 8.0), (5, 5, 2.0), (29, 10, 0.5), (30, 10, 0.125), (2, 1, 0.5)]:
    found = step_decay(epoch, 8.0, 0.25, every)
    assert found == expected, f"Expected {expected} in epoch {epoch} with steps of {every} epochs, found {found}."
for epoch, expected in {19: 2.0, 20: 1.0}.items():
    found = step_decay(epoch, 4.0)
    assert found == expected, f"Expected {expected} in epoch {epoch} with the usual steps of 10, found {found}."

# %% test_step_decay_error
try:
    step_decay(20, 0.1, every=-5)
except ValueError:
    pass
else:
    raise AssertionError("Expected a ValueError for steps of -5 epochs, found none.")

# %% test_warm_up
for epoch, epochs, expected in [(1, 4, 3.0), (4, 4, 6.0), (100, 4, 6.0), (0, 1, 6.0)]:
    found = warm_up(epoch, 6.0, epochs)
    assert found == expected, f"Expected {expected} in epoch {epoch} of {epochs} towards 6.0, found {found}."
found = warm_up(2, 10.0)
assert found == 6.0, f"Expected 6.0 in epoch 2 of the usual 5 towards 10.0, found {found}."
