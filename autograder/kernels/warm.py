"""The warm process: it imports what a course declares, runs nothing, and forks one IPython kernel a notebook.

Started as ``python -P -m autograder.kernels.warm SOCKET MODULE...``. A client connects to the socket and sends
one line of JSON, ``{"connection_file": ..., "cwd": ..., "env": ...}``; it gets ``{"pid": ...}``, and
``{"exit": ...}`` once that kernel has ended. A client that goes away takes its kernel with it, and so does the
end of this process's standard input.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
from typing import NoReturn


def serve(path: str, modules: list[str]) -> None:
    """Import ``modules``, listen on the socket ``path`` and fork kernels until standard input ends."""
    _import(modules)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    kernels: dict[int, socket.socket] = {}
    wake, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        for source in (listener, sys.stdin.fileno(), wake):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == listener:
                    _accept(listener, selector, kernels)
                elif key.fileobj == wake:
                    os.read(wake, 512)
                    _reap(selector, kernels)
                elif key.fileobj == sys.stdin.fileno():
                    for pid in kernels:
                        _kill(pid)
                    return
                else:  # its client is gone
                    _kill(next(pid for pid, client in kernels.items() if client is key.fileobj))
                    selector.unregister(key.fileobj)


def _import(modules: list[str]) -> None:
    # As in a kernel that starts cold, where IPython sets it before anything is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    with contextlib.suppress(ImportError):
        importlib.import_module("ipykernel.kernelapp")
    for module in modules:
        with contextlib.suppress(ImportError):  # the notebook that imports it will be told
            importlib.import_module(module)


def _accept(listener: socket.socket, selector: selectors.BaseSelector, kernels: dict[int, socket.socket]) -> None:
    client, _ = listener.accept()
    with client.makefile() as lines:
        order = json.loads(lines.readline())
    pid = os.fork()
    if pid == 0:
        _become_kernel(order)
    kernels[pid] = client
    selector.register(client, selectors.EVENT_READ)
    _tell(client, {"pid": pid})


def _reap(selector: selectors.BaseSelector, kernels: dict[int, socket.socket]) -> None:
    for pid in list(kernels):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            client = kernels.pop(pid)
            with contextlib.suppress(KeyError):
                selector.unregister(client)
            _tell(client, {"exit": os.waitstatus_to_exitcode(status)})
            client.close()


def _tell(client: socket.socket, message: dict) -> None:
    with contextlib.suppress(OSError):
        client.sendall(json.dumps(message).encode() + b"\n")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _become_kernel(order: dict) -> NoReturn:
    """Turn this forked process into the IPython kernel that was ordered."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        _reseed()
        sys.argv = ["ipykernel_launcher", "-f", order["connection_file"]]
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(sys.argv[1:])
        # Temporary folders go now; the rest of the interpreter's farewell belongs to the warm process.
        atexit._run_exitfuncs()
    finally:
        os._exit(0)


def _reseed() -> None:
    """Give each kernel randomness of its own, as if it had started afresh."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
