"""How the tests are run: shared out among workers, marked if slow, and ended with all they started if they hang.

``make test`` has pytest-xdist start a worker for each core. A worker keeps to its core, and so does what it starts:
a grader there runs one notebook at a time, and no test slows down that of another worker. Tests that share something
costly make a group, so that one worker makes it once; the costliest groups come first: see `tests.plan`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from types import FrameType

import psutil
import pytest

from tests import plan
from tests.golden import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write to tests/golden/ what had to be computed.")


def pytest_configure() -> None:
    """Keep a worker, and so all that it starts, to its share of the cores; be patient with an index of packages."""
    if "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "sched_setaffinity"):
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        workers, cores = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]), sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[number::workers] or {cores[number % len(cores)]})
    # For the tests that install something: an index on a busy network takes its time.
    os.environ.setdefault("UV_HTTP_TIMEOUT", "180")
    os.environ.setdefault("UV_HTTP_RETRIES", "10")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Have pytest-xdist give whole groups to workers, in the order of the tests.

    Its own marks for groups, ``xdist_group``, do nothing with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return plan.group_of(nodeid)

    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its time limit and the mark of how long it takes where they are due; put costly groups first."""
    for item in items:
        if item.get_closest_marker("timeout") is None and plan.limit_of(item.nodeid):
            item.add_marker(pytest.mark.timeout(plan.limit_of(item.nodeid)))
        if mark := plan.mark_of(item.nodeid):
            item.add_marker(mark)
    items.sort(key=lambda item: plan.place_of(item.nodeid))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded with ``record_property``, for a person to read."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.line(f"{name}: {value}")


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer() -> Iterator[None]:
    """When a test's time is up, kill what it has started before it is told so: it may be waiting for just that.

    pytest-timeout raises an exception in the test. Many a block that the test then leaves waits for a process to end,
    and nothing would end that wait.
    """
    result = yield
    tell, started = signal.getsignal(signal.SIGALRM), _now()
    if callable(tell):

        def end(number: int, frame: FrameType | None) -> None:
            kill_started_since(started)
            tell(number, frame)

        signal.signal(signal.SIGALRM, end)
    return result


def _now() -> float:
    """Return the time by the clock that psutil tells by when a process was started."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return psutil.boot_time() + time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time()


def kill_started_since(moment: float) -> None:
    """Kill all processes that this one, or one that it has started, has started since a moment that `_now` told."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.create_time() >= moment - 0.02:  # the kernel counts in hundredths of a second
                process.kill()


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Golden:
    """What takes minutes and comes out the same each time, from files: see `tests.golden`."""
    return Golden(update=request.config.getoption("--update-golden"))


# What tests of the course and of its site share. The engine's tests must do without the course: it is imported here
# only when it is asked for.


@pytest.fixture(scope="session")
def empty_course(tmp_path_factory: pytest.TempPathFactory):
    """The course as it is built: nobody has handed in."""
    from tests.course.repository import make_course

    return make_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="session")
def built(empty_course, golden: Golden, tmp_path_factory: pytest.TempPathFactory):
    """The same course with the sample class's submissions, not graded. What a judge can decide is known."""
    from autograder.course.coursedir import Course
    from tests.course.repository import SETTINGS, hand_in_sample_class
    from tests.support import ROOT, know_tables

    root = tmp_path_factory.mktemp("built") / "course"
    shutil.copytree(empty_course.root, root)
    hand_in_sample_class(Course(root))
    know_tables(Course(root), "5_6", golden, "course", [SETTINGS, ROOT / "notebooks" / "coffee_shop", ROOT / "uv.lock"])
    return Course(root)


@pytest.fixture(scope="session")
def graded(built, tmp_path_factory: pytest.TempPathFactory):
    """The same course after `autograder grade`, and what it printed."""
    from autograder.course.coursedir import Course
    from tests.support import run_autograder

    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(built.root, root, symlinks=True)
    run = run_autograder("grade", "--course", root, "--json")
    assert run.returncode == 0, run.stderr
    return Course(root), run
