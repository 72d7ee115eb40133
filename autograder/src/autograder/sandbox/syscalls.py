"""The system calls that the sandbox needs and that Python's os module does not have; errors raise `OSError`."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from typing import Any

# Flags of unshare(2), in this order: mounts, cgroups, host name, IPC, users, processes, network.
WAKE_ALARM = 35  # a capability: to set clocks that wake a sleeping machine
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS = 0x1, 0x2, 0x4, 0x8
REMOUNT, BIND, RECURSIVE, PRIVATE = 0x20, 0x1000, 0x4000, 0x40000

_DETACH = 2
_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_BOUNDING, _SET_SUBREAPER = 1, 4, 24, 36
_SET_NO_NEW_PRIVILEGES, _AMBIENT, _RAISE, _CLEAR_ALL = 38, 47, 2, 4
_CAPABILITIES = 64  # more than any kernel has
_CAPABILITY_HEADER = struct.pack("Ii", 0x20080522, 0)  # version 3, this process

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


def adopt_orphans() -> None:
    """Have descendants of this process whose parents end become its own children, and not those of PID 1."""
    _call("prctl", _SET_SUBREAPER, 1, 0, 0, 0)


def drop_privileges() -> None:
    """Give up every capability for good, in this process and in all programs that it starts."""
    _call("prctl", _SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(_CAPABILITIES):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    hand_nothing_down()
    _call("capset", _CAPABILITY_HEADER, struct.pack("6I", *[0] * 6))


def hand_down(capability: int) -> None:
    """Have programs that this process starts hold a capability, until `hand_nothing_down`."""
    state = ctypes.create_string_buffer(24)
    _call("capget", _CAPABILITY_HEADER, ctypes.addressof(state))
    low = list(struct.unpack("6I", state.raw))
    low[2 + 3 * (capability // 32)] |= 1 << capability % 32  # of those that are inherited
    _call("capset", _CAPABILITY_HEADER, struct.pack("6I", *low))
    _call("prctl", _AMBIENT, _RAISE, capability, 0, 0)


def hand_nothing_down() -> None:
    """Have programs that this process starts hold no capability."""
    _call("prctl", _AMBIENT, _CLEAR_ALL, 0, 0, 0)


def call_by_number(name: str, number: int, *arguments: bytes | int | None) -> int:
    """Make a system call for which the C library has no function, and return what it returns."""
    return _check(name, _libc.syscall(ctypes.c_long(number), *_widen(arguments)))


def _call(name: str, *arguments: bytes | int | None) -> None:
    _check(name, getattr(_libc, name)(*_widen(arguments)))


def _widen(arguments: Iterable[bytes | int | None]) -> list[Any]:
    return [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]


def _check(name: str, result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
