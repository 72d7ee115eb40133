"""A Jupyter kernel provisioner whose kernels are forked from a warm process."""

from __future__ import annotations

import atexit
import contextlib
import copy
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

_START_LIMIT = 120  # s; a cold disk may take this long to import TensorFlow


class WarmKernels:
    """The warm process, started when the first kernel is asked for and ended with this one.

    Parameters
    ----------
    modules : tuple of str
        What every kernel has imported when it starts.
    """

    def __init__(self, modules: tuple[str, ...]):
        self._modules = modules
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._folder: tempfile.TemporaryDirectory | None = None

    def start_kernel(self, connection_file: str, cwd: str, env: dict[str, str]) -> WarmKernel:
        """Fork a kernel that works in ``cwd`` with the environment ``env``."""
        with self._lock:
            address = self._ensure_started(env)
        client = socket.socket(socket.AF_UNIX)
        client.connect(address)
        order = {"connection_file": connection_file, "cwd": cwd, "env": env}
        client.sendall(json.dumps(order).encode() + b"\n")
        return WarmKernel(client)

    def stop(self) -> None:
        """End the warm process and every kernel that it still has."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._folder.cleanup()
            self._process = None

    def _ensure_started(self, env: dict[str, str]) -> str:
        if self._process is not None and self._process.poll() is None:
            return self._address
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "autograder.kernels.warm", self._address, *self._modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=self._folder.name,
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + _START_LIMIT
        while not Path(self._address).exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the warm process did not start")
            time.sleep(0.02)
        return self._address

    @property
    def _address(self) -> str:
        return os.path.join(self._folder.name, "socket")


class WarmKernel:
    """One forked kernel, with the part of `subprocess.Popen` that Jupyter uses.

    ``lost`` tells whether the warm process went away and took the kernel with it, through no fault of its own.
    """

    lost = False
    stdin = stdout = stderr = None

    def __init__(self, client: socket.socket):
        self._client = client
        self._lines = client.makefile()
        self.pid: int = self._read()["pid"]
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while the kernel lives."""
        if self.returncode is None and select.select([self._client], [], [], 0)[0]:
            self.returncode = self._read()["exit"]
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end and return its exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and to what it has started."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def _read(self) -> dict:
        line = self._lines.readline()
        self.lost = not line
        return json.loads(line) if line else {"exit": -signal.SIGKILL, "pid": 0}


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process instead of launching a command."""

    modules = List(Unicode(), help="What the warm process imports before it forks.").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would have started cold."""
        connection_file = cmd[cmd.index("-f") + 1]
        self.cwd = kwargs.get("cwd") or os.getcwd()
        self.process = _warm_kernels(tuple(self.modules)).start_kernel(connection_file, self.cwd, kwargs["env"])
        self.pid = self.pgid = self.process.pid
        self.kernel = self.process  # Jupyter forgets the process once it has ended
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """Manages kernels of any kernelspec, but has them forked from a warm process."""

    @property
    def kernel_spec(self):
        """The kernelspec, told to use the warm provisioner."""
        spec = copy.copy(super().kernel_spec)
        spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": "autograder-warm"}}
        return spec


@cache
def _warm_kernels(modules: tuple[str, ...]) -> WarmKernels:
    return WarmKernels(modules)
