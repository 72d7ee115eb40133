"""Take in what a kernel says a cell has printed: no more than there is room for, and nothing but sound outputs."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbformat.validator import get_validator, isvalid

_LINE = 1000  # characters that are kept of what must not be lost
_LEAST = 1000  # bytes that a message takes at least, however short it is
_DEPTH = 50  # of data within data


class OutputLimit:
    """The room for the outputs of one notebook. What decides a mark is kept when there is none left.

    Parameters
    ----------
    size : int
        Bytes.
    """

    def __init__(self, size: int):
        self._size = self._left = size

    def take(self, cell: NotebookNode, message: dict[str, Any]) -> bool:
        """Return whether a message about ``cell`` fits; if not, cut it down to what matters, and say so in the cell."""
        kind, content = message["msg_type"], message["content"]
        size = max(_LEAST, _measure(content) + sum(map(len, message["buffers"])))
        if size <= self._left:
            self._left -= size
            return True
        if kind == "stream" and content["name"] == "stdout" and self._left > 0:
            cell.outputs.append(new_output("stream", name="stdout", text=content["text"][: self._left]))
        self._left = 0
        self._say_so(cell)
        return self._matters(cell, content, kind)

    def _say_so(self, cell: NotebookNode) -> None:
        line = f"\n[Output is cut off here: the notebook has printed more than {self._size / 1e6:.3g} MB.]\n"
        if not any(output.get("text") == line for output in cell.outputs):
            cell.outputs.append(new_output("stream", name="stdout", text=line))

    def _matters(self, cell: NotebookNode, content: dict[str, Any], kind: str) -> bool:
        """Shorten a message that decides on a mark; return whether it does."""
        if kind == "error":
            content.update(evalue=content["evalue"][:_LINE], traceback=["\n".join(content["traceback"])[-_LINE:]])
            return not _has(cell, output_type="error")
        if kind == "stream":
            content["text"] = content["text"][:_LINE]
            return content["name"] == "stderr" and not _has(cell, name="stderr")
        return kind == "execute_result" and _measure(content) <= _LINE and not _has(cell, output_type=kind)


def repair(nb: NotebookNode) -> None:
    """Replace whatever in the outputs of ``nb`` no notebook can hold; where that was an output, the cell has failed."""
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    nb.metadata = _clean(nb.metadata)
    for cell in cells:
        cell.outputs = _clean(cell.outputs)
        if not isinstance(cell.execution_count, int):
            cell.execution_count = None
    try:
        get_validator(nb.nbformat, nb.nbformat_minor).validate(nb)
    except Exception:  # the validator's own kind depends on the library behind it
        for cell in cells:
            cell.outputs = [_sound(output) for output in cell.outputs]


def new_failure(reason: str) -> NotebookNode:
    """Return the output of a cell about which the kernel has said something that makes no sense."""
    failure: NotebookNode = new_output("error", ename="InvalidMessage", evalue=reason, traceback=[reason])
    return failure


def _sound(output: NotebookNode) -> NotebookNode:
    sound = isvalid(output, ref="output", version=4, version_minor=5)
    return output if sound else new_failure("an output was not what a notebook can hold")


def _clean(value: Any) -> Any:
    """Return JSON-like data without what UTF-8 cannot express."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return type(value)({_clean(key): _clean(inner) for key, inner in value.items()})
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _has(cell: NotebookNode, **what: str) -> bool:
    return any(what.items() <= output.items() for output in cell.outputs)


def _measure(value: Any, depth: int = 0) -> int:
    """Return roughly how many bytes JSON-like data take."""
    if depth > _DEPTH:
        raise ValueError("data are nested too deeply")
    if isinstance(value, str | bytes | memoryview):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _measure(inner, depth + 1) for key, inner in value.items())
    return sum(_measure(inner, depth + 1) for inner in value) if isinstance(value, list) else 8
