"""No core is idle while a notebook waits for its turn, and graders on one machine avoid each other's cores."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from autograder.kernels.client import ForkServer
from autograder.kernels.cores import TURNS, Turns, usable_cores
from tests.engine.kernel_support import make_order

PATIENCE = 60  # s, before a test that waits for what never comes fails

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels take turns on Linux only")


@pytest.fixture
def numbers():
    """Return numbers of cores that no grader on this machine uses."""
    return [os.getpid() * 10 + n for n in range(4)]


def test_a_waiting_kernel_takes_the_core_that_becomes_free_first(numbers):
    turns, cores = Turns(), numbers[:2]
    for first_to_end in (0, 1):
        running = [turns.take(cores), turns.take(cores)]
        held = [turn.__enter__() for turn in running]
        assert sorted(held) == cores

        def wait_and_return_core():
            with turns.take(cores) as core:
                return core

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait_and_return_core)
            running[first_to_end].__exit__(None, None, None)
            assert waiting.result(timeout=PATIENCE) == held[first_to_end]
        running[1 - first_to_end].__exit__(None, None, None)


def test_a_core_has_one_kernel_of_a_grader_at_a_time(numbers):
    turns = Turns()
    with ThreadPoolExecutor(1) as pool:

        def wait():
            with turns.take(numbers[:1]):
                return ended

        ended = False
        with turns.take(numbers[:1]):
            waiting = pool.submit(wait)
            while not waiting.running():
                pass
            assert not waiting.done()
            ended = True
        assert waiting.result(timeout=PATIENCE)


def test_a_turn_that_fails_frees_its_core(numbers):
    turns = Turns()
    for _ in range(3):
        with pytest.raises(ValueError, match="cell"), turns.take(numbers[:1]):
            raise ValueError("cell")


def test_another_grader_uses_other_cores_while_there_are_any(numbers):
    code = (
        "import sys\n"
        "from autograder.kernels.cores import Turns\n"
        "with Turns().take([int(word) for word in sys.argv[1:]]) as core:\n"
        "    print(core, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, *map(str, numbers[:2])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        theirs = int(other.stdout.readline())
        turns = Turns()
        with turns.take(numbers[:2]) as ours:
            assert {ours, theirs} == set(numbers[:2])
            with turns.take(numbers[:2]) as second:  # it shares a core rather than wait for the other grader
                assert second == theirs
        other.stdin.close()


def test_a_kernel_that_is_ready_begins_as_soon_as_any_other_ends(tmp_path):
    server = ForkServer((), "none")
    order = make_order(tmp_path)
    kernels = [server.start_kernel(order) for _ in range(len(usable_cores()) + 1)]
    *running, waiting = kernels

    def begin():
        with waiting.turn():
            return True

    try:
        for position in range(len(running)):
            with ExitStack() as turns, ThreadPoolExecutor(1) as pool:
                stacks = [turns.enter_context(ExitStack()) for _ in running]
                for stack, kernel in zip(stacks, running, strict=True):
                    stack.enter_context(kernel.turn())
                began = pool.submit(begin)
                stacks[position].close()
                assert began.result(timeout=PATIENCE)
    finally:
        server.stop()
    assert not TURNS._busy
