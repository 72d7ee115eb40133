"""The laboratory: a page on which searches race over the recipe book, in the browser and without Python."""

from __future__ import annotations

import json

import pandas as pd

from coffee_shop.recipe_book import DIALS, SPLITS, load_recipe_book

PAGE = "laboratory"
# In the order in which a page loads them: each uses what those before it define.
SCRIPTS = [
    f"{PAGE}/{name}.js"
    for name in (
        "recipe_book",
        "random",
        "space",
        "statistics",
        "gaussian_process",
        "improvement",
        "searches",
        "race",
        "svg",
        "curves",
        "maps",
        "belief",
        "sentences",
        "settings",
        "state",
        "views",
        "page",
    )
]


def recipe_book_script() -> str:
    """Return the recipe book as a script: a page from disk may load a script, but no file of data.

    The mean scores stand in the order of the dials' settings, the first dial's changing slowest.
    """
    book = load_recipe_book().sort_values(list(DIALS))
    dials = [{"name": plain_name(dial), "settings": settings} for dial, settings in DIALS.items()]
    content = {"dials": dials, "scores": book["mean_test_score"].tolist(), "foldSpread": fold_spread(book)}
    data = json.dumps(content, separators=(",", ":"))
    return f"// Made from coffee_shop.recipe_book when the site is built.\nglobalThis.recipeBook = {data};\n"


def fold_spread(book: pd.DataFrame) -> float:
    """Return by how much the best recipe's lead over one of the best thousand changes from fold to fold."""
    best = book.nlargest(1000, "mean_test_score")[SPLITS]
    return float((best.iloc[0] - best).std(axis=1, ddof=0).median())


def plain_name(dial: str) -> str:
    """Return the name of a dial for readers: ``clf__model__num_neurons`` is ``neurons``."""
    return dial.rpartition("__")[2].replace("_", " ").removeprefix("num ")
