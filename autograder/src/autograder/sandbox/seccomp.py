"""Which system calls Linux refuses to a notebook, and about which ones it asks, by the filters of seccomp(2).

`forbid_system_calls` is for a notebook in namespaces, and refuses what a notebook has no use for. `forbid_and_ask` is
for a notebook under Landlock, which has the grader's user, processes and network around it: it refuses more, and about
some calls Linux asks `autograder.sandbox.broker`.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
import termios
from collections.abc import Iterable
from typing import NamedTuple

from autograder.sandbox import syscalls

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The numbers of system calls on these two; None where there is no such call.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "add_key": (248, 217), "bind": (49, 200), "bpf": (321, 280), "chmod": (90, None), "chown": (92, None),
    "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203), "fanotify_init": (300, 262), "fchmod": (91, 52),
    "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchown": (93, 55), "fchownat": (260, 54), "fcntl": (72, 25),
    "flock": (73, 32), "fork": (57, None), "fremovexattr": (199, 16), "fsetxattr": (190, 7), "futimesat": (261, None),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "ioprio_set": (251, 30), "keyctl": (250, 219), "lchown": (94, None), "link": (86, None), "linkat": (265, 37),
    "listen": (50, 201), "lremovexattr": (198, 15), "lsetxattr": (189, 6), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "mq_open": (240, 180), "mq_unlink": (241, 181), "msgctl": (71, 187),
    "msgget": (68, 186), "msgrcv": (70, 188), "msgsnd": (69, 189), "open": (2, None), "openat": (257, 56),
    "perf_event_open": (298, 241), "prlimit64": (302, 261), "removexattr": (197, 14), "removexattrat": (466, 466),
    "request_key": (249, 218), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "semctl": (66, 191), "semget": (64, 190),
    "semop": (65, 193), "semtimedop": (220, 192), "sendmmsg": (307, 269), "sendmsg": (46, 211), "sendto": (44, 206),
    "setns": (308, 268), "setpriority": (141, 140), "setxattr": (188, 5), "setxattrat": (463, 463),
    "shmat": (30, 196), "shmctl": (31, 195), "shmget": (29, 194), "socket": (41, 198), "socketpair": (53, 199),
    "unlink": (87, None), "unlinkat": (263, 35), "unshare": (272, 97), "userfaultfd": (323, 282),
    "utime": (132, None), "utimensat": (280, 88), "utimes": (235, None), "vfork": (58, None),
}  # fmt: skip
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_WITH_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5

_ALLOW, _ASK, _FAIL = 0x7FFF0000, 0x7FC00000, 0x00050000  # what a filter returns; an error number is added to the last
_SUCCEED = _FAIL  # with error 0: nothing is done, and the call seems to succeed
_ABSENT = _FAIL | errno.ENOSYS  # as on a Linux that has no such call
_DENIED = _FAIL | errno.EPERM


class Where(NamedTuple):
    """A condition: an argument of the system call is one of these values, or none of them.

    Only the lower 32 bits of an argument are compared. That is all of it for numbers, flags and open files.
    """

    argument: int
    values: tuple[int, ...]
    listed: bool = True
    mask: int = 0xFFFFFFFF


class Rule(NamedTuple):
    """What happens at a system call for which all conditions hold: the first rule that applies decides."""

    call: str
    action: int
    conditions: tuple[Where, ...] = ()


def _rules(action: int, calls: str, *conditions: Where) -> list[Rule]:
    return [Rule(call, action, conditions) for call in calls.split()]


_UNIX, _STREAM, _SEQUENCE, _TYPE = socket.AF_UNIX, socket.SOCK_STREAM, socket.SOCK_SEQPACKET, 0xF
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_NETLINK = 16  # socket.AF_NETLINK, which not every system has; a connection to Linux itself
_WATCHES = (1024, 1026)  # F_SETLEASE, F_NOTIFY

# What a notebook is refused in any sandbox: it has no use for it.
_ALWAYS = [
    *_rules(_ABSENT, "memfd_create memfd_secret"),  # files in memory that are counted for no process
    *_rules(_ABSENT, "shmget semget msgget"),  # they stay when their processes have ended; some are memory of Linux
    *_rules(_ABSENT, "io_uring_setup"),  # would make all other system calls without this filter
    *_rules(_ABSENT, "userfaultfd"),  # stops Linux in the middle of a system call; often part of attacks on Linux
    *_rules(_ABSENT, "bpf"),  # runs programs in Linux
    *_rules(_ABSENT, "perf_event_open"),  # counts events of the processor, also those that other processes cause
    *_rules(_ABSENT, "add_key request_key keyctl"),  # keys belong to the user, and notebooks can be one user
    *_rules(_ABSENT, "fanotify_init"),  # tells who opens a file
    # A notebook stays on the core of its turn; a library that sets its cores must not fail.
    *_rules(_SUCCEED, "sched_setaffinity"),
    # These commands tell a process when somebody else opens a file.
    *_rules(_FAIL | errno.EINVAL, "fcntl", Where(1, _WATCHES)),
]
# Sockets of these families only reach what is in the notebook's own network. Some others know no namespaces: AF_VSOCK
# is for virtual machines, which reach their host by it.
_IN_NAMESPACES = _rules(
    _FAIL | errno.EAFNOSUPPORT, "socket socketpair", Where(0, (_UNIX, *_INTERNET, _NETLINK), listed=False)
)

_NEW_NAMESPACES = 0x7E020080  # any of the flags CLONE_NEW... of clone(2)
_FAST_OPEN = 0x20000000  # MSG_FASTOPEN, which connects and sends at once
_PEER_TERMINAL = 0x5441  # TIOCGPTPEER
_SET_FILE_FLAGS = (0x40086602, 0x401C5820)  # FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
_LOCKS = (fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW, 36, 37, 38)  # the last three are those of open files

# What Landlock leaves open and namespaces close. Landlock itself knows nothing of most of these system calls.
_UNDER_LANDLOCK = [
    *_rules(_FAIL | errno.EAFNOSUPPORT, "socket socketpair", Where(0, (_UNIX, *_INTERNET, _NETLINK), listed=False)),
    # Libraries look up the addresses of this machine. That is protocol 0; others tell of its sockets and devices.
    *_rules(_DENIED, "socket", Where(0, (_NETLINK,)), Where(2, (0,), listed=False)),
    # By sockets without a connection one can send anything anywhere, by calls whose arguments no filter can read.
    *_rules(_DENIED, "socket socketpair", Where(0, (_UNIX,)), Where(1, (_STREAM, _SEQUENCE), listed=False, mask=_TYPE)),
    *_rules(_DENIED, "socket", Where(0, _INTERNET), Where(1, (_STREAM,), listed=False, mask=_TYPE)),
    *_rules(_DENIED, "socket", Where(0, _INTERNET), Where(2, (0, socket.IPPROTO_TCP), listed=False)),
    *_rules(_DENIED, "sendto sendmmsg", Where(3, (0,), listed=False, mask=_FAST_OPEN)),
    *_rules(_DENIED, "sendmsg", Where(2, (0,), listed=False, mask=_FAST_OPEN)),
    *_rules(_ASK, "bind connect listen"),
    # Shared memory of the machine: System V's, and message queues of POSIX.
    *_rules(_ABSENT, "shmat shmctl semop semtimedop semctl msgsnd msgrcv msgctl mq_open mq_unlink"),
    # POSIX's shared memory and semaphores are files in /dev/shm, and processes are folders in /proc.
    *_rules(_ASK, "open openat link linkat unlink unlinkat"),
    # What belongs to the person who grades can be changed or watched without being opened.
    *_rules(_ASK, "chmod fchmod fchmodat fchmodat2 utimensat"),
    *_rules(_ABSENT, "utime utimes futimesat"),  # older forms, which the C library does not need
    *_rules(_DENIED, "chown fchown lchown fchownat"),
    *_rules(_FAIL | errno.EOPNOTSUPP, "setxattr lsetxattr fsetxattr setxattrat"),
    *_rules(_FAIL | errno.EOPNOTSUPP, "removexattr lremovexattr fremovexattr removexattrat"),
    *_rules(_DENIED, "ioctl", Where(1, _SET_FILE_FLAGS)),
    *_rules(_ABSENT, "inotify_init inotify_init1"),
    *_rules(_ASK, "flock"),
    *_rules(_ASK, "fcntl", Where(1, _LOCKS)),
    # Limits and priorities of other processes of the same user. 0 is the process itself.
    *_rules(_ASK, "prlimit64 sched_setparam sched_setscheduler sched_setattr", Where(0, (0,), listed=False)),
    *_rules(_DENIED, "setpriority", Where(0, (os.PRIO_PROCESS,), listed=False)),
    *_rules(_DENIED, "ioprio_set", Where(0, (1,), listed=False)),
    *_rules(_ASK, "setpriority ioprio_set", Where(1, (0,), listed=False)),
    # The number of processes is limited by counting them: Linux's own limit is for all processes of a user.
    *_rules(_DENIED, "unshare setns"),
    *_rules(_DENIED, "clone", Where(0, (0,), listed=False, mask=_NEW_NAMESPACES)),
    *_rules(_ABSENT, "clone3"),  # no filter can read its flags; the C library uses clone then
    *_rules(_ASK, "clone fork vfork"),
    # Terminals: no typing on one, and the other end of a new one, which is a file in /dev/pts.
    *_rules(_DENIED, "ioctl", Where(1, (termios.TIOCSTI, 0x541C))),
    *_rules(_ASK, "ioctl", Where(1, (_PEER_TERMINAL,))),
]


def is_known_machine() -> bool:
    """Return whether there are filters for this type of machine."""
    return platform.machine() in _ARCHITECTURES


def name_of(number: int) -> str:
    """Return the name of a system call about which Linux asks."""
    return next(name for name, numbers in _NUMBERS.items() if numbers[_column()] == number)


def forbid_system_calls() -> None:
    """Have Linux refuse what a notebook in namespaces has no use for, in this process and all that it starts."""
    if is_known_machine():
        _install(_ALWAYS + _IN_NAMESPACES, 0)


def forbid_and_ask() -> int:
    """Have Linux refuse more, and ask about some calls, in this process and all that it starts.

    Returns
    -------
    int
        Open file on which Linux asks, for `autograder.sandbox.broker.Broker`.
    """
    return _install(_ALWAYS + _UNDER_LANDLOCK, _NEW_LISTENER | _WAIT_KILLABLE)


def _column() -> int:
    return list(_ARCHITECTURES).index(platform.machine())


# A filter is a program for the virtual machine that seccomp(2) describes. Linux runs it at every system call, on a
# record of the call: its number (4 bytes), the processor's architecture (4), an address (8), six arguments (8 each). An
# instruction is an operation, how many instructions to skip if a comparison holds, how many if not, and an operand.
_Instruction = tuple[int, int, int, int]
_LOAD, _AND, _IS_EQUAL, _IS_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # where they are in the record


def _compile(rule: Rule) -> list[_Instruction]:
    """Return the instructions of a rule. The number of the call is loaded before and after them."""
    number = _NUMBERS[rule.call][_column()]
    if number is None:
        return []
    body: list[_Instruction] = [(_RETURN, 0, 0, rule.action)]
    for condition in reversed(rule.conditions):
        body = _check(condition, len(body)) + body
    if rule.conditions:
        body.append((_LOAD, 0, 0, _NUMBER))
        return [(_IS_EQUAL, 0, len(body), number), *body]
    return [(_IS_EQUAL, 0, 1, number), *body]


def _check(condition: Where, rest: int) -> list[_Instruction]:
    """Return instructions that go on behind them if the condition holds, and else skip ``rest`` instructions."""
    # The lower half of an argument comes first, because these machines are little-endian.
    load = [(_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument), (_AND, 0, 0, condition.mask)]
    count = len(condition.values)
    if condition.listed:
        last = [(_IS_EQUAL, 0, rest, condition.values[-1])]
        return load + [(_IS_EQUAL, count - 1 - n, 0, v) for n, v in enumerate(condition.values[:-1])] + last
    return load + [(_IS_EQUAL, count - 1 - n + rest, 0, value) for n, value in enumerate(condition.values)]


def _install(rules: Iterable[Rule], flags: int) -> int:
    """Have Linux apply these rules to every system call; return what seccomp(2) returns."""
    program = [
        # A call in the manner of another architecture, or of x32, has other numbers.
        (_LOAD, 0, 0, _MACHINE),
        (_IS_EQUAL, 1, 0, _ARCHITECTURES[platform.machine()]),
        (_RETURN, 0, 0, _ABSENT),
        (_LOAD, 0, 0, _NUMBER),
        (_IS_AT_LEAST, 0, 1, 0x40000000),
        (_RETURN, 0, 0, _ABSENT),
        *(instruction for rule in rules for instruction in _compile(rule)),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    filter_ = struct.pack("HP", len(program), ctypes.addressof(code))
    return syscalls.call_by_number("seccomp", _SECCOMP[platform.machine()], _WITH_FILTER, flags, filter_)
