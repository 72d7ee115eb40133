"""`autograder watch` grades what arrives, says one line for each run, and ends when it is told to."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest
from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeFactory

from autograder.course.coursedir import Course, CourseBusy
from autograder.session import Request
from autograder.watching import arrivals
from autograder.watching.arrivals import Arrivals, HandIn
from autograder.watching.run import grade_hand_ins
from tests.engine.plain_course import ASSIGNMENT, CONFIG, hand_in, make_class, make_course
from tests.support import AUTOGRADER, activated, open_grader, run_autograder

ANN, BOB = HandIn(ASSIGNMENT, "ann"), HandIn(ASSIGNMENT, "bob")


class Watching:
    """A running `autograder watch`.

    Attributes
    ----------
    process : subprocess.Popen
    """

    def __init__(self, course: Course, *options: str):
        self.course, self.log = course, course.root / "watch.log"
        self.process = subprocess.Popen(
            [*AUTOGRADER, "watch", "--course", str(course.root), "--interval", "0.2", *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=activated(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.began = self.process.stderr.readline()

    def lines(self) -> list[str]:
        """Return what the log says, without times and seconds."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [line.partition(" UTC ")[2] for line in text.splitlines()]

    def wait_for_lines(self, number: int) -> list[str]:
        while len(self.lines()) < number:
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        return self.lines()

    def runs(self) -> list[psutil.Process]:
        """Return the run that is going on, if there is one."""
        return psutil.Process(self.process.pid).children()

    def wait_for_run(self, student: str) -> list[psutil.Process]:
        """Wait until a student's notebooks run, and return all processes of that run."""
        taken_in = self.course.scratch / ASSIGNMENT / "submissions" / student / "p1.ipynb"
        while not (taken_in.exists() and self.runs() and self.runs()[0].children()):
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """End it, and return what it said on the terminal."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[1]


@contextlib.contextmanager
def watching(course: Course, *options: str) -> Iterator[Watching]:
    started = Watching(course, *options)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.stop(signal.SIGKILL)


@pytest.fixture
def course(tmp_path):
    return make_class(tmp_path / "course", {"ann": "return 2 * x"})


def students(line: str) -> set[str]:
    """Return who was graded, as a line of the log says it."""
    return set(line.rpartition(": ")[2].split(", "))


# What has arrived


def test_a_hand_in_has_arrived_when_it_stays_as_it_is(course):
    looks = Arrivals(course)
    assert looks.look() == []
    assert looks.look() == [ANN]
    folder = hand_in(course, "bob")
    assert looks.look() == [ANN]  # bob's may still be on its way
    (folder / "p1.ipynb").write_text("the first half")
    assert looks.look() == [ANN]  # it is: a file has changed
    assert looks.look() == [ANN, BOB]


def test_what_was_graded_has_arrived_again_only_when_it_changes(course):
    looks = Arrivals(course)
    looks.look()
    looks.settle(looks.look(), [])
    assert looks.look() == []
    hand_in(course, "ann", double="return 7")
    assert looks.look() == []
    assert looks.look() == [ANN]


def test_a_change_during_a_run_is_not_lost(course):
    looks = Arrivals(course)
    looks.look()
    arrived = looks.look()
    hand_in(course, "ann", double="return 7")
    looks.settle(arrived, [])
    assert (looks.look(), looks.look()) == ([], [ANN])


def test_a_file_that_is_gone_is_a_change(course):
    looks = Arrivals(course)
    looks.look()
    looks.settle(looks.look(), [])
    (course.folder("submitted", "ann", ASSIGNMENT) / "p2.ipynb").unlink()
    assert (looks.look(), looks.look()) == ([], [ANN])


@pytest.mark.parametrize(("pause", "again"), [(0, [ANN]), (600, [])])
def test_what_failed_is_tried_again_after_a_pause(course, monkeypatch, pause, again):
    monkeypatch.setattr(arrivals, "_PAUSE", pause)
    hand_in(course, "bob")
    looks = Arrivals(course)
    looks.look()
    looks.settle(looks.look(), [ANN])
    assert looks.look() == again


def test_only_the_named_assignment_counts_and_links_are_not_followed(course):
    other = course.folder("submitted", "ann", "ps2")
    shutil.copytree(course.folder("submitted", "ann", ASSIGNMENT), other)
    (other / "all").symlink_to("/")
    one, every = Arrivals(course, ASSIGNMENT), Arrivals(course)
    one.look()
    every.look()
    assert one.look() == [ANN]
    assert every.look() == [ANN, HandIn("ps2", "ann")]


def test_folders_are_found_where_the_settings_say(tmp_path):
    course = make_course(tmp_path / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write('c.CourseDirectory.directory_structure = "{nbgrader_step}/{assignment_id}/of-{student_id}"\n')
    course = Course(course.root)
    course.folder("submitted", "ann", ASSIGNMENT).mkdir(parents=True)
    (course.root / "submitted" / ASSIGNMENT / "notes.txt").write_text("no hand-in")
    assert course.hand_ins() == [("ann", ASSIGNMENT)]


# One run


def test_a_run_grades_what_is_due_and_says_so_in_one_line(course):
    hand_in(course, "bob", double="return 7")
    (first,) = grade_hand_ins(Request(course.root), [ANN, BOB], release_feedback=False)
    assert str(first).startswith("ps1: 2 graded in ")
    assert students(str(first)) == {"ann", "bob"}
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}, "bob": {"p1": 2, "p2": 2}}
    assert "bob" in (course.root / "results" / ASSIGNMENT / "marks.csv").read_text()
    (second,) = grade_hand_ins(Request(course.root), [ANN, BOB], release_feedback=False)
    assert (second.graded, second.left) == ([], [])


def test_a_problem_with_one_assignment_stops_no_other(course):
    shutil.copytree(course.folder("submitted", "ann", ASSIGNMENT), course.folder("submitted", "ann", "ps0"))
    new, known = grade_hand_ins(Request(course.root), [HandIn("ps0", "ann"), ANN], release_feedback=False)
    assert (new.left, new.graded, new.failed) == (["ann"], [], {})
    assert (known.left, known.graded) == ([], ["ann"])


def test_a_run_says_why_it_could_not_grade(course, monkeypatch):
    monkeypatch.setattr("autograder.execution.cluster._CONNECT_TIMEOUT", 1)
    (bad,) = grade_hand_ins(Request(course.root, scheduler="tcp://127.0.0.1:9"), [ANN], release_feedback=False)
    assert bad.left == ["ann"]
    assert str(bad).startswith("ps1: 0 graded in ")
    assert "; ann not graded: " in str(bad)
    assert "127.0.0.1:9" in str(bad)


def test_a_run_does_not_work_beside_another(course):
    with open_grader(course, ASSIGNMENT), pytest.raises(CourseBusy):
        grade_hand_ins(Request(course.root), [ANN], release_feedback=False)


# The command


def test_what_arrives_is_graded_and_nothing_else_is_said(course):
    with watching(course) as watcher:
        assert students(watcher.wait_for_lines(1)[0]) == {"ann"}
        os.utime(course.folder("submitted", "ann", ASSIGNMENT) / "p1.ipynb")  # the same work: nothing is due
        hand_in(course, "bob", double="return 7")
        assert students(watcher.wait_for_lines(2)[1]) == {"bob"}
        hand_in(course, "bob")
        assert students(watcher.wait_for_lines(3)[2]) == {"bob"}
        said = watcher.stop()
    assert watcher.process.returncode == 0
    assert course.scores(ASSIGNMENT) == dict.fromkeys(("ann", "bob"), {"p1": 4, "p2": 4})
    assert len(watcher.lines()) == 3
    assert watcher.began.startswith(f"Watching {course.root / 'submitted'}")
    assert said == "Stopped. What was recorded is kept.\n"
    assert "were graded already" in run_autograder("grade", "--course", course.root).stderr


def test_it_waits_while_another_command_grades(course):
    with watching(course) as watcher:
        with open_grader(course, ASSIGNMENT):
            while not watcher.runs():
                time.sleep(0.01)
            while watcher.runs():  # it ends, for the course is busy
                time.sleep(0.01)
            assert watcher.lines() == []
        assert students(watcher.wait_for_lines(1)[0]) == {"ann"}


def test_one_process_watches_a_course_and_others_may_grade(course):
    with watching(course) as watcher:
        watcher.wait_for_lines(1)
        second = run_autograder("watch", "--course", course.root)
        assert second.returncode == 1
        assert second.stderr == (
            f"Error: process {watcher.process.pid} is watching in {course.root} right now; wait for it, or stop it\n"
        )
        assert run_autograder("grade", "--course", course.root, "--force").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_all_that_runs(course, number):
    hand_in(course, "ann", double="import time; time.sleep(100); return 2 * x")
    with watching(course) as watcher:
        started = watcher.wait_for_run("ann")
        said = watcher.stop(number)
    assert watcher.process.returncode == 0
    assert said == "Stopped. What was recorded is kept.\n"
    assert psutil.wait_procs(started, timeout=60)[1] == []
    assert not course.folder("autograded", "ann", ASSIGNMENT).exists()
    hand_in(course, "ann")
    run_autograder("grade", "--course", course.root)
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}}


def test_a_run_that_is_killed_does_not_end_it(course):
    hand_in(course, "ann", double="import time; time.sleep(100); return 2 * x")
    with watching(course) as watcher:
        watcher.wait_for_run("ann")[0].kill()
        (line,) = watcher.wait_for_lines(1)
        assert line == "ps1: 0 graded in 0 s; ann not graded: the run ended with exit status -9"
        hand_in(course, "bob")
        assert students(watcher.wait_for_lines(2)[1]) == {"bob"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--assignment", "ps7"), "the gradebook has no assignment ps7; it has: ps1"),
        (("--release-feedback",), "feedback cannot be released: set c.CourseDirectory.course_id"),
        (("--log", "nowhere/watch.log"), "nowhere/watch.log"),
        (("--interval", "0"), "Invalid value for '--interval'"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(course, tmp_path, options, says):
    settings = course.root / "nbgrader_config.py"
    settings.write_text(settings.read_text().replace('course_id = "plain"', 'course_id = ""'))
    run = run_autograder("watch", "--course", course.root, *options, cwd=tmp_path)
    assert run.returncode in (1, 2)
    assert says in run.stderr
    assert "Traceback" not in run.stderr


# Feedback


@pytest.fixture
def exchanged(course, tmp_path, monkeypatch):
    """A course with work of a student that came from an exchange, and of bob that did not; and the student's side."""
    exchange, home = tmp_path / "exchange", tmp_path / "home"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    home.mkdir()
    settings = f'c.Exchange.root = "{exchange}"\nc.Exchange.cache = "{home / "cache"}"\n'
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(settings)
    (home / "nbgrader_config.py").write_text(CONFIG + settings)
    student = Course(home)
    shutil.rmtree(course.folder("submitted", "ann", ASSIGNMENT))
    course = Course(course.root)
    monkeypatch.chdir(home)  # where nbgrader puts and takes the student's work
    carry("ReleaseAssignment", course)
    carry("FetchAssignment", student)
    carry("Submit", student)
    carry("Collect", course)
    hand_in(course, "bob")
    return course, student


def carry(step: str, side: Course) -> None:
    """Do a step of nbgrader's exchange, such as ``Collect``, on the side of the course or of a student."""
    kind = getattr(ExchangeFactory(config=side.config), step)
    directory = side.directory(assignment_id=ASSIGNMENT)
    kind(coursedir=directory, authenticator=Authenticator(config=side.config), config=side.config).start()


def test_feedback_is_released_to_students_whose_work_came_from_the_exchange(exchanged, tmp_path):
    course, student = exchanged
    ann = next(one for one, _ in course.hand_ins() if one != "bob")
    hand_ins = [HandIn(ASSIGNMENT, ann), BOB]
    (done,) = grade_hand_ins(Request(course.root), hand_ins, release_feedback=True)
    assert done.released == 1
    assert "feedback of bob not released: the work did not come through nbgrader's exchange" in str(done)
    carry("FetchFeedback", student)
    pages = sorted(path.name for path in (tmp_path / "home" / ASSIGNMENT / "feedback").rglob("*.html"))
    assert pages == ["p1.html", "p2.html"]


def test_feedback_that_cannot_be_released_costs_no_mark(exchanged, tmp_path):
    course, _ = exchanged
    shutil.rmtree(tmp_path / "exchange")
    (tmp_path / "exchange").write_text("no folder")
    ann = next(one for one, _ in course.hand_ins() if one != "bob")
    (done,) = grade_hand_ins(Request(course.root), [HandIn(ASSIGNMENT, ann)], release_feedback=True)
    assert (done.graded, done.left, done.released) == ([ann], [], 0)
    assert f"feedback of {ann} not released: Unwritable directory" in str(done)
