"""A Dask cluster marks a class as one machine does, also when a worker is killed.

`test_executor_conformance` has what every executor has to do.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
import time

import psutil
import pytest
from distributed import Client

from autograder.course import notebooks
from autograder.course.coursedir import Course, CourseError
from autograder.execution.cluster import ClusterExecutor
from autograder.grading import grade
from tests.engine.dask_cluster import DaskCluster
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_class
from tests.support import open_grader, run_autograder

CLASS = {
    "ann": "return 2 * x",
    "bob": "return 7",
    "cid": "import os; os._exit(3)",
    "dee": "open('made.txt', 'w').write(open('data.csv').read()); return 2 * x",
}
MARKS = {"ann": 8, "bob": 4, "cid": 0, "dee": 8}


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def ungraded(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("plain") / "course", CLASS)


@pytest.fixture
def course(ungraded, tmp_path):
    shutil.copytree(ungraded.root, tmp_path / "course")
    return Course(tmp_path / "course")


def totals(course: Course) -> dict[str, float]:
    return {student: sum(points.values()) for student, points in course.scores(ASSIGNMENT).items()}


def contents(course: Course, student: str) -> dict[str, object]:
    """What lies in the student's folder in ``autograded/``, without what depends on the clock and on chance."""
    found = {}
    for path in course.folder("autograded", student, ASSIGNMENT).rglob("*"):
        found[path.name] = path.read_text()
        if path.suffix == ".ipynb":
            found[path.name] = [(cell.source, cell.get("outputs")) for cell in notebooks.read(path).cells]
    return found


def test_cluster_marks_as_one_machine_does(course, ungraded, dask, tmp_path):
    run = run_autograder("grade", "--course", course.root, "--scheduler", dask.address, "--json")
    assert run.returncode == 0, run.stderr
    assert {row["student"]: row["score"] for row in map(json.loads, run.stdout.splitlines())} == MARKS
    assert "cid: p1: the kernel died in cell 3" in run.stderr
    shutil.copytree(ungraded.root, tmp_path / "here")
    here = Course(tmp_path / "here")
    list(grade(here, ASSIGNMENT, list(CLASS)))
    for student in CLASS:
        assert contents(course, student) == contents(here, student)
    assert contents(course, "dee")["made.txt"] == "1,2,3\n"


def test_both_workers_work(course, dask):
    with ClusterExecutor(dask.address) as cluster, open_grader(course, ASSIGNMENT, executor=cluster) as run:
        assert all(submission.recorded for submission in run.grade(list(CLASS)))
    for worker in dask.workers:
        assert any("autograder.kernels.forkserver" in p.cmdline() for p in psutil.Process(worker.pid).children(True))


def test_worker_killed_in_the_middle_loses_nothing(course, dask):
    for student in ("ann", "bob"):  # one a worker
        hand_in(course, student, double=f"import time; time.sleep(1); {CLASS[student]}")
    victim = dask.workers[0]
    threading.Thread(target=kill_when_all_are_busy, args=(dask.address, victim)).start()
    with ClusterExecutor(dask.address) as cluster, open_grader(course, ASSIGNMENT, executor=cluster) as run:
        done = [(submission.student, submission.recorded) for submission in run.grade(["ann", "bob", "cid"])]
    assert victim.wait(0) == -signal.SIGKILL
    dask.workers[0] = dask.start_worker()
    assert sorted(done) == [("ann", True), ("bob", True), ("cid", True)]
    assert totals(course) == {"ann": 8, "bob": 4, "cid": 0}


def kill_when_all_are_busy(address: str, victim: subprocess.Popen) -> None:
    with Client(address, set_as_default=False) as client:
        while not all(client.processing().values()):
            time.sleep(0.1)
    time.sleep(1)
    victim.kill()


def test_no_scheduler_is_one_clear_line(course, monkeypatch):
    monkeypatch.setattr("autograder.execution.cluster._CONNECT_TIMEOUT", 1)
    with pytest.raises(CourseError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        ClusterExecutor("tcp://127.0.0.1:9")
