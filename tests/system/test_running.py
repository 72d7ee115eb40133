"""Tests are shared out, end when they hang, and take nothing on trust: what `tests.conftest` and its helpers do."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import plan
from tests.command_server import CommandServer, CommandServerLost
from tests.golden import Golden, digest
from tests.support import ROOT, run_autograder

TESTS = ROOT / "tests"
TOKEN = "8642.97531"  # how long a process sleeps that hangs, to know it by
HANGING = f"""
import subprocess, time

def test_hangs():
    with subprocess.Popen(["sleep", "{TOKEN}"]):  # leaving this block waits for the end of the process
        time.sleep(60)

def test_goes_on():
    pass
"""
CORES = """
import os, pathlib
import pytest

@pytest.mark.parametrize("number", range(2))
def test_where_it_runs(number):
    pathlib.Path(os.environ["PYTEST_XDIST_WORKER"]).write_text(str(sorted(os.sched_getaffinity(0))))
"""
LESSONS = """
import os, pathlib
import pytest

@pytest.mark.parametrize("lesson", ["01_eggs", "02_milk"])
@pytest.mark.parametrize("number", range(9))
def test_what_shares_a_lesson(number, lesson):
    with (pathlib.Path(__file__).parents[2] / lesson).open("a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


def run_pytest(folder: Path, *options: str, plugin: str = "tests.conftest", **settings) -> subprocess.CompletedProcess:
    """Run the tests of a folder as those of this repository are run."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-c", os.devnull, "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", *options, str(folder)]
    env["PYTHONPATH"] = str(ROOT) if plugin == "tests.conftest" else str(folder)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, **settings)


def test_a_test_that_hangs_ends_with_what_it_has_started(tmp_path):
    (tmp_path / "test_hanging.py").write_text(HANGING)
    run = run_pytest(tmp_path, "--timeout", "2")
    assert "1 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert "Timeout" in run.stdout
    assert not [process for process in psutil.process_iter(["cmdline"]) if TOKEN in (process.info["cmdline"] or [])]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or os.cpu_count() < 2, reason="needs two cores of a Linux")
def test_each_worker_keeps_to_cores_of_its_own(tmp_path):
    for name in ("one", "two"):  # two modules, a group each
        (tmp_path / f"test_{name}.py").write_text(CORES)
    everywhere = {"preexec_fn": lambda: os.sched_setaffinity(0, range(os.cpu_count()))}
    run = run_pytest(tmp_path, "-n", "2", **everywhere)
    assert run.returncode == 0, run.stdout + run.stderr
    one, two = (set(json.loads((tmp_path / f"gw{number}").read_text())) for number in range(2))
    assert one
    assert two
    assert not one & two


def test_what_shares_something_costly_runs_in_one_worker(tmp_path):
    (tmp_path / "tests" / "course").mkdir(parents=True)
    for name in ("conftest", "plan", "golden", "__init__"):
        shutil.copy(TESTS / f"{name}.py", tmp_path / "tests")
    (tmp_path / "tests" / "course" / "test_lessons.py").write_text(LESSONS)
    run = run_pytest(tmp_path, "-n", "2", plugin="no:cacheprovider")
    assert "18 passed" in run.stdout, run.stdout + run.stderr
    workers = [set((tmp_path / lesson).read_text().split()) for lesson in ("01_eggs", "02_milk")]
    assert [len(found) for found in workers] == [1, 1]
    assert workers[0] != workers[1]


# Commands that are forked


@pytest.mark.parametrize("words", [["--version"], ["grade", "--course", "nowhere"], ["check", "missing.py"], ["brew"]])
def test_a_forked_command_is_as_a_fresh_one(tmp_path, words):
    forked, fresh = (run_autograder(*words, cwd=tmp_path, fresh=fresh) for fresh in (False, True))
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_a_forked_command_runs_where_it_is_told_to(tmp_path):
    assert run_autograder("init", "new", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new" / "nbgrader_config.py").exists()


def test_an_engine_that_cannot_be_imported_is_no_result(tmp_path):
    (tmp_path / "autograder").mkdir()
    (tmp_path / "autograder" / "__init__.py").write_text("raise ImportError('broken')")
    with pytest.raises(CommandServerLost):
        CommandServer({**os.environ, "PYTHONPATH": str(tmp_path)}).run(["--version"], tmp_path)


# What stock nbgrader does


def compute(result, calls):
    calls.append(result)
    return result


def test_what_is_stored_is_believed_until_an_input_or_a_library_changes(tmp_path):
    given, calls = tmp_path / "given", []
    given.mkdir()
    (given / "one.txt").write_text("one")
    folder = tmp_path / "golden"

    def ask(result, update=False, libraries=("pytest",)):
        return Golden(folder, update=update)("name", lambda: compute(result, calls), [given], libraries)

    assert ask([(1, None)], update=True) == [[1, None]]
    assert ask("not asked") == [[1, None]]
    (given / "one.txt").write_text("two")
    assert ask("live") == "live"
    assert ask("live again") == "live again"  # nothing is stored unless that is asked for
    (given / "one.txt").write_text("one")
    assert ask("not asked") == [[1, None]]
    assert ask("other libraries", libraries=("pytest", "psutil")) == "other libraries"
    (given / "one.txt").rename(given / "two.txt")
    assert ask("another name") == "another name"
    assert calls == [[(1, None)], "live", "live again", "other libraries", "another name"]


def test_of_the_lock_file_what_is_stored_follows_from_the_packages_only(tmp_path):
    lock, entry = tmp_path / "uv.lock", '[[package]]\nname = "{}"\nversion = "{}"\n'
    lock.write_text(entry.format("keras", "3.15.1"))
    before = digest([lock])
    lock.write_text(entry.format("keras", "3.15.1") + 'dependencies = [{ name = "numpy" }]\n')
    assert digest([lock]) == before
    for others in (entry.format("keras", "3.15.2"), entry.format("keras", "3.15.1") + entry.format("numpy", "2.4.6")):
        lock.write_text(others)
        assert digest([lock]) != before


# The plan, and who may import whom


def modules() -> set[str]:
    return {path.relative_to(TESTS).with_suffix("").as_posix() for path in TESTS.rglob("test_*.py")}


@pytest.mark.parametrize("pattern", [*plan.SLOW, *plan.MODERATE])
def test_what_the_plan_says_takes_long_is_there(pattern):
    module, _, names = pattern.partition("::")
    found = [one for one in modules() if one.startswith(module)]
    assert found
    code = "\n".join((TESTS / f"{one}.py").read_text(encoding="utf-8") for one in found)
    alternatives = re.search(r"\((.*)\)", names)
    for name in alternatives[1].split("|") if alternatives else []:
        assert re.search(rf"^def {names.replace(alternatives[0], name)}", code, flags=re.MULTILINE), name


def test_groups_of_the_plan_are_there():
    for group in {*plan.ORDER, *plan.LIMITS, *plan.BY_PARAMETER, *plan.SPLIT} - plan.SHARED.keys():
        assert group.partition(":")[0] in modules()


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("course/test_lessons.py::test_lesson_runs[05_bayes]", "course/test_lessons:05_bayes"),
        ("course/test_lessons.py::test_facts_belong_to_lessons", "course/test_lessons"),
        ("course/test_answers.py::test_solution[_5_6_1]", "course/test_answers:_5_6_1"),
        ("course/test_grade.py::test_marks[ada-1]", "class"),
        ("site/browser/test_lab.py::test_formgrader_shows_the_graded_class", "class"),
        ("site/browser/test_lab.py::test_solved_exercise_validates", "site/browser/test_lab"),
        ("engine/test_journal.py::test_truth_is_the_content", "engine/test_journal"),
        ("engine/test_journal.py::test_killed_at_any_moment[0]", "engine/test_journal:split"),
        ("engine/test_judge_table.py::test_names[_5_6_1]", "engine/test_judge_table"),
    ],
)
def test_tests_that_share_something_costly_are_in_one_group(test, group):
    assert plan.group_of(f"tests/{test}") == group


def strangers(source: str) -> set[str]:
    """Return what a module imports that the engine's tests must do without."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    forbidden = r"(tests\.(course|site|system)|coffee_shop|notebooks|tensorflow|keras|scikeras)(\.|$)"
    return {name for name in names if re.match(forbidden, name)}


@pytest.mark.parametrize("path", [*TESTS.glob("engine/**/*.py"), TESTS / "support.py"], ids=str)
def test_the_engines_tests_need_no_course(path):
    assert not strangers(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "line", ["import coffee_shop.recipe", "from tests import course", "def f():\n    from tests.course import x"]
)
def test_a_test_of_the_engine_that_needs_the_course_is_noticed(line):
    assert strangers(line)
