"""Jupyter's servers, as a person starts them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.support import activated

TOKEN = "test"
_START_LIMIT = 240  # s; a busy machine takes long to import JupyterLab
# An address of this machine that other processes hardly use, so that none takes the port before the server does.
_HOST = f"127.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250}.1"


@contextlib.contextmanager
def jupyter(application: str, root: Path, *options: str) -> Iterator[str]:
    """Serve ``jupyterlab`` or ``jupyter_server`` in ``root`` and give its address; it asks for `TOKEN`."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", application, "--no-browser", "--allow-root", f"--ip={_HOST}", f"--port={port}"]
        + [f"--IdentityProvider.token={TOKEN}", *options],
        cwd=root,
        env=activated(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://{_HOST}:{port}"
    try:
        _wait_for(f"{address}/api?token={TOKEN}", server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # on a busy machine it may wait longer than that for its kernels to end
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server did not start"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.25)
    raise AssertionError("the server does not answer")
