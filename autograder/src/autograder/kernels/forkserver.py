"""The fork server: a process that imports the modules of a course, runs nothing, and forks one kernel per notebook.

It is started as ``python -m autograder.kernels.forkserver ORDER``, where ORDER is JSON:
``{"modules": [...], "sandbox": NAME, "view": [...], "idle_limit": SECONDS}``.

Standard input is a socket to the grader. If a thread of a module remains running after its import, the fork server
writes ``{"unfit": MODULE}`` and ends: a forked process would not have that thread, but the locks that it holds. When
the modules are imported, the fork server writes one message for every source file that a person may edit, ``[PATH,
STATE]``, and then ``READY``. From then on every ``FORK`` on the socket carries the open files of one
`autograder.kernels.supervisor.Supervisor`. After ``RETIRE`` the fork server ends as soon as its last kernel has
ended. When the grader closes the socket, the fork server and its kernels end at once.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import inspect
import json
import os
import select
import signal
import socket
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from autograder.kernels.frames import call_with_large_frame_stack
from autograder.sandbox.base import Confinement
from autograder.sandbox.kinds import CONFINEMENTS

READY, FORK, RETIRE = b"ready", b"fork", b"retire"
FileState = list[int]  # time of the last modification in ns, and size in bytes; a list as in JSON

_MAX_FILES = 16  # open files that come with one request
_THREAD_LIMIT = 1  # s, for a thread of a module to end
_PAUSES = (0.1, 0.3, 1, 3)  # s, between the tries to fork
_RETIRED_PERIOD = 1  # s, between two looks whether the last kernel has ended
# What IPython and its kernels import only when they start.
_MODULES_OF_KERNELS = (
    "ipykernel.debugger",
    "faulthandler",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
)

# The engine's own files count as installed: the grader does not notice either when they are edited.
_FOLDERS_OF_INSTALLED = tuple(
    f"{folder}{os.sep}"
    for folder in (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), Path(__file__).parents[1])
)


def serve(modules: list[str], confinement: Confinement, idle_limit: float) -> None:
    """Import ``modules``, say so on standard input and fork kernels until nobody needs them any more.

    Parameters
    ----------
    modules : list of str
        Modules that cannot be imported are left out: the notebook that imports them gets the error.
    confinement : Confinement
        The sandbox's side in this process.
    idle_limit : float
        Seconds without a kernel and without a request after which this process ends.
    """
    started = time.time_ns()
    os.umask(0o022)  # in some sandboxes kernels are another user, who has to read what is made here
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    gc.disable()  # it would examine the same modules again and again while they are being imported
    if unfit := _import(modules):
        control.send(json.dumps({"unfit": unfit}).encode())
        return
    importlib.import_module("autograder.kernels.process").prepare()
    _remember_files()
    confinement.prepare()
    sources = list(_editable_sources(started))
    gc.freeze()  # what is here now stays: kernels need not examine it, nor copy its pages when they would mark it
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for supervisors: Linux reaps them
    _close_streams()
    for source in sources:
        control.send(json.dumps(source).encode())
    control.send(READY)
    _fork_on_request(control, confinement, idle_limit)


def read_state(path: str) -> FileState | None:
    """Return the state of a source file, to be compared later, or None if there is no such file."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return [state.st_mtime_ns, state.st_size]


def _fork_on_request(control: socket.socket, confinement: Confinement, idle_limit: float) -> None:
    period = idle_limit
    while True:
        if not select.select([control], [], [], period)[0]:
            if not _has_children():
                return
            continue
        message, descriptors, _, _ = socket.recv_fds(control, len(RETIRE), _MAX_FILES)
        if not message:
            return
        if message == RETIRE:
            period = _RETIRED_PERIOD
        else:
            _start_supervisor(descriptors, confinement, control)
        for descriptor in descriptors:
            os.close(descriptor)


def _import(modules: list[str]) -> str:
    """Import what kernels need, then these modules; return the first one that leaves a thread running, if one does."""
    # As in a kernel that was not forked, where IPython sets it before anything is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    importlib.import_module("autograder.kernels.supervisor")
    builtins.get_ipython = _Shell  # type: ignore[attr-defined]
    for module in [*_MODULES_OF_KERNELS, *modules]:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
        if _has_threads():
            return module
    del builtins.get_ipython  # type: ignore[attr-defined]
    return ""


def _has_threads() -> bool:
    """Return whether this process has more than one thread; one that is about to end does not count."""
    deadline = time.monotonic() + _THREAD_LIMIT
    while len(os.listdir("/proc/self/task")) > 1:
        if time.monotonic() > deadline:
            return True
        time.sleep(0.01)
    return False


class _Shell:
    """Stands in for a kernel's shell: when pandas is imported, it asks for that, and shows wide tables accordingly."""

    kernel = None


def _remember_files() -> None:
    """Have `inspect` know the modules' files: for the first traceback every kernel would look up all of them."""
    for name, module in list(sys.modules.items()):
        path = _file_of(module)
        if path:
            real = os.path.realpath(path)
            inspect._filesbymodname[name] = path  # type: ignore[attr-defined]
            inspect.modulesbyfile[os.path.abspath(path)] = inspect.modulesbyfile[real] = module.__name__


def _file_of(module: object) -> str | None:
    """Return the file of a module, and that of none that is loaded when it is asked for an attribute."""
    path = module.__dict__.get("__file__") if isinstance(module, ModuleType) else None
    return path if isinstance(path, str) else None


def _editable_sources(started: int) -> Iterator[tuple[str, FileState | None]]:
    """Yield the files of the imported modules that are not installed, with their states.

    A file that was edited after this process started, at time ``started`` in ns, may have been imported before: its
    state is unknown, and None.
    """
    for module in list(sys.modules.values()):
        path = _file_of(module)
        if path and not _is_installed(path):
            state = read_state(path)
            edited = state is not None and started <= state[0] <= time.time_ns()
            yield path, None if edited else state


def _is_installed(path: str) -> bool:
    installed = bool({"site-packages", "dist-packages"} & set(path.split(os.sep)))
    return installed or path.startswith(_FOLDERS_OF_INSTALLED)


def _close_streams() -> None:
    """Leave no stream of the grader's open to kernels."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _fork() -> int:
    """Fork, and where the machine is short of processes or memory, try again for some seconds."""
    for pause in _PAUSES:
        with contextlib.suppress(OSError):
            return os.fork()
        time.sleep(pause)
    return os.fork()


def _start_supervisor(descriptors: list[int], confinement: Confinement, control: socket.socket) -> None:
    from autograder.kernels.supervisor import Supervisor

    try:
        ours, theirs = socket.socketpair()
        pid = _fork()
    except OSError as error:  # the other kernels go on
        os.write(descriptors[0], json.dumps({"error": f"no process could be started: {error}"}).encode())
        return
    if pid:
        theirs.close()
        with ours:
            confinement.admit(ours, pid)
        return
    try:
        ours.close()
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        client, inbox, outbox, channel, messages, *others = descriptors
        listeners = [socket.socket(fileno=descriptor) for descriptor in others]
        files = channel, messages
        Supervisor(socket.socket(fileno=client), inbox, outbox, files, listeners, confinement).run(theirs)
    finally:
        os._exit(0)


def _main() -> None:
    # The first entry is the folder in which this was started; a kernel adds its own. The option -P, which leaves it
    # out, would keep the kernel from that as well.
    del sys.path[0]
    order = json.loads(sys.argv[1])
    confinement = CONFINEMENTS[order["sandbox"]](order["view"])
    call_with_large_frame_stack(serve, order["modules"], confinement, order["idle_limit"])


if __name__ == "__main__":
    _main()
