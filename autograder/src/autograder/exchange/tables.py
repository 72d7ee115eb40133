"""Read CSV files of any origin, and write them back so that only the cells that were set are different.

The csv module forgets how each cell was quoted and how each line ended. An LMS takes its own file back with certainty
only if nothing else in it has changed, so here every cell keeps the text that it has in the file.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from autograder.course.coursedir import CourseError
from autograder.course.text import printable

# By its byte order mark, the encoding of a file. Windows' programs write UTF-16 and, without any mark, Windows-1252.
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WITHOUT_MARK = ((b"", "utf-8"), (b"", "cp1252"))
_DELIMITERS = ",;\t"
_LARGEST = 100_000_000  # bytes; a gradebook of a thousand students has less than one million


@dataclass
class Row:
    """One line of a table: its cells as they stand in the file, quotes included, and what ends the line."""

    cells: list[str]
    end: str

    def value(self, column: int) -> str:
        """Return the value of a cell; empty if the line is too short."""
        text = self.cells[column] if column < len(self.cells) else ""
        if len(text) > 1 and text.startswith('"') and text.endswith('"'):
            return text[1:-1].replace('""', '"')
        return text

    def set(self, column: int, value: str) -> None:
        """Set a cell to a number, in quotes if it had some."""
        self.cells += [""] * (column + 1 - len(self.cells))
        self.cells[column] = f'"{value}"' if self.cells[column].startswith('"') else value


class Table:
    """A CSV file: its header, its rows, and the form that it is written in.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    header : list of str
        The names of the columns.
    rows : list of Row
        The lines below the header.

    Raises
    ------
    CourseError
        If the file is no text, or is empty.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path):
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise CourseError(f"{path} is larger than {_LARGEST / 1e6:g} MB: that is no list of students")
        self._mark, self._encoding, text = _decode(data, path)
        self.delimiter = _find_delimiter(text)
        lines = _split(text, self.delimiter)
        if not lines:
            raise CourseError(f"{path} is empty")
        self._first, self.rows = lines[0], lines[1:]
        self.header = [self._first.value(column).strip() for column in range(len(self._first.cells))]
        self._columns = {fold(name): column for column, name in reversed(list(enumerate(self.header)))}

    def find(self, *names: str) -> int | None:
        """Return the first column that has one of these names, whatever its case, spaces and punctuation."""
        return next((self._columns[name] for name in map(fold, names) if name in self._columns), None)

    def get(self, row: Row, *names: str) -> str:
        """Return the value of a row in the first column that has one of these names; empty if there is none."""
        column = self.find(*names)
        return "" if column is None else row.value(column).strip()

    def write(self, path: Path) -> None:
        """Write the table in the encoding, and with the delimiters, quotes and line ends, that it was read with."""
        text = "".join(self.delimiter.join(row.cells) + row.end for row in (self._first, *self.rows))
        path.write_bytes(self._mark + text.encode(self._encoding))


def fold(text: str) -> str:
    """Return a name such that two spellings of it are equal: letters, marks and digits, composed, in lower case.

    A file name on a Mac has an umlaut as two characters, everywhere else as one: these are the same name.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    # In many scripts vowels are marks. To the re module these are no part of a word.
    return "".join(char for char in folded if char.isalnum() or unicodedata.category(char).startswith("M"))


def _decode(data: bytes, path: Path) -> tuple[bytes, str, str]:
    """Return the byte order mark, the encoding and the text of a file."""
    marked = [(mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)]
    for mark, encoding in marked or _WITHOUT_MARK:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.removeprefix(mark).decode(encoding)
            if "\0" not in text:
                return mark, encoding, text
    raise CourseError(f"{printable(str(path))} is no CSV file: it is no text. Save it as CSV, in UTF-8")


def _find_delimiter(text: str) -> str:
    """Return the delimiter that stands most often in the header, outside of quotes."""
    header = re.sub(r'"[^"]*"', "", text[:10_000]).lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _split(text: str, delimiter: str) -> list[Row]:
    cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*")?[^{delimiter}\r\n]*')
    end = re.compile("\r\n|\n|\r|$")
    rows, cells, place = [], list[str](), 0
    while place < len(text):
        found = cell.match(text, place)
        assert found  # it matches the empty text, too
        cells.append(found[0])
        place = found.end()
        if text.startswith(delimiter, place):
            place += 1
            continue
        ended = end.match(text, place)
        assert ended
        rows.append(Row(cells, ended[0]))
        cells, place = [], ended.end()
    return [*rows, Row([*cells, ""], "")] if cells else rows
