"""A JupyterHub of a test's own, with users of its own: they are real to all that it starts, and nobody else sees them.

Bubblewrap shows the hub other files in the place of /etc/passwd, /etc/group and /home. So the hub runs as root, and
starts each server as another user, as it does on a machine that a class shares.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.test_sandbox import readable_by_all
from tests.support import ROOT, activated

USERS = {"teacher": 61001, "ada": 61002, "bob": 61003}
ADMIN = "token-of-the-test"
CONFIG = """
c = get_config()
load_subconfig({config!r})
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # whoever starts a server does not wait for it
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = environment = {environment!r}
for service in c.JupyterHub.services:
    service["command"][0:1] = [{python!r}, "-m", service["command"][0]]
    service["command"] += ["--interval", "0.2"]
    service["environment"] = environment
c.JupyterHub.services.append({{"name": "test", "api_token": {token!r}}})
c.JupyterHub.load_roles = [{{"name": "test", "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"],
                            "services": ["test"]}}]
"""
needs_hub = [
    pytest.mark.skipif(importlib.util.find_spec("jupyterhub") is None, reason="needs JupyterHub: uv sync --group hub"),
    pytest.mark.skipif(
        shutil.which("configurable-http-proxy") is None,
        reason="needs configurable-http-proxy: npm install --global configurable-http-proxy",
    ),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("bwrap") is None,
        reason="needs root and bubblewrap, to show the hub other users",
    ),
]


class Refused(Exception):
    """The server has answered with an error; its number is the argument."""


class Hub:
    """A running hub. Use it in a ``with`` block.

    Parameters
    ----------
    folder : Path
        Everybody must be able to enter it. It gets the homes of the users in ``home``.
    settings : Path
        The hub's settings; those for a test are added to them.
    shared : Path
        The folder with the settings of Jupyter that all users share.
    """

    def __init__(self, folder: Path, settings: Path, shared: Path):
        self._folder, self._settings, self._shared = folder, settings, shared
        self._tokens: dict[str, str] = {}
        (folder / "home").mkdir()
        for user, number in USERS.items():
            (folder / "home" / user).mkdir(mode=0o700)
            os.chown(folder / "home" / user, number, number)

    def __enter__(self) -> Hub:
        ports = _free_ports(3)
        self._address, self._api = f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}/hub/api"
        state = self._folder / "hub"
        state.mkdir(mode=0o700)
        environment = {"JUPYTER_CONFIG_PATH": str(self._shared), "PYTHONPATH": str(ROOT)}
        (state / "config.py").write_text(
            CONFIG.format(
                config=str(self._settings), ports=ports, proxy=shutil.which("configurable-http-proxy"),
                python=sys.executable, environment=environment, token=ADMIN,
            )
        )  # fmt: skip
        for name in ("passwd", "group"):
            lines = [f"{user}:x:{number}:" for user, number in USERS.items()]
            if name == "passwd":
                lines = [f"{line}{line.split(':')[2]}::/home/{line.split(':')[0]}:/bin/sh" for line in lines]
            (state / name).write_text(Path("/etc", name).read_text() + "\n".join(lines) + "\n")
        self._log = (state / "log").open("w")
        files = [word for name in ("passwd", "group") for word in ("--bind", str(state / name), f"/etc/{name}")]
        self._process = subprocess.Popen(
            [*readable_by_all(), *files, "--bind", str(self._folder / "home"), "/home", "--die-with-parent"]
            + ["--chdir", str(state)]
            + [sys.executable, "-m", "jupyterhub", "--config", str(state / "config.py")],
            env=activated() | {"HOME": "/"}, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        try:
            self._wait_for(lambda: self.admin("GET", "/"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        started = psutil.Process(self._process.pid).children(recursive=True)
        for process in [one for one in started if one.name() != "bwrap"][:1]:
            process.terminate()  # the hub: it ends the proxy, the servers and the service
        for process in psutil.wait_procs(started, timeout=60)[1]:
            process.kill()
        self._process.wait()
        self._log.close()

    def log(self) -> str:
        """Return what the hub, the servers and the service have printed."""
        return (self._folder / "hub" / "log").read_text()

    def admin(self, method: str, path: str, data: Any = None) -> Any:
        """Ask the hub's own API, with every right."""
        return _ask(method, self._api + path, ADMIN, data)

    def start_servers(self) -> None:
        """Start the server of each user, as the hub does when they log in."""
        for user in USERS:
            self.admin("POST", f"/users/{user}/server", {})
        for user in USERS:
            self._wait_for(lambda user=user: self.admin("GET", f"/users/{user}")["servers"][""]["ready"] or _not_yet())
            self._tokens[user] = self.admin("POST", f"/users/{user}/tokens", {})["token"]

    def ask(self, user: str, method: str, path: str, data: Any = None, *, server: str = "") -> Any:
        """Ask a user's server, or another user's ``server``, as JupyterLab in the user's browser would."""
        return _ask(method, f"{self._address}/user/{server or user}{path}", self._tokens[user], data)

    def _wait_for(self, ready) -> None:
        while True:
            assert self._process.poll() is None, self.log()
            try:
                ready()
                return
            except (OSError, LookupError, Refused):
                time.sleep(0.1)


def _not_yet() -> None:
    raise LookupError


def _ask(method: str, url: str, token: str, data: Any) -> Any:
    body = None if data is None else json.dumps(data).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=120) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Refused(error.code) from error
    return json.loads(text) if text else None


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
