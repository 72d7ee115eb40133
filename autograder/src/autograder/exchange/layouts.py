"""Tell whose each file of a download is, by the ways in which Canvas, Moodle, Gradescope and people name them.

nbgrader's ``zip_collect`` tells that by one regular expression for file names, which instructors write themselves:
``FileNameCollectorPlugin``. It knows neither students' folders nor Gradescope's list of submitters, takes only
notebooks, and takes the id in the file name for the student's. So nothing of it could be used here.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from autograder.course.coursedir import CourseError
from autograder.course.notebooks import SUFFIXES
from autograder.course.text import first_line
from autograder.exchange.archives import File
from autograder.exchange.problems import Problem, Unplaced
from autograder.exchange.roster import CANVAS, EMAIL, ID, MOODLE, Identity

GRADESCOPE, FOLDERS = "Gradescope", "folders"  # besides CANVAS and MOODLE
_METADATA = "submission_metadata.yml"
_LARGEST_METADATA = 50_000_000  # bytes
_DEEPEST_METADATA = 50  # lists in lists
# lastnamefirstname_[LATE_]USER_ATTACHMENT_name; the name of a group or a person can have an underscore.
_CANVAS = re.compile(
    r"(?!(?:LATE_)?anon_)(?P<name>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<attachment>\d+)_(?P<file>.+)", re.DOTALL
)
_CANVAS_ANONYMOUS = re.compile(r"(LATE_)?anon_\w+?_(\d+_.+|(text|link)\.html)", re.DOTALL)
_CANVAS_TEXT = re.compile(r".+?_(LATE_)?\d+_(text|link)\.html", re.DOTALL)
_RESUBMITTED = re.compile(r"-\d+$")  # what Canvas adds to a file's name when it is handed in again
# Full Name_PARTICIPANT_assignsubmission_file_, without the last underscore since Moodle 4.1; or with the file's name,
# which the student chooses and which can hold all of this again. Moodle takes underscores out of people's names.
_MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)


@dataclass
class HandIn:
    """What one student handed in, in one download.

    Attributes
    ----------
    system : str
        The LMS, or `FOLDERS`.
    origin : str
        What it is called in the download: a folder, or the beginning of file names.
    identity : Identity
        Whose it is.
    files : dict of File
        By the path that each has in the submission.
    order : float
        The newer of two from one LMS has the larger one.
    time : datetime, optional
        When it was handed in, if the download says so.
    lms_id : str
        The student's number in the LMS, if it has one; the name of the folder in `FOLDERS`.
    is_late : bool
        Whether the LMS says that it came late.
    notes : list of str
        What the instructor should know.
    """

    system: str
    origin: str
    identity: Identity
    files: dict[PurePosixPath, File] = field(default_factory=dict)
    order: float = 0.0
    time: datetime.datetime | None = None
    lms_id: str = ""
    is_late: bool = False
    notes: list[str] = field(default_factory=list)

    def check_names(self) -> None:
        """Refuse names that lead elsewhere, or that are one name where upper and lower case are the same.

        Raises
        ------
        Unplaced
            If there are any.
        """
        seen: dict[tuple[str, ...], File] = {}
        for path, file in self.files.items():
            if not path.parts or ".." in path.parts:  # what is left of a name when the student's part is off
                raise Unplaced(f"{file.path} cannot be the name of a file")
            other = seen.setdefault(tuple(map(str.casefold, path.parts)), file)
            if other is not file:
                raise Unplaced(f"{other.path} and {file.path} would be one file on some systems")
        for parts, file in seen.items():
            if any(parts[:number] in seen for number in range(1, len(parts))):
                raise Unplaced(f"{file.path} lies in a folder that is also a file")


Found = tuple[str, list[HandIn], list[Problem]]


def read_layout(files: list[File], archive: Path, assignment: str, notebooks: Collection[str]) -> Found:
    """Return the LMS that a download comes from, the hand-ins in it, and what belongs to none.

    Parameters
    ----------
    files : list of File
    archive : Path
        Where they come from.
    assignment : str
        The name of the assignment.
    notebooks : collection of str
        The names of its notebooks.

    Raises
    ------
    CourseError
        If it holds no files, or if Gradescope's list of submitters cannot be read.
    """
    if not files:
        raise CourseError(f"{archive} holds no files")
    outer, lone = {file.path: file for file in files}, _within_lone_folder(files)
    for listed in (outer, lone):
        if PurePosixPath(_METADATA) in listed:
            return GRADESCOPE, *_read_gradescope(listed, archive)
        if any(_MOODLE.fullmatch(path.parts[0]) for path in listed):
            return MOODLE, *_read_moodle(listed)
        if listed and all(len(path.parts) == 1 for path in listed) and any(_is_canvas(path.name) for path in listed):
            return CANVAS, *_read_canvas(listed, notebooks)
    return FOLDERS, *_read_folders(lone if _is_wrapper(lone, files, archive, assignment) else outer, assignment)


Listed = Mapping[PurePosixPath, File]


def _within_lone_folder(files: list[File]) -> dict[PurePosixPath, File]:
    """Return the files by their paths in the one folder that holds all of them; none if there is no such folder."""
    if len({file.path.parts[0] for file in files}) > 1 or any(len(file.path.parts) == 1 for file in files):
        return {}
    return {_below(file.path): file for file in files}


def _is_wrapper(inner: Listed, files: list[File], archive: Path, assignment: str) -> bool:
    """Return whether the one folder that holds all files is the archive's own, and no student's."""
    if not inner or files[0].path.parts[0] != archive.stem or {path.parts[0] for path in inner} == {assignment}:
        return False
    return all(len(path.parts) > 1 for path in inner)


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])


def _by_folder(listed: Listed) -> dict[str, dict[PurePosixPath, File]]:
    """Return the files by their first folder, then by their path in it; those in no folder have an empty one."""
    folders: dict[str, dict[PurePosixPath, File]] = defaultdict(dict)
    for path, file in listed.items():
        if len(path.parts) == 1:
            folders[""][path] = file
        else:
            folders[path.parts[0]][_below(path)] = file
    return folders


def _newest(files: Iterable[File]) -> float:
    return max((file.modified for file in files), default=0.0)


# Canvas


def _is_canvas(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_CANVAS, _CANVAS_ANONYMOUS, _CANVAS_TEXT))


def _read_canvas(listed: Listed, notebooks: Collection[str]) -> tuple[list[HandIn], list[Problem]]:
    found: dict[tuple[str, str], HandIn] = {}  # a name can end in a number, and then two people seem to have that one
    problems: list[Problem] = []
    numbered = []
    for path, file in listed.items():
        match = _CANVAS.fullmatch(str(path))
        if match:
            numbered.append((int(match["attachment"]), match, file))
        else:
            problems.append(Problem(str(path), _why_not_canvas(str(path))))
    for number, match, file in sorted(numbered, key=lambda item: item[0]):  # a later number is a later upload
        hand_in = found.setdefault((match["name"], match["user"]), _canvas_hand_in(match))
        place = PurePosixPath(_original_name(match["file"], notebooks))
        if place in hand_in.files:
            hand_in.notes.append(f"{match['file']} is a later upload of {place} and counts")
        hand_in.files[place] = file
        hand_in.order = max(hand_in.order, float(number))
        hand_in.is_late |= bool(match["late"])
    return list(found.values()), problems


def _canvas_hand_in(match: re.Match[str]) -> HandIn:
    user = match["user"]
    identity = Identity(user, keys=((CANVAS, user),), maybe=((ID, user),), name=match["name"])
    return HandIn(CANVAS, f"{match['name']}_{user}", identity, lms_id=user)


def _why_not_canvas(name: str) -> str:
    if _CANVAS_ANONYMOUS.fullmatch(name):
        return "is anonymous. Turn off anonymous marking in Canvas, and download again"
    if _CANVAS_TEXT.fullmatch(name):
        return "is a text or a link that was handed in, not a file"
    return "is not named as Canvas names a student's file"


def _original_name(name: str, notebooks: Collection[str]) -> str:
    """Return a file's name without what Canvas added when it was handed in again, if that makes it a notebook's."""
    path = PurePosixPath(name)
    shorter = _RESUBMITTED.sub("", path.stem)
    known = {notebook.casefold() for notebook in notebooks}
    if path.suffix in SUFFIXES and path.stem.casefold() not in known and shorter.casefold() in known:
        return f"{shorter}{path.suffix}"
    return name


# Moodle


def _read_moodle(listed: Listed) -> tuple[list[HandIn], list[Problem]]:
    found: dict[str, HandIn] = {}
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path, file in listed.items():
        match = _MOODLE.fullmatch(path.parts[0])
        if match is None:
            problems.append(Problem(str(path), "is not named as Moodle names a student's folder or file"))
        elif match["kind"] != "file":
            texts[match["number"]] = path.parts[0]
        else:
            hand_in = found.setdefault(match["number"], _moodle_hand_in(match))
            place = PurePosixPath(*filter(None, [match["file"], *path.parts[1:]]))
            hand_in.files[place] = file
            hand_in.order = max(hand_in.order, file.modified)
    problems += [Problem(texts[number], "a text was handed in, but no file") for number in texts if number not in found]
    return list(found.values()), problems


def _moodle_hand_in(match: re.Match[str]) -> HandIn:
    number, name = match["number"], match["name"]
    identity = Identity(number, keys=((MOODLE, number),), name=name)
    return HandIn(MOODLE, f"{name}_{number}_assignsubmission_file_", identity, lms_id=number)


# Gradescope


def _read_gradescope(listed: Listed, archive: Path) -> tuple[list[HandIn], list[Problem]]:
    folders = _by_folder(listed)
    metadata = _read_metadata(folders.pop("")[PurePosixPath(_METADATA)], archive)
    found, problems = [], []
    for name in sorted({*metadata, *folders}):
        details, files = metadata.get(name, {}), folders.get(name, {})
        submitters = _submitters(details)
        if not submitters or not files:
            problems.append(Problem(name, "holds no files" if submitters else f"has no submitter in {_METADATA}"))
        for submitter in submitters if files else []:  # a group hands in once for all of its members
            found.append(_gradescope_hand_in(name, submitter, files, _utc(details.get(":created_at"))))
    return found, problems


def _submitters(details: Any) -> list[dict[str, Any]]:
    listed = details.get(":submitters") if isinstance(details, dict) else None
    return [submitter for submitter in listed if isinstance(submitter, dict)] if isinstance(listed, list) else []


def _gradescope_hand_in(
    name: str, submitter: dict[str, Any], files: dict[PurePosixPath, File], time: datetime.datetime | None
) -> HandIn:
    sid, email, full = (_text(submitter.get(key)) for key in (":sid", ":email", ":name"))
    keys = tuple((kind, value) for kind, value in ((ID, sid), (EMAIL, email)) if value)
    identity = Identity(sid or email, keys, name=full)
    order = time.timestamp() if time else _newest(files.values())
    return HandIn(GRADESCOPE, name, identity, dict(files), order, time, sid)


def _text(value: object) -> str:
    """Return a value as text; empty if it is anything else, such as a list with no end."""
    return value.strip() if isinstance(value, str) else ""


def _read_metadata(file: File, archive: Path) -> dict[str, Any]:
    """Return what Gradescope says about each submission, by the name of its folder."""
    if file.size > _LARGEST_METADATA:
        raise CourseError(f"{_METADATA} in {archive} is larger than {_LARGEST_METADATA / 1e6:g} MB")
    try:
        found = _load_yaml(file.read())
    except (yaml.YAMLError, Unplaced) as error:
        raise CourseError(f"{_METADATA} in {archive} cannot be read: {first_line(error)}") from error
    if not isinstance(found, dict):
        raise CourseError(f"{_METADATA} in {archive} lists no submissions")
    return found


def _load_yaml(data: bytes) -> Any:
    """Return what YAML holds, with numbers and times as text: a number of a million digits would take hours.

    Lists that lie too deep in each other would crash this process, so they are looked for first.
    """
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    depth = 0
    for event in yaml.parse(data, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST_METADATA:
            raise yaml.YAMLError("too many lists in lists")
    return yaml.load(data, Loader=loader)


def _utc(value: object) -> datetime.datetime | None:
    """Return a time such as "2026-03-01 10:00:00.500000000 Z" in UTC; None if it is none, or says no time zone."""
    try:
        time = datetime.datetime.fromisoformat("".join(_text(value).rsplit(" ", 1)))
        return time.astimezone(datetime.UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


# One folder a student


def _read_folders(listed: Listed, assignment: str) -> tuple[list[HandIn], list[Problem]]:
    folders = _by_folder(listed)
    problems = [Problem(str(path), "lies in no student's folder") for path in folders.pop("", {})]
    return [_folder_hand_in(name, files, assignment) for name, files in folders.items()], problems


def _folder_hand_in(name: str, files: dict[PurePosixPath, File], assignment: str) -> HandIn:
    inside = {_below(path): file for path, file in files.items() if path.parts[0] == assignment and len(path.parts) > 1}
    identity = Identity(name, keys=((ID, name), (EMAIL, name)), name=name)
    own = inside or files
    return HandIn(FOLDERS, name, identity, own, _newest(own.values()), lms_id=name)
