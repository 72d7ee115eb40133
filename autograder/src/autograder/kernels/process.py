"""Turn a forked process into what was ordered: an IPython kernel, or a judge server."""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from ipykernel.zmqshell import ZMQInteractiveShell

from autograder.judge.shell import PreparedShell
from autograder.kernels import judgeserver
from autograder.kernels.gradingapp import HISTORY, GradingKernel, GradingKernelApp
from autograder.kernels.kernelapp import ALWAYS, KernelApp
from autograder.sandbox import syscalls
from autograder.sandbox.base import Confinement

# What a program in a notebook finds in `sys.argv`; argparse, for one, is wrong to read it.
_ARGUMENTS = ["-f", "kernel.json", HISTORY]
_judge_shell: PreparedShell


def run_kernel(order: dict[str, Any], confinement: Confinement, problems: int, files: tuple[int, int]) -> NoReturn:
    """Confine this process and be the kernel or the judge server, never to return.

    Parameters
    ----------
    order : dict
        As in `autograder.kernels.client.ForkServer.start_kernel`.
    confinement : Confinement
        The sandbox's side in this process.
    problems : int
        Open file. What keeps this process from becoming a kernel is written there; it is closed in any case.
    files : tuple of int
        Open files. The first one is connected to a kernel's judge, or from a judge server to the grader. The second
        one is connected from a kernel that grades to the grader.
    """
    try:
        os.setsid()  # a process group, so that a signal reaches what the kernel has started
        syscalls.end_with_parent(signal.SIGKILL)
        try:
            confinement.confine(order["limits"])
            os.chdir(order["cwd"])
            argv = _write_connection(order, confinement.socket_prefix) if "argv" in order else _ARGUMENTS
        except OSError as error:
            os.write(problems, str(error).encode())
            os._exit(0)
        _reset_process(order["env"], files)
        channel, messages = files
        if order["role"] == "judge":
            _forget_kernel()
            sys.path.insert(0, order["cwd"])
            judgeserver.serve(_judge_shell, channel)
            os._exit(0)
        sys.argv = ["ipykernel_launcher", *argv]
        output_limit = order["limits"]["output"] + ALWAYS
        if order["role"] == "grading":
            app = GradingKernelApp.instance()
            app.connect(messages, channel, output_limit)
            app.start()
        else:
            _forget_kernel()
            KernelApp.launch_instance(argv, output_limit=output_limit)
        threading._shutdown()  # type: ignore[attr-defined]  # wait for the notebook's threads, as Python does
        # Temporary folders are removed now; whatever else the interpreter does at its end belongs to the fork server.
        gc.freeze()  # IPython would examine all the objects that are about to vanish
        atexit._run_exitfuncs()
    finally:
        os._exit(0)


def prepare() -> None:
    """Prepare, in the fork server, the kernel and the judge server that its children become."""
    global _judge_shell
    _judge_shell = PreparedShell()
    GradingKernelApp.instance().prepare()


def _forget_kernel() -> None:
    """Have this process make a kernel or a shell of its own, and not use the one that is prepared."""
    for one in (GradingKernelApp, GradingKernel, ZMQInteractiveShell):
        one.clear_instance()


def _write_connection(order: dict[str, Any], prefix: str) -> list[str]:
    """Return the kernel's arguments, with a connection file that names sockets which the kernel can make.

    A kernel that is not confined can read and use the connection file of its client.
    """
    argv: list[str] = order["argv"]
    if "connection" not in order:
        return argv
    Path(f"{prefix}.json").write_text(json.dumps({**order["connection"], "ip": prefix}))
    return ["-f", f"{prefix}.json", *argv[2:]]


def _reset_process(env: dict[str, str], files: tuple[int, int]) -> None:
    """Make this process like one that has just started: the environment that was ordered, and its own randomness.

    Only these files stay open.
    """
    first = 3
    for file in sorted(files):
        os.set_inheritable(file, False)
        os.closerange(first, file)
        first = file + 1
    os.closerange(first, min(os.sysconf("SC_OPEN_MAX"), 65536))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    os.environ.clear()
    os.environ.update(env)
    judgeserver.reset_randomness()
