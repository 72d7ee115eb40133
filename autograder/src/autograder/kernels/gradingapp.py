"""An IPython kernel whose messages go over one socket pair, for notebooks that are graded.

It is ipykernel's kernel in all that a notebook sees: shell, magics, displays, comms, captured file descriptors. What it
lacks is what only other clients need: ZeroMQ's sockets, the heartbeat and the debugger. That is most of what a kernel
costs in a small notebook.
"""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import logging
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextvars import copy_context
from pathlib import Path
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import DELIM, new_id
from traitlets import Any as AnyTrait
from traitlets import Type

from autograder.judge.answers import Answers
from autograder.judge.errors import Undecodable
from autograder.judge.link import Link, LinkLost
from autograder.kernels.kernelapp import KernelApp, Stream
from autograder.kernels.packets import ConnectionEnded, PacketSocket

# How the first frame of a reply ends, which has no topic, and those of messages about the state of the kernel.
_ABOUT_THE_KERNEL = (DELIM, b"status", b"execute_input")
_log = logging.getLogger("tornado.application")
HISTORY = "--HistoryManager.hist_file=:memory:"  # as nbclient starts kernels
_CHUNK = 2**16  # bytes; as many as a pipe holds


class Channel:
    """What the kernel takes for its ZeroMQ sockets and for the thread that sends its outputs.

    It is silent until it is connected.
    """

    def __init__(self) -> None:
        self._silent = True
        self._requests: set[asyncio.Task[None]] = set()

    def connect(self, packets: PacketSocket, judge: socket.socket, answer: Callable[[], bool]) -> None:
        """Use these connections from now on.

        Parameters
        ----------
        packets : PacketSocket
            Connected to the grader.
        judge : socket.socket
            Connected to the judge.
        answer : callable
            Is called when the judge has asked something, and returns whether it may ask again.
        """
        self._packets, self._judge, self._answer = packets, judge, answer
        self._silent, self._process = False, os.getpid()

    def send_multipart(self, parts: Sequence[Any], *_: Any, **__: Any) -> None:
        """Send a message, unless the grader has gone or this is silent.

        A child process of the kernel sends what it prints and shows, and nothing that tells how far the kernel is.
        """
        if self._silent or (os.getpid() != self._process and bytes(parts[0]).endswith(_ABOUT_THE_KERNEL)):
            return
        with contextlib.suppress(OSError):
            self._packets.send(parts)

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Send nothing within the block, in which the grader does not read: a full socket would stop the kernel."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def on_recv(self, dispatch: Callable[[list[zmq.Frame]], Coroutine[Any, Any, None]], **_: Any) -> None:
        """Have the kernel's event loop pass requests on to the kernel, and stop when the grader closes its end.

        The judge's questions are answered between two requests, in the same context: there cells have set what NumPy
        does about errors, and how `decimal` rounds.
        """
        loop, context = asyncio.get_event_loop(), copy_context()
        handle = getattr(dispatch, "__wrapped__", dispatch)  # without the context that ipykernel keeps to itself

        def read() -> None:
            self._end_child()
            try:
                parts = self._packets.receive()
            except (ConnectionEnded, ValueError):
                loop.stop()
                return
            if parts:
                task = loop.create_task(handle([zmq.Frame(part) for part in parts]), context=context)
                self._requests.add(task)
                task.add_done_callback(self._requests.discard)

        def answer() -> None:
            self._end_child()
            if not context.run(self._answer):
                loop.remove_reader(self._judge)

        loop.add_reader(self._packets.fileno(), read)
        loop.add_reader(self._judge, answer)

    def _end_child(self) -> None:
        """End a child process of the kernel that has left its cell: what has come is not for it."""
        if os.getpid() != self._process:
            os._exit(0)

    def flush(self, *_: Any, **__: Any) -> None:
        """Do nothing: nothing is held back."""


class Publisher(IOPubThread):
    """Sends what a kernel's streams give it at once, where ipykernel's own class has a thread do that.

    A thread is needed only to show within `OutStream.flush_interval` what a cell that still runs has printed.
    """

    thread: Any = None
    io_loop: Any = None
    background_socket: Any

    def __init__(self, channel: Channel):
        self.socket = self.background_socket = channel
        self._waiting: set[GradingStream] = set()
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._flusher: threading.Thread | None = None  # not made here: after a fork it could not be started

    def schedule(self, f: Callable[[], object]) -> None:
        """Call a function now. If that fails, log it, as the thread does: a message that cannot be sent is lost."""
        try:
            f()
        except Exception:
            _log.error("Exception in callback %r", f, exc_info=True)

    def send_multipart(self, *args: Any, **kwargs: Any) -> None:
        """Send a message now."""
        self.socket.send_multipart(*args, **kwargs)

    def flush_later(self, stream: GradingStream) -> None:
        """Flush a stream after its interval, if nothing else does before."""
        self._waiting.add(stream)
        with self._starting:
            if self._flusher is None:
                self._flusher = threading.Thread(target=self._flush_waiting, name="IOPub", daemon=True)
                self._flusher.start()
        self._wake.set()

    def _flush_waiting(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            time.sleep(GradingStream.flush_interval)
            for stream in list(self._waiting):
                stream.flush()


class GradingStream(Stream):
    """Standard output or error, which also holds what programs write to the file descriptor."""

    _fid: Any  # the end of a pipe to which the file descriptor leads

    def __init__(self, *args: Any, **kwargs: Any):
        self._reading = threading.RLock()
        super().__init__(*args, **kwargs)
        if self._fid is not None:
            os.set_blocking(self._fid, False)

    def _schedule_flush(self) -> None:
        if not self._flush_pending:
            self._flush_pending = True
            self.pub_thread.flush_later(self)

    def flush(self) -> None:
        """Send what has been written, to the file descriptor as well."""
        if self._is_master_process():
            with contextlib.suppress(OSError):  # the notebook has closed the file
                self._read_descriptor()
        self.pub_thread.schedule(self._flush)

    def _watch_pipe_fd(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while select.select([self._fid], [], []) and self._read_descriptor():
                pass

    def _read_descriptor(self) -> bool:
        """Take in what has been written to the file descriptor; return whether more can come."""
        if self._fid is None:
            return False
        with self._reading:
            try:
                text = os.read(self._fid, _CHUNK)
            except BlockingIOError:
                return True
            # Not `self.write`: IPython replaces that to keep a copy of all that a cell prints, without limit.
            GradingStream.write(self, text.decode(errors="replace"))
        return bool(text)


class GradingKernel(IPythonKernel):
    """The IPython kernel of a `GradingKernelApp`."""

    shell_stream = AnyTrait()

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False


class _NoThread:
    """What the kernel has for the thread that would receive its requests."""

    parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class GradingKernelApp(KernelApp):
    """An IPython kernel that is connected to the grader by one socket pair.

    The fork server prepares it once, and every kernel connects its copy: that takes a tenth of the time.
    """

    shell: Any
    profile_dir: Any
    kernel_class = Type(GradingKernel, klass=IPythonKernel)
    stream_class = GradingStream

    def prepare(self) -> None:
        """Make the kernel and its shell, as far as they are the same in every process."""
        super(IPKernelApp, self).initialize([HISTORY])
        self.init_pdb()
        self.configure_tornado_logger()
        self.log.setLevel(self.log_level)  # otherwise each message is made, and only then left out
        self.session.auth = None  # nobody else can send anything here, so messages need no signature
        self.grader = Channel()
        self.iopub_socket, self.iopub_thread = self.grader, Publisher(self.grader)
        self.init_kernel()
        self.kernel._execute_sleep = 0  # a pause for ZeroMQ's sake
        self.init_path()
        self.init_shell()
        self.init_extensions()
        self._warm_up()

    def init_kernel(self) -> None:
        """Make the kernel."""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            shell_stream=self.grader,
            shell_channel_thread=_NoThread(),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.grader,
            stdin_socket=self.grader,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )

    def _warm_up(self) -> None:
        """Have the shell make now what it makes when the first cells run."""
        self.shell.transform_cell("x = 1")
        self.shell.display_formatter.format([1])
        for pattern in ("*.py", "*.ipy"):  # of the startup files that are looked for
            fnmatch.filter([], pattern)
        try:
            raise ValueError
        except ValueError:
            self.shell.InteractiveTB.structured_traceback(*sys.exc_info(), tb_offset=1)

    def connect(self, messages: int, channel: int, output_limit: int) -> None:
        """Make the kernel that of this process.

        Parameters
        ----------
        messages, channel : int
            Open files that are connected to the grader and to the notebook's judge.
        output_limit : int
            Characters that the kernel may print.
        """
        self.output_limit = output_limit
        judge = socket.socket(fileno=channel)
        self._answers = Answers(Link(judge), self.shell.user_ns, self._count_test)
        self.grader.connect(PacketSocket(socket.socket(fileno=messages)), judge, self._answer_judge)
        self.session.pid, self.session.session = os.getpid(), new_id()
        self.init_io()
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.kernel._stdout, self.kernel._stderr = sys.stdout, sys.stderr
        self.init_signal()
        self._enter_folders()
        self.shell.init_environment()
        self.init_gui_pylab()
        self.init_code()

    def _enter_folders(self) -> None:
        """Have the shell know which folder it works in, and find IPython's own folder."""
        os.makedirs(self.profile_dir.location, exist_ok=True)
        self.profile_dir.check_dirs()
        self.shell.starting_dir = os.getcwd()
        self.shell.history_manager.dir_hist[:] = [Path.cwd()]

    def _count_test(self) -> None:
        """Give a test of the judge a number, as every cell has one; its text is not here, nor in the history."""
        self.shell.history_manager.store_inputs(self.shell.execution_count, "", "")
        self.shell.execution_count += 1

    def _answer_judge(self) -> bool:
        """Answer what the judge asks about one test, as if it were a cell; return whether it may ask again."""
        try:
            self.kernel.pre_handler_hook()  # until the test has ended, an interrupt raises `KeyboardInterrupt`
            with self.grader.silence():
                try:
                    self._answers.serve()
                finally:
                    for stream in (self.kernel._stdout, self.kernel._stderr):
                        stream.flush()  # what was written to the file descriptors is not the next cell's
        except (LinkLost, Undecodable):
            return False
        except KeyboardInterrupt:
            pass
        finally:
            self.kernel.post_handler_hook()
        return True
