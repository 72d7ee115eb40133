"""Turn a forked process into the IPython kernel that was ordered."""

from __future__ import annotations

import atexit
import gc
import os
import random
import signal
import sys
from pathlib import Path
from typing import NoReturn

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from traitlets import Integer

from autograder.kernels import box, linux, seal

_ALWAYS = 2**16  # characters that every cell may print, however much was printed before


class KernelApp(IPKernelApp):
    """An IPython kernel that loses no message when it sends many, and stops printing when nobody keeps it any more."""

    room = Integer(help="Characters that it may print.")
    channel = Integer(help="The open file that `autograder.kernels.seal` has its orders from.")

    def initialize(self, argv=None):
        """Be ready to run cells, the instructor's apart from the others."""
        super().initialize(argv)
        seal.install(self, self.channel)

    def _bind_socket(self, s, port):
        if s.type == zmq.XPUB:
            s.setsockopt(zmq.XPUB_NODROP, 1)
        return super()._bind_socket(s, port)

    def init_io(self):
        self.outstream_class = f"{__name__}.make_stream"
        super().init_io()


class Stream(OutStream):
    """Standard output or error, up to a number of characters."""

    def __init__(self, *args, room: int, **kwargs):
        self._room = room
        super().__init__(*args, **kwargs)

    def write(self, string):
        """Print what there is room for; pretend to have printed the rest."""
        if not isinstance(string, str):
            return super().write(string)
        there, self._room = max(self._room, 0), self._room - len(string)
        super().write(string[:there])
        return len(string)

    def set_parent(self, parent):
        """Begin with another cell."""
        super().set_parent(parent)
        self._room = max(self._room, _ALWAYS)


def become_kernel(order: dict, tell: int, channel: int, *, boxed: bool) -> NoReturn:
    """Be the kernel, never to return. What keeps it from becoming one is written to ``tell``, which is then closed."""
    try:
        os.setsid()
        linux.end_with_parent(signal.SIGKILL)
        try:
            if boxed:
                box.lock(order["limits"], order["cores"])
            os.chdir(order["cwd"])
            if boxed:
                Path(order["argv"][1]).write_text(order["connection"])
        except OSError as error:
            os.write(tell, str(error).encode())
            return
        _forget(order["env"], channel)
        sys.argv = ["ipykernel_launcher", *order["argv"]]
        KernelApp.launch_instance(sys.argv[1:], room=order["limits"]["output"] + _ALWAYS, channel=channel)
        # Temporary folders go now; the rest of the interpreter's farewell belongs to the warm process.
        gc.freeze()  # IPython would look through all that is about to vanish
        atexit._run_exitfuncs()
    finally:
        os._exit(0)


def make_stream(*args, **kwargs) -> Stream:
    """Return the stream that `KernelApp` prints to."""
    return Stream(*args, room=KernelApp.instance().room, **kwargs)


def _forget(env: dict[str, str], channel: int) -> None:
    """Be as a process that has just started: no open files but one, the environment ordered, other randomness."""
    os.closerange(3, channel)
    os.closerange(channel + 1, min(os.sysconf("SC_OPEN_MAX"), 65536))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    os.environ.clear()
    os.environ.update(env)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
