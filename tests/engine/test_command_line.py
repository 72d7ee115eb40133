"""What a person sees of each command who makes a mistake, or has a folder of his own beside the file to be marked."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from nbgrader.converters import GenerateAssignment

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.execution.local import run_concurrently
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import AUTOGRADER, run_autograder, run_nbgrader

needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap: apt-get install bubblewrap"
)
MASTER = """# %% [markdown]
# # Double

# %% answer="double"
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% test="test_double" points=2
assert double(1) == 2
"""
SETTINGS = """
from pathlib import Path
c = get_config()
here = Path(__file__).parent
c.Authoring.masters = f"{here}/masters/{{name}}.py"
c.Authoring.assignments = {"ps1": "*"}
c.Authoring.exercises = f"{here}/exercises"
"""


def contents(folder: Path, without: Path | None = None) -> dict[str, bytes]:
    """Every file in a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in paths if without is None or not path.is_relative_to(without)}


# build


@pytest.fixture
def project(tmp_path):
    """A repository with one master."""
    root = tmp_path / "project"
    (root / "masters").mkdir(parents=True)
    (root / "masters" / "double.py").write_text(MASTER)
    (root / "settings.py").write_text(SETTINGS)
    (root / "pyproject.toml").write_text('[tool.autograder]\nsettings = "settings.py"\ncourse = "course"\n')
    return root


def test_build_writes_to_the_course_that_it_is_given_and_nowhere_else(project, tmp_path):
    course = tmp_path / "elsewhere" / "course"
    before = contents(tmp_path)
    run = run_autograder("build", "--course", course, cwd=project)
    assert run.returncode == 0, run.stderr
    assert contents(tmp_path, without=course) == before
    again = contents(tmp_path, without=course)
    (course / "exercises").mkdir()  # the settings of the project say that there are exercises, but not here
    assert run_autograder("build", "--course", course, cwd=project).returncode == 0
    assert contents(tmp_path, without=course) == again == before
    assert not list((course / "exercises").iterdir())
    assert Course(course).assignments() == ["ps1"]
    assert (course / "source" / "ps1" / "double.ipynb").exists()


def test_a_students_copy_without_masters_is_checked_by_the_visible_tests(project):
    with (project / "masters" / "double.py").open("a") as file:
        file.write("### BEGIN HIDDEN TESTS\nassert double(2) == 4\n### END HIDDEN TESTS\n")
    assert run_autograder("exercises", cwd=project).returncode == 0
    shutil.rmtree(project / "masters")
    answer = project / "exercises" / "double.py"
    for double, points in (("2 * x", 2), ("2", 2), ("7", 0)):
        text = (project / "exercises" / "double.ipynb").read_text()
        nb = notebooks.fill(
            notebooks.read(project / "exercises" / "double.ipynb"), {"double": f"double = lambda x: {double}"}
        )
        notebooks.write(nb, answer)
        run = run_autograder("check", "--json", answer, cwd=project)
        assert json.loads(run.stdout)["score"] == points, run.stderr
        assert (project / "exercises" / "double.ipynb").read_text() == text
    (project / "settings.py").write_text(SETTINGS + 'c.Authoring.notebook = "{name}uble"\n')
    shutil.copy(project / "exercises" / "double.ipynb", project / "exercises" / "double-Copy1.ipynb")
    copy = run_autograder("check", "--json", project / "exercises" / "double-Copy1.ipynb", cwd=project)
    assert json.loads(copy.stdout)["notebook"] == "double", copy.stderr
    (project / "exercises" / "double.ipynb").write_text("no notebook")
    run = run_autograder("check", answer, cwd=project)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()[-1:]
    assert "exercises: double.ipynb is no notebook that can be read" in line


def in_read_only(folder: Path, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess:
    """Run a command where a folder can only be read. Permissions would not do: root may write everywhere."""
    bubblewrap = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder), "--chdir", str(cwd)]
    command = [*bubblewrap, *AUTOGRADER, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@needs_bubblewrap
@pytest.mark.parametrize("there_is_one", [False, True])
def test_build_where_nothing_can_be_written_is_one_line(project, tmp_path, there_is_one):
    folder = tmp_path / "read-only"
    folder.mkdir()
    if there_is_one:
        assert run_autograder("build", "--course", folder / "course", cwd=project).returncode == 0
        (project / "masters" / "double.py").write_text(MASTER.replace("2", "3"))
    before = contents(tmp_path)
    run = in_read_only(folder, "build", "--course", folder / "course", cwd=project)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "Read-only file system" in line
    assert str(folder / "course") in line
    assert contents(tmp_path) == before


# grade


@pytest.fixture
def term(tmp_path):
    """A course with three assignments: two that students have handed in, and one for later."""
    course = make_course(tmp_path / "course")
    for name in ("later", "ps2"):
        shutil.copytree(course.folder("source", ".", ASSIGNMENT), course.folder("source", ".", name))
        run_converter(GenerateAssignment, course, course.directory(assignment_id=name))
    hand_in(course, "bob", double="return 7")
    shutil.copytree(hand_in(course, "ann"), course.folder("submitted", "ann", "ps2"))
    return course


@pytest.mark.parametrize("words", [("grade",), ("grade", "--all"), ("grade", "--assignment", "ps1"), ("deadline",)])
def test_an_empty_gradebook_is_said_to_be_empty_and_how_it_is_filled(tmp_path, words):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    url = f"sqlite:///{tmp_path / 'new.db'}"
    run = run_autograder(*words, "--course", course.root, "--db", url)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    command = f"nbgrader generate_assignment NAME --force --db {url}"
    says = (
        f"the gradebook {tmp_path / 'new.db'} is empty, it has no assignment; enter what is in source/, in the folder "
    )
    assert line == f"Error: {says}{course.root}: {command}"


def test_what_an_empty_gradebook_is_filled_with_can_be_graded(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    url = f"sqlite:///{tmp_path / 'new.db'}"
    said = run_autograder("grade", "--course", course.root, "--db", url).stderr.strip()
    command = shlex.split(said.rpartition(": nbgrader ")[2].replace("NAME", ASSIGNMENT))
    run_nbgrader(course, *command)
    run = run_autograder("grade", "--course", course.root, "--db", url, "--json")
    assert json.loads(run.stdout)["score"] == 8


def test_an_assignment_that_is_only_in_source_is_said_to_be_there(term):
    shutil.copytree(term.folder("source", ".", "ps2"), term.folder("source", ".", "ps3"))
    run = run_autograder("grade", "--course", term.root, "--assignment", "ps3")
    says = (
        "has no assignment ps3; it has: later, ps1, ps2. The course's source/ has it; enter what is in source/, in the "
    )
    assert says in run.stderr
    assert run.stderr.strip().endswith(": nbgrader generate_assignment ps3 --force")
    run = run_autograder("grade", "--course", term.root, "--assignment", "ps4")
    assert run.stderr.strip().endswith("has no assignment ps4; it has: later, ps1, ps2")


def test_an_empty_gradebook_of_a_course_with_masters_is_filled_by_build(project):
    assert run_autograder("build", cwd=project).returncode == 0
    url = f"sqlite:///{project / 'new.db'}"
    run = run_autograder("grade", "--db", url, cwd=project)
    command = f"autograder build --course {project / 'course'} --db {url}"
    assert run.stderr.strip().endswith(f"it has no assignment; enter those of the masters: {command}")
    assert run_autograder(*shlex.split(command)[1:], cwd=project).returncode == 0
    assert "no submissions for ps1" in run_autograder("grade", "--db", url, cwd=project).stderr


def test_check_says_that_a_gradebook_is_empty(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "p1.py").write_text("# %%\n1\n")
    run = run_autograder("check", "--course", tmp_path, "--sandbox", "none", tmp_path / "p1.py")
    assert run.returncode == 1
    assert "is empty, it has no assignment; enter what is in source/" in run.stderr


def test_all_assignments_that_were_handed_in_are_graded(term):
    run = run_autograder("grade", "--course", term.root, "--all", "--json")
    assert run.returncode == 0, run.stderr
    marks = {(row["assignment"], row["student"]): row["score"] for row in map(json.loads, run.stdout.splitlines())}
    assert marks == {("ps1", "ann"): 8, ("ps1", "bob"): 4, ("ps2", "ann"): 8}
    assert "later" not in run.stderr
    again = run_autograder("grade", "--course", term.root, "--all", "--student", "ann")
    assert again.stderr.count("1 of 1 were graded already") == 2


def test_a_problem_with_one_assignment_stops_no_other(term):
    shutil.rmtree(term.folder("source", ".", "ps1"))
    shutil.rmtree(term.folder("release", ".", "ps1"))
    run = run_autograder("grade", "--course", term.root, "--all")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("Error: ps1: ")
    assert term.scores("ps2")["ann"] == {"p1": 4, "p2": 4}


@pytest.mark.parametrize("option", ["--assignment=ps1", "--notebook=p1"])
def test_all_goes_with_no_choice_of_one(term, option):
    run = run_autograder("grade", "--course", term.root, "--all", option)
    assert run.returncode == 2
    assert "--all grades every assignment; leave out --assignment and --notebook" in run.stderr


@needs_bubblewrap
def test_grade_where_nothing_can_be_written_is_one_line(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann")
    run = in_read_only(course.root, "grade", "--course", course.root, cwd=tmp_path)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "Read-only file system" in line or "readonly" in line


# check


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("plain") / "course")


@pytest.fixture
def home(tmp_path):
    """A folder of a student's."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def write_answer(course: Course, path: Path, *, double: str = "return 2 * x", triple: str = "return 3 * x") -> None:
    nb = notebooks.read(course.folder("release", ".", ASSIGNMENT) / "p1.ipynb")
    answers = {"double": f"def double(x):\n    {double}", "triple": f"def triple(x):\n    {triple}"}
    notebooks.write(notebooks.fill(nb, answers), path)


def check(course: Course, *files: Path, sandbox: str = "bubblewrap") -> list[dict]:
    run = run_autograder("check", "--json", "--course", course.root, "--sandbox", sandbox, *files)
    assert run.returncode in (0, 1), run.stderr
    assert run.stderr == ""
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none"])
@pytest.mark.parametrize("suffix", [".ipynb", ".py"])
def test_check_leaves_the_folder_of_the_file_alone(course, home, sandbox, suffix):
    (home / "data.csv").write_text("my own data\n")
    (home / "notes.txt").write_text("my notes\n")
    write = "[open(name, 'w').write('gone') for name in ('notes.txt', 'data.csv', 'p1.py', 'p1.ipynb', 'new.txt')]"
    write_answer(course, home / f"p1{suffix}", double=f"{write}; return 2 * x")
    before = contents(home)
    (result,) = check(course, home / f"p1{suffix}", sandbox=sandbox)
    assert result["score"] == 4
    assert contents(home) == before


def test_check_gives_a_file_the_files_of_its_assignment_and_nothing_of_its_folder(course, home):
    (home / "data.csv").write_text("my own data\n")
    (home / "helper.py").write_text("FACTOR = 3\n")
    double = "assert open('data.csv').read() == '1,2,3\\n'; return 2 * x"
    write_answer(course, home / "p1.ipynb", double=double, triple="from helper import FACTOR; return FACTOR * x")
    (result,) = check(course, home / "p1.ipynb")
    messages = {cell["grade_id"]: (cell["score"], cell["message"]) for cell in result["cells"]}
    assert messages["test_double"][0] == 2
    assert messages["test_triple"][0] == 0
    assert "helper" in messages["test_triple"][1]


def test_size_of_a_neighbour_does_not_matter(course, home):
    with (home / "film.mp4").open("wb") as file:
        file.truncate(5 * 2**30)
    write_answer(course, home / "p1.ipynb")
    (result,) = check(course, home / "p1.ipynb")
    assert result["score"] == 4


def test_check_of_several_files_of_one_folder_keeps_them_apart(course, home):
    for number, double in enumerate(["return 2 * x", "return 7"]):
        write = f"open('same.txt', 'a').write('x'); assert len(open('same.txt').read()) < 9; {double}"
        write_answer(course, home / f"{number}.ipynb", double=write)
    results = check(course, home / "0.ipynb", home / "1.ipynb")
    assert [result["score"] for result in results] == [4, 2]


def test_check_marks_with_the_files_of_the_right_assignment(course, home, tmp_path):
    shutil.copytree(course.root, tmp_path / "course")
    two = Course(tmp_path / "course")
    source = two.folder("source", ".", "ps2")
    nb = notebooks.read(two.folder("source", ".", ASSIGNMENT) / "p1.ipynb")
    for cell in nb.cells:
        if notebooks.grade_id(cell):
            cell.metadata["nbgrader"]["grade_id"] += "_again"
    notebooks.write(nb, source / "q1.ipynb")
    (source / "data.csv").write_text("4,5,6\n")
    run_converter(GenerateAssignment, two, two.directory(assignment_id="ps2"))
    released = notebooks.read(two.folder("release", ".", "ps2") / "q1.ipynb")
    double = "def double(x):\n    assert open('data.csv').read() == '4,5,6\\n'\n    return 2 * x"
    notebooks.write(notebooks.fill(released, {"double_again": double}), home / "q1.ipynb")
    (result,) = check(two, home / "q1.ipynb")
    assert {cell["grade_id"]: cell["score"] for cell in result["cells"]}["test_double_again"] == 2


# Several at a time


def test_jobs_are_taken_only_as_workers_become_free():
    taken = []

    def jobs():
        for number in range(1000):
            taken.append(number)
            yield number

    running, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return number

    workers = 3
    for finished, (number, future) in enumerate(run_concurrently(jobs(), work, workers), 1):
        assert future.result() == number
        assert len(taken) <= finished + workers
    assert finished == len(taken) == 1000
    assert most <= workers


def test_nothing_more_is_taken_when_nobody_wants_the_results():
    taken = []

    def jobs():
        for number in range(1000):
            taken.append(number)
            yield number

    results = run_concurrently(jobs(), lambda number: number, 2)
    next(results)
    results.close()
    assert len(taken) <= 3
