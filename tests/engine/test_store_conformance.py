"""What every store of a gradebook has to do, whichever database it is: nothing is lost, nothing is half done.

A new store is added to `STORES`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.deadlines import extend, set_deadline
from autograder.execution.local import LocalExecutor
from autograder.gradebook import database, recorder
from autograder.grading import grade
from autograder.latedays import apply_late_days
from autograder.removal import find_traces, remove
from autograder.renaming import rename
from autograder.reporting.summary import summarize
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_class
from tests.engine.postgres import PostgreSQL, needs_postgresql
from tests.support import grade_rows, open_grader, start_autograder

CLASS = {"ann": "return 2 * x", "bob": "return 7"}
MARKS = {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 2, "p2": 2}}
WRONG = {"p1": 2, "p2": 2}  # the marks of somebody whose `double` is wrong
MOMENT = 1  # s, after which somebody else's lock is released


class SQLite:
    """Gradebooks in files."""

    restart = None

    def new_url(self) -> str | None:
        return None  # the course's own file

    @contextlib.contextmanager
    def locked(self, url: str, *, against_readers: bool) -> Iterator[Callable[[], None]]:
        path = make_url(url).database
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE" if against_readers else "BEGIN IMMEDIATE")
        yield other.close
        other.close()


class Server:
    """Gradebooks in a PostgreSQL server."""

    def __init__(self, folder: Path):
        self._server = PostgreSQL(folder)
        self._server.start()
        self.new_url = self._server.new_gradebook
        self.stop = self._server.stop

    def restart(self) -> None:
        self._server.stop()
        self._server.start()

    @contextlib.contextmanager
    def locked(self, url: str, *, against_readers: bool) -> Iterator[Callable[[], None]]:
        engine = create_engine(url)
        mode = "ACCESS EXCLUSIVE" if against_readers else "EXCLUSIVE"
        tables = inspect(engine).get_table_names()
        with engine.connect() as other:
            other.execute(text(f"LOCK TABLE {', '.join(tables)} IN {mode} MODE"))
            yield other.invalidate
        engine.dispose()


STORES = ["SQLite", pytest.param("PostgreSQL", marks=needs_postgresql)]


@pytest.fixture(scope="module", params=STORES)
def store(request):
    if request.param == "SQLite":
        yield SQLite()
        return
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def course(store, tmp_path):
    """A plain course in which nobody is graded."""
    return make_class(tmp_path / "course", CLASS, store.new_url())


@pytest.fixture
def impatient(monkeypatch):
    """Give a locked gradebook up after a moment."""
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)
    monkeypatch.setattr(database, "_PAUSES", (0.1,))


def url_of(course: Course) -> str:
    return course.directory().db_url


def again(course: Course) -> Course:
    """The course as another process sees it."""
    return Course(course.root, url_of(course))


@contextlib.contextmanager
def locked_for_a_moment(store, course: Course, *, against_readers: bool) -> Iterator[list[str]]:
    """Lock the gradebook; yield a list that holds something as soon as it is released."""
    released = []
    with store.locked(url_of(course), against_readers=against_readers) as release:

        def end() -> None:
            released.append("released")
            release()

        timer = threading.Timer(MOMENT, end)
        timer.start()
        yield released
        timer.join()


def test_one_transaction_a_submission(course):
    with open_grader(course, ASSIGNMENT) as run:
        commits = []
        event.listen(run._recorder._gradebook.engine, "commit", commits.append)
        assert all(submission.recorded for submission in run.grade(list(CLASS)))
    assert len(commits) == len(CLASS)


@pytest.mark.parametrize("moment", ["_write_pages", "_new_entry"])
def test_failure_in_the_middle_leaves_everything_as_it_was(course, monkeypatch, moment):
    list(grade(course, ASSIGNMENT, ["ann"]))
    before = grade_rows(course, ASSIGNMENT)
    hand_in(course, "ann", double="return 7")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder.Recorder, moment, fail)
    with open_grader(course, ASSIGNMENT) as run:
        done = list(run.grade(["ann", "bob"]))
        assert [submission.recorded for submission in done] == [False, False]
        assert run.due(["ann", "bob"]) == ["ann", "bob"]
    assert grade_rows(course, ASSIGNMENT) == before
    monkeypatch.undo()
    assert all(submission.recorded for submission in grade(course, ASSIGNMENT, ["ann", "bob"]))
    assert course.scores(ASSIGNMENT) == {"ann": WRONG, "bob": MARKS["bob"]}


@pytest.mark.parametrize("against_readers", [False, True])
def test_recording_waits_for_a_lock(store, course, monkeypatch, against_readers):
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)  # one try is not enough
    with (
        open_grader(course, ASSIGNMENT) as run,
        locked_for_a_moment(store, course, against_readers=against_readers) as released,
    ):
        (submission,) = run.grade(["ann"])
        assert released
    assert submission.recorded, submission.notes
    assert course.scores(ASSIGNMENT) == {"ann": MARKS["ann"]}


@pytest.mark.parametrize("against_readers", [False, True])
def test_recording_into_what_stays_locked_is_reported_and_loses_nothing(store, course, impatient, against_readers):
    list(grade(course, ASSIGNMENT, list(CLASS)))
    hand_in(course, "ann", double="return 7")
    with open_grader(course, ASSIGNMENT) as run:
        with store.locked(url_of(course), against_readers=against_readers):
            (submission,) = run.grade(["ann"])
        assert not submission.recorded
        (note,) = submission.notes
        assert "could not be graded" in note
        assert "lock" in note
        assert run.due(list(CLASS)) == ["ann"]
        assert course.scores(ASSIGNMENT) == MARKS
        (submission,) = run.grade(["ann"])
    assert submission.recorded
    assert course.scores(ASSIGNMENT) == {**MARKS, "ann": WRONG}


READINGS = {
    "assignments": lambda course: course.assignments(),
    "scores": lambda course: course.scores(ASSIGNMENT),
    "an assignment": lambda course: read_assignment(course, ASSIGNMENT).fingerprints,
    "a gradebook": lambda course: course.gradebook().close(),
}


@pytest.mark.parametrize("reading", READINGS)
def test_reading_waits_for_a_lock(store, course, monkeypatch, reading):
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)
    expected = READINGS[reading](again(course))
    with locked_for_a_moment(store, course, against_readers=True) as released:
        assert READINGS[reading](again(course)) == expected
        assert released


def test_what_is_due_waits_for_a_lock(store, course, monkeypatch):
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)
    list(grade(course, ASSIGNMENT, ["ann"]))
    with open_grader(course, ASSIGNMENT) as run:
        with locked_for_a_moment(store, course, against_readers=True) as released:
            assert run.due(list(CLASS)) == ["bob"]
            assert released
        with locked_for_a_moment(store, course, against_readers=True) as released:
            run.ask_again(["ann"])
            assert released
        assert run.due(list(CLASS)) == ["ann", "bob"]


def test_grader_is_opened_when_a_lock_is_released(store, course, monkeypatch):
    monkeypatch.setattr(database, "_LOCK_WAIT", 0.2)
    new = recorder.Recorder(again(course), ASSIGNMENT, course.root / ".autograder" / ASSIGNMENT)
    with locked_for_a_moment(store, course, against_readers=True) as released, new as opened:
        assert released
        assert opened.entries() == {}


def test_reading_what_stays_locked_is_reported(store, course, impatient):
    with store.locked(url_of(course), against_readers=True):
        for read in READINGS.values():
            with pytest.raises(OperationalError, match="lock"):
                read(again(course))


@pytest.mark.parametrize("new_course_id", [False, True])
def test_command_tells_what_stays_locked_in_one_line(store, course, new_course_id):
    """Also where nbgrader has to write before anything can be read, since it does not know the course's id."""
    if new_course_id:
        with (course.root / "nbgrader_config.py").open("a") as file:
            file.write('c.CourseDirectory.course_id = "another"\n')
    small = "from autograder.gradebook import database as d; d._LOCK_WAIT, d._PAUSES = 0.2, (0.1,)"
    command = ["grade", "--course", course.root, "--db", url_of(course)]
    with (
        store.locked(url_of(course), against_readers=not new_course_id),
        start_autograder(*command, before=small) as run,
    ):
        assert run.wait() == 1
        (line,) = run.printed()[1].splitlines()
    assert "the gradebook cannot be used" in line
    assert "lock" in line


class GivesManualGrades:
    """Runs notebooks, and grades by hand meanwhile."""

    capacity = 1

    def __init__(self, course: Course):
        self._course = course

    def run(self, notebooks, plans, folder, config):
        results = LocalExecutor().run(notebooks, plans, folder, config)
        with again(self._course).gradebook() as formgrader:
            formgrader.find_grade("why", "p1", ASSIGNMENT, "ann").manual_score = 1
            formgrader.find_grade("test_double", "p1", ASSIGNMENT, "ann").manual_score = 1.5
            formgrader.find_comment("why", "p1", ASSIGNMENT, "ann").manual_comment = "Well said."
            formgrader.db.commit()
        return results


def test_manual_grades_given_meanwhile_survive(course):
    list(grade(course, ASSIGNMENT, ["ann"]))
    hand_in(course, "ann", double="return 7")
    with open_grader(course, ASSIGNMENT, executor=GivesManualGrades(course)) as run:
        (submission,) = run.grade(["ann"])
    assert submission.recorded
    with course.gradebook() as book:
        why = book.find_grade("why", "p1", ASSIGNMENT, "ann")
        test = book.find_grade("test_double", "p1", ASSIGNMENT, "ann")
        comment = book.find_comment("why", "p1", ASSIGNMENT, "ann")
        assert (why.manual_score, test.manual_score, test.auto_score) == (1, 1.5, 0)
        assert comment.manual_comment == "Well said."


def test_restart_of_the_server_loses_nothing(store, course):
    if store.restart is None:
        pytest.skip("a file has no server")
    with open_grader(course, ASSIGNMENT) as run:
        done = []
        for submission in run.grade(list(CLASS)):
            done.append(submission.recorded)
            store.restart()
    assert done == [True, True]
    assert course.scores(ASSIGNMENT) == MARKS


def test_nbgrader_reads_what_was_recorded(course):
    """Its own gradebook, without anything of this engine."""
    from nbgrader.api import Gradebook

    list(grade(course, ASSIGNMENT, list(CLASS)))
    with Gradebook(url_of(course), "plain") as book:
        found = {student: book.find_submission(ASSIGNMENT, student).score for student in CLASS}
    assert found == {"ann": 8, "bob": 4}


def test_extensions_late_days_and_removal(store, course):
    hand_in(course, "ann").joinpath("timestamp.txt").write_text("2026-03-11 10:00:00 UTC")
    list(grade(course, ASSIGNMENT, list(CLASS)))
    course.write_gradebook(lambda book: book.add_student("eve"))
    course.config.LateDays.days = 1
    set_deadline(course, ASSIGNMENT, datetime(2026, 3, 10, 10))
    assert extend(course, ASSIGNMENT, ["eve"], timedelta(days=2)) == []
    for _ in range(2):
        accounts, _ = apply_late_days(course)
        assert {student: (account.used, account.left) for student, account in accounts.items()} == {
            "ann": ({ASSIGNMENT: 1}, 0)
        }
    results = {one.student: one for one in summarize(course, ASSIGNMENT, list(CLASS), [], {}).students}
    assert {student: one.notebooks for student, one in results.items()} == {**MARKS, "eve": {}}
    traces = find_traces(course)
    assert {student: traces[student].marks for student in traces} == {
        "ann": {ASSIGNMENT: 0}, "bob": {ASSIGNMENT: 0}, "eve": {},
    }  # fmt: skip
    remove(course, {student: traces[student] for student in ("ann", "eve")})
    assert list(find_traces(course)) == ["bob"]
    assert {row[0] for row in grade_rows(course, ASSIGNMENT)} == {"bob"}
    hand_in(course, "ann")
    list(grade(course, ASSIGNMENT, ["ann"]))
    assert course.scores(ASSIGNMENT) == MARKS
    rename(course, "ann", "ann.b")
    assert course.scores(ASSIGNMENT) == {"ann.b": MARKS["ann"], "bob": MARKS["bob"]}
