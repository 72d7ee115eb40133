"""The system calls that the sandbox needs and that Python's os module does not have; errors raise `OSError`."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
from collections.abc import Iterable, Sequence

# Flags of unshare(2), in this order: mounts, cgroups, host name, IPC, users, processes, network.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS = 0x1, 0x2, 0x4, 0x8
REMOUNT, BIND, RECURSIVE, PRIVATE = 0x20, 0x1000, 0x4000, 0x40000

_DETACH = 2
_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUNDING = 1, 4, 22, 24
_SET_NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 38, 47, 4
_CAPABILITIES = 64  # more than any kernel has
_CAPABILITY_HEADER = struct.pack("Ii", 0x20080522, 0)  # version 3, this process

_ENOSYS, _EINVAL, _EAFNOSUPPORT = 38, 22, 97

# System calls that a notebook is refused, and their numbers by machine type. It is told that Linux has no such call.
_MACHINES = ("x86_64", "aarch64")
_REFUSED = {
    "memfd_create": (319, 279),  # files in memory that are counted for no process
    "memfd_secret": (447, 447),  # the same
    "shmget": (29, 194),  # shared memory that stays when its processes have ended
    "semget": (64, 190),  # semaphores, which take memory of Linux itself
    "msgget": (68, 186),  # message queues, which do as well
    "io_uring_setup": (425, 425),  # would make all other system calls without this filter
    "userfaultfd": (323, 282),  # stops Linux in the middle of a system call; often part of attacks on Linux
    "bpf": (321, 280),  # runs programs in Linux
    "perf_event_open": (298, 241),  # counts events of the processor, also those that other processes cause
    "add_key": (248, 217),  # keys belong to the user, and all notebooks are one user
    "request_key": (249, 218),  # the same
    "keyctl": (250, 219),  # the same
    "fanotify_init": (300, 262),  # tells who opens a file
}
# A notebook stays on the core of its turn; a library that sets its cores must not fail, so the call seems to succeed.
_IGNORED = {"sched_setaffinity": (203, 122)}
# Sockets of these families only reach what is in the notebook's own network. Some others know no namespaces: AF_VSOCK
# is for virtual machines, which reach their host by it.
_SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16 is AF_NETLINK, which not every system has
# These commands of fcntl tell a process when somebody else opens a file.
_FCNTL = {"fcntl": (72, 25)}
_WATCHES = (1024, 1026)  # F_SETLEASE, F_NOTIFY

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(namespaces: int) -> None:
    """Move this process, which must have one thread only, to new namespaces; new PID namespaces hold its children."""
    _call("unshare", namespaces)


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """Mount ``source`` on ``target``, as mount(2) does."""
    words = [None if text is None else text.encode() for text in (source, target, kind)]
    _call("mount", *words, flags, options.encode())


def unmount(target: str) -> None:
    """Detach the file system that is mounted on ``target``; it ends when nobody uses it any more."""
    _call("umount2", target.encode(), _DETACH)


def pivot_root(root: str) -> None:
    """Make the mount point ``root`` the root directory of this process, and detach the old root."""
    os.chdir(root)
    _call("pivot_root", b".", b".")
    unmount(".")
    os.chdir("/")


def set_dumpable(value: bool) -> None:
    """Set whether the files of this process in /proc belong to its own user; if not, they belong to root."""
    _call("prctl", _SET_DUMPABLE, int(value), 0, 0, 0)


def end_with_parent(signal_number: int) -> None:
    """Have Linux send this signal to this process when its parent ends."""
    _call("prctl", _SET_PARENT_DEATH_SIGNAL, signal_number, 0, 0, 0)


def drop_privileges() -> None:
    """Give up every capability for good, in this process and in all programs that it starts."""
    _call("prctl", _SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(_CAPABILITIES):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    _call("prctl", _AMBIENT, _CLEAR_ALL, 0, 0, 0)
    _call("capset", _CAPABILITY_HEADER, struct.pack("6I", *[0] * 6))


def forbid_system_calls() -> None:
    """Have Linux refuse the system calls that a notebook has no use for, in this process and all that it starts."""
    machine = platform.machine()
    if machine not in _MACHINES:
        return
    column = _MACHINES.index(machine)
    rules = [_answer(numbers[column], _ENOSYS) for numbers in _REFUSED.values()]
    rules += [_answer(numbers[column], 0) for numbers in _IGNORED.values()]
    rules += [_allow_only(numbers[column], 0, _FAMILIES, _EAFNOSUPPORT) for numbers in _SOCKETS.values()]
    rules += [_refuse_only(numbers[column], 1, _WATCHES, _EINVAL) for numbers in _FCNTL.values()]
    _install_filter(_ARCHITECTURE[machine], rules)


# The filter is a program for the virtual machine that seccomp(2) describes. Linux runs it at every system call, on a
# record of the call: its number (4 bytes), the processor's architecture (4), an address (8), six arguments (8 each). An
# instruction is an operation, how many instructions to skip if a comparison holds, how many if not, and an operand.
_Instruction = tuple[int, int, int, int]
_LOAD, _IS_EQUAL, _IS_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000  # what the program returns: the call is made, or fails with this error number
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # where they are in the record


def _answer(number: int, error: int) -> list[_Instruction]:
    """Return a rule: this system call fails with this error, or does nothing and succeeds if the error is 0."""
    return [(_IS_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | error)]


def _allow_only(number: int, argument: int, values: Sequence[int], error: int) -> list[_Instruction]:
    """Return a rule: this system call fails unless its argument, which has 32 bits, is one of these values."""
    return _decide(number, argument, values, _ALLOW, _ERROR | error)


def _refuse_only(number: int, argument: int, values: Sequence[int], error: int) -> list[_Instruction]:
    """Return a rule: this system call fails if its argument, which has 32 bits, is one of these values."""
    return _decide(number, argument, values, _ERROR | error, _ALLOW)


def _decide(number: int, argument: int, values: Sequence[int], listed: int, other: int) -> list[_Instruction]:
    """Return a rule that decides by the value of an argument."""
    load = (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)  # its lower half, because these machines are little-endian
    comparisons = [(_IS_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    decision = [load, *comparisons, (_RETURN, 0, 0, other), (_RETURN, 0, 0, listed)]
    return [(_IS_EQUAL, 0, len(decision), number), *decision]


def _install_filter(architecture: int, rules: Iterable[list[_Instruction]]) -> None:
    """Have Linux apply these rules to every system call."""
    refuse = (_RETURN, 0, 0, _ERROR | _ENOSYS)
    program = [
        # A call in the manner of another architecture, or of x32, has other numbers.
        (_LOAD, 0, 0, _MACHINE),
        (_IS_EQUAL, 1, 0, architecture),
        refuse,
        (_LOAD, 0, 0, _NUMBER),
        (_IS_AT_LEAST, 0, 1, 0x40000000),
        refuse,
        *(instruction for rule in rules for instruction in rule),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    _call("prctl", _SET_SECCOMP, 2, struct.pack("HP", len(program), ctypes.addressof(code)), 0, 0)


def _call(name: str, *arguments: bytes | int | None) -> None:
    widened = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if getattr(_libc, name)(*widened) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
