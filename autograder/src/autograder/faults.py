"""Tell an error that is the machine's fault from one that is the fault of a file which was handed in."""

from __future__ import annotations

import errno

_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
}


def is_fault_of_the_machine(error: BaseException) -> bool:
    """Return whether an error, such as a full disk, says nothing about the file that was being read or written."""
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


def raise_fault_of_the_machine(error: OSError) -> None:
    """Raise an error that is the machine's fault; pass over one that is the file's, or of one that has gone."""
    if is_fault_of_the_machine(error):
        raise error
