"""What comes from a library that lies beside the course is no less honest than what comes from an installed one."""

from __future__ import annotations

from autograder.course import notebooks
from autograder.reporting.marks import read_marks
from tests.engine.honest.case import Case, Part
from tests.engine.honest.suite import ASSIGNMENT, STUDENT, make_course
from tests.support import run_autograder

LIBRARY = """
class Symbol:
    def __init__(self, name, factor=1):
        self.name, self.factor = name, factor

    def __mul__(self, number):
        return Symbol(self.name, self.factor * number)

    def __eq__(self, other):
        return (self.name, self.factor) == (other.name, other.factor)
"""


def test_a_library_in_a_visible_folder_wins_what_it_wins_with_nbgrader(tmp_path, monkeypatch):
    folder = tmp_path / "libraries"
    folder.mkdir()
    (folder / "symbols.py").write_text(LIBRARY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    parts = [
        Part("locked", "", "from symbols import Symbol"),
        Part("answer", "", "def double(x):\n    return x * 2"),
        Part("test", "", "assert double(Symbol('t')) == Symbol('t') * 2\nassert double(Symbol('t')).factor == 2"),
    ]
    course = make_course(tmp_path / "course", [Case("symbols", tuple(parts))])
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(f"c.ForkProvisioner.visible = [{str(folder)!r}]\nc.ForkProvisioner.environment = ['PYTHONPATH']\n")
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    nb = notebooks.read(course.folder("autograded", STUDENT, ASSIGNMENT) / "symbols.ipynb")
    assert [mark.score for mark in read_marks(nb)] == [1]
    assert "provisional" not in run.stdout + run.stderr
