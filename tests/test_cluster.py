"""A real Dask cluster of two worker processes marks a class as one machine does, also when a worker is killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client

from autograder import notebooks
from autograder.cluster import Cluster
from autograder.course import Course, CourseError
from autograder.grade import GradingRun, grade
from tests.conftest import run_autograder
from tests.plain_course import ASSIGNMENT, hand_in, make_class

CLASS = {
    "ann": "return 2 * x",
    "bob": "return 7",
    "cid": "import os; os._exit(3)",
    "dee": "open('made.txt', 'w').write(open('data.csv').read()); return 2 * x",
}
MARKS = {"ann": 8, "bob": 4, "cid": 0, "dee": 8}


class DaskCluster:
    """A scheduler and its workers, processes of this machine."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        while not (folder / "scheduler.json").exists():
            assert self._scheduler.poll() is None
            time.sleep(0.1)
        self.address = json.loads((folder / "scheduler.json").read_text())["address"]
        self.workers = [self.start_worker() for _ in range(2)]

    def start_worker(self) -> subprocess.Popen:
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")

    def stop(self) -> None:
        for process in [*self.workers, self._scheduler]:
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self._folder / "scheduler.json")]
        with (self._folder / f"{kind}.log").open("a") as log:
            return subprocess.Popen([*command, *options], cwd=self._folder, stdout=log, stderr=log)


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
    with Cluster(dask.address) as cluster, GradingRun(course, ASSIGNMENT, cluster=cluster) as run:
        assert all(submission.recorded for submission in run.grade(list(CLASS)))
    for worker in dask.workers:
        assert any("autograder.kernels.warm" in p.cmdline() for p in psutil.Process(worker.pid).children(True))


def test_worker_killed_in_the_middle_loses_nothing(course, dask):
    for student in ("ann", "bob"):  # one a worker
        hand_in(course, student, double=f"import time; time.sleep(2); {CLASS[student]}")
    victim = dask.workers[0]
    threading.Thread(target=kill_when_all_are_busy, args=(dask.address, victim)).start()
    with Cluster(dask.address) as cluster, GradingRun(course, ASSIGNMENT, cluster=cluster) as run:
        done = [(submission.student, submission.recorded) for submission in run.grade(["ann", "bob", "cid"])]
    assert victim.wait(0) == -signal.SIGKILL
    dask.workers[0] = dask.start_worker()
    assert sorted(done) == [("ann", True), ("bob", True), ("cid", True)]
    assert totals(course) == {"ann": 8, "bob": 4, "cid": 0}


def kill_when_all_are_busy(address: str, victim: subprocess.Popen) -> None:
    with Client(address, set_as_default=False) as client:
        while not all(client.processing().values()):
            time.sleep(0.1)
    time.sleep(2)
    victim.kill()


def test_no_scheduler_is_one_clear_line(course, monkeypatch):
    monkeypatch.setattr("autograder.cluster._PATIENCE", 1)
    with pytest.raises(CourseError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        Cluster("tcp://127.0.0.1:9")
