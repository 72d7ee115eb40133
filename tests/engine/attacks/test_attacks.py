"""Whatever a submission tries, it is contained, its neighbours' marks stay, and the instructor is told why."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.kinds import find_obstacle
from tests.engine.attacks.suite import CASES, TOKEN, VICTIMS, grade

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
FULL = {"test_double": 2, "test_triple": 2}
SUSPICION = "uses what no answer needs, have a look|a thread of its own was running beside a test"


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def sandbox(request):
    """Return the name of a sandbox that confines."""
    return request.param


@pytest.fixture(scope="module")
def aftermath(sandbox):
    """What is left after everybody's attack at once."""
    obstacle = find_obstacle(sandbox)
    if sandbox == "landlock" and obstacle:
        pytest.skip(str(obstacle))
    assert obstacle is None
    # Everybody can reach it; whatever starts pytest closes pytest's own folders to others.
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        Path(folder).chmod(0o755)
        yield grade(Path(folder) / "class", CASES, sandbox)


@pytest.fixture(scope="module")
def unprotected(tmp_path_factory):
    """What is left after the attacks that are harmless enough, without a sandbox."""
    return grade(tmp_path_factory.mktemp("unprotected"), [case for case in CASES if case.works], "none")


def test_there_are_many_and_no_two_of_one_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 70


def test_the_class_is_graded(aftermath):
    assert aftermath.status == 0, aftermath.stderr
    assert set(aftermath.marks) == {*VICTIMS, *(case.name for case in CASES)}


@pytest.mark.parametrize("student", VICTIMS)
@pytest.mark.promise("neighbours")
def test_neighbours_keep_their_marks(aftermath, student):
    assert aftermath.marks[student] == FULL
    assert not aftermath.notes[student]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contained(aftermath, sandbox, case):
    case = case.within(sandbox)
    told = aftermath.outputs.get(case.name, "")
    assert "BREACH" not in told
    assert "canary" not in told
    if case.score >= 0:
        assert sum(aftermath.marks[case.name].values()) == case.score, (aftermath.notes[case.name], told[-2000:])
    assert re.search(case.note, aftermath.notes[case.name]), told[-2000:]
    if not case.note:
        assert all(re.search(SUSPICION, note) for note in aftermath.notes[case.name].splitlines())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_was_really_attempted(aftermath, sandbox, case):
    case = case.within(sandbox)
    told = f"{aftermath.outputs.get(case.name, '')}\n{aftermath.notes[case.name]}"
    assert re.search(case.evidence, told), told[-2000:]
    assert not case.make or case.name in aftermath.made


def test_what_is_cut_off_says_so(aftermath):
    for case in CASES:
        if case.holds.startswith("Output is cut off"):
            # nbgrader cuts off what is left of it after 1,000 lines
            assert re.search("Output is cut off here|Output truncated", aftermath.outputs[case.name]), case.name
            assert len(aftermath.outputs[case.name]) < 1_500_000


@pytest.mark.promise("neighbours")
def test_nothing_was_changed(aftermath):
    course = aftermath.course.root
    assert not list(course.rglob("climbed_out"))
    assert not [
        path for path in course.glob("autograded/**/*") if path.is_symlink() or not (path.is_file() or path.is_dir())
    ]
    assert not aftermath.changed
    for case in CASES:
        size = sum(path.lstat().st_size for path in course.glob(f"autograded/{case.name}/**/*"))
        assert size < 40 * 2**20, case.name


def test_nobody_is_left_and_nothing_has_arrived(aftermath):
    assert not [process for process in psutil.process_iter(["cmdline"]) if TOKEN in (process.info["cmdline"] or [])]
    assert aftermath.caught == []


def test_the_grader_stays_small(aftermath, sandbox):
    if sandbox == "landlock":
        pytest.skip("the grader is the child of another process there, and it is the same program")
    assert aftermath.peak < 700 * 2**20


@pytest.mark.parametrize("case", [case for case in CASES if case.works], ids=lambda case: case.name)
def test_works_without_a_sandbox(unprotected, case):
    arrived = b"stolen" in unprotected.caught if case.name == "udp_to_this_machine" else False
    assert arrived or "BREACH" in unprotected.outputs[case.name]
