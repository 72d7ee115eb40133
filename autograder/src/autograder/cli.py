"""The command line: ``autograder init``, ``build``, ``grade``, ``check``, ``prove`` and the other commands."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.course.modules import with_modules
from autograder.course.project import Project, find_project
from autograder.course.settings import CONFIG, SettingsError, kernel_environment, load_settings, load_settings_file
from autograder.course.text import TIME_FORMAT, first_line, printable, printable_json

if TYPE_CHECKING:
    from concurrent.futures import Future

    from traitlets.config import Config

    from autograder.check import CheckResult
    from autograder.course.assignment import Template
    from autograder.course.coursedir import Course
    from autograder.removal import Traces

# jsonschema would build grammars that check web addresses, which no notebook needs; that takes more than a second.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # to import it is an error that it expects

_PAIRS = 10  # of students, to print

# What takes seconds to import is imported by the command that needs it.


@contextlib.contextmanager
def _stoppable(advice: str) -> Iterator[None]:
    """End at once on Ctrl-C. The kernels end with this process, and nobody waits for their notebooks."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # in the background of a script it is ignored
        yield
        return

    # Not by `KeyboardInterrupt`: Python ignores what is raised while it deletes an object.
    def stop(*_: object) -> None:
        shown_again = "\x1b[?25h" if os.isatty(2) else ""  # the cursor, which progress bars hide
        os.write(2, f"{shown_again}Stopped. {advice}\n".encode())
        os._exit(130)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Tell errors that a person can mend in one line."""
    from sqlalchemy.exc import OperationalError

    from autograder.authoring.masters import AuthoringError
    from autograder.course.coursedir import CourseError

    try:
        yield
    except (AuthoringError, CourseError, SettingsError) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(f"the gradebook cannot be used: {first_line(error.orig or error)}") from error
    except OSError as error:
        raise click.ClickException(f"the course's folder cannot be used: {error}") from error


def _project() -> Project | None:
    try:
        return find_project(Path.cwd())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _course_folder(given: Path | None) -> Path:
    """Return the folder of the course: the one given, the project's, or the one that this command runs in."""
    if given is not None:
        return given
    if (Path.cwd() / CONFIG).exists():
        return Path.cwd()
    project = _project()
    if project is None:
        raise click.UsageError(f"this folder is no course: it has no {CONFIG}. Name one with --course")
    return project.course


_course_option = click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of an nbgrader course.  [default: this folder, or the one that pyproject.toml names]",
)
_sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "landlock", "none"]),
    help="The sandbox of notebooks. auto is bubblewrap where that works, and else landlock. With none they can do "
    "whatever you can.  [default: auto]",
)
_existing = click.Path(path_type=Path, exists=True)
_db_option = click.option(
    "--db", "db_url", metavar="URL", help="Database of the gradebook, such as postgresql://...  [default: gradebook.db]"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nbgrader-autograder", prog_name="autograder")
def main() -> None:
    """Make, grade and check nbgrader courses."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a small course in FOLDER: settings, one assignment, one submission that can be graded at once."""
    from autograder.authoring.init import init_course

    with _clear_errors():
        course = init_course(folder)
    click.echo(f"Made a course in {course.root}. Grade it with: autograder grade --course {folder}", err=True)


@main.command()
@_course_option
@_db_option
def build(folder: Path | None, db_url: str | None) -> None:
    """Make a course from masters and hidden tests: source/, release/ and the gradebook.

    The settings c.Authoring say where the masters are. In a project, a new course builds on the project's settings.
    """
    from autograder.authoring.build import build_course
    from autograder.authoring.init import write_settings
    from autograder.course.coursedir import Course

    root, project = _course_folder(folder), _project()
    with _clear_errors():
        if project and not (root / CONFIG).exists():
            write_settings(root, project.settings)
        course = Course(root, db_url)
        build_course(course)
    click.echo(f"Made the course in {course.root}", err=True)


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail if an exercise is out of date.")
def exercises(only_check: bool) -> None:
    """Write the exercises of this project as they are released, as .ipynb and as .py."""
    from autograder.authoring.build import build_exercises, stale_exercises
    from autograder.authoring.masters import Masters

    project = _project()
    if project is None:
        raise click.UsageError("this folder is in no project: no pyproject.toml has a table [tool.autograder]")
    with _clear_errors():
        target = Masters(load_settings_file(project.settings)).exercises
        if target is None:
            raise click.UsageError(f"{project.settings} does not set c.Authoring.exercises")
        if not only_check:
            build_exercises(project.settings, target)
            click.echo(f"Wrote {target}", err=True)
            return
        stale = stale_exercises(project.settings)
    for problem in stale:
        click.echo(f"{target.name}/{problem}", err=True)
    if stale:
        raise click.ClickException("run `autograder exercises` and commit what it writes")
    click.echo(f"{target.name}/ is up to date.", err=True)


@main.command()
@_course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--all", "every", is_flag=True, help="Grade every assignment that somebody has handed in.")
@click.option("--student", "students", multiple=True, help="Grade only this student; may be repeated.")
@click.option("--notebook", help="Grade only this notebook of the assignment.")
@click.option("--force", is_flag=True, help="Grade again what was graded already.")
@_db_option
@_sandbox_option
@click.option("--scheduler", metavar="ADDRESS", help="Run notebooks on the Dask cluster of this scheduler.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per student instead of a table.")
def grade(
    folder: Path | None,
    assignment: str | None,
    every: bool,
    students: tuple[str, ...],
    notebook: str | None,
    force: bool,
    db_url: str | None,
    sandbox: str | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Grade a class: marks go to gradebook.db, notebooks to autograded/, pages to feedback/.

    Submissions lie in submitted/STUDENT/ASSIGNMENT/, as .ipynb or .py. What was graded already is left alone until
    the submission or the assignment changes. A run that was stopped or killed goes on with the same command.
    """
    if every and (assignment or notebook):
        raise click.UsageError("--all grades every assignment; leave out --assignment and --notebook")
    root = _course_folder(folder)
    if scheduler is None:
        _start_fork_server(root, sandbox, assignment)
    from autograder.session import Request, grade_all, grade_class

    request = Request(root, assignment, students, notebook, force, db_url, sandbox, scheduler, as_json)
    with _stoppable("What was recorded is kept; the same command goes on with the rest."), _clear_errors():
        grade_all(request) if every else grade_class(request)


@main.command()
@_course_option
@click.option("--assignment", help="Grade only what arrives for this assignment.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds between two looks at submitted/.",
)
@click.option("--release-feedback", is_flag=True, help="Release the feedback of who was graded, as nbgrader does.")
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that gets one line for each run.  [default: watch.log in the course]",
)
@_db_option
@_sandbox_option
@click.option("--scheduler", metavar="ADDRESS", help="Run notebooks on the Dask cluster of this scheduler.")
def watch(
    folder: Path | None,
    assignment: str | None,
    interval: float,
    release_feedback: bool,
    log: Path | None,
    db_url: str | None,
    sandbox: str | None,
    scheduler: str | None,
) -> None:
    """Grade what arrives in submitted/, until this command is stopped.

    A hand-in that is new or has changed is graded as soon as its files have stayed the same from one look to the next.
    What is graded already is left alone. Each run is one line, here and in the log: who was graded, and what went
    wrong. What could not be graded is tried again ten minutes later. While another command grades in the course, this
    one waits.

    With --release-feedback, feedback goes to nbgrader's exchange, where students fetch it with `nbgrader
    fetch_feedback` or in JupyterLab. Only work that was collected from the exchange can have it.

    Ctrl-C or SIGTERM ends the command, with exit status 0. A submission that was running stays due.
    """
    from autograder.session import Request
    from autograder.watching.watch import Watch
    from autograder.watching.watch import watch as watch_course

    root = _course_folder(folder)
    request = Request(root, assignment, db_url=db_url, sandbox=sandbox, scheduler=scheduler)
    with _clear_errors():
        watch_course(request, Watch(interval, release_feedback, log or root / "watch.log"))


def _start_fork_server(course: Path, sandbox: str | None, assignment: str | None = None) -> None:
    """Start the process that kernels are forked from: it imports modules while this process imports nbgrader.

    Where the settings have a mistake, nothing is started: whoever reads them next says so.
    """
    if (course / CONFIG).is_file():
        with contextlib.suppress(SettingsError):
            _start_fork_server_with(with_modules(course, load_settings(course), assignment), sandbox)


def _start_fork_server_with(config: Config, sandbox: str | None) -> None:
    from autograder.kernels.provisioner import start_in_background

    if sys.platform == "linux":
        if sandbox:
            config.ForkProvisioner.sandbox = sandbox
        start_in_background(config, kernel_environment())


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_course_option
@_sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file instead of tables.")
def check(files: tuple[Path, ...], folder: Path | None, sandbox: str | None, as_json: bool) -> None:
    """Mark FILES, notebooks of a course as .py or .ipynb, on the spot.

    Each file runs in a folder of its own, beside the assignment's own files. Nothing else of the folder that it lies
    in is read, and nothing is written there.

    Exit status: 0 if all points were earned, 1 if not, 2 if a file could not be read or is no notebook of the course.
    """
    sandbox = sandbox or _sandbox_for_own_work()
    project = None if folder else _project()
    if project is None:
        _start_fork_server(_course_folder(folder), sandbox)
    with _clear_errors():
        if project is None:
            check_one = _checker_of_course(_course_folder(folder), sandbox)
        else:
            check_one = _checker_of_project(project, sandbox)
    from rich.progress import track

    from autograder.execution.local import CAPACITY, run_concurrently
    from autograder.reporting import terminal

    with _stoppable("Nothing was changed."):
        jobs = run_concurrently(files, check_one, CAPACITY)
        hidden = not terminal.err.is_terminal
        results = dict(track(jobs, "Checking", len(files), console=terminal.err, transient=True, disable=hidden))
    sys.exit(max(_show_check(path, results[path], as_json=as_json) for path in files))


def _checker_of_course(folder: Path, sandbox: str) -> Callable[[Path], CheckResult]:
    """Return what marks a file that is a notebook of a course."""
    from autograder.check import check_file
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course
    from autograder.session import require_assignments

    course = Course(folder)
    course.config.ForkProvisioner.sandbox = sandbox
    templates: dict[str, Template] = {}
    folders: dict[str, Path] = {}
    for name in require_assignments(course):
        assignment = read_assignment(course, name)
        templates |= assignment.templates
        folders |= dict.fromkeys(assignment.templates, course.folder("source", ".", name))
    config = with_modules(course.root, course.config)
    return partial(check_file, templates=templates, config=config, folders=folders)


def _checker_of_project(project: Project, sandbox: str) -> Callable[[Path], CheckResult]:
    """Return what marks a file that is made from a master of a project."""
    config = load_settings_file(project.settings)
    _start_fork_server_with(config, sandbox)
    from autograder.authoring.build import master_templates
    from autograder.check import check_file

    config.ForkProvisioner.sandbox = sandbox
    return partial(check_file, templates=master_templates(config), config=config, folders={})


def _show_check(path: Path, future: Future[CheckResult], *, as_json: bool) -> int:
    """Print the result for one file and return the exit status that it asks for."""
    from autograder.check import CheckError
    from autograder.reporting import terminal

    try:
        result = future.result()
    except CheckError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        return 2
    for note in result.notes:
        click.echo(printable(f"{path}: {note}"), err=True)
    if as_json:
        click.echo(printable_json(result.as_dict()))
    else:
        terminal.show_result(result, str(path))
    return int(result.score < result.max_score)


@main.command()
@click.argument("archives", metavar="ZIP_OR_FOLDER...", nargs=-1, required=True, type=_existing)
@click.option("--assignment", required=True, help="Name of the assignment.")
@_course_option
@click.option(
    "--roster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV file with the students: Canvas' gradebook, Moodle's grading worksheet, or a list of your own.",
)
@_db_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def collect(
    archives: tuple[Path, ...],
    assignment: str,
    folder: Path | None,
    roster: Path | None,
    db_url: str | None,
    dry_run: bool,
) -> None:
    """Take in what students have handed in on Canvas, Moodle or Gradescope.

    ZIP_OR_FOLDER is a download of all submissions as the system packs it, or a folder or zip file with a folder for
    each student. The work goes to submitted/STUDENT/ASSIGNMENT/, where `autograder grade` finds it. What is newer
    replaces what is there; the same download can be collected again.

    With a roster, STUDENT is the id that the roster has; without one it is the system's own number, or the name of the
    student's folder. A roster also enters names and addresses into the gradebook.

    Exit status: 0 if all could be placed, 1 if not; then the last lines say what, and why.
    """
    from autograder.course.assignment import read_assignment
    from autograder.exchange.collect import collect as collect_archives
    from autograder.exchange.roster import read_roster
    from autograder.exchange.screen import show_report

    with _stoppable("What was placed is kept; the same command goes on with the rest."), _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        read = read_assignment(course, name)
        students = read_roster(roster) if roster else None
        report = collect_archives(course, read, archives, students, dry_run=dry_run)
    show_report(report, dry_run=dry_run)
    sys.exit(bool(report.problems))


@main.command()
@click.option(
    "--to",
    "system",
    required=True,
    type=click.Choice(["canvas", "moodle", "gradescope", "csv"]),
    help="Whom it is for.",
)
@click.option("--assignment", required=True, help="Name of the assignment.")
@_course_option
@click.option(
    "--from",
    "download",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Canvas' exported gradebook, or Moodle's grading worksheet; the marks go into a copy of it.",
)
@click.option("--feedback", is_flag=True, help="Write a zip file with the feedback pages, too: for Canvas and Moodle.")
@_db_option
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def export(
    system: str,
    assignment: str,
    folder: Path | None,
    download: Path | None,
    feedback: bool,
    db_url: str | None,
    output: Path,
) -> None:
    """Write marks and feedback so that Canvas, Moodle or Gradescope can take them.

    For Canvas and Moodle, give with --from the file that you have downloaded there. Only the assignment's marks in it
    are filled in, for the students who have some; everything else stays as it is. The feedback goes to a file beside
    the marks: for marks.csv that is marks-feedback.zip.

    Exit status: 0 if every mark could be placed, 1 if not; then the last lines say whose, and why.
    """
    _check_export_options(system, download, output, feedback=feedback)
    from autograder.exchange.export import export_marks
    from autograder.exchange.screen import show_export

    pages = output.with_name(f"{output.stem}-feedback.zip") if feedback else None
    with _stoppable("Nothing was changed."), _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        written = export_marks(course, name, system, download, output, pages)
    show_export(written, output, pages)
    sys.exit(bool(written.problems))


def _check_export_options(system: str, download: Path | None, output: Path, *, feedback: bool) -> None:
    has_file = system in ("canvas", "moodle")
    if has_file and download is None:
        raise click.UsageError(f"--to {system} needs --from FILE, the file that you have downloaded there")
    if not has_file and download is not None:
        raise click.UsageError("--from is for canvas and moodle: the others get a new file")
    if not has_file and feedback:
        raise click.UsageError("--feedback is for canvas and moodle: the others take no files")
    if not output.parent.is_dir():
        raise click.UsageError(f"there is no folder {output.parent}")
    if download is not None and output.exists() and output.samefile(download):
        raise click.UsageError(
            "-o names the file of --from. Name another one, so that you keep what you have downloaded"
        )


def _sandbox_for_own_work() -> str:
    from autograder.sandbox.kinds import AUTO, find_obstacle

    obstacle = find_obstacle(AUTO)
    if obstacle:
        click.echo(f"Run with your own rights, not in a sandbox: {obstacle.reason}.", err=True)
    return "none" if obstacle else AUTO


@main.command()
@_course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per test instead of a table.")
def judge(folder: Path | None, assignment: str | None, as_json: bool) -> None:
    """Show which tests of an assignment are decided by a judge.

    A judge runs a test in a process in which no code of a submission ever runs, and asks the submission for values
    only. A test is decided like that if the reference solution and the released notebook get the same marks with a
    judge as without one. This runs the notebooks of source/; no submission is read or graded. What is found out is
    stored in judge/ASSIGNMENT.json, where the next `autograder grade` reads it.
    """
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course, CourseError
    from autograder.course.notebooks import grade_id
    from autograder.execution.executor import KernelLost
    from autograder.execution.local import LocalExecutor
    from autograder.execution.tables import read_tables
    from autograder.judge.table import is_test
    from autograder.reporting import terminal
    from autograder.session import assignment_name

    with _stoppable("Nothing was changed."), _clear_errors():
        course = Course(_course_folder(folder))
        read = read_assignment(course, assignment_name(course, assignment))
        try:
            with terminal.err.status("Running the reference solution"):
                tables = read_tables(course, read, LocalExecutor())
        except KernelLost as error:
            raise CourseError(f"the reference solution cannot be run: {error}") from error
    rows = [
        {"notebook": notebook, "grade_id": name, "judged": name not in table.reasons, "reason": table.reasons.get(name)}
        for notebook, table in tables.items()
        for name in map(str, map(grade_id, filter(is_test, read.templates[notebook].notebook.cells)))
    ]
    if not as_json:
        terminal.show_judged(rows)
        return
    for row in rows:
        click.echo(printable_json(row))


@main.command()
@_course_option
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--notebook", help="Prove only this notebook of the assignment.")
@click.option("--cases", type=click.Path(path_type=Path), help="Folder of submissions with the marks they must get.")
@click.option(
    "--equivalents",
    type=click.Path(path_type=Path),
    help="File that lists mutants which are no mistakes.  [default: equivalents.toml of the course, if there is one]",
)
@_sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def prove(
    folder: Path | None,
    assignment: str | None,
    notebook: str | None,
    cases: Path | None,
    equivalents: Path | None,
    sandbox: str | None,
    as_json: bool,
) -> None:
    """Prove the tests of an assignment with wrong answers that are made from the reference solution.

    Each of them, a mutant, has one small mistake and must lose points. The reference solution must get all points, the
    blank notebook none, and each case what its file says. Nothing goes to the gradebook. The same as a page is in
    results/ASSIGNMENT/proof.html.

    Exit status: 0 if all that is so, 1 if not.
    """
    root, sandbox = _course_folder(folder), sandbox or _sandbox_for_own_work()
    _start_fork_server(root, sandbox, assignment)
    from autograder.course.assignment import read_assignment
    from autograder.course.coursedir import Course
    from autograder.proving.page import write_page
    from autograder.proving.prove import prove_assignment
    from autograder.proving.screen import show_proof
    from autograder.session import assignment_name

    with _stoppable("Nothing was changed."), _clear_errors():
        course = Course(root)
        course.config.ForkProvisioner.sandbox = sandbox
        read = read_assignment(course, assignment_name(course, assignment))
        proof = prove_assignment(course, read, notebook, cases, equivalents)
        page = course.root / "results" / read.name / "proof.html"
        write_page(proof, page)
    if as_json:
        click.echo(printable_json(proof.as_dict()))
    else:
        show_proof(proof)
        click.echo(f"Page: {page}")
    sys.exit(bool(proof.problems()))


@main.command()
@click.argument("when", required=False)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--none", "remove", is_flag=True, help="Take the deadline away.")
@_course_option
@_db_option
def deadline(when: str | None, assignment: str | None, remove: bool, folder: Path | None, db_url: str | None) -> None:
    """Set the deadline of an assignment to WHEN, such as "2026-12-01 23:59 Europe/Berlin", or show it.

    Without a time zone it is UTC. With --none all extensions go as well. What is graded already is not run again: what
    being late costs is taken off, or given back, at once, and the feedback pages say so, as do the notebooks in
    release/. How much it costs is for the settings, as in nbgrader.
    """
    from autograder import deadlines

    if when and remove:
        raise click.UsageError("give a time or --none")
    with _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        if when or remove:
            _show_changed(deadlines.set_deadline(course, name, deadlines.parse_time(when) if when else None))
        found = deadlines.find_deadline(course, name)
    click.echo(f"{name} is due on {found:{TIME_FORMAT}}." if found else f"{name} has no deadline.")


@main.command()
@click.option("--student", "students", multiple=True, required=True, help="Who gets it; may be repeated.")
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--days", type=float, default=0.0, help="How many days.")
@click.option("--hours", type=float, default=0.0, help="How many hours, besides the days.")
@_course_option
@_db_option
def extension(
    students: tuple[str, ...],
    assignment: str | None,
    days: float,
    hours: float,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Give students more time than the others. It replaces what they had; without days and hours they have none.

    Who has handed in nothing yet gets it, too. Late days that were part of it are counted anew by `late --apply`.
    What is graded already is not run again: what being late costs is given back at once, and the feedback pages say so.
    """
    from datetime import timedelta

    from autograder import deadlines

    with _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        _show_changed(deadlines.extend(course, name, [*students], timedelta(days=days, hours=hours)))


@main.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option("--apply", is_flag=True, help="Give everybody the late days of the term, in all assignments.")
@click.option("--dry-run", is_flag=True, help="With --apply: say what it would give, and change nothing.")
@_course_option
@_db_option
def late(assignment: str | None, apply: bool, dry_run: bool, folder: Path | None, db_url: str | None) -> None:
    """Show who handed in after the deadline, by how much, and what it cost.

    With --apply, work that is late uses up the days that c.LateDays.days gives each student for the term: in the order
    of the deadlines, a day as soon as it has begun. They become a part of nbgrader's extension, after one of your own.
    Work that is later than the days that are left uses none. It is counted anew each time, so run it after grading.
    Marks and feedback pages change at once.
    """
    from autograder import deadlines
    from autograder.reporting import terminal

    if dry_run and not apply or assignment and apply:
        raise click.UsageError("--dry-run goes with --apply, which counts all assignments")
    with _clear_errors():
        if apply:
            _apply_late_days(folder, db_url, dry_run=dry_run)
            return
        course, name = _open_course(folder, db_url, assignment)
        found = deadlines.find_late(course, name)
    rows = [
        (one.student, f"{one.handed_in:{TIME_FORMAT}}", str(one.handed_in - one.deadline), f"{one.penalty:g}")
        for one in found
    ]
    terminal.show_rows(("student", "handed in", "late by", "points off"), rows)


def _apply_late_days(folder: Path | None, db_url: str | None, *, dry_run: bool) -> None:
    from autograder.course.coursedir import Course
    from autograder.latedays import apply_late_days
    from autograder.reporting import terminal

    accounts, changed = apply_late_days(Course(_course_folder(folder), db_url), dry_run=dry_run)
    rows = []
    for student, account in accounts.items():
        used = ", ".join(f"{name} {days}" for name, days in account.used.items())
        rows.append((student, used or "none any more", str(account.left)))
    terminal.show_rows(("student", "late days used", "left"), rows)
    for name, students in changed.items():
        click.echo(f"{printable(name)}: ", nl=False)
        _show_changed(students)
    if dry_run:
        click.echo("Nothing was changed.")


@main.command()
@click.option("--student", "students", multiple=True, help="Who is removed; may be repeated.")
@click.option(
    "--roster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Remove everybody who is not in this list, a CSV file as for `autograder collect`.",
)
@click.option("--gone", is_flag=True, help="Remove who has marks or pages, and nothing in submitted/ any more.")
@_course_option
@_db_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(
    students: tuple[str, ...],
    roster: Path | None,
    gone: bool,
    folder: Path | None,
    db_url: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove students from a course: marks, pages, graded notebooks and what they have handed in, in all assignments.

    What is removed is listed first, and you are asked. It cannot be undone. If a student only got another id, use
    `autograder rename`, which keeps the marks.
    """
    from autograder import removal
    from autograder.course.coursedir import Course
    from autograder.reporting import terminal

    if sum(map(bool, (students, roster, gone))) != 1:
        raise click.UsageError("say who: --student, --roster or --gone")
    with _clear_errors():
        course = Course(_course_folder(folder), db_url)
        traces = removal.find_traces(course)
        chosen = _choose_removed(traces, students, roster)
        if not chosen:
            click.echo("There is nobody to remove.")
            return
        terminal.show_rows(removal.HEAD, [removal.as_row(student, found) for student, found in chosen.items()])
        if dry_run:
            click.echo("Nothing was changed.")
            return
        if not yes:
            click.confirm(f"Remove all this of {len(chosen)} for ever?", abort=True, err=True)
        removal.remove(course, chosen)
    click.echo(f"Removed: {', '.join(map(printable, chosen))}.")


def _choose_removed(traces: dict[str, Traces], students: tuple[str, ...], roster: Path | None) -> dict[str, Traces]:
    """Return who is to be removed: these students, or who is not in the roster, or else who is gone."""
    from autograder import removal
    from autograder.course.coursedir import CourseError
    from autograder.exchange.roster import read_roster

    if unknown := sorted(set(students) - set(traces)):
        raise CourseError(f"the course has nothing of: {', '.join(map(printable, unknown))}")
    if roster:
        return removal.not_in_roster(traces, {student.id for student in read_roster(roster).students})
    return {name: found for name, found in traces.items() if (name in students if students else found.is_gone)}


@main.command()
@_course_option
@click.option("--student", "students", multiple=True, help="Only for this student; may be repeated.")
@click.option("--instructor", "instructors", multiple=True, help="Only for this instructor; may be repeated.")
@click.option("--renew", is_flag=True, help="Give a new token to those who have one: the old one ends.")
@_db_option
def tokens(
    folder: Path | None, students: tuple[str, ...], instructors: tuple[str, ...], renew: bool, db_url: str | None
) -> None:
    """Make tokens for `autograder serve`: one for each student and each instructor who has none.

    They are in tokens.csv, in the folder of the course. Send each person theirs, and keep the file secret. Without
    --student and --instructor, everybody in the gradebook and in submitted/ gets one, and one instructor.
    """
    from autograder.course.coursedir import Course
    from autograder.service.tokens import FILE, INSTRUCTOR, STUDENT, Person, Tokens, find_people

    if renew and not (students or instructors):
        raise click.UsageError("--renew needs --student or --instructor")
    with _clear_errors():
        course = Course(_course_folder(folder), db_url)
        named = [*(Person(STUDENT, name) for name in students), *(Person(INSTRUCTOR, name) for name in instructors)]
        new = Tokens(course).issue(named or find_people(course), renew=renew)
    for person in sorted(new):
        click.echo(f"{person.role} {printable(person.id)}")
    click.echo(f"New tokens: {len(new)}. All of them are in {course.root / FILE}.", err=True)


@main.command()
@_course_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for a free one.")
@_db_option
def serve(folder: Path | None, host: str, port: int, db_url: str | None) -> None:
    """Let students hand in notebooks with a browser or a program, and show them the visible tests at once.

    What they hand in goes to submitted/, where `autograder grade` finds it; the service itself marks nothing. Its pages
    show instructors the class. Everybody needs a token: see `autograder tokens`. It runs until it is stopped, and loses
    nothing then. Between it and the internet there has to be a server that speaks HTTPS.
    """
    root = _course_folder(folder)
    _start_fork_server(root, "bubblewrap")
    from autograder.course.coursedir import Course

    try:
        from autograder.service.server import serve as serve_course
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"this needs the extra serve: pip install 'nbgrader-autograder[serve]' ({error})"
        ) from error
    with _clear_errors():
        serve_course(Course(root, db_url), host, port)


@main.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@_course_option
@_db_option
def scores(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Send the marks of an assignment to the LMS from which students have opened it by LTI.

    They are those in the gradebook, less what being late costs. It can be done again at any time: the LMS keeps the
    newest.

    Exit status: 0 if every mark was sent, 1 if not; then the last lines say whose, and why.
    """
    from rich.progress import track

    from autograder.reporting import terminal

    try:
        from autograder.service.lti.scores import ScoreSender
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"this needs the extra lti: pip install 'nbgrader-autograder[lti]' ({error})"
        ) from error
    with _stoppable("What was sent stays; the same command sends all again."), _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        with ScoreSender(course, name) as sender:
            total, hidden = len(sender.students), not terminal.err.is_terminal
            done = list(track(sender.send(), "Sending", total, console=terminal.err, transient=True, disable=hidden))
    problems = [problem for problem in done if problem]
    click.echo(f"Sent {len(done) - len(problems)} of {len(done)} marks of {printable(name)}.")
    for problem in problems:
        click.echo(printable(str(problem)), err=True)
    sys.exit(bool(problems))


@main.command()
@click.argument("changes", metavar="[NOTEBOOK/CELL=POINTS]...", nargs=-1)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@_course_option
@_db_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def points(
    changes: tuple[str, ...], assignment: str | None, folder: Path | None, db_url: str | None, dry_run: bool, yes: bool
) -> None:
    """Give graded cells of an assignment other points, or show the points that they have.

    What that would do to the marks of the class is shown first, and you are asked. Then the points are written to
    source/, to release/ and to the gradebook's maximum of each cell. No mark changes until `autograder grade` grades
    everybody anew. results/ASSIGNMENT/report.html tries other points and prints the command for them.
    """
    from autograder import reweighting
    from autograder.reporting import terminal

    with _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        known = reweighting.find_points(course, name)
        if not changes:
            terminal.show_rows(("cell", "points"), [(cell, f"{value:g}") for cell, value in known.items()])
            return
        reweighting.refuse_masters(course, name)
        wanted = reweighting.parse_changes(changes, known)
        rows = [(cell, f"{known[cell]:g}", f"{value:g}") for cell, value in wanted.items()]
        terminal.show_rows(("cell", "points now", "then"), rows)
        terminal.show_weights(reweighting.weigh(course, name), wanted)
        for cell, count in reweighting.count_fixed(course, name, wanted).items():
            click.echo(printable(f"{cell}: {count} have points by a person, or a part of them; these numbers stay."))
        if dry_run or not wanted:
            click.echo("Nothing was changed.")
            return
        if not yes:
            click.confirm("Write these points to source/, release/ and the gradebook?", abort=True, err=True)
        reweighting.write_points(course, name, wanted)
    click.echo(f"Written. Everybody is due; run: autograder grade --assignment {printable(name)}")


@main.command()
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@_course_option
@_db_option
def similarity(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Find students whose answers are alike, and show them side by side in results/ASSIGNMENT/similarity.html.

    The code of the answers is compared and never run. The instructor's cells and what was given do not count. Answers
    that are alike are no proof: the page says how to read it.
    """
    from rich.progress import track

    from autograder.reporting import terminal
    from autograder.similarity.find import find_similar

    hidden = not terminal.err.is_terminal
    shown = partial(track, description="Reading", console=terminal.err, transient=True, disable=hidden)
    with _stoppable("Nothing was changed."), _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        pairs, page = find_similar(course, name, shown)
    rows = [
        (f"{pair.first.student} and {pair.second.student}", pair.first.notebook, f"{pair.similarity:.0%}")
        for pair in pairs[:_PAIRS]
    ]
    terminal.show_rows(("students", "notebook", "similarity"), rows)
    click.echo(f"{len(pairs)} pairs have unusual passages in common. That is no proof; read them: {page}")


@main.command()
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the pages."
)
@click.option("--assignment", "assignments", multiple=True, help="Only this assignment; may be repeated.")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@click.option("--pdf", "as_pdf", is_flag=True, help="Have Chromium or Chrome print the pages: STUDENT.pdf.")
@_course_option
@_db_option
def transcripts(
    output: Path,
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    as_pdf: bool,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Write a page for each student with the student's own marks, messages and deadlines: STUDENT.html.

    A page can be given to the student, or filed. It loads nothing, and has no other student's data, no line of a hidden
    test and no note that is for you. Messages of tests and comments are those of the feedback pages.
    """
    from rich.progress import track

    from autograder.course.coursedir import Course, CourseError
    from autograder.exchange.transcripts import read_transcripts, write_transcripts
    from autograder.reporting import terminal
    from autograder.session import require_assignments

    hidden = not terminal.err.is_terminal
    shown = partial(track, description="Writing", console=terminal.err, transient=True, disable=hidden)
    with _stoppable("What was written is kept."), _clear_errors():
        course = Course(_course_folder(folder), db_url)
        found = read_transcripts(course, assignments or require_assignments(course))
        if unknown := sorted(set(students) - set(found)):
            raise CourseError(f"the course has nothing of: {', '.join(map(printable, unknown))}")
        chosen = {student: found[student] for student in students or found}
        written = write_transcripts(course, chosen, output, as_pdf=as_pdf, track=shown)
    click.echo(f"{len(written)} pages are in {output}")


@main.command()
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip file to write."
)
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@click.option(
    "--wheel",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Wheel of this engine to install there.  [default: this version, from the package index]",
)
@click.option(
    "--requirements",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File for pip with what the notebooks import.",
)
@_sandbox_option
@_course_option
@_db_option
def gradescope(
    output: Path,
    assignment: str | None,
    wheel: Path | None,
    requirements: Path | None,
    sandbox: str | None,
    folder: Path | None,
    db_url: str | None,
) -> None:
    """Write the zip file that Gradescope builds its autograder from.

    Students then hand in on Gradescope, and each submission is graded there at once. The file holds the assignment with
    its hidden tests and reference solution, the settings of a run, and nobody's work or marks.
    """
    from autograder.gradescope.bundle import write_bundle

    if not output.parent.is_dir():
        raise click.UsageError(f"there is no folder {output.parent}")
    with _stoppable("Nothing was changed."), _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        write_bundle(course, name, output, wheel, requirements, sandbox)
    click.echo(f"Upload {output} in Gradescope, under Configure Autograder.")


@main.command()
@click.argument("old")
@click.argument("new")
@_course_option
@_db_option
def rename(old: str, new: str, folder: Path | None, db_url: str | None) -> None:
    """Give the student with the id OLD the id NEW, in all assignments.

    The folders, the marks, those that a person has given included, extensions, late days and feedback pages get the new
    id: all of them, or none if anything fails. Nothing is graded again. `autograder rename NEW OLD` undoes it.
    """
    from autograder import removal, renaming
    from autograder.course.coursedir import Course
    from autograder.reporting import terminal

    with _clear_errors():
        traces = renaming.rename(Course(_course_folder(folder), db_url), old, new)
    terminal.show_rows(removal.HEAD, [removal.as_row(new, traces)])
    click.echo(f"{printable(old)} is {printable(new)} now.")


@main.command("release-feedback")
@click.option("--assignment", help="Name of the assignment.  [default: the only one]")
@_course_option
@_db_option
def release_feedback(assignment: str | None, folder: Path | None, db_url: str | None) -> None:
    """Give out the feedback pages through nbgrader's exchange, as `nbgrader release_feedback` does.

    That command stops where a student has not handed in through the exchange. This one goes on with the others, and
    says who cannot fetch the pages there.
    """
    from autograder.exchange.release import release_feedback as release

    with _clear_errors():
        course, name = _open_course(folder, db_url, assignment)
        done = release(course, name)
    click.echo(f"Released to {len(done.released)} students.")
    if done.left_out:
        names = ", ".join(map(printable, done.left_out))
        click.echo(f"{len(done.left_out)} have not handed in through the exchange, and cannot fetch it: {names}")


def _open_course(folder: Path | None, db_url: str | None, assignment: str | None) -> tuple[Course, str]:
    """Return a course, and the name of the assignment that is meant."""
    from autograder.course.coursedir import Course
    from autograder.session import assignment_name

    course = Course(_course_folder(folder), db_url)
    return course, assignment_name(course, assignment)


def _show_changed(students: list[str]) -> None:
    who = f": {', '.join(map(printable, students))}" if students else ""
    click.echo(f"Marks that have changed: {len(students)}{who}.")


@main.command()
def doctor() -> None:
    """Examine the environment and say what to do about each thing that is wrong."""
    from autograder.doctor import examine
    from autograder.reporting import terminal

    findings = examine()
    terminal.show_findings(findings)
    sys.exit(any(finding.remedy for finding in findings))
