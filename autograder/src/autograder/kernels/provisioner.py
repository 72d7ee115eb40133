"""A Jupyter kernel provisioner whose kernels are forked, each in a sandbox of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_client.connect import KernelConnectionInfo, port_names
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict, Enum, List, Unicode
from traitlets.config import Config

from autograder.kernels.client import ForkedKernel, ForkServer, shared_fork_server
from autograder.kernels.judges import JudgeServer
from autograder.sandbox.kinds import AUTO, CHOICES, SANDBOXES, choose
from autograder.sandbox.limits import Limits


class ForkProvisioner(LocalProvisioner):
    """Forks kernels from a fork server, which has imported their modules, instead of launching a command."""

    modules = List(
        Unicode(),
        help="What the fork server imports before it forks. If it is not set, what released notebooks import.",
    ).tag(config=True)
    careful = Bool(
        False,
        help="Whether a notebook that may notice that modules were imported before imports them itself. It is set if "
        "`modules` is not.",
    ).tag(config=True)
    sandbox = Enum(
        CHOICES,
        AUTO,
        help="The sandbox of the kernels. `auto` is bubblewrap where that works, and else landlock. With `none` they "
        "can do whatever the person who starts them can.",
    ).tag(config=True)
    visible = List(
        Unicode(), help="Files and folders that a sandbox shows besides the system, the environment and the modules."
    ).tag(config=True)
    environment = List(
        Unicode(),
        help="Names of environment variables, or patterns, that a sandbox has besides the harmless ones.",
    ).tag(config=True)

    variables = Dict(
        value_trait=Unicode(), key_trait=Unicode(), help="Environment variables, by name, that every kernel gets."
    ).tag(config=True)

    _sockets_folder = ""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have the client use sockets in a private folder if the kernel has no network."""
        if self.confines():
            self._sockets_folder = self._sockets_folder or tempfile.mkdtemp(prefix="autograder-")
            manager: Any = self.parent
            manager.transport, manager.cache_ports, manager.ip = "ipc", False, f"{self._sockets_folder}/kernel"
        return await super().pre_launch(**kwargs)

    def start_grading(
        self, env: dict[str, str], folder: Path, inbox: BinaryIO | None = None, *, bare: bool = False
    ) -> ForkedKernel:
        """Fork a kernel for a `autograder.kernels.grading.GradingClient`.

        Parameters
        ----------
        env : dict
            The environment variables that Jupyter would give it.
        folder : Path
            Its working directory.
        inbox : binary file, optional
            See `ForkServer.start_kernel`.
        bare : bool
            Whether to fork it from a fork server that has imported no modules.

        Raises
        ------
        RuntimeError
            If it does not start, or cannot work in its folder.
        """
        self.cwd = cwd = os.path.realpath(folder)
        server = self.fork_server(() if bare else None)
        server.sandbox.refuse(cwd)
        order = self._order("grading", env, server.sandbox.place(cwd))
        return server.start_kernel(order, inbox=inbox, folder=Path(cwd))

    def take_judge_server(self, env: dict[str, str], files: Path) -> JudgeServer:
        """Return a server that forks the judge of this kernel's notebook, which gets copies of these files.

        Raises
        ------
        RuntimeError
            If it does not start.
        """
        server = self.fork_server()
        place = server.sandbox.place(str(self.cwd)) if server.sandbox.confines else str(files)
        return server.take_judge_server(self._order("judge", env, place), files)

    def _order(self, role: str, env: dict[str, str], cwd: str) -> dict[str, Any]:
        limits = Limits(parent=self).as_dict()
        return {"role": role, "cwd": cwd, "env": self.kernel_environment(env), "limits": limits, "ports": []}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel that ``cmd`` would start.

        Raises
        ------
        RuntimeError
            If it does not start, or cannot work in its folder.
        """
        server = self.fork_server()
        manager: Any = self.parent
        self.cwd = cwd = os.path.realpath(kwargs.get("cwd") or os.getcwd())
        server.sandbox.refuse(cwd)
        order = {**self._order("jupyter", kwargs["env"], cwd), "argv": cmd[cmd.index("-f") :]}
        with contextlib.ExitStack() as stack:
            listeners: list[socket.socket] = []
            if server.sandbox.confines:
                order["connection"] = json.loads(Path(order["argv"][1]).read_text())
                order["ports"] = [getattr(manager, name) for name in port_names]
                listeners = [stack.enter_context(_listen(f"{manager.ip}-{port}")) for port in order["ports"]]
            try:
                self.process = server.start_kernel(order, listeners)  # type: ignore[assignment]
            except Exception:
                self.remove_sockets()
                raise
        return self.connection_info

    def confines(self) -> bool:
        """Return whether the kernels run in a sandbox that confines them."""
        return SANDBOXES[choose(self.sandbox)].confines

    def fork_server(self, modules: tuple[str, ...] | None = None) -> ForkServer:
        """Return the fork server of these settings, or of other modules, started or not."""
        modules = tuple(self.modules) if modules is None else modules
        return shared_fork_server(modules, choose(self.sandbox), tuple(self.visible))

    def kernel_environment(self, env: dict[str, str]) -> dict[str, str]:
        """Return the environment variables of a kernel that Jupyter would give ``env``."""
        return {**self.fork_server().sandbox.environment(env, self.environment), **self.variables}

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what was made for the connection."""
        await super().cleanup(restart)
        if not restart:
            self.remove_sockets()

    def remove_sockets(self) -> None:
        """Remove the paths of the sockets: no other client can connect, and those that have connected stay so."""
        shutil.rmtree(self._sockets_folder, ignore_errors=True)


def start_in_background(config: Config, env: dict[str, str]) -> None:
    """Start the fork server while this process does something else; if that fails, the first kernel raises the error.

    Parameters
    ----------
    config : traitlets.config.Config
        With the settings of `ForkProvisioner`.
    env : dict
        The environment variables that Jupyter would give to kernels.
    """
    provisioner = ForkProvisioner(config=config)

    def start() -> None:
        provisioner.fork_server().start(provisioner.kernel_environment(env))

    threading.Thread(target=start, daemon=True).start()


def _listen(path: str) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener
