"""The queue of notebooks that wait for their visible tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from autograder.service.records import HandIn

Key = tuple[str, str, str]


class QueueFullError(Exception):
    """So many notebooks wait that no other can."""


class CheckQueue:
    """Runs hand-ins in the order in which they came, some at the same time.

    Parameters
    ----------
    check : callable
        It is called with each hand-in, in a thread, and raises nothing.
    longest : int
        How many may wait.
    workers : int
        How many run at the same time.
    """

    def __init__(self, check: Callable[[HandIn], None], longest: int, workers: int):
        self._check, self._longest, self._workers = check, longest, workers
        self._waiting: dict[Key, HandIn] = {}
        self._changed = threading.Condition()
        self._open = False

    def start(self, waiting: Iterable[HandIn] = ()) -> None:
        """Begin with what waits already, however much that is."""
        self._waiting = {hand_in.key: hand_in for hand_in in waiting}
        self._open = True
        for _ in range(self._workers):
            # A notebook that runs when the process ends still has no verdict: the next process runs it again.
            threading.Thread(target=self._work, name="visible tests", daemon=True).start()

    def stop(self) -> None:
        """Begin with no other one."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def require_room(self) -> None:
        """Check that another hand-in can wait.

        Raises
        ------
        QueueFullError
            If it cannot.
        """
        if len(self._waiting) >= self._longest:
            raise QueueFullError(f"{self._longest} notebooks wait for their tests")

    def put(self, accept: Callable[[], HandIn]) -> HandIn:
        """Accept a hand-in if it can wait. One that replaces another of the same notebook keeps its place.

        Raises
        ------
        QueueFullError
            If it cannot; then it was not accepted.
        """
        with self._changed:
            self.require_room()
            hand_in = accept()
            self._waiting[hand_in.key] = hand_in
            self._changed.notify()
        return hand_in

    def place(self, hand_in: HandIn) -> int:
        """Return how many notebooks come before this one does; 0 if it is next, or runs."""
        with self._changed:
            keys = list(self._waiting)
        return keys.index(hand_in.key) if hand_in.key in keys else 0

    def _work(self) -> None:
        while hand_in := self._next():
            self._check(hand_in)

    def _next(self) -> HandIn | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._open)
            if not self._open:
                return None
            return self._waiting.pop(next(iter(self._waiting)))
