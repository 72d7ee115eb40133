# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learning-rate schedules
#
# A schedule says how large the learning rate is in each epoch. Epochs are counted from 0.

# %% [markdown]
# ## Step decay
#
# Write `step_decay`. The rate is `start` in the first `every` epochs, `start * factor` in the next `every` epochs,
# `start * factor**2` in those after them, and so on. A number of epochs below 1 is a `ValueError`.

# %% answer="step_decay"
def step_decay(epoch, start, factor=0.5, every=10):
    """Return the learning rate of an epoch."""
    ### BEGIN SOLUTION
    if every < 1:
        raise ValueError("a step has at least one epoch")
    return start * factor ** (epoch // every)
    ### END SOLUTION


# %% test="test_step_decay" points=2
for epoch, expected in {0: 0.1, 9: 0.1, 10: 0.05}.items():
    found = step_decay(epoch, 0.1)
    assert found == expected, f"Expected {expected} in epoch {epoch} for a start at 0.1, found {found}."

# %% test="test_step_decay_error" points=1
try:
    step_decay(0, 0.1, every=0)
except ValueError:
    pass
else:
    raise AssertionError("Expected a ValueError for steps of 0 epochs, found none.")

# %% [markdown]
# ## Warm-up
#
# Large steps at once can ruin a training. Write `warm_up`. The rate rises in equal steps: it is `target / epochs` in
# epoch 0 and `target` in the last of the `epochs`. After that it stays at `target`.


# %% answer="warm_up"
def warm_up(epoch, target, epochs=5):
    """Return the learning rate of an epoch."""
    ### BEGIN SOLUTION
    return target * min((epoch + 1) / epochs, 1)
    ### END SOLUTION


# %% test="test_warm_up" points=2
for epoch, expected in {0: 0.25, 3: 1.0}.items():
    found = warm_up(epoch, 1.0, epochs=4)
    assert found == expected, f"Expected {expected} in epoch {epoch} of 4 towards 1.0, found {found}."

# %% [markdown]
# ## Why
#
# Why does a smaller learning rate help at the end of a training?

# %% [markdown] question="why" points=1
# ### BEGIN SOLUTION
# Close to a minimum large steps jump over it; small ones settle in it.
# ### END SOLUTION
