"""Who is in the class: a list of students from a CSV file, and who of them a name, a number or an address means."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.course.coursedir import Course, CourseError
from autograder.course.text import printable
from autograder.exchange.problems import Unplaced
from autograder.exchange.tables import Row, Table, fold

_LONGEST = 128  # characters of an id or a name in nbgrader's gradebook; bytes of an id, for a folder can have 255
_FORBIDDEN = set('/\\:*?"<>|')  # in a folder's name, on one system or another

# The names of columns in lists of one's own; case, spaces and punctuation do not matter.
_IDS, _USERNAMES = ("id", "student id", "sid", "ID number"), ("username", "login")
_EMAILS = ("e-mail", "e-mail address", "mail")

# The kinds of a key. A number of Canvas' and one of Moodle's may be equal and mean two people.
ID, EMAIL, CANVAS, MOODLE = "id", "e-mail", "Canvas", "Moodle"
Key = tuple[str, str]


@dataclass(frozen=True)
class Identity:
    """What is known of the person who handed something in.

    Attributes
    ----------
    own_id : str
        The id that this person has without a roster.
    keys : tuple
        By what a roster can know this person for certain: each a kind, such as `EMAIL`, and a value that is not empty.
    maybe : tuple
        Keys that mean this person only if nothing else does, and if the name does not say otherwise.
    name : str
    """

    own_id: str
    keys: tuple[Key, ...] = ()
    maybe: tuple[Key, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Student:
    """One student of a roster.

    Attributes
    ----------
    id : str
        The student's id in the course, which is the name of the folder in ``submitted/``.
    first_name, last_name, email, lms_id : str
        For nbgrader's gradebook; empty if they are not known.
    keys : frozenset
        By what this student is known for certain.
    names : frozenset
        The student's names as `fold` returns them.
    row : Row, optional
        The line of the file that the student comes from.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""
    keys: frozenset[Key] = frozenset()
    names: frozenset[str] = frozenset()
    row: Row | None = field(default=None, compare=False)


class Roster:
    """The students of a class, to be found by key or by name.

    Parameters
    ----------
    students : iterable of Student
    """

    def __init__(self, students: Iterable[Student]):
        self.students = list(students)
        self._by_key: dict[Key, list[Student]] = defaultdict(list)
        self._by_name: dict[str, list[Student]] = defaultdict(list)
        for student in self.students:
            for key in student.keys:
                self._by_key[key].append(student)
            for name in student.names:
                self._by_name[name].append(student)

    def find(self, wanted: Identity) -> Student:
        """Return the one student that an identity means.

        Raises
        ------
        Unplaced
            If there is none, or if it could be more than one.
        """
        known, named = self._known(wanted.keys), self._by_name.get(fold(wanted.name), [])
        if not known:
            known = [student for student in self._known(wanted.maybe) if self._agrees(student, wanted, named)]
        if len(known) == 1 and named and known[0] not in named:
            raise Unplaced(f"ambiguous: the number or address says {known[0].id}, the name says {_list(named)}")
        # An LMS gives one person one number: who has another one there has the same name only.
        numbers = {kind for kind, _ in wanted.keys} & {CANVAS, MOODLE}
        found = known or [student for student in named if numbers.isdisjoint(kind for kind, _ in student.keys)]
        if not found:
            raise Unplaced(f"unknown student: {_describe(wanted)} is not in the roster")
        if len(found) > 1:
            raise Unplaced(f"ambiguous: {_describe(wanted)} can be {_list(found)}")
        return found[0]

    @staticmethod
    def _agrees(student: Student, wanted: Identity, named: list[Student]) -> bool:
        """Return whether the name says the same as a key that may mean somebody else, or says nothing."""
        return student in named or not (named or (student.names and wanted.name))

    def _known(self, keys: Sequence[Key]) -> list[Student]:
        found = (student for kind, value in keys for student in self._by_key.get(make_key(kind, value), []))
        return list(dict.fromkeys(found))


def make_key(kind: str, value: str) -> Key:
    """Return a key by which students can be found, whatever the case of its value."""
    return kind, plain(value)


def plain(text: str) -> str:
    """Return an id or an address such that two spellings of it are equal."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def find_student(wanted: Identity, roster: Roster | None) -> str:
    """Return the id of the student that an identity means; without a roster that is the LMS' own.

    Raises
    ------
    Unplaced
        If the roster does not know for certain, or if the id is no name of a folder.
    """
    student = roster.find(wanted).id if roster else unicodedata.normalize("NFC", wanted.own_id)
    if reason := why_no_id(student):
        raise Unplaced(f"{printable(student)!r} cannot be a student's id: {reason}")
    return student


def why_no_id(text: str) -> str:
    """Return why a text can be no student's id, which names a folder; empty if it can."""
    if not text or text.startswith("."):
        return "it is empty or begins with a dot"
    if len(text.encode(errors="replace")) > _LONGEST:
        return f"it is longer than {_LONGEST} bytes"
    if _FORBIDDEN & set(text) or printable(text) != text or text.strip() != text:
        return "it holds characters that no folder's name should have"
    return ""


def read_roster(path: Path) -> Roster:
    """Read a roster: any CSV file with columns such as id, e-mail and name, or what Canvas or Moodle gives out.

    Raises
    ------
    CourseError
        If the file is no such table, or if an id in it can be no name of a folder or is there twice.
    OSError
        If it cannot be read.
    """
    roster = roster_of(Table(path), path)
    counts = Counter(plain(student.id) for student in roster.students)
    for student in roster.students:
        reason = why_no_id(student.id) or ("two students have it" if counts[plain(student.id)] > 1 else "")
        if reason:
            raise CourseError(f"{path}: {printable(student.id)!r} cannot be a student's id: {reason}")
    return roster


def roster_of(table: Table, path: Path) -> Roster:
    """Return the students that a table lists; ``path`` is for messages.

    Raises
    ------
    CourseError
        If it is no such table.
    """
    if is_canvas(table):
        read, rows = _read_canvas_row, [row for row in table.rows if is_canvas_student(table, row)]
    elif is_moodle(table):
        read, rows = _read_moodle_row, table.rows
    else:
        read, rows = _read_plain_row, table.rows
        if table.find(*_IDS, *_USERNAMES, *_EMAILS) is None:
            raise CourseError(f"{path} has no column id, username or e-mail; it has: {', '.join(table.header)}")
    return Roster(read(table, row) for row in rows if any(cell.strip(' "') for cell in row.cells))


def is_canvas(table: Table) -> bool:
    """Return whether a table is the gradebook as Canvas exports it."""
    return table.find("ID") is not None and (
        table.find("SIS Login ID", "SIS User ID") is not None
        or None not in (table.find("Student"), table.find("Section"))
    )


def is_canvas_student(table: Table, row: Row) -> bool:
    """Return whether a row is a student's: above these, Canvas has one for the points and may have one for a policy."""
    return bool(table.get(row, "ID"))


def is_moodle(table: Table) -> bool:
    """Return whether a table is the grading worksheet of a Moodle assignment."""
    return table.find("Identifier") is not None


def participant_number(identifier: str) -> str:
    """Return the number in an identifier of Moodle's, such as "Participant 123"."""
    return identifier.rpartition(" ")[2]


def _read_canvas_row(table: Table, row: Row) -> Student:
    lms_id, login, sis_id = (table.get(row, name) for name in ("ID", "SIS Login ID", "SIS User ID"))
    last, _, first = table.get(row, "Student").partition(",")
    last, first = table.get(row, "LastName") or last, table.get(row, "FirstName") or first
    keys = [(CANVAS, lms_id), (ID, login), (ID, sis_id), (EMAIL, login if "@" in login else "")]
    return _student([login, sis_id, lms_id], first, last, "", keys, lms_id, row)


def _read_moodle_row(table: Table, row: Row) -> Student:
    number = participant_number(table.get(row, "Identifier"))
    email = table.get(row, *_EMAILS)
    id_number, username = table.get(row, "ID number"), table.get(row, "Username")
    first, _, last = table.get(row, "Full name").rpartition(" ")
    keys = [(MOODLE, number), (ID, id_number), (ID, username), (EMAIL, email)]
    # A participant has another number in each assignment: the gradebook, which is for all of them, does not get it.
    return _student([id_number, username, email, number], first, last, email, keys, id_number, row)


def _read_plain_row(table: Table, row: Row) -> Student:
    own, username, email = (table.get(row, *names) for names in (_IDS, _USERNAMES, _EMAILS))
    lms_id = table.get(row, "lms user id", "lms id")
    first, last = table.get(row, "first name", "given name"), table.get(row, "last name", "surname", "family name")
    full = table.get(row, "full name", "name")
    if full and not (first or last):
        first, _, last = full.rpartition(" ")
    keys = [(ID, own), (ID, username), (EMAIL, email), (CANVAS, lms_id)]
    return _student([own, username, email], first, last, email, keys, lms_id, row, full)


def _student(
    ids: list[str], first: str, last: str, email: str, keys: list[Key], lms_id: str, row: Row, full: str = ""
) -> Student:
    first, last = first.strip(), last.strip()
    names = {fold(f"{first} {last}"), fold(f"{last} {first}"), fold(full)} - {""}
    own = unicodedata.normalize("NFC", next(filter(None, ids), ""))
    known = frozenset(make_key(kind, value) for kind, value in [*keys, (ID, own)] if value)
    return Student(own, first, last, email, lms_id, known, frozenset(names), row)


def enter_students(course: Course, roster: Roster) -> None:
    """Enter the students of a roster into nbgrader's gradebook; what the roster does not know stays as it is.

    Raises
    ------
    CourseError, OperationalError
        If the gradebook cannot be used, or stays locked.
    """

    def enter(gradebook: Gradebook) -> None:
        for student in roster.students:
            known = {
                "first_name": student.first_name[:_LONGEST],
                "last_name": student.last_name[:_LONGEST],
                "email": student.email[:_LONGEST],
                "lms_user_id": student.lms_id[:_LONGEST],
            }
            gradebook.update_or_create_student(student.id, **{name: value for name, value in known.items() if value})

    course.write_gradebook(enter)


def _describe(wanted: Identity) -> str:
    known = [wanted.name, *(f"{kind} {value}" for kind, value in wanted.keys if value != wanted.name)]
    return ", ".join(filter(None, known))


def _list(students: Iterable[Student]) -> str:
    return " or ".join(student.id for student in students)
