"""Landlock: a process gives up the right to files and to processes outside of its domain, for good.

Landlock(7) is a part of Linux that needs no privileges. It has three system calls, which this module makes itself.
Two packages were looked at, as they were in October 2026. py-landlock 0.1.1 has a thousand lines for these calls, and
there were two releases of it, both in one week of January 2026. sandlock 0.9.0, in Rust, confines programs that it
starts. Of a process that runs already, as a forked kernel does, it confines the files only.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Mapping

from autograder.sandbox import syscalls

NEEDED = 6  # the version of Landlock that keeps signals and abstract sockets within a domain
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # on every type of machine
_ASK_VERSION, _PATH_BENEATH = 1, 1

# Rights to files and folders. Where a domain handles a right, it holds beneath those paths only that a rule gives it.
EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DEVICE, _MAKE_BLOCK_DEVICE = 1 << 6, 1 << 11
_MAKE_FOLDER, _MAKE_FILE, _MAKE_SOCKET, _MAKE_PIPE, _MAKE_LINK = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
_MOVE, _TRUNCATE, _CONTROL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _CONTROL_DEVICE

LIST = _READ_FOLDER
READ = _READ_FILE | _READ_FOLDER
RUN = READ | EXECUTE
WRITE_DEVICE = READ | _WRITE_FILE | _TRUNCATE
USE_TERMINAL = WRITE_DEVICE | _CONTROL_DEVICE
OWN = (
    RUN | _WRITE_FILE | _TRUNCATE | _REMOVE_FOLDER | _REMOVE_FILE | _MOVE
    | _MAKE_FOLDER | _MAKE_FILE | _MAKE_SOCKET | _MAKE_PIPE | _MAKE_LINK
)  # fmt: skip
_ALL = OWN | _MAKE_DEVICE | _MAKE_BLOCK_DEVICE | _CONTROL_DEVICE
_BIND, _CONNECT = 1 << 0, 1 << 1  # TCP
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1


def version() -> int:
    """Return the version of Landlock that Linux has here: 0 if it has none, -1 if it is switched off."""
    try:
        return syscalls.call_by_number("landlock_create_ruleset", _CREATE, None, 0, _ASK_VERSION)
    except OSError as error:
        return -1 if error.errno == errno.EOPNOTSUPP else 0


def keep_signals() -> None:
    """Let this process, and all that it starts, send signals to those only that it has started from now on."""
    _restrict(_create(scoped=_SIGNALS))


def enter(paths: Mapping[str, int]) -> None:
    """Give up all files, TCP, and every process and abstract socket that is not of this domain.

    Parameters
    ----------
    paths : mapping of str to int
        What stays: the rights to these files and to everything in these folders. What does not exist is left out.

    Raises
    ------
    OSError
        If Linux refuses it. The process must have given up privileges before.
    """
    rules = _create(files=_ALL, network=_BIND | _CONNECT, scoped=_ABSTRACT_SOCKETS | _SIGNALS)
    for path, rights in paths.items():
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # it does not exist, or lies where this user has no rights anyway
            continue
        _allow(rules, opened, rights)
    _restrict(rules)


def _create(files: int = 0, network: int = 0, scoped: int = 0) -> int:
    handled = struct.pack("QQQ", files, network, scoped)
    return syscalls.call_by_number("landlock_create_ruleset", _CREATE, handled, len(handled), 0)


def _allow(rules: int, opened: int, rights: int) -> None:
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, opened)
        syscalls.call_by_number("landlock_add_rule", _ADD, rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


def _restrict(rules: int) -> None:
    try:
        syscalls.call_by_number("landlock_restrict_self", _RESTRICT, rules, 0)
    finally:
        os.close(rules)
