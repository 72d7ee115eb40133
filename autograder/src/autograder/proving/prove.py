"""One proof: make the mutants of an assignment, run them with all else that is to be proved, and see what is caught."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode, from_dict
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution
from traitlets.config import Config

from autograder.course.assignment import Assignment, Template
from autograder.course.coursedir import Course, CourseError
from autograder.course.notebooks import grade_id
from autograder.execution.executor import Executor, KernelLost
from autograder.execution.local import LocalExecutor, run_concurrently
from autograder.execution.tables import read_tables
from autograder.judge.table import Table, is_test
from autograder.proving.aims import aims_of
from autograder.proving.lists import Case, Equivalent, read_cases, read_equivalents
from autograder.proving.mutants import Mutant, mutants_of
from autograder.proving.results import CaseResult, NotebookProof, Proof, ProvedTest, Verdict, lost_in
from autograder.proving.runs import Job, Outcome, Runner
from autograder.proving.shown import calls_in
from autograder.reporting import terminal

EQUIVALENTS = "equivalents.toml"  # in the course
_AGAIN = 2  # times that right submissions run once more, while mutants run: what is flaky shows then


class Task(NamedTuple):
    """A job, and what it is for: ``reference``, ``blank``, a mutant or a case."""

    job: Job
    purpose: str | Mutant | Case


def prove_assignment(
    course: Course,
    assignment: Assignment,
    notebook: str | None = None,
    cases: Path | None = None,
    equivalents: Path | None = None,
) -> Proof:
    """Prove the tests of an assignment. A progress display shows how far it is.

    Nothing is recorded in the gradebook. All that is stored in the course is which tests a judge can decide.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    notebook : str, optional
        The only notebook whose tests are to be proved.
    cases : Path, optional
        A folder of cases.
    equivalents : Path, optional
        The file that lists mutants which are no mistakes. By default it is one of the course, if there is one.

    Raises
    ------
    CourseError
        If the assignment has no such notebook, a file of cases or of equivalents is not well formed, or the reference
        solution cannot be run.
    """
    started = time.monotonic()
    notebooks = _chosen(assignment, notebook)
    path = equivalents or course.root / EQUIVALENTS
    listed = read_equivalents(path, course, assignment) if equivalents or path.exists() else []
    chosen = [case for case in read_cases(cases, course, assignment) if case.notebook in notebooks] if cases else []
    executor = LocalExecutor()
    try:
        with terminal.err.status("Finding out which tests a judge can decide"):
            tables = read_tables(course, assignment, executor)
        made = {name: _mutants(name, assignment.templates[name], course.config) for name in notebooks}
        outcomes = _run_all(Runner(course, assignment, tables, executor), assignment, made, chosen, executor)
    except KernelLost as error:
        raise CourseError(f"a submission cannot be run: {error}") from error
    proofs = [_notebook_proof(name, assignment.templates[name], tables[name], outcomes, listed) for name in notebooks]
    results = [CaseResult(case, [outcome for task, outcome in outcomes if task.purpose is case]) for case in chosen]
    known = {(one.notebook, key) for found in made.values() for one in found for key in (one.name, one.digest)}
    unknown = [one for one in listed if one.notebook in notebooks and (one.notebook, one.mutant) not in known]
    name = str(course.directory().course_id or course.root.name)
    return Proof(name, assignment.name, proofs, results, unknown, time.monotonic() - started)


def _chosen(assignment: Assignment, wanted: str | None) -> list[str]:
    """Return the names of the notebooks whose tests are to be proved."""
    if wanted is not None and wanted not in assignment.templates:
        raise CourseError(f"{assignment.name} has no notebook {wanted}; it has: {', '.join(assignment.templates)}")
    return [wanted] if wanted else [*assignment.templates]


def _mutants(notebook: str, template: Template, config: Config) -> list[Mutant]:
    """Return the mutants of all answers of a notebook that tests are to mark."""
    tests = list(filter(is_test, _cells(template)))
    clear = ClearHiddenTests(config=config)
    shown = calls_in(clear.preprocess_cell(from_dict(cell), {}, 0)[0].source for cell in tests)
    names = _questions(template) if tests else []
    return [one for name in names for one in mutants_of(notebook, name, template.answers[name], shown)]


def _questions(template: Template) -> list[str]:
    """Return the grade ids of the answers in code that no person marks."""
    cells = [cell for cell in _cells(template) if cell.cell_type == "code" and is_solution(cell)]
    return [grade_id(cell) or "" for cell in cells if not is_grade(cell)]


def _cells(template: Template) -> list[NotebookNode]:
    cells: list[NotebookNode] = template.notebook.cells
    return cells


def _run_all(
    runner: Runner,
    assignment: Assignment,
    mutants: Mapping[str, Sequence[Mutant]],
    cases: Sequence[Case],
    executor: Executor,
) -> list[tuple[Task, Outcome]]:
    """Run every submission of a proof. The reference solutions come first: they say how long mutants may take."""
    answers = {name: dict(assignment.templates[name].answers) for name in mutants}
    references = [Task(Job(f"{name}: reference", name, answers[name]), "reference") for name in mutants]
    blank = [Task(Job(f"{name}: blank", name, {}), "blank") for name in mutants]
    found = [Task(Job(case.name, case.notebook, {**answers[case.notebook], **case.answers}), case) for case in cases]
    number = sum(map(len, mutants.values()))
    running: dict[str, float] = {}

    def work(task: Task) -> Outcome:
        running[task.job.name] = time.monotonic()
        try:
            return runner.run(task.job)
        finally:
            running.pop(task.job.name, None)  # the same may run twice

    done: list[tuple[Task, Outcome]] = []
    with terminal.grading_progress(running) as progress:
        total = len(references) + len(blank) + len(found) + number
        shown = progress.add_task("Proving", total=total)

        def run(tasks: Sequence[Task]) -> None:
            for task, future in run_concurrently(tasks, work, executor.capacity):
                done.append((task, future.result()))
                progress.update(shown, advance=1)

        run([*references, *blank])
        first = {task.job.notebook: outcome for task, outcome in done if task.purpose == "reference"}
        limits = {name: runner.time_limit(outcome.seconds) for name, outcome in first.items()}
        right = [task for task, case in zip(found, cases, strict=True) if case.lowest >= first[case.notebook].score]
        again = [task for task in (*references, *right) for _ in range(_AGAIN)]
        progress.update(shown, total=total + len(again))
        for name, some in mutants.items():
            found += [
                Task(Job(one.name, name, answers[name] | {one.cell: one.source}, limits[name]), one) for one in some
            ]
        run(_spread(found, again))
    return done


def _spread(tasks: list[Task], among: list[Task]) -> list[Task]:
    """Return tasks with some others among them, as far apart as possible."""
    step = len(tasks) // (len(among) + 1)
    for number, task in enumerate(among, 1):
        tasks.insert(number * (step + 1) - 1, task)
    return tasks


def _notebook_proof(
    name: str,
    template: Template,
    table: Table,
    outcomes: Sequence[tuple[Task, Outcome]],
    listed: Sequence[Equivalent],
) -> NotebookProof:
    mine = [(task.purpose, outcome) for task, outcome in outcomes if task.job.notebook == name]
    references = [outcome for purpose, outcome in mine if purpose == "reference"]
    reasons = {one.mutant: one.reason for one in listed if one.notebook == name}
    verdicts = [
        Verdict(
            purpose,
            lost_in(outcome, references[0].points),
            aims_of(purpose, _cells(template), template.answers),
            outcome,
            reasons.get(purpose.name) or reasons.get(purpose.digest) or "",
        )
        for purpose, outcome in mine
        if isinstance(purpose, Mutant)
    ]
    tests = [
        ProvedTest(found, float(cell.metadata.nbgrader.points), cell.source, table.reasons.get(found, ""))
        for cell in filter(is_test, _cells(template))
        if (found := grade_id(cell))
    ]
    order = {question: number for number, question in enumerate(_questions(template))}
    verdicts.sort(key=lambda one: (order[one.mutant.cell], one.mutant.line, one.mutant.name))
    blank = next(outcome for purpose, outcome in mine if purpose == "blank")
    return NotebookProof(name, [*order], tests, references, blank, verdicts)
