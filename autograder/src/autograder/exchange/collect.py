"""Take downloads of submissions in: ``submitted/STUDENT/ASSIGNMENT/`` as nbgrader expects it, and nothing guessed."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.course.assignment import Assignment, Template
from autograder.course.coursedir import Course
from autograder.course.files import hash_folder
from autograder.course.notebooks import grade_ids
from autograder.exchange.archives import File, check_total, open_archive
from autograder.exchange.layouts import HandIn, read_layout
from autograder.exchange.problems import Problem, Unplaced
from autograder.exchange.records import Record, read_records, write_records
from autograder.exchange.roster import Roster, enter_students, find_student, plain
from autograder.gradebook.journal import lock
from autograder.intake.reading import Unreadable, read_submission
from autograder.intake.recognition import find_notebooks, identify

_TIMESTAMP = "timestamp.txt"
_WORKSHOP = ".collecting"  # in the course, so that hand-ins can be moved into place in one step
_NAMED = 5  # how many files to name in one line
_FOREIGN = "is no notebook of the assignment"
NEW, REPLACED, UNCHANGED, OLDER = "new", "replaced", "unchanged", "older"


@dataclass(frozen=True)
class Outcome:
    """What became of one hand-in that could be placed.

    Attributes
    ----------
    student : str
    kind : str
        `NEW`, `REPLACED` (an older one), `UNCHANGED` (it was there already) or `OLDER` (than the one that is there).
    system, origin : str
        The LMS, and what the hand-in is called there.
    notes : tuple of str
        What the instructor should know.
    """

    student: str
    kind: str
    system: str
    origin: str
    notes: tuple[str, ...] = ()


@dataclass
class Report:
    """What became of the downloads: in their order, what was placed, and what was not, with the reason."""

    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def collect(
    course: Course, assignment: Assignment, archives: Sequence[Path], roster: Roster | None, *, dry_run: bool = False
) -> Report:
    """Lay the hand-ins in some downloads out as nbgrader expects them.

    A hand-in replaces one that is there if it is newer. What cannot be placed for certain is left where it is.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    archives : sequence of Path
        Zip files or folders.
    roster : Roster, optional
        Who is in the class. These students are entered into the gradebook. Without a roster, the LMS' own ids are those
        of the students.
    dry_run : bool
        Whether to change nothing.

    Raises
    ------
    CourseError
        If a download cannot be read or is refused, or if somebody is grading in the course.
    OperationalError
        If the gradebook cannot be used.
    OSError
        If files cannot be read or written.
    """
    with _workshop(course, dry_run=dry_run) as folder:
        collector = _Collector(course, assignment, roster, folder, dry_run=dry_run)
        try:
            for archive in archives:
                collector.take(archive)
        finally:
            if not dry_run:
                write_records(course, assignment.name, collector.records)
        if roster and not dry_run:
            enter_students(course, roster)
    return collector.report


@contextlib.contextmanager
def _workshop(course: Course, *, dry_run: bool) -> Iterator[Path]:
    """Yield an empty folder. Unless this is a dry run, it is in the course, and no grader works there meanwhile."""
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    with lock(course, course.scratch):
        workshop = course.scratch / _WORKSHOP
        shutil.rmtree(workshop, ignore_errors=True)  # of a run that was killed
        workshop.mkdir()
        try:
            yield workshop
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


class _Collector:
    """Takes one download after the other and remembers where each hand-in came from."""

    def __init__(self, course: Course, assignment: Assignment, roster: Roster | None, folder: Path, *, dry_run: bool):
        self._course, self._assignment, self._roster = course, assignment, roster
        self._folder, self._dry_run = folder, dry_run
        self._numbers = itertools.count()
        self._placed: set[str] = set()
        self.records = read_records(course, assignment.name)
        self.report = Report()

    def take(self, archive: Path) -> None:
        """Place what is in a zip file or a folder."""
        with open_archive(archive) as files:
            _, hand_ins, problems = read_layout(files, archive, self._assignment.name, self._assignment.templates)
            # A group's files are written once for each member, and a list can name any number of members.
            check_total((file for hand_in in hand_ins for file in hand_in.files.values()), archive)
            for student, hand_in in self._assign(hand_ins):
                try:
                    self._place(student, hand_in)
                except Unplaced as error:
                    problems.append(Problem(hand_in.origin, str(error)))
        self.report.problems += problems

    def _assign(self, hand_ins: list[HandIn]) -> list[tuple[str, HandIn]]:
        """Return whose each hand-in is. If two of a download are one student's, neither is taken."""
        found: dict[str, list[tuple[str, HandIn]]] = defaultdict(list)
        for hand_in in hand_ins:
            try:
                student = find_student(hand_in.identity, self._roster)
                found[plain(student)].append((student, hand_in))
            except Unplaced as error:
                self.report.problems.append(Problem(hand_in.origin, str(error)))
        for several in [several for several in found.values() if len(several) > 1]:
            origins = " and ".join(hand_in.origin for _, hand_in in several)
            self.report.problems.append(Problem(several[0][0], f"ambiguous: {origins} are both this student's"))
        return [several[0] for several in found.values() if len(several) == 1]

    def _place(self, student: str, hand_in: HandIn) -> None:
        self._check_same_person(student, hand_in)
        new = self._folder / str(next(self._numbers))
        new.mkdir()
        notes, sources = self._lay_out(hand_in, new)
        digest = hash_folder(new, self._course.ignored)
        record = Record(hand_in.system, hand_in.lms_id, hand_in.origin, hand_in.order, digest, sources)
        final = self._place_of(student)
        kind = self._compare(student, record, final)
        if kind in (NEW, REPLACED) and not self._dry_run:
            _move(new, final, self._folder)
        else:
            shutil.rmtree(new)
        self._remember(student, record, kind)
        self.report.outcomes.append(Outcome(student, kind, hand_in.system, hand_in.origin, tuple(notes)))

    def _remember(self, student: str, record: Record, kind: str) -> None:
        """Keep where the work came from. The same work, handed in again, is as new as it was the last time."""
        there = self.records.get(student)
        if kind in (NEW, REPLACED):
            self._placed.add(student)
        elif there and (there.system != record.system or there.order >= record.order):
            return
        self.records[student] = record

    def _check_same_person(self, student: str, hand_in: HandIn) -> None:
        """Refuse the work of one person under two ids, and that of two people, such as namesakes, under one."""
        for other, record in self.records.items():
            known = record.system == hand_in.system and record.lms_id and hand_in.lms_id
            is_same = plain(record.lms_id) == plain(hand_in.lms_id)
            if not known or is_same == (other == student) or not self._is_there(other):
                continue
            folder = self._place_of(other)
            if is_same:
                raise Unplaced(f"was collected as {other} before. Give the same roster as then, or delete {folder}")
            raise Unplaced(
                f"ambiguous: the work in {folder} is {other}'s, too, and came from {record.origin}. "
                "Give a roster that tells them apart, or delete it"
            )

    def _place_of(self, student: str) -> Path:
        return self._course.folder("submitted", student, self._assignment.name)

    def _is_there(self, student: str) -> bool:
        """Return whether a student's work is in its place, or would be by now if this were no dry run."""
        place = self._place_of(student)
        return student in self._placed or (place.is_dir() and any(place.iterdir()))

    def _compare(self, student: str, new: Record, final: Path) -> str:
        """Return what a hand-in is to the one that is there."""
        there = self.records.get(student)
        if not self._is_there(student):
            return NEW
        held = there.hash if there and student in self._placed else hash_folder(final, self._course.ignored)
        if new.hash in (held, there and there.hash):
            return UNCHANGED
        if there is None:
            raise Unplaced(f"{final} holds other work that was not collected. Move it away to take this")
        if there.system != new.system or there.order == new.order:
            raise Unplaced(
                f"nothing says whether this or {there.origin}, which is in {final}, is newer. Move it away to take this"
            )
        if new.order < there.order:
            return OLDER
        if held != there.hash:  # by a person, or by a run that was killed before it could write the records
            raise Unplaced(f"{final} was changed since it was collected. Move it away to take this")
        return REPLACED

    def _lay_out(self, hand_in: HandIn, folder: Path) -> tuple[list[str], dict[str, str]]:
        """Write the files of a hand-in to a new folder; return notes, and where each notebook comes from."""
        hand_in.check_names()
        notes = list(hand_in.notes)
        files = _without_lone_folders(hand_in.files)
        for path, file in files.items():
            if path.parts[0].casefold() == _TIMESTAMP:  # a student could have written any time into it
                notes.append(f"its own {path} was left out")
            else:
                file.copy_to(folder / path)
        settled = _settle_notebooks(folder, self._assignment)
        if hand_in.time:
            text = f"{hand_in.time:%Y-%m-%d %H:%M:%S.%f} UTC\n"
            (folder / _TIMESTAMP).write_text(text, encoding="utf-8")
        elif hand_in.is_late:
            notes.append(f"{hand_in.system} says that it came late, but not when: no penalty is taken off")
        self.report.problems += [Problem(f"{hand_in.origin}: {name}", _FOREIGN) for name in settled.foreign]
        sources = {name: files[PurePosixPath(old)].path.name for name, old in settled.names.items()}
        return [*notes, *settled.notes], sources


def _move(new: Path, final: Path, scratch: Path) -> None:
    """Move a folder to its place; what is there goes to the scratch folder."""
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        os.replace(final, scratch / f"{new.name}.replaced")
    os.replace(new, final)


def _without_lone_folders(files: Mapping[PurePosixPath, File]) -> dict[PurePosixPath, File]:
    """Return the files without the folders that hold all of them, such as one that a student has packed."""
    while len({path.parts[0] for path in files}) == 1 and all(len(path.parts) > 1 for path in files):
        files = {PurePosixPath(*path.parts[1:]): file for path, file in files.items()}
    return dict(files)


@dataclass
class _Settled:
    """The notebooks of a hand-in: by name the files that they were, those of no assignment, and notes."""

    names: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _settle_notebooks(folder: Path, assignment: Assignment) -> _Settled:
    """Tell which notebooks of the assignment were handed in. If there is no doubt, give one its right name.

    Raises
    ------
    Unplaced
        If there is none.
    """
    templates = assignment.templates
    paths, notes = find_notebooks(folder, templates)
    settled = _Settled(notes=list(notes))
    if len(templates) == len(paths) == 1 and paths[0].stem not in templates:
        _rename(paths[0], *next(iter(templates.items())), settled)
        paths = []
    for path in paths:
        name = path.stem if path.stem in templates else _recognise(path, templates)
        if name is None:
            settled.foreign.append(path.name)
            continue
        if name != path.stem:
            settled.notes.append(f"{path.name} is graded as {name}, whose cells it holds")
        settled.names.setdefault(name, path.name)
    if not settled.names:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:_NAMED]) or "nothing"
        raise Unplaced(f"holds no notebook of {assignment.name}; what it holds: {there}")
    return settled


def _rename(path: Path, name: str, template: Template, settled: _Settled) -> None:
    """Give the only notebook that was handed in the name of the only one that is expected, unless it is another."""
    if _is_foreign(path, template):
        settled.foreign.append(path.name)
        return
    new = path.with_name(f"{name}{path.suffix}")
    if new.exists():
        raise Unplaced(f"{new.name} is no notebook")
    path.rename(new)
    settled.notes.append(f"{path.name} was renamed to {new.name}")
    settled.names[name] = path.name


def _is_foreign(path: Path, template: Template) -> bool:
    """Return whether a notebook holds cells of an assignment, but none of this one."""
    try:
        ids = set(grade_ids(read_submission(path)))
    except Unreadable:  # whatever it is, a person is to see it
        return False
    return bool(ids) and not ids & set(grade_ids(template.notebook))


def _recognise(path: Path, templates: Mapping[str, Template]) -> str | None:
    """Return the notebook of the assignment that a file with another name holds; None if it holds none."""
    try:
        return identify(read_submission(path), path.stem, templates)
    except Unreadable:
        return None
