"""Run a command and show only its last line, in place: ``python .ci/quietly.py COMMAND...``.

What the command has said is printed in full if it fails. Where there is no terminal nothing is shown of it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence

ERASE = "\r\x1b[K"


def quietly(command: Sequence[str]) -> int:
    """Run a command, and return its exit status."""
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as run:
        for line in run.stdout:
            said.append(line)
            show(line.strip())
    show("")
    if run.returncode:
        sys.stderr.write("".join(said))
    return run.returncode


def show(line: str) -> None:
    """Write a line over the one before it, as much as fits."""
    if sys.stdout.isatty():
        print(ERASE + line[: shutil.get_terminal_size().columns - 1], end="", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(quietly(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
