"""Who may use the service: a token for each student and for each instructor, in ``tokens.csv`` of the course.

Whoever knows a token acts as the person whose token it is, and no request names a person in any other way. The file is
as secret as the gradebook beside it. It is read again whenever it has changed: a token that is replaced or whose line
is deleted ends at once.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autograder.course.coursedir import Course, CourseError
from autograder.exchange.roster import why_no_id
from autograder.reporting import reading

STUDENT, INSTRUCTOR = "student", "instructor"
FILE = "tokens.csv"
_ANY_INSTRUCTOR = "instructor"
_HEAD = ("role", "id", "token")
_BYTES = 20  # of a token; nobody guesses one
_SHORTEST = 20  # characters of a token that a person has chosen


@dataclass(frozen=True, order=True)
class Person:
    """Somebody who may use the service: ``role`` is `STUDENT` or `INSTRUCTOR`, ``id`` that of the student."""

    role: str
    id: str


class Tokens:
    """The tokens of a course.

    Parameters
    ----------
    course : Course
    """

    def __init__(self, course: Course):
        self._path = course.root / FILE
        self._lock = course.scratch / "tokens.lock"
        self._state: object = None
        self._people: dict[bytes, Person] = {}

    def find(self, token: str) -> Person | None:
        """Return whose token this is.

        Raises
        ------
        CourseError
            If the file of tokens has a mistake.
        """
        state = self._path.stat() if self._path.exists() else None
        now = state and (state.st_mtime_ns, state.st_size, state.st_ino)
        if now != self._state:
            self._people = {_digest(token): person for person, token in self.read().items()}
            self._state = now
        return self._people.get(_digest(token))  # of digests: how long it takes says nothing about any token

    def read(self) -> dict[Person, str]:
        """Return everybody's token; none if there is no file.

        Raises
        ------
        CourseError
            If the file has a mistake.
        """
        if not self._path.exists():
            return {}
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != _HEAD:
                raise CourseError(f"the first line of {self._path} has to be: {','.join(_HEAD)}")
            people = {self._person(row, rows.line_num): row["token"] for row in rows}
        if len({*people.values()}) < len(people):
            raise CourseError(f"two people have the same token in {self._path}")
        return people

    def _person(self, row: dict[str, str], line: int) -> Person:
        place, role, name = f"{self._path}, line {line}", row["role"], row["id"] or ""
        if role not in (STUDENT, INSTRUCTOR):
            raise CourseError(f"{place}: the role has to be {STUDENT} or {INSTRUCTOR}")
        if reason := why_no_id(name):
            raise CourseError(f"{place}: this cannot be an id: {reason}")
        if len(row["token"] or "") < _SHORTEST:
            raise CourseError(f"{place}: a token has {_SHORTEST} characters or more; `autograder tokens` makes one")
        return Person(role, name)

    def issue(self, people: Collection[Person], *, renew: bool = False) -> dict[Person, str]:
        """Give a token to these people, and return those that are new.

        Parameters
        ----------
        people : collection of Person
        renew : bool
            Whether those who have one get another, and theirs ends.

        Raises
        ------
        CourseError
            If the file has a mistake, or a name can be no id.
        """
        for person in people:
            if reason := why_no_id(person.id):
                raise CourseError(f"{person.id!r} cannot be an id: {reason}")
        with self._change() as tokens:
            new = {one: secrets.token_hex(_BYTES) for one in people if renew or one not in tokens}
            tokens |= new
        return new

    def revoke(self, people: Collection[Person]) -> None:
        """Take the tokens of these people away.

        Raises
        ------
        CourseError
            If the file has a mistake.
        """
        with self._change() as tokens:
            for person in people:
                tokens.pop(person, None)

    def rename(self, old: Person, new: Person) -> None:
        """Give the token of a person to the same person under another id, who has none.

        Raises
        ------
        CourseError
            If the file has a mistake.
        """
        with self._change() as tokens:
            if old in tokens:
                tokens.setdefault(new, tokens.pop(old))

    @contextmanager
    def _change(self) -> Iterator[dict[Person, str]]:
        """Yield everybody's token, and write what has become of it. Only one process does so at a time."""
        self._lock.parent.mkdir(exist_ok=True)
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = self.read()
            before = dict(tokens)
            yield tokens
            if tokens != before:
                self._write(tokens)

    def _write(self, tokens: dict[Person, str]) -> None:
        new = self._path.with_name(f".{FILE}.new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_HEAD)
            rows.writerows((person.role, person.id, tokens[person]) for person in sorted(tokens))
        os.replace(new, self._path)


def find_people(course: Course) -> list[Person]:
    """Return the students of a course, in the gradebook and in ``submitted/``, and an instructor.

    Raises
    ------
    OperationalError
        If the gradebook cannot be read.
    """
    students = {*course.read_gradebook(reading.read_names), *course.students("*")}
    return [Person(INSTRUCTOR, _ANY_INSTRUCTOR), *(Person(STUDENT, student) for student in sorted(students))]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
