"""The answers of a class: the code that students wrote, without the instructor's cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_solution
from pygments.lexer import Lexer
from pygments.lexers import PythonLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from autograder.course.assignment import Template
from autograder.course.coursedir import Course
from autograder.course.notebooks import grade_id
from autograder.intake.reading import read_submission
from autograder.intake.recognition import find_notebooks, identify
from autograder.intake.restore import restore
from autograder.similarity.fingerprints import Fingerprint, Token, hash_passages, read_tokens, winnow

LARGEST = 20_000  # characters of one student's code that are read; the time for some texts is not linear


@dataclass(frozen=True)
class Answer:
    """The code of one cell.

    Attributes
    ----------
    cell : str
        Its nbgrader id; empty for a cell that the student has added.
    source : str
    tokens : list of Token
    fingerprints : list of Fingerprint
        Of what the student wrote.
    """

    cell: str
    source: str
    tokens: list[Token]
    fingerprints: list[Fingerprint]


@dataclass(frozen=True)
class Work:
    """One student's code in one notebook.

    Attributes
    ----------
    student : str
    notebook : str
    answers : list of Answer
    is_cut : bool
        Whether there is more code than is compared.
    """

    student: str
    notebook: str
    answers: list[Answer] = field(default_factory=list)
    is_cut: bool = False

    @property
    def hashes(self) -> set[int]:
        """The hashes of all fingerprints."""
        return {one.hash for answer in self.answers for one in answer.fingerprints}


class Reader:
    """Reads what students handed in for one assignment.

    Parameters
    ----------
    course : Course
    assignment : str
    templates : mapping of Template
        By name, the notebooks to compare.
    """

    def __init__(self, course: Course, assignment: str, templates: Mapping[str, Template]):
        self._course, self._assignment, self._templates = course, assignment, templates
        self._lexers = {name: _find_lexer(template.notebook) for name, template in templates.items()}
        self._given = {name: self._hash_given(name) for name in templates}

    def read(self, student: str) -> tuple[list[Work], list[str]]:
        """Return a student's code by notebook, and a note for each file that cannot be read.

        What was handed in is read and never run. Cells with the instructor's ids count as the instructor's.
        """
        folder = self._course.folder("submitted", student, self._assignment)
        found: dict[str, Work] = {}
        paths, notes = find_notebooks(folder, self._templates)
        for path in paths:
            try:
                work = self._read_file(student, path)
            except Exception as error:  # whatever a damaged file provokes: the others are to be compared
                notes.append(f"{path.name} could not be read: {type(error).__name__}")
                continue
            if work and work.notebook not in found:
                found[work.notebook] = work
        return list(found.values()), notes

    def _read_file(self, student: str, path: Path) -> Work | None:
        nb = read_submission(path)
        name = identify(nb, path.stem, self._templates)
        if name is None:
            return None
        restored, _ = restore(nb, self._templates[name].notebook)
        left, answers = LARGEST, []
        cells = [cell for cell in restored.cells if _is_answer(cell)]
        for cell in cells:
            answers.append(self._read_cell(name, grade_id(cell) or "", cell.source[:left]))
            left = max(left - len(cell.source), 0)
        return Work(student, name, answers, is_cut=sum(len(cell.source) for cell in cells) > LARGEST)

    def _read_cell(self, notebook: str, cell: str, source: str) -> Answer:
        tokens = read_tokens(source, self._lexers[notebook])
        return Answer(cell, source, tokens, winnow(hash_passages(tokens), self._given[notebook]))

    def _hash_given(self, name: str) -> set[int]:
        """Return the hashes of all passages of a notebook as it was released."""
        cells = [cell for cell in self._templates[name].notebook.cells if cell.cell_type == "code"]
        lexer = self._lexers[name]
        return {one for cell in cells for one in hash_passages(read_tokens(cell.source, lexer))}


def _is_answer(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and (is_solution(cell) or grade_id(cell) is None)


def _find_lexer(nb: NotebookNode) -> Lexer:
    language = nb.metadata.get("kernelspec", {}).get("language", "python")
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return PythonLexer()
