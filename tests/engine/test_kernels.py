"""Forked kernels, their fork server, and when that starts and ends; what they can do is in test_sandbox_conformance."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from autograder.kernels import client
from autograder.kernels.client import ForkedKernel, ForkServer
from autograder.kernels.frames import call_with_large_frame_stack
from autograder.sandbox.kinds import SANDBOXES
from tests.engine.kernel_support import PATIENCE, fork_servers, make_order, run_cells, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.mark.parametrize("kernel", ["fork", "sandbox"])
def test_any_jupyter_client_can_have_a_forked_kernel_by_its_name(kernel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a sandbox takes along what lies in the folder that a kernel works in
    manager, jupyter = start_new_kernel(kernel_name=f"python3-{kernel}")
    try:
        reply = jupyter.execute_interactive("import os; os.write(1, b'')", timeout=PATIENCE)
        assert reply["content"]["status"] == "ok"
        manager.restart_kernel()
        jupyter.wait_for_ready(timeout=PATIENCE)
    finally:
        jupyter.stop_channels()
        manager.shutdown_kernel()
    assert not manager.is_alive()


def test_a_kernel_that_does_not_end_by_itself_is_ended(tmp_path):
    sleep_at_end = "import atexit, os, time; atexit.register(time.sleep, 10**6); print(os.getpid())"
    stopped, texts = run_cells(tmp_path, sleep_at_end, ForkProvisioner={"sandbox": "none"})
    assert not stopped
    assert not psutil.pid_exists(int(texts[0]))


def test_fork_server_starts_before_it_is_needed_and_the_first_kernel_raises_what_failed(tmp_path):
    server = ForkServer((), "none")
    no_python = {"PYTHONHOME": "/nowhere"}
    server.start(no_python)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="did not start"):
            server.start_kernel(make_order(tmp_path, env=no_python))
    server.start(dict(os.environ))
    kernel = server.start_kernel(make_order(tmp_path))
    assert kernel.poll() is None
    server.stop()


def test_calls_share_one_chunk_of_memory_for_their_frames():
    def dive(depth):
        return dive(depth - 1) if depth else 0

    def work():
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        for depth in range(100, 300):
            for _ in range(20):
                dive(depth)
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

    def in_a_thread(function, *args):  # whose frames begin in a chunk of their own
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(function, *args).result()

    assert 10 * in_a_thread(call_with_large_frame_stack, work) < in_a_thread(work)


@pytest.fixture
def by_itself(tmp_path):
    """A kernel that has started, and its supervisor's end of the connection."""
    ours, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def start() -> socket.socket:
        """In the place of the fork server and of a supervisor: say that the kernel runs."""
        _, files, _, _ = socket.recv_fds(ours, 100, 16)
        for file in files[1:]:
            os.close(file)
        supervisor = socket.socket(fileno=files[0])
        supervisor.recv(10**6)
        supervisor.send(b'{"pid": 1}')
        return supervisor

    with ours, control, ThreadPoolExecutor(1) as pool:
        started = pool.submit(start)
        kernel = ForkedKernel(make_order(tmp_path), SANDBOXES["none"](), control, (), None, tmp_path)
        with started.result() as supervisor:
            yield kernel, supervisor


def test_how_a_kernel_ended_is_told_also_if_a_signal_came_too_late(by_itself):
    kernel, supervisor = by_itself
    kernel.terminate()
    supervisor.send(b'{"exit": 3, "reason": "", "unsaved": ""}')
    supervisor.close()  # without a look at the signal
    assert (kernel.wait(PATIENCE), kernel.lost) == (3, False)


def test_a_kernel_whose_supervisor_does_not_answer_is_lost(by_itself, monkeypatch):
    monkeypatch.setattr(client, "_END_LIMIT", 0.1)
    kernel, _ = by_itself
    kernel.end()
    assert (kernel.poll(), kernel.lost) == (-signal.SIGKILL, True)


def test_an_environment_that_is_too_large_to_be_sent_is_told(tmp_path):
    server = ForkServer((), "none")
    for count in (2, 4):
        large = {**os.environ, **{f"LARGE{number}": "x" * 10**5 for number in range(count)}}
        with pytest.raises(RuntimeError, match="the environment variables of a kernel have more than"):
            server.start_kernel(make_order(tmp_path, env=large))
    server.stop()


def test_the_fork_server_outlives_a_fork_that_fails(tmp_path):
    flag = tmp_path / "short_of_processes"
    (tmp_path / "sometimes_short.py").write_text(
        "import os\n"
        "fork = os.fork\n"
        "def maybe():\n"
        f"    if os.path.exists({str(flag)!r}): raise BlockingIOError(11, 'no process left')\n"
        "    return fork()\n"
        "os.fork = maybe\n"
    )
    server = ForkServer(("sometimes_short",), "none")
    order = make_order(tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    first = server.start_kernel(order)
    flag.touch()
    with pytest.raises(RuntimeError, match="no process could be started: .*no process left"):
        server.start_kernel(order)
    threading.Timer(0.5, flag.unlink).start()  # the fork server tries for some seconds
    second = server.start_kernel(order)
    assert (first.poll(), second.poll()) == (None, None)
    server.stop()


def test_kernel_reports_its_end_and_stopping_ends_all(tmp_path):
    server = ForkServer((), "none")
    before = set(psutil.Process().children(recursive=True))
    started = [server.start_kernel(make_order(tmp_path)) for _ in range(2)]
    started[0].kill()
    assert started[0].wait(timeout=PATIENCE) == -signal.SIGKILL
    server.stop()
    assert started[1].wait(timeout=PATIENCE) == -signal.SIGKILL
    assert wait_until(lambda: set(psutil.Process().children(recursive=True)) <= before)


# When the fork server ends, and is started again


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Return a module of the course that a person can edit, and that kernels have imported."""
    # A name of its own for each test: fork servers that import the same names are shared.
    module = tmp_path / "modules" / f"helper_of_{tmp_path.name}.py"
    module.parent.mkdir()
    module.write_text("ANSWER = 1\n")
    monkeypatch.syspath_prepend(module.parent)  # the sandbox shows modules that this process finds
    monkeypatch.setenv("PYTHONPATH", str(module.parent), prepend=os.pathsep)
    (tmp_path / "folder").mkdir()
    return module


@pytest.mark.parametrize("sandbox", sorted(SANDBOXES))
def test_the_next_kernel_sees_an_edited_module(helper, tmp_path, sandbox):
    settings = {"ForkProvisioner": {"modules": [helper.stem], "sandbox": sandbox}}
    look = f"import os, {helper.stem} as helper; print(helper.ANSWER, os.path.dirname(helper.__file__))"
    for answer in (1, 22, 333):
        helper.write_text(f"ANSWER = {answer}\n")
        assert run_cells(tmp_path / "folder", look, **settings) == ("", [f"{answer} {helper.parent}\n"])


def test_an_edited_module_starts_another_fork_server_once(helper, tmp_path):
    server = ForkServer((helper.stem,), "none")
    before = fork_servers()

    def start():
        return server.start_kernel(make_order(tmp_path / "folder")), fork_servers() - before

    try:
        old_kernel, first = start()
        assert len(first) == 1
        assert start()[1] == first
        helper.write_text("ANSWER = 22\n")
        _, both = start()
        assert len(both) == 2
        assert start()[1] == both
        assert old_kernel.poll() is None  # it goes on with the code that it has begun with
    finally:
        server.stop()


def test_a_fork_server_with_old_code_ends_with_its_last_kernel(helper, tmp_path):
    server = ForkServer((helper.stem,), "none")
    before = fork_servers()
    old_kernel = server.start_kernel(make_order(tmp_path / "folder"))
    old = fork_servers() - before
    helper.write_text("ANSWER = 22\n")
    kernel = server.start_kernel(make_order(tmp_path / "folder"))
    try:
        old_kernel.kill()
        assert wait_until(lambda: not old & fork_servers())
        assert kernel.poll() is None
    finally:
        server.stop()


@pytest.mark.parametrize("sandbox", sorted(SANDBOXES))
def test_an_idle_fork_server_ends_and_starts_again_on_demand(tmp_path, monkeypatch, sandbox):
    monkeypatch.setattr(client, "IDLE_LIMIT", 0.2)
    before = fork_servers()
    settings = {"ForkProvisioner": {"sandbox": sandbox, "modules": ["a_module_that_nobody_else_imports"]}}
    for _ in range(2):
        assert run_cells(tmp_path, "import time; time.sleep(0.6); print('it ran')", **settings) == ("", ["it ran\n"])
        assert wait_until(lambda: not fork_servers() - before)


def test_a_request_that_an_ending_fork_server_misses_is_sent_to_the_next_one(tmp_path, monkeypatch):
    server = ForkServer((), "none")
    before = fork_servers()
    server.start_kernel(make_order(tmp_path)).kill()
    for process in fork_servers() - before:
        process.kill()
    # A process that has ended is said to run until its parent is told, which is a moment after its sockets are closed.
    monkeypatch.setattr(client._Process, "runs", lambda self: True)
    assert server.start_kernel(make_order(tmp_path)).poll() is None
    server.stop()


def test_what_the_settings_import_reads_the_environment_before_a_notebook_can_set_it(helper, tmp_path):
    helper.write_text("import os\nSEEN = os.environ.get('SET_BY_THE_NOTEBOOK')\n")
    look = f"import os; os.environ['SET_BY_THE_NOTEBOOK'] = 'yes'; import {helper.stem} as helper; print(helper.SEEN)"
    kernel = {"modules": [helper.stem]}
    assert run_cells(tmp_path / "folder", look, ForkProvisioner=kernel) == ("", ["None\n"])
    kernel = {"visible": [str(helper.parent)], "environment": ["PYTHONPATH"]}
    assert run_cells(tmp_path / "folder", look, ForkProvisioner=kernel) == ("", ["yes\n"])


def test_a_wide_table_looks_the_same_whether_pandas_is_imported_before_or_not(tmp_path):
    show = "import pandas as pd\nprint(pd.DataFrame([range(15)]), pd.get_option('display.max_columns'))"
    without = run_cells(tmp_path, show)
    assert "20" in without[1][0]
    assert run_cells(tmp_path, show, ForkProvisioner={"modules": ["pandas"]}) == without
