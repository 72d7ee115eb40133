"""The process of the judge: it runs the instructor's cells of one notebook, and no code of a submission ever.

A judge server forks it in a sandbox that no submission is in: see `autograder.kernels.judgeserver`. Orders come on a
socket to the grader: ``{"do": "run"}`` for one of the instructor's cells that is no test, ``{"do": "judge"}`` for a
test. Each says which names to forget first, because an answer may have bound them anew. On another socket the kernel of
the notebook answers the judge's questions: see `autograder.judge.peer`.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

from autograder.judge.fingerprint import fingerprint, with_what_they_read
from autograder.judge.link import Link, LinkLost
from autograder.judge.namespace import LiveNamespace
from autograder.judge.questions import Questions, Unjudged
from autograder.judge.shell import CellShell, Output, PreparedShell


def serve(prepared: PreparedShell, grader: int, kernel: int) -> None:
    """Obey the grader's orders until it closes its end.

    Parameters
    ----------
    prepared : PreparedShell
        The shell of this process.
    grader, kernel : int
        Open files, which are connected to the grader and to the notebook's kernel.
    """
    shell, namespace = prepared.shell, prepared.namespace
    questions = namespace.questions = Questions(Link(socket.socket(fileno=kernel)), namespace)
    with contextlib.suppress(LinkLost):
        _obey(Link(socket.socket(fileno=grader)), shell, namespace, questions)


def _obey(control: Link, shell: CellShell, namespace: LiveNamespace, questions: Questions) -> None:
    while True:
        order, _ = control.receive()
        for name in set(order["forget"]) & namespace.keys() - questions.settled_names():
            del namespace[name]
        if order["do"] == "run":
            outputs = shell.run(order["source"])
            questions.settle(failed=any(output["output_type"] == "error" for output in outputs))
            control.send({}, [])
        else:
            control.send(_judge(order, shell, namespace, questions), [])
            questions.reason = ""  # of that cell, and of no other


def _judge(order: dict[str, Any], shell: CellShell, namespace: LiveNamespace, questions: Questions) -> dict[str, Any]:
    """Run a test and return what came of it; see `autograder.judge.client.Finding`."""
    live, questions.reads = set(order["live"]), set(order["reads"])
    allowed = None if order["allowed"] is None else set(order["allowed"])
    hidden = {name: namespace.pop(name) for name in live & questions.settled_names()}
    named = set(order["named"])
    settled = {name: namespace[name] for name in questions.settled_names() if not name.startswith("__")}
    given = {name: fingerprint(settled[name]) for name in with_what_they_read(named & settled.keys(), settled)}
    classes = {name for name, value in namespace.items() if isinstance(value, type)}
    started = time.process_time()
    drift: list[str] = []
    outputs: list[Output] = []
    with contextlib.suppress(Unjudged):
        drift = questions.begin(given, live, allowed, classes, named)
        shell.execution_count = order["number"]
        outputs = shell.run(order["source"])
    with contextlib.suppress(LinkLost, Unjudged):  # the reason is noted
        drift = [*drift, *questions.end()]
    questions.conclude(outputs)
    namespace.update({name: value for name, value in hidden.items() if name not in namespace})
    return {
        "outputs": outputs,
        "reason": questions.reason,
        "drift": drift,
        "plain": questions.plain,
        "trace": sorted(questions.trace.steps),
        "lost": questions.lost,
        "seconds": time.process_time() - started,
    }
