"""A PostgreSQL server of a test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.engine import plain_course

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
ON_PATH = shutil.which("initdb")
PROGRAMS = BINARIES[-1] if BINARIES else ON_PATH and Path(ON_PATH).parent
needs_postgresql = pytest.mark.skipif(
    PROGRAMS is None and "CI" not in os.environ, reason="needs PostgreSQL: apt-get install postgresql"
)


class PostgreSQL:
    """A PostgreSQL server in a folder of its own, which listens on a socket there."""

    def __init__(self, folder: Path):
        self._folder = folder
        # PostgreSQL refuses to run as root.
        self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        if self._as:
            shutil.chown(folder, "nobody", "nogroup")
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "teacher", "--no-sync")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://teacher:secret@/{database}?host={self._folder}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database and return its URL."""
        name = f"gradebook_{time.monotonic_ns()}"
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)

    def new_gradebook(self) -> str:
        """Make a gradebook that holds the assignment of the plain course, and return its URL."""
        return self.new_database(make_url(self._filled).database)

    @cached_property
    def _filled(self) -> str:
        url = self.new_database()
        plain_course.enter(url)
        return url

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [Path(PROGRAMS) / program, *arguments]
        subprocess.run(command, cwd=self._folder, check=True, stdout=subprocess.DEVNULL, **self._as)
