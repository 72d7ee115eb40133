"""Text that others have written: made visible and short, so that it can be printed and stored."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters, line separators, what turns the direction of writing, tags that nobody sees, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
TIME_FORMAT = "%Y-%m-%d %H:%M UTC"  # nbgrader keeps times in UTC
_LINE = 200  # characters of an error's message


def printable(text: str) -> str:
    r"""Return ``text`` with an escape such as ``\x1b`` for every character that steers a terminal or hides text.

    A line break is one of them: a file name that holds one cannot pass itself off as two lines. What UTF-8 cannot
    express, such as a byte of a file name that is no UTF-8, becomes an escape as well.
    """
    return _UNSEEN.sub(_escape, text)


def printable_json(data: Any) -> str:
    r"""Return ``data`` as JSON in one line, with ``\uXXXX`` for each character that `printable` replaces."""
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], json.dumps(data, ensure_ascii=False))


def shorten(text: str, length: int) -> str:
    """Return ``text``, printable, and cut off after ``length`` characters."""
    return printable(text if len(text) <= length else f"{text[:length]}...")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, printable and not too long; its type's name if it has no message."""
    return shorten((str(error).strip() or type(error).__name__).splitlines()[0], _LINE)


def has_surrogates(text: str) -> bool:
    """Return whether ``text`` holds lone surrogates, which no file and no database can store."""
    return bool(_SURROGATES.search(text))


def replace_surrogates(text: str) -> str:
    """Return ``text`` with U+FFFD in the place of each lone surrogate."""
    return _SURROGATES.sub("\ufffd", text)


def harmless_cell(text: str) -> str:
    """Return ``text``, printable, such that no spreadsheet takes it for a formula."""
    text = printable(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else found[0].encode("ascii", "backslashreplace").decode()
