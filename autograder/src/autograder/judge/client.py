"""The judge of one notebook, as the grader sees it."""

from __future__ import annotations

import contextlib
import socket
import time
import tokenize
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from typing import Any, Protocol

from autograder.judge.errors import Undecodable
from autograder.judge.link import Link

_GRACE = 5  # s, for a test to end whose call of the submission was interrupted
LOST = "the judge has ended, or does not answer"


@dataclass
class Finding:
    """What came of one test that was given to the judge.

    Attributes
    ----------
    outputs : list of dict
        As nbformat has them.
    reason : str
        Why the judge could not decide it; empty if it could.
    plain : bool
        Whether only data and functions of the submission were involved: a failure is final then.
    drift : list of str
        Names of the instructor's that mean something else in the submission's kernel.
    trace : list of str
        What the submission's objects were asked.
    lost : bool
        Whether the kernel has closed its connection to the judge, as it does when it ends.
    seconds : float
        Processor time that the judge has used for it, without that of the submission's kernel.
    timed_out : bool
        Whether the test was interrupted because it took too long, whatever came of it then.
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    plain: bool = False
    drift: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    lost: bool = False
    seconds: float = 0.0
    timed_out: bool = False


class Server(Protocol):
    """What this needs of a judge server; see `autograder.kernels.judges.JudgeServer`."""

    def fork_judge(self, link: socket.socket) -> socket.socket:
        """Have a judge forked that asks the kernel at the other end of ``link``; return the connection to it."""

    def release(self, *, idle: bool) -> None:
        """Take note that the judge is not needed any more; ``idle`` says whether it has done all that was ordered."""


class JudgeClient:
    """Gives the instructor's cells of one notebook to a judge.

    Parameters
    ----------
    server : Server
        It forks the judge, an `autograder.judge.process`.
    link : socket.socket
        Connected to the notebook's kernel. It is closed here.
    """

    def __init__(self, server: Server, link: socket.socket):
        self._server = server
        with link:
            self._connection = server.fork_judge(link)
        self._control: Link | None = Link(self._connection)
        self._running = 0  # orders that the judge has not answered yet
        self._forgotten: list[str] = []  # names that the judge is to forget with the next order

    def run(self, source: str) -> None:
        """Have the judge run one of the instructor's cells, without waiting for its end."""
        if self._control:
            with self._giving_up():
                self._send({"do": "run", "source": source})

    def forget(self, live: Collection[str]) -> None:
        """Have the judge forget what tests have bound these names to: an answer may bind them anew."""
        self._forgotten = sorted(live)

    def decide(
        self,
        source: str,
        number: int,
        live: Collection[str],
        reads: Collection[str],
        allowed: Collection[str] | None,
        timeout: float | None,
        interrupt: Callable[[], None],
    ) -> Finding:
        """Have the judge run a test.

        Parameters
        ----------
        source : str
        number : int
            The cell's execution count.
        live : collection of str
            Names that are the submission's.
        reads : collection of str
            Global names that answers read. If the test has bound them, the submission gets to know that.
        allowed : collection of str, optional
            What the submission's objects may be asked; None if it is to be found out what the test asks.
        timeout : float, optional
            Seconds that the test may take.
        interrupt : callable
            Interrupts the notebook's kernel, which may run a function of the submission's for the judge.
        """
        if not self._control:
            return Finding(reason=LOST)
        order = {
            "do": "judge",
            "source": source,
            "number": number,
            "named": names_in(source),
            "live": sorted(live),
            "reads": sorted(reads),
            "allowed": None if allowed is None else sorted(allowed),
        }
        with self._giving_up():
            deadline = time.monotonic() + timeout if timeout else None
            while self._running:
                self._receive(deadline)
            self._send(order)
            try:
                return Finding(**self._receive(time.monotonic() + timeout if timeout else None))
            except TimeoutError:
                interrupt()
                return Finding(**self._receive(time.monotonic() + _GRACE), timed_out=True)
        return Finding(reason=LOST)

    def close(self) -> None:
        """End the judge."""
        if self._control:
            with contextlib.suppress(OSError, Undecodable):  # it still runs a cell, or has ended
                while self._running:
                    self._receive(time.monotonic())
            self._control.close()
            self._control = None
            self._server.release(idle=not self._running)

    def _send(self, order: dict[str, Any]) -> None:
        assert self._control
        self._running += 1
        self._control.send({**order, "forget": self._forgotten}, [])
        self._forgotten = []

    def _receive(self, deadline: float | None) -> dict[str, Any]:
        assert self._control
        self._connection.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
        try:
            answer, _ = self._control.receive()
        finally:
            self._connection.settimeout(None)
        self._running -= 1
        return dict(answer)

    @contextlib.contextmanager
    def _giving_up(self) -> Any:
        """End the judge if it cannot be reached any more."""
        try:
            yield
        except (OSError, Undecodable):  # LinkLost and TimeoutError are among them
            self.close()


@lru_cache(maxsize=1000)  # a class has the same tests in all notebooks
def names_in(source: str) -> list[str]:
    """Return what may be a name in a cell, also in its magics and strings."""
    names: set[str] = set()
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type == tokenize.NAME:
                names.add(token.string)
    return sorted(names)
