"""The text of a cell, and changes to parts of it that a syntax tree names. All that is not changed keeps its form."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple, Protocol

_COMMENT = re.compile(rb"#[^\n]*")
# What keeps its meaning without brackets, wherever it stands.
_CLOSED = (
    ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr,
)  # fmt: skip


class Placed(Protocol):
    """A node of a syntax tree that has a place in the text."""

    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


class Change(NamedTuple):
    """A part of a text, as numbers of bytes, and what stands in its place."""

    start: int
    end: int
    text: str


class Edit(NamedTuple):
    """Changes that together make one mutant, and which kind of mutant that is."""

    kind: str
    changes: list[Change]


class Source:
    """The text of a cell with its syntax tree.

    Parameters
    ----------
    text : str
    tree : ast.Module
        It was made from just this text.
    """

    def __init__(self, text: str, tree: ast.Module):
        self.text, self.tree = text, tree
        self._bytes = text.encode()
        self._lines = [0, *accumulate(len(line) + 1 for line in self._bytes.split(b"\n"))]

    def start(self, node: Placed) -> int:
        """Return where a node begins, in bytes."""
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: Placed) -> int:
        """Return where a node ends, in bytes."""
        return self._lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def line(self, place: int) -> int:
        """Return the number of the line that holds a byte."""
        return self._bytes.count(b"\n", 0, place) + 1

    def part(self, start: int, end: int) -> str:
        """Return what stands between two bytes."""
        return self._bytes[start:end].decode()

    def text_of(self, node: Placed) -> str:
        """Return the text of a node."""
        return self.part(self.start(node), self.end(node))

    def closed(self, node: ast.expr) -> str:
        """Return the text of an expression, in brackets where it may need them."""
        text = self.text_of(node)
        return text if isinstance(node, _CLOSED) else f"({text})"

    def replace(self, node: Placed, text: str) -> Change:
        """Return the change that puts a text in the place of a node."""
        return Change(self.start(node), self.end(node), text)

    def replace_between(self, left: Placed, right: Placed, pattern: bytes, text: str) -> Iterator[Change]:
        """Yield the change of the first match of a pattern between two nodes, outside comments."""
        start, end = self.end(left), self.start(right)
        gap = _COMMENT.sub(lambda found: b" " * len(found[0]), self._bytes[start:end])
        if found := re.search(pattern, gap):
            yield Change(start + found.start(), start + found.end(), text)

    def insert(self, statement: ast.stmt, text: str) -> Change:
        """Return the change that puts a statement before another one."""
        start = self.start(statement)
        before = self.part(self._lines[statement.lineno - 1], start)
        lines = text.split("\n")
        return Change(start, start, "".join(f"{line}\n{before}" for line in lines) if before.isspace() else f"{text}; ")

    def changed(self, changes: Iterable[Change]) -> str:
        """Return the text with all of these changes made."""
        data = self._bytes
        for change in sorted(changes, reverse=True):
            data = data[: change.start] + change.text.encode() + data[change.end :]
        return data.decode()
