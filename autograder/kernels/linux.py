"""The few Linux calls behind the sandbox that Python's os module does not have."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

# Everything a process can have of its own: mounts, cgroups, host name, IPC, users, processes, network.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = 0x1, 0x2, 0x4, 0x20, 0x1000, 0x4000, 0x40000

_DETACH = 2
_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUNDING = 1, 4, 22, 24
_SET_NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 38, 47, 4
_CAPABILITIES = 64  # more than any kernel has
_CAPABILITY_HEADER = struct.pack("Ii", 0x20080522, 0)  # version 3, this process

# Kernel interfaces that hold memory which no limit sees, or that no notebook needs, by machine.
_FORBIDDEN = {
    "x86_64": {
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "semget": 64, "msgget": 68,
        "io_uring_setup": 425, "userfaultfd": 323, "bpf": 321, "perf_event_open": 298,
        "add_key": 248, "request_key": 249, "keyctl": 250,
    },
    "aarch64": {
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "semget": 190, "msgget": 186,
        "io_uring_setup": 425, "userfaultfd": 282, "bpf": 280, "perf_event_open": 241,
        "add_key": 217, "request_key": 218, "keyctl": 219,
    },
}  # fmt: skip
_SET_AFFINITY = {"x86_64": 203, "aarch64": 122}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ENOSYS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(namespaces: int) -> None:
    """Give this process, which must have one thread only, namespaces of its own."""
    _call("unshare", namespaces)


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """Mount ``source`` on ``target``, as mount(2) does."""
    _call("mount", *(text and text.encode() for text in (source, target, kind)), flags, options.encode())


def unmount(target: str) -> None:
    """Take what is mounted on ``target`` out of the tree."""
    _call("umount2", target.encode(), _DETACH)


def pivot_root(root: str) -> None:
    """Make the mount point ``root`` the root of the file system; the old one is gone."""
    os.chdir(root)
    _call("pivot_root", b".", b".")
    unmount(".")
    os.chdir("/")


def set_dumpable(value: bool) -> None:
    """Say whether the files of this process in /proc belong to its own user."""
    _call("prctl", _SET_DUMPABLE, int(value), 0, 0, 0)


def end_with_parent(signal_number: int) -> None:
    """Get this signal when the parent process ends."""
    _call("prctl", _SET_PARENT_DEATH_SIGNAL, signal_number, 0, 0, 0)


def drop_privileges() -> None:
    """Give up every capability for good, here and in whatever is started."""
    _call("prctl", _SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(_CAPABILITIES):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    _call("prctl", _AMBIENT, _CLEAR_ALL, 0, 0, 0)
    _call("capset", _CAPABILITY_HEADER, struct.pack("6I", *[0] * 6))


def forbid_system_calls() -> None:
    """Close the kernel interfaces that a notebook has no use for; choosing one's processors has no effect."""
    machine = platform.machine()
    if machine in _ARCHITECTURE:
        answers = dict.fromkeys(_FORBIDDEN[machine].values(), _ENOSYS) | {_SET_AFFINITY[machine]: 0}
        _install_filter(_ARCHITECTURE[machine], answers.items())


def _install_filter(architecture: int, answers: Iterable[tuple[int, int]]) -> None:
    """Have the kernel answer these system calls with these error numbers: a program for seccomp(2)."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, error = 0x7FFF0000, 0x00050000
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, error | _ENOSYS),  # a call in the manner of another architecture
        (load, 0, 0, 0),
        (at_least, 0, 1, 0x40000000),
        (give, 0, 0, error | _ENOSYS),
    ]
    for number, answer in answers:
        program += [(equal, 0, 1, number), (give, 0, 0, error | answer)]
    program.append((give, 0, 0, allow))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    _call("prctl", _SET_SECCOMP, 2, struct.pack("HP", len(program), ctypes.addressof(code)), 0, 0)


def _call(name: str, *arguments: bytes | int | None) -> None:
    widened = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if getattr(_libc, name)(*widened) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
