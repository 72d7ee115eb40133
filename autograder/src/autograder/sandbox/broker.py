"""Does for a notebook under Landlock what it may not do itself, if that concerns nothing but the notebook.

Linux asks the broker about some system calls of the notebook's processes, by seccomp_unotify(2), and they wait for the
answer. The broker is a thread of the supervisor. It makes most of these calls itself, with its own copies of the
arguments, because an argument in the notebook's memory can change after the broker has read it. Where it lets Linux go
on with a call, Landlock decides, or it is harmless whatever the arguments have become; locks are the exception.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.sandbox import seccomp, syscalls

_RECEIVE, _SEND, _IS_VALID, _ADD_FILE = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103  # requests of ioctl
_SET_FLAGS, _WAKE_ON_SAME_CORE = 0x40082104, 1
_QUESTION = struct.Struct("=QIIiIQ6Q")  # id, thread, flags, number, architecture, address, arguments
_GO_ON, _ADD_AND_ANSWER = 1, 2
_GET_FILE, _OPEN_AT_2, _SET_TIMES = 438, 437, {"x86_64": 280, "aarch64": 88}
_BENEATH = 0x08 | 0x02  # RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS
_WITHOUT_LINKS = 0x04  # RESOLVE_NO_SYMLINKS
_HERE, _NO_FOLLOW, _EMPTY_PATH = -100, 0x100, 0x1000  # AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH
_ONE_THREAD = os.O_EXCL  # PIDFD_THREAD
_PEER_TERMINAL = 0x5441  # TIOCGPTPEER
_SHARED_MEMORY = "/dev/shm/"
_OPEN_FLAGS = os.O_ACCMODE | os.O_CREAT | os.O_EXCL | os.O_TRUNC
_LONGEST_PATH, _LONGEST_ADDRESS = 4096, 128
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_PAUSE = 0.02  # s
_LISTENS = "0A"  # the state of a socket in /proc/net/tcp


class Question(NamedTuple):
    """A system call that waits for an answer."""

    id: int
    thread: int
    call: str
    arguments: tuple[int, ...]

    def number(self, place: int) -> int:
        """Return an argument that is an open file or another signed number of 32 bits."""
        return ctypes.c_int(self.arguments[place]).value


class Answer(NamedTuple):
    """What a system call returns: a number, or the number that an open file gets in the process that asks."""

    value: int = 0
    file: int | None = None
    inherited: bool = False
    goes_on: bool = False


_PROCEED = Answer(goes_on=True)


class Broker:
    """Answers the questions about one notebook.

    Parameters
    ----------
    listener : int
        What `autograder.sandbox.seccomp.forbid_and_ask` returns, in this process.
    folder : Path
        Absolute path of the folder with the notebook's files.
    shared_memory, listing : Path
        The folders that stand in for /dev/shm and for the list of processes in /proc. The notebook reaches them only by
        way of the broker.
    processes : callable
        Returns the processes of the notebook.
    spare : callable
        Returns how many processes and threads it may still start.
    """

    def __init__(
        self,
        listener: int,
        folder: Path,
        shared_memory: Path,
        listing: Path,
        processes: Callable[[], list[int]],
        spare: Callable[[], int],
    ):
        self._listener = listener
        self._folder = str(folder)
        self._root = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self._memory = os.open(shared_memory, os.O_PATH | os.O_DIRECTORY)
        self._listing = listing
        self._own = (f"{folder}/", f"{shared_memory}/")
        self._processes, self._spare = processes, spare
        self._left = 0
        self._actions: dict[str, Callable[[Question], Answer]] = {
            **dict.fromkeys(("open", "openat"), self._open),
            **dict.fromkeys(("link", "linkat"), self._link),
            **dict.fromkeys(("unlink", "unlinkat"), self._unlink),
            **dict.fromkeys(("chmod", "fchmod", "fchmodat", "fchmodat2"), self._set_mode),
            "utimensat": self._set_times,
            **dict.fromkeys(("flock", "fcntl"), self._lock),
            "bind": self._bind,
            "connect": self._connect,
            "listen": self._listen,
            "ioctl": self._open_terminal,
            **dict.fromkeys(("clone", "fork", "vfork"), self._start),
            **dict.fromkeys(("prlimit64", "sched_setparam", "sched_setscheduler", "sched_setattr"), self._change),
            **dict.fromkeys(("setpriority", "ioprio_set"), self._change),
        }

    def serve(self) -> None:
        """Answer until there is no process of the notebook any more."""
        fcntl.ioctl(self._listener, _SET_FLAGS, _WAKE_ON_SAME_CORE)
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while poll.poll()[0][1] & select.POLLIN:
            record = bytearray(_QUESTION.size)
            with contextlib.suppress(FileNotFoundError, InterruptedError):  # who has asked was killed
                fcntl.ioctl(self._listener, _RECEIVE, record)
                number, thread, _, call, _, _, *arguments = _QUESTION.unpack(record)
                question = Question(number, thread, seccomp.name_of(call), tuple(arguments))
                if question.call == "connect":  # it may have to wait for somebody who asks meanwhile
                    threading.Thread(target=self._answer, args=(question,), daemon=True).start()
                else:
                    self._answer(question)

    def _answer(self, question: Question) -> None:
        try:
            answer = self._actions[question.call](question)
        except OSError as error:
            self._send(question, error=error.errno or errno.EPERM)
        except Exception:  # arguments that no system call takes; the notebook must not wait for ever
            self._send(question, error=errno.EINVAL)
        else:
            if answer.file is None:
                self._send(question, answer.value, goes_on=answer.goes_on)
            else:
                self._give(question, answer.file, inherited=answer.inherited)

    def _send(self, question: Question, value: int = 0, error: int = 0, *, goes_on: bool = False) -> None:
        with contextlib.suppress(OSError):  # who has asked was killed
            fcntl.ioctl(self._listener, _SEND, struct.pack("=QqiI", question.id, value, -error, _GO_ON * goes_on))

    def _give(self, question: Question, file: int, *, inherited: bool) -> None:
        flags = 0 if inherited else os.O_CLOEXEC
        try:
            fcntl.ioctl(self._listener, _ADD_FILE, struct.pack("=QIIII", question.id, _ADD_AND_ANSWER, file, 0, flags))
        except OSError as error:
            self._send(question, error=error.errno or errno.EPERM)
        finally:
            os.close(file)

    # Shared memory, semaphores and processes

    def _open(self, question: Question) -> Answer:
        first = 1 if question.call == "openat" else 0
        path, flags = self._text(question, first), question.number(first + 1)
        if name := _shared_name(path):
            mode = question.number(first + 2) & 0o777 | 0o600
            safe = flags & _OPEN_FLAGS | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            file = os.open(name, safe, mode, dir_fd=self._memory)
        elif path.startswith("/proc") and flags & _OPEN_FLAGS == os.O_RDONLY:
            opened = self._open_process(question, path.rstrip("/"))
            if opened is None:
                return _PROCEED
            file = opened
        else:
            return _PROCEED
        return Answer(file=file, inherited=not flags & os.O_CLOEXEC)

    def _open_process(self, question: Question, path: str) -> int | None:
        """Open a file of a process of the notebook, or the list of them; return None for other paths."""
        if path == "/proc":
            return self._list_processes()
        _, _, process, *rest = path.split("/")
        if process == "self":
            process = _process_of(question.thread)
        # In ``net`` are the sockets of all processes. Most numbers are nobody's, which is quick to find out.
        if not process.isdecimal() or "net" in rest or not os.path.exists(f"/proc/{process}"):
            return None
        if int(process) not in self._processes():
            return None
        # Links in there lead to all files of the machine; Linux and Landlock decide about those.
        with contextlib.suppress(OSError), _closing(os.open(f"/proc/{process}", os.O_PATH | os.O_CLOEXEC)) as folder:
            return _open_beneath(folder, "/".join(rest) or ".", os.O_RDONLY, _WITHOUT_LINKS)
        return None

    def _list_processes(self) -> int:
        now = {str(process) for process in self._processes()}
        before = set(os.listdir(self._listing))
        for name in now - before:
            os.mkdir(self._listing / name)
        for name in before - now:
            os.rmdir(self._listing / name)
        return os.open(self._listing, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _link(self, question: Question) -> Answer:
        places = (1, 3) if question.call == "linkat" else (0, 1)
        old, new = (_shared_name(self._text(question, place)) for place in places)
        if old is None or new is None:
            return _PROCEED
        os.link(old, new, src_dir_fd=self._memory, dst_dir_fd=self._memory, follow_symlinks=False)
        return Answer()

    def _unlink(self, question: Question) -> Answer:
        name = _shared_name(self._text(question, 1 if question.call == "unlinkat" else 0))
        if name is None:
            return _PROCEED
        os.unlink(name, dir_fd=self._memory)
        return Answer()

    # Rights, times and locks of files

    def _set_mode(self, question: Question) -> Answer:
        if question.call == "fchmod":
            target, place = self._own_file(question, question.number(0)), 1
        elif question.call == "chmod":
            target, place = self._open_own(question, _HERE, self._text(question, 0)), 1
        else:
            flags = question.number(3) if question.call == "fchmodat2" else 0
            target, place = self._open_own(question, question.number(0), self._text(question, 1), flags), 2
        with _closing(target):
            os.chmod(f"/proc/self/fd/{target}", question.number(place) & 0o777)
        return Answer()

    def _set_times(self, question: Question) -> Answer:
        folder, path, times, flags = question.arguments[:4]
        text = self._text(question, 1) if path else ""
        if text:
            target = self._open_own(question, question.number(0), text, flags)
        else:
            target = self._own_file(question, ctypes.c_int(folder).value)
        with _closing(target):
            values = self._read(question, times, 32) if times else None
            number = _SET_TIMES[platform.machine()]
            syscalls.call_by_number("utimensat", number, target, b"", values, _EMPTY_PATH)
        return Answer()

    def _lock(self, question: Question) -> Answer:
        # A lock belongs to the process that takes it. The notebook could put another file in the place of its own after
        # this look, so two notebooks that want to can still signal to each other by locks.
        if not self._is_own(os.readlink(f"/proc/{question.thread}/fd/{question.number(0)}")):
            raise OSError(errno.ENOLCK, "a file of others")
        return _PROCEED

    # Sockets

    def _bind(self, question: Question) -> Answer:
        with self._socket(question) as own:
            if own.family == socket.AF_UNIX:
                self._address_path(question)
                return _PROCEED  # Landlock decides about the path, and other notebooks cannot connect in any case
            if own.family == socket.AF_NETLINK:
                own.bind((0, 0))  # to any number that is free
                return Answer()
            _, port = self._address(question, own)
            own.bind((_loopback(own), port))
            return Answer()

    def _connect(self, question: Question) -> Answer:
        with self._socket(question) as own:
            if own.family == socket.AF_UNIX:
                target = self._open_own(question, _HERE, self._address_path(question))
                with _closing(target):
                    own.connect(f"/proc/self/fd/{target}")
                return Answer()
            host, port = self._address(question, own)  # of netlink it is none, and Linux is addressed without
            if not self._listens_itself(port):
                raise PermissionError(errno.EACCES, "nobody of the notebook listens there")
            own.connect((host, port))
            return Answer()

    def _listen(self, question: Question) -> Answer:
        with self._socket(question) as own:
            if own.family in _INTERNET and own.getsockname()[1] == 0:  # Linux would bind it to every address
                raise PermissionError(errno.EACCES, "it is not bound")
            own.listen(max(0, question.number(1)))
            return Answer()

    def _socket(self, question: Question) -> socket.socket:
        return socket.socket(fileno=self._file(question, question.number(0)))

    def _address_path(self, question: Question) -> str:
        """Return the path in an address of AF_UNIX."""
        path = self._read(question, question.arguments[1], self._length(question))[2:].partition(b"\0")[0]
        if not path:  # an abstract socket has a name without a path
            raise PermissionError(errno.EACCES, "no path")
        return os.fsdecode(path)

    def _address(self, question: Question, own: socket.socket) -> tuple[str, int]:
        """Return host and port of an address, which must be on this machine; any address of it becomes 127.0.0.1."""
        raw = self._read(question, question.arguments[1], self._length(question))
        family, port = struct.unpack_from("=H", raw)[0], struct.unpack_from("!H", raw, 2)[0]
        if family != own.family:
            raise OSError(errno.EAFNOSUPPORT, "another family")
        host = socket.inet_ntop(family, raw[4:8] if family == socket.AF_INET else raw[8:24])
        if host in ("0.0.0.0", "::"):
            return _loopback(own), port
        if host != "::1" and not host.startswith("127."):
            raise PermissionError(errno.EACCES, "no address of this machine")
        return host, port

    def _length(self, question: Question) -> int:
        return max(0, min(question.number(2), _LONGEST_ADDRESS))

    def _listens_itself(self, port: int) -> bool:
        """Return whether processes of the notebook listen on this port, and nobody else."""
        listeners = set(_listeners(port))
        return bool(listeners) and listeners <= set(self._sockets())

    def _sockets(self) -> Iterable[str]:
        for process in self._processes():
            with contextlib.suppress(OSError):  # it has ended
                for number in os.listdir(f"/proc/{process}/fd"):
                    with contextlib.suppress(OSError):  # it was closed
                        yield os.readlink(f"/proc/{process}/fd/{number}")

    # Terminals and processes

    def _open_terminal(self, question: Question) -> Answer:
        flags = question.number(2)
        with _closing(self._file(question, question.number(0))) as terminal:
            safe = flags & os.O_ACCMODE | os.O_NOCTTY | os.O_CLOEXEC
            return Answer(file=fcntl.ioctl(terminal, _PEER_TERMINAL, safe), inherited=not flags & os.O_CLOEXEC)

    def _start(self, _: Question) -> Answer:
        if self._left <= 0:
            self._left = self._spare()
        if self._left <= 0:
            time.sleep(_PAUSE)  # many ask again at once, and the supervisor has to look at its limits as well
            raise BlockingIOError(errno.EAGAIN, "there are too many processes and threads")
        self._left -= 1
        return _PROCEED

    def _change(self, question: Question) -> Answer:
        thread = question.number(1 if question.call in ("setpriority", "ioprio_set") else 0)
        if int(_process_of(thread)) not in self._processes():
            raise PermissionError(errno.EPERM, "a process of others")
        return _PROCEED

    # Arguments

    def _read(self, question: Question, address: int, size: int) -> bytes:
        """Return a copy of a part of the memory of the process that asks."""
        with _closing(os.open(f"/proc/{question.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)) as memory:
            fcntl.ioctl(self._listener, _IS_VALID, struct.pack("=Q", question.id))  # or the number is another thread's
            try:
                return os.pread(memory, size, address)
            except OSError as error:
                raise OSError(errno.EFAULT, "bad address") from error

    def _text(self, question: Question, place: int) -> str:
        text, end, _ = self._read(question, question.arguments[place], _LONGEST_PATH).partition(b"\0")
        if not end:
            raise OSError(errno.ENAMETOOLONG, "no end")
        return os.fsdecode(text)

    def _file(self, question: Question, number: int) -> int:
        """Return an open file of the process that asks, open in this process."""
        with _closing(os.pidfd_open(question.thread, _ONE_THREAD)) as process:
            return syscalls.call_by_number("pidfd_getfd", _GET_FILE, process, number, 0)

    def _own_file(self, question: Question, number: int) -> int:
        """Do the same with a file that belongs to the notebook, and raise an error for others."""
        file = self._file(question, number)
        if not self._is_own(os.readlink(f"/proc/self/fd/{file}")):
            os.close(file)
            raise PermissionError(errno.EPERM, "a file of others")
        return file

    def _open_own(self, question: Question, folder: int, path: str, flags: int = 0) -> int:
        """Open a path of the notebook's, for nothing but to name the file, and raise an error for other paths."""
        place = "cwd" if folder == _HERE else f"fd/{folder}"
        whole = path if path.startswith("/") else f"{os.readlink(f'/proc/{question.thread}/{place}')}/{path}"
        if not f"{whole}/".startswith(f"{self._folder}/"):
            raise PermissionError(errno.EPERM, "a file of others")
        opening = os.O_PATH | (os.O_NOFOLLOW if flags & _NO_FOLLOW else 0)
        return _open_beneath(self._root, whole.removeprefix(self._folder).strip("/") or ".", opening, 0)

    def _is_own(self, path: str) -> bool:
        return path.startswith(self._own)


@contextlib.contextmanager
def _closing(file: int) -> Iterator[int]:
    try:
        yield file
    finally:
        os.close(file)


def _shared_name(path: str) -> str | None:
    """Return the name of a file in /dev/shm, or None for other paths."""
    name = path.removeprefix(_SHARED_MEMORY)
    return None if name == path or "/" in name or name in ("", ".", "..") else name


def _open_beneath(folder: int, path: str, flags: int, resolve: int) -> int:
    """Open a path that does not lead out of a folder, whoever changes it meanwhile."""
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, _BENEATH | resolve)
    return syscalls.call_by_number("openat2", _OPEN_AT_2, folder, os.fsencode(path), how, len(how))


def _process_of(thread: int) -> str:
    try:
        with open(f"/proc/{thread}/status") as lines:
            return next(line.split()[1] for line in lines if line.startswith("Tgid:"))
    except FileNotFoundError as error:
        raise ProcessLookupError(errno.ESRCH, "no such thread") from error


def _loopback(own: socket.socket) -> str:
    return "127.0.0.1" if own.family == socket.AF_INET else "::1"


def _listeners(port: int) -> Iterable[str]:
    """Yield the sockets that listen on a port of this machine, by the names that open files of theirs have in /proc."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/net/{table}") as lines:
            for words in map(str.split, lines):
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{words[9]}]"
