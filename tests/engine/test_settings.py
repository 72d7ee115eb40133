"""Settings are those that nbgrader itself reads, and a mistake in them is one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course.coursedir import Course, CourseError
from autograder.course.settings import load_settings
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import run_autograder, run_nbgrader

# What nbgrader's own commands go by, from the class that all of them are built on.
STOCK = """
import json
from nbgrader.apps.baseapp import NbGrader
app = NbGrader()
app.initialize([])
print(json.dumps(app.config, default=lambda value: value.to_dict(), sort_keys=True))
"""
COURSE = 'c = get_config()\nc.CourseDirectory.course_id = "here"\nc.Execute.timeout = 30\n'
LAYOUTS = {
    "only the course": {"course/nbgrader_config.py": COURSE},
    "the user's database": {
        "user/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.db_url = "sqlite:///{root}/mine.db"\n',
        "course/nbgrader_config.py": COURSE,
    },
    "the course wins over the user": {
        "user/nbgrader_config.py": "c = get_config()\nc.Execute.timeout = 5\nc.Limits.memory = 10**9\n",
        "course/nbgrader_config.py": COURSE,
    },
    "the user wins over the system": {
        "system/nbgrader_config.py": "c = get_config()\nc.Execute.timeout = 5\nc.Execute.iopub_timeout = 6\n",
        "user/nbgrader_config.py": "c = get_config()\nc.Execute.timeout = 7\n",
        "course/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.course_id = "here"\n',
    },
    "JSON wins over Python": {
        "user/nbgrader_config.json": '{"Execute": {"timeout": 8}, "CourseDirectory": {"ignore": ["*.log"]}}',
        "course/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.course_id = "here"\n',
        "course/nbgrader_config.json": '{"CourseDirectory": {"course_id": "there"}}',
    },
    "nbgrader's file wins over Jupyter's": {
        "system/nbgrader_config.py": "c = get_config()\nc.Execute.timeout = 5\n",
        "user/jupyter_config.py": "c = get_config()\nc.Execute.timeout = 7\nc.Execute.allow_errors = False\n",
        "course/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.course_id = "here"\n',
    },
    "lists that are added to": {
        "user/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.ignore.append("*.user")\n',
        "course/nbgrader_config.py": f'{COURSE}c.CourseDirectory.ignore.append("*.here")\n',
    },
    "outdated names": {
        "user/nbgrader_config.py": 'c = get_config()\nc.NbGrader.db_url = "sqlite:///{root}/old.db"\n',
        "course/nbgrader_config.py": 'c = get_config()\nc.NbGrader.course_id = "old"\nc.BasicConfig.ignore = ["x"]\n',
    },
    "a new name in the course wins over the user's outdated one": {
        "user/nbgrader_config.py": 'c = get_config()\nc.NbGrader.db_url = "sqlite:///{root}/old.db"\n',
        "course/nbgrader_config.py": f'{COURSE}c.CourseDirectory.db_url = "sqlite:///{{root}}/new.db"\n',
    },
    "a module of the course": {
        "course/shared.py": "TIMEOUT = 77\n",
        "course/nbgrader_config.py": "import shared\nc = get_config()\nc.Execute.timeout = shared.TIMEOUT\n",
    },
}
MISTAKES = {
    "a name that is not there": ("py", "c = get_config()\nc.Execute.timeout = thirty\n", "line 2", "NameError"),
    "a syntax error": ("py", "c = get_config()\nc.Execute.timeout = = 30\n", "line 2", "SyntaxError"),
    "a module that is not there": ("py", "import no_such_module\n", "line 1", "ModuleNotFoundError"),
    "broken JSON": ("json", '{"Execute": ', "", "JSONDecodeError"),
}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders of the system, the user and the course, none of them this machine's own."""
    for name in ("system", "user", "course"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "user"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("jupyter_core.paths.SYSTEM_CONFIG_PATH", [str(tmp_path / "system")])
    return tmp_path


def write(root: Path, layout: dict[str, str]) -> None:
    for name, text in layout.items():
        (root / name).write_text(text.replace("{root}", str(root)), encoding="utf-8")


def stock(root: Path) -> dict:
    """What nbgrader reads when it is started in the course."""
    system = f"import jupyter_core.paths as p; p.SYSTEM_CONFIG_PATH = [{str(root / 'system')!r}]\n"
    command = [sys.executable, "-c", system + STOCK]
    run = subprocess.run(command, cwd=root / "course", capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def ours(root: Path) -> dict:
    config = Course(root / "course").config
    assert config.CourseDirectory.pop("root") == str(root / "course")
    return json.loads(json.dumps(config, default=lambda value: value.to_dict()))


def without_empty(settings: dict) -> dict:
    """Asking for a section makes it."""
    return {section: values for section, values in settings.items() if values}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_settings_are_those_that_nbgrader_reads(folders, layout):
    write(folders, LAYOUTS[layout])
    found = without_empty(ours(folders))
    sys.modules.pop("shared", None)
    assert found
    assert found == without_empty(stock(folders))


@pytest.mark.parametrize(
    "variables",
    [
        {"JUPYTER_CONFIG_PATH": "{root}/first:{root}/second"},
        {"JUPYTER_NO_CONFIG": "1"},
        {"JUPYTER_PREFER_ENV_PATH": "1"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_folders_are_those_that_jupyter_names(folders, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("{root}", str(folders)))
    for timeout, name in enumerate(("first", "second", "user"), 1):
        (folders / name).mkdir(exist_ok=True)
        text = f"c = get_config()\nc.Execute.timeout = {timeout}\nc.Marks.{name} = True\n"
        (folders / name / "nbgrader_config.py").write_text(text)
    write(folders, {"course/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.course_id = "here"\n'})
    assert without_empty(ours(folders)) == without_empty(stock(folders))


def test_marks_go_to_the_gradebook_that_nbgrader_uses(folders):
    course = make_course(folders / "plain")
    hand_in(course, "ann")
    write(
        folders,
        {"user/nbgrader_config.py": 'c = get_config()\nc.CourseDirectory.db_url = "sqlite:///{root}/mine.db"\n'},
    )
    run_nbgrader(course, "generate_assignment", ASSIGNMENT, "--force")
    own = (course.root / "gradebook.db").read_bytes()
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    assert str(folders / "mine.db") in run.stdout.replace("\n", "")
    assert Course(course.root).scores(ASSIGNMENT) == {"ann": {"p1": 4, "p2": 4}}
    assert (course.root / "gradebook.db").read_bytes() == own


def test_preprocessors_of_the_course_are_found_in_its_folder(folders):
    course = make_course(folders / "plain")
    hand_in(course, "ann")
    (course.root / "own_marks.py").write_text(
        "from nbgrader.preprocessors import SaveAutoGrades\n"
        "class Generous(SaveAutoGrades):\n"
        "    def _add_score(self, cell, resources):\n"
        "        super()._add_score(cell, resources)\n"
        "        name = cell.metadata['nbgrader']['grade_id']\n"
        "        where = (self.notebook_id, self.assignment_id, self.student_id)\n"
        "        self.gradebook.find_grade(name, *where).extra_credit = 1\n"
        "        self.gradebook.db.commit()\n"
    )
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write('c.Autograde.autograde_preprocessors = ["own_marks.Generous"]\n')
    (submission,) = grade(Course(course.root), ASSIGNMENT, ["ann"])
    assert submission.recorded, submission.notes
    assert course.scores(ASSIGNMENT) == {"ann": {"p1": 4 + 3, "p2": 4 + 3}}


@pytest.mark.parametrize("level", ["course", "user"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_one_line(folders, level, mistake):
    suffix, text, line, kind = MISTAKES[mistake]
    write(folders, {"course/nbgrader_config.py": COURSE, f"{level}/nbgrader_config.{suffix}": text})
    with pytest.raises(CourseError) as error:
        _ = Course(folders / "course").config
    message = str(error.value)
    assert "\n" not in message
    assert str(folders / level / f"nbgrader_config.{suffix}") in message
    assert line in message
    assert kind in message


@pytest.mark.parametrize("command", [["grade"], ["check", "answer.py"], ["build"]], ids=lambda words: words[0])
def test_mistake_is_one_line_of_each_command(folders, command):
    write(folders, {"course/nbgrader_config.py": "c = get_config()\nc.Execute.timeout = thirty\n"})
    write(folders, {"answer.py": "# %%\n1\n"})
    run = run_autograder(*command, "--course", folders / "course", cwd=folders)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    (line,) = [line for line in run.stderr.splitlines() if "Run with your own rights" not in line]
    assert "nbgrader_config.py, line 2 cannot be used: NameError: name 'thirty' is not defined" in line


def test_settings_without_nbgrader_are_the_same_for_kernels(folders):
    """The fork server starts with what is read before nbgrader is imported."""
    text = f'{COURSE}c.ForkProvisioner.modules.append("json")\nc.ForkProvisioner.variables = {{"A": "b"}}\n'
    write(folders, {"user/nbgrader_config.py": text, "course/nbgrader_config.py": text})
    early, late = load_settings(folders / "course"), Course(folders / "course").config
    assert early.ForkProvisioner.modules.to_dict() == late.ForkProvisioner.modules.to_dict()
    assert early.ForkProvisioner.variables == late.ForkProvisioner.variables == {"A": "b"}
    assert os.fspath(folders / "course") in sys.path
