"""A Jupyter kernel manager whose Python kernels are forked, and a client that does not wait longer than needed."""

from __future__ import annotations

import contextlib
import copy
import time
from queue import Empty

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

from autograder.kernels.client import START_LIMIT
from autograder.kernels.provisioner import ForkProvisioner
from autograder.sandbox.kinds import SANDBOXES

_PERIOD = 0.01  # s, between two looks whether a kernel has ended
_SEND_LIMIT = 2000  # ms; a submission may have closed the kernel's sockets, and to send would take for ever then


class PromptClient(AsyncKernelClient):
    """A client that is ready as soon as its kernel is.

    Jupyter's own waits for 0.2 s after the kernel has answered, to see whether more messages come. A fresh kernel
    that has one client sends none.
    """

    def start_channels(self, *args: bool, hb: bool = False, **kwargs: bool) -> None:
        """Open all channels but that for heartbeats: its thread never ends if a submission breaks the connection."""
        super().start_channels(*args, hb=hb, **kwargs)  # type: ignore[misc]
        for channel in (self.shell_channel, self.control_channel):
            channel.socket.setsockopt(zmq.SNDTIMEO, _SEND_LIMIT)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return as soon as the kernel answers on both channels.

        Parameters
        ----------
        timeout : float, optional
            Seconds that the kernel may take.

        Raises
        ------
        RuntimeError
            If the kernel has ended or does not answer in time.
        """
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


class ForkKernelManager(AsyncKernelManager):
    """Manages kernels of any kernelspec, and has those of Python forked from a fork server.

    Kernels of other languages start as Jupyter starts them. That is outside of a sandbox, so it is an error
    (`RuntimeError`) unless the setting is to have none.
    """

    client_factory = Type(PromptClient)

    async def _async_request_shutdown(self, restart: bool = False) -> None:
        """Ask the kernel to end, and end it at once if it takes no request."""
        self._connect_control_socket()
        self._control_socket.setsockopt(zmq.SNDTIMEO, _SEND_LIMIT)
        try:
            await super()._async_request_shutdown(restart=restart)
        except zmq.Again:
            await self._async_kill_kernel(restart=restart)

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = _PERIOD, restart: bool = False
    ) -> None:
        """Wait for the kernel to end. Jupyter's own looks every 0.1 s only, and most kernels end in less."""
        await super()._async_finish_shutdown(waittime, pollinterval, restart)

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """The kernelspec; that of a Python kernel names `ForkProvisioner` as its provisioner."""
        spec = copy.copy(super().kernel_spec)
        if spec is None:
            return None
        if spec.language.lower() != "python":
            if SANDBOXES[ForkProvisioner(config=self.config).sandbox].confines:
                raise RuntimeError(
                    f"{self.kernel_name} is no Python kernel and cannot run in the sandbox: see --sandbox none"
                )
            return spec
        spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": "autograder-fork"}}
        return spec
