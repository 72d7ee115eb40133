"""Fingerprints of code by winnowing: two texts that share a passage of some length share a fingerprint.

The algorithm is that of Saul Schleimer, Daniel Wilkerson and Alex Aiken, *Winnowing: Local Algorithms for Document
Fingerprinting* (2003), on the tokens of a program. Other names for variables, other comments and other layout change
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from pygments.lexer import Lexer
from pygments.token import Comment, Name, String, Text, _TokenType

LENGTH = 12  # tokens of the shortest passage that counts
_WINDOW = 6  # so every passage that has this many tokens more, less one, is found
_KEPT = (Name.Builtin, Name.Decorator)  # names that a student does not choose


class Token(NamedTuple):
    """One token of a program: what it is compared by, and where it stands in the text."""

    text: str
    start: int
    end: int


class Fingerprint(NamedTuple):
    """The hash of one passage, and the number of its first token."""

    hash: int
    place: int


def read_tokens(source: str, lexer: Lexer) -> list[Token]:
    """Return the tokens of a program, without comments and spaces. Names, and texts in quotes, are all the same."""
    found = []
    for start, kind, text in lexer.get_tokens_unprocessed(source):
        if text.strip() and kind not in Comment and kind not in Text:
            found.append(Token(_describe(kind, text), start, start + len(text)))
    return found


def hash_passages(tokens: list[Token]) -> list[int]:
    """Return the hash of each passage of `LENGTH` tokens. It is the same in every run."""
    texts = [token.text for token in tokens]
    passages = (texts[place : place + LENGTH] for place in range(len(texts) - LENGTH + 1))
    return [_hash("\0".join(passage)) for passage in passages]


def winnow(hashes: list[int], given: Collection[int]) -> list[Fingerprint]:
    """Return the fingerprints: the smallest hash in each window, the last one of equal ones, without what was given.

    Parameters
    ----------
    hashes : list of int
        Of all passages.
    given : collection of int
        The hashes of passages that the instructor has written.
    """
    chosen = {}
    for first in range(max(len(hashes) - _WINDOW + 1, 1)):
        window = range(first, min(first + _WINDOW, len(hashes)))
        own = [place for place in window if hashes[place] not in given]
        if own:
            best = min(own, key=lambda place: (hashes[place], -place))
            chosen[best] = Fingerprint(hashes[best], best)
    return [chosen[place] for place in sorted(chosen)]


def merge(places: Iterable[int], tokens: list[Token]) -> list[tuple[int, int]]:
    """Return the parts of a text that passages cover, which begin at these tokens: from which character to which."""
    covered = sorted({number for place in places for number in range(place, place + LENGTH)})
    parts: list[tuple[int, int]] = []
    before = None
    for number in covered:
        token = tokens[number]
        if before is not None and number == before + 1:
            parts[-1] = (parts[-1][0], token.end)
        else:
            parts.append((token.start, token.end))
        before = number
    return parts


def _describe(kind: _TokenType, text: str) -> str:
    if kind in String:
        return "text"
    if kind in Name and not any(kind in kept for kept in _KEPT):
        return "name"
    return text


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
