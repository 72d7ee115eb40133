"""Commands that run as in a container without privileges: no namespaces, no capabilities, and no way to new ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

USER = 4321  # who runs them if root runs the tests
# In a namespace of their own, whose limit for further ones is 0.
_FORBID = """\
echo 0 > /proc/sys/user/max_user_namespaces || exit 99
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"
"""


def without_namespaces() -> list[str]:
    """Return words that begin such a command."""
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    shown = readable_by_all() if os.geteuid() == 0 else []
    return [*shown, *user, "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", _FORBID, "sh"]


def hand_over(folder: Path) -> None:
    """Make everything in a folder the property of who runs these commands."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "--recursive", "--no-dereference", str(USER), str(folder)], check=True)


def readable_by_all() -> list[str]:
    """Return a command that shows Python to everybody, also where root keeps it at home."""
    home, command = Path("/root"), ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/root"]
    for path in {Path(sys.base_prefix), Path(sys.prefix), ROOT}:
        if path.is_relative_to(home):
            for parent in reversed(path.relative_to(home).parents):
                command += ["--dir", str(home / parent)]
            command += ["--ro-bind", str(path), str(path)]
    return command
