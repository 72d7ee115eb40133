"""Judges share a sandbox one after the other, and none finds what another one has left."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_notebook

from autograder.course.notebooks import KERNELSPEC
from autograder.execution.notebook import run_notebook
from autograder.judge.table import Table
from autograder.kernels import judgeserver
from autograder.kernels.client import ForkServer
from autograder.kernels.judges import JudgeServer
from autograder.kernels.judgeserver import READY
from tests.engine.judge_support import cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
ANSWER = "def add(a, b):\n    return a + b"
TEST = "print(number)\nassert add(1, 2) == 3"
# In a cell of the instructor's: a judge that finds it there already stops, and then the test is not passed.
ONCE = "import builtins, random\nassert not hasattr(builtins, 'seen')\nbuiltins.seen = True\nnumber = random.random()"


@pytest.fixture
def judge_servers(monkeypatch):
    """Return a list that grows by one whenever a judge server is started."""
    started, start = [], ForkServer.start_kernel

    def note(self, order, *args, **kwargs):
        if order["role"] == "judge":
            started.append(order["cwd"])
        return start(self, order, *args, **kwargs)

    monkeypatch.setattr(ForkServer, "start_kernel", note)
    return started


@pytest.fixture
def submission(tmp_path):
    """Run a notebook with a judge, as that of the next student of a class; return what the judge has found."""

    def submission(*cells, data: str = "1"):
        number = sum(1 for _ in tmp_path.glob("student*"))
        student, files = tmp_path / f"student{number}", tmp_path / f"files{number}"
        student.mkdir()
        files.mkdir()
        (files / "data.csv").write_text(data)
        nb = new_notebook(cells=list(cells), metadata={"kernelspec": KERNELSPEC})
        return run_notebook(nb, student, None, Table(live=["add"]), files).findings

    return submission


@pytest.fixture
def judge(submission):
    """Have the next judge run a cell of the instructor's and a test; return what it shows."""

    def judge(given: str, **settings: str) -> str:
        cells = cell(given, "given"), cell(ANSWER, "add", solution=True), cell(TEST, "test_add", grade=True)
        finding = submission(*cells, **settings)["test_add"]
        assert not finding.reason
        return "".join(output.get("text", output["output_type"]) for output in finding.outputs)

    return judge


def test_the_judges_of_a_class_share_a_server_and_have_names_and_randomness_of_their_own(judge, judge_servers):
    shown = [judge(ONCE) for _ in range(3)]
    assert "error" not in "".join(shown)
    assert len(set(shown)) == 3
    assert len(judge_servers) == 1


@pytest.mark.parametrize(
    "leave",
    [
        "open('notes.txt', 'w').close()",
        "if type(get_ipython()).__name__ == 'CellShell': open('data.csv', 'a').write('2')",
        "import os; os.mkdir('/tmp/box')",
        "import os; os.symlink('/', '/dev/shm/link')",
        "import os; open(os.path.expanduser('~/notes.txt'), 'w').close()",
        "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)",
    ],
)
def test_a_judge_server_is_not_used_again_once_a_judge_has_left_something(judge, judge_servers, leave):
    for _ in range(2):
        assert "error" not in judge(f"{ONCE}\n{leave}")
    assert len(judge_servers) == 2


def test_what_is_mounted_where_judges_can_write_is_not_looked_through():
    """Such as an environment below /tmp, which has tens of thousands of files."""
    assert os.path.ismount("/dev/pts")
    found = dict(judgeserver._walk("/dev", os.stat("/dev").st_dev))
    assert "/dev/null" in found
    assert not [path for path in found if path.startswith("/dev/pts")]


def test_a_judge_server_that_has_ended_for_want_of_work_is_not_used_again():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = JudgeServer(SimpleNamespace(channel=ours), list)
        theirs.send(READY)
        assert server.is_ready()
        theirs.send(READY)
        theirs.close()
        assert not server.is_ready()


def test_judges_of_other_files_have_another_server(judge, judge_servers):
    for data in ("1", "2"):
        assert "error" not in judge(f"{ONCE}\nassert open('data.csv').read() == '{data}'", data=data)
    assert len(judge_servers) == 2


def test_a_judge_that_still_runs_a_cell_ends_with_its_server(submission, judge, judge_servers):
    only_in_the_judge = "import time\nif type(get_ipython()).__name__ == 'CellShell': time.sleep(600)"
    assert submission(cell(only_in_the_judge, "given")) == {}
    assert "error" not in judge(ONCE)
    assert len(judge_servers) == 2
