"""The warm process: it imports what a course declares, runs nothing, and forks one IPython kernel a notebook.

Started as ``python -m autograder.kernels.warm ORDER`` where ORDER is JSON, ``{"modules": [...], "view": [...]}``;
``view`` is what its kernels can see, or null for kernels without a sandbox. Standard input is a socket. Every
message on it carries the open files of one `Keeper`; when it ends, so do the process and its kernels.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys

from autograder.kernels import box
from autograder.kernels.room import call_with_room

_MOST = 16  # open files of one order
# What IPython and its kernels import only as they start.
_OF_KERNELS = (
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
)


def serve(modules: list[str], view: list[str] | None) -> None:
    """Import ``modules``, say so on standard input and fork kernels until it ends."""
    gc.disable()  # it would look through the same modules again and again while they are being imported
    _import(modules)
    if view is not None:
        box.prepare()
    importlib.import_module("autograder.kernels.seal").prepare()
    gc.freeze()  # what is here stays, and need not be looked at in every kernel
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    _close_streams()
    control.send(b"!")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, _MOST)
        if not message:
            return
        _start_keeper(descriptors, view, control)
        for descriptor in descriptors:
            os.close(descriptor)


def _import(modules: list[str]) -> None:
    # As in a kernel that starts cold, where IPython sets it before anything is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    importlib.import_module("autograder.kernels.keeper")
    for module in [*_OF_KERNELS, *modules]:
        with contextlib.suppress(Exception):  # the notebook that imports it will be told
            importlib.import_module(module)


def _close_streams() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _start_keeper(descriptors: list[int], view: list[str] | None, control: socket.socket) -> None:
    from autograder.kernels.keeper import Keeper

    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        with ours:
            if view is not None:
                box.admit(ours, pid)
        return
    try:
        ours.close()
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        client, inbox, outbox, channel, *doors = descriptors
        doors = [socket.socket(fileno=door) for door in doors]
        Keeper(socket.socket(fileno=client), inbox, outbox, channel, doors).keep(view, theirs)
    finally:
        os._exit(0)


if __name__ == "__main__":
    del sys.path[0]  # where this was started; a kernel adds where it works (the option -P would keep it from that)
    order = json.loads(sys.argv[1])
    call_with_room(serve, order["modules"], order["view"])
