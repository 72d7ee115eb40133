"""A Jupyter kernel provisioner whose kernels are forked from a warm process, each in a sandbox of its own."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo, port_names
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Enum, List, Type, Unicode
from traitlets.config import Config

from autograder.kernels import sandbox
from autograder.kernels.limits import Limits
from autograder.kernels.pool import START_LIMIT, WarmKernel, WarmKernels, warm_kernels


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process instead of launching a command."""

    modules = List(Unicode(), help="What the warm process imports before it forks.").tag(config=True)
    sandbox = Enum(
        ["bubblewrap", "none"],
        "bubblewrap",
        help="What kernels are shut in; with none they can do whatever the person who starts them can.",
    ).tag(config=True)
    visible = List(
        Unicode(), help="Files and folders that a sandbox shows besides the system, the environment and the modules."
    ).tag(config=True)
    environment = List(
        Unicode(),
        help="Names of environment variables, or patterns, that a sandbox has besides the harmless ones.",
    ).tag(config=True)

    kernel: WarmKernel | None = None  # stays when it has ended, unlike `process`
    _channels = ""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder for the connection where a sandbox has no network."""
        if self.sandbox != "none":
            self._channels = self._channels or tempfile.mkdtemp(prefix="autograder-")
            manager = self.parent
            manager.transport, manager.cache_ports, manager.ip = "ipc", False, f"{self._channels}/kernel"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would have started cold."""
        kernels = self.warm_kernels()
        self.cwd = os.path.realpath(kwargs.get("cwd") or os.getcwd())
        order = {"cwd": self.cwd, "env": self.inner_environment(kwargs["env"]), "limits": Limits(parent=self).as_dict()}
        order |= {"argv": cmd[cmd.index("-f") :], "ports": []}
        with contextlib.ExitStack() as stack:
            doors = []
            if kernels.view is not None:
                _refuse_inside(kernels.view, self.cwd)
                order |= self._inner_connection(order["argv"])
                doors = [stack.enter_context(_listen(path)) for path in self._sockets(self.parent.ip)]
            try:
                self.process = self.kernel = kernels.start_kernel(order, doors)
            except Exception:
                self.close_doors()
                raise
        return self.connection_info

    def warm_kernels(self) -> WarmKernels:
        """Return the warm process that kernels are forked from, started or not."""
        return warm_kernels(tuple(self.modules), self.sandbox != "none", tuple(self.visible))

    def inner_environment(self, env: dict[str, str]) -> dict[str, str]:
        """Return what a kernel has of these environment variables."""
        return env if self.sandbox == "none" else sandbox.environment(env, self.environment)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what was made for the connection."""
        await super().cleanup(restart)
        if not restart:
            self.close_doors()

    def close_doors(self) -> None:
        """Let nobody connect to the kernel any more; whoever is connected stays so, and no file is left."""
        shutil.rmtree(self._channels, ignore_errors=True)

    def _inner_connection(self, argv: list[str]) -> dict[str, Any]:
        """Return the part of an order that tells a kernel in a sandbox where its sockets are."""
        inner = f"{sandbox.CHANNELS}/kernel"
        connection = {**json.loads(Path(argv[1]).read_text()), "ip": inner}
        return {
            "argv": ["-f", f"{inner}.json", *argv[2:]],
            "connection": json.dumps(connection),
            "ports": self._sockets(inner),
        }

    def _sockets(self, prefix: str) -> list[str]:
        return [f"{prefix}-{getattr(self.parent, name)}" for name in port_names]


def warm_up(config: Config, env: dict[str, str]) -> None:
    """Start the warm process in the background; if it cannot be started, the first kernel will say why.

    Parameters
    ----------
    config : traitlets.config.Config
        With the settings of `WarmProvisioner`.
    env : dict
        The environment variables that kernels will be given.
    """
    provisioner = WarmProvisioner(config=config)
    provisioner.warm_kernels().warm_up(provisioner.inner_environment(env))


class PromptClient(AsyncKernelClient):
    """Waits for nothing longer than it takes: Jupyter's own waits 0.2 s when a kernel starts, for nothing to come."""

    def start_channels(self, *args: bool, hb: bool = False, **kwargs: bool) -> None:
        """Open the channels but for heartbeats, whose thread never ends where a kernel spoils that connection."""
        super().start_channels(*args, hb=hb, **kwargs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once the kernel answers on both channels; `RuntimeError` says why it does not."""
        deadline = time.monotonic() + (timeout or START_LIMIT)
        while time.monotonic() < deadline:
            self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=1)
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("it ended before it was ready")
        raise RuntimeError(f"it was not ready in {timeout} s")


class WarmKernelManager(AsyncKernelManager):
    """Manages kernels of any kernelspec, but has those of Python forked from a warm process.

    Kernels of other languages start as Jupyter starts them, and only where nothing is to be shut in: `RuntimeError`.
    """

    client_factory = Type(PromptClient)

    @property
    def kernel_spec(self):
        """The kernelspec, told to use the warm provisioner."""
        spec = copy.copy(super().kernel_spec)
        if spec.language.lower() != "python":
            if WarmProvisioner(config=self.config).sandbox != "none":
                raise RuntimeError(f"{self.kernel_name} is no Python kernel and cannot be shut in: see --sandbox none")
            return spec
        spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": "autograder-warm"}}
        return spec


def _listen(path: str) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    return door


def _refuse_inside(view: list[str], folder: str) -> None:
    for path in view:
        if Path(folder).is_relative_to(path):
            raise RuntimeError(f"{folder} lies in {path}, which every sandbox shows: move the notebooks elsewhere")
