"""A progress bar for searches that is a picture in a notebook, on a page and on paper alike."""

from __future__ import annotations

from IPython.display import ProgressBar


class CountedBar(ProgressBar):
    """IPython's progress bar with the count beside it; ``for step in CountedBar(20)`` advances it."""

    def __init__(self, total: int, unit: str = "trainings"):
        super().__init__(total)
        self.unit = unit

    def _repr_html_(self) -> str:
        count = f"{self.progress} of {self.total} {self.unit}"
        style = "width: 40ex; max-width: 60%"
        return f'<progress style="{style}" max="{self.total}" value="{self.progress}"></progress> {count}'


class FitBar:
    """Callback that advances a bar with every training: ``search.set_callbacks(FitBar())``, then ``search.fit``.

    For scikit-learn's searches, ``HalvingRandomSearchCV`` included, whose trainings are counted as they are planned.
    The trainings must run in this process: ``n_jobs=None``.
    """

    def setup(self, estimator, context) -> None:
        self._bar = CountedBar(1)
        self._bar.display()

    def teardown(self, estimator, context) -> None:
        del self._bar

    def on_fit_task_begin(self, estimator, context, **_) -> None:
        if context.max_subtasks:  # the task is one no longer, but so many
            self._bar.total += context.max_subtasks - 1

    def on_fit_task_end(self, estimator, context, **_) -> None:
        if not context.max_subtasks:
            self._bar.progress += 1
