"""What a test cell's verdict rests on: not what the kernel shows, but what its seal says of how the cell ended.

`autograder.kernels.seal` is the other side. A cell's streams, pictures and errors stay as they came; an error that did
not come is added; a result that counts as points must be the one that was told.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import select
import socket
import time
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade

from autograder.kernels import MESSAGE

_PATIENCE = 30  # s; for a kernel to make ready
_MOMENT = 2  # s; what was told has arrived before the kernel's reply
_NAME, _LINES = 100, 20  # characters of a line that is told, and how many


class Verdicts:
    """Orders the instructor's cells of one notebook from a kernel's seal, and settles their outputs.

    Parameters
    ----------
    channel : socket.socket
    plan : dict
        What `autograder.plan.make_plan` gives.

    Attributes
    ----------
    notes : list of str
        What the instructor should know.
    """

    def __init__(self, channel: socket.socket, plan: dict[str, Any]):
        self.notes: list[str] = []
        self._channel = channel
        self._nonce = ""
        self._answers: list[dict[str, Any]] = []
        self._ask({"plan": plan})

    def order(self, cell: NotebookNode) -> None:
        """Have the seal run the next cell, which is this one."""
        self._nonce = secrets.token_hex(16)
        digest = hashlib.sha256(cell.source.encode()).hexdigest()
        answer = self._ask({"nonce": self._nonce, "digest": digest, "graded": is_grade(cell)})
        for name in _lines(answer, "put_back"):
            self._note(f"replaced {name}; tests were run with the original")
        for name in _lines(answer, "threads"):
            self._note(f"a thread of its own was running beside a test: {name}")
        self._note_alarms(answer)

    def settle(self, cell: NotebookNode) -> None:
        """Make the outputs of a cell that has run say what is known of how it ended."""
        told = self._collect()
        if not is_grade(cell):
            return
        if not told:
            self._fail(cell, "The test cell did not run to its end.")
            return
        if len(told) > 1:
            self._note(f"{_name(cell)}: told more than once how it ended")
        worst = next((outcome for outcome in told if outcome.get("error")), told[-1])
        self._compose(cell, worst)

    def void(self, cell: NotebookNode) -> None:
        """Take the results out of a cell that has not run to its end: they might count as points."""
        cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]

    def finish(self) -> None:
        """Take down what was noticed after the last test."""
        self._note_alarms(self._ask({}))

    def _note_alarms(self, answer: dict[str, Any]) -> None:
        for step in _lines(answer, "alarms"):
            self._note(f"the submission {step}")

    def _compose(self, cell: NotebookNode, outcome: dict[str, Any]) -> None:
        error, result = outcome.get("error"), outcome.get("result")
        points = result.get("text") if result else None
        kept, seen = [], False
        for output in cell.outputs:
            if output.output_type == "execute_result":
                shown = _points(output)
                true = bool(result) and not seen and (shown is None or shown == points) and (points is None or shown)
                if not true:
                    if result and result.get("own") and shown is not None and not error:
                        error = {"ename": "NotDecided", "evalue": "The points of this test are made up by the answer."}
                    if not (result and result.get("own")):
                        self._note(f"{_name(cell)}: showed a result that is none of the test's")
                    continue
                seen = True
            kept.append(output)
        cell.outputs = kept
        if points is not None and not seen:
            number = cell.execution_count
            cell.outputs.append(new_output("execute_result", data={"text/plain": points}, execution_count=number))
        if error and not any(output.output_type == "error" for output in kept):
            self._fail(cell, error["evalue"], error["ename"])

    def _fail(self, cell: NotebookNode, reason: str, name: str = "NotDecided") -> None:
        # First: of several outputs that decide, nbgrader takes the first.
        cell.outputs.insert(0, new_output("error", ename=name, evalue=reason, traceback=[f"{name}: {reason}"]))

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send an order and return the answer; empty if there is none."""
        token = secrets.token_hex(16)
        try:
            self._channel.settimeout(_PATIENCE)
            self._channel.send(json.dumps({**order, "token": token}).encode())
        except OSError:
            return {}
        deadline = time.monotonic() + _PATIENCE
        while answer := self._receive(deadline):
            if _equal(answer.get("token"), token):
                return answer
        return {}

    def _collect(self) -> list[dict[str, Any]]:
        """Return all that is told with the cell's secret, which is of no use any more then."""
        nonce, self._nonce = self._nonce, ""
        told: list[dict[str, Any]] = []
        deadline = time.monotonic() + _MOMENT
        while len(told) < 2 and (answer := self._receive(deadline)):
            if nonce and _equal(answer.get("nonce"), nonce):
                told.append(answer)
                deadline = time.monotonic()  # what else there is already
        return told

    def _receive(self, deadline: float) -> dict[str, Any]:
        """Return the next message that makes sense; empty if none comes in time."""
        try:
            while select.select([self._channel], [], [], max(0, deadline - time.monotonic()))[0]:
                message = self._channel.recv(MESSAGE)
                if not message:
                    return {}
                if answer := _read(message):
                    return answer
                if time.monotonic() > deadline:
                    return {}
        except OSError:
            pass
        return {}


def _equal(found: Any, expected: str) -> bool:
    return isinstance(found, str) and secrets.compare_digest(found.encode(errors="replace"), expected.encode())


def _lines(answer: dict[str, Any], name: str) -> list[str]:
    lines = answer.get(name)
    return [str(line)[:_NAME] for line in lines[:_LINES]] if isinstance(lines, list) else []


def _read(message: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(answer, dict):
        return {}
    error, result = answer.get("error"), answer.get("result")
    sound = (error is None or _is_text(error, "ename", "evalue")) and (result is None or isinstance(result, dict))
    return answer if sound else {}


def _is_text(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def _points(output: NotebookNode) -> str | None:
    """Return what nbgrader would take for points in a result."""
    text = output.get("data", {}).get("text/plain")
    text = text[0] if isinstance(text, list) and len(text) == 1 else text
    try:
        float(text)
    except (TypeError, ValueError):
        return None
    return text


def _name(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "a cell")
