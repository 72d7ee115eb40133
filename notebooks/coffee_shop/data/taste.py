"""Make recipe_book.csv.gz, the scores of all 3,125 recipes: ``python taste.py [--processes N]``.

Every recipe of `coffee_shop.recipe_book.DIALS` is trained on the training customers in three stratified folds, as
``GridSearchCV(make_pipeline(), DIALS, cv=3, scoring="roc_auc")`` would on one thread. A network that trains for 40
epochs passes 2, 5, 10 and 20 on its way, so one training scores five recipes. What was tasted is kept in a journal
beside the book: a run that was stopped goes on where it was. On a GPU, one process is the fastest.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from rich.progress import track
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from coffee_shop.churn import load_churn
from coffee_shop.recipe_book import BOOK, DIALS

JOURNAL = Path(__file__).with_name("recipe_book.journal")
FOLDS = 3
EPOCHS, RATE, BATCH = "clf__epochs", "clf__model__learning_rate", "clf__batch_size"
SHAPE = ["clf__model__num_neurons", "clf__model__dropout"]  # what a training step is traced for


def taste_shape(shape: dict[str, float]) -> list[dict]:
    """Train all networks of one shape; return a row for each recipe and fold, the seconds those of the processor."""
    # Imported here: the process that hands out the work needs no TensorFlow.
    from coffee_shop.recipe import make_pipeline

    pipeline = make_pipeline()
    X, _, y, _ = load_churn()
    rows = []
    for fold, (learned, held) in enumerate(StratifiedKFold(FOLDS).split(X, y)):
        prep = clone(pipeline["prep"]).fit(X.iloc[learned])
        train = prep.transform(X.iloc[learned]), y.iloc[learned]
        clf = clone(pipeline).set_params(**shape)["clf"]
        clone(clf).set_params(epochs=1).fit(*train)  # traces the step, whose seconds belong to no recipe
        for rate, batch in itertools.product(DIALS[RATE], DIALS[BATCH]):
            taster = _taster(prep.transform(X.iloc[held]).astype("float32"), y.iloc[held])
            dials = {"model__learning_rate": rate, "batch_size": batch, "epochs": max(DIALS[EPOCHS])}
            clone(clf).set_params(**dials, callbacks=[taster]).fit(*train)
            recipe = {**shape, RATE: rate, BATCH: batch, "fold": fold}
            rows += [{**recipe, **tasted} for tasted in taster.tasted]
    return rows


def _taster(X, y):
    """Return a callback that scores the network on held-out customers after 2, 5, 10, ... epochs of training."""
    import keras

    class Taster(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.tasted, self.seconds = [], 0.0

        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.process_time()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds += time.process_time() - self.begun
            if epoch + 1 in DIALS[EPOCHS]:
                score = roc_auc_score(y, self.model(X, training=False).numpy().ravel())
                self.tasted.append({EPOCHS: epoch + 1, "score": score, "seconds": self.seconds})

    return Taster()


def taste_all(processes: int) -> list[dict]:
    """Taste what the journal does not hold yet, ``processes`` shapes at a time; return all rows."""
    done = list(_read_journal())
    tasted = {tuple(row[dial] for dial in SHAPE) for row in done}
    shapes = itertools.product(*(DIALS[dial] for dial in SHAPE))
    todo = [dict(zip(SHAPE, shape, strict=True)) for shape in shapes if shape not in tasted]
    os.environ.update(dict.fromkeys(["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"], "1"))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool, JOURNAL.open("a") as journal:
        jobs = [pool.submit(taste_shape, shape) for shape in todo]
        for job in track(as_completed(jobs), f"Tasting {len(todo)} shapes", total=len(todo)):
            journal.write(json.dumps(job.result()) + "\n")
            journal.flush()
            done += job.result()
    return done


def _read_journal() -> Iterator[dict]:
    for line in JOURNAL.read_text().splitlines() if JOURNAL.exists() else []:
        if line.endswith("]"):  # a run that was killed may have left half a line
            yield from json.loads(line)


def bind(rows: list[dict]) -> pd.DataFrame:
    """Return the recipe book: a row for each recipe, in the order of `DIALS`."""
    wide = pd.DataFrame(rows).pivot_table(index=list(DIALS), columns="fold", values=["score", "seconds"], sort=True)
    scores = wide["score"].round(5).set_axis([f"split{fold}_test_score" for fold in range(FOLDS)], axis=1)
    return scores.assign(mean_fit_time=wide["seconds"].mean(axis=1).round(4)).reset_index()


def main() -> None:
    """Taste, and write the book beside this file, the same bytes for the same scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=1, help="shapes that are tasted at a time (default: 1)")
    book = bind(taste_all(parser.parse_args().processes))
    text = book.to_csv(index=False, lineterminator="\n")
    BOOK.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{len(book)} recipes", hashlib.sha256(BOOK.read_bytes()).hexdigest(), BOOK.name)


if __name__ == "__main__":
    main()
