"""Who has come from which platform, and where their scores go: ``lti.json`` in the course's own folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from autograder.course.coursedir import Course
from autograder.service.tokens import Person


class TakenError(Exception):
    """An id in the course belongs to somebody else at the platform. The message says what to do."""


@dataclass
class Member:
    """A person of the course at a platform.

    Attributes
    ----------
    issuer, client_id, subject : str
        The registration, and the person's number there.
    role, id : str
        Who it is in the course.
    line_items : dict
        By the name of the assignment, the address that takes the student's scores.
    """

    issuer: str
    client_id: str
    subject: str
    role: str
    id: str
    line_items: dict[str, str] = field(default_factory=dict)


class Members:
    """The people of a course who have come from a platform.

    Parameters
    ----------
    course : Course
    """

    def __init__(self, course: Course):
        self._path = course.scratch / "lti.json"

    def read(self) -> list[Member]:
        """Return everybody."""
        if not self._path.exists():
            return []
        return [Member(**one) for one in json.loads(self._path.read_text(encoding="utf-8"))]

    def enter(self, new: Member) -> None:
        """Remember a person, and a line item with those that are there.

        An id belongs to the first who came with it: what names people at a platform, such as their addresses, may be
        changed there by themselves.

        Raises
        ------
        TakenError
            If somebody else has the id, or if this person has come with another one.
        """
        who = (new.issuer, new.subject)
        with self._change() as members:
            for one in members:
                if (one.role, one.id) == (new.role, new.id) and (one.issuer, one.subject) != who:
                    raise TakenError(f"Somebody else is {new.id} here already. Tell your instructor.")
                if (one.issuer, one.subject) == who and one.role == new.role and one.id != new.id:
                    raise TakenError(f"You were {one.id} here before, and are {new.id} now. Tell your instructor.")
            known = [one for one in members if (one.role, one.id) == (new.role, new.id)]
            for one in known:
                new.line_items = one.line_items | new.line_items
                members.remove(one)
            members.append(new)

    def forget(self, people: Collection[Person]) -> None:
        """Forget these people."""
        with self._change() as members:
            members[:] = [one for one in members if Person(one.role, one.id) not in people]

    def rename(self, old: Person, new: Person) -> None:
        """Know a person who has come as ``old`` as ``new`` from now on."""
        with self._change() as members:
            for one in members:
                if Person(one.role, one.id) == old:
                    one.id = new.id

    @contextmanager
    def _change(self) -> Iterator[list[Member]]:
        """Yield everybody, and write what has become of it. Only one process does so at a time."""
        self._path.parent.mkdir(exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            members = self.read()
            before = [asdict(one) for one in members]
            yield members
            after = [asdict(one) for one in members]
            if after != before:
                new = self._path.with_suffix(".new")
                new.write_text(json.dumps(after, indent=1), encoding="utf-8")
                os.replace(new, self._path)
