"""A class in which everybody but three attacks, and what is left of it after grading."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import nbformat
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from tests.engine.attacks import files, network, processes, resources
from tests.engine.attacks import notebooks as handed_in
from tests.engine.attacks.case import TRACE, Case, prelude
from tests.engine.no_namespaces import hand_over, without_namespaces
from tests.support import ROOT

CASES = [*files.CASES, *network.CASES, *processes.CASES, *resources.CASES, *handed_in.CASES]
VICTIMS = ("a_victim", "victim", "z_victim")
TOKEN = "86420.13579"  # how long a process sleeps that is left behind, to know it by
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "attacked"
c.Execute.timeout = 6
c.Execute.iopub_timeout = 3
c.Limits.memory = 512 * 2**20
c.Limits.processes = 64
c.Limits.disk = 32 * 2**20
c.Limits.output = 1_000_000
c.ForkProvisioner.sandbox = {sandbox!r}
"""


@dataclass
class Aftermath:
    """What is found after a class was graded.

    Attributes
    ----------
    marks : dict
        By student, the points of each test.
    notes : dict
        By student, what the instructor is told.
    outputs : dict
        By student, all outputs of the marked notebook as text, and what ``leave_trace`` has written.
    made : set of str
        The students whose submission is not as it was before `Case.make`.
    caught : list
        What has arrived at the sockets of this machine.
    peak : int
        Bytes of memory that the grader had at most.
    changed : set of str
        Files of the instructor and in the submissions that are not as they were.
    """

    course: Course
    status: int = -1
    stderr: str = ""
    marks: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    caught: list[bytes] = field(default_factory=list)
    peak: int = 0
    changed: set[str] = field(default_factory=set)


def grade(root: Path, cases: list[Case], sandbox: str) -> Aftermath:
    """Make a class of these attackers and their victims, grade it as an instructor would, and look around.

    Under Landlock, the instructor is a user without privileges, as where nothing else works.
    """
    home = root / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text("canary", encoding="utf-8")
    course = _make_course(root / "course", sandbox)
    aftermath = Aftermath(course)
    with _Listeners(root, aftermath.caught) as listeners:
        known = prelude(COURSE=str(course.root), HOME=str(home), TOKEN=TOKEN, **listeners.names)
        for student in VICTIMS:
            _hand_in(course, Case(student, "", ""), "")
        for case in cases:
            if _hand_in(course, case, known):
                aftermath.made.add(case.name)
        before = _fingerprint(root)
        prefix = without_namespaces() if sandbox == "landlock" else []
        if prefix:
            hand_over(root)
        _grade(aftermath, home, prefix)
    aftermath.changed = {path for path, _ in before ^ _fingerprint(root)}
    _look(aftermath)
    return aftermath


def _fingerprint(root: Path) -> set[tuple[str, str]]:
    """Return the files that grading has no business with, each with a hash."""
    folders = [root / "home", *(root / "course" / name for name in ("source", "release", "submitted"))]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths}


def _list(folder: Path) -> list[tuple[str, int, int, bytes]]:
    """Return name, mode, size and beginning of everything in a folder."""
    found = []
    for path in sorted(folder.iterdir()):
        state = path.lstat()
        begins = path.read_bytes()[: 10**6] if stat.S_ISREG(state.st_mode) else b""
        found.append((path.name, state.st_mode, state.st_size, begins))
    return found


def _make_course(root: Path, sandbox: str) -> Course:
    root.mkdir()
    (root / "nbgrader_config.py").write_text(CONFIG.format(sandbox=sandbox), encoding="utf-8")
    course = Course(root)
    cells = []
    for name, factor in (("double", 2), ("triple", 3)):
        cells += [
            _cell(f"def {name}(x):\n    ### BEGIN SOLUTION\n    return {factor} * x\n    ### END SOLUTION", name),
            _cell(f"assert {name}(3) == {3 * factor}\n### BEGIN HIDDEN TESTS\nassert {name}(7) == {7 * factor}\n"
                  "### END HIDDEN TESTS", f"test_{name}", points=2),
        ]  # fmt: skip
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNELSPEC})
    notebooks.write(nb, course.folder("source", ".", "ps1") / "problem.ipynb")
    run_converter(GenerateAssignment, course, course.directory(assignment_id="ps1"))
    return course


def _cell(source: str, name: str, points: int = 0):
    roles = {"grade": bool(points), "locked": bool(points), "solution": not points, "task": False, "schema_version": 3}
    settings = {**roles, "grade_id": name, **({"points": points} if points else {})}
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": settings})


def _hand_in(course: Course, case: Case, known: str) -> bool:
    """Hand in a submission, and return whether the case's ``make`` has changed it."""
    folder = course.folder("submitted", case.name, "ps1")
    nb = notebooks.read(course.folder("release", ".", "ps1") / "problem.ipynb")
    nb = notebooks.fill(nb, {"double": "def double(x): return 2 * x", "triple": "def triple(x): return 3 * x"})
    nb.cells[2:2] = [
        nbformat.v4.new_code_cell(source, id=f"own{n}")
        for n, source in enumerate((f"NAME = {case.name!r}\n{known}", dedent(case.code).strip()))
    ]
    notebooks.write(nb, folder / "problem.ipynb")
    before = _list(folder)
    if case.make:
        case.make(folder)
    return _list(folder) != before


def _grade(aftermath: Aftermath, home: Path, prefix: list[str]) -> None:
    env = {**os.environ, "HOME": str(home), "EXCHANGE_PASSWORD": "canary", "PYTHONPATH": str(ROOT)}
    command = [*prefix, sys.executable, "-m", "autograder", "grade", "--course", str(aftermath.course.root), "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda: answers.append(run.stdout.read())),
            threading.Thread(target=lambda: setattr(aftermath, "stderr", run.stderr.read())),
        ]
        for thread in threads:
            thread.start()
        while run.poll() is None:
            aftermath.peak = max(aftermath.peak, _most_memory(run.pid))
            threads[0].join(0.2)
        for thread in threads:
            thread.join()
    aftermath.status = run.returncode
    for row in map(json.loads, answers[0].splitlines()):
        aftermath.notes[row["student"]] = "\n".join(map(str, row["notes"]))


def _most_memory(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _look(aftermath: Aftermath) -> None:
    course = aftermath.course
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions("ps1"):
            grades = [grade for nb in submission.notebooks for grade in nb.grades]
            aftermath.marks[submission.student.id] = {grade.name: grade.score for grade in grades}
    for path in course.root.glob("autograded/*/ps1/problem.ipynb"):
        cells = notebooks.read(path).cells
        found = [str(cell.get("outputs", "")) for cell in cells]
        if (trace := path.with_name(TRACE)).exists():
            found.append(trace.read_text())
        aftermath.outputs[path.parts[-3]] = "\n".join(found)


class _Listeners:
    """Sockets of every kind on this machine, which keep what arrives."""

    def __init__(self, root: Path, caught: list[bytes]):
        self._caught = caught
        self._sockets = [
            socket.create_server(("127.0.0.1", 0)),
            socket.socket(type=socket.SOCK_DGRAM),
            socket.socket(socket.AF_UNIX),
            socket.socket(socket.AF_UNIX),
        ]
        tcp, udp, unix, abstract = self._sockets
        udp.bind(("127.0.0.1", 0))
        path, name = str(root / "door"), f"{root.name}-{os.getpid()}"
        unix.bind(path)
        abstract.bind(f"\0{name}")
        for door in (unix, abstract):
            door.listen()
        self.names = {"TCP": tcp.getsockname()[1], "UDP": udp.getsockname()[1], "UNIX": path, "ABSTRACT": name}

    def __enter__(self) -> _Listeners:
        for door in self._sockets:
            threading.Thread(target=self._listen, args=(door,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        for door in self._sockets:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()

    def _listen(self, door: socket.socket) -> None:
        try:
            while True:
                if door.type == socket.SOCK_DGRAM:
                    self._caught += filter(None, [door.recv(100)])
                else:
                    door.accept()
                    self._caught.append(f"somebody at {door.getsockname()!r}".encode())
        except OSError:  # closed
            return
