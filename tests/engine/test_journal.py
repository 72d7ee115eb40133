"""Whatever happens to a run, nothing is lost: the same command goes on with what is due, and only with that."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import weakref

import psutil
import pytest

from autograder import grading
from autograder.course import notebooks
from autograder.course.coursedir import Course
from autograder.course.files import hash_folder
from autograder.execution.local import LocalExecutor
from autograder.gradebook import recorder
from autograder.grading import grade
from autograder.session import Request, grade_class
from tests.command_server import Command
from tests.engine.plain_course import ASSIGNMENT, NAMES, hand_in, make_class
from tests.support import open_grader, run_autograder, run_nbgrader, start_autograder

CLASS = {"ann": "return 2 * x", "bob": "return 7", "cid": "return 2 * x", "dee": "return x"}
MARKS = {"ann": 8, "bob": 4, "cid": 8, "dee": 4}


@pytest.fixture(scope="module")
def ungraded(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("plain") / "course", CLASS)


@pytest.fixture(scope="module")
def graded(ungraded, tmp_path_factory):
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(ungraded.root, root)
    list(grade(Course(root), ASSIGNMENT, list(CLASS)))
    return Course(root)


@pytest.fixture
def fresh(ungraded, tmp_path):
    """A copy of the course that nobody has graded."""
    shutil.copytree(ungraded.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def done(graded, tmp_path):
    """A copy of the course in which everybody is graded."""
    shutil.copytree(graded.root, tmp_path / "course")
    return Course(tmp_path / "course")


def due(course: Course) -> list[str]:
    with open_grader(course, ASSIGNMENT) as run:
        return run.due(list(CLASS))


def recordings(course: Course) -> dict[str, str]:
    """Which recording each student's marks are from."""
    with open_grader(course, ASSIGNMENT) as run:
        return {student: entry.id for student, entry in run.entries().items()}


def totals(course: Course) -> dict[str, float]:
    return {student: sum(points.values()) for student, points in course.scores(ASSIGNMENT).items()}


def is_whole(course: Course, student: str) -> bool:
    """Whether the student's notebooks and pages are there, and the notebooks are the ones that the marks say."""
    folders = [course.folder(step, student, ASSIGNMENT) for step in ("autograded", "feedback")]
    if [sorted(p.name for p in folder.iterdir()) for folder in folders] != [
        ["data.csv", "p1.ipynb", "p2.ipynb"],
        ["data.csv", "p1.html", "p2.html"],
    ]:
        return False
    cells = notebooks.read(folders[0] / "p1.ipynb").cells
    answer = next(cell for cell in cells if notebooks.grade_id(cell) == "double").source
    return (answer.endswith("return 2 * x")) == (course.scores(ASSIGNMENT)[student]["p1"] == 4)


def start(course: Course, *options: str, before: str = "") -> Command:
    return start_autograder("grade", "--course", course.root, *options, before=before)


def finish(course: Course, *options: str) -> str:
    """Run the command to its end and return what it said."""
    run = run_autograder("grade", "--course", course.root, *options)
    assert run.returncode == 0, run.stderr
    return run.stderr


# What is due


def test_truth_is_the_content(done):
    assert due(done) == []
    folder = done.folder("submitted", "ann", ASSIGNMENT)
    os.utime(folder / "p1.ipynb")
    assert due(done) == []
    hand_in(done, "ann", double="return 5")
    os.utime(folder / "p1.ipynb", (0, 0))  # an old file, put in the place of a newer one
    assert due(done) == ["ann"]
    hand_in(done, "ann", double=CLASS["ann"])
    assert due(done) == []
    (folder / "more.txt").write_text("a file that the notebook may read")
    assert due(done) == ["ann"]


def test_changed_assignment_is_due_for_everybody(done):
    source = done.folder("source", ".", ASSIGNMENT)
    (source / "data.csv").write_text("4,5,6\n")
    assert due(done) == list(CLASS)
    (source / "data.csv").write_text("1,2,3\n")
    nb = notebooks.read(source / "p1.ipynb")
    nb = notebooks.fill(nb, {"test_double": "assert double(4) == 8"})
    notebooks.write(nb, source / "p1.ipynb")
    assert due(done) == []  # students are marked with what the gradebook holds
    run_nbgrader(done, "generate_assignment", ASSIGNMENT, "--force")
    assert due(Course(done.root)) == list(CLASS)


def test_gradebook_that_was_restored_is_believed(fresh):
    backup = (fresh.root / "gradebook.db").read_bytes()
    list(grade(fresh, ASSIGNMENT, ["ann", "bob"]))
    assert due(fresh) == ["cid", "dee"]
    (fresh.root / "gradebook.db").write_bytes(backup)
    assert due(fresh) == list(CLASS)


def test_student_who_was_removed_or_whose_results_were_deleted_is_due(done):
    with done.gradebook() as book:
        book.remove_student("bob")
    shutil.rmtree(done.folder("autograded", "dee", ASSIGNMENT))
    assert due(done) == ["bob", "dee"]


def hashed(monkeypatch) -> list[str]:
    """The students whose submitted folders are hashed from now on, as often as they are."""
    students = []

    def count(folder, ignored):
        students.append(folder.parent.name)
        return hash_folder(folder, ignored)

    monkeypatch.setattr(grading, "hash_folder", count)
    return students


def test_each_submission_is_hashed_once_where_nothing_is_due(done, monkeypatch):
    students = hashed(monkeypatch)
    grade_class(Request(done.root))
    assert sorted(students) == list(CLASS)


def test_each_submission_is_hashed_once_in_a_new_class(fresh, monkeypatch):
    students = hashed(monkeypatch)
    grade_class(Request(fresh.root))
    assert sorted(students) == list(CLASS)
    assert totals(fresh) == MARKS


class CountsSubmissions:
    """Runs one submission at a time, and counts those that are in memory then."""

    capacity = 1

    def __init__(self):
        self.alive: list[int] = []
        self._notebooks: list[weakref.ref] = []

    def run(self, notebooks, plans, folder, config):
        self._notebooks += [weakref.ref(nb) for nb in notebooks.values()]
        gc.collect()
        self.alive.append(sum(nb() is not None for nb in self._notebooks))
        return LocalExecutor().run(notebooks, plans, folder, config)


def test_finished_submissions_are_not_held_in_memory(fresh):
    executor = CountsSubmissions()
    with open_grader(fresh, ASSIGNMENT, executor=executor) as run:
        run.prepare()
        executor.alive.clear()
        assert all(submission.recorded for submission in run.grade(list(CLASS)))
    assert len(executor.alive) == len(CLASS)
    # Those that run, the one that is recorded, and the one before it: the converters still refer to its last notebook.
    assert max(executor.alive) <= (executor.capacity + 2) * len(NAMES) < len(CLASS) * len(NAMES)


# Killed


KILL = "import os, signal; kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
MOMENTS = {
    "before the marks": "from autograder.gradebook import recorder as r; r.MarksConverter.write = kill",
    "after the marks": "from autograder.gradebook import recorder as r; r.Recorder._write_pages = kill",
    "after the 1st move": "MOVES = 1",
    "after the 2nd move": "MOVES = 2",
    "after the 4th move": "MOVES = 4",
    "after the commit": "from autograder.gradebook import recorder as r; r.shutil.rmtree = "
    "lambda path, *a, _old=r.shutil.rmtree, **k: kill() if '/replaced/' in str(path) else _old(path, *a, **k)",
}
COUNT = """
if 'MOVES' in globals():
    import os
    def move(*paths, _old=os.replace):
        global MOVES
        _old(*paths)
        MOVES -= 1
        if not MOVES: kill()
    os.replace = move
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_this_moment(done, moment):
    hand_in(done, "ann", double="return 7")
    hand_in(done, "bob", double="return 2 * x")
    before = recordings(done)
    with start(done, before=KILL + MOMENTS[moment] + COUNT) as run:
        assert run.wait() == -signal.SIGKILL, run.printed()
    now = recordings(done)
    changed = {student for student in CLASS if before[student] != now[student]}
    assert changed == ({"ann", "bob"} - set(due(done)))
    assert len(changed) == (moment == "after the commit")
    assert all(is_whole(done, student) for student in CLASS)  # as before, or as it will be
    finish(done)
    after = recordings(done)
    assert {student for student in CLASS if after[student] != now[student]} == {"ann", "bob"} - changed
    assert totals(done) == {"ann": 4, "bob": 8, "cid": 8, "dee": 4}
    assert all(is_whole(done, student) for student in CLASS)


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment(fresh, seed):
    chance = random.Random(seed)
    seen: dict[str, str] = {}
    for _ in range(8):
        with start(fresh) as run:
            more = chance.choice([0, 1, 1])  # how many submissions may be recorded first
            while run.poll() is None and len(recordings_of(fresh)) < len(seen) + more:
                time.sleep(0.02)
            with contextlib.suppress(TimeoutError):
                run.wait(chance.uniform(0, 1 if more else 3))
            if run.poll() is not None:
                break
            run.send_signal(signal.SIGKILL)
            run.wait()
        now = recordings(fresh)
        assert seen.items() <= now.items()  # what was recorded once is not graded again
        assert all(is_whole(fresh, student) for student in now)
        assert all(totals(fresh)[student] == MARKS[student] for student in now)
        seen = now
    finish(fresh)
    assert seen.items() <= recordings(fresh).items()
    assert totals(fresh) == MARKS
    assert all(is_whole(fresh, student) for student in CLASS)


def test_warm_process_killed_over_and_over(fresh):
    for student in CLASS:  # slow enough to be hit
        hand_in(fresh, student, double="import time; time.sleep(0.5); " + CLASS[student])
    killed = 0
    with start(fresh) as run:
        while run.poll() is None and killed < 2:
            time.sleep(0.1)
            for process in psutil.Process(run.pid).children():
                with contextlib.suppress(psutil.Error):
                    if "autograder.kernels.forkserver" in process.cmdline():
                        time.sleep(1)
                        process.kill()
                        killed += 1
        assert run.wait() == 0, run.printed()
    assert killed == 2
    assert totals(fresh) == MARKS


# Regrade on request


def test_force_grades_again_and_goes_on_where_it_was_cut_short(done):
    hand_in(done, "dee", double="import time; time.sleep(1); return x")  # still runs when the first one is recorded
    before = recordings(done)
    with start(done, "--force") as run:
        while run.poll() is None and len(set(recordings_of(done).values()) - set(before.values())) < 1:
            time.sleep(0.1)
        run.send_signal(signal.SIGKILL)
        run.wait()
    first = {student for student, entry in recordings(done).items() if entry != before[student]}
    assert 1 <= len(first) < 4
    middle = recordings(done)
    assert f"{len(first)} of 4 were graded already" in finish(done, "--force")
    last = recordings(done)
    assert {student for student in CLASS if last[student] == middle[student]} == first
    assert totals(done) == MARKS
    assert "graded already" not in finish(done, "--force")
    assert not set(recordings(done).values()) & set(last.values())


def recordings_of(course: Course) -> dict[str, str]:
    """As `recordings`, while another process grades."""
    query = (
        "select s.student_id, j.entry from autograder_journal j join submitted_assignment s on s.id = j.submission_id"
    )
    with sqlite3.connect(course.root / "gradebook.db") as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'autograder_journal'").fetchall():
            return {}
        return {student: json.loads(entry)["id"] for student, entry in connection.execute(query)}


def test_force_after_a_failure_grades_again_only_what_failed(done, monkeypatch):
    before = recordings(done)
    write = recorder.MarksConverter.write

    def fail_for_bob(self, submission, *arguments):
        if submission.student == "bob":
            raise OSError(28, "No space left on device")
        write(self, submission, *arguments)

    monkeypatch.setattr(recorder.MarksConverter, "write", fail_for_bob)
    with open_grader(done, ASSIGNMENT) as run:
        run.ask_again(list(CLASS))
        first = {submission.student: submission.recorded for submission in run.grade(run.due(list(CLASS)))}
    assert first == {"ann": True, "bob": False, "cid": True, "dee": True}
    middle = recordings(done)
    assert {student for student in CLASS if middle[student] == before[student]} == {"bob"}
    monkeypatch.undo()
    assert "3 of 4 were graded already; going on with the others" in finish(done, "--force")
    last = recordings(done)
    assert {student for student in CLASS if last[student] != middle[student]} == {"bob"}
    assert totals(done) == MARKS
    finish(done, "--force")  # all of it is done, so this is a new request
    assert not set(recordings(done).values()) & set(last.values())


def test_force_of_one_student_regrades_that_student(done):
    before = recordings(done)
    finish(done, "--force", "--student", "bob")
    after = recordings(done)
    assert {student for student in CLASS if before[student] != after[student]} == {"bob"}


# Two at a time


def test_second_run_on_the_same_course_refuses_politely(fresh):
    with open_grader(fresh, ASSIGNMENT):
        run = run_autograder("grade", "--course", fresh.root)
    assert run.returncode == 1
    assert f"process {os.getpid()} is grading in {fresh.root} right now" in run.stderr
    assert "Traceback" not in run.stderr
    finish(fresh)
    assert totals(fresh) == MARKS


# A full disk


def test_failed_move_puts_everything_back(done, monkeypatch):
    hand_in(done, "ann", double="return 7")
    before = recordings(done)
    replace, moves = os.replace, iter(range(9))

    def fail_once(*paths):
        if next(moves) == 3:
            raise OSError(28, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(recorder.os, "replace", fail_once)
    with open_grader(done, ASSIGNMENT) as run:
        (submission,) = run.grade(["ann"])
    assert any("No space left" in note for note in submission.notes)
    assert recordings(done) == before
    assert totals(done) == MARKS
    assert is_whole(done, "ann")
    assert due(done) == ["ann"]


FULL = """
import shutil, subprocess, sys
from pathlib import Path
course, disk, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
shutil.copytree(course, disk / "course")
command = [sys.executable, "-m", "autograder", "grade", "--course", str(disk / "course"), "--json"]
filler = (disk / "filler").open("wb", buffering=0)
try:
    while True:
        filler.write(bytes(1024))
except OSError:
    filler.truncate(filler.tell() - left)
    filler.close()
full = subprocess.run(command, capture_output=True, text=True)
print(full.returncode, "No space left" in full.stderr or "disk is full" in full.stderr, "Traceback" in full.stderr)
(disk / "filler").unlink()
again = subprocess.run(command, capture_output=True, text=True)
print(again.stdout)
print(again.stderr, file=sys.stderr)
"""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap")
@pytest.mark.parametrize("left", [0, 300_000])
def test_full_disk_loses_nothing(done, tmp_path, left):
    hand_in(done, "ann", double="return 7")
    (tmp_path / "disk").mkdir()
    shutil.rmtree(done.root / ".autograder")
    small = ["bwrap", "--dev-bind", "/", "/", "--size", "12000000", "--tmpfs", str(tmp_path / "disk")]
    command = [*small, sys.executable, "-c", FULL, str(done.root), str(tmp_path / "disk"), str(left)]
    run = subprocess.run(command, capture_output=True, text=True)
    first, *lines = run.stdout.splitlines()
    assert first == "1 True False", run.stderr
    found = {row["student"]: row["score"] for row in map(json.loads, filter(None, lines))}
    assert found == {**MARKS, "ann": 4}, run.stderr
